//! What is wrong with a target: a pure rule over what is in the site.

use globset::GlobMatcher;
use percent_encoding::percent_decode_str;

use super::address::Site;
use super::index::{Index, Leads};
use super::read::Source;
use super::references::{Role, part};
use super::targets::{Target, Targets};

/// As many pages may send a reader on to the next with a fragment; browsers end at 20.
const MAX_HOPS: usize = 20;

/// What is wrong with a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// There is no such file.
    Missing,
    /// The folder has no page.
    NoIndex,
    /// The page has no part of that name.
    Part,
    /// It is outside the site, and this file within was meant.
    Unrooted(String),
    /// It is outside the site on the same host.
    Outside,
    /// The file is spelled in this way.
    OtherCase(String),
    /// The server must say first that it is a folder.
    Slashless,
    /// It is fetched without encryption.
    Insecure,
    /// It is on somebody's own machine.
    OwnMachine,
    /// It is no URL.
    Malformed,
}

impl Fault {
    /// Returns the code of a finding about something with that role.
    pub(super) const fn code(&self, role: Role) -> &'static str {
        match (self, role) {
            (Self::Missing | Self::NoIndex, Role::Resource) => "links/resource",
            (Self::Missing | Self::NoIndex, _) => "links/missing",
            (Self::Part, _) => "links/fragment",
            (Self::Unrooted(_), _) => "links/base-path",
            (Self::Outside, _) => "links/outside",
            (Self::OtherCase(_), _) => "links/case",
            (Self::Slashless, _) => "links/redirect",
            (Self::Insecure, _) => "links/insecure",
            (Self::OwnMachine, _) => "links/own-machine",
            (Self::Malformed, _) => "links/malformed",
        }
    }
}

/// All that targets are held against.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    pub(super) site: &'a Site,
    pub(super) index: &'a Index<'a>,
    pub(super) sources: &'a [Source],
    pub(super) targets: &'a Targets,
    pub(super) ignore: &'a [GlobMatcher],
    pub(super) ignore_fragments: &'a [GlobMatcher],
}

impl Rules<'_> {
    /// Returns what is wrong with a target.
    pub(super) fn judge(&self, target: Target<'_>) -> Option<Fault> {
        match target {
            Target::Insecure(url) => (!self.is_ignored(url)).then_some(Fault::Insecure),
            Target::OwnMachine(url) => (!self.is_ignored(url)).then_some(Fault::OwnMachine),
            Target::Malformed(text) => (!self.is_ignored(text)).then_some(Fault::Malformed),
            Target::Path { path, fragment } => match self.site.below(path) {
                Some(below) => self.judge_below(below, fragment),
                None => self.judge_outside(path),
            },
        }
    }

    fn is_ignored(&self, target: &str) -> bool {
        self.ignore.iter().any(|glob| glob.is_match(target))
    }

    fn judge_below(&self, below: &str, fragment: &str) -> Option<Fault> {
        let fault = match self.index.lead(below) {
            Leads::File(number) => (!self.has_part(number, fragment)).then_some(Fault::Part),
            Leads::Slashless(number) if !self.has_part(number, fragment) => Some(Fault::Part),
            Leads::Slashless(_) => Some(Fault::Slashless),
            Leads::NoIndex => Some(Fault::NoIndex),
            Leads::OtherCase(spelled) => Some(Fault::OtherCase(spelled)),
            Leads::Missing => Some(Fault::Missing),
        }?;
        let ignored = match fault {
            Fault::Part => {
                let whole = format!("{below}#{fragment}");
                self.ignore_fragments.iter().any(|glob| glob.is_match(&whole)) || self.is_ignored(below)
            }
            _ => self.is_ignored(below),
        };
        (!ignored).then_some(fault)
    }

    fn judge_outside(&self, path: &str) -> Option<Fault> {
        let within = path.trim_start_matches('/');
        let fault = match self.index.lead(within) {
            _ if self.site.is_bare_root(path) => Fault::Slashless,
            Leads::File(_) | Leads::Slashless(_) if !within.is_empty() => Fault::Unrooted(within.to_owned()),
            _ => Fault::Outside,
        };
        (!self.is_ignored(path)).then_some(fault)
    }

    /// Says whether a browser finds the part of a page that a fragment names. In files of other sorts a fragment
    /// means other things, such as a page or a second.
    fn has_part(&self, file: usize, fragment: &str) -> bool {
        if fragment.is_empty() {
            return true;
        }
        let Some(parts) = &self.sources[self.shown(file)].parts else { return true };
        let has = |name: &str| parts.binary_search(&part(name)).is_ok();
        // By the HTML standard `top`, when no part has that name, is the page's beginning. `#/` and `#!` begin
        // what scripts take for paths, and `svgView(` what SVG does.
        fragment.starts_with(['/', '!'])
            || fragment.starts_with("svgView(")
            || has(fragment)
            || (fragment.contains('%') && has(&percent_decode_str(fragment).decode_utf8_lossy()))
            || fragment.eq_ignore_ascii_case("top")
    }

    /// Follows a page that sends its readers on with their fragment, to the page that they get to see.
    fn shown(&self, mut file: usize) -> usize {
        for _ in 0..MAX_HOPS {
            let Some(target) = self.sources[file].passes_on else { break };
            let Target::Path { path, .. } = self.targets.get(target) else { break };
            match self.site.below(path).map(|below| self.index.lead(below)) {
                Some(Leads::File(next) | Leads::Slashless(next)) => file = next,
                _ => break,
            }
        }
        file
    }
}
