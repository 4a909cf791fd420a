//! Whether tags nest, followed as the HTML standard's parser follows them, with what it leaves out on purpose.
//!
//! Browsers repair everything, so what is told here is where their repair may not be what was meant: an element that
//! is never ended, an end tag that ends nothing, and elements that overlap or are put elsewhere.

use super::element::{self, Sort};

/// Deeper pages are not followed; browsers don't either.
const MAX_DEPTH: usize = 512;

/// An element that was ended by something else than its end tag is remembered while this many are.
const MAX_LEFT: usize = 64;

/// What is wrong about nesting. Names are those of elements, offsets are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tangle {
    /// An element has no end tag and needs one.
    Unclosed { name: Vec<u8>, at: usize },
    /// An end tag ends nothing.
    Stray { name: Vec<u8>, at: usize },
    /// An element begins within another and ends behind it, or the other way round.
    Overlap { outer: Vec<u8>, inner: Vec<u8>, at: usize },
    /// An element ends another that was meant to hold it, or is outside what it must be in: then that is empty.
    Misplaced { name: Vec<u8>, within: Vec<u8>, at: usize },
    /// There is text where a table holds only its own elements.
    TextInTable { at: usize },
    /// Nested too deeply.
    TooDeep { at: usize },
}

/// An element that is open.
#[derive(Debug)]
struct Open {
    name: Vec<u8>,
    at: usize,
}

/// An element that was ended by something else than its end tag.
#[derive(Debug)]
struct Left {
    name: Vec<u8>,
    at: usize,
    /// What ended it.
    by: By,
    why: Why,
    /// What it was in, by its depth and its offset: behind the end of that, no end tag can mean it.
    within: Option<(usize, usize)>,
}

/// The tag that ended an element it does not belong to.
#[derive(Debug, Clone)]
enum By {
    /// A start tag, and where it is.
    Start(Vec<u8>, usize),
    End(Vec<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// The standard lets its end tag be left out here, so only an end tag that comes later is wrong.
    Implied,
    /// It should have ended first.
    Unended,
    /// That was told already.
    Told,
}

/// The open elements of a page.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    open: Vec<Open>,
    left: Vec<Left>,
    tangles: Vec<Tangle>,
    lost: bool,
    seen_body: bool,
}

impl Nesting {
    /// Returns what was found since it was last asked.
    pub(super) fn take(&mut self) -> Vec<Tangle> {
        std::mem::take(&mut self.tangles)
    }

    /// Returns how many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Says whether an element of this name is open.
    pub(super) fn holds(&self, name: &[u8]) -> bool {
        self.open.iter().any(|open| open.name == name)
    }

    /// Returns the name of the innermost open element.
    pub(super) fn innermost(&self) -> Option<&[u8]> {
        self.open.last().map(|open| open.name.as_slice())
    }

    /// Hears of a start tag of HTML, or of `<svg>` or `<math>`. Says whether its element is now the innermost.
    pub(super) fn start(&mut self, name: &[u8], at: usize) -> bool {
        if self.lost {
            return false;
        }
        if !self.make_room(name, at) {
            // Browsers ignore the tag.
            self.leave(Open { name: name.to_vec(), at }, By::Start(name.to_vec(), at), Why::Told);
            return false;
        }
        if element::sort(name) == Sort::Void {
            return false;
        }
        if (name == b"body" && std::mem::replace(&mut self.seen_body, true)) || (name == b"html" && self.holds(name)) {
            self.tangles.push(Tangle::Misplaced { name: name.to_vec(), within: name.to_vec(), at });
            return false;
        }
        if name == b"form" && self.innermost().is_some_and(element::is_table_frame) {
            // It is in the table without anything being in it.
            self.leave(Open { name: name.to_vec(), at }, By::Start(name.to_vec(), at), Why::Told);
            return false;
        }
        if self.open.len() >= MAX_DEPTH {
            self.lost = true;
            self.tangles.push(Tangle::TooDeep { at });
            return false;
        }
        self.open.push(Open { name: name.to_vec(), at });
        true
    }

    /// Hears of text that is not blank.
    pub(super) fn text(&mut self, at: usize) {
        if !self.lost && self.innermost().is_some_and(element::is_table_frame) {
            self.tangles.push(Tangle::TextInTable { at });
        }
    }

    /// Hears of an end tag of HTML, or of `</svg>` or `</math>`.
    pub(super) fn end(&mut self, name: &[u8], at: usize) {
        if self.lost || matches!(name, b"body" | b"html") {
            return;
        }
        // Most end the innermost element.
        if self.innermost() == Some(name) {
            self.open.pop();
            return;
        }
        match self.find(name) {
            Found::At(index) if element::sort(name) == Sort::Formatting => self.end_formatting(index, at),
            Found::At(index) => {
                self.pop_to(index + 1, &By::End(name.to_vec()), Why::Unended);
                self.open.pop();
            }
            Found::Behind(barrier) => {
                self.tangles.push(Tangle::Overlap { outer: name.to_vec(), inner: barrier, at });
                // It is still open; its end is not asked for again.
                if let Some(index) = self.open.iter().rposition(|open| open.name == name) {
                    let open = self.open.remove(index);
                    self.leave(open, By::End(name.to_vec()), Why::Told);
                }
            }
            Found::Nowhere => self.end_nothing(name, at),
        }
    }

    /// Hears that the page is over.
    pub(super) fn finish(&mut self) {
        let open = std::mem::take(&mut self.open);
        let never = open.into_iter().filter(|open| !element::may_stay_open(&open.name));
        let left = std::mem::take(&mut self.left).into_iter().filter(|left| left.why == Why::Unended);
        let unclosed = left.map(|left| (left.at, left.name)).chain(never.map(|open| (open.at, open.name)));
        if !self.lost {
            self.tangles.extend(unclosed.map(|(at, name)| Tangle::Unclosed { name, at }));
        }
    }

    /// Ends what a start tag ends without saying so. Says whether there is a place for the element.
    fn make_room(&mut self, name: &[u8], at: usize) -> bool {
        if self.innermost() == Some(b"head") && !element::is_of_head(name) {
            self.pop_to(self.open.len() - 1, &By::Start(name.to_vec(), at), Why::Implied);
        }
        if element::ends_paragraph(name)
            && let Some(index) = self.find_within(b"p", |above| element::is_scope(above) || above == b"button")
        {
            self.end_paragraph(index, name, at);
        }
        match name {
            b"li" => self.end_sibling(&[b"li"], name, at),
            b"dd" | b"dt" => self.end_sibling(&[b"dd", b"dt"], name, at),
            b"option" | b"optgroup" => {
                while self.innermost().is_some_and(|open| open == b"option" || (open == name && name == b"optgroup")) {
                    self.open.pop();
                }
            }
            b"a" => self.end_first(b"a", at),
            b"button" => self.end_first(b"button", at),
            b"form" => self.end_first(b"form", at),
            b"caption" | b"colgroup" | b"tbody" | b"thead" | b"tfoot" => return self.end_to(&[b"table"], name, at),
            b"col" => return self.end_to(&[b"colgroup", b"table"], name, at),
            b"tr" => return self.end_to(&[b"tbody", b"thead", b"tfoot", b"table"], name, at),
            b"td" | b"th" => return self.end_to(&[b"tr", b"tbody", b"thead", b"tfoot", b"table"], name, at),
            _ if element::heading(name).is_some() => self.end_heading(name, at),
            _ => {}
        }
        if let Some(frame) = self.innermost().filter(|frame| element::is_table_frame(frame))
            && !element::is_of_table(name)
        {
            self.tangles.push(Tangle::Misplaced { name: name.to_vec(), within: frame.to_vec(), at });
        }
        true
    }

    /// Ends an open paragraph for an element that no paragraph holds. That is how paragraphs may end; it is wrong when
    /// other elements in the paragraph are open, which then were meant to hold the new one.
    fn end_paragraph(&mut self, index: usize, by: &[u8], at: usize) {
        let is_tangled = self.open[index + 1..].iter().any(|open| !element::may_stay_open(&open.name));
        if is_tangled {
            self.tangles.push(Tangle::Misplaced { name: by.to_vec(), within: b"p".to_vec(), at });
        }
        self.pop_to(index, &By::Start(by.to_vec(), at), if is_tangled { Why::Told } else { Why::Unended });
    }

    /// Ends the list item, or term, before this one.
    fn end_sibling(&mut self, siblings: &[&[u8]], by: &[u8], at: usize) {
        for index in (0..self.open.len()).rev() {
            let name = self.open[index].name.as_slice();
            if siblings.contains(&name) {
                return self.pop_to(index, &By::Start(by.to_vec(), at), Why::Unended);
            }
            if element::sort(name) == Sort::Special && !matches!(name, b"address" | b"div" | b"p") {
                return;
            }
        }
    }

    /// Ends an element that cannot hold one of its own sort.
    fn end_first(&mut self, name: &[u8], at: usize) {
        let barrier: fn(&[u8]) -> bool = if name == b"form" { |above| above == b"template" } else { element::is_scope };
        if let Some(index) = self.find_within(name, barrier) {
            self.tangles.push(Tangle::Misplaced { name: name.to_vec(), within: name.to_vec(), at });
            let open = self.open.remove(index);
            self.leave(open, By::Start(name.to_vec(), at), Why::Told);
        }
    }

    fn end_heading(&mut self, name: &[u8], at: usize) {
        if let Some(within) = self.innermost().filter(|open| element::heading(open).is_some()).map(<[u8]>::to_vec) {
            self.tangles.push(Tangle::Misplaced { name: name.to_vec(), within, at });
            self.pop_to(self.open.len() - 1, &By::Start(name.to_vec(), at), Why::Told);
        }
    }

    /// Ends everything down to the part of a table that can hold this one. Says whether there is any.
    fn end_to(&mut self, holders: &[&[u8]], by: &[u8], at: usize) -> bool {
        for index in (0..self.open.len()).rev() {
            let name = self.open[index].name.as_slice();
            if holders.contains(&name) {
                self.pop_to(index + 1, &By::Start(by.to_vec(), at), Why::Unended);
                return true;
            }
            if matches!(name, b"table" | b"template" | b"html" | b"svg" | b"math") {
                break;
            }
        }
        self.tangles.push(Tangle::Misplaced { name: by.to_vec(), within: Vec::new(), at });
        false
    }

    /// Ends a formatting element that is not the innermost: those in it stay open.
    fn end_formatting(&mut self, index: usize, at: usize) {
        let open = self.open.remove(index);
        let inner = self.open[index..].iter().find(|inner| !element::may_stay_open(&inner.name));
        let inner = inner.or(self.open.last()).map(|inner| inner.name.clone()).unwrap_or_default();
        self.tangles.push(Tangle::Overlap { outer: open.name, inner, at });
    }

    /// Hears of an end tag whose element is not open.
    fn end_nothing(&mut self, name: &[u8], at: usize) {
        let is_open = |(depth, at): (usize, usize)| self.open.get(depth).is_some_and(|open| open.at == at);
        let Some(index) = self.left.iter().rposition(|left| left.name == name && left.within.is_none_or(is_open))
        else {
            // Any heading's end tag ends a heading.
            if element::heading(name).is_some()
                && let Some(index) = self.open.iter().rposition(|open| element::heading(&open.name).is_some())
            {
                let inner = self.open[index].name.clone();
                self.tangles.push(Tangle::Overlap { outer: inner, inner: name.to_vec(), at });
                self.pop_to(index + 1, &By::End(name.to_vec()), Why::Unended);
                self.open.pop();
                return;
            }
            return self.tangles.push(Tangle::Stray { name: name.to_vec(), at });
        };
        let Left { name, by, why, .. } = self.left.remove(index);
        match (why, by) {
            (Why::Told, _) => {}
            // The end tag says that it was meant to hold what ended it.
            (_, By::Start(by, started)) if element::may_stay_open(&name) => {
                self.tangles.push(Tangle::Misplaced { name: by, within: name, at: started });
            }
            (_, By::Start(by, _) | By::End(by)) => self.tangles.push(Tangle::Overlap { outer: by, inner: name, at }),
        }
    }

    /// Ends the open elements from `index` on.
    fn pop_to(&mut self, index: usize, by: &By, why: Why) {
        // An end tag ended the element that these are in as well, so that what holds that one counts.
        let holder = index.checked_sub(if matches!(by, By::Start(..)) { 1 } else { 2 });
        let holder = holder.map(|depth| (depth, self.open[depth].at));
        for open in self.open.split_off(index) {
            let is_implied = why == Why::Unended && element::may_stay_open(&open.name);
            let why = if is_implied { Why::Implied } else { why };
            self.leave_within(open, by.clone(), why, holder.filter(|_| why != Why::Unended));
        }
    }

    fn leave(&mut self, open: Open, by: By, why: Why) {
        self.leave_within(open, by, why, None);
    }

    fn leave_within(&mut self, open: Open, by: By, why: Why, within: Option<(usize, usize)>) {
        if self.left.len() >= MAX_LEFT {
            let oldest = self.left.remove(0);
            if oldest.why == Why::Unended {
                self.tangles.push(Tangle::Unclosed { name: oldest.name, at: oldest.at });
            }
        }
        self.left.push(Left { name: open.name, at: open.at, by, why, within });
    }

    fn find_within(&self, name: &[u8], barrier: impl Fn(&[u8]) -> bool) -> Option<usize> {
        for (index, open) in self.open.iter().enumerate().rev() {
            if open.name == name {
                return Some(index);
            }
            if barrier(&open.name) {
                return None;
            }
        }
        None
    }

    /// Looks for the element that an end tag ends.
    fn find(&self, name: &[u8]) -> Found {
        let is_ordinary = element::sort(name) == Sort::Ordinary;
        let is_of_table = element::is_of_table(name) || name == b"table";
        for (index, open) in self.open.iter().enumerate().rev() {
            if open.name == name {
                return Found::At(index);
            }
            let stops = match () {
                () if is_of_table => matches!(open.name.as_slice(), b"table" | b"template" | b"html"),
                () if is_ordinary => element::sort(&open.name) == Sort::Special || element::is_scope(&open.name),
                () if name == b"p" => element::is_scope(&open.name) || open.name == b"button",
                () => element::is_scope(&open.name),
            };
            if stops {
                return match self.open[..index].iter().any(|open| open.name == name) {
                    true if is_ordinary => Found::Behind(open.name.clone()),
                    _ => Found::Nowhere,
                };
            }
        }
        Found::Nowhere
    }
}

enum Found {
    At(usize),
    /// It is open, but an element within it is too, in which it cannot end.
    Behind(Vec<u8>),
    Nowhere,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads tags without attributes; anything else is text.
    fn tangles(page: &str) -> Vec<String> {
        let mut nesting = Nesting::default();
        for (at, piece) in page.match_indices('<').map(|(at, _)| (at, &page[at + 1..])) {
            let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
            match tag.strip_prefix('/') {
                Some(name) => nesting.end(name.as_bytes(), at),
                None => _ = nesting.start(tag.as_bytes(), at),
            }
            if !text.split('<').next().unwrap_or_default().trim().is_empty() {
                nesting.text(at);
            }
        }
        nesting.finish();
        let text = |name: Vec<u8>| String::from_utf8_lossy(&name).into_owned();
        let told = nesting.take().into_iter().map(|tangle| match tangle {
            Tangle::Unclosed { name, .. } => format!("unclosed {}", text(name)),
            Tangle::Stray { name, .. } => format!("stray {}", text(name)),
            Tangle::Overlap { outer, inner, .. } => format!("{} over {}", text(outer), text(inner)),
            Tangle::Misplaced { name, within, .. } => format!("{} in {}", text(name), text(within)),
            Tangle::TextInTable { .. } => "text in table".to_owned(),
            Tangle::TooDeep { .. } => "too deep".to_owned(),
        });
        told.collect()
    }

    #[test]
    fn what_the_standard_lets_be_left_out_is_no_fault() {
        for page in [
            "<html><head><title>x</title><body><p>a<p>b<ul><li>a<li>b</ul>",
            "<title>x</title><p>a<div>b</div><h1>c</h1>",
            "<table><tr><td>a<td>b<tr><th>c</table>",
            "<table><caption>x<colgroup><col><tbody><tr><td>a</tbody><tfoot><tr><td>b</table>",
            "<table><tr><td><table><tr><td>x</td></tr></table></td></tr></table>",
            "<dl><dt>a<dd>b<dt>c</dl>",
            "<select><optgroup><option>a<option>b<optgroup><option>c</select>",
            "<ruby>a<rp>(<rt>b<rp>)</ruby>",
            "<p>a<br>b<img>c</p><hr><input>",
            "<a><div>x</div></a>",
            "<ul><li><p>a</ul>",
            "<li><ul><li>a</li></ul></li>",
            "<div><svg></svg><math></math></div>",
            "<table><form><tr><td>x</td></tr></form></table>",
            "<button><p>x</p></button>",
            "<p><button><p>x</p></button></p>",
            "<x-card><p>a</p></x-card>",
            "<body><p>a</body></html>",
        ] {
            assert_eq!(tangles(page), Vec::<String>::new(), "{page}");
        }
    }

    #[test]
    fn what_browsers_repair_is_told_once() {
        for (page, expected) in [
            ("<div><p>a", "unclosed div"),
            ("<div><span>a</div>", "unclosed span"),
            ("<p>a</div></p>", "stray div"),
            ("<b><i>x</b></i>", "b over i"),
            ("<span><div>x</span></div>", "span over div"),
            ("<div><span>x</div></span>", "div over span"),
            ("<p><div>x</div></p>", "div in p"),
            ("<p><span><div>x</div></span></p>", "div in p"),
            ("<p><b><ul><li>x</li></ul></b></p>", "ul in p"),
            ("<a>x<a>y</a></a>", "a in a"),
            ("<form><form>x</form></form>", "form in form"),
            ("<h2>a<h3>b</h3></h2>", "h3 in h2"),
            ("<h2>a</h3>", "h2 over h3"),
            ("<ul><li>a</ul></li>", "ul over li"),
            ("<table><div>x</div><tr><td>y</td></tr></table>", "div in table"),
            ("<table><tr>x<td>y</td></tr></table>", "text in table"),
            ("<div><td>x</div>", "td in "),
            ("<html><head><div>x</div></head><body></body></html>", "div in head"),
            ("<body><p>a</p><body>", "body in body"),
            ("<table><tr><td><div>x</td></tr></table>", "unclosed div"),
            ("<table><tr><td></div></td></tr></table>", "stray div"),
            ("<section><p>a</section></p>", "section over p"),
            ("<div><p>a<ul><li>b</ul></div><p>c</p></p>", "stray p"),
            ("<div><section><p>a</section></div><p>c</p></p>", "stray p"),
            ("<div><p>a<ul><li>b</ul></p></div>", "ul in p"),
        ] {
            assert_eq!(tangles(page), [expected], "{page}");
        }
    }

    #[test]
    fn what_ended_an_element_too_early_is_pointed_at() {
        let page = "<p>a<ul><li>b</li></ul></p>";
        let mut nesting = Nesting::default();
        nesting.start(b"p", 0);
        nesting.start(b"ul", 4);
        nesting.end(b"ul", 18);
        nesting.end(b"p", 23);
        let expected =
            Tangle::Misplaced { name: b"ul".to_vec(), within: b"p".to_vec(), at: page.find("<ul>").unwrap() };
        assert_eq!(nesting.take(), [expected]);
    }

    #[test]
    fn a_page_that_is_too_deep_is_left_alone() {
        let page = format!("{}{}</p>", "<div>".repeat(100_000), "</b>".repeat(1_000));
        assert_eq!(tangles(&page), ["too deep"]);
    }

    fn tree() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![Just("x".to_owned()), Just("<br>".to_owned()), Just(String::new())];
        leaf.prop_recursive(6, 40, 5, |inner| {
            (
                prop::sample::select(vec!["div", "section", "ul", "x-y", "blockquote"]),
                prop::collection::vec(inner, 0..5),
            )
                .prop_map(|(name, children)| format!("<{name}>{}</{name}>", children.concat()))
        })
    }

    proptest! {
        #[test]
        fn a_tree_of_blocks_is_never_tangled(page in tree()) {
            prop_assert_eq!(tangles(&page), Vec::<String>::new());
        }

        #[test]
        fn one_end_tag_less_is_found(page in tree()) {
            if let Some(last) = page.rfind("</") {
                prop_assert_eq!(tangles(&page[..last]).len(), 1);
            }
        }

        #[test]
        fn any_tags_can_be_followed(tags in prop::collection::vec(
            (any::<bool>(), prop::sample::select(vec![
                "p", "div", "a", "b", "i", "span", "table", "tr", "td", "tbody", "li", "ul", "h1", "h2", "form", "button",
                "option", "select", "head", "body", "html", "svg", "template", "dd", "dt",
            ])), 0..200))
        {
            let page: String = tags.iter().map(|(end, name)| format!("<{}{name}>", if *end { "/" } else { "" })).collect();
            tangles(&page);
        }
    }
}
