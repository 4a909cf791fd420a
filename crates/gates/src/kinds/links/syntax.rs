//! How values of attributes are written that hold more than a URL.

/// Says whether HTML takes a character for white space.
pub(super) const fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

/// Tells each URL of a `srcset` with where it begins, in bytes, as the HTML standard splits it.
pub(crate) fn candidates(srcset: &str, mut tell: impl FnMut(&str, usize)) {
    let mut at = 0;
    loop {
        let rest = &srcset[at..];
        at += rest.len() - rest.trim_start_matches(|letter| is_space(letter) || letter == ',').len();
        let rest = &srcset[at..];
        if rest.is_empty() {
            return;
        }
        let url = &rest[..rest.find(is_space).unwrap_or(rest.len())];
        let bare = url.trim_end_matches(',');
        tell(bare, at);
        at += url.len();
        if bare.len() < url.len() {
            continue;
        }
        // The descriptors end at a comma that is not in parentheses.
        let mut depth = 0_usize;
        let end = srcset[at..].find(|letter| {
            match letter {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            letter == ',' && depth == 0
        });
        at = end.map_or(srcset.len(), |end| at + end + 1);
    }
}

/// Returns the URL of a `<meta http-equiv=refresh>`, such as that of `5; url='next.html'`.
pub(super) fn refresh(content: &str) -> Option<&str> {
    let rest = content.trim_start_matches(is_space);
    let after = rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let rest = after.trim_start_matches(is_space);
    if rest.len() == after.len() && !rest.starts_with([';', ',']) {
        return None;
    }
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim_start_matches(is_space);
    let url = match rest.get(..3).filter(|word| word.eq_ignore_ascii_case("url")) {
        Some(_) => {
            let rest = rest[3..].trim_start_matches(is_space);
            rest.strip_prefix('=').map_or(rest, |rest| rest.trim_start_matches(is_space))
        }
        None => rest,
    };
    let url = match url.chars().next() {
        Some(quote @ ('\'' | '"')) => url[1..].split(quote).next().unwrap_or_default(),
        _ => url,
    };
    (!url.is_empty()).then_some(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_srcset_is_split_as_browsers_split_it() {
        for (srcset, expected) in [
            ("a.png", vec!["a.png"]),
            ("a.png, b.png 2x", vec!["a.png", "b.png"]),
            ("a.png 1x,b.png 2x", vec!["a.png", "b.png"]),
            ("a,b.png 1x", vec!["a,b.png"]),
            (" ,, a.png,, b.png", vec!["a.png", "b.png"]),
            ("a.png (x, y) 1x, b.png", vec!["a.png", "b.png"]),
            ("", vec![]),
        ] {
            let mut found = Vec::new();
            candidates(srcset, |url, at| {
                assert!(srcset[at..].starts_with(url));
                found.push(url.to_owned());
            });
            assert_eq!(found, expected, "{srcset}");
        }
    }

    #[test]
    fn a_refresh_may_name_where_to_go() {
        for (content, expected) in [
            ("0; url=a.html", Some("a.html")),
            ("0;URL = 'a b.html' x", Some("a b.html")),
            ("5, a.html", Some("a.html")),
            ("5 url=a.html", Some("a.html")),
            ("5", None),
            ("", None),
            ("url=a.html", None),
        ] {
            assert_eq!(refresh(content), expected, "{content}");
        }
    }

    proptest! {
        #[test]
        fn any_srcset_ends(srcset in "[a-z ,()é]{0,40}") {
            candidates(&srcset, |url, at| assert!(srcset[at..].starts_with(url)));
        }

        #[test]
        fn any_refresh_can_be_read(content in "[0-9.;, urlURL='\"aé]{0,20}") {
            let _ = refresh(&content);
        }
    }
}
