//! Where SVG and MathML begin and end within HTML, and what is inert.

use super::Attributes;

/// What an end tag can lead back to; elements in between are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Frame {
    Svg,
    Math,
    /// HTML within SVG or MathML, in the element of this name.
    Html(&'static str),
    Template {
        inert: bool,
    },
}

/// Deeper nesting is taken for the depth it has reached.
const MAX_DEPTH: usize = 512;

/// The namespaces that are open. A tag is told to it in the page's order.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    frames: Vec<Frame>,
    inert_templates: usize,
}

impl Namespaces {
    pub(super) fn is_foreign(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::Svg | Frame::Math))
    }

    pub(super) const fn is_inert(&self) -> bool {
        self.inert_templates > 0
    }

    /// Hears of a start tag and says whether its element is a foreign one.
    pub(super) fn start(&mut self, name: &[u8], attributes: &Attributes, self_closing: bool) -> bool {
        if self.is_foreign() && breaks_out(name, attributes) {
            while self.is_foreign() {
                self.frames.pop();
            }
        }
        let frame = match (self.frames.last(), name) {
            (Some(Frame::Svg), b"foreignobject") => Some(Frame::Html("foreignobject")),
            (Some(Frame::Svg), b"desc") => Some(Frame::Html("desc")),
            (Some(Frame::Svg), b"title") => Some(Frame::Html("title")),
            (Some(Frame::Svg), b"svg") => Some(Frame::Svg),
            (Some(Frame::Svg), _) => None,
            (Some(Frame::Math), b"mi") => Some(Frame::Html("mi")),
            (Some(Frame::Math), b"mo") => Some(Frame::Html("mo")),
            (Some(Frame::Math), b"mn") => Some(Frame::Html("mn")),
            (Some(Frame::Math), b"ms") => Some(Frame::Html("ms")),
            (Some(Frame::Math), b"mtext") => Some(Frame::Html("mtext")),
            (Some(Frame::Math), b"annotation-xml") if holds_html(attributes) => Some(Frame::Html("annotation-xml")),
            (Some(Frame::Math), b"math") => Some(Frame::Math),
            (Some(Frame::Math), b"svg") => Some(Frame::Svg),
            (Some(Frame::Math), _) => None,
            (_, b"svg") => Some(Frame::Svg),
            (_, b"math") => Some(Frame::Math),
            (_, b"template") => Some(Frame::Template { inert: !attributes.has("shadowrootmode") }),
            _ => return false,
        };
        let is_foreign = self.is_foreign() || matches!(frame, Some(Frame::Svg | Frame::Math));
        if let Some(frame) = frame.filter(|_| self.frames.len() < MAX_DEPTH && !(is_foreign && self_closing)) {
            self.inert_templates += usize::from(frame == Frame::Template { inert: true });
            self.frames.push(frame);
        }
        is_foreign
    }

    /// Hears of an end tag and says whether it ends a foreign element.
    pub(super) fn end(&mut self, name: &[u8]) -> bool {
        if self.frames.is_empty() {
            return false;
        }
        let was_foreign = self.is_foreign();
        if was_foreign && matches!(name, b"p" | b"br") {
            while self.is_foreign() {
                self.frames.pop();
            }
            return false;
        }
        let ends = |frame: &Frame| match frame {
            Frame::Svg => name == b"svg",
            Frame::Math => name == b"math",
            Frame::Html(element) => name == element.as_bytes(),
            Frame::Template { .. } => name == b"template",
        };
        // Nothing reaches out of a template but its own end.
        let from = match name {
            b"template" => 0,
            _ => self.frames.iter().rposition(|frame| matches!(frame, Frame::Template { .. })).map_or(0, |at| at + 1),
        };
        let Some(at) = self.frames[from..].iter().rposition(ends).map(|at| from + at) else { return was_foreign };
        let is_foreign = !matches!(self.frames[at], Frame::Template { .. });
        let inert = self.frames[at..].iter().filter(|frame| **frame == Frame::Template { inert: true }).count();
        self.inert_templates -= inert;
        self.frames.truncate(at);
        is_foreign
    }
}

fn holds_html(attributes: &Attributes) -> bool {
    attributes.get("encoding").is_some_and(|encoding| {
        ["text/html", "application/xhtml+xml"].iter().any(|known| encoding.eq_ignore_ascii_case(known))
    })
}

/// Says whether a tag ends all open foreign elements, as the HTML standard lists them ("breaks out").
fn breaks_out(name: &[u8], attributes: &Attributes) -> bool {
    match name {
        b"b" | b"big" | b"blockquote" | b"body" | b"br" | b"center" | b"code" | b"dd" | b"div" | b"dl" | b"dt"
        | b"em" | b"embed" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"head" | b"hr" | b"i" | b"img"
        | b"li" | b"listing" | b"menu" | b"meta" | b"nobr" | b"ol" | b"p" | b"pre" | b"ruby" | b"s" | b"small"
        | b"span" | b"strike" | b"strong" | b"sub" | b"sup" | b"table" | b"tt" | b"u" | b"ul" | b"var" => true,
        b"font" => ["color", "face", "size"].iter().any(|name| attributes.has(name)),
        _ => false,
    }
}
