//! The one that takes secrets out of text: errors, reports, what programs say, the child of `env exec`.
//!
//! It knows exact values, wherever they stand: as they are, in base64, in an address. In whole texts it also takes out what
//! cannot be anything but a token. It does not find a value that is broken by escape sequences or by a program's own line
//! breaks, or that is turned into something else (reversed, compressed, hexadecimal).

pub mod forms;
mod json_style;
mod patterns;
pub mod stream;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::shapes;
use forms::Depth;
pub use forms::Form;
use patterns::{Learnt, Match, Patterns};
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

/// So many bytes of a whole text are looked at together.
const CHUNK: usize = 64 * 1024;

/// Takes secrets out of text. It never shows one, not even to a debugger.
#[derive(Default)]
pub struct Redactor {
    names: Vec<String>,
    /// Every form of every value.
    patterns: Patterns,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Redactor").field(&self.names).finish()
    }
}

impl Redactor {
    /// Learns values by their names. What is too short or a common word is left out.
    pub fn new<'a>(values: impl IntoIterator<Item = (&'a str, &'a SecretString)>) -> Self {
        Self::seeking(values, SHORTEST, Depth::Lines)
    }

    /// Learns values of a length, as deep as is asked for.
    pub(super) fn seeking<'a>(values: impl IntoIterator<Item = (&'a str, &'a SecretString)>, least: usize, depth: Depth) -> Self {
        let mut names = Vec::new();
        let mut learnt = Learnt::default();
        for (name, value) in values.into_iter().filter(|(_, value)| is_redactable(value.expose_secret())) {
            let forms = forms::forms(value.expose_secret(), least, depth).into_iter();
            forms.filter(|(text, _)| is_redactable(text)).for_each(|(text, form)| learnt.add(&text, names.len(), form));
            names.push(name.to_owned());
        }
        Self { names, patterns: learnt.into() }
    }

    /// Where values are in some bytes: the first byte, the name, and how the value is written.
    pub(super) fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (usize, &'a str, Form)> {
        let (mut last, mut done) = (None, 0);
        let first = self.patterns.matches(bytes).filter(move |found| {
            let goes_on = self.goes_on(last, *found, done);
            (last, done) = (Some(found.pattern), done.max(found.end));
            !goes_on
        });
        first.filter_map(|found| {
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
        let mut redacted = Vec::with_capacity(bytes.len());
        bytes.chunks(CHUNK).for_each(|chunk| redacted.extend(stream.push(chunk)));
        redacted.extend(stream.finish());
        redacted
    }

    /// Redacts bytes that come one chunk after the other.
    pub fn stream(&self) -> Stream<'_> {
        Stream::new(self)
    }

    /// What stands for a value.
    fn stand_in(&self, found: Match) -> String {
        let name = self.patterns.get(found.pattern).and_then(|pattern| self.names.get(pattern.name));
        format!("[{}]", name.map_or("secret", String::as_str))
    }

    /// Whether a match is more of the value before it, which reached to a place: it overlaps, or is the next piece.
    fn goes_on(&self, last: Option<usize>, found: Match, done: usize) -> bool {
        let (Some(last), Some(pattern)) = (last.and_then(|last| self.patterns.get(last)), self.patterns.get(found.pattern))
        else {
            return false;
        };
        last.name == pattern.name && (found.start < done || (found.start == done && pattern.is_piece))
    }

    /// Whether a pattern is a piece of a value.
    fn is_piece(&self, pattern: usize) -> bool {
        self.patterns.get(pattern).is_some_and(|pattern| pattern.is_piece)
    }
}

/// Whether a value is sought: it is long enough, no common word, and more than one character repeated.
pub fn is_redactable(value: &str) -> bool {
    let value = value.trim();
    let first = value.chars().next();
    value.chars().count() >= SHORTEST
        && value.chars().any(|character| Some(character) != first)
        && !COMMON.iter().any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(values: &[(&str, &str)]) -> Redactor {
        let values: Vec<(&str, SecretString)> = values.iter().map(|(name, value)| (*name, (*value).into())).collect();
        Redactor::new(values.iter().map(|(name, value)| (*name, value)))
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
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

    /// Each of these takes hours when what seeks them is not made with care.
    #[test]
    fn a_long_value_that_repeats_itself_takes_no_longer_than_another() {
        for value in ["ab".repeat(500_000), "a".repeat(900_000) + "b", "a\n".repeat(300_000) + "b", "abcdefg\n".repeat(100_000)] {
            let redactor = redactor(&[("LONG", &value)]);
            assert_eq!(text(redactor.redact_bytes(format!("x {value} y").as_bytes())), "x [LONG] y");
            let cut = text(redactor.redact_bytes(value.get(1000..value.len() - 1000).unwrap().as_bytes()));
            assert!(cut.len() < 1100, "{} bytes are left", cut.len());
        }
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
