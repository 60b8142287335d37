//! Whether a change of one place is read as it should be, without going through the whole text: what is before the place is
//! read as before when nobody looked as far as the place, and what is behind it as soon as a line begins in both texts alike.

use std::ops::Range;

use secrecy::ExposeSecret;

use super::{body, unread_lines};
use crate::dotenv::document::{Written, written_from};
use crate::dotenv::scanner::Found;

/// The assignment at which the reading of two texts may part: the only one of the key, or the last of all.
pub(super) struct Near {
    /// The assignment.
    pub(super) found: Found,
    /// What the one before it takes of the text.
    pub(super) before: Option<Range<usize>>,
}

/// Bytes that took the place of others.
pub(super) struct Change {
    /// Where the others were.
    pub(super) old: Range<usize>,
    /// Where they end.
    pub(super) new_end: usize,
}

/// A part of a text, and its assignments.
struct Part<'a> {
    text: &'a str,
    range: Range<usize>,
    written: Vec<Written<'a>>,
}

/// Where the values of a key are in the new text, when it is certain that each is the one that is meant (there is none without
/// one), and that all other variables are written as they were. `None` says nothing.
pub(super) fn places_when_right(
    (old, new): (&str, &str),
    near: &Near,
    change: &Change,
    (key, value): (&str, Option<&str>),
) -> Option<Vec<Range<usize>>> {
    let start = near.found.line;
    if near.found.seen > change.old.start || start > change.old.start || !begins_line(old, start) {
        return None;
    }
    let (old, new) = parts((old, new), start, change);
    let is_own = |written: &&Written<'_>| written.key == key;
    let others = |part: &Part<'_>| -> Vec<(String, String, bool)> {
        let others = part.written.iter().filter(|written| !is_own(written));
        others.map(|other| (other.key.to_owned(), other.token.to_owned(), other.found.is_exported)).collect()
    };
    let has_value = |written: &Written<'_>| value == Some(written.assignment().value.expose_secret());
    let unread = |part: &Part<'_>| {
        let taken = near.before.iter().cloned().chain(part.written.iter().map(|written| written.found.taken()));
        unread_lines(part.range.clone(), part.text, taken).len()
    };
    // A key that stands there is not to be overlooked.
    let is_right = !old.written.is_empty()
        && others(&old) == others(&new)
        && new.written.iter().any(|written| is_own(&written)) == value.is_some()
        && new.written.iter().filter(is_own).all(has_value)
        && new.written.iter().all(|written| written.fault(new.text).is_none())
        && unread(&old) == unread(&new);
    is_right.then(|| new.written.iter().filter(is_own).map(|written| written.found.token.clone()).collect())
}

/// The parts of two texts from the beginning of a line to where they are read alike again.
fn parts<'a>((old, new): (&'a str, &'a str), start: usize, change: &Change) -> (Part<'a>, Part<'a>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut olds = written_from(old, start).peekable();
    for written in written_from(new, start) {
        let line = written.found.line;
        if line >= change.new_end {
            let same = line - change.new_end + change.old.end;
            before.extend(std::iter::from_fn(|| olds.next_if(|written| written.found.line < same)));
            let is_same = olds.peek().is_some_and(|written| written.found.line == same);
            if is_same && begins_line(old, same) && begins_line(new, line) {
                return (
                    Part { text: old, range: start..same, written: before },
                    Part { text: new, range: start..line, written: after },
                );
            }
        }
        after.push(written);
    }
    before.extend(olds);
    (Part { text: old, range: start..old.len(), written: before }, Part { text: new, range: start..new.len(), written: after })
}

/// Whether a line begins at a place for everybody: JavaScript knows more line ends than others.
fn begins_line(text: &str, place: usize) -> bool {
    let mark = text.len() - body(text).len();
    place <= mark || text.get(..place).is_some_and(|above| above.ends_with(['\n', '\r']))
}
