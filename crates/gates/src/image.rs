//! References to container images.

/// Tags that mean another image from time to time, besides those with `latest` in them.
const MOVING: [&str; 18] = [
    "main",
    "master",
    "dev",
    "devel",
    "develop",
    "development",
    "edge",
    "nightly",
    "stable",
    "rolling",
    "unstable",
    "canary",
    "head",
    "snapshot",
    "lts",
    "mainline",
    "current",
    "trunk",
];

/// A reference to an image, taken apart.
#[derive(Clone, Copy)]
pub(crate) struct Image<'t> {
    pub(crate) name: &'t str,
    pub(crate) tag: Option<&'t str>,
    pub(crate) has_digest: bool,
}

impl<'t> Image<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let (tagged, has_digest) = text.split_once('@').map_or((text, false), |(tagged, _)| (tagged, true));
        // A colon before the last slash parts a registry from its port.
        let last = tagged.rfind('/').map_or(0, |slash| slash + 1);
        let colon = tagged[last..].find(':').map(|colon| last + colon);
        let (name, tag) = colon.map_or((tagged, None), |colon| (&tagged[..colon], Some(&tagged[colon + 1..])));
        Self { name, tag, has_digest }
    }

    /// Says whether it may be another image tomorrow, its digest aside.
    pub(crate) fn is_moving(&self) -> bool {
        let Some(tag) = self.tag else { return true };
        let lower = tag.to_ascii_lowercase();
        MOVING.contains(&lower.as_str()) || lower.split(['-', '_', '.']).any(|word| word == "latest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_what_follows_the_last_colon_behind_the_last_slash() {
        for (image, name, tag, has_digest, is_moving) in [
            ("nginx", "nginx", None, false, true),
            ("nginx:latest", "nginx", Some("latest"), false, true),
            ("nginx:1.27", "nginx", Some("1.27"), false, false),
            ("nginx:1.27-alpine", "nginx", Some("1.27-alpine"), false, false),
            ("localhost:5000/a/b", "localhost:5000/a/b", None, false, true),
            ("localhost:5000/a/b:v1", "localhost:5000/a/b", Some("v1"), false, false),
            ("a/b:main", "a/b", Some("main"), false, true),
            ("a/b:v2-latest", "a/b", Some("v2-latest"), false, true),
            ("a/b:LATEST", "a/b", Some("LATEST"), false, true),
            ("a/b:latestish", "a/b", Some("latestish"), false, false),
            ("a/b@sha256:0123", "a/b", None, true, true),
            ("a/b:v1@sha256:0123", "a/b", Some("v1"), true, false),
            ("", "", None, false, true),
        ] {
            let read = Image::of(image);
            assert_eq!(
                (read.name, read.tag, read.has_digest, read.is_moving()),
                (name, tag, has_digest, is_moving),
                "{image}"
            );
        }
    }
}
