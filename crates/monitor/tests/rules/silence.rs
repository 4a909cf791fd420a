//! Silences and inhibitions.

use charter_monitor::rules::inhibit::{Inhibition, inhibited};
use charter_monitor::rules::labels::{Labels, Matcher, MatcherError, all_match};
use charter_monitor::rules::silence::{Silence, SilenceError, woken};
use proptest::prelude::*;

use crate::at;

fn matchers(texts: &[&str]) -> Vec<Matcher> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn matchers_demand_what_they_say() {
    let it = labels(&[("site", "docs"), ("url", "https://example.org/a/b")]);
    for (text, expected) in [
        ("site=docs", true),
        ("site=doc", false),
        ("site!=docs", false),
        ("site!=shop", true),
        ("team=", true),
        ("team!=night", true),
        ("url~https://*/b", true),
        ("url~*.org", false),
        ("url!~*shop*", true),
        ("site~{docs,shop}", true),
        ("site~d[a-o]cs", true),
        ("site=a=b", false),
    ] {
        let matcher: Matcher = text.parse().unwrap();
        assert_eq!(matcher.matches(&it), expected, "{text}");
        assert_eq!(matcher.to_string(), text);
        assert_eq!(serde_json::from_str::<Matcher>(&serde_json::to_string(text).unwrap()).unwrap(), matcher);
    }
    for text in ["", "site", "=docs", "si te=docs", "site!docs", &format!("site={}", "a".repeat(600))] {
        assert!(matches!(text.parse::<Matcher>(), Err(MatcherError::Shape { .. })), "{text}");
    }
    assert!(matches!("site~[".parse::<Matcher>(), Err(MatcherError::Glob { .. })));
}

#[test]
fn a_silence_has_an_author_a_reason_and_an_end() {
    let make =
        |matches: &[&str], author, reason, until| Silence::new(matchers(matches), author, reason, at(0), at(until));
    assert!(make(&["site=docs"], "ann", "new disk", 3600).is_ok());
    assert_eq!(make(&["site=docs"], " ", "new disk", 3600), Err(SilenceError::Unsigned));
    assert_eq!(make(&["site=docs"], "ann", "", 3600), Err(SilenceError::Unsigned));
    assert_eq!(make(&["site=docs"], "ann", "new disk", 0), Err(SilenceError::Unending));
    assert_eq!(make(&["site=docs"], "ann", "new disk", 91 * 86_400), Err(SilenceError::Unending));
    for everything in [&[][..], &["site~*"], &["site!=docs"], &["site!=docs", "team~*"]] {
        assert_eq!(make(everything, "ann", "new disk", 3600), Err(SilenceError::Everything), "{everything:?}");
    }
    let written = serde_json::to_value(make(&["site=docs"], "ann", "new disk", 3600).unwrap()).unwrap();
    assert_eq!(written["matchers"][0], "site=docs");
    let mut unsigned = written.clone();
    unsigned["author"] = "".into();
    assert!(serde_json::from_value::<Silence>(unsigned).is_err(), "what is read is held to the same");
    assert!(serde_json::from_value::<Silence>(written).is_ok());
}

#[test]
fn who_silenced_something_that_is_still_wrong_is_told() {
    let silence = |matches: &str, until| Silence::new(matchers(&[matches]), "ann", "why", at(0), at(until)).unwrap();
    let silences = [silence("site=docs", 3600), silence("site=shop", 3600), silence("host=a", 7200)];
    let firing = [labels(&[("site", "docs"), ("n", "1")]), labels(&[("site", "docs"), ("host", "a")])];
    assert_eq!(silences[0].preview(&firing).len(), 2);
    assert!(silences[0].matches(&firing[0], at(3599)) && !silences[0].matches(&firing[0], at(3600)));
    let found = woken(&silences, &firing, at(3590), at(3600));
    assert_eq!(found.len(), 1, "the shop is well again");
    assert_eq!((found[0].silence, &found[0].alerts), (&silences[0], &vec![&firing[0]]));
    assert!(woken(&silences, &firing, at(3600), at(3700)).is_empty(), "it is told once");
    assert!(!silences[0].lifted(at(60)).lasts(at(60)));
}

#[test]
fn an_alert_goes_without_saying_only_beside_its_reason() {
    let rule = |source: &[&str], target: &[&str], equal: &[&str]| Inhibition {
        source: matchers(source),
        target: matchers(target),
        equal: equal.iter().map(|name| (*name).to_owned()).collect(),
    };
    let rules = [rule(&["kind=down"], &["kind~{slow,down}"], &["host"])];
    let alert = |kind, host| labels(&[("kind", kind), ("host", host)]);
    let (down, slow, elsewhere) = (alert("down", "a"), alert("slow", "a"), alert("slow", "b"));
    let firing = [&down, &slow, &elsewhere];
    assert_eq!(inhibited(&rules, &slow, firing), Some(&down));
    assert_eq!(inhibited(&rules, &elsewhere, firing), None, "another host");
    assert_eq!(inhibited(&rules, &down, firing), None, "nothing silences itself");
    assert_eq!(inhibited(&rules, &slow, [&slow]), None, "the reason is gone");
    // Two hosts that are down would silence each other.
    let any = [rule(&["kind=down"], &["kind~{slow,down}"], &[])];
    let (one, other) = (alert("down", "a"), alert("down", "b"));
    assert_eq!((inhibited(&any, &one, [&one, &other]), inhibited(&any, &other, [&one, &other])), (None, None));
}

proptest! {
    #[test]
    fn a_demand_and_its_opposite_never_agree(value in "[a-c/.]{0,6}", wanted in "[a-c/.*?]{0,6}") {
        let it = labels(&[("site", &value)]);
        for sign in ["=", "~"] {
            let demand: Matcher = format!("site{sign}{wanted}").parse().unwrap();
            let opposite: Matcher = format!("site!{sign}{wanted}").parse().unwrap();
            prop_assert_ne!(demand.matches(&it), opposite.matches(&it));
        }
    }

    #[test]
    fn any_text_is_a_matcher_that_writes_itself_or_refused(text in ".{0,40}") {
        if let Ok(matcher) = text.parse::<Matcher>() {
            prop_assert_eq!(matcher.to_string(), text);
        }
    }

    #[test]
    fn a_silence_never_covers_an_alert_without_its_labels(texts in proptest::collection::vec("[ab](=|!=|~|!~)[xy*]{0,2}", 0..4)) {
        let matchers = texts.iter().map(|text| text.parse().unwrap()).collect();
        if let Ok(silence) = Silence::new(matchers, "ann", "why", at(0), at(60)) {
            prop_assert!(!all_match(silence.matchers(), &Labels::new()));
        }
    }
}
