//! Takes out of a text what a terminal would act on: what a template, a file or a program says is not to be trusted.

use crate::plain_text::is_unseen;

/// A line without escape sequences and other control characters.
pub fn printable(line: &str) -> String {
    without_controls(&anstream::adapter::strip_str(line).to_string())
}

/// A line with every character written out that a terminal would act on, that would reorder others, or that nobody would
/// see. For what a person is asked to consent to: nothing in it may hide.
pub fn visible(line: &str) -> String {
    line.chars().fold(String::with_capacity(line.len()), |mut text, character| {
        match character {
            '\t' => text += TAB,
            hidden if hidden.is_control() || is_unseen(hidden) => text.extend(hidden.escape_debug()),
            seen => text.push(seen),
        }
        text
    })
}

/// Text of ours and of others together: line breaks and the styles of [`super::style::Role`] stay. An escape sequence of
/// somebody else loses only its control characters, because one without an end would take our own words along.
pub(super) fn printable_text(text: &str) -> String {
    cleaned(text, Styles::Stay)
}

/// The same without the styles.
pub(super) fn unstyled_text(text: &str) -> String {
    cleaned(text, Styles::Go)
}

/// What becomes of styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Styles {
    Stay,
    Go,
}

fn cleaned(text: &str, styles: Styles) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = next_control(rest).and_then(|at| rest.split_at_checked(at)) {
        clean += before;
        let mut characters = from.chars();
        let first = characters.next();
        rest = characters.as_str();
        match first {
            Some(ESCAPE) => {
                if let Some((style, after)) = STYLES.iter().find_map(|style| Some((*style, from.strip_prefix(style)?))) {
                    clean += if styles == Styles::Stay { style } else { "" };
                    rest = after;
                }
            }
            Some('\t') => clean += TAB,
            Some(kept) if !kept.is_control() => clean.push(kept),
            Some(_) | None => {}
        }
    }
    clean + rest
}

/// Where the next byte is that may begin a control character. Pieces without any are passed over at once: a list can have
/// thousands of lines.
fn next_control(text: &str) -> Option<usize> {
    let is_clear = |piece: &&[u8]| !piece.iter().fold(false, |found, byte| found | may_begin_control(*byte));
    let clear = text.as_bytes().chunks_exact(PIECE).take_while(is_clear).count() * PIECE;
    Some(clear + text.as_bytes().get(clear..)?.iter().position(|byte| may_begin_control(*byte))?)
}

/// As many bytes as processors compare at once.
const PIECE: usize = 16;

/// Whether a byte is a control character that does not stay, or the first one of such as of others: those of U+0080 to U+00BF.
const fn may_begin_control(byte: u8) -> bool {
    (byte.is_ascii_control() && byte != b'\n') || byte == 0xC2
}

/// What every escape sequence begins with.
const ESCAPE: char = '\u{1b}';

/// What [`super::style`] uses.
const STYLES: [&str; 13] = [
    "\u{1b}[0m",
    "\u{1b}[1m",
    "\u{1b}[2m",
    "\u{1b}[31m",
    "\u{1b}[32m",
    "\u{1b}[33m",
    "\u{1b}[34m",
    "\u{1b}[35m",
    "\u{1b}[36m",
    "\u{1b}[92m",
    "\u{1b}[94m",
    "\u{1b}[95m",
    "\u{1b}[96m",
];

/// What stands for a tab.
const TAB: &str = "    ";

fn without_controls(text: &str) -> String {
    text.replace('\t', TAB).chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::super::style::Role;
    use super::*;

    #[test]
    fn strips_what_would_change_the_terminal() {
        assert_eq!(printable("\u{1b}[31mred\u{1b}[0m\u{7}\u{1b}]0;title\u{7} end\r"), "red end");
        assert_eq!(printable("a\tb\u{9b}c\u{7f}"), "a    bc");
    }

    #[test]
    fn nothing_that_is_consented_to_can_hide() {
        assert_eq!(visible("rm\u{1b}[8m -rf\u{202e} /\u{200b}\r"), "rm\\u{1b}[8m -rf\\u{202e} /\\u{200b}\\r");
        assert_eq!(visible("a\tb 'c' \\d \u{e9}"), "a    b 'c' \\d \u{e9}");
    }

    #[test]
    fn text_beyond_ascii_stays() {
        assert_eq!(printable_text("¡Größe\u{a0}© \u{85}\u{9b}2J→\tx"), "¡Größe\u{a0}© 2J→    x");
    }

    #[test]
    fn a_sequence_without_an_end_takes_nothing_of_ours_along() {
        assert_eq!(printable_text("\u{1b}]0;evil is ready\nNext:\r\u{8}\u{1b}[2K"), "]0;evil is ready\nNext:[2K");
    }

    #[test]
    fn every_style_of_ours_stays() {
        let roles =
            [Role::Heading, Role::Command, Role::Name, Role::Success, Role::Warning, Role::Error, Role::Hint, Role::Quiet];
        for role in roles {
            let text = format!("a {} c", role.paint("b"));
            assert_eq!(printable_text(&text), text, "{role:?}");
        }
        for index in 0..20 {
            let text = super::super::style::paint_name("web |", index) + " a";
            assert_eq!(printable_text(&text), text, "{index}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_line_breaks_and_styles_remains(text in "[a-z\u{1b}\\[\\]0-9;mK\u{0}-\u{1f}\u{7f}-\u{9f}]{0,40}") {
            prop_assert!(!printable(&text).chars().any(char::is_control));
            prop_assert!(!visible(&text).chars().any(char::is_control));
            let text = printable_text(&text);
            let without_styles = STYLES.iter().fold(text.clone(), |text, style| text.replace(style, ""));
            prop_assert!(!without_styles.contains(|character: char| character.is_control() && character != '\n'));
            prop_assert_eq!(unstyled_text(&text), without_styles);
        }
    }
}
