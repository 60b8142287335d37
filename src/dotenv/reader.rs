//! Reads a `.env` the way Node's `dotenv` 17 does, because that is what the programs of a project see.
//!
//! It never fails: what is no assignment is skipped. The last of several values of a key wins.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};
use secrecy::{ExposeSecret, SecretString};

/// JavaScript's `\s`; the engine's own knows ASCII only.
const SPACE: &str = r"[\t\n\x0B\x0C\r \u{A0}\u{1680}\u{2000}-\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}]";

/// The expression of dotenv 17 (`LINE` in its `lib/main.js`), which defines what an assignment is: name, separator, value.
#[expect(clippy::expect_used, reason = "the expression is a constant that every test compiles")]
pub(super) static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    let expression = concat!(
        r"(?m)^\s*(?:export\s+)?([\w.-]+)(\s*=\s*?|:\s+?)",
        r#"(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?"#,
        r"\s*(?:#.*)?$",
    );
    Regex::new(&expression.replace(r"\s", SPACE)).expect("a valid expression")
});

/// A variable of a `.env`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name.
    pub key: String,
    /// The decoded value.
    pub value: SecretString,
}

impl Entry {
    /// Whether it is more than a name.
    pub fn has_value(&self) -> bool {
        !self.value.expose_secret().is_empty()
    }
}

/// Reads every variable, each once, in the order of first appearance.
pub fn read(text: &str) -> Vec<Entry> {
    let text = normalized(text);
    let mut entries: Vec<Entry> = Vec::new();
    for assignment in ASSIGNMENT.captures_iter(&text) {
        let entry = decode(&assignment);
        match entries.iter_mut().find(|known| known.key == entry.key) {
            Some(known) => *known = entry,
            None => entries.push(entry),
        }
    }
    entries
}

/// The 1-based numbers of lines that are neither an assignment, a comment nor blank, so that no program reads them.
pub fn unread_lines(text: &str) -> Vec<usize> {
    let text = normalized(text);
    let spans: Vec<_> = ASSIGNMENT.find_iter(&text).map(|found| found.range()).collect();
    let mut start = 0;
    let mut unread = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let end = start + line.len();
        let is_read = spans.iter().any(|span| span.start <= end && start < span.end);
        if !is_read && !line.trim().is_empty() && !line.trim_start().starts_with('#') {
            unread.push(index + 1);
        }
        start = end + 1;
    }
    unread
}

/// A text as dotenv splits it: without a byte order mark, and with line feeds only.
pub(super) fn normalized(text: &str) -> String {
    text.strip_prefix('\u{FEFF}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n")
}

fn decode(assignment: &Captures<'_>) -> Entry {
    let group = |index| assignment.get(index).map_or("", |found| found.as_str());
    let raw = group(3).trim_matches(is_space);
    let value = match raw.chars().next() {
        Some('"') => unquote(raw, '"').replace("\\n", "\n").replace("\\r", "\r"),
        Some(quote @ ('\'' | '`')) => unquote(raw, quote).to_owned(),
        _ => raw.to_owned(),
    };
    Entry { key: group(1).to_owned(), value: value.into() }
}

fn unquote(raw: &str, quote: char) -> &str {
    raw.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)).unwrap_or(raw)
}

fn is_space(character: char) -> bool {
    character.is_whitespace() || character == '\u{FEFF}'
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    fn pairs(text: &str) -> Vec<(String, String)> {
        read(text).into_iter().map(|entry| (entry.key, entry.value.expose_secret().to_owned())).collect()
    }

    #[test]
    fn names_the_lines_nobody_reads() {
        assert_eq!(unread_lines("A=1\njunk\n# c\n\nB='x\ny'\n=v\n"), [2, 7]);
    }

    #[test]
    fn reads_what_dotenv_17_reads() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("A=1\nB=two words\n", &[("A", "1"), ("B", "two words")]),
            ("A='it # is' # c\nB=\"x\\ny\"\nC=`q'\"q`", &[("A", "it # is"), ("B", "x\ny"), ("C", "q'\"q")]),
            ("export A = b\nC: d\n", &[("A", "b"), ("C", "d")]),
            ("A= # comment\nB=v#c", &[("A", ""), ("B", "v")]),
            ("A=1\nA=2", &[("A", "2")]),
            ("\u{FEFF}A=1\r\nB='m\r\nn'\r\n", &[("A", "1"), ("B", "m\nn")]),
            ("junk\n# c\na-b=1\nÜ=2\n", &[("a-b", "1")]),
            ("A=\"open\nB=2", &[("A", "\"open"), ("B", "2")]),
            ("A=\\$x\nB='a\\'\n", &[("A", "\\$x"), ("B", "a\\")]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            assert_eq!(pairs(text), expected, "{text:?}");
        }
    }
}
