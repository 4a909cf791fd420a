//! The script that watches a page, and what it tells.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Watches a document from its beginning, as the `web-vitals` library defines the figures.
pub(super) const WATCH: &str = include_str!("watch.js");

/// Asks what was seen.
pub(super) const TELL: &str = "window[Symbol.for('charter-vitals')]()";

/// What a page tells. What did not happen is absent.
#[derive(Debug, Deserialize)]
struct Told {
    lcp: Option<f64>,
    fcp: Option<f64>,
    cls: f64,
    tbt: f64,
}

/// Reads what a page tells; it could have replaced the script, so anything may come.
pub(super) fn read(answer: Value) -> Result<BTreeMap<&'static str, f64>, String> {
    let Told { lcp, fcp, cls, tbt } =
        serde_json::from_value(answer).map_err(|error| format!("it does not tell its vitals: {error}"))?;
    // Where nothing was painted there is nothing that could have blocked or moved.
    let after_paint = |value: f64| fcp.map(|_| value);
    let told = [("lcp", lcp), ("fcp", fcp), ("cls", after_paint(cls)), ("tbt", after_paint(tbt))];
    let is_possible = |value: &f64| value.is_finite() && *value >= 0.0;
    Ok(told.into_iter().filter_map(|(name, value)| Some((name, value.filter(is_possible)?))).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_that_painted_nothing_tells_nothing() {
        assert_eq!(read(json!({ "lcp": null, "fcp": null, "cls": 0, "tbt": 0 })), Ok(BTreeMap::new()));
        let told = read(json!({ "lcp": 812.5, "fcp": 700, "cls": 0.01, "tbt": -3 })).unwrap();
        assert_eq!(told, [("lcp", 812.5), ("fcp", 700.0), ("cls", 0.01)].into());
        for hostile in [json!(null), json!([]), json!({ "lcp": "soon" }), json!({ "cls": 1 })] {
            assert!(read(hostile).unwrap_err().starts_with("it does not tell its vitals"));
        }
    }
}
