//! Whether a text is a language tag.

/// Says whether a text has the shape of a language tag, as BCP 47 (RFC 5646) writes them: `en`, `de-CH`, `zh-Hant-TW`.
///
/// A language has two or three letters. Longer ones are reserved, and in practice somebody's `english`.
pub(super) fn is_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && (matches!(language.len(), 2 | 3) || matches!(language, "x" | "X" | "i" | "I") && text.len() > 2);
    is_language
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_from_what_people_write_instead() {
        for tag in ["en", "de-CH", "zh-Hant-TW", "sr-Latn", "es-419", "gsw", "x-private", "i-klingon", "en-a-bbb-x-a"] {
            assert!(is_tag(tag), "{tag}");
        }
        for other in ["", "english", "en_US", "en-", "-en", "e", "x", "12", "de CH", "en-toolongpart", "{{ lang }}"] {
            assert!(!is_tag(other), "{other}");
        }
    }
}
