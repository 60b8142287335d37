//! A line of a log as it is drawn: with the program's own colours, with what is sought standing out, broken or cut to fit.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Span;

use crate::process::LogText;
use crate::process::paint::{Color as Colour, Paint};
use crate::tui::theme::Theme;
use crate::ui::columns;

/// The style of a paint. Letters on a ground of their own colour would hide.
pub(super) fn style(paint: Paint, theme: Theme) -> Style {
    let attributes = [
        (Paint::BOLD, Modifier::BOLD),
        (Paint::DIM, Modifier::DIM),
        (Paint::ITALIC, Modifier::ITALIC),
        (Paint::UNDERLINED, Modifier::UNDERLINED),
        (Paint::REVERSED, Modifier::REVERSED),
        (Paint::STRUCK, Modifier::CROSSED_OUT),
    ];
    let set = attributes.into_iter().filter(|(bit, _)| paint.attributes & bit != 0).map(|(_, modifier)| modifier);
    let mut style = Style::new().add_modifier(set.collect());
    if theme.is_colored {
        style.fg = paint.letters.map(color);
        style.bg = paint.ground.filter(|ground| Some(*ground) != paint.letters).map(color);
    }
    style
}

const fn color(color: Colour) -> Color {
    match color {
        Colour::Numbered(number) => Color::Indexed(number),
        Colour::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

/// Pieces of a text in rows of so many columns; the first row begins at a column of the text. No more rows than are asked for.
pub(super) fn rows(
    text: &LogText,
    places: &[(usize, usize)],
    (column, width, most): (usize, usize, usize),
    theme: Theme,
) -> Vec<Vec<Span<'static>>> {
    let mut rows: Vec<Vec<Span<'static>>> = vec![Vec::new()];
    let (mut at, mut used, mut byte) = (0, 0, 0);
    let mut run = text.runs.iter().peekable();
    let mut paint = Style::new();
    for grapheme in Span::raw(text.text.as_str()).styled_graphemes(Style::new()) {
        while let Some(next) = run.next_if(|run| run.start <= byte) {
            paint = style(next.paint, theme);
        }
        let is_sought = places.iter().any(|(start, end)| (*start..*end).contains(&byte));
        byte += grapheme.symbol.len();
        let wide = columns::width(grapheme.symbol);
        at += wide;
        if at <= column {
            continue;
        }
        if used + wide > width && used > 0 {
            if rows.len() == most {
                break;
            }
            rows.push(Vec::new());
            used = 0;
        }
        used += wide;
        let style = if is_sought { paint.patch(theme.selected()).add_modifier(Modifier::BOLD) } else { paint };
        if let Some(row) = rows.last_mut() {
            push(row, grapheme.symbol, style);
        }
    }
    rows
}

fn push(row: &mut Vec<Span<'static>>, symbol: &str, style: Style) {
    match row.last_mut() {
        Some(last) if last.style == style => last.content.to_mut().push_str(symbol),
        _ => row.push(Span::styled(symbol.to_owned(), style)),
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    fn texts(said: &str, columns: (usize, usize, usize)) -> Vec<String> {
        let rows = rows(&LogText::read(said, str::to_owned), &[], columns, Theme::plain());
        rows.into_iter().map(|row| row.into_iter().map(|span| span.content.into_owned()).collect()).collect()
    }

    #[test]
    fn a_text_is_scrolled_or_broken() {
        assert_eq!(texts("abcdef", (2, 3, 1)), ["cde"]);
        assert_eq!(texts("abcdef", (0, 4, 9)), ["abcd", "ef"]);
        assert_eq!(texts("日本語", (0, 5, 2)), ["日本", "語"]);
        assert_eq!(texts("", (0, 5, 2)), [""]);
    }

    #[test]
    fn letters_never_hide_in_their_ground() {
        let theme = Theme { is_colored: true, ..Theme::plain() };
        let paint = Paint { letters: Some(Colour::Numbered(1)), ground: Some(Colour::Numbered(1)), attributes: Paint::BOLD };
        assert_eq!(style(paint, theme), Style::new().fg(Color::Indexed(1)).add_modifier(Modifier::BOLD));
        assert_eq!(style(paint, Theme::plain()), Style::new().add_modifier(Modifier::BOLD));
    }

    proptest! {
        #[test]
        fn no_row_is_too_wide(said in "[a-z 日é\u{301}👩🚀\u{1b}\\[31m]{0,40}", column in 0..9_usize, width in 2..20_usize) {
            for row in texts(&said, (column, width, 5)) {
                prop_assert!(columns::width(&row) <= width, "{:?}", row);
            }
        }
    }
}
