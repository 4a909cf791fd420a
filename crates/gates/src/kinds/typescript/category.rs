//! The five sorts of errors, and which of TypeScript's codes is of which.

use std::sync::LazyLock;

use regex::Regex;

use super::output::Problem;

/// A sort of errors. Their order is that of the roadmap: what is mended first makes much of the rest go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Category {
    Configuration,
    Imports,
    MissingTypes,
    NullChecks,
    InterfaceViolations,
}

impl Category {
    pub(super) const ALL: [Self; 5] =
        [Self::Configuration, Self::Imports, Self::MissingTypes, Self::NullChecks, Self::InterfaceViolations];

    /// Returns the end of its code, which is the name of its measure as well.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Imports => "imports",
            Self::MissingTypes => "missing-types",
            Self::NullChecks => "null-checks",
            Self::InterfaceViolations => "interface-violations",
        }
    }

    /// Returns what puts most errors of this sort right.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Configuration => "put the options of the project right, for they decide what all else means",
            Self::Imports => "name what the module really exports, install its package, or import what is used",
            Self::MissingTypes => "write the type down, or install the types of the package",
            Self::NullChecks => "say what happens when it is `null` or `undefined`, or make sure that it never is",
            Self::InterfaceViolations => "make the value fit what is asked for, or ask for what is given",
        }
    }

    /// Returns its place in the roadmap, from 1.
    pub(super) fn step(self) -> usize {
        Self::ALL.iter().position(|category| *category == self).map_or(0, |position| position + 1)
    }

    pub(super) fn of(problem: &Problem) -> Self {
        match problem.code.strip_prefix("TS").and_then(|digits| digits.parse().ok()) {
            Some(code) => of_code(code, problem.last_words()),
            None => Self::InterfaceViolations,
        }
    }
}

/// Sorts a code. A mismatch is a null check when the compiler's last word on it is that `null` or `undefined` does not
/// fit. What no row names is a matter of the options from 5000 to 6999, of missing types from 7000 to 7999 and from 9000
/// to 9999, of exports from 4000 to 4103, and otherwise an interface violation, errors of syntax among them.
fn of_code(code: u32, last_words: &str) -> Category {
    match code {
        // What the environment of the code is said to be: libraries, JSX, the sorts of modules.
        1148
        | 1218
        | 1323
        | 1324
        | 1343
        | 1378
        | 1432
        | 1470
        | 2209
        | 2210
        | 2318
        | 2468
        | 2550
        | 2583..=2585
        | 2688
        | 2697
        | 2705
        | 2711
        | 2712
        | 2726
        | 2727
        | 2791
        | 2812
        | 2821
        | 2823
        | 17004
        | 17010
        | 17016
        | 17018
        | 18002
        | 18003
        | 18028
        | 18035
        | 18045
        | 18051 => Category::Configuration,
        // Modules, names that come from them, and what is written to get them.
        1079
        | 1120
        | 1147
        | 1191..=1195
        | 1203
        | 1205
        | 1231..=1235
        | 1258
        | 1259
        | 1269
        | 1272
        | 1280
        | 1282..=1295
        | 1314..=1326
        | 1339
        | 1340
        | 1361..=1363
        | 1379
        | 1380
        | 1392
        | 1448
        | 1453..=1456
        | 1463
        | 1464
        | 1471..=1474
        | 1479
        | 1484
        | 1485
        | 1541..=1544
        | 2206
        | 2207
        | 2303..=2309
        | 2323
        | 2343
        | 2354
        | 2435..=2441
        | 2458..=2460
        | 2484
        | 2497
        | 2498
        | 2503
        | 2528
        | 2552
        | 2594..=2598
        | 2613
        | 2614
        | 2616
        | 2617
        | 2632
        | 2649
        | 2652
        | 2661
        | 2664..=2669
        | 2671
        | 2686
        | 2694
        | 2714
        | 2724
        | 2732
        | 2792
        | 2807
        | 2833..=2836
        | 2846
        | 4000..=4103
        | 5097
        | 6137
        | 6142
        | 6192
        | 6263
        | 6504
        | 7042
        | 8002
        | 8003
        | 18042
        | 18043
        | 18057..=18061 => Category::Imports,
        // Types that nobody wrote, and the names of packages of types that nobody installed.
        2571 | 2580..=2582 | 2591..=2593 | 2602 | 2683 | 2867 | 2868 | 18046 => Category::MissingTypes,
        2366
        | 2375
        | 2379
        | 2412
        | 2454
        | 2531..=2533
        | 2564
        | 2565
        | 2721..=2723
        | 2817
        | 2869..=2871
        | 2881
        | 18047..=18050 => Category::NullChecks,
        // Within the ranges below, and yet about the code itself.
        5075
        | 5076
        | 5082
        | 5085..=5088
        | 6133
        | 6138
        | 6188
        | 6189
        | 6196
        | 6198..=6200
        | 6205
        | 6229
        | 6232..=6236
        | 6807
        | 7027..=7030
        | 7036 => Category::InterfaceViolations,
        5000..=6999 => Category::Configuration,
        7000..=7999 | 9000..=9999 => Category::MissingTypes,
        2322 | 2345 | 2416 | 2430 | 2741 | 2769 if is_about_null(last_words) => Category::NullChecks,
        _ => Category::InterfaceViolations,
    }
}

fn is_about_null(last_words: &str) -> bool {
    static NULL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:Type|Argument of type) '(?:undefined|null)' is not assignable").expect("is an expression")
    });
    NULL.is_match(last_words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_of_one_sort() {
        use Category::{Configuration, Imports, InterfaceViolations, MissingTypes, NullChecks};
        let undefined = "Type 'undefined' is not assignable to type 'string'.";
        for (code, last_words, category) in [
            (5023, "", Configuration),
            (5101, "", Configuration),
            (18003, "", Configuration),
            (2584, "", Configuration),
            (17004, "", Configuration),
            (2307, "", Imports),
            (2305, "", Imports),
            (2304, "", Imports),
            (2724, "", Imports),
            (1484, "", Imports),
            (4023, "", Imports),
            (7006, "", MissingTypes),
            (7016, "", MissingTypes),
            (7053, "", MissingTypes),
            (2580, "", MissingTypes),
            (18046, "", MissingTypes),
            (9007, "", MissingTypes),
            (2531, "", NullChecks),
            (18048, "", NullChecks),
            (2564, "", NullChecks),
            (2322, undefined, NullChecks),
            (2345, "Argument of type 'null' is not assignable to parameter of type 'Date'.", NullChecks),
            (2345, "Argument of type 'nullable' is not assignable to parameter of type 'Date'.", InterfaceViolations),
            (2322, "Type 'string' is not assignable to type 'number'.", InterfaceViolations),
            (2339, undefined, InterfaceViolations),
            (2741, "Property 'id' is missing in type '{}' but required in type 'User'.", InterfaceViolations),
            (1005, "", InterfaceViolations),
            (6133, "", InterfaceViolations),
            (7030, "", InterfaceViolations),
            (99_999, "", InterfaceViolations),
        ] {
            assert_eq!(of_code(code, last_words), category, "TS{code}: {last_words}");
        }
    }

    #[test]
    fn the_roadmap_has_every_sort_once_in_their_order() {
        let steps: Vec<usize> = Category::ALL.iter().map(|category| category.step()).collect();
        assert_eq!(steps, [1, 2, 3, 4, 5]);
        assert!(Category::ALL.is_sorted());
    }
}
