//! What can be wrong with a page, and the words for it.

/// A code of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Code {
    Doctype,
    Charset,
    Language,
    Title,
    Zoom,
    ImageText,
    Label,
    LinkText,
    ButtonText,
    FrameTitle,
    NoHeading,
    HeadingOrder,
    SeveralH1,
    DuplicateId,
    Tabindex,
    Obsolete,
    Syntax,
    Unclosed,
    StrayEnd,
    Nesting,
}

impl Code {
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Doctype => "html/doctype",
            Self::Charset => "html/charset",
            Self::Language => "html/language",
            Self::Title => "html/title",
            Self::Zoom => "html/zoom",
            Self::ImageText => "html/image-text",
            Self::Label => "html/label",
            Self::LinkText => "html/link-text",
            Self::ButtonText => "html/button-text",
            Self::FrameTitle => "html/frame-title",
            Self::NoHeading => "html/no-heading",
            Self::HeadingOrder => "html/heading-order",
            Self::SeveralH1 => "html/several-h1",
            Self::DuplicateId => "html/duplicate-id",
            Self::Tabindex => "html/tabindex",
            Self::Obsolete => "html/obsolete",
            Self::Syntax => "html/syntax",
            Self::Unclosed => "html/unclosed",
            Self::StrayEnd => "html/stray-end",
            Self::Nesting => "html/nesting",
        }
    }

    /// Returns what would put it right.
    pub(super) fn help(self, key: &str) -> &'static str {
        match self {
            Self::Doctype if key == PART => "make it a page, or list it in `exclude` if others only show it as a part",
            Self::Doctype => "begin the page with `<!doctype html>`",
            Self::Charset => {
                "write `<meta charset=\"utf-8\">` as the first thing in `<head>`, and save the page as UTF-8"
            }
            Self::Language => "name the language of the page, such as `<html lang=\"en\">`",
            Self::Title => "say in `<title>` what this page is about",
            Self::Zoom => "take `user-scalable` and `maximum-scale` out of the viewport",
            Self::ImageText => "describe the image in `alt`, or write `alt=\"\"` if it only decorates",
            Self::Label => "put the control in a `<label>`, or name its id in `<label for>`",
            Self::LinkText => "write text in the link, or name it in `aria-label`",
            Self::ButtonText => "write text in the button, or name it in `aria-label`",
            Self::FrameTitle => "say in the frame's `title` what is in it",
            Self::NoHeading => "give the page an `<h1>`",
            Self::HeadingOrder => "use the next level, and style for size",
            Self::SeveralH1 => "keep one `<h1>` for the page as a whole",
            Self::DuplicateId => "give each element an id of its own",
            Self::Tabindex => "use `tabindex=\"0\"`, and put the elements in the order in which they are used",
            Self::Obsolete => "use CSS, or the element that took its place",
            Self::Syntax => "look the name up under `Parse errors` in the HTML standard",
            Self::Unclosed => "write the end tag; `/>` ends no element of HTML",
            Self::StrayEnd => "remove the end tag, or write the start tag",
            Self::Nesting => "end the inner element before the outer one, and put each where it may be",
        }
    }
}

/// Something that is wrong in one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: Code,
    /// What it is about, as short as it can be and still tell it from others of its code: the image's URL, the id.
    pub(super) key: String,
    /// Line and column of the first; a page that lacks something has none.
    pub(super) place: Option<(u32, u32)>,
    /// How often.
    pub(super) times: u32,
}

/// Says what is wrong; the page's name follows behind `in`.
pub(super) fn what(code: Code, key: &str) -> String {
    match (code, key) {
        (_, TOO_MANY) => format!("there is more that `{}` is about", code.id()),
        (Code::Doctype, PART) => "there is no document type, nor `<html>`, `<head>`, `<title>` or `<body>`".to_owned(),
        (Code::Doctype, "") => "there is no document type".to_owned(),
        (Code::Doctype, _) => format!("the document type `{key}` is not `html`"),
        (Code::Charset, "") => "no encoding is named, and there are letters outside ASCII".to_owned(),
        (Code::Charset, LATE) => "the encoding is named behind the first 1,024 bytes".to_owned(),
        (Code::Charset, BROKEN) => "there are bytes that are not UTF-8".to_owned(),
        (Code::Charset, _) => format!("the encoding is `{key}`, not UTF-8"),
        (Code::Language, "") => "no `<html lang>` names the language".to_owned(),
        (Code::Language, _) => format!("the language `{key}` is no language tag"),
        (Code::Title, "") => "there is no `<title>`".to_owned(),
        (Code::Title, _) => "the `<title>` is empty".to_owned(),
        (Code::Zoom, _) => format!("the viewport forbids zooming (`{key}`)"),
        (Code::ImageText, "") => "an image has no text in its place".to_owned(),
        (Code::ImageText, _) => format!("the image `{key}` has no text in its place"),
        (Code::Label, _) => format!("the control `{key}` has no label"),
        (Code::LinkText, "") => "a link to the page itself has no text".to_owned(),
        (Code::LinkText, _) => format!("the link to `{key}` has no text"),
        (Code::ButtonText, _) => format!("the button `{key}` has no text"),
        (Code::FrameTitle, "") => "a frame has no title".to_owned(),
        (Code::FrameTitle, _) => format!("the frame `{key}` has no title"),
        (Code::NoHeading, _) => "there is no `<h1>`".to_owned(),
        (Code::HeadingOrder, _) => format!("a level of headings is left out ({key})"),
        (Code::SeveralH1, _) => "there are several `<h1>`".to_owned(),
        (Code::DuplicateId, _) => format!("the id `{key}` is there more than once"),
        (Code::Tabindex, _) => format!("`<{key}>` jumps the queue with its `tabindex`"),
        (Code::Obsolete, _) => format!("`<{key}>` is obsolete"),
        (Code::Syntax, _) => format!("the syntax is wrong: {key}"),
        (Code::Unclosed, _) => format!("`<{key}>` is never ended"),
        (Code::StrayEnd, _) => format!("`</{key}>` ends nothing"),
        (Code::Nesting, _) => format!("browsers put elements elsewhere: {key}"),
    }
}

/// The key of what a page has too much of to be listed.
pub(super) const TOO_MANY: &str = "more";
/// The key of a document type that is missing along with all else that makes a document.
pub(super) const PART: &str = "part";
pub(super) const LATE: &str = "late";
pub(super) const BROKEN: &str = "broken";
