//! What can be wrong with a build for Pages, one function each.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use charter_artifact::{Artifact, ArtifactFile};
use charter_deploy_model::{Finding, Location};
use charter_host::Scope;
use rayon::prelude::*;

use super::PublishableConfig;
use crate::GateError;

/// What every pointer of Git LFS begins with, and no pointer is larger, in bytes.
const LFS: (&[u8], u64) = (b"version https://git-lfs.github.com/spec/v1\n", 1024);
/// No domain is longer, in bytes.
const DOMAIN_LIMIT: u64 = 1024;
/// The folders that Jekyll leaves out by name.
const LEFT_OUT: [&str; 2] = ["node_modules", "vendor"];

/// Looks at each file by itself.
pub(super) fn of_files(
    artifact: &Artifact,
    config: &PublishableConfig,
    scope: &Scope,
) -> Result<Vec<Finding>, GateError> {
    let found: Vec<Option<Finding>> = artifact
        .files
        .par_iter()
        .map(|file| {
            if scope.cancel.is_cancelled() {
                return Err(GateError::Cancelled);
            }
            let path = artifact.root.join(&file.path);
            let look = || Ok(size(file, config).or(symlink(file, &path)?).or(lfs_pointer(file, &path)?));
            look().map_err(|source| GateError::Unreadable { path: path.clone(), source })
        })
        .collect::<Result<_, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

fn size(file: &ArtifactFile, config: &PublishableConfig) -> Option<Finding> {
    let ArtifactFile { path, size, .. } = file;
    let finding = |code: &str, what: &str, limit: u64, help: &str| {
        let message = format!("`{path}` has {} bytes, and GitHub {what} more than {}", grouped(*size), grouped(limit));
        Finding::new(code, path, message).at(Location::file(path)).help(help)
    };
    let PublishableConfig { max_file_bytes, large_file_bytes, .. } = *config;
    if *size > max_file_bytes {
        let help = "host it elsewhere, or cut it into parts";
        return Some(finding("publishable/file-size", "refuses", max_file_bytes, help));
    }
    let help = "make it smaller, or host it elsewhere: each version stays in the branch's history";
    (*size > large_file_bytes).then(|| finding("publishable/large-file", "warns of", large_file_bytes, help))
}

fn symlink(file: &ArtifactFile, path: &Path) -> io::Result<Option<Finding>> {
    if !path.symlink_metadata()?.is_symlink() {
        return Ok(None);
    }
    let target = path.read_link()?;
    let message = format!("`{}` is a symbolic link to `{}`", file.path, target.display());
    let finding = Finding::new("publishable/symlink", &file.path, message)
        .at(Location::file(&file.path))
        .help("have the build write the file itself");
    Ok(Some(finding))
}

fn lfs_pointer(file: &ArtifactFile, path: &Path) -> io::Result<Option<Finding>> {
    let (beginning, largest) = LFS;
    if file.size > largest || file.size < beginning.len() as u64 {
        return Ok(None);
    }
    let mut start = vec![0; beginning.len()];
    File::open(path)?.read_exact(&mut start)?;
    if start != beginning {
        return Ok(None);
    }
    let message = format!("`{}` is a pointer of Git LFS and not the file itself", file.path);
    let finding = Finding::new("publishable/lfs-pointer", &file.path, message)
        .at(Location::file(&file.path))
        .help("run `git lfs pull` before the build");
    Ok(Some(finding))
}

pub(super) fn site_size(artifact: &Artifact, limit: u64) -> Option<Finding> {
    let bytes = artifact.bytes();
    let largest = artifact.files.iter().max_by_key(|file| (file.size, std::cmp::Reverse(&file.path)))?;
    (bytes > limit).then(|| {
        let message = format!(
            "the site has {} bytes, and Pages publish no more than {}; its largest file is `{}` with {}",
            grouped(bytes),
            grouped(limit),
            largest.path,
            grouped(largest.size)
        );
        Finding::new("publishable/site-size", "/", message).help("host large files elsewhere, or make them smaller")
    })
}

pub(super) fn nojekyll(artifact: &Artifact) -> Option<Finding> {
    if artifact.file(".nojekyll").is_some() {
        return None;
    }
    let dropped: Vec<&str> =
        artifact.files.iter().map(|file| file.path.as_str()).filter(|path| jekyll_drops(path)).collect();
    let what = match dropped[..] {
        [] => "so Pages run Jekyll over the site".to_owned(),
        [one] => format!("so Pages leave out `{one}`"),
        [first, ..] => format!("so Pages leave out {} files such as `{first}`", dropped.len()),
    };
    let finding = Finding::new("publishable/nojekyll", ".nojekyll", format!("`.nojekyll` is missing, {what}"));
    let finding = finding.help("have the build write an empty `.nojekyll` at the top of the site");
    Some(match dropped.first() {
        Some(first) => finding.at(Location::file(*first)),
        None => finding,
    })
}

/// Says whether Jekyll, as Pages configure it, leaves a file out.
fn jekyll_drops(path: &str) -> bool {
    let is_special = |part: &str| part.starts_with(['_', '.', '#']) || part.ends_with('~');
    path.split('/').any(is_special) || LEFT_OUT.iter().any(|folder| path.split('/').next() == Some(folder))
}

pub(super) fn lost_domain(
    artifact: &Artifact,
    live: &Artifact,
    is_carried: bool,
) -> Result<Option<Finding>, GateError> {
    let Some(before) = domain(live)? else { return Ok(None) };
    let now = domain(artifact)?;
    let what = match &now {
        Some(now) if now.eq_ignore_ascii_case(&before) => return Ok(None),
        Some(now) => format!("this one has `{now}`"),
        None if is_carried => return Ok(None),
        None => "this one has none".to_owned(),
    };
    let message = format!("the `CNAME` of the live release is `{before}`, and {what}");
    let finding = Finding::new("publishable/lost-domain", "CNAME", message)
        .key(&before)
        .help(format!("have the build write `CNAME` with `{before}` at the top of the site"));
    Ok(Some(if now.is_some() { finding.at(Location::file("CNAME")) } else { finding }))
}

/// Returns the domain that a release is for.
fn domain(artifact: &Artifact) -> Result<Option<String>, GateError> {
    if artifact.file("CNAME").is_none() {
        return Ok(None);
    }
    let path = artifact.root.join("CNAME");
    let mut content = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(DOMAIN_LIMIT).read_to_end(&mut content));
    read.map_err(|source| GateError::Unreadable { path, source })?;
    let domain = String::from_utf8_lossy(&content).trim().to_owned();
    Ok(Some(domain).filter(|domain| !domain.is_empty()))
}

/// Writes a number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn jekyll_drops_what_its_names_say() {
        for (path, dropped) in [
            ("index.html", false),
            ("_astro/app.js", true),
            ("docs/_static/a.css", true),
            (".well-known/security.txt", true),
            ("a/#b", true),
            ("notes.txt~", true),
            ("old~/a.html", true),
            ("node_modules/x.js", true),
            ("vendor/x.js", true),
            ("assets/vendor/x.js", false),
            ("vendor.js", false),
            ("a_b/c.d/e#f.html", false),
            ("CNAME", false),
        ] {
            assert_eq!(jekyll_drops(path), dropped, "{path}");
        }
    }

    proptest! {
        #[test]
        fn grouping_changes_no_digit(number: u64) {
            let text = grouped(number);
            prop_assert_eq!(text.replace(',', ""), number.to_string());
            prop_assert!(text.split(',').skip(1).all(|group| group.len() == 3));
        }
    }
}
