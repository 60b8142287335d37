//! What must not be committed: values of the project's own `.env`, tokens, and `.env` files themselves. A hit is a place and a
//! rule, never the text.

use secrecy::{ExposeSecret, SecretString};

use super::redactor::forms::Depth;
use super::redactor::{Form, Redactor};
use super::shapes::{self, Shape, holds_random_text};

/// Shorter values are words that source code is full of.
const SHORTEST: usize = 8;

/// What a file must not hold, or be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The value of a variable.
    Value {
        /// Name of the variable.
        key: String,
        /// How it is written.
        form: Form,
    },
    /// Something that cannot be anything but a token.
    Token(Shape),
    /// A `.env` with values.
    EnvFile,
}

impl Rule {
    /// What was found, as a fragment.
    pub fn describe(&self) -> String {
        match self {
            Self::Value { key, form } => format!("the value of {key}{}", form.describe()),
            Self::Token(shape) => shape.describe().to_owned(),
            Self::EnvFile => "a file for secrets".to_owned(),
        }
    }

    /// The word for it in `--json`.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Value { .. } => "env-value",
            Self::Token(_) => "token",
            Self::EnvFile => "env-file",
        }
    }
}

/// A place that must not be committed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// The line, from 1; none for a whole file.
    pub line: Option<usize>,
    /// What is wrong with it.
    pub rule: Rule,
}

/// Looks for what must not be committed.
#[derive(Debug)]
pub struct Guard {
    values: Redactor,
}

impl Guard {
    /// Learns the values of a project's `.env` files.
    pub fn new<'a>(values: impl IntoIterator<Item = (&'a str, &'a SecretString)>) -> Self {
        let long = values.into_iter().filter(|(_, value)| value.expose_secret().trim().chars().count() >= SHORTEST);
        Self { values: Redactor::seeking(long, SHORTEST, Depth::Whole) }
    }

    /// What a file holds, each rule once a line, in order.
    pub fn scan(&self, bytes: &[u8]) -> Vec<Hit> {
        let utf16 = of_utf16(bytes);
        let bytes = utf16.as_deref().map_or(bytes, str::as_bytes);
        let mut lines = LineCounter::new(bytes);
        let value = |(start, key, form): (usize, &str, Form)| Hit {
            line: Some(lines.at(start)),
            rule: Rule::Value { key: key.to_owned(), form },
        };
        let mut hits: Vec<Hit> = self.values.find(bytes).map(value).collect();
        let text = String::from_utf8_lossy(bytes);
        let tokens =
            shapes::find(&text).into_iter().filter(|(line, shape)| is_guarded(*shape) && !is_named(&text, *line, *shape));
        hits.extend(tokens.map(|(line, shape)| Hit { line: Some(line), rule: Rule::Token(shape) }));
        hits.sort_unstable();
        // A value that is also a token, or is written alike in two ways, is one mistake.
        hits.dedup_by(|later, earlier| later.line == earlier.line && is_same(&earlier.rule, &later.rule));
        hits
    }
}

/// What a text of UTF-16 says, which begins with its mark.
fn of_utf16(bytes: &[u8]) -> Option<String> {
    let units: Vec<u16> = match bytes {
        [0xFF, 0xFE, units @ ..] => units.as_chunks().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect(),
        [0xFE, 0xFF, units @ ..] => units.as_chunks().0.iter().map(|unit| u16::from_be_bytes(*unit)).collect(),
        _ => return None,
    };
    Some(char::decode_utf16(units).map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

fn is_same(earlier: &Rule, later: &Rule) -> bool {
    match (earlier, later) {
        (Rule::Value { key, .. }, Rule::Value { key: other, .. }) => key == other,
        (Rule::Value { .. }, Rule::Token(_)) => true,
        _ => earlier == later,
    }
}

/// Examples of JSON Web Tokens are in many documents, and an assignment may be harmless.
const fn is_guarded(shape: Shape) -> bool {
    !matches!(shape, Shape::JsonWebToken | Shape::Assignment | Shape::EnvValue)
}

/// Whether a line only speaks of private keys: their mark in one piece is what a key begins with.
fn is_named(text: &str, line: usize, shape: Shape) -> bool {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let is_mark = |rest: &str| rest.split_once("-----").is_some_and(|(what, _)| is_title(what));
    shape == Shape::PrivateKey && !line.split("-----BEGIN ").skip(1).any(is_mark)
}

fn is_title(what: &str) -> bool {
    what.trim_end_matches(" BLOCK").ends_with("PRIVATE KEY")
        && what.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ')
}

/// Numbers of lines for places in order.
struct LineCounter<'a> {
    bytes: &'a [u8],
    seen: usize,
    line: usize,
}

impl<'a> LineCounter<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, seen: 0, line: 1 }
    }

    fn at(&mut self, place: usize) -> usize {
        let passed = self.bytes.get(self.seen..place).unwrap_or_default();
        self.line += passed.split(|byte| *byte == b'\n').count().saturating_sub(1);
        self.seen = self.seen.max(place);
        self.line
    }
}

/// The areas that names of time zones begin with.
const AREAS: [&str; 10] =
    ["Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific", "Etc"];

/// Whether the value of a variable that nobody declares can be no secret: an address without a password, a path, a number, a
/// time zone, a place of a server.
pub fn is_evidently_public(value: &str) -> bool {
    let value = value.trim();
    let is_path = ["/", "./", "../", "~/"].iter().any(|start| value.starts_with(start));
    let is_number = value.chars().all(|character| character.is_ascii_digit() || ".:,-_ ".contains(character));
    let is_zone = value.split_once('/').is_some_and(|(area, _)| AREAS.contains(&area));
    let is_server = value.rsplit_once(':').is_some_and(|(host, port)| {
        let is_host = !host.is_empty() && host.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c));
        is_host && (1..=5).contains(&port.len()) && port.chars().all(|digit| digit.is_ascii_digit())
    });
    is_public_address(value) || (!holds_random_text(value) && (is_path || is_number || is_zone || is_server))
}

/// Whether a value is an address in which nothing is secret. A webhook has its secret in the path.
pub fn is_public_address(value: &str) -> bool {
    let rest = value.trim().split_once("://").map(|(_, rest)| rest);
    rest.is_some_and(|rest| !rest.contains(['@', '?', '#'])) && !holds_random_text(value)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn guard(values: &[(&str, &str)]) -> Guard {
        let values: Vec<(&str, SecretString)> = values.iter().map(|(name, value)| (*name, (*value).into())).collect();
        Guard::new(values.iter().map(|(name, value)| (*name, value)))
    }

    fn value(line: usize, form: Form) -> Hit {
        Hit { line: Some(line), rule: Rule::Value { key: "DB_PASSWORD".into(), form } }
    }

    #[test]
    fn values_are_found_in_every_form_with_their_lines() {
        let secret = "hunter2/hunter2 hunter2";
        let encoded = STANDARD.encode(format!("app:{secret}"));
        let text = format!(
            "a\nx = {secret}\n\nAuthorization: Basic {encoded}\nhttp://x/?p=hunter2%2Fhunter2%20hunter2\n{secret}{secret}"
        );
        let hits = guard(&[("DB_PASSWORD", secret)]).scan(text.as_bytes());
        assert_eq!(hits, [value(2, Form::Plain), value(4, Form::Base64), value(5, Form::Url), value(6, Form::Plain)]);
    }

    #[test]
    fn the_password_of_an_address_is_a_value_too() {
        let guard = guard(&[("DB_PASSWORD", "postgres://app:hunter22@db.example.org/app")]);
        assert_eq!(guard.scan(b"\xff\x00 hunter22"), [value(1, Form::Plain)]);
    }

    #[test]
    fn short_values_common_words_and_lines_of_long_values_are_left_alone() {
        let guard = guard(&[
            ("A", "hunter2"),
            ("NODE_ENV", "production"),
            ("JSON", "{\n  \"type\": \"service_account\",\n  \"x\": 1\n}"),
        ]);
        assert_eq!(guard.scan(b"hunter2 production\n  \"type\": \"service_account\",\n"), []);
    }

    #[test]
    fn tokens_are_found_although_nobody_knows_them() {
        for (shape, token) in shapes::synthetic() {
            let expected =
                if shape == Shape::JsonWebToken { vec![] } else { vec![Hit { line: Some(2), rule: Rule::Token(shape) }] };
            assert_eq!(guard(&[]).scan(format!("a\nclient.login(\"{token}\")").as_bytes()), expected);
        }
        let key = ["-----BEGIN ", "OPENSSH PRIVATE KEY-----\nabc\n"].concat();
        assert_eq!(guard(&[]).scan(key.as_bytes()), [Hit { line: Some(1), rule: Rule::Token(Shape::PrivateKey) }]);
        assert_eq!(guard(&[]).scan(b"line.contains(\"-----BEGIN \") && line.contains(\"PRIVATE KEY\")"), []);
    }

    #[test]
    fn other_encodings_of_a_file_hide_no_value() {
        let guard = guard(&[("DB_PASSWORD", "hunter22-ö")]);
        let text = "a\nx = hunter22-ö\n";
        let (little, big): (Vec<u8>, Vec<u8>) = (
            "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
            "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect(),
        );
        for bytes in [little, big, b"{\n\"x\": \"hunter22-\\u00f6\"}".to_vec()] {
            assert_eq!(guard.scan(&bytes), [value(2, Form::Plain)]);
        }
    }

    #[test]
    fn a_value_of_several_lines_is_found_where_it_is_indented() {
        let lines =
            ["-----BEGIN KEY-----", "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU", "Zq7Vb2Kd9xQw3Er5Ty7Ui9Op1As3Df5", "-----END KEY-----"];
        let text = format!("key: |\n  {}\n", lines.join("\n  "));
        let guard = guard(&[("DB_PASSWORD", &lines.join("\n"))]);
        assert_eq!(guard.scan(text.as_bytes()), [value(4, Form::Plain)]);
        assert_eq!(guard.scan(lines.join("\n").as_bytes()), [value(1, Form::Plain)]);
    }

    #[test]
    fn a_value_that_is_a_token_is_one_mistake() {
        let (_, token) = shapes::synthetic().swap_remove(1);
        assert_eq!(guard(&[("DB_PASSWORD", &token)]).scan(token.as_bytes()), [value(1, Form::Plain)]);
    }

    #[test]
    fn a_description_never_holds_the_value() {
        let hits = guard(&[("DB_PASSWORD", "hunter22")]).scan(b"hunter22");
        assert_eq!(hits[0].rule.describe(), "the value of DB_PASSWORD");
        assert!(!format!("{hits:?} {:?}", guard(&[("A", "hunter22")])).contains("hunter22"));
    }

    #[test]
    fn what_is_evidently_public_is_told_from_what_may_be_a_secret() {
        let public =
            ["http://localhost:3000/api", "./data/app.db", "192.168.10.100", "2026-11-21", "Europe/Berlin", "localhost:5432"];
        assert_eq!(public.into_iter().filter(|value| !is_evidently_public(value)).collect::<Vec<_>>(), Vec::<&str>::new());
        let secret = [
            "hunter22hunter22",
            "postgres://app:pw@localhost/app",
            "https://hooks.example.org/x?token=1",
            "correct horse",
            "a1B2/c3D4",
        ];
        assert_eq!(secret.into_iter().filter(|value| is_evidently_public(value)).collect::<Vec<_>>(), Vec::<&str>::new());
    }
}
