//! Asks dotenvy itself what a Rust program, mise, just or uv would see of a `.env`.
//!
//! It expands `$` from the environment, so it is asked here and not in the domain. Its errors repeat lines of the file, so
//! none of them is passed on.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, Read};

use secrecy::ExposeSecret;

use crate::dotenv::{Assignment, Document};

/// Where dotenvy sees something else than what the file means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The line, from 1.
    pub line: usize,
    /// The variable, where it is one.
    pub key: Option<String>,
    /// What is different.
    pub kind: DifferenceKind,
}

/// What is different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// It refuses the whole file for this line.
    Refused,
    /// It reads another value.
    OtherValue,
    /// It does not see the variable.
    Unseen,
}

/// Compares what dotenvy reads with what the document means.
pub fn differences(document: &Document) -> Vec<Difference> {
    let text = String::from_utf8_lossy(document.as_bytes());
    let lines = Cell::new(0);
    let mut seen = Vec::new();
    let reader = LineByLine { rest: text.as_bytes(), lines: &lines };
    let mut before = 0;
    for item in dotenvy::from_read_iter(reader) {
        match item {
            Ok((key, value)) => seen.push((key, secrecy::SecretString::from(value))),
            // The error holds the line.
            Err(_holds_the_line) => {
                let is_there = |line: &usize| (before + 1..=lines.get()).contains(line);
                let known = document.assignments().iter().find(|assignment| is_there(&assignment.line));
                let line = known.map(|assignment| assignment.line).or_else(|| document.unread_lines().into_iter().find(is_there));
                let key = known.map(|assignment| assignment.key.clone());
                return vec![Difference { line: line.unwrap_or_else(|| lines.get()), key, kind: DifferenceKind::Refused }];
            }
        }
        before = lines.get();
    }
    let seen: HashMap<&str, &str> = seen.iter().map(|(key, value)| (key.as_str(), value.expose_secret())).collect();
    let last: HashMap<&str, usize> =
        document.assignments().iter().map(|assignment| (assignment.key.as_str(), assignment.line)).collect();
    let difference = |assignment: &Assignment| {
        let is_last = last.get(assignment.key.as_str()) == Some(&assignment.line);
        let kind = match seen.get(assignment.key.as_str()) {
            None => DifferenceKind::Unseen,
            Some(value) if is_last && *value != assignment.value.expose_secret() => DifferenceKind::OtherValue,
            Some(_) => return None,
        };
        Some(Difference { line: assignment.line, key: Some(assignment.key.clone()), kind })
    };
    document.assignments().iter().filter_map(difference).collect()
}

/// The first of some variables that dotenvy reads differently than the document means it.
pub fn misread<'a>(document: &Document, keys: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    keys.into_iter().find(|key| document.written_value(key).is_some_and(|written| !agrees_on(key, written)))
}

fn agrees_on(key: &str, written: &str) -> bool {
    let alone = secrecy::SecretString::from(format!("{key}={written}\n"));
    differences(&Document::parse(alone.expose_secret().as_bytes())).is_empty()
}

/// Gives one line at a time, so that it is known how far dotenvy has come.
struct LineByLine<'a> {
    rest: &'a [u8],
    lines: &'a Cell<usize>,
}

impl Read for LineByLine<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.rest.iter().position(|byte| *byte == b'\n').map_or(self.rest.len(), |place| place + 1);
        let count = end.min(buffer.len());
        let (now, rest) = self.rest.split_at(count);
        if let Some(buffer) = buffer.get_mut(..count) {
            buffer.copy_from_slice(now);
        }
        self.rest = rest;
        self.lines.set(self.lines.get() + usize::from(count == end && count > 0));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dotenv::{Consumer, Writer};

    fn found(text: &str) -> Vec<(usize, Option<String>, DifferenceKind)> {
        let found = differences(&Document::parse(text.as_bytes()));
        found.into_iter().map(|found| (found.line, found.key, found.kind)).collect()
    }

    #[test]
    fn says_where_dotenvy_sees_something_else() {
        use DifferenceKind::*;
        let key = |name: &str| Some(name.to_owned());
        assert_eq!(found("A=1\n# c\n\nexport B='two words' # c\nC=\"a\nb\"\n"), []);
        assert_eq!(found("A=1\n# c\nB=two words\nC=1\n"), [(3, key("B"), Refused)]);
        assert_eq!(found("A=1\njunk\n"), [(2, None, Refused)]);
        assert_eq!(found("A=1\nB=it's\n"), [(2, key("B"), Refused)]);
        assert_eq!(found("A=1\nB=x$A\n"), [(2, key("B"), OtherValue)]);
        assert_eq!(found("A=x#y\n"), [(1, key("A"), OtherValue)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// The table of the writer agrees with dotenvy.
        #[test]
        fn what_is_written_for_rust_is_what_dotenvy_reads(value in "[a-z'\"`$\\\\ #=:{}()!\t\n]{0,12}|\\PC{0,20}") {
            let Ok(written) = Writer::new([Consumer::Rust]).quote(&value) else { return Ok(()) };
            let document = Document::parse(format!("KEY={written}\nNEXT=1\n").as_bytes());
            prop_assert_eq!(differences(&document), vec![]);
        }
    }
}
