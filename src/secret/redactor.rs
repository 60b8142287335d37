//! The one that takes secrets out of text: errors, reports, what programs say, the child of `env exec`.
//!
//! It knows exact values, wherever they stand: as they are, in base64, in an address. In whole texts it also takes out what
//! cannot be anything but a token. It does not find a value that is broken by escape sequences or by a program's own line
//! breaks, or that is turned into something else (reversed, compressed, hexadecimal).

pub mod forms;
pub mod stream;

use std::collections::BTreeMap;
use std::fmt;

use aho_corasick::AhoCorasick;
use secrecy::{ExposeSecret, SecretString};

use super::shapes;
use forms::Depth;
pub use forms::Form;
pub use stream::Stream;

/// Shorter values are words that text is full of.
pub const SHORTEST: usize = 6;

/// Values that are long enough and no secret: text would be unreadable without them.
const COMMON: [&str; 37] = [
    "0.0.0.0",
    "127.0.0.1",
    "always",
    "changeme",
    "change-me",
    "change_me",
    "console",
    "default",
    "development",
    "disabled",
    "docker",
    "enabled",
    "example",
    "external",
    "global",
    "internal",
    "localhost",
    "memory",
    "mongodb",
    "nixstart",
    "password",
    "placeholder",
    "postgres",
    "postgresql",
    "preview",
    "private",
    "production",
    "public",
    "secret",
    "server",
    "silent",
    "sqlite",
    "staging",
    "system",
    "testing",
    "verbose",
    "warning",
];

/// Takes secrets out of text. It never shows one, not even to a debugger.
#[derive(Default)]
pub struct Redactor {
    names: Vec<String>,
    /// Every form of every value, sorted.
    patterns: Vec<Pattern>,
    matcher: Option<AhoCorasick>,
    longest: usize,
}

/// What is sought.
struct Pattern {
    text: Vec<u8>,
    /// The place of its name.
    name: usize,
    form: Form,
}

/// The values are too many to be sought.
#[derive(Debug, thiserror::Error)]
#[error("the values of the secrets are too long to be kept out of the output")]
pub struct TooLarge(#[source] aho_corasick::BuildError);

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Redactor").field(&self.names).finish()
    }
}

impl Redactor {
    /// Learns values by their names. What is too short or a common word is left out.
    pub fn new<'a>(values: impl IntoIterator<Item = (&'a str, &'a SecretString)>) -> Result<Self, TooLarge> {
        Self::seeking(values, SHORTEST, Depth::Lines)
    }

    /// Learns values of a length, as deep as is asked for.
    pub(super) fn seeking<'a>(
        values: impl IntoIterator<Item = (&'a str, &'a SecretString)>,
        least: usize,
        depth: Depth,
    ) -> Result<Self, TooLarge> {
        let mut names = Vec::new();
        let mut known = BTreeMap::new();
        for (name, value) in values.into_iter().filter(|(_, value)| is_redactable(value.expose_secret())) {
            let forms = forms::forms(value.expose_secret(), least, depth).into_iter();
            for (text, form) in forms.filter(|(text, _)| is_redactable(text)) {
                known.entry(text.into_bytes()).or_insert((names.len(), form));
            }
            names.push(name.to_owned());
        }
        let longest = known.keys().map(Vec::len).max().unwrap_or_default();
        let matcher = AhoCorasick::new(known.keys()).map_err(TooLarge)?;
        let patterns = known.into_iter().map(|(text, (name, form))| Pattern { text, name, form }).collect();
        Ok(Self { names, patterns, matcher: Some(matcher), longest })
    }

    /// Where values are in some bytes: the first byte, the name, and how the value is written.
    pub(super) fn find<'a>(&'a self, bytes: &[u8]) -> impl Iterator<Item = (usize, &'a str, Form)> {
        self.matches(bytes).into_iter().filter_map(|found| {
            let pattern = self.patterns.get(found.pattern)?;
            Some((found.start, self.names.get(pattern.name)?.as_str(), pattern.form))
        })
    }

    /// The text without known values and without anything that looks like a token, a private key, or the user and password of
    /// an address.
    pub fn redact(&self, text: &str) -> String {
        shapes::redact(&String::from_utf8_lossy(&self.redact_bytes(text.as_bytes())))
    }

    /// The bytes without known values; every other byte is as it was.
    pub fn redact_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.stream();
        let mut redacted = stream.push(bytes);
        redacted.extend(stream.finish());
        redacted
    }

    /// Redacts bytes that come one chunk after the other.
    pub fn stream(&self) -> Stream<'_> {
        Stream::new(self)
    }

    /// Where values are in some bytes, in order; of two that begin together the longer first.
    fn matches(&self, bytes: &[u8]) -> Vec<Match> {
        let found = self.matcher.iter().flat_map(|matcher| matcher.find_overlapping_iter(bytes));
        let mut matches: Vec<Match> =
            found.map(|found| Match { start: found.start(), end: found.end(), pattern: found.pattern().as_usize() }).collect();
        matches.sort_by_key(|found| (found.start, std::cmp::Reverse(found.end)));
        matches
    }

    /// What stands for a value.
    fn stand_in(&self, found: Match) -> String {
        let name = self.patterns.get(found.pattern).and_then(|pattern| self.names.get(pattern.name));
        format!("[{}]", name.map_or("secret", String::as_str))
    }

    /// Whether some bytes are the beginning of a value, and not the whole.
    fn is_beginning(&self, bytes: &[u8]) -> bool {
        let first = self.patterns.partition_point(|pattern| pattern.text.as_slice() <= bytes);
        self.patterns.get(first).is_some_and(|pattern| pattern.text.starts_with(bytes))
    }
}

/// A value in some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Match {
    start: usize,
    end: usize,
    pattern: usize,
}

/// Whether a value is sought: it is long enough, no common word, and more than one character repeated.
pub fn is_redactable(value: &str) -> bool {
    let value = value.trim();
    let first = value.chars().next();
    value.chars().count() >= SHORTEST
        && value.chars().any(|character| Some(character) != first)
        && !COMMON.contains(&value.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(values: &[(&str, &str)]) -> Redactor {
        let values: Vec<(&str, SecretString)> = values.iter().map(|(name, value)| (*name, (*value).into())).collect();
        Redactor::new(values.iter().map(|(name, value)| (*name, value))).unwrap()
    }

    #[test]
    fn values_go_and_words_stay() {
        let redactor =
            redactor(&[("A", "true"), ("B", "3000"), ("C", "production"), ("D", "------"), ("E", "s3cr3t"), ("F", "")]);
        let text = "true production on 3000 ------ with [E]";
        assert_eq!(redactor.redact(&text.replace("[E]", "s3cr3t")), text);
    }

    #[test]
    fn tokens_go_although_nobody_knows_them() {
        for (shape, token) in shapes::synthetic() {
            assert_eq!(Redactor::default().redact(&format!("a {token}\nb")), format!("a [{}]\nb", shape.describe()));
        }
        let key = ["a -----BEGIN ", "PRIVATE KEY-----\nabc\ndef\n-----END ", "PRIVATE KEY-----\nb"].concat();
        assert_eq!(Redactor::default().redact(&key), "a [a private key]\nb");
    }

    #[test]
    fn nothing_shows_a_value() {
        let redactor = redactor(&[("TOKEN", "hunter22")]);
        let mut stream = redactor.stream();
        stream.push(b"hunter");
        let shown = format!("{redactor:?} {redactor:#?} {stream:?}");
        assert!(shown.contains("TOKEN") && !shown.contains("hunt"), "{shown}");
    }
}
