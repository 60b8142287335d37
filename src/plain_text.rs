//! The words of a program without what a terminal would act on.

use std::iter::Peekable;
use std::str::Chars;

/// Takes escape sequences out, and makes a carriage return, with which progress is overwritten, a blank.
pub fn strip_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => match characters.next() {
                Some('[') => skip_control_sequence(&mut characters),
                Some(']' | 'P' | '_' | '^' | 'X') => skip_string(&mut characters),
                Some('(' | ')' | '*' | '+' | '#' | '%' | ' ') => {
                    characters.next();
                }
                // A line never ends inside an escape sequence.
                Some('\n') => plain.push('\n'),
                Some(_) | None => {}
            },
            '\u{9b}' => skip_control_sequence(&mut characters),
            '\r' => plain.push(' '),
            '\n' | '\t' => plain.push(character),
            other if other.is_control() => {}
            other => plain.push(other),
        }
    }
    plain
}

/// Marks of direction, separators and spaces without width. Joiners are left alone: scripts and emoji need them.
pub const fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    ) || matches!(character, '\u{e0000}'..='\u{e007f}')
}

/// Skips to the letter that ends a sequence like `ESC [ 31 m`.
fn skip_control_sequence(characters: &mut Peekable<Chars<'_>>) {
    while let Some(next) = characters.next_if(|next| *next != '\n') {
        if matches!(next, '@'..='~') {
            return;
        }
    }
}

/// Skips to what ends a title or a link: BEL, or ESC and a backslash.
fn skip_string(characters: &mut Peekable<Chars<'_>>) {
    while let Some(next) = characters.next_if(|next| *next != '\n') {
        match next {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                characters.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}
