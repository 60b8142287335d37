//! A change to a few lines of a text file that belongs to somebody else: every other byte stays as it is, whatever its
//! encoding and its line ends, and the change can be taken back although the file was edited elsewhere since.

use serde::{Deserialize, Serialize};

/// What is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "kebab-case")]
pub enum LineEdit {
    /// Lines that are not there yet are added at the end.
    Add {
        /// The lines, without line ends.
        lines: Vec<String>,
    },
    /// A line takes the place of another.
    Replace {
        /// The line as it is, without line end.
        old: String,
        /// The line as it should be.
        new: String,
    },
    /// Lines between two marks that name nixstart, at the end.
    Block {
        /// What the block is for; part of the marks.
        name: String,
        /// The lines, without line ends.
        lines: Vec<String>,
    },
}

/// Why a file cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The line to be replaced is not there.
    #[error("the line `{0}` is not there")]
    NoSuchLine(String),
    /// An empty line is to be replaced, or to take the place of one; it could not be found again.
    #[error("an empty line names nothing")]
    EmptyLine,
    /// The block was changed by somebody else.
    #[error("the lines between `{0}` and its end were changed by somebody else")]
    ChangedBlock(String),
    /// The first mark is there without the last, or twice.
    #[error("the marks of `{0}` do not belong together")]
    BrokenBlock(String),
}

impl LineEdit {
    /// Whether the text is as the edit would leave it.
    pub fn is_applied(&self, text: &[u8]) -> bool {
        self.apply(text).is_ok_and(|edited| edited == text)
    }

    /// The text with the change. Applied twice it is the same.
    pub fn apply(&self, text: &[u8]) -> Result<Vec<u8>, EditError> {
        match self {
            Self::Add { lines } => {
                let missing: Vec<&str> =
                    lines.iter().map(String::as_str).filter(|line| !has_line(text, line.as_bytes())).collect();
                Ok(appended(text, &missing))
            }
            Self::Replace { old, new } => {
                if old.is_empty() || new.is_empty() {
                    Err(EditError::EmptyLine)
                } else if has_line(text, new.as_bytes()) {
                    Ok(text.to_vec())
                } else if has_line(text, old.as_bytes()) {
                    Ok(replaced(text, old.as_bytes(), Some(new.as_bytes())))
                } else {
                    Err(EditError::NoSuchLine(old.clone()))
                }
            }
            Self::Block { name, lines } => match find_block(text, name)? {
                None => Ok(appended(text, &block(name, lines).iter().map(String::as_str).collect::<Vec<_>>())),
                Some(found) if found.holds(lines) => Ok(text.to_vec()),
                Some(_) => Err(EditError::ChangedBlock(marks(name).0)),
            },
        }
    }

    /// The text without the change, given the text from before it; edits that somebody made elsewhere since stay.
    pub fn take_back(&self, text: &[u8], before: &[u8]) -> Result<Vec<u8>, EditError> {
        if self.apply(before).is_ok_and(|edited| edited == text) {
            return Ok(before.to_vec());
        }
        match self {
            Self::Add { lines } => {
                let ours = lines.iter().filter(|line| !has_line(before, line.as_bytes()));
                Ok(ours.fold(text.to_vec(), |text, line| replaced(&text, line.as_bytes(), None)))
            }
            Self::Replace { old, new } if has_line(text, new.as_bytes()) => {
                Ok(replaced(text, new.as_bytes(), Some(old.as_bytes())))
            }
            Self::Replace { new, .. } => Err(EditError::NoSuchLine(new.clone())),
            Self::Block { name, lines } => match find_block(text, name)? {
                None => Ok(text.to_vec()),
                Some(found) if found.holds(lines) => Ok(found.without()),
                Some(_) => Err(EditError::ChangedBlock(marks(name).0)),
            },
        }
    }
}

/// The blocks of nixstart in a text, without what is around them: enough to tell whether a block can be written. Of a
/// mark without its counterpart there is only the mark.
pub fn blocks_of(text: &[u8]) -> Vec<u8> {
    let lines = lines_of(text);
    let is_mark = |line: &Line<'_>, begin: &[u8], end: &[u8]| line.content.starts_with(begin) && line.content.ends_with(end);
    let begins = |line: &Line<'_>| is_mark(line, b"# >>> nixstart ", b" >>>");
    let ends = |line: &Line<'_>| is_mark(line, b"# <<< nixstart ", b" <<<");
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| begins(line) || ends(line)) {
        let after = lines.get(index + 1..).unwrap_or_default();
        let next = if begins(line) { after.iter().position(|line| begins(line) || ends(line)) } else { None };
        let inner = next.filter(|next| after.get(*next).is_some_and(ends)).and_then(|next| after.get(..next));
        for line in std::iter::once(line).chain(inner.unwrap_or_default()) {
            found.extend_from_slice(line.content);
            found.push(b'\n');
        }
    }
    found
}

/// The marks around a block.
fn marks(name: &str) -> (String, String) {
    (format!("# >>> nixstart {name} >>>"), format!("# <<< nixstart {name} <<<"))
}

fn block(name: &str, lines: &[String]) -> Vec<String> {
    let (first, last) = marks(name);
    std::iter::once(first).chain(lines.iter().cloned()).chain(std::iter::once(last)).collect()
}

/// A block in a text: what is before it, in it and after it.
struct Found<'a> {
    before: &'a [u8],
    lines: Vec<&'a [u8]>,
    after: &'a [u8],
}

impl Found<'_> {
    fn holds(&self, lines: &[String]) -> bool {
        self.lines.iter().copied().eq(lines.iter().map(String::as_bytes))
    }

    fn without(&self) -> Vec<u8> {
        [self.before, self.after].concat()
    }
}

fn find_block<'a>(text: &'a [u8], name: &str) -> Result<Option<Found<'a>>, EditError> {
    let (first, last) = marks(name);
    let lines = lines_of(text);
    let places = |mark: &str| -> Vec<usize> {
        lines.iter().enumerate().filter(|(_, line)| line.content == mark.as_bytes()).map(|(index, _)| index).collect()
    };
    match (places(&first).as_slice(), places(&last).as_slice()) {
        ([], []) => Ok(None),
        ([begin], [end]) if begin < end => {
            let whole = |lines: &[Line<'_>]| lines.iter().map(|line| line.whole.len()).sum::<usize>();
            let (head, rest) = text.split_at(whole(lines.get(..*begin).unwrap_or_default()));
            let after = rest.get(whole(lines.get(*begin..=*end).unwrap_or_default())..).unwrap_or_default();
            let inner = lines.get(begin + 1..*end).unwrap_or_default().iter().map(|line| line.content).collect();
            Ok(Some(Found { before: head, lines: inner, after }))
        }
        _ => Err(EditError::BrokenBlock(first)),
    }
}

/// A line with and without its line end.
struct Line<'a> {
    whole: &'a [u8],
    content: &'a [u8],
}

fn lines_of(text: &[u8]) -> Vec<Line<'_>> {
    text.split_inclusive(|byte| *byte == b'\n').map(|whole| Line { whole, content: content(whole) }).collect()
}

/// A line without its end; a carriage return belongs to the end only before a line feed.
fn content(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n")).unwrap_or(line)
}

fn has_line(text: &[u8], wanted: &[u8]) -> bool {
    lines_of(text).iter().any(|line| line.content == wanted)
}

/// The line end a text uses.
fn line_end(text: &[u8]) -> &'static [u8] {
    let uses_crlf = text.split_inclusive(|byte| *byte == b'\n').next().is_some_and(|line| line.ends_with(b"\r\n"));
    if uses_crlf { b"\r\n" } else { b"\n" }
}

fn appended(text: &[u8], lines: &[&str]) -> Vec<u8> {
    let mut edited = text.to_vec();
    if lines.is_empty() {
        return edited;
    }
    let end = line_end(text);
    if !edited.is_empty() && !edited.ends_with(b"\n") {
        edited.extend_from_slice(end);
    }
    for line in lines {
        edited.extend_from_slice(line.as_bytes());
        edited.extend_from_slice(end);
    }
    edited
}

/// The text with the last line that is `old` replaced, or left out.
fn replaced(text: &[u8], old: &[u8], new: Option<&[u8]>) -> Vec<u8> {
    let lines = lines_of(text);
    let Some(place) = lines.iter().rposition(|line| line.content == old) else { return text.to_vec() };
    let mut edited = Vec::with_capacity(text.len());
    for (index, line) in lines.iter().enumerate() {
        match new {
            _ if index != place => edited.extend_from_slice(line.whole),
            Some(new) => {
                edited.extend_from_slice(new);
                edited.extend_from_slice(line.whole.get(line.content.len()..).unwrap_or_default());
            }
            None => {}
        }
    }
    edited
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    fn hook() -> LineEdit {
        LineEdit::Block { name: "direnv".into(), lines: vec!["eval \"$(direnv hook bash)\"".into()] }
    }

    #[test]
    fn a_block_is_written_once_and_removed_byte_for_byte() {
        let before = b"\xff not text\r\nlast line without end";
        let edited = hook().apply(before).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&edited),
            "\u{fffd} not text\r\nlast line without end\r\n# >>> nixstart direnv >>>\r\neval \"$(direnv hook bash)\"\r\n# <<< nixstart direnv <<<\r\n"
        );
        assert_eq!(hook().apply(&edited).unwrap(), edited);
        assert_eq!(hook().take_back(&edited, before).unwrap(), before);
    }

    #[test]
    fn what_was_added_after_the_block_stays() {
        let edited = [hook().apply(b"one\n").unwrap(), b"alias mine=1\n".to_vec()].concat();
        assert_eq!(hook().take_back(&edited, b"one\n").unwrap(), b"one\nalias mine=1\n");
    }

    #[test]
    fn a_block_that_was_changed_is_nobodys_to_touch() {
        let edited = String::from_utf8(hook().apply(b"").unwrap()).unwrap().replace("bash", "zsh");
        let changed = EditError::ChangedBlock("# >>> nixstart direnv >>>".into());
        assert_eq!(hook().apply(edited.as_bytes()).unwrap_err(), changed);
        assert_eq!(hook().take_back(edited.as_bytes(), b"").unwrap_err(), changed);
        let half = edited.replace("# <<< nixstart direnv <<<\n", "");
        assert!(matches!(hook().apply(half.as_bytes()), Err(EditError::BrokenBlock(_))));
    }

    #[test]
    fn blocks_alone_tell_whether_one_can_be_written() {
        let whole = [b"TOKEN=x\n".to_vec(), hook().apply(b"").unwrap(), b"TOKEN=y\n".to_vec()].concat();
        let changed = String::from_utf8(whole.clone()).unwrap().replace("bash", "zsh").into_bytes();
        let half = b"TOKEN=x\n# >>> nixstart direnv >>>\nTOKEN=y\n".to_vec();
        let other = b"# >>> nixstart nix >>>\n# <<< nixstart nix <<<\n".to_vec();
        for text in [b"TOKEN=x\n".to_vec(), whole, changed, half, other, b"# <<< nixstart direnv <<<".to_vec()] {
            let blocks = blocks_of(&text);
            assert_eq!(hook().apply(&blocks).err(), hook().apply(&text).err());
            assert!(!String::from_utf8(blocks).unwrap().contains("TOKEN"));
        }
    }

    #[test]
    fn only_lines_that_are_missing_are_added() {
        let edit = LineEdit::Add { lines: vec!["a = 1".into(), "b = 2".into()] };
        assert_eq!(edit.apply(b"a = 1\nc").unwrap(), b"a = 1\nc\nb = 2\n");
        assert_eq!(edit.take_back(b"a = 1\nc\nb = 2\nd\n", b"a = 1\nc").unwrap(), b"a = 1\nc\nd\n");
    }

    #[test]
    fn a_line_is_replaced_where_it_stands() {
        let edit = LineEdit::Replace { old: "use flake".into(), new: "use flake . --impure".into() };
        let edited = edit.apply(b"# x\r\nuse flake\r\ndotenv\r\n").unwrap();
        assert_eq!(edited, b"# x\r\nuse flake . --impure\r\ndotenv\r\n");
        assert!(edit.is_applied(&edited));
        assert_eq!(edit.apply(b"nothing\n").unwrap_err(), EditError::NoSuchLine("use flake".into()));
        assert_eq!(edit.take_back(b"use flake . --impure\nmore\n", b"use flake\n").unwrap(), b"use flake\nmore\n");
    }

    fn edits() -> impl Strategy<Value = LineEdit> {
        let line = "[a-c ]{0,3}";
        prop_oneof![
            proptest::collection::vec(line, 0..3).prop_map(|lines| LineEdit::Add { lines }),
            (line, line).prop_map(|(old, new)| LineEdit::Replace { old, new }),
            proptest::collection::vec(line, 0..3).prop_map(|lines| LineEdit::Block { name: "x".into(), lines }),
        ]
    }

    proptest! {
        #[test]
        fn every_edit_can_be_taken_back_and_is_the_same_when_applied_twice(
            text in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'a'), Just(b'b'), any::<u8>()], 0..40),
            edit in edits(),
        ) {
            if let Ok(edited) = edit.apply(&text) {
                prop_assert_eq!(edit.apply(&edited), Ok(edited.clone()));
                prop_assert_eq!(edit.take_back(&edited, &text), Ok(text));
            }
        }
    }
}
