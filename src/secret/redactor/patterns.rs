//! Everything that is sought, in one sorted list: what a text begins with is found in it by halving. A value that is long or
//! repeats itself costs no more than its length, neither when it is learnt nor when it is sought.

use std::collections::BTreeMap;

use super::SHORTEST;
use super::forms::Form;

/// A longer form is sought in pieces, so that no more than this waits in a stream.
const LONGEST: usize = 512;
/// For each pattern so many places are kept in the table of beginnings, of which it takes one.
const ROOM: usize = 16;
/// The table of beginnings has two to the power of this many places, at least and at most.
const BITS: (u32, u32) = (12, 28);
/// Spreads beginnings over the table: the golden ratio, as Knuth has it.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// What is sought.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) text: Vec<u8>,
    /// The place of its name.
    pub(super) name: usize,
    pub(super) form: Form,
    /// Whether more of the same value may be around it.
    pub(super) is_piece: bool,
    /// The place of the longest other pattern that it begins with.
    shorter: Option<usize>,
}

/// A value in some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) pattern: usize,
}

/// Forms of values while they are learnt.
#[derive(Default)]
pub(super) struct Learnt(BTreeMap<Vec<u8>, Origin>);

struct Origin {
    name: usize,
    form: Form,
    is_piece: bool,
}

impl Learnt {
    /// Adds a form of a value. What is known already keeps its name.
    pub(super) fn add(&mut self, text: &str, name: usize, form: Form) {
        let is_piece = text.len() > LONGEST;
        for piece in pieces(text) {
            self.0.entry(piece.into()).or_insert(Origin { name, form, is_piece });
        }
    }
}

/// A long text in pieces, without a gap. The last reaches back into the one before it, so that none is a few bytes only.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    while let Some(rest) = text.get(start..).filter(|rest| rest.len() > LONGEST) {
        let end = (LONGEST..rest.len()).find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
        pieces.extend(rest.get(..end));
        start += end;
    }
    let last = (0..=text.len().saturating_sub(LONGEST)).rev().find_map(|start| text.get(start..));
    pieces.extend(last);
    pieces
}

/// Patterns, sorted.
#[derive(Default)]
pub(super) struct Patterns {
    list: Vec<Pattern>,
    beginnings: Beginnings,
    longest: usize,
}

impl From<Learnt> for Patterns {
    fn from(Learnt(known): Learnt) -> Self {
        let longest = known.keys().map(Vec::len).max().unwrap_or_default();
        let beginnings = Beginnings::of(known.keys(), known.len());
        let mut list: Vec<Pattern> = Vec::with_capacity(known.len());
        let mut around: Vec<usize> = Vec::new();
        for (place, (text, Origin { name, form, is_piece })) in known.into_iter().enumerate() {
            while around.last().is_some_and(|last| list.get(*last).is_none_or(|last| !text.starts_with(&last.text))) {
                around.pop();
            }
            list.push(Pattern { text, name, form, is_piece, shorter: around.last().copied() });
            around.push(place);
        }
        Self { list, beginnings, longest }
    }
}

impl Patterns {
    pub(super) fn get(&self, place: usize) -> Option<&Pattern> {
        self.list.get(place)
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.list.iter()
    }

    /// Where patterns are in some bytes, in order; of those that begin together the longest.
    pub(super) fn matches<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Match> + 'a {
        (0..bytes.len()).filter_map(move |start| {
            let pattern = self.longest_at(bytes.get(start..)?)?;
            Some(Match { start, end: start + self.get(pattern)?.text.len(), pattern })
        })
    }

    /// The longest pattern that some bytes begin with. It is the last in order that is not behind them, or what that begins with.
    fn longest_at(&self, bytes: &[u8]) -> Option<usize> {
        if !self.beginnings.may_have(bytes) {
            return None;
        }
        let bytes = bytes.get(..self.longest).unwrap_or(bytes);
        let behind = self.list.partition_point(|pattern| pattern.text.as_slice() <= bytes);
        let last = behind.checked_sub(1)?;
        let pattern = self.get(last)?;
        if bytes.starts_with(&pattern.text) {
            return Some(last);
        }
        let common = pattern.text.iter().zip(bytes).take_while(|(own, other)| own == other).count();
        let shorter = std::iter::successors(pattern.shorter, |place| self.get(*place)?.shorter);
        shorter.into_iter().find(|place| self.get(*place).is_some_and(|pattern| pattern.text.len() <= common))
    }

    /// Where the first pattern begins that may go on behind some bytes.
    pub(super) fn first_open(&self, bytes: &[u8]) -> usize {
        let from = (bytes.len() + 1).saturating_sub(self.longest);
        let open = (from..bytes.len()).find(|start| bytes.get(*start..).is_some_and(|rest| self.is_beginning(rest)));
        open.unwrap_or(bytes.len())
    }

    /// Whether some bytes are the beginning of a pattern, and not the whole.
    fn is_beginning(&self, bytes: &[u8]) -> bool {
        if bytes.len() >= SHORTEST && !self.beginnings.may_have(bytes) {
            return false;
        }
        let first = self.list.partition_point(|pattern| pattern.text.as_slice() <= bytes);
        self.get(first).is_some_and(|pattern| pattern.text.starts_with(bytes))
    }
}

/// With which bytes patterns begin: mostly a text has none of them, and that is known at once.
#[derive(Default)]
struct Beginnings {
    table: Vec<u64>,
    bits: u32,
}

impl Beginnings {
    fn of<'a>(texts: impl Iterator<Item = &'a Vec<u8>>, count: usize) -> Self {
        let bits = count.saturating_mul(ROOM).next_power_of_two().trailing_zeros().clamp(BITS.0, BITS.1);
        let mut beginnings = Self { table: vec![0; (1_usize << bits) / 64], bits };
        for text in texts {
            let (word, bit) = beginnings.place(text).unwrap_or_default();
            beginnings.table.get_mut(word).into_iter().for_each(|word| *word |= bit);
        }
        beginnings
    }

    /// Whether a pattern may begin as some bytes do. No pattern has fewer bytes than are looked at.
    fn may_have(&self, bytes: &[u8]) -> bool {
        let Some((word, bit)) = self.place(bytes) else { return false };
        self.table.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The word of the table and the bit in it.
    fn place(&self, bytes: &[u8]) -> Option<(usize, u64)> {
        let first = bytes.first_chunk::<SHORTEST>()?;
        let number = first.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let spread = number.wrapping_mul(SPREAD);
        let place = spread.checked_shr(64 - self.bits).unwrap_or_default();
        Some((usize::try_from(place / 64).ok()?, 1 << (place % 64)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn patterns(texts: &[String]) -> Patterns {
        let mut learnt = Learnt::default();
        texts.iter().enumerate().for_each(|(name, text)| learnt.add(text, name, Form::Plain));
        learnt.into()
    }

    #[test]
    fn a_long_text_is_cut_without_a_gap_and_without_a_crumb() {
        for length in [0, 1, LONGEST, LONGEST + 1, 3 * LONGEST, 3 * LONGEST + 7] {
            let text = "aö".chars().cycle().take(length).collect::<String>();
            let (mut covered, base) = (0, text.as_ptr() as usize);
            for piece in pieces(&text) {
                let start = piece.as_ptr() as usize - base;
                assert!(start <= covered && (piece.len() >= LONGEST || text.len() <= LONGEST), "{length}");
                assert!(piece.len() <= LONGEST + 4, "{length}");
                covered = start + piece.len();
            }
            assert_eq!(covered, text.len());
        }
    }

    proptest! {
        #[test]
        fn the_longest_of_those_that_begin_at_a_place_is_found(
            texts in proptest::collection::vec("[ab]{6,14}", 0..12),
            bytes in "[abc]{0,60}",
        ) {
            let patterns = patterns(&texts);
            let expected: Vec<Match> = (0..bytes.len()).filter_map(|start| {
                let all = patterns.iter().enumerate().filter(|(_, known)| bytes.as_bytes()[start..].starts_with(&known.text));
                let (pattern, known) = all.max_by_key(|(_, known)| known.text.len())?;
                Some(Match { start, end: start + known.text.len(), pattern })
            }).collect();
            prop_assert_eq!(patterns.matches(bytes.as_bytes()).collect::<Vec<_>>(), expected);
        }
    }
}
