//! What a web server finds under a path.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use charter_artifact::Artifact;

/// Where a path below the site leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leads {
    /// To a file, by its place in the artifact.
    File(usize),
    /// To a folder's page, after the server has said that the slash is missing.
    Slashless(usize),
    /// To a folder without a page.
    NoIndex,
    /// To nothing, but this path would lead somewhere and differs in its capitals alone.
    OtherCase(String),
    /// To nothing.
    Missing,
}

/// The files and folders of a site.
#[derive(Debug)]
pub(super) struct Index<'a> {
    artifact: &'a Artifact,
    files: HashMap<&'a str, usize>,
    folders: HashSet<&'a str>,
    /// Whether `about` leads to `about.html`.
    clean_urls: bool,
    /// From paths in small letters to those that exist; folders end with `/`.
    in_small_letters: OnceLock<HashMap<String, &'a str>>,
    by_name: OnceLock<HashMap<&'a str, Option<&'a str>>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(artifact: &'a Artifact, clean_urls: bool) -> Self {
        let files = artifact.files.iter().enumerate().map(|(number, file)| (file.path.as_str(), number)).collect();
        let mut folders = HashSet::new();
        for file in artifact.files.iter() {
            let mut path = file.path.as_str();
            while let Some(slash) = path.rfind('/') {
                path = &path[..slash];
                if !folders.insert(&file.path[..=slash]) {
                    break;
                }
            }
        }
        Self { artifact, files, folders, clean_urls, in_small_letters: OnceLock::new(), by_name: OnceLock::new() }
    }

    /// Finds what is under a decoded path below the site; the site's root is the empty path.
    pub(super) fn lead(&self, path: &str) -> Leads {
        if let Some(number) = self.files.get(path) {
            return Leads::File(*number);
        }
        let is_folder = path.is_empty() || path.ends_with('/');
        let folder = if is_folder { path.to_owned() } else { format!("{path}/") };
        if folder.is_empty() || self.folders.contains(folder.as_str()) {
            return match self.files.get(format!("{folder}index.html").as_str()) {
                Some(number) if is_folder => Leads::File(*number),
                Some(number) => Leads::Slashless(*number),
                None => self.clean(path).map_or(Leads::NoIndex, Leads::File),
            };
        }
        if let Some(number) = self.clean(path) {
            return Leads::File(number);
        }
        self.other_case(path).map_or(Leads::Missing, Leads::OtherCase)
    }

    fn clean(&self, path: &str) -> Option<usize> {
        let is_possible = self.clean_urls && !path.is_empty() && !path.ends_with('/');
        is_possible.then(|| self.files.get(format!("{path}.html").as_str()).copied()).flatten()
    }

    /// Returns the path with the capitals that something has, of which there may be several: then the first.
    fn other_case(&self, path: &str) -> Option<String> {
        let known = self.in_small_letters.get_or_init(|| {
            let files = self.artifact.files.iter().rev().map(|file| file.path.as_str());
            let mut folders: Vec<&str> = self.folders.iter().copied().collect();
            folders.sort_unstable_by(|a, b| b.cmp(a));
            folders.into_iter().chain(files).map(|path| (path.to_lowercase(), path)).collect()
        });
        let small = path.to_lowercase();
        let mut spelled = vec![known.get(&small).copied()];
        if !small.ends_with('/') {
            spelled.push(known.get(&format!("{small}/")).and_then(|folder| folder.strip_suffix('/')));
            if self.clean_urls {
                spelled.push(known.get(&format!("{small}.html")).and_then(|file| file.strip_suffix(".html")));
            }
        }
        spelled.into_iter().flatten().next().map(str::to_owned)
    }

    /// Returns the only file that has the name of this path's last part, in another folder.
    pub(super) fn namesake(&self, path: &str) -> Option<&'a str> {
        let by_name = self.by_name.get_or_init(|| {
            let mut by_name: HashMap<&str, Option<&str>> = HashMap::new();
            for file in self.artifact.files.iter() {
                let path = file.path.as_str();
                by_name.entry(name_of(path)).and_modify(|only| *only = None).or_insert(Some(path));
            }
            by_name
        });
        by_name.get(name_of(path)).copied().flatten()
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use charter_artifact::{ArtifactFile, FileStat};
    use charter_deploy_model::Digest;
    use proptest::prelude::*;

    use super::*;

    fn artifact(paths: &[&str]) -> Artifact {
        let file = |path: &&str| ArtifactFile {
            path: (*path).to_owned(),
            size: 0,
            digest: Digest::new([0; 32]),
            stat: FileStat { mtime_ns: 0, ctime_ns: 0, inode: 0 },
        };
        Artifact::from_files("/nowhere".into(), paths.iter().map(file).collect())
    }

    fn led(artifact: &Artifact, clean_urls: bool, path: &str) -> String {
        match Index::new(artifact, clean_urls).lead(path) {
            Leads::File(number) => artifact.files[number].path.clone(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_path_leads_to_what_a_server_would_send() {
        let artifact =
            artifact(&["About.html", "Guide/Start.html", "a/b/c.html", "guide.html", "index.html", "x/index.html"]);
        for (path, expected) in [
            ("", "index.html"),
            ("index.html", "index.html"),
            ("x/", "x/index.html"),
            ("x", "Slashless(5)"),
            ("x//", "Missing"),
            ("a/", "NoIndex"),
            ("a/b", "NoIndex"),
            ("about.html", r#"OtherCase("About.html")"#),
            ("guide/start.HTML", r#"OtherCase("Guide/Start.html")"#),
            ("GUIDE/", r#"OtherCase("Guide/")"#),
            ("X", r#"OtherCase("x")"#),
            ("guide.html/", "Missing"),
            ("guide", r#"OtherCase("Guide")"#),
            ("About", "Missing"),
        ] {
            assert_eq!(led(&artifact, false, path), expected, "{path}");
        }
        for (path, expected) in [("guide", "guide.html"), ("About", "About.html"), ("about", r#"OtherCase("About")"#)] {
            assert_eq!(led(&artifact, true, path), expected, "{path} without endings");
        }
    }

    #[test]
    fn a_file_that_moved_is_known_by_its_name() {
        let artifact = artifact(&["a/only.html", "a/twice.html", "b/twice.html"]);
        let index = Index::new(&artifact, false);
        assert_eq!(index.namesake("old/only.html"), Some("a/only.html"));
        assert_eq!(index.namesake("twice.html"), None);
        assert_eq!(index.namesake("none.html"), None);
    }

    proptest! {
        #[test]
        fn every_file_leads_to_itself(paths in prop::collection::btree_set("[a-cA-C]{1,2}(/[a-cA-C]{1,2}){0,2}", 1..8)) {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let artifact = artifact(&paths);
            for path in paths {
                prop_assert_eq!(led(&artifact, false, path), path);
            }
        }
    }
}
