//! What the weights are told as.

use charter_artifact::Artifact;
use charter_deploy_model::{Finding, Location};

use super::FileBudget;
use super::compress::Compression;
use super::pages::{FileIndex, Named, Page, Pages, Sort};
use super::scales::Scales;

impl Compression {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "brotli",
            Self::Gzip => "gzip",
            Self::None => "raw",
        }
    }
}

/// Tells that a page is over a budget, and which files to begin with.
pub(super) fn of_page(
    artifact: &Artifact,
    page: &Page,
    sort: Sort,
    weight: u64,
    budget: u64,
    scales: &Scales<'_>,
) -> Finding {
    let path = path_of(artifact, page.file);
    let load = page.load(sort);
    let raw = super::raw(artifact, load);
    // Of what stylesheets name and `srcset` offers, a browser may need less.
    let what = match sort {
        Sort::Total => format!("weighs up to {} bytes after brotli with all it fetches", grouped(weight)),
        Sort::Script | Sort::Style => format!("fetches {} bytes of {} after brotli", grouped(weight), sort.name()),
        Sort::Image | Sort::Font => format!("fetches up to {} bytes of {}s after brotli", grouped(weight), sort.name()),
    };
    let message = format!("`{path}` {what} ({} without), where {} are allowed", grouped(raw), grouped(budget));
    let finding = Finding::new(format!("page-weight/{}", sort.name()), path, message).at(Location::file(path));
    let files: Vec<FileIndex> = load.files.iter().copied().filter(|file| *file != page.file).collect();
    Finding { help: heaviest_of(artifact, files, scales), ..finding }
}

/// Tells that a file is over its budget.
pub(super) fn of_file(artifact: &Artifact, file: FileIndex, weight: u64, budget: &FileBudget) -> Finding {
    let path = path_of(artifact, file);
    let how = match budget.compression {
        Compression::None => "without compression".to_owned(),
        packed => format!("after {}", packed.name()),
    };
    let allowed = grouped(budget.max_bytes);
    let message =
        format!("`{path}` weighs {} bytes {how}, where `{}` are allowed {allowed}", grouped(weight), budget.glob);
    // The same file may be over several budgets.
    Finding::new("page-weight/file", path, message).at(Location::file(path)).key(format!(
        "{} {}",
        budget.glob,
        budget.compression.name()
    ))
}

/// Tells that a budget is for no file at all.
pub(super) fn of_no_file(budget: &FileBudget) -> Finding {
    let message =
        format!("there is no file `{}` in the site to hold to {} bytes", budget.glob, grouped(budget.max_bytes));
    Finding::new("page-weight/no-file", &budget.glob, message)
        .help("correct the glob under `gates.page-weight.files`, or remove the budget")
}

/// Tells what is named and not counted: each thing once, with the first file that names it.
pub(super) fn of_references(artifact: &Artifact, pages: &Pages) -> Vec<Finding> {
    let missing = lines(artifact, &pages.missing).map(|(path, first, more)| {
        let message = format!("`{first}`{more} names `{path}`, which is not in the site");
        Finding::new("page-weight/missing", path, message).at(Location::file(first))
    });
    let elsewhere = lines(artifact, &pages.elsewhere).map(|(host, first, more)| {
        let message = format!("`{first}`{more} fetches from `{host}` what is not counted");
        Finding::new("page-weight/elsewhere", host, message)
            .at(Location::file(first))
            .help(format!("if `{host}` is this site, list it in `hosts`"))
    });
    missing.chain(elsewhere).collect()
}

fn lines<'a>(artifact: &'a Artifact, named: &'a Named) -> impl Iterator<Item = (&'a str, &'a str, String)> {
    named.iter().map(|(thing, (first, files))| {
        let more = match files {
            1 => String::new(),
            2 => " (and 1 more file)".to_owned(),
            _ => format!(" (and {} more files)", grouped(files - 1)),
        };
        (thing.as_str(), path_of(artifact, *first), more)
    })
}

fn heaviest_of(artifact: &Artifact, files: Vec<FileIndex>, scales: &Scales<'_>) -> Option<String> {
    const SHOWN: usize = 3;
    let mut files: Vec<(u64, &str)> =
        files.into_iter().map(|file| (scales.bound_of_file(file), path_of(artifact, file))).collect();
    files.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let shown: Vec<String> =
        files.iter().take(SHOWN).map(|(weight, path)| format!("`{path}` ({})", grouped(*weight))).collect();
    (!shown.is_empty()).then(|| format!("begin with {}", shown.join(", ")))
}

fn path_of(artifact: &Artifact, file: FileIndex) -> &str {
    &artifact.files[file as usize].path
}

/// Writes a number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
