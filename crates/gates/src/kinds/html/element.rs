//! What the HTML standard says of elements by their names, as far as a reader without a tree needs it.

/// How an element's tags nest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// It has no end tag.
    Void,
    /// One of the elements that the parser treats by themselves, and behind which an end tag of another is not looked for.
    Special,
    /// Its formatting goes on behind a wrong end tag, as in `<b><i></b></i>`.
    Formatting,
    /// Any other.
    Ordinary,
}

/// Returns how an element's tags nest, by its name in lower case.
pub(super) fn sort(name: &[u8]) -> Sort {
    match name {
        b"area" | b"base" | b"basefont" | b"bgsound" | b"br" | b"col" | b"embed" | b"frame" | b"hr" | b"img"
        | b"input" | b"keygen" | b"link" | b"meta" | b"param" | b"source" | b"track" | b"wbr" => Sort::Void,
        b"a" | b"b" | b"big" | b"code" | b"em" | b"font" | b"i" | b"nobr" | b"s" | b"small" | b"strike" | b"strong"
        | b"tt" | b"u" => Sort::Formatting,
        b"address" | b"applet" | b"article" | b"aside" | b"blockquote" | b"body" | b"button" | b"caption"
        | b"center" | b"colgroup" | b"dd" | b"details" | b"dialog" | b"dir" | b"div" | b"dl" | b"dt" | b"fieldset"
        | b"figcaption" | b"figure" | b"footer" | b"form" | b"frameset" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5"
        | b"h6" | b"head" | b"header" | b"hgroup" | b"html" | b"iframe" | b"li" | b"listing" | b"main" | b"marquee"
        | b"menu" | b"nav" | b"noembed" | b"noframes" | b"noscript" | b"object" | b"ol" | b"p" | b"plaintext"
        | b"pre" | b"script" | b"search" | b"section" | b"select" | b"style" | b"summary" | b"table" | b"tbody"
        | b"td" | b"template" | b"textarea" | b"tfoot" | b"th" | b"thead" | b"title" | b"tr" | b"ul" | b"xmp" => {
            Sort::Special
        }
        _ => Sort::Ordinary,
    }
}

/// Says whether an element's end tag may be left out.
pub(super) fn may_stay_open(name: &[u8]) -> bool {
    matches!(
        name,
        b"body"
            | b"caption"
            | b"colgroup"
            | b"dd"
            | b"dt"
            | b"head"
            | b"html"
            | b"li"
            | b"optgroup"
            | b"option"
            | b"p"
            | b"rb"
            | b"rp"
            | b"rt"
            | b"rtc"
            | b"tbody"
            | b"td"
            | b"tfoot"
            | b"th"
            | b"thead"
            | b"tr"
    )
}

/// Says whether a start tag ends an open paragraph.
pub(super) fn ends_paragraph(name: &[u8]) -> bool {
    matches!(
        name,
        b"address"
            | b"article"
            | b"aside"
            | b"blockquote"
            | b"center"
            | b"dd"
            | b"details"
            | b"dialog"
            | b"dir"
            | b"div"
            | b"dl"
            | b"dt"
            | b"fieldset"
            | b"figcaption"
            | b"figure"
            | b"footer"
            | b"form"
            | b"h1"
            | b"h2"
            | b"h3"
            | b"h4"
            | b"h5"
            | b"h6"
            | b"header"
            | b"hgroup"
            | b"hr"
            | b"li"
            | b"listing"
            | b"main"
            | b"menu"
            | b"nav"
            | b"ol"
            | b"p"
            | b"plaintext"
            | b"pre"
            | b"search"
            | b"section"
            | b"summary"
            | b"table"
            | b"ul"
            | b"xmp"
    )
}

/// Says whether an end tag is not looked for above an element of this name.
pub(super) fn is_scope(name: &[u8]) -> bool {
    matches!(
        name,
        b"applet"
            | b"caption"
            | b"html"
            | b"marquee"
            | b"math"
            | b"object"
            | b"svg"
            | b"table"
            | b"td"
            | b"template"
            | b"th"
    )
}

/// Says whether an element may be in `<head>`.
pub(super) fn is_of_head(name: &[u8]) -> bool {
    matches!(
        name,
        b"base"
            | b"basefont"
            | b"bgsound"
            | b"link"
            | b"meta"
            | b"noframes"
            | b"noscript"
            | b"script"
            | b"style"
            | b"template"
            | b"title"
    )
}

/// Says whether only certain elements may be in one of this name, and no text: a table or a part of one.
pub(super) fn is_table_frame(name: &[u8]) -> bool {
    matches!(name, b"table" | b"tbody" | b"tfoot" | b"thead" | b"tr")
}

/// Says whether a table holds an element itself.
pub(super) fn is_of_table(name: &[u8]) -> bool {
    matches!(
        name,
        b"caption"
            | b"col"
            | b"colgroup"
            | b"form"
            | b"input"
            | b"script"
            | b"style"
            | b"tbody"
            | b"td"
            | b"template"
            | b"tfoot"
            | b"th"
            | b"thead"
            | b"tr"
    )
}

/// Returns a heading's level.
pub(super) fn heading(name: &[u8]) -> Option<u8> {
    match name {
        [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
        _ => None,
    }
}

/// Says whether an element is obsolete: the standard keeps it for old pages alone.
pub(super) fn is_obsolete(name: &[u8]) -> bool {
    matches!(
        name,
        b"acronym"
            | b"applet"
            | b"basefont"
            | b"bgsound"
            | b"big"
            | b"blink"
            | b"center"
            | b"dir"
            | b"font"
            | b"frame"
            | b"frameset"
            | b"keygen"
            | b"listing"
            | b"marquee"
            | b"menuitem"
            | b"multicol"
            | b"nextid"
            | b"nobr"
            | b"noembed"
            | b"noframes"
            | b"plaintext"
            | b"spacer"
            | b"strike"
            | b"tt"
            | b"xmp"
    )
}

/// Says whether the text in an element is none that people read.
pub(super) fn is_silent(name: &[u8]) -> bool {
    matches!(name, b"script" | b"style" | b"template" | b"noscript" | b"title" | b"iframe")
}
