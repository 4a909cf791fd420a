//! Which licences are allowed, and for what.

use std::collections::BTreeSet;

use charter_host::Refusal;
use globset::GlobMatcher;
use spdx::{Expression, LicenseReq, Licensee, ParseMode};

use super::LicenseException;
use crate::glob;
use crate::packages::Stated;

/// A longer text is no expression, in bytes.
const LENGTH_LIMIT: usize = 4096;

/// What may be used.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    allow: Vec<Licensee>,
    exceptions: Vec<Exception>,
}

#[derive(Debug, Clone)]
struct Exception {
    packages: GlobMatcher,
    allow: Vec<Licensee>,
    license: Option<String>,
    package: String,
}

/// What becomes of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// It may be used.
    Allowed,
    /// It may not.
    Refused {
        /// Its licence.
        expression: String,
        /// The parts of it that are not allowed.
        parts: Vec<String>,
    },
    /// Nobody can tell from what it says.
    Unknown(Stated),
    /// What it says is not at hand.
    Undecided,
}

impl Terms {
    pub(super) fn new(allow: &[String], exceptions: Vec<LicenseException>) -> Result<Self, Refusal> {
        let exception = |LicenseException { package, allow, license, reason }: LicenseException| {
            if reason.trim().is_empty() {
                return Err(Refusal(format!("`exceptions`: the one for `{package}` gives no `reason`")));
            }
            if allow.is_empty() && license.is_none() {
                return Err(Refusal(format!(
                    "`exceptions`: the one for `{package}` has neither `allow` nor `license`"
                )));
            }
            if let Some(license) = license.as_deref().filter(|license| parse(license).is_none()) {
                return Err(Refusal(format!("`exceptions`: `{license}` is no expression of SPDX")));
            }
            let packages = glob::compile_of("exceptions", &package)?;
            Ok(Exception { packages, allow: licensees(&allow)?, license, package })
        };
        let exceptions = exceptions.into_iter().map(exception).collect::<Result<_, _>>()?;
        Ok(Self { allow: licensees(allow)?, exceptions })
    }

    /// Judges what a package says; notes in `used` which exceptions mattered.
    pub(super) fn judge(
        &self,
        name: &str,
        version: &str,
        said: Option<&Stated>,
        used: &mut BTreeSet<usize>,
    ) -> Verdict {
        let full = format!("{name}@{version}");
        let fits = |one: &Exception| one.packages.is_match(name) || one.packages.is_match(&full);
        let exceptions: Vec<(usize, &Exception)> =
            self.exceptions.iter().enumerate().filter(|(_, one)| fits(one)).collect();
        let own = match said {
            Some(Stated::Text(text)) => parse(text).map(|expression| (text.as_str(), expression)),
            _ => None,
        };
        let (text, expression) = match own {
            Some(own) => own,
            None => {
                let by_exception = exceptions.iter().find_map(|(number, one)| {
                    let text = one.license.as_deref()?;
                    Some((*number, text, parse(text)?))
                });
                match (by_exception, said) {
                    (Some((number, text, expression)), _) => {
                        used.insert(number);
                        (text, expression)
                    }
                    (None, Some(said)) => return Verdict::Unknown(said.clone()),
                    (None, None) => return Verdict::Undecided,
                }
            }
        };
        let is_allowed = |part: &LicenseReq| self.allow.iter().any(|one| satisfies(one, part));
        if expression.evaluate(is_allowed) {
            return Verdict::Allowed;
        }
        let by_exception = |part: &LicenseReq| -> Option<usize> {
            let fits = exceptions.iter().find(|(_, one)| one.allow.iter().any(|one| satisfies(one, part)));
            fits.map(|(number, _)| *number)
        };
        let mut needed = BTreeSet::new();
        let judged = expression.evaluate_with_failures(|part| {
            is_allowed(part) || by_exception(part).inspect(|number| _ = needed.insert(*number)).is_some()
        });
        match judged {
            Ok(()) => {
                used.append(&mut needed);
                Verdict::Allowed
            }
            Err(parts) => {
                let parts: BTreeSet<String> = parts.iter().map(|part| part.req.to_string()).collect();
                Verdict::Refused { expression: text.to_owned(), parts: parts.into_iter().collect() }
            }
        }
    }

    /// Returns the packages of exceptions that did not matter.
    pub(super) fn unused<'a>(&'a self, used: &'a BTreeSet<usize>) -> impl Iterator<Item = &'a str> {
        let unused = self.exceptions.iter().enumerate().filter(|(number, _)| !used.contains(number));
        unused.map(|(_, exception)| exception.package.as_str())
    }
}

fn licensees(names: &[String]) -> Result<Vec<Licensee>, Refusal> {
    let one = |name: &String| {
        Licensee::parse_mode(name, ParseMode::LAX)
            .map_err(|error| Refusal(format!("`allow`: `{name}` is no licence of SPDX: {}", error.reason)))
    };
    names.iter().map(one).collect()
}

/// Says whether SPDX knows a licence of this name.
pub(crate) fn is_known(name: &str) -> bool {
    Licensee::parse_mode(name, ParseMode::LAX).is_ok()
}

/// Says whether a text is an expression of SPDX.
pub(crate) fn is_expression(text: &str) -> bool {
    parse(text).is_some()
}

fn parse(text: &str) -> Option<Expression> {
    if text.len() > LENGTH_LIMIT {
        return None;
    }
    Expression::parse_mode(text.trim(), ParseMode::LAX).ok()
}

/// Says whether a licence is allowed; GNU's were once named without `-only`.
fn satisfies(allowed: &Licensee, part: &LicenseReq) -> bool {
    let old_name = |part: &LicenseReq| part.to_string().replace("-only", "");
    let is_only = |part: &LicenseReq| part.license.id().is_some_and(|id| id.is_gnu());
    let wanted = allowed.clone().into_req();
    allowed.satisfies(part) || (is_only(part) && is_only(&wanted) && old_name(part) == old_name(&wanted))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn terms(allow: &[&str]) -> Terms {
        Terms::new(&allow.iter().map(|&name| name.to_owned()).collect::<Vec<_>>(), Vec::new()).unwrap()
    }

    fn is_allowed(allow: &[&str], text: &str) -> bool {
        let said = Stated::Text(text.to_owned());
        terms(allow).judge("a", "1", Some(&said), &mut BTreeSet::new()) == Verdict::Allowed
    }

    #[test]
    fn expressions_mean_what_spdx_says() {
        for (allow, text, allowed) in [
            (&["MIT"][..], "MIT", true),
            (&["MIT"], "mit", true),
            (&["MIT"], "(MIT OR GPL-3.0-only)", true),
            (&["MIT"], "MIT AND GPL-3.0-only", false),
            (&["Apache-2.0"], "MIT/Apache-2.0", true),
            (&["Apache-2.0"], "Apache 2.0", true),
            (&["Apache-2.0"], "Apache-2.0 WITH LLVM-exception", false),
            (&["Apache-2.0 WITH LLVM-exception"], "Apache-2.0 WITH LLVM-exception", true),
            (&["GPL-2.0-only"], "GPL-2.0", true),
            (&["GPL-2.0"], "GPL-2.0-only", true),
            (&["GPL-2.0"], "GPL-3.0-only", false),
            (&["GPL-2.0-only"], "AGPL-3.0", false),
            (&["MIT"], "AGPL-3.0", false),
            (&["LicenseRef-ours"], "LicenseRef-ours", true),
            (&["MIT"], "LicenseRef-ours", false),
        ] {
            assert_eq!(is_allowed(allow, text), allowed, "{text} where {allow:?} are allowed");
        }
        for text in ["SEE LICENSE IN LICENSE", "UNLICENSED", "", "see below", "MIT AND", &"(".repeat(100_000)] {
            let said = Stated::Text(text.to_owned());
            let verdict = terms(&["MIT"]).judge("a", "1", Some(&said), &mut BTreeSet::new());
            assert_eq!(verdict, Verdict::Unknown(said));
        }
    }

    proptest! {
        #[test]
        fn an_alternative_never_makes_it_worse(left in "(MIT|ISC|GPL-3\\.0-only|Zlib)", right in "(MIT|ISC|GPL-3\\.0-only|Zlib)") {
            let alone = |text: &str| is_allowed(&["MIT", "Zlib"], text);
            prop_assert_eq!(alone(&format!("{left} OR {right}")), alone(&left) || alone(&right));
            prop_assert_eq!(alone(&format!("{left} AND {right}")), alone(&left) && alone(&right));
        }
    }
}
