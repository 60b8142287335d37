//! A `.env` as it stands on disk: every byte, and where its variables are. Values are decoded like Node's `dotenv` 17 does,
//! because that is what the programs of a project see.
//!
//! Any bytes are a document. What makes one unsafe to edit is its fault, which names a line and a key, never a value.

use std::ops::Range;
use std::sync::OnceLock;

use memchr::{memchr, memchr_iter, memchr2};
use secrecy::{ExposeSecret, SecretString};

use super::decode::decode;
use super::edit::is_name;
use super::scanner::{self, Found};
use super::writer::is_bare;
use crate::facts::secrets::format::shown_name;

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Style {
    /// Without quotes.
    Bare,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `` `…` ``, which only Node's readers know.
    Backtick,
}

impl Style {
    /// The quote; `None` for a bare value.
    pub const fn quote(self) -> Option<char> {
        match self {
            Self::Bare => None,
            Self::Single => Some('\''),
            Self::Double => Some('"'),
            Self::Backtick => Some('`'),
        }
    }

    fn of(token: &str) -> Self {
        match token.as_bytes() {
            [b'\'', .., b'\''] => Self::Single,
            [b'"', .., b'"'] => Self::Double,
            [b'`', .., b'`'] => Self::Backtick,
            _ => Self::Bare,
        }
    }
}

/// A variable as it stands in a document.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The name.
    pub key: String,
    /// The decoded value.
    pub value: SecretString,
    /// How the value is written.
    pub style: Style,
    /// Whether `export` stands before it.
    pub is_exported: bool,
    /// The line of its name, from 1.
    pub line: usize,
    /// Where its value is in the text, quotes included; empty where there is none.
    pub(super) token: Range<usize>,
    /// Where its name begins in the text.
    pub(super) name: usize,
}

impl Assignment {
    /// Whether every program reads the name and the value alike, as far as they go: what stands around them is another matter.
    pub fn is_plain(&self) -> bool {
        self.style == Style::Bare && is_name(&self.key) && is_bare(self.value.expose_secret())
    }
}

/// What makes a document unsafe to edit. Lines, and the characters of a line, are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is text in another encoding.
    #[error("it is UTF-16 text; save it as UTF-8")]
    Utf16,
    /// It has bytes that are no UTF-8.
    #[error("line {line}, column {column} is no UTF-8 text")]
    NotUtf8 {
        /// The line.
        line: usize,
        /// The character of the line.
        column: usize,
    },
    /// It has a zero byte.
    #[error("line {line}, column {column} is a zero byte, so this is no text")]
    Nul {
        /// The line.
        line: usize,
        /// The character of the line.
        column: usize,
    },
    /// A quote is opened and not closed.
    #[error("line {line}, column {column}: the quote of {} is not closed", key.as_ref().map_or_else(|| "a variable".to_owned(), |key| format!("`{key}`")))]
    Unterminated {
        /// The line.
        line: usize,
        /// The character of the line.
        column: usize,
        /// The variable, unless its name may be a piece of a value.
        key: Option<String>,
    },
}

/// A `.env`, byte for byte.
#[derive(Clone)]
pub struct Document {
    /// The text; bytes that are no UTF-8 are replaced in it.
    text: String,
    /// The bytes, where they are not those of the text.
    bytes: Option<Vec<u8>>,
    /// Taken apart when somebody asks: whoever changes one value of a large file needs no other.
    assignments: OnceLock<Vec<Assignment>>,
    fault: OnceLock<Option<Fault>>,
    /// The variable that was changed last, and where its value is.
    changed: Option<(String, Range<usize>)>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<&str> = self.assignments().iter().map(|assignment| assignment.key.as_str()).collect();
        formatter.debug_struct("Document").field("keys", &keys).field("fault", &self.fault()).finish_non_exhaustive()
    }
}

impl Document {
    /// Reads any bytes.
    pub fn parse(bytes: &[u8]) -> Self {
        Self::of_bytes(bytes.to_vec())
    }

    /// The same, and keeps the bytes.
    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::of_text(text),
            Err(error) => {
                let bytes = error.into_bytes();
                Self { bytes: Some(bytes.clone()), ..Self::of_text(String::from_utf8_lossy(&bytes).into_owned()) }
            }
        }
    }

    /// Takes a text, which has no byte order of another kind.
    pub(super) fn of_text(text: String) -> Self {
        Self { text, bytes: None, assignments: OnceLock::new(), fault: OnceLock::new(), changed: None }
    }

    /// Takes a text that is known to be safe to edit, and where the value is that programs see of a variable.
    pub(super) fn of_changed(text: String, changed: Option<(String, Range<usize>)>) -> Self {
        Self { fault: OnceLock::from(None), changed, ..Self::of_text(text) }
    }

    /// The bytes it was read from.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or(self.text.as_bytes())
    }

    /// Every assignment, in order; a key may be there more than once. Whoever takes a text apart has its fault, too.
    pub fn assignments(&self) -> &[Assignment] {
        self.assignments.get_or_init(|| {
            let (assignments, fault) = assignments(&self.text);
            self.fault.get_or_init(|| self.fault_of_bytes().or(fault));
            assignments
        })
    }

    /// Every assignment as it is written, in order.
    pub(super) fn written_ones(&self) -> impl Iterator<Item = Written<'_>> {
        written_ones(&self.text)
    }

    /// The assignment that programs see: the last one of a key.
    pub fn find(&self, key: &str) -> Option<&Assignment> {
        self.assignments().iter().rfind(|assignment| assignment.key == key)
    }

    /// The value of an assignment as it is written, quotes included.
    pub fn written(&self, assignment: &Assignment) -> &str {
        self.text.get(assignment.token.clone()).unwrap_or_default()
    }

    /// What makes it unsafe to edit.
    pub fn fault(&self) -> Option<&Fault> {
        let find = || self.fault_of_bytes().or_else(|| self.written_ones().find_map(|written| written.fault(&self.text)));
        self.fault.get_or_init(find).as_ref()
    }

    /// What makes its bytes unsafe to edit, whatever they mean.
    pub(super) fn fault_of_bytes(&self) -> Option<Fault> {
        self.bytes.as_deref().map_or_else(|| nul(self.text.as_bytes()), fault_of_bytes)
    }

    /// The text; bytes that are no UTF-8 are replaced in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value that programs see of a variable as it is written, quotes included.
    pub fn written_value(&self, key: &str) -> Option<&str> {
        match &self.changed {
            Some((changed, token)) if changed == key => self.text.get(token.clone()),
            _ => self.written_ones().filter(|written| written.key == key).last().map(|written| written.token),
        }
    }

    /// The numbers of lines, from 1, that are neither part of an assignment, nor a comment, nor blank: no program reads them.
    pub fn unread_lines(&self) -> Vec<usize> {
        unread_lines(self.body_range(), &self.text, self.written_ones().map(|written| written.found.taken()))
    }

    fn body_range(&self) -> Range<usize> {
        self.text.len() - body(&self.text).len()..self.text.len()
    }
}

/// The numbers of lines of a part of a text, from 1, that nobody reads, given what its assignments and the one before take.
pub(super) fn unread_lines(part: Range<usize>, text: &str, taken: impl Iterator<Item = Range<usize>>) -> Vec<usize> {
    let mut taken = taken.peekable();
    let mut unread = Vec::new();
    let mut start = part.start;
    for (index, line) in lines(text.get(part).unwrap_or_default()).enumerate() {
        let range = start..start + line.len();
        start = range.end;
        while taken.next_if(|taken| taken.end < range.start).is_some() {}
        let is_read = taken.peek().is_some_and(|taken| taken.start < range.end.max(range.start + 1) && range.start <= taken.end);
        let is_junk = || !matches!(line.trim_start().bytes().next(), None | Some(b'#'));
        if !is_read && is_junk() {
            unread.push(index + 1);
        }
    }
    unread
}

/// An assignment as it is written.
pub(super) struct Written<'a> {
    /// Its name.
    pub(super) key: &'a str,
    /// Its value, quotes included.
    pub(super) token: &'a str,
    /// Where it is.
    pub(super) found: Found,
}

impl Written<'_> {
    /// The same with its value, and without the number of its line.
    pub(super) fn assignment(&self) -> Assignment {
        self.on_line(0)
    }

    /// A bare value that begins with a quote which nothing closes: where it ends is everybody's guess.
    pub(super) fn fault(&self, text: &str) -> Option<Fault> {
        let quote = self.token.bytes().next().filter(|first| matches!(first, b'\'' | b'"' | b'`'))?;
        let is_open = Style::of(self.token) == Style::Bare && self.token.bytes().filter(|byte| *byte == quote).count() == 1;
        is_open.then(|| {
            let (line, column) = (line_of(text, self.found.token.start), column_of(text.as_bytes(), self.found.token.start));
            Fault::Unterminated { line, column, key: shown_name(self.key) }
        })
    }

    fn on_line(&self, line: usize) -> Assignment {
        Assignment {
            key: self.key.to_owned(),
            value: decode(self.token).into(),
            style: Style::of(self.token),
            is_exported: self.found.is_exported,
            line,
            token: self.found.token.clone(),
            name: self.found.name.start,
        }
    }
}

fn written_ones(text: &str) -> impl Iterator<Item = Written<'_>> {
    written_from(text, text.len() - body(text).len())
}

/// The assignments of a text from the beginning of a line on.
pub(super) fn written_from(text: &str, start: usize) -> impl Iterator<Item = Written<'_>> {
    let slice = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    scanner::scan(text, start).map(move |found| Written { key: slice(&found.name), token: slice(&found.token), found })
}

/// The text without a byte order mark.
pub(super) fn body(text: &str) -> &str {
    text.strip_prefix('\u{FEFF}').unwrap_or(text)
}

/// The lines of a text with their ends: a line feed, a carriage return, or both.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = match memchr2(b'\n', b'\r', rest.as_bytes()) {
            Some(at) if rest.get(at..at + 2) == Some("\r\n") => at + 2,
            Some(at) => at + 1,
            None => rest.len(),
        };
        let (line, after) = rest.split_at(end);
        rest = after;
        Some(line)
    })
}

/// The line of a place in a text, from 1.
fn line_of(text: &str, place: usize) -> usize {
    text.get(..place).map_or(0, line_ends) + 1
}

/// How many lines end in a text.
fn line_ends(text: &str) -> usize {
    let count = |wanted: u8| memchr_iter(wanted, text.as_bytes()).count();
    match count(b'\r') {
        0 => count(b'\n'),
        returns => returns + count(b'\n') - text.matches("\r\n").count(),
    }
}

/// The assignments of a text with their lines, and the first that is open.
fn assignments(text: &str) -> (Vec<Assignment>, Option<Fault>) {
    let (mut counted, mut line, mut fault) = (text.len() - body(text).len(), 1, None);
    let numbered = written_ones(text).map(|written| {
        let start = written.found.name.start;
        line += text.get(counted..start).map_or(0, line_ends);
        counted = start;
        fault = fault.take().or_else(|| written.fault(text));
        written.on_line(line)
    });
    (numbered.collect(), fault)
}

fn fault_of_bytes(bytes: &[u8]) -> Option<Fault> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Some(Fault::Utf16);
    }
    let not_utf8 = |error: std::str::Utf8Error| {
        let place = error.valid_up_to();
        Fault::NotUtf8 { line: line_of_byte(bytes, place), column: column_of(bytes, place) }
    };
    nul(bytes).or_else(|| std::str::from_utf8(bytes).err().map(not_utf8))
}

fn nul(bytes: &[u8]) -> Option<Fault> {
    memchr(0, bytes).map(|place| Fault::Nul { line: line_of_byte(bytes, place), column: column_of(bytes, place) })
}

/// The character of its line at a place, from 1.
fn column_of(bytes: &[u8], place: usize) -> usize {
    let before = bytes.get(..place).unwrap_or_default();
    let start = before.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(0, |end| end + 1);
    let line = String::from_utf8_lossy(before.get(start..).unwrap_or_default());
    body(&line).chars().count() + 1
}

/// The line of a byte, from 1, by line feeds alone.
fn line_of_byte(bytes: &[u8], place: usize) -> usize {
    bytes.get(..place).map_or(0, |above| memchr_iter(b'\n', above).count()) + 1
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    fn fault(bytes: &[u8]) -> Option<String> {
        Document::parse(bytes).fault().map(ToString::to_string)
    }

    #[test]
    fn what_cannot_be_edited_is_named_with_its_line() {
        assert_eq!(fault(b"A=1\n"), None);
        assert_eq!(fault(b"\xff\xfeA\0"), Some("it is UTF-16 text; save it as UTF-8".into()));
        assert_eq!(fault(b"A=1\nB=\xff\n"), Some("line 2, column 3 is no UTF-8 text".into()));
        assert_eq!(fault(b"A=1\n\nB=\0"), Some("line 3, column 3 is a zero byte, so this is no text".into()));
        assert_eq!(fault(b"A=1\r\nB=\"open\r\nC=2"), Some("line 2, column 3: the quote of `B` is not closed".into()));
        assert_eq!(fault(b"A='a'b\nB=it's\n"), None);
    }

    #[test]
    fn places_and_lines_are_those_of_the_file() {
        let text = "\u{FEFF}A=1\r\n\r\nexport B = 'x\r\ny' # c\r\nC: \"\"\rD=";
        let document = Document::parse(text.as_bytes());
        let found: Vec<_> = document
            .assignments()
            .iter()
            .map(|found| (found.key.as_str(), text.get(found.token.clone()).unwrap(), found.line, found.style, found.is_exported))
            .collect();
        assert_eq!(
            found,
            [
                ("A", "1", 1, Style::Bare, false),
                ("B", "'x\r\ny'", 3, Style::Single, true),
                ("C", "\"\"", 5, Style::Double, false),
                ("D", "", 6, Style::Bare, false),
            ]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_document_and_come_out_as_they_went_in(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let document = Document::parse(&bytes);
            prop_assert_eq!(document.as_bytes(), bytes.as_slice());
        }

        #[test]
        fn every_token_is_where_it_is_said_to_be(text in "(\u{FEFF})?([KA'\"`=: #\n\r\té]|KEY=|K: |export ){0,30}") {
            let document = Document::parse(text.as_bytes());
            for found in document.assignments() {
                prop_assert!(text.get(found.name..).unwrap().starts_with(&found.key), "{:?}", found.key);
                prop_assert_eq!(decode(text.get(found.token.clone()).unwrap()), found.value.expose_secret().to_owned());
            }
        }
    }
}
