//! A notice in words, in the lengths that receivers take.

use aws_lc_rs::digest;
use charter_deploy_model::{AlertSeverity, Notice, Occasion};

/// Returns how urgent a notice is and why it is sent, such as `CRITICAL, still`.
pub(crate) fn label(notice: &Notice) -> String {
    let severity = match notice.severity {
        AlertSeverity::Info => "INFO",
        AlertSeverity::Warning => "WARNING",
        AlertSeverity::Error => "ERROR",
        AlertSeverity::Critical => "CRITICAL",
    };
    match notice.occasion {
        Occasion::Raised => severity.to_owned(),
        Occasion::Reminder => format!("{severity}, still"),
        Occasion::Escalated => format!("{severity}, passed on"),
        Occasion::Resolved => "RESOLVED".to_owned(),
        Occasion::Deployment => "DEPLOYMENT".to_owned(),
        Occasion::Incident => format!("INCIDENT, {severity}"),
        Occasion::Test => "TEST".to_owned(),
    }
}

/// Returns the one line that stands for a notice, of at most `limit` characters.
pub(crate) fn subject(notice: &Notice, limit: usize) -> String {
    cut(&one_line(&format!("[{}] {}", label(notice), notice.title)), limit)
}

/// Returns the text and the facts as lines, of at most `limit` characters.
pub(crate) fn text(notice: &Notice, limit: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    if !notice.text.trim().is_empty() {
        lines.push(notice.text.trim_end().to_owned());
    }
    if !notice.facts.is_empty() && !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(notice.facts.iter().map(|(name, value)| format!("{}: {}", one_line(name), one_line(value))));
    cut(&lines.join("\n"), limit)
}

/// Returns text without line breaks and other control characters.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Cuts text to at most `limit` characters and shows that it did.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

/// Cuts text to at most `limit` bytes and shows that it did.
pub(crate) fn cut_bytes(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// Takes the links out of Markdown: what a watched site calls itself must not become a link in an alert.
pub(crate) fn without_links(text: &str) -> String {
    text.replace("](", "] (")
}

/// Returns the link, where it is one that a browser opens.
pub(crate) fn link(notice: &Notice) -> Option<&str> {
    notice.link.as_deref().filter(|link| link.starts_with("https://") || link.starts_with("http://"))
}

/// Returns the colour of a notice as red, green and blue.
pub(crate) fn colour(notice: &Notice) -> u32 {
    match (notice.occasion, notice.severity) {
        (Occasion::Resolved, _) => 0x1a_7f_37,
        (_, AlertSeverity::Critical | AlertSeverity::Error) => 0xcf_22_2e,
        (_, AlertSeverity::Warning) => 0xbf_87_00,
        (_, AlertSeverity::Info) => 0x09_69_da,
    }
}

/// Returns 32 hexadecimal digits that stand for `name`, for receivers that take no other characters in a name.
pub(crate) fn fingerprint(name: &str) -> String {
    let digest = digest::digest(&digest::SHA256, name.as_bytes());
    digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_cut_keeps_to_the_limit(text in ".*", limit in 3usize..40) {
            prop_assert!(cut(&text, limit).chars().count() <= limit);
            prop_assert!(cut_bytes(&text, limit).len() <= limit);
        }
    }

    #[test]
    fn a_title_cannot_break_the_line_it_stands_on() {
        let at = "2026-11-21T02:07:11Z".parse().unwrap();
        let notice = Notice::new("a/raised", Occasion::Raised, AlertSeverity::Critical, "down\r\nBcc: ann", at);
        assert_eq!(subject(&notice, 100), "[CRITICAL] down  Bcc: ann");
    }
}
