//! Text in columns: how wide it is, cut to fit, wrapped.

use ratatui::style::Style;
use ratatui::text::Span;

/// How many columns a text takes.
pub fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// A text cut to fit, with a mark where it was cut.
pub fn cut(text: &str, columns: usize, mark: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mark = if columns > width(mark) { mark } else { "" };
    let room = columns - width(mark);
    let (mut kept, mut used) = (String::new(), 0);
    for grapheme in Span::raw(text).styled_graphemes(Style::new()) {
        used += width(grapheme.symbol);
        if used > room {
            break;
        }
        kept += grapheme.symbol;
    }
    kept + mark
}

/// A text in lines of so many columns, broken between words.
pub fn wrap_words(text: &str, columns: usize) -> Vec<String> {
    let options = textwrap::Options::new(columns.max(1)).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

/// A text in lines of so many columns, broken anywhere: every space of it counts.
pub fn wrap_anywhere(text: &str, columns: usize) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for grapheme in Span::raw(text).styled_graphemes(Style::new()) {
        let wide = width(grapheme.symbol);
        if used + wide > columns && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        line += grapheme.symbol;
        used += wide;
    }
    lines.push(line);
    lines
}

/// A count with its word: `1 step`, `2 steps`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wide_characters_count_double() {
        assert_eq!(cut("日本語日本語", 7, "…"), "日本語…");
        assert_eq!(cut("abcdef", 5, "..."), "ab...");
        assert_eq!(cut("abcdef", 2, "..."), "ab");
        assert_eq!(wrap_anywhere("日本a語", 4), ["日本", "a語"]);
        assert_eq!(wrap_anywhere("", 4), [""]);
    }

    proptest! {
        // Joiners make characters of any width, which no line is wide enough for.
        #[test]
        fn nothing_is_lost_or_too_wide(text in "[a-z 日é\u{301}👩🚀]{0,40}", columns in 2..20_usize) {
            let lines = wrap_anywhere(&text, columns);
            prop_assert_eq!(lines.concat(), text.clone());
            prop_assert!(lines.iter().all(|line| width(line) <= columns), "{:?}", lines);
            prop_assert!(width(&cut(&text, columns, "…")) <= columns);
        }
    }
}
