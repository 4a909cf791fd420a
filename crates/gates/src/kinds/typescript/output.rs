//! What type checkers print, and what of it is an error.

use std::sync::LazyLock;

use regex::Regex;

/// A message is cut behind so many characters.
const LONGEST: usize = 400;

/// An error as a checker tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Problem {
    /// Where; nowhere in particular, when it is about the project.
    pub(super) place: Option<Place>,
    /// Such as `TS2322` or `astro(1002)`.
    pub(super) code: String,
    /// The message's lines, the first being the error and each further one a reason for the one before.
    lines: Vec<String>,
}

/// A place in a file, counted from 1, the column in units of UTF-16.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Problem {
    /// Returns the whole message in one line.
    pub(super) fn message(&self) -> String {
        let message = self.lines.join(" ");
        match message.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &message[..end]),
            None => message,
        }
    }

    /// Returns the last reason.
    pub(super) fn last_words(&self) -> &str {
        self.lines.last().map_or("", String::as_str)
    }

    /// Says whether its code is of those that are mostly about syntax.
    pub(super) fn is_about_syntax(&self) -> bool {
        let number = self.code.strip_prefix("TS").and_then(|digits| digits.parse::<u32>().ok());
        number.is_some_and(|number| matches!(number / 1000, 1 | 8 | 17))
    }

    fn new(place: Option<Place>, code: String, message: &str) -> Self {
        Self { place, code, lines: vec![plain(message)] }
    }
}

fn plain(line: &str) -> String {
    line.trim().replace(char::is_control, " ")
}

fn expression(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant that is an expression")
}

/// Reads what `tsc --pretty false` and `vue-tsc` print: `path(line,column): error TS2322: message`, its reasons behind it
/// with an indent, and errors of the whole project without a place.
///
/// Source: `formatDiagnostic` in the compiler's `program.ts`.
pub(super) fn of_tsc(printed: &str) -> Vec<Problem> {
    static HEAD: LazyLock<Regex> =
        LazyLock::new(|| expression(r"^(?:(.+?)\(([0-9]{1,9}),([0-9]{1,9})\): )?error TS([0-9]{1,6}): (.*)$"));
    let mut problems: Vec<Problem> = Vec::new();
    let mut is_open = false;
    for line in printed.lines() {
        if let Some(head) = HEAD.captures(line) {
            let place = head.get(1).map(|path| place(path.as_str(), &head[2], &head[3]));
            problems.push(Problem::new(place, format!("TS{}", &head[4]), &head[5]));
            is_open = true;
        } else if is_open && line.starts_with(' ') {
            problems.last_mut().into_iter().for_each(|problem| problem.lines.push(plain(line)));
        } else {
            is_open = false;
        }
    }
    problems
}

/// What `astro-check` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OfAstro {
    pub(super) problems: Vec<Problem>,
    /// How many files it checked; nothing, when it did not come to its end.
    pub(super) files: Option<u64>,
    /// How many errors it counted.
    pub(super) errors: Option<u64>,
}

/// Reads what `astro-check --minimumSeverity error` prints: TypeScript's form for people, with colours whether or not
/// anyone sees them, `ts(2322)` for `TS2322`, and a count of files and errors at the end.
///
/// Source: `check.ts` of Astro's language server and `printErrors` of Volar's kit.
pub(super) fn of_astro(printed: &str) -> OfAstro {
    static COLOUR: LazyLock<Regex> = LazyLock::new(|| expression("\u{1b}\\[[0-9;]{0,16}m"));
    static HEAD: LazyLock<Regex> = LazyLock::new(|| {
        expression(r"^(.+?):([0-9]{1,9}):([0-9]{1,9}) - error ([A-Za-z-]{0,32})\(?([0-9]{0,6})\)?: (.*)$")
    });
    static FILES: LazyLock<Regex> = LazyLock::new(|| expression(r"^Result \(([0-9]{1,9}) files?\):"));
    static ERRORS: LazyLock<Regex> = LazyLock::new(|| expression(r"^- ([0-9]{1,9}) errors?$"));
    let mut said = OfAstro { problems: Vec::new(), files: None, errors: None };
    let mut is_open = false;
    for line in printed.lines() {
        // Lines of source are shown behind their number, which is written in reverse.
        if line.starts_with("\u{1b}[7m") {
            is_open = false;
            continue;
        }
        let line = COLOUR.replace_all(line, "");
        if let Some(head) = HEAD.captures(&line) {
            let code = match (&head[4], &head[5]) {
                ("ts" | "TS", digits) => format!("TS{digits}"),
                (source, "") => source.to_owned(),
                (source, digits) => format!("{source}({digits})"),
            };
            said.problems.push(Problem::new(Some(place(&head[1], &head[2], &head[3])), code, &head[6]));
            is_open = true;
        } else if is_open && !line.trim().is_empty() {
            said.problems.last_mut().into_iter().for_each(|problem| problem.lines.push(plain(&line)));
        } else {
            is_open = false;
            let count =
                |expression: &Regex| expression.captures(line.trim_end()).and_then(|found| found[1].parse().ok());
            said.files = said.files.or_else(|| count(&FILES));
            said.errors = said.errors.or_else(|| count(&ERRORS).filter(|_| said.files.is_some()));
        }
    }
    said
}

fn place(path: &str, line: &str, column: &str) -> Place {
    let number = |digits: &str| digits.parse().unwrap_or(1).max(1);
    Place { path: path.to_owned(), line: number(line), column: number(column) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(problem: &Problem) -> String {
        let place = problem.place.as_ref().map(|Place { path, line, column }| format!("{path}:{line}:{column} "));
        format!("{}{} {}", place.unwrap_or_default(), problem.code, problem.message())
    }

    #[test]
    fn errors_of_tsc_are_read_with_their_reasons() {
        let printed = "error TS2688: Cannot find type definition file for 'node'.\n  \
            The file is in the program because:\n    Entry point for implicit type library 'node'\n\
            src/routes/(app)/page.ts(3,14): error TS2322: Type 'string | undefined' is not assignable to type 'string'.\n  \
            Type 'undefined' is not assignable to type 'string'.\n\
            a(1,2).ts(7,1): error TS1005: '}' expected.\n\
            Something else\n  that is no reason\n\
            b.ts(1,1): warning TS1: no error\n";
        let problems = of_tsc(printed);
        assert_eq!(
            problems.iter().map(told).collect::<Vec<_>>(),
            [
                "TS2688 Cannot find type definition file for 'node'. The file is in the program because: Entry point for \
                 implicit type library 'node'",
                "src/routes/(app)/page.ts:3:14 TS2322 Type 'string | undefined' is not assignable to type 'string'. Type \
                 'undefined' is not assignable to type 'string'.",
                "a(1,2).ts:7:1 TS1005 '}' expected.",
            ]
        );
        assert_eq!(problems[1].last_words(), "Type 'undefined' is not assignable to type 'string'.");
    }

    #[test]
    fn errors_of_astro_are_read_through_their_colours() {
        let printed = "Getting diagnostics for Astro files in /home/ann/site...\n\
            \u{1b}[96msrc/pages/index.astro\u{1b}[0m:\u{1b}[93m2\u{1b}[0m:\u{1b}[93m7\u{1b}[0m - \
            \u{1b}[91merror\u{1b}[0m\u{1b}[90m ts(2322): \u{1b}[0mType 'A' is not assignable to type 'B'.\n  \
            Property 'b' is missing.\n\n\
            \u{1b}[7m2\u{1b}[0m const x: B = 'a.ts:1:1 - error ts(1): y';\n\
            \u{1b}[7m \u{1b}[0m \u{1b}[91m      ~\u{1b}[0m\n\n\
            \u{1b}[96mb.astro\u{1b}[0m:\u{1b}[93m1\u{1b}[0m:\u{1b}[93m1\u{1b}[0m - \
            \u{1b}[91merror\u{1b}[0m\u{1b}[90m astro(1002): \u{1b}[0mUnclosed.\n\n\
            \u{1b}[1mResult (5 files): \u{1b}[22m\n\u{1b}[2m-\u{1b}[22m \u{1b}[1m\u{1b}[31m2 errors\u{1b}[39m\u{1b}[22m\n";
        let said = of_astro(printed);
        assert_eq!(
            said.problems.iter().map(told).collect::<Vec<_>>(),
            [
                "src/pages/index.astro:2:7 TS2322 Type 'A' is not assignable to type 'B'. Property 'b' is missing.",
                "b.astro:1:1 astro(1002) Unclosed.",
            ]
        );
        assert_eq!((said.files, said.errors), (Some(5), Some(2)));
        assert_eq!(of_astro("Error: Cannot find module 'typescript'\n").files, None);
    }

    proptest! {
        #[test]
        fn any_text_is_read(printed: String) {
            let all = [of_tsc(&printed), of_astro(&printed).problems];
            prop_assert!(all.iter().flatten().all(|problem| !problem.message().contains(char::is_control)));
        }

        #[test]
        fn a_place_and_a_code_come_back(path in "[a-z(),.]{1,12}", line in 1u32.., column in 1u32.., code in 1u32..99_999) {
            let (line, column) = (line % 1_000_000_000, column % 1_000_000_000);
            let problems = of_tsc(&format!("{path}({line},{column}): error TS{code}: No."));
            prop_assert_eq!(told(&problems[0]), format!("{path}:{}:{} TS{code} No.", line.max(1), column.max(1)));
        }
    }
}
