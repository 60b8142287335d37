//! Changes single values of a document. Every other byte stays as it is: comments, order, quotes, line ends, junk.

// (Named, because fuzz/ takes this file from here by its path.)
#[path = "edit/around.rs"]
mod around;
#[path = "edit/many.rs"]
mod many;

use std::ops::Range;

use secrecy::ExposeSecret;

use super::document::{Assignment, Document, Fault, body, lines, unread_lines};
use super::reader::{Entry, read};
use super::writer::{Unportable, Writer};
use around::{Change, Near};
pub use many::Edit;

/// Why a document is not changed. It names a key or a line, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The document is unsafe to edit.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// The value has no form that every program reads alike.
    #[error("the value of `{key}` cannot be written: {why}")]
    Unportable {
        /// The variable.
        key: String,
        /// Why.
        why: Unportable,
    },
    /// The name is none that every program knows.
    #[error("`{0}` is no name of a variable: letters, digits and `_`, and no digit in front")]
    Name(String),
    /// The value would be read differently at its place, or something else would.
    #[error("`{0}` cannot be changed without changing how the rest is read; edit the file by hand")]
    Ambiguous(String),
}

impl EditError {
    fn unportable(key: &str, why: Unportable) -> Self {
        Self::Unportable { key: key.to_owned(), why }
    }
}

/// Whether every program knows a name of this form.
pub fn is_name(key: &str) -> bool {
    let is_word = key.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    is_word && !key.is_empty() && !key.starts_with(|first: char| first.is_ascii_digit())
}

/// What one walk through a document tells of a key.
struct Survey {
    /// Its assignments.
    own: Vec<Assignment>,
    /// Where it is, or the last of all assignments when it is not there.
    near: Option<Near>,
}

/// A piece of a text, and what takes its place.
type Piece = (Range<usize>, String);

impl Document {
    /// The document with a value, wherever the key stands, else below its commented form, else at the end. `None` when it has
    /// the value already.
    pub fn with(&self, key: &str, value: &str, writer: &Writer) -> Result<Option<Self>, EditError> {
        let survey = self.survey(key)?;
        let own = &survey.own;
        if own.is_empty() && !is_name(key) {
            return Err(EditError::Name(key.to_owned()));
        }
        if !own.is_empty() && own.iter().all(|assignment| assignment.value.expose_secret() == value) {
            return Ok(None);
        }
        let unportable = |why| EditError::unportable(key, why);
        if !own.iter().all(|assignment| is_in_one_piece(self.text(), assignment)) {
            return Err(EditError::Ambiguous(key.to_owned()));
        }
        let pieces = if own.is_empty() {
            vec![insertion(self.text(), key, &writer.quote(value).map_err(unportable)?)]
        } else {
            let written = own.iter().map(|assignment| writer.quote_like(value, assignment.style).map_err(unportable));
            let pieces = own.iter().zip(written).map(|(assignment, written)| Ok(put(self.text(), assignment, &written?)));
            pieces.collect::<Result<_, EditError>>()?
        };
        self.changed(pieces, &survey, (key, Some(value))).map(Some)
    }

    /// The document without a key: every line of it goes, comments above stay. `None` when it is not there.
    pub fn without(&self, key: &str) -> Result<Option<Self>, EditError> {
        let survey = self.survey(key)?;
        if survey.own.is_empty() {
            return Ok(None);
        }
        let pieces = survey.own.iter().map(|assignment| (whole_lines(self.text(), assignment), String::new()));
        self.changed(pieces.collect(), &survey, (key, None)).map(Some)
    }

    fn refuse_fault(&self) -> Result<(), EditError> {
        self.fault().map_or(Ok(()), |fault| Err(fault.clone().into()))
    }

    /// Looks for a key and for what makes the document unsafe to edit, all at once: a file can be large.
    fn survey(&self, key: &str) -> Result<Survey, EditError> {
        if let Some(fault) = self.fault_of_bytes() {
            return Err(fault.into());
        }
        let mut survey = Survey { own: Vec::new(), near: None };
        let mut before = None;
        for written in self.written_ones() {
            if let Some(fault) = written.fault(self.text()) {
                return Err(fault.into());
            }
            let taken = written.found.taken();
            let is_own = written.key == key;
            if is_own {
                survey.own.push(written.assignment());
            }
            if is_own || survey.own.is_empty() {
                survey.near = Some(Near { found: written.found, before });
            }
            before = Some(taken);
        }
        Ok(survey)
    }

    /// The changed document, when it is read as it should be: the key has its value, and every other one is as it was.
    fn changed(&self, pieces: Vec<Piece>, survey: &Survey, wanted: (&str, Option<&str>)) -> Result<Self, EditError> {
        let change = match pieces.as_slice() {
            [(old, new)] if survey.own.len() < 2 && !new.contains('\0') => {
                Some(Change { old: old.clone(), new_end: old.start + new.len() })
            }
            _ => None,
        };
        let text = replaced(self.text(), pieces);
        let places = |(near, change)| around::places_when_right((self.text(), &text), near, change, wanted);
        match survey.near.as_ref().zip(change.as_ref()).and_then(places) {
            Some(places) => {
                let changed = places.into_iter().last().map(|token| (wanted.0.to_owned(), token));
                Ok(Self::of_changed(text, changed))
            }
            None => self.checked(text, wanted),
        }
    }

    /// The same, by going through all of it.
    fn checked(&self, text: String, (key, value): (&str, Option<&str>)) -> Result<Self, EditError> {
        let edited = Self::of_text(text);
        let is_right = self.differs_only_in(&edited, key, value)
            && self.unread_lines().len() == edited.unread_lines().len()
            && edited.fault().is_none();
        if is_right { Ok(edited) } else { Err(EditError::Ambiguous(key.to_owned())) }
    }

    /// Whether a key has a value everywhere in the other document, or is not there, and all others are written as they are
    /// here. Each text is gone through once: a file can be large.
    fn differs_only_in(&self, other: &Self, key: &str, value: Option<&str>) -> bool {
        let mut others = self.others(key);
        let mut count = 0;
        for written in other.written_ones() {
            let is_meant = if written.key == key {
                count += 1;
                value == Some(written.assignment().value.expose_secret())
            } else {
                others.next() == Some((written.key, written.token, written.found.is_exported))
            };
            if !is_meant {
                return false;
            }
        }
        others.next().is_none() && (count > 0) == value.is_some()
    }

    /// Every assignment but those of a key, as it is written.
    fn others(&self, key: &str) -> impl Iterator<Item = (&str, &str, bool)> {
        let others = self.written_ones().filter(move |written| written.key != key);
        others.map(|written| (written.key, written.token, written.found.is_exported))
    }
}

/// dotenv takes `A:` at the end of a line and what stands on the next one for a variable; nobody else does.
fn is_in_one_piece(text: &str, assignment: &Assignment) -> bool {
    text.get(assignment.name..assignment.token.start).is_none_or(|head| !head.contains(['\n', '\r']))
}

/// A text with pieces of it, in order, replaced.
fn replaced(text: &str, pieces: Vec<Piece>) -> String {
    let mut new = String::with_capacity(text.len() + pieces.iter().map(|(_, piece)| piece.len()).sum::<usize>());
    let mut kept = 0;
    for (range, piece) in pieces {
        new.push_str(text.get(kept..range.start).unwrap_or_default());
        new.push_str(&piece);
        kept = kept.max(range.end);
    }
    new.push_str(text.get(kept..).unwrap_or_default());
    new
}

/// What takes the place of a value.
fn put(text: &str, assignment: &Assignment, written: &str) -> Piece {
    let after = text.get(assignment.token.end..).unwrap_or_default();
    let has_comment = lines(after).next().is_some_and(|rest| rest.trim_start().starts_with('#'));
    // A comment behind nothing is the value to godotenv and compose; one that touches a value is a part of it to many.
    let written = if written.is_empty() && has_comment { "\"\"" } else { written };
    let space = if after.starts_with('#') { " " } else { "" };
    (assignment.token.clone(), format!("{written}{space}"))
}

/// What adds an assignment below its commented form, else at the end.
fn insertion(text: &str, key: &str, written: &str) -> Piece {
    let end = end_of_line(text);
    let piece = match commented(text, key) {
        Some(place) if text.get(..place).is_some_and(|above| above.ends_with(['\n', '\r'])) => {
            return (place..place, format!("{key}={written}{end}"));
        }
        Some(place) => return (place..place, format!("{end}{key}={written}")),
        None if body(text).is_empty() || text.ends_with(['\n', '\r']) => format!("{key}={written}{end}"),
        None => format!("{end}{key}={written}{end}"),
    };
    (text.len()..text.len(), piece)
}

/// The place behind the last line `# KEY=`, in any spelling of the comment.
fn commented(text: &str, key: &str) -> Option<usize> {
    if !text.contains(key) {
        return None;
    }
    let mut place = text.len() - body(text).len();
    let mut found = None;
    for line in lines(body(text)) {
        place += line.len();
        let name = line.trim_start().strip_prefix('#').map(|rest| rest.trim_start().trim_start_matches("export "));
        if name.and_then(|rest| rest.strip_prefix(key)).is_some_and(|rest| rest.trim_start().starts_with('=')) {
            found = Some(place);
        }
    }
    found
}

/// The line end that most lines have.
fn end_of_line(text: &str) -> &'static str {
    let pairs = text.matches("\r\n").count();
    if pairs * 2 > text.matches('\n').count() { "\r\n" } else { "\n" }
}

/// From the beginning of the first line of an assignment to the end of its last.
fn whole_lines(text: &str, assignment: &Assignment) -> Range<usize> {
    let before = text.get(..assignment.name).unwrap_or_default();
    let mark = text.len() - body(text).len();
    let start = before.rfind(['\n', '\r']).map_or(mark, |at| at + 1);
    let end = assignment.token.end;
    // Behind `A:` and a line end there is no value: what stands there is another line.
    let is_next_line = assignment.token.is_empty() && text.get(..end).is_some_and(|above| above.ends_with(['\n', '\r']));
    let rest = text.get(end..).filter(|_| !is_next_line).unwrap_or_default();
    start..end + lines(rest).next().map_or(0, str::len)
}

/// Puts a written value where a text leaves a variable empty. `None` when it does not, or when the value would be read
/// differently at that place.
pub fn fill(text: &str, key: &str, written: &str) -> Option<String> {
    let document = Document::parse(text.as_bytes());
    let assignment = document.find(key).filter(|found| found.value.expose_secret().is_empty())?;
    // A comment that begins right behind a bare value is a part of it to many readers.
    if text.get(assignment.token.end..)?.starts_with('#') {
        return None;
    }
    let mut filled = text.to_owned();
    filled.replace_range(assignment.token.clone(), written);
    changes_only(key, written, &read(text), &read(&filled)).then_some(filled)
}

/// Whether two readings differ only in that an empty variable has the written value.
fn changes_only(key: &str, written: &str, before: &[Entry], after: &[Entry]) -> bool {
    let meant = read(&format!("{key}={written}"));
    let is_as_meant = |(before, after): (&Entry, &Entry)| {
        let expected = if before.key == key { meant.first().filter(|_| !before.has_value()) } else { Some(before) };
        after.key == before.key && expected.is_some_and(|expected| expected.value.expose_secret() == after.value.expose_secret())
    };
    before.len() == after.len() && before.iter().zip(after).all(is_as_meant)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;
    use crate::dotenv::quote;

    #[test]
    fn fills_the_line_that_readers_see() {
        let cases = [
            ("KEY=", "KEY=v"),
            ("KEY=\r\nB=1\r\n", "KEY=v\r\nB=1\r\n"),
            ("\u{FEFF}A='1\r\n2'\r\nexport KEY = ''  # why\r\n", "\u{FEFF}A='1\r\n2'\r\nexport KEY = v  # why\r\n"),
            ("KEY= # why\n", "KEY=v # why\n"),
            ("KEY=1\nKEY=\n", "KEY=1\nKEY=v\n"),
            ("  KEY: \"\"", "  KEY: v"),
        ];
        for (text, expected) in cases {
            assert_eq!(fill(text, "KEY", "v").as_deref(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn leaves_what_has_a_value_or_no_place_for_one() {
        for text in ["", "KEY=1", "KEYS=", "# KEY=", "KEY=\nKEY=2", "KEY=# glued", "KEY=''#glued", "KEY=' '", "KEY=\n''"] {
            assert_eq!(fill(text, "KEY", "v"), None, "{text:?}");
        }
    }

    /// Lines around the one that is filled.
    fn lines() -> impl Strategy<Value = Vec<&'static str>> {
        let line =
            ["# note", "", "A=1", "export B = 'x # y'", "C=\"one\ntwo\"", "KEYS=", "#KEY=", "junk", "KEY=early", "D: 'ü' # d"];
        prop::collection::vec(prop::sample::select(line.to_vec()), 0..5)
    }

    proptest! {
        #[test]
        fn only_the_value_changes_and_it_is_read_back(
            (above, below) in (lines(), lines()),
            (head, token, tail) in prop::sample::select(vec![
                ("KEY=", "", ""), ("KEY=", "", "  # why"), ("export KEY=", "''", ""), (" KEY = ", "\"\"", " # why"), ("KEY: ", "``", " "),
            ]),
            value in "\\PC{1,20}|[a-z'\"`$\\\\ #=:{}()\t]{1,12}",
            (mark, end) in (prop::sample::select(vec!["", "\u{FEFF}"]), prop::sample::select(vec!["\n", "\r\n", "\r"])),
        ) {
            let Ok(written) = quote(&value) else { return Ok(()) };
            let below: Vec<&str> = below.into_iter().filter(|line| !line.starts_with("KEY=")).collect();
            let join = |lines: &[&str], last: &str| lines.iter().map(|line| line.replace('\n', end) + end).collect::<String>() + last;
            let (before, after) = (format!("{mark}{}{head}", join(&above, "")), format!("{tail}{end}{}", join(&below, "")));
            let filled = fill(&format!("{before}{token}{after}"), "KEY", &written);
            prop_assert_eq!(&filled, &Some(format!("{before}{written}{after}")));
            let found = read(&filled.unwrap()).into_iter().find(|entry| entry.key == "KEY").unwrap();
            prop_assert_eq!(found.value.expose_secret(), value.as_str());
        }

        #[test]
        fn whatever_the_text_nothing_else_is_read_differently(text in "([KA'\"`=: #\n\r\t]|KEY=|KEY: ){0,12}", value in "[a-z #']{1,5}") {
            let Ok(written) = quote(&value) else { return Ok(()) };
            let Some(filled) = fill(&text, "KEY", &written) else { return Ok(()) };
            let others = |text: &str| -> Vec<_> {
                let entries = read(text).into_iter().filter(|entry| entry.key != "KEY");
                entries.map(|entry| (entry.key, entry.value.expose_secret().to_owned())).collect()
            };
            prop_assert_eq!(others(&filled), others(&text));
        }
    }

    fn with(text: &str, key: &str, value: &str) -> String {
        let document = Document::parse(text.as_bytes());
        let edited = document.with(key, value, &Writer::default()).unwrap().expect("a change");
        String::from_utf8(edited.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn only_the_value_changes() {
        let cases = [
            ("A=1\n", "A", "2", "A=2\n"),
            ("\u{FEFF}A = '1'  # why\r\nB=2", "A", "x", "\u{FEFF}A = 'x'  # why\r\nB=2"),
            ("export A=\"1\"\n", "A", "it's", "export A=\"it's\"\n"),
            ("A=\"1\"\n", "A", "a`b", "A='a`b'\n"),
            ("A=`1`\n", "A", "2", "A='2'\n"),
            ("A=1 # c\n", "A", "", "A=\"\" # c\n"),
            ("A=#c\n", "A", "v", "A=v #c\n"),
            ("A=1\njunk\nA=2\n", "A", "3", "A=3\njunk\nA=3\n"),
            ("B='\nA=1\n'\nA=0\n", "A", "3", "B='\nA=1\n'\nA=3\n"),
            ("B=1", "A", "2", "B=1\nA=2\n"),
            ("", "A", "two words", "A='two words'\n"),
            ("B=1\r\n", "A", "2", "B=1\r\nA=2\r\n"),
            ("# the a\n# A=example\nB=1\n", "A", "2", "# the a\n# A=example\nA=2\nB=1\n"),
            ("B=1\n#A=", "A", "2", "B=1\n#A=\nA=2"),
            ("A=1\nA=\nA='' # c", "A", "long", "A=long\nA=long\nA='long' # c"),
        ];
        for (text, key, value, expected) in cases {
            assert_eq!(with(text, key, value), expected, "{text:?}");
        }
    }

    #[test]
    fn the_same_value_is_no_change() {
        for text in ["A=1\n", "A='1'", "A=\"1\" # c", "A=1\nA='1'\n"] {
            let unchanged = Document::parse(text.as_bytes()).with("A", "1", &Writer::default()).unwrap();
            assert!(unchanged.is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_key_goes_with_its_lines_and_nothing_else() {
        let cases = [
            ("# why\nA=1\nB=2\n", "# why\nB=2\n"),
            ("A='1\n2' # c\r\n\nB=2\nA=3", "\nB=2\n"),
            ("\u{FEFF}export A=1\nB=2\n", "\u{FEFF}B=2\n"),
            ("B='\nA=1'\nA=2\n", "B='\nA=1'\n"),
            ("A:\n\nB=1", "\nB=1"),
        ];
        for (text, expected) in cases {
            let edited = Document::parse(text.as_bytes()).without("A").unwrap().expect("a change");
            assert_eq!(String::from_utf8_lossy(edited.as_bytes()), expected, "{text:?}");
        }
        assert!(Document::parse(b"B=1").without("A").unwrap().is_none());
    }

    #[test]
    fn what_is_unsafe_to_edit_is_refused() {
        let error = |text: &[u8], key: &str, value: &str| {
            Document::parse(text).with(key, value, &Writer::default()).unwrap_err().to_string()
        };
        assert_eq!(error(b"B=\"open\n", "A", "1"), "line 1, column 3: the quote of `B` is not closed");
        assert_eq!(error(b"B=\xff\n", "A", "1"), "line 1, column 3 is no UTF-8 text");
        assert!(error(b"", "a b", "1").starts_with("`a b` is no name of a variable"));
        assert!(error(b"A:\nB=1", "A", "1").starts_with("`A` cannot be changed"));
        // A quote that nothing closed until now would end in the new value.
        assert!(error(b"B='x\\'y\nA=1\n", "A", "it' # x").starts_with("`A` cannot be changed"));
        // `export` would go to the next line.
        let without = Document::parse(b"export\nA=1\nB=2").without("A");
        assert_eq!(without.unwrap_err(), EditError::Ambiguous("A".into()));
        let value = ["pa$", "word"].concat();
        let refused = error(b"A=1\n", "A", &value);
        assert!(
            refused.starts_with("the value of `A` cannot be written: it has a `$`") && !refused.contains(&value),
            "{refused}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn what_is_right_around_the_change_is_right_everywhere(
            text in "([KAB'\"`=: #\n\r\té\\\\$\u{2028}]|KEY=|KEY: |# KEY=|export |A=1\n|B='x\n'|\r\n|\\\\'|A='x\\\\'y\n|KEY=1\n){0,25}",
            piece in "[KA'\"`=: #\n\r\\\\\u{2028}]{0,6}|KEY=1\n|1|KEY='x y'|\"1' #\"",
            (place, length) in (any::<prop::sample::Index>(), prop::option::of(0_usize..6)),
            value in prop::option::of("1|x y||1' #"),
        ) {
            let document = Document::parse(text.as_bytes());
            let Ok(survey) = document.survey("KEY") else { return Ok(()) };
            let places: Vec<usize> = (0..=text.len()).filter(|place| text.is_char_boundary(*place)).collect();
            let at = place.index(places.len());
            // Any bytes in the place of any others, and more often those of the value itself.
            let old = match (length, survey.own.last()) {
                (None, Some(own)) => own.token.clone(),
                (length, _) => places[at]..places[(at + length.unwrap_or_default()).min(places.len() - 1)],
            };
            let wanted = ("KEY", value.as_deref());
            let new = replaced(&text, vec![(old.clone(), piece.clone())]);
            let change = Change { new_end: old.start + piece.len(), old };
            let Some(near) = survey.near.filter(|_| survey.own.len() < 2) else { return Ok(()) };
            if let Some(places) = around::places_when_right((&text, &new), &near, &change, wanted) {
                let Ok(edited) = document.checked(new, wanted) else { panic!("it is not right everywhere") };
                let own = edited.assignments().iter().filter(|found| found.key == "KEY");
                prop_assert_eq!(places, own.map(|found| found.token.clone()).collect::<Vec<_>>());
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_the_document_every_other_byte_stays(
            text in "([KAB'\"`=: #\n\r\té\\\\$]|KEY=|KEY: |# KEY=|export ){0,25}",
            value in "\\PC{0,8}|[a-z #'\"]{0,5}",
        ) {
            let document = Document::parse(text.as_bytes());
            let Ok(Some(edited)) = document.with("KEY", &value, &Writer::default()) else { return Ok(()) };
            prop_assert_eq!(edited.find("KEY").unwrap().value.expose_secret(), value.as_str());
            let rest = |document: &Document| {
                let mut text = document.text().to_owned();
                for found in document.assignments().iter().rev().filter(|found| found.key == "KEY") {
                    text.replace_range(found.token.clone(), "");
                }
                text.replace(' ', "")
            };
            if document.find("KEY").is_some() {
                prop_assert_eq!(rest(&document), rest(&edited));
            } else {
                let added = edited.text().len() - document.text().len();
                prop_assert!(added >= 4 + value.len(), "nothing is lost");
            }
            prop_assert!(edited.with("KEY", &value, &Writer::default()).unwrap().is_none(), "a second time changes nothing");
        }

        #[test]
        fn taking_a_key_out_changes_no_other(text in "([KAB'\"`=: #\n\r\té]|KEY=|KEY: |export ){0,25}") {
            let document = Document::parse(text.as_bytes());
            let Ok(Some(edited)) = document.without("KEY") else { return Ok(()) };
            prop_assert!(edited.find("KEY").is_none());
            prop_assert!(edited.text().len() < document.text().len());
        }
    }
}
