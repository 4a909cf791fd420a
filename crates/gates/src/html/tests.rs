//! What the reader tells of pages in good and bad order.

use proptest::prelude::*;

use super::*;

/// Writes down what it hears.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    fn of(page: &[u8]) -> Vec<String> {
        let mut notes = Self::default();
        read(page, &mut notes);
        notes.0
    }
}

impl Visitor for Notes {
    const WANTS_ERRORS: bool = true;

    fn start(&mut self, tag: &StartTag<'_>) {
        let mut note = format!("<{}", String::from_utf8_lossy(tag.name));
        for (name, value) in tag.attributes.iter() {
            note.push_str(&format!(" {name}={value}@{}", tag.attributes.at(name).unwrap()));
        }
        note.push_str(if tag.self_closing { "/" } else { "" });
        note.push_str(if tag.foreign { " foreign" } else { "" });
        note.push_str(if tag.inert { " inert" } else { "" });
        self.0.push(format!("{note}>@{}", tag.at));
    }

    fn end(&mut self, tag: &EndTag<'_>) {
        let flags = [(tag.foreign, " foreign"), (tag.inert, " inert")];
        let flags: String = flags.iter().filter(|(is, _)| *is).map(|(_, flag)| *flag).collect();
        self.0.push(format!("</{}{flags}>@{}", String::from_utf8_lossy(tag.name), tag.at));
    }

    fn text(&mut self, text: &[u8], at: usize) {
        self.0.push(format!("{}@{at}", String::from_utf8_lossy(text)));
    }

    fn error(&mut self, error: html5gum::Error, _: usize) {
        self.0.push(format!("error {error}"));
    }

    fn doctype(&mut self, name: &[u8], at: usize) {
        self.0.push(format!("doctype {}@{at}", String::from_utf8_lossy(name)));
    }
}

#[track_caller]
fn check(page: &str, expected: &[&str]) {
    assert_eq!(Notes::of(page.as_bytes()), expected, "{page}");
}

#[test]
fn a_page_is_told_in_its_order_with_places() {
    check(
        "<!DOCTYPE html>\r\n<A HREF='x?a&amp;b' hidden c=d>T&lt;</a>",
        &["doctype html@0", "\n@15", "<a href=x?a&b@26 hidden=@37 c=d@46>@17", "T@48", "<@52", "</a>@53"],
    );
    check("\u{feff}<p>ü</p>", &["<p>@3", "ü@6", "</p>@8"]);
}

#[test]
fn of_two_attributes_of_one_name_the_first_counts() {
    check("<a b=1 b=2 c>", &["error duplicate-attribute", "<a b=1@5 c=@11>@0"]);
    check("</a b=1>", &["error end-tag-with-attributes", "</a>@0"]);
}

#[test]
fn what_is_not_utf8_is_replaced_and_nothing_moves() {
    let notes = Notes::of(b"<a \xff=\xfe\xfe b='c\xff' d=e>");
    assert_eq!(notes, ["<a \u{fffd}=\u{fffd}\u{fffd}@5 b=c\u{fffd}@11 d=e@17>@0"]);
}

#[test]
fn letters_that_are_torn_between_attributes_are_replaced() {
    let torn = "\u{fffd}";
    assert_eq!(Notes::of(b"<a b\xd8=\x8cc>"), [format!("<a b{torn}={torn}c@6>@0")]);
    assert_eq!(Notes::of(b"<a b=c\xd8 \x8c=d>"), [format!("<a b=c{torn}@5 {torn}=d@10>@0")]);
    assert_eq!(Notes::of(b"<a b\xd8 \x8c>"), [format!("<a b{torn}=@3 {torn}=@6>@0")]);
}

#[test]
fn scripts_and_their_like_hold_no_tags() {
    check("<script><b></script><i>", &["<script>@0", "<@8", "b@9", ">@10", "</script>@11", "<i>@20"]);
    for name in ["style", "title", "textarea", "iframe", "noembed", "noframes", "xmp"] {
        let notes = Notes::of(format!("<{name}><b></{name}><i>").as_bytes());
        assert!(!notes.iter().any(|note| note.starts_with("<b")), "{notes:?}");
        assert!(notes.iter().any(|note| note.starts_with("<i")), "{notes:?}");
    }
}

#[test]
fn noscript_is_inert_and_ends_where_it_does_for_scripts() {
    check(
        "<noscript><img src=a></noscript><p>",
        &["<noscript>@0", "<img src=a@19 inert>@10", "</noscript>@21", "<p>@32"],
    );
    check(
        "<noscript><style>x</noscript><p>",
        &["<noscript>@0", "<style inert>@10", "x@17", "</noscript>@18", "<p>@29"],
    );
    check("<noscript><!--</noscript><p>", &["<noscript>@0", "error eof-in-comment", "</noscript>@14", "<p>@25"]);
    check("<noscript><p>", &["<noscript>@0"]);
}

#[test]
fn templates_are_inert_unless_they_are_shadow_roots() {
    check(
        "<template><template><b></template><b></template><b>",
        &[
            "<template>@0",
            "<template inert>@10",
            "<b inert>@20",
            "</template inert>@23",
            "<b inert>@34",
            "</template>@37",
            "<b>@48",
        ],
    );
    check("<template shadowrootmode=open><b>", &["<template shadowrootmode=open@25>@0", "<b>@30"]);
    check("<template><svg></template><b>", &["<template>@0", "<svg foreign inert>@10", "</template>@15", "<b>@26"]);
}

#[test]
fn svg_and_mathml_are_told_apart_from_html() {
    check(
        "<svg><title/><path/></svg><b>",
        &["<svg foreign>@0", "<title/ foreign>@5", "<path/ foreign>@13", "</svg foreign>@20", "<b>@26"],
    );
    check("<svg/><b>", &["<svg/ foreign>@0", "<b>@6"]);
    check("<svg><p><b>", &["<svg foreign>@0", "<p>@5", "<b>@8"]);
    check("<svg><font><font size=1>", &["<svg foreign>@0", "<font foreign>@5", "<font size=1@22>@11"]);
    check(
        "<svg><foreignObject><div></div></foreignObject><title></title></svg>",
        &[
            "<svg foreign>@0",
            "<foreignobject foreign>@5",
            "<div>@20",
            "</div>@25",
            "</foreignobject foreign>@31",
            "<title foreign>@47",
            "</title foreign>@54",
            "</svg foreign>@62",
        ],
    );
    check(
        "<math><mi><b></mi><mn>",
        &["<math foreign>@0", "<mi foreign>@6", "<b>@10", "</mi foreign>@13", "<mn foreign>@18"],
    );
    check("<svg><![CDATA[<b>]]></svg>", &["<svg foreign>@0", "<b>@14", "</svg foreign>@20"]);
    check("<svg><title>a</svg><b>", &["<svg foreign>@0", "<title foreign>@5", "a@12", "</svg foreign>@13", "<b>@19"]);
}

#[test]
fn lines_and_columns_count_characters() {
    for (page, offset, expected) in [
        ("abc", 0, (1, 1)),
        ("abc", 2, (1, 3)),
        ("a\nb", 2, (2, 1)),
        ("ü\nüüb", 7, (2, 3)),
        ("a", 9, (1, 2)),
        ("", 0, (1, 1)),
    ] {
        assert_eq!(position(page.as_bytes(), offset), expected, "{offset} in {page:?}");
    }
}

/// Fails at a tag or a value that is not where it is said to be.
struct Places<'a>(&'a [u8]);

impl Visitor for Places<'_> {
    fn start(&mut self, tag: &StartTag<'_>) {
        assert_eq!(self.0[tag.at], b'<');
        assert!(self.0[tag.at + 1..].to_ascii_lowercase().starts_with(&tag.name[..1]));
        for (name, value) in tag.attributes.iter() {
            let at = tag.attributes.at(name).unwrap();
            let plain = value.split(['&', '\n', '\u{fffd}']).next().unwrap();
            // A replaced reference is not in the page as it is.
            if !self.0[at..].starts_with(b"&") && !value.is_empty() {
                assert!(self.0[at..].starts_with(plain.as_bytes()), "{name}={value} at {at}");
            }
        }
    }

    fn end(&mut self, tag: &EndTag<'_>) {
        assert!(self.0[tag.at..].starts_with(b"</"));
    }
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(bytes: Vec<u8>) {
        read(&bytes, &mut Notes::default());
        read(&bytes, &mut Places(&bytes));
    }

    #[test]
    fn everything_is_where_it_is_said_to_be(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "<", ">", "</", "/>", "a", "p", "svg", "title", "noscript", "template", "script", " ", "\r\n", "\r", "=",
                "\"", "'", "x", "ü", "<a href=", "<noscript>", "</noscript>", "<svg>", "</svg>", "<!--", "-->", "<![CDATA[",
                "]]>", "<mi>", "</template>", "<template>", "b='c'", "\0", "<foreignObject>",
            ]),
            0..40,
        )
    ) {
        let page = pieces.concat();
        read(page.as_bytes(), &mut Notes::default());
        read(page.as_bytes(), &mut Places(page.as_bytes()));
    }
}
