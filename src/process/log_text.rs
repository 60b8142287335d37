//! The words of a line and how they look, without anything that a terminal would act on.
//!
//! Colours stay, as [`Paint`] beside the words. Every other escape sequence and control character goes; marks that would
//! reorder words or that nobody would see are written out. So what is searched, copied and drawn is the same text.

use std::iter::Peekable;
use std::str::Chars;

use super::paint::Paint;
use crate::plain_text::is_unseen;

/// Longer lines are cut, with a word of how much there was.
pub const LONGEST: usize = 64 * 1024;
/// What stands for a tab.
const TAB: &str = "    ";

/// The words of a line and how they look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogText {
    /// The words.
    pub text: String,
    /// From where on which paint holds, in order. Before the first there is none.
    pub runs: Vec<Run>,
}

/// From where on a paint holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first byte.
    pub start: usize,
    /// The paint.
    pub paint: Paint,
}

impl LogText {
    /// Reads what a program has said. The words go through `redact` between two steps: when escape sequences are gone, which
    /// could stand in the middle of a secret, and before anything is written out.
    pub fn read(said: &str, redact: impl FnOnce(&str) -> String) -> Self {
        let plain = take_apart(said.strip_suffix('\r').unwrap_or(said));
        let redacted = redact(&plain.text);
        // Where the paint of words that are gone would begin, nobody knows.
        let runs = if redacted == plain.text { plain.runs } else { Vec::new() };
        write_out(Self { text: redacted, runs })
    }
}

/// Parts words from paint.
fn take_apart(said: &str) -> LogText {
    if !said.bytes().any(|byte| byte.is_ascii_control() || byte >= 0x80) {
        return LogText { text: said.to_owned(), runs: Vec::new() };
    }
    let mut taken = LogText { text: String::with_capacity(said.len()), runs: Vec::new() };
    let mut paint = Paint::default();
    let mut characters = said.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => match characters.peek() {
                Some('[') => {
                    characters.next();
                    control_sequence(&mut characters, &mut paint);
                }
                Some(']' | 'P' | '_' | '^' | 'X') => skip_string(&mut characters),
                Some('(' | ')' | '*' | '+' | '#' | '%' | ' ') => {
                    characters.next();
                    characters.next_if(char::is_ascii_graphic);
                }
                Some('@'..='~' | '0'..='?') => drop(characters.next()),
                _ => {}
            },
            '\u{9b}' => control_sequence(&mut characters, &mut paint),
            '\r' => taken.push(' ', paint),
            '\t' => taken.push('\t', paint),
            other if other.is_control() => {}
            other => taken.push(other, paint),
        }
    }
    taken
}

impl LogText {
    fn push(&mut self, character: char, paint: Paint) {
        let before = self.runs.last().map_or_else(Paint::default, |run| run.paint);
        if paint != before {
            self.runs.push(Run { start: self.text.len(), paint });
        }
        self.text.push(character);
    }
}

/// Reads to the letter that ends a sequence like `ESC [ 31 m`. One that is broken off takes nothing along.
fn control_sequence(characters: &mut Peekable<Chars<'_>>, paint: &mut Paint) {
    let mut numbers = String::new();
    while let Some(number) = characters.next_if(|next| matches!(next, ' '..='?')) {
        numbers.push(number);
    }
    let is_paint = numbers.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':'));
    if characters.next_if(|next| matches!(next, '@'..='~')) == Some('m') && is_paint {
        paint.apply(&numbers);
    }
}

/// Skips to what ends a title or a link: BEL, or ESC and a backslash. Without an end only its first character goes.
fn skip_string(characters: &mut Peekable<Chars<'_>>) {
    characters.next();
    let mut ahead = characters.clone();
    while let Some(next) = ahead.next() {
        match next {
            '\u{7}' | '\u{9c}' => {
                *characters = ahead;
                return;
            }
            '\u{1b}' => {
                if ahead.next_if_eq(&'\\').is_some() {
                    *characters = ahead;
                }
                return;
            }
            _ => {}
        }
    }
}

/// Writes out what nobody would see, and cuts what is too long.
fn write_out(read: LogText) -> LogText {
    let is_short = read.text.len() <= LONGEST;
    if is_short && !read.text.contains(|character: char| character == '\t' || character.is_control() || is_unseen(character)) {
        return read;
    }
    let mut written = LogText { text: String::with_capacity(read.text.len().min(LONGEST) + 64), runs: Vec::new() };
    let mut runs = read.runs.iter().peekable();
    for (place, character) in read.text.char_indices() {
        if written.text.len() >= LONGEST {
            written.text += &format!("... ({} bytes more)", read.text.len() - place);
            break;
        }
        while let Some(run) = runs.next_if(|run| run.start <= place) {
            written.runs.push(Run { start: written.text.len(), paint: run.paint });
        }
        match character {
            '\t' => written.text += TAB,
            hidden if hidden.is_control() || is_unseen(hidden) => written.text.extend(hidden.escape_debug()),
            seen => written.text.push(seen),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;
    use crate::process::paint::Color;

    fn text(said: &str) -> String {
        LogText::read(said, str::to_owned).text
    }

    #[test]
    fn colours_stay_and_everything_else_goes() {
        let read = LogText::read("a \u{1b}[31mred\u{1b}[0m b\u{1b}[2J\u{1b}[Hc\u{7}\r", str::to_owned);
        let in_red = Paint { letters: Some(Color::Numbered(1)), ..Paint::default() };
        let runs = vec![Run { start: 2, paint: in_red }, Run { start: 5, paint: Paint::default() }];
        assert_eq!(read, LogText { text: "a red bc".to_owned(), runs });
        assert_eq!(text("\u{1b}]0;title\u{7}x\u{1b}]8;;http://a\u{1b}\\link\u{1b}]8;;\u{1b}\\"), "xlink");
        assert_eq!(text("\u{9b}31mx\u{1b}(By\u{1b}7z\u{85}"), "xyz");
        assert_eq!(text("10%\r20%\r"), "10% 20%");
    }

    #[test]
    fn a_sequence_without_an_end_takes_no_words_along() {
        assert_eq!(text("\u{1b}]0;is ready"), "0;is ready");
        assert_eq!(text("\u{1b}[31\u{e9}x"), "\u{e9}x");
        assert_eq!(text("\u{1b}"), "");
    }

    #[test]
    fn what_nobody_would_see_is_written_out_and_its_paint_moves_along() {
        let read = LogText::read("\t\u{202e}\u{1b}[1mx", str::to_owned);
        let bold = Paint { attributes: Paint::BOLD, ..Paint::default() };
        assert_eq!(read, LogText { text: "    \\u{202e}x".to_owned(), runs: vec![Run { start: 12, paint: bold }] });
    }

    #[test]
    fn a_secret_with_a_colour_in_it_is_found() {
        let read = LogText::read("t=s3\u{1b}[1mcr3t", |text| text.replace("s3cr3t", "[T]"));
        assert_eq!(read, LogText { text: "t=[T]".to_owned(), runs: vec![] });
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut_with_a_word() {
        let read = text(&"é".repeat(1 << 20));
        assert!(read.len() < LONGEST + 64 && read.ends_with("bytes more)"), "{}", read.len());
    }

    proptest! {
        #[test]
        fn nothing_that_acts_remains(said in "[a-z0-9;:\u{1b}\\[\\]m\\\\\u{0}-\u{1f}\u{7f}-\u{9f}\u{202e}é日]{0,60}") {
            let read = LogText::read(&said, str::to_owned);
            prop_assert!(!read.text.chars().any(|character| character.is_control() || is_unseen(character)));
            prop_assert!(read.runs.iter().all(|run| read.text.is_char_boundary(run.start)));
            prop_assert!(read.runs.is_sorted_by_key(|run| run.start));
        }
    }
}
