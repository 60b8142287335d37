//! Finds the assignments of a `.env` where dotenv 17 finds them: what its expression (`LINE` in its `lib/main.js`) matches
//! is searched for by hand here, which takes a tenth of the time that a general engine takes. A test compares the two.
//!
//! The text is not rewritten as dotenv does it, with line feeds only, so every place is one of the file itself.

use std::ops::Range;

use memchr::{memchr, memchr3};

/// Where an assignment is in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The beginning of the line from which it was found: a scan from there goes on like this one.
    pub(super) line: usize,
    /// How far the text was looked at until then: a change behind it changes nothing of what was found before.
    pub(super) seen: usize,
    /// Whether `export` stands before it.
    pub(super) is_exported: bool,
    /// Its name.
    pub(super) name: Range<usize>,
    /// Its value with the quotes and without space around it; empty, behind the separator, where there is none.
    pub(super) token: Range<usize>,
    /// Where the search goes on.
    end: usize,
}

impl Found {
    /// What of the text is the assignment: from its name to the end of its value.
    pub(super) const fn taken(&self) -> Range<usize> {
        self.name.start..self.token.end
    }
}

/// Every assignment of a text from the beginning of a line on.
pub(super) fn scan(text: &str, start: usize) -> impl Iterator<Item = Found> {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), seen: 0 };
    let mut line = Some(start);
    std::iter::from_fn(move || {
        while let Some(start) = line {
            let seen = scanner.seen;
            let begin = scanner.skip_space(start);
            let found = scanner.assignment(begin);
            line = scanner.next_line(found.as_ref().map_or(begin, |found| found.end));
            if let Some(found) = found {
                return Some(Found { line: start, seen, ..found });
            }
        }
        None
    })
}

/// The length of a line end at a place, as JavaScript has it; 0 when there is none.
fn line_end(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\n' | b'\r', ..] => 1,
        // U+2028 and U+2029.
        [0xE2, 0x80, 0xA8 | 0xA9, ..] => 3,
        _ => 0,
    }
}

/// Whether JavaScript takes a character for space (`\s`, and what its `trim` removes).
pub(super) fn is_space(character: char) -> bool {
    (character.is_whitespace() && character != '\u{85}') || character == '\u{FEFF}'
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

/// The bytes of names.
static OF_NAMES: [bool; 256] = {
    let mut table = [false; 256];
    let mut rest: &mut [bool] = &mut table;
    let mut byte: u8 = 0;
    while let Some((first, others)) = rest.split_first_mut() {
        *first = is_name(byte);
        byte = byte.wrapping_add(1);
        rest = others;
    }
    table
};

/// Whether there is certainly no space around a value, which is so of nearly every one.
const fn is_trimmed(value: &str) -> bool {
    matches!(value.as_bytes(), [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic())
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// The place behind the last byte that was looked at.
    seen: usize,
}

impl<'a> Scanner<'a> {
    fn byte(&self, place: usize) -> Option<u8> {
        self.bytes.get(place).copied()
    }

    fn rest(&self, place: usize) -> &'a [u8] {
        self.bytes.get(place..).unwrap_or_default()
    }

    /// Notes that the text was looked at up to a place.
    fn look(&mut self, end: usize) {
        self.seen = self.seen.max(end);
    }

    /// The place behind the name at a place.
    fn skip_name(&self, place: usize) -> usize {
        let rest = self.rest(place);
        let is_other = |byte: &u8| OF_NAMES.get(usize::from(*byte)) != Some(&true);
        place + rest.iter().position(is_other).unwrap_or(rest.len())
    }

    /// The length of the space at a place; 0 when there is none. A carriage return with a line feed is one.
    fn space(&self, place: usize) -> usize {
        match self.byte(place) {
            Some(byte) if byte.is_ascii_graphic() => 0,
            Some(b'\r') => line_end(self.rest(place)),
            Some(byte) if byte.is_ascii() => usize::from(is_space(char::from(byte))),
            Some(_) => {
                let character = self.text.get(place..).and_then(|rest| rest.chars().next());
                character.filter(|character| is_space(*character)).map_or(0, char::len_utf8)
            }
            None => 0,
        }
    }

    /// The place behind all space, line ends included.
    fn skip_space(&mut self, mut place: usize) -> usize {
        // Nearly always there is none.
        if self.byte(place).is_some_and(|byte| byte.is_ascii_graphic()) {
            self.look(place + 1);
            return place;
        }
        loop {
            match self.space(place) {
                0 => {
                    self.look(place + 1);
                    return place;
                }
                length => place += length,
            }
        }
    }

    /// The beginning of the next line.
    fn next_line(&mut self, mut place: usize) -> Option<usize> {
        if self.byte(place) == Some(b'\n') {
            self.look(place + 1);
            return Some(place + 1);
        }
        loop {
            let Some(length) = memchr3(b'\n', b'\r', 0xE2, self.rest(place)) else {
                self.look(self.bytes.len() + 1);
                return None;
            };
            place += length;
            match line_end(self.rest(place)) {
                0 => place += 1,
                length => {
                    // Behind a carriage return alone there could have been a line feed.
                    let is_open = length == 1 && self.byte(place) == Some(b'\r');
                    self.look(place + length + usize::from(is_open));
                    return Some(place + length);
                }
            }
        }
    }

    /// The assignment whose first letter is at a place.
    fn assignment(&mut self, begin: usize) -> Option<Found> {
        let exported = self.rest(begin).starts_with(b"export").then(|| self.skip_space(begin + 6));
        let exported = exported.filter(|name| *name > begin + 6 && self.byte(*name).is_some_and(is_name));
        let start = exported.unwrap_or(begin);
        let name = start..self.skip_name(start);
        self.look(name.end + 1);
        if name.is_empty() {
            return None;
        }
        let value = self.behind_separator(name.end)?;
        let (token, end) = self.quoted(value).unwrap_or_else(|| self.bare(value));
        Some(Found { line: begin, seen: 0, is_exported: exported.is_some(), name, token, end })
    }

    /// The place behind `=`, with any space before it, or behind `:` and one space. That space may be a line end.
    fn behind_separator(&mut self, place: usize) -> Option<usize> {
        if self.byte(place) == Some(b':') {
            let space = self.space(place + 1);
            self.look(place + 3);
            return (space > 0).then_some(place + 1 + space);
        }
        let equals = self.skip_space(place);
        (self.byte(equals) == Some(b'=')).then_some(equals + 1)
    }

    /// A value in quotes, which may begin on a later line, with at most a comment behind it.
    fn quoted(&mut self, place: usize) -> Option<(Range<usize>, usize)> {
        let begin = self.skip_space(place);
        let quote = self.byte(begin).filter(|byte| matches!(byte, b'\'' | b'"' | b'`'))?;
        let mut end = None;
        let mut place = begin + 1;
        // Each quote behind a backslash may close the value or be a part of it: the last that can close it does.
        loop {
            let Some(length) = memchr(quote, self.rest(place)) else {
                self.look(self.bytes.len() + 1);
                break;
            };
            let close = place + length;
            place = close + 1;
            self.look(place);
            if self.is_end(place) {
                end = Some(place);
            }
            if length == 0 || self.byte(close - 1) != Some(b'\\') {
                break;
            }
        }
        end.map(|end| (begin..end, end))
    }

    /// Whether nothing but space and a comment stands on the rest of the line.
    fn is_end(&mut self, mut place: usize) -> bool {
        while line_end(self.rest(place)) == 0 {
            match self.space(place) {
                0 => {
                    self.look(place + 1);
                    return matches!(self.byte(place), None | Some(b'#'));
                }
                length => place += length,
            }
        }
        self.look(place + 2);
        true
    }

    /// A value without quotes: what stands before a comment or the end of the line.
    fn bare(&self, begin: usize) -> (Range<usize>, usize) {
        let end = memchr3(b'#', b'\n', b'\r', self.rest(begin)).map_or(self.bytes.len(), |length| begin + length);
        let value = self.text.get(begin..end).unwrap_or_default();
        if is_trimmed(value) {
            return (begin..end, end);
        }
        let token = value.trim_start_matches(is_space);
        if token.is_empty() {
            return (begin..begin, end);
        }
        let start = end - token.len();
        (start..start + token.trim_end_matches(is_space).len(), end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    /// The expression of dotenv 17 for an engine that knows two line ends fewer than JavaScript.
    fn expression() -> Regex {
        let expression = concat!(
            r"(?m)^\s*(export\s+)?([0-9A-Za-z_.-]+)(\s*=\s*?|:\s+?)",
            r#"(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?"#,
            r"\s*(?:#.*)?$",
        );
        let space = r"[\t\n\x0B\x0C\r \u{A0}\u{1680}\u{2000}-\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}]";
        Regex::new(&expression.replace(r"\s", space)).unwrap()
    }

    type Row<'a> = (bool, &'a str, &'a str);

    fn by_expression<'a>(expression: &Regex, text: &'a str) -> Vec<Row<'a>> {
        let row = |found: regex::Captures<'a>| {
            let value = found.get(4).map_or("", |value| value.as_str());
            (found.get(1).is_some(), found.get(2).unwrap().as_str(), value.trim_matches(is_space))
        };
        expression.captures_iter(text).map(row).collect()
    }

    fn by_hand(text: &str) -> Vec<Row<'_>> {
        scan(text, 0).map(|found| (found.is_exported, text.get(found.name).unwrap(), text.get(found.token).unwrap())).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn what_the_expression_of_dotenv_finds_is_found(
            text in "([KA'\"`=:# \n\t\\\\\u{A0}\u{85}\u{FEFF}é-]|KEY=|K: |export |export\n|=\\\\'|A= '|''|' *\n|\\\\\"\n){0,30}",
        ) {
            prop_assert_eq!(by_hand(&text), by_expression(&expression(), &text));
        }

        #[test]
        fn the_kind_of_line_end_makes_no_difference(text in "([KA'\"`=:# \n]|KEY=|K: |export |\\\\'){0,30}") {
            for end in ["\r\n", "\r"] {
                let other = text.replace('\n', end);
                let found: Vec<_> = by_hand(&other).into_iter().map(|(is, name, token)| (is, name, token.replace(end, "\n"))).collect();
                let expected: Vec<_> = by_hand(&text).into_iter().map(|(is, name, token)| (is, name, token.to_owned())).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn the_line_ends_of_javascript_are_known() {
        assert_eq!(by_hand("junk\u{2028}A=1\u{2029} B=2"), [(false, "A", "1\u{2029} B=2")]);
        assert_eq!(by_hand("A='1'\u{2028}B=# c\u{2029}C=3"), [(false, "A", "'1'"), (false, "B", ""), (false, "C", "3")]);
        assert_eq!(by_hand("A='1' x\u{2028}'"), [(false, "A", "'1' x\u{2028}'")]);
    }
}
