//! Where references lead, for the gate `links`: as the URL standard says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use url::Url;

fuzz_target!(|text: &str| {
    let (page, reference) = text.split_once('\n').unwrap_or(("a/b.html", text));
    let ours = charter_gates::fuzz::address(page, reference);
    // Only a plain page has a URL that can be written down here.
    if !page.is_empty() && page.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let base: Url = format!("https://site.invalid/docs/{page}").parse().expect("it is a URL");
        let theirs = base.join(reference).ok().filter(|url| url.host_str() == Some("site.invalid"));
        let theirs = theirs.filter(|url| matches!(url.scheme(), "http" | "https"));
        let theirs = theirs.map(|url| percent_decode_str(url.path()).decode_utf8_lossy().into_owned());
        assert_eq!(ours, theirs, "{reference:?} on {page:?}");
    }
});
