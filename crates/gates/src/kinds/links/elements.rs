//! Which attributes of which elements refer to something.

use super::references::{Contents, Role};
use super::syntax::{candidates, is_space, refresh};
use crate::html::{Attributes, StartTag};

/// One element, and where its references go.
#[derive(Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: &'a StartTag<'a>,
    pub(super) contents: &'a mut Contents,
}

impl Element<'_> {
    fn refer(&mut self, role: Role, attribute: &str) {
        if let Some(value) = self.tag.attributes.get(attribute) {
            let at = self.tag.attributes.at(attribute).unwrap_or(self.tag.at);
            self.contents.refer(role, value, at);
        }
    }

    fn candidates(&mut self, attribute: &str) {
        if let Some(value) = self.tag.attributes.get(attribute) {
            let at = self.tag.attributes.at(attribute).unwrap_or(self.tag.at);
            candidates(value, |url, offset| self.contents.refer(Role::Resource, url, at + offset));
        }
    }

    /// Takes what an element of SVG refers to.
    pub(super) fn foreign(&mut self) {
        let role = match self.tag.name {
            b"a" => Role::Link,
            // The names of SVG come in lower case.
            b"image" | b"use" | b"feimage" | b"script" | b"pattern" | b"lineargradient" | b"radialgradient"
            | b"textpath" | b"mpath" => Role::Resource,
            _ => return,
        };
        self.refer(role, "href");
        if !self.tag.attributes.has("href") {
            self.refer(role, "xlink:href");
        }
    }

    /// Takes what an element of HTML refers to, and its name if it is a part.
    pub(super) fn html(&mut self) {
        match self.tag.name {
            b"a" => {
                self.contents.name_part(self.tag.attributes.get("name"));
                self.refer(Role::Link, "href");
            }
            b"area" => self.refer(Role::Link, "href"),
            b"img" | b"source" => {
                self.refer(Role::Resource, "src");
                self.candidates("srcset");
            }
            b"script" | b"iframe" | b"frame" | b"embed" | b"track" | b"audio" => self.refer(Role::Resource, "src"),
            b"video" => {
                self.refer(Role::Resource, "src");
                self.refer(Role::Resource, "poster");
            }
            b"object" => self.refer(Role::Resource, "data"),
            b"form" => self.refer(Role::Form, "action"),
            b"button" => self.refer(Role::Form, "formaction"),
            b"input" => {
                self.refer(Role::Form, "formaction");
                if self.tag.attributes.get("type").is_some_and(|kind| kind.eq_ignore_ascii_case("image")) {
                    self.refer(Role::Resource, "src");
                }
            }
            b"body" | b"table" | b"td" | b"th" => self.refer(Role::Resource, "background"),
            b"link" => {
                if let Some(role) = role_of_link(self.tag.attributes) {
                    self.refer(role, "href");
                    self.candidates("imagesrcset");
                }
            }
            b"base" if self.contents.base.is_none() => {
                let href = self.tag.attributes.get("href");
                self.contents.base = href.map(|href| href.trim_matches(is_space).to_owned());
            }
            b"meta" => self.meta(),
            _ => {}
        }
    }

    fn meta(&mut self) {
        let attributes = self.tag.attributes;
        let Some(content) = attributes.get("content") else { return };
        let at = attributes.at("content").unwrap_or(self.tag.at);
        if attributes.get("http-equiv").is_some_and(|name| name.trim().eq_ignore_ascii_case("refresh")) {
            if let Some(url) = refresh(content) {
                self.contents.passes_on.get_or_insert_with(|| url.to_owned());
                self.contents.refer(Role::Link, url, at + (url.as_ptr() as usize - content.as_ptr() as usize));
            }
            return;
        }
        // What others show of the page when it is shared; by its protocol an absolute URL.
        let shared = ["og:image", "og:image:secure_url", "og:url", "og:video", "og:audio", "twitter:image"];
        let name = attributes.get("property").or_else(|| attributes.get("name")).unwrap_or_default();
        if shared.contains(&name) && content.trim_start_matches(is_space).starts_with("http") {
            self.contents.refer(Role::Link, content, at);
        }
    }
}

/// Says what a `<link>` is for; nothing, when neither browsers nor search engines follow it, as with `up` and `import`.
fn role_of_link(attributes: &Attributes) -> Option<Role> {
    const FETCHED: [&str; 10] = [
        "stylesheet",
        "icon",
        "apple-touch-icon",
        "apple-touch-icon-precomposed",
        "apple-touch-startup-image",
        "mask-icon",
        "manifest",
        "preload",
        "modulepreload",
        "prefetch",
    ];
    const FOLLOWED: [&str; 12] = [
        "alternate",
        "amphtml",
        "author",
        "canonical",
        "help",
        "license",
        "me",
        "next",
        "prev",
        "privacy-policy",
        "search",
        "terms-of-service",
    ];
    let rel = attributes.get("rel")?;
    let has = |wanted: &[&str]| {
        rel.split_ascii_whitespace().any(|word| wanted.iter().any(|known| word.eq_ignore_ascii_case(known)))
    };
    if has(&FETCHED) { Some(Role::Resource) } else { has(&FOLLOWED).then_some(Role::Link) }
}

#[cfg(test)]
mod tests {
    use super::Role;
    use crate::kinds::links::references::of_page;

    fn references(page: &str) -> Vec<(Role, String)> {
        let contents = of_page(page.as_bytes());
        contents.references.iter().map(|one| (one.role, contents.text(one).to_owned())).collect()
    }

    #[test]
    fn everything_that_a_browser_follows_or_fetches_is_found() {
        for (page, role, expected) in [
            ("<a href=' x.html '>", Role::Link, vec!["x.html"]),
            ("<area href=x>", Role::Link, vec!["x"]),
            ("<img src=a.png srcset='b.png 1x, c.png 2x'>", Role::Resource, vec!["a.png", "b.png", "c.png"]),
            ("<picture><source srcset=a.webp></picture>", Role::Resource, vec!["a.webp"]),
            (
                "<video src=a.mp4 poster=b.jpg><track src=c.vtt></video>",
                Role::Resource,
                vec!["a.mp4", "b.jpg", "c.vtt"],
            ),
            ("<iframe src=a></iframe><embed src=b><object data=c></object>", Role::Resource, vec!["a", "b", "c"]),
            ("<script src=a.js></script>", Role::Resource, vec!["a.js"]),
            ("<link rel='shortcut ICON' href=a.ico>", Role::Resource, vec!["a.ico"]),
            ("<link rel=preload as=image imagesrcset='a.png 1x'>", Role::Resource, vec!["a.png"]),
            ("<link rel=canonical href=/a>", Role::Link, vec!["/a"]),
            ("<link rel=preconnect href=https://x.example>", Role::Link, vec![]),
            ("<link rel=up href=a><link rel=import href=b>", Role::Link, vec![]),
            ("<link href=a>", Role::Link, vec![]),
            (
                "<form action=a><button formaction=b><input type=submit formaction=c></form>",
                Role::Form,
                vec!["a", "b", "c"],
            ),
            ("<input type=IMAGE src=a.png><input src=b.png>", Role::Resource, vec!["a.png"]),
            ("<meta http-equiv=Refresh content='5; URL=a.html'>", Role::Link, vec!["a.html"]),
            (
                "<meta property=og:image content=https://example.org/a.png>",
                Role::Link,
                vec!["https://example.org/a.png"],
            ),
            ("<svg><use xlink:href='a.svg#b'/><image href=c.png /></svg>", Role::Resource, vec!["a.svg#b", "c.png"]),
            ("<svg><a href=a.html></a></svg>", Role::Link, vec!["a.html"]),
            ("<style>@import 'a.css'; b { c: url(d.png) }</style>", Role::Resource, vec!["a.css", "d.png"]),
            ("<p style='background: url(\"a.png\")'>", Role::Resource, vec!["a.png"]),
            ("<noscript><img src=a.png></noscript>", Role::Resource, vec!["a.png"]),
        ] {
            let expected: Vec<(Role, String)> = expected.into_iter().map(|text| (role, text.to_owned())).collect();
            assert_eq!(references(page), expected, "{page}");
        }
    }
}
