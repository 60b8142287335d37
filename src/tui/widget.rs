//! Pieces that screens and modals are drawn with.

pub(super) mod footer;
pub(super) mod frame;
pub(super) mod list;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::theme::Theme;
use crate::ui::columns;
use crate::ui::style::Role;

/// Draws a line at a column and row of an area. What is outside of it is not drawn.
pub(super) fn put(buffer: &mut Buffer, area: Rect, (column, row): (u16, u16), line: &Line<'_>) {
    let area = area.intersection(buffer.area);
    if column < area.width && row < area.height {
        buffer.set_line(area.x + column, area.y + row, line, area.width - column);
    }
}

/// Draws a horizontal line with a title in it and something at its end.
pub(super) fn rule(buffer: &mut Buffer, area: Rect, (title, end): (&str, &str), theme: Theme) {
    let quiet = theme.style(Role::Quiet);
    let padded = |text: &str| if text.is_empty() { String::new() } else { format!(" {text} ") };
    let (title, end) = (padded(title), padded(end));
    let room = usize::from(area.width).saturating_sub(columns::width(&title) + columns::width(&end) + 4);
    let line = |columns: usize| Span::styled(theme.horizontal().repeat(columns), quiet);
    let title = Span::styled(title, theme.style(Role::Heading));
    put(buffer, area, (0, 0), &Line::from(vec![line(2), title, line(room), Span::styled(end, quiet), line(2)]));
}

/// What part of something long is seen, for the end of a rule; nothing when all of it is.
pub(super) fn seen(offset: usize, height: usize, all: usize, of: &str) -> String {
    if all <= height {
        return String::new();
    }
    format!("{}-{} of {all} {of}", offset + 1, (offset + height).min(all))
}
