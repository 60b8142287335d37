//! A list in which one row is selected, and what part of it is seen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::put;
use crate::tui::keymap::Action;
use crate::tui::theme::Theme;

/// The row that is selected after a key, of so many rows and so many on a page.
pub(in crate::tui) fn moved(selected: usize, action: Action, all: usize, page: usize) -> usize {
    let page = page.saturating_sub(1).max(1);
    let to = match action {
        Action::Up => selected.saturating_sub(1),
        Action::Down => selected.saturating_add(1),
        Action::PageUp => selected.saturating_sub(page),
        Action::PageDown => selected.saturating_add(page),
        Action::First => 0,
        Action::Last => usize::MAX,
        _ => selected,
    };
    to.min(all.saturating_sub(1))
}

/// The first row that is seen: the selected one is in the middle, as far as there are rows.
pub(in crate::tui) fn first_row(selected: usize, all: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(all.saturating_sub(height))
}

/// The row that a click is on, when it is on one.
pub(in crate::tui) fn row_at(area: Rect, row: u16, first: usize, all: usize) -> Option<usize> {
    let row = row.checked_sub(area.y).filter(|row| *row < area.height)?;
    Some(first + usize::from(row)).filter(|row| *row < all)
}

/// Draws rows; the selected one stands out over the whole width.
pub(in crate::tui) fn draw<'a>(rows: impl Iterator<Item = (Line<'a>, bool)>, area: Rect, buffer: &mut Buffer, theme: Theme) {
    for (row, (line, is_selected)) in (0..area.height).zip(rows) {
        put(buffer, area, (0, row), &line);
        if is_selected {
            let place = Rect { y: area.y + row, height: 1, ..area }.intersection(buffer.area);
            buffer.set_style(place, theme.selected());
        }
    }
}
