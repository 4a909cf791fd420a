//! Keeps passwords that stand in URLs out of texts.

/// Returns `text` with user names and passwords cut out of every URL in it.
///
/// A user name alone is cut too, since access tokens are often given as one; only `ssh://name@host` keeps the name,
/// which is no secret there.
pub(crate) fn without_credentials(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find("://") {
        let (before, after) = rest.split_at(position + 3);
        clean.push_str(before);
        let end = after.find(|letter: char| letter == '/' || letter.is_whitespace() || "'\"<>".contains(letter));
        let authority = &after[..end.unwrap_or(after.len())];
        let host = authority.rfind('@').map_or(0, |at| at + 1);
        let user = authority[..host].split([':', '@']).next().unwrap_or_default();
        if before.ends_with("ssh://") && !user.is_empty() {
            clean.push_str(user);
            clean.push('@');
        }
        rest = &after[host..];
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn credentials_are_cut_out_of_urls_and_nothing_else() {
        for (text, clean) in [
            ("https://user:pass@host/x", "https://host/x"),
            ("https://ghp_token@github.com/o/r.git", "https://github.com/o/r.git"),
            ("https://user:p@ss@host", "https://host"),
            ("ssh://git:secret@host:22/x", "ssh://git@host:22/x"),
            ("ssh://git@host/x", "ssh://git@host/x"),
            ("git@github.com:o/r.git", "git@github.com:o/r.git"),
            ("https://host/a@b", "https://host/a@b"),
            ("fatal: unable to access 'https://u:p@h/': x@y", "fatal: unable to access 'https://h/': x@y"),
            ("https://a:b@c https://d:e@f", "https://c https://f"),
            ("/srv/site.git", "/srv/site.git"),
        ] {
            assert_eq!(without_credentials(text), clean);
        }
    }

    proptest! {
        #[test]
        fn a_password_never_shows(before in "[a-z ':]{0,20}", user in "[a-z]{1,8}", password in "[A-Z0-9:@!%]{8,20}") {
            let clean = without_credentials(&format!("{before}https://{user}:{password}@host.example/path"));
            prop_assert!(!clean.contains(&password));
            prop_assert!(clean.ends_with("https://host.example/path"));
        }
    }
}
