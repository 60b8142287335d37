//! Takes out of a text what says who somebody is, before it goes into a bug report.

use regex_lite::{Captures, Regex};

use crate::secret::Redactor;

/// What must not be told.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The user's directory.
    pub home: Option<String>,
    /// The user's name.
    pub user: Option<String>,
    /// The name of the machine.
    pub host: Option<String>,
}

/// Names of things that are secrets, in front of `=` or `:`.
const NAMED: &str =
    r#"(?i)((?:token|secret|passw(?:or)?d|api_?key|access_?key|private_?key|auth)[a-z_]*["']?\s*[=:]\s*["']?)([^\s"',;]+)"#;

/// The text without home, user, host, credentials of addresses, known secrets and what looks like one.
pub fn redact(text: &str, redactor: &Redactor, identity: &Identity) -> String {
    let mut text =
        replace_all(&redactor.redact(text), NAMED, |found| format!("{}***", found.get(1).map_or("", |name| name.as_str())));
    let home = identity.home.as_deref().filter(|home| home.len() > 1).map(|home| (home, "~"));
    if let Some((home, short)) = home {
        text = text.replace(home, short);
    }
    let names = [(identity.user.as_deref(), "USER"), (identity.host.as_deref(), "HOST")];
    for (name, stand_in) in names.into_iter().filter_map(|(name, stand_in)| Some((name?, stand_in))) {
        // Root is nobody in particular, and a word this short is part of others.
        if name.len() > 2 && name != "root" && name != "localhost" {
            text = replace_word(&text, name, stand_in);
        }
    }
    text
}

fn replace_all(text: &str, pattern: &str, replace: impl Fn(&Captures<'_>) -> String) -> String {
    match Regex::new(pattern) {
        Ok(regex) => regex.replace_all(text, |found: &Captures<'_>| replace(found)).into_owned(),
        Err(_) => text.to_owned(),
    }
}

fn replace_word(text: &str, word: &str, stand_in: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut parts = text.split(word).peekable();
    let mut result = String::new();
    while let Some(part) = parts.next() {
        result += part;
        if let Some(next) = parts.peek() {
            let is_inside = is_part(part.chars().next_back()) || is_part(next.chars().next());
            result += if is_inside { word } else { stand_in };
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_recognised_and_no_secret_is_told() {
        let identity = Identity { home: Some("/home/ada".into()), user: Some("ada".into()), host: Some("engine".into()) };
        let token = ["gh", "p_", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0hL3nR6"].concat();
        let text = format!(
            "/home/ada/x of ada on engine, adage stays; https://ada:pw@example.org/a {token} API_TOKEN=\"abc\" password: hunter2"
        );
        assert_eq!(
            redact(&text, &Redactor::default(), &identity),
            "~/x of USER on HOST, adage stays; https://…@example.org/a [a GitHub token] API_TOKEN=\"***\" password: ***"
        );
    }

    #[test]
    fn root_and_an_empty_home_are_nobody() {
        let identity = Identity { home: Some("/".into()), user: Some("root".into()), host: None };
        assert_eq!(redact("/root of root", &Redactor::default(), &identity), "/root of root");
    }
}
