//! Reads a `.env` the way Node's `dotenv` 17 does, because that is what the programs of a project see.
//!
//! It never fails: what is no assignment is skipped. The last of several values of a key wins.

use std::collections::HashMap;

use secrecy::{ExposeSecret, SecretString};

use super::document::{Assignment, Document};

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
    entries(&Document::parse(text.as_bytes()))
}

/// Every variable of a document, each once, in the order of first appearance.
pub fn entries(document: &Document) -> Vec<Entry> {
    let entry = |found: &Assignment| Entry { key: found.key.clone(), value: found.value.clone() };
    in_force(document).into_iter().map(entry).collect()
}

/// The assignment of every variable that counts, which is its last, in the order of first appearance.
pub fn in_force(document: &Document) -> Vec<&Assignment> {
    last_of_each(document.assignments(), |assignment| &assignment.key)
}

/// Every key once, at its first place and with the last of what has it.
pub(super) fn last_of_each<T>(all: &[T], key: impl Fn(&T) -> &str) -> Vec<&T> {
    let mut places = HashMap::with_capacity(all.len());
    let mut found: Vec<&T> = Vec::with_capacity(all.len());
    for one in all {
        let place = *places.entry(key(one)).or_insert(found.len());
        match found.get_mut(place) {
            Some(earlier) => *earlier = one,
            None => found.push(one),
        }
    }
    found
}

/// The 1-based numbers of lines that are neither an assignment, a comment nor blank, so that no program reads them.
pub fn unread_lines(text: &str) -> Vec<usize> {
    Document::parse(text.as_bytes()).unread_lines()
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
        assert_eq!(unread_lines("\u{FEFF}A=1\r\njunk\r\nB='x\r\ny'\r\n=v\r\nC="), [2, 5]);
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
