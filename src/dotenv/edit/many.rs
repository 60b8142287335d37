//! Changes many values at once: the text is gone through a few times, however many there are.

use std::collections::{HashMap, HashSet};

use secrecy::ExposeSecret;

use super::{EditError, body, end_of_line, is_in_one_piece, is_name, lines, put, replaced, whole_lines};
use crate::dotenv::document::{Assignment, Document};
use crate::dotenv::writer::Writer;

/// A variable and its new value; `None` takes it out.
pub type Edit<'a> = (&'a str, Option<&'a str>);

impl Document {
    /// The document with all changes, as if they were made one after the other, and new lines with the end that most lines have
    /// before; `None` when it has them already.
    pub fn with_all(&self, edits: &[Edit<'_>], writer: &Writer) -> Result<Option<Self>, EditError> {
        if edits.len() != 1 {
            self.refuse_fault()?;
        }
        let wanted: HashMap<&str, Option<&str>> = edits.iter().copied().collect();
        if edits.len() < 2 || wanted.len() < edits.len() {
            // (Each looks for faults.)
            return self.one_after_the_other(edits, writer);
        }
        let text = self.edited(edits, writer)?;
        if text == self.text() {
            return Ok(None);
        }
        let edited = Self::of_text(text);
        if self.differs_as_wanted(&edited, &wanted) {
            return Ok(Some(edited));
        }
        // Changes that get into each other's way: the one that cannot be made is named.
        self.one_after_the_other(edits, writer)
    }

    fn one_after_the_other(&self, edits: &[Edit<'_>], writer: &Writer) -> Result<Option<Self>, EditError> {
        let mut edited: Option<Self> = None;
        for (key, value) in edits {
            let now = edited.as_ref().unwrap_or(self);
            let next = value.map_or_else(|| now.without(key), |value| now.with(key, value, writer))?;
            edited = next.or(edited);
        }
        Ok(edited.filter(|edited| edited.text() != self.text()))
    }

    /// The text with all changes.
    fn edited(&self, edits: &[Edit<'_>], writer: &Writer) -> Result<String, EditError> {
        let own = self.own_of(edits);
        let end = end_of_line(self.text());
        let commented = commented(self.text(), &edits.iter().map(|(key, _)| *key).filter(|key| !own.contains_key(key)).collect());
        let (mut pieces, mut added) = (Vec::new(), Vec::new());
        for (key, value) in edits {
            match (own.get(key), value) {
                (None, None) => {}
                (Some(own), None) => {
                    pieces.extend(own.iter().map(|assignment| (whole_lines(self.text(), assignment), String::new())));
                }
                (Some(own), Some(value)) => {
                    for assignment in self.different(own, key, value)? {
                        let written =
                            writer.quote_like(value, assignment.style).map_err(|why| EditError::unportable(key, why))?;
                        pieces.push(put(self.text(), assignment, &written));
                    }
                }
                (None, Some(value)) => {
                    let line = new_line(key, value, writer)?;
                    match commented.get(key) {
                        Some(&place) if self.text().get(..place).is_some_and(|above| above.ends_with(['\n', '\r'])) => {
                            pieces.push((place..place, format!("{line}{end}")));
                        }
                        Some(&place) => pieces.push((place..place, format!("{end}{line}"))),
                        None => added.push(line),
                    }
                }
            }
        }
        pieces.sort_by_key(|(range, _)| (range.start, range.end));
        Ok(added.iter().fold(replaced(self.text(), pieces), |text, line| appended(text, line, end)))
    }

    /// The assignments of each key that is there.
    fn own_of<'a>(&self, edits: &[Edit<'a>]) -> HashMap<&'a str, Vec<Assignment>> {
        let keys: HashSet<&'a str> = edits.iter().map(|(key, _)| *key).collect();
        let mut own: HashMap<&str, Vec<Assignment>> = HashMap::new();
        for written in self.written_ones() {
            if let Some(key) = keys.get(written.key) {
                own.entry(key).or_default().push(written.assignment());
            }
        }
        own
    }

    /// The assignments of a key to change: all of them, or none when each has the value already.
    fn different<'a>(&self, own: &'a [Assignment], key: &str, value: &str) -> Result<&'a [Assignment], EditError> {
        if own.iter().all(|assignment| assignment.value.expose_secret() == value) {
            return Ok(&[]);
        }
        if own.iter().all(|assignment| is_in_one_piece(self.text(), assignment)) {
            Ok(own)
        } else {
            Err(EditError::Ambiguous(key.to_owned()))
        }
    }

    /// Whether the wanted keys have their values in the other document, and all others are written as they are here.
    fn differs_as_wanted(&self, other: &Self, wanted: &HashMap<&str, Option<&str>>) -> bool {
        let mut others = self.written_ones().filter(|written| !wanted.contains_key(written.key));
        let mut seen: HashSet<&str> = HashSet::new();
        for written in other.written_ones() {
            let is_meant = match wanted.get(written.key) {
                Some(value) => {
                    seen.insert(written.key);
                    *value == Some(written.assignment().value.expose_secret())
                }
                None => others.next().is_some_and(|here| {
                    (here.key, here.token, here.found.is_exported) == (written.key, written.token, written.found.is_exported)
                }),
            };
            if !is_meant {
                return false;
            }
        }
        others.next().is_none()
            && wanted.iter().all(|(key, value)| value.is_some() == seen.contains(key))
            && self.unread_lines().len() == other.unread_lines().len()
            && other.fault().is_none()
    }
}

fn new_line(key: &str, value: &str, writer: &Writer) -> Result<String, EditError> {
    if !is_name(key) {
        return Err(EditError::Name(key.to_owned()));
    }
    let written = writer.quote(value).map_err(|why| EditError::unportable(key, why))?;
    Ok(format!("{key}={written}"))
}

fn appended(mut text: String, line: &str, end: &str) -> String {
    if !body(&text).is_empty() && !text.ends_with(['\n', '\r']) {
        text.push_str(end);
    }
    text.push_str(line);
    text.push_str(end);
    text
}

/// The place behind the last line `# KEY=` of each key, in any spelling of the comment.
fn commented<'a>(text: &str, keys: &HashSet<&'a str>) -> HashMap<&'a str, usize> {
    let mut place = text.len() - body(text).len();
    let mut found = HashMap::new();
    for line in lines(body(text)) {
        place += line.len();
        let rest = line.trim_start().strip_prefix('#').map(|rest| rest.trim_start().trim_start_matches("export "));
        let name = rest.and_then(|rest| rest.split_once('=')).map(|(name, _)| name.trim_end());
        if let Some(key) = name.and_then(|name| keys.get(name)) {
            found.insert(*key, place);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    fn text(document: Option<&Document>) -> Option<String> {
        document.map(|document| String::from_utf8(document.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn changes_comments_and_new_lines_come_together() {
        let document = Document::parse(b"A=1 # a\r\nB=2\r\n# C=\r\nD='4'\r\n#E=");
        let edits =
            [("F", Some("6")), ("A", Some("x")), ("B", None), ("C", Some("3")), ("E", Some("5")), ("G", Some("two words"))];
        let edited = document.with_all(&edits, &Writer::default()).unwrap();
        assert_eq!(text(edited.as_ref()).unwrap(), "A=x # a\r\n# C=\r\nC=3\r\nD='4'\r\n#E=\r\nE=5\r\nF=6\r\nG='two words'\r\n");
        assert!(document.with_all(&[("A", Some("1")), ("D", Some("4"))], &Writer::default()).unwrap().is_none());
    }

    #[test]
    fn the_first_change_that_cannot_be_made_is_named() {
        let document = Document::parse(b"A=1\n");
        let refused = |edits: &[Edit<'_>]| document.with_all(edits, &Writer::default()).unwrap_err();
        assert!(matches!(refused(&[("A", Some("2")), ("B", Some("a\nb"))]), EditError::Unportable { key, .. } if key == "B"));
        assert_eq!(refused(&[("A", Some("2")), ("B C", Some("x"))]), EditError::Name("B C".into()));
    }

    proptest! {
        #[test]
        fn it_is_as_if_they_were_made_one_after_the_other(
            lines in proptest::collection::vec("A=1|B='2'|export C=3 # c|# A=|#B=x|D:|E=\"a\nb\"|junk|F=|A=2|", 0..8),
            (end, last) in (prop::sample::select(vec!["\n", "\r\n"]), any::<bool>()),
            edits in proptest::collection::vec(("[A-G]", prop::option::of("[a-c '#]{0,4}")), 0..6),
        ) {
            let mut whole = lines.join(end);
            if last {
                whole.push_str(end);
            }
            let document = Document::parse(whole.as_bytes());
            let edits: Vec<Edit<'_>> = edits.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
            let writer = Writer::default();
            let (all, each) = (document.with_all(&edits, &writer), document.one_after_the_other(&edits, &writer));
            match (all, each) {
                (Ok(all), Ok(each)) => {
                    // Which end most lines have may change on the way.
                    let same = |document: Option<Document>| text(document.as_ref()).map(|text| text.replace("\r\n", "\n"));
                    prop_assert_eq!(same(all), same(each));
                }
                // What would be ambiguous for a moment only; of two that are, either is named.
                (Ok(_), Err(EditError::Ambiguous(_))) | (Err(_), Err(_)) => {}
                (all, each) => prop_assert!(false, "{:?} {:?}", all, each),
            }
        }
    }
}
