//! Kept assets: what pages that people still have open will ask for.
//!
//! A page names its scripts and styles by content hash. When the next release is shown, its folder no longer has the
//! old ones, and a page opened a minute before breaks at the next click. So the hashed assets of the last releases are
//! linked into the folder of a release before it is shown. They are no part of the release: they are in neither its
//! digest nor its manifest, and a file of the release always wins.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use charter_artifact::{ArtifactFile, listing};
use serde::{Deserialize, Serialize};

/// Which files of a release's folder are kept assets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Overlay {
    /// By path.
    pub(super) kept: BTreeMap<String, Kept>,
}

/// One kept asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) file: ArtifactFile,
    /// How many switches ago its own release was live, from 1.
    pub(super) age: u32,
}

/// What the list of an overlay says before its files: their ages, in the same order.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    ages: Vec<u32>,
}

impl Overlay {
    /// Loads an overlay; an empty one, when there is none or it is damaged: it only ever adds comfort.
    pub(super) fn load(path: &Path) -> Self {
        let read = || {
            let bytes = fs::read(path).ok()?;
            let (header, files) = listing::decode(&bytes)?;
            let Header { ages } = serde_json::from_str(header).ok()?;
            let kept = files.into_iter().zip(ages).map(|(file, age)| (file.path.clone(), Kept { file, age }));
            Some(Self { kept: kept.collect() })
        };
        read().unwrap_or_default()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let header = Header { ages: self.kept.values().map(|kept| kept.age).collect() };
        let files: Vec<ArtifactFile> = self.kept.values().map(|kept| kept.file.clone()).collect();
        listing::encode(&serde_json::to_string(&header).expect("ages are plain data"), &files)
    }

    /// Returns this overlay of a release with the files `own`, extended for the switch away from a release with the
    /// files `live` and the overlay `live_overlay`.
    ///
    /// Hashed assets of the live release have the age 1; what it kept itself is one switch older, and left behind once
    /// that is more than `keep` switches. What this overlay has already it keeps.
    pub(super) fn extended(&self, own: &[ArtifactFile], live: &[ArtifactFile], live_overlay: &Self, keep: u32) -> Self {
        let assets =
            live.iter().filter(|file| has_content_hash(&file.path)).map(|file| Kept { file: file.clone(), age: 1 });
        let older = live_overlay.kept.values().map(|kept| Kept { age: kept.age.saturating_add(1), ..kept.clone() });
        let mut extended = self.clone();
        for kept in assets.chain(older) {
            if kept.age <= keep && fits(own, &kept.file.path) {
                extended
                    .kept
                    .entry(kept.file.path.clone())
                    .and_modify(|there| there.age = there.age.max(kept.age))
                    .or_insert(kept);
            }
        }
        extended
    }
}

/// Says whether a file at `path` gets in the way of none of `own`, which are sorted by path.
fn fits(own: &[ArtifactFile], path: &str) -> bool {
    let has_file = |path: &str| own.binary_search_by(|file| file.path.as_str().cmp(path)).is_ok();
    let as_folder = format!("{path}/");
    let next = own.partition_point(|file| *file.path < *as_folder);
    let is_folder = own.get(next).is_some_and(|file| file.path.starts_with(&as_folder));
    !is_folder && !has_file(path) && !path.match_indices('/').any(|(end, _)| has_file(&path[..end]))
}

/// Says whether a file's name carries a hash of its content, so that it never changes and may be asked for later.
///
/// Pages never count. Between the dots of the name, such a hash is, of at least eight letters and digits:
/// - a part, set off by a dot, hyphen or underscore, that mixes letters and digits: `main.3f2a1b9c.chunk.js`,
/// - the whole first part, when it is hexadecimal and mixes letters and digits: `5a1f7c2e9b.css`,
/// - the last eight characters behind a dot or hyphen, of base64's alphabet for URLs, that mix letters and digits or
///   upper and lower case, or are all upper case: `index-DiwrgTda.js`, `hoisted.CxV_-q2S.js`, `chunk-QWERTYUI.js`.
///
/// Where a name only looks that way, a file that the new release dropped stays reachable a little longer; where a
/// hash goes unseen, pages break. So the rule leans towards seeing one.
pub(super) fn has_content_hash(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    if matches!(ending.to_ascii_lowercase().as_str(), "html" | "htm" | "xhtml") {
        return false;
    }
    stem.split('.').enumerate().any(|(index, part)| {
        let mut words = part.split(['-', '_']);
        let first = words.next().unwrap_or_default();
        let first_is_hash = if index == 0 { is_hex(first) && mixes_digits(first) } else { mixes_digits(first) };
        first_is_hash || words.any(mixes_digits) || ends_in_base64(part, index > 0)
    })
}

/// The fewest characters a content hash has.
const SHORTEST: usize = 8;

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn mixes_digits(text: &str) -> bool {
    text.len() >= SHORTEST
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn ends_in_base64(part: &str, behind_dot: bool) -> bool {
    let Some(start) = part.len().checked_sub(SHORTEST) else { return false };
    let (before, last) = part.as_bytes().split_at(start);
    let set_off = if start == 0 { behind_dot } else { before.ends_with(b"-") };
    let has = |class: fn(&u8) -> bool| last.iter().any(class);
    let (upper, lower, digit) = (has(u8::is_ascii_uppercase), has(u8::is_ascii_lowercase), has(u8::is_ascii_digit));
    set_off
        && last.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && ((digit && (upper || lower)) || (upper && lower) || last.iter().all(u8::is_ascii_uppercase))
}

#[cfg(test)]
mod tests {
    use charter_artifact::FileStat;
    use charter_deploy_model::Digest;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn content_hashes_are_seen_in_the_names_that_bundlers_make() {
        for name in [
            "assets/index-DiwrgTda.js",
            "_astro/hoisted.CxV_-q2S.js",
            "assets/index-D_iw-Tda.css",
            "static/js/main.3f2a1b9c.chunk.js",
            "static/css/5a1f7c2e9b.css",
            "chunk-QWERTYUI.js",
            "static.files/storage-4e99c027.js",
            "fonts/FiraSans-Regular-0fe48ade.woff2",
            "app-DiwrgTda.js.map",
            "app-DiwrgTda.js.gz",
            "_next/static/chunks/framework-2f335d22a7318891.js",
            "img/photo.0a1b2c3d4e5f.avif",
        ] {
            assert!(has_content_hash(name), "{name}");
        }
    }

    #[test]
    fn ordinary_names_and_pages_carry_no_content_hash() {
        for name in [
            "index.html",
            "posts/2024-01-01-hello-world.html",
            "page.3f2a1b9c.html",
            "favicon.ico",
            "robots.txt",
            "fonts/Roboto-Regular.woff2",
            "jquery.backstretch.js",
            "js/bootstrap.bundle.min.js",
            "photos/20240101.jpg",
            "photos/holiday-20240101.jpg",
            "CNAME",
            ".nojekyll",
            "site.webmanifest",
            "a/3f2a1b9c/plain.js",
        ] {
            assert!(!has_content_hash(name), "{name}");
        }
    }

    fn file(path: &str) -> ArtifactFile {
        let stat = FileStat { mtime_ns: 1, ctime_ns: 2, inode: 3 };
        ArtifactFile { path: path.to_owned(), size: 4, digest: Digest::new([5; 32]), stat }
    }

    fn files(paths: &[String]) -> Vec<ArtifactFile> {
        let mut files: Vec<ArtifactFile> = paths.iter().map(|path| file(path)).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        files
    }

    #[test]
    fn assets_expire_after_as_many_releases_as_configured() {
        let asset = |number: usize| format!("app-{number}aaaaaaa.js");
        let (mut live, mut overlay) = (files(&[asset(0)]), Overlay::default());
        for number in 1..6 {
            let own = files(&[asset(number)]);
            overlay = Overlay::default().extended(&own, &live, &overlay, 2);
            let expected: Vec<String> = (number.saturating_sub(2)..number).map(asset).collect();
            assert_eq!(overlay.kept.keys().cloned().collect::<Vec<_>>(), expected);
            live = own;
        }
    }

    #[test]
    fn going_back_keeps_the_assets_of_the_release_that_is_left() {
        let (first, second) = (files(&["app-1aaaaaaa.js".to_owned()]), files(&["app-2aaaaaaa.js".to_owned()]));
        let forward = Overlay::default().extended(&second, &first, &Overlay::default(), 3);
        let back = Overlay::default().extended(&first, &second, &forward, 3);
        assert_eq!(back.kept.keys().collect::<Vec<_>>(), ["app-2aaaaaaa.js"], "and not its own");
    }

    #[test]
    fn keeping_none_keeps_none() {
        let live = files(&["app-1aaaaaaa.js".to_owned()]);
        assert_eq!(Overlay::default().extended(&[], &live, &Overlay::default(), 0), Overlay::default());
    }

    proptest! {
        #[test]
        fn a_kept_asset_never_gets_in_the_way_of_a_file(
            own in prop::collection::vec("[ab]-1aaaaaaa(/[ab]-1aaaaaaa){0,2}\\.js", 0..8),
            live in prop::collection::vec("[ab]-1aaaaaaa(\\.js)?(/[ab]-1aaaaaaa){0,2}\\.js", 0..8),
        ) {
            let (own, live) = (files(&own), files(&live));
            let overlay = Overlay::default().extended(&own, &live, &Overlay::default(), 3);
            for kept in overlay.kept.keys() {
                for file in &own {
                    let (kept, file) = (Path::new(kept), Path::new(&file.path));
                    prop_assert!(!kept.starts_with(file) && !file.starts_with(kept), "{kept:?} and {file:?}");
                }
            }
        }

        #[test]
        fn overlays_round_trip(paths in prop::collection::btree_set("[a-z]{1,9}", 0..9), age in 1..9_u32) {
            let kept = paths.into_iter().map(|path| (path.clone(), Kept { file: file(&path), age })).collect();
            let overlay = Overlay { kept };
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("overlay"), overlay.encode()).unwrap();
            prop_assert_eq!(Overlay::load(&folder.path().join("overlay")), overlay);
        }
    }
}
