//! A frame in the middle of the screen, for what lies on top of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};

use super::put;
use crate::tui::theme::Theme;
use crate::ui::style::Role;

/// What is in a frame.
pub(in crate::tui) struct Content<'a> {
    /// In the upper edge.
    pub(in crate::tui) title: &'a str,
    /// In the lower edge.
    pub(in crate::tui) end: &'a str,
    /// The lines.
    pub(in crate::tui) lines: Vec<Line<'a>>,
}

/// How many lines fit into a frame on an area.
pub(in crate::tui) fn room(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(4))
}

/// Draws a frame of a width around lines; what does not fit is not drawn.
pub(in crate::tui) fn draw(content: Content<'_>, columns: u16, area: Rect, buffer: &mut Buffer, theme: Theme) {
    let rows = u16::try_from(content.lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let (width, height) = (columns.min(area.width), rows.min(area.height));
    let place = Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
    let place = place.intersection(buffer.area);
    Clear.render(place, buffer);
    let block = Block::bordered().border_set(theme.border());
    let block = block.title(Line::styled(format!(" {} ", content.title), theme.style(Role::Heading)));
    let block =
        if content.end.is_empty() { block } else { block.title_bottom(Line::from(format!(" {} ", content.end)).right_aligned()) };
    let inside = block.inner(place);
    block.render(place, buffer);
    for (row, line) in (0..inside.height).zip(&content.lines) {
        put(buffer, inside, (1, row), line);
    }
}
