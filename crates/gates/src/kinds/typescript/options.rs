//! What holds for a project in the end, as `tsc --showConfig` tells it.

use serde::Deserialize;
use serde_json::{Map, Value};

/// What `strict` switches on, and each of which can be switched off beside it.
const MEMBERS: [&str; 9] = [
    "alwaysStrict",
    "noImplicitAny",
    "noImplicitThis",
    "strictBindCallApply",
    "strictBuiltinIteratorReturn",
    "strictFunctionTypes",
    "strictNullChecks",
    "strictPropertyInitialization",
    "useUnknownInCatchVariables",
];

/// The options of a project, those that it takes from other files among them.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Options {
    compiler_options: Map<String, Value>,
    references: Vec<Reference>,
    files: Vec<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Reference {
    path: String,
}

impl Options {
    /// Reads what was printed.
    pub(super) fn read(printed: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(printed)
    }

    /// Returns what of strict mode is off. `by_default` says whether this compiler is strict unless it is told otherwise,
    /// as it is from version 6 on.
    pub(super) fn loose(&self, by_default: bool) -> Vec<&'static str> {
        let is = |option: &str| self.compiler_options.get(option).and_then(Value::as_bool);
        let is_strict = is("strict").unwrap_or(by_default);
        let members = MEMBERS.into_iter().filter(|member| is(member) == Some(false));
        (!is_strict).then_some("strict").into_iter().chain(members).collect()
    }

    /// Returns the other projects that this one is made of, as paths from its own folder.
    pub(super) fn references(&self) -> impl Iterator<Item = &str> {
        self.references.iter().map(|reference| reference.path.as_str())
    }

    /// Says whether it has no file of its own, and only names other projects.
    pub(super) fn only_refers(&self) -> bool {
        self.files.is_empty() && !self.references.is_empty()
    }

    /// Returns how many files it begins with; each brings those that it imports.
    pub(super) fn files(&self) -> u64 {
        self.files.len() as u64
    }

    /// Returns what must be said besides so that looking writes nothing: `notes` is a file for what the compiler wants to
    /// remember.
    pub(super) fn arguments(&self, notes: &str) -> Vec<String> {
        let is_on = |option: &str| self.compiler_options.get(option) == Some(&Value::Bool(true));
        let mut arguments = Vec::new();
        if is_on("incremental") || is_on("composite") {
            arguments.extend(["--tsBuildInfoFile".to_owned(), notes.to_owned()]);
        }
        if is_on("emitDeclarationOnly") {
            arguments.extend(["--emitDeclarationOnly".to_owned(), "false".to_owned()]);
        }
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Options {
        Options::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn strict_must_be_on_with_all_that_belongs_to_it() {
        let on = options(r#"{"compilerOptions":{"strict":true,"noImplicitAny":true}}"#);
        assert_eq!(on.loose(false), Vec::<&str>::new());
        let absent = options(r#"{"compilerOptions":{}}"#);
        assert_eq!((absent.loose(false), absent.loose(true)), (vec!["strict"], vec![]));
        let partly = options(r#"{"compilerOptions":{"strict":true,"strictNullChecks":false,"noImplicitAny":false}}"#);
        assert_eq!(partly.loose(false), ["noImplicitAny", "strictNullChecks"]);
        assert_eq!(options(r#"{"compilerOptions":{"strict":false}}"#).loose(true), ["strict"]);
        assert_eq!(options(r#"{"compilerOptions":{"strict":"yes"}}"#).loose(false), ["strict"]);
    }

    #[test]
    fn a_project_without_files_that_refers_to_others_is_none_itself() {
        assert!(options(r#"{"references":[{"path":"./a","prepend":true}]}"#).only_refers());
        assert!(!options(r#"{"references":[{"path":"./a"}],"files":["./b.ts"]}"#).only_refers());
        assert!(!options("{}").only_refers());
        assert_eq!(options(r#"{"references":[{"path":"./a"}]}"#).references().collect::<Vec<_>>(), ["./a"]);
    }

    #[test]
    fn looking_writes_nothing() {
        let composite = options(r#"{"compilerOptions":{"composite":true,"emitDeclarationOnly":true}}"#);
        assert_eq!(composite.arguments("/t"), ["--tsBuildInfoFile", "/t", "--emitDeclarationOnly", "false"]);
        assert!(options("{}").arguments("/t").is_empty());
    }
}
