//! The line of keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::put;
use crate::tui::keymap::{self, Context};
use crate::tui::theme::Theme;
use crate::ui::columns;
use crate::ui::style::Role;

/// Draws the keys of a context, as many as fit.
pub(in crate::tui) fn draw(context: Context, area: Rect, buffer: &mut Buffer, theme: Theme) {
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for binding in keymap::all_of(context) {
        let (Some(label), Some(key)) = (binding.bar, binding.keys.first()) else { continue };
        let columns = columns::width(key) + columns::width(label) + 3;
        if used + columns > usize::from(area.width) {
            break;
        }
        used += columns;
        spans.push(Span::styled(*key, theme.style(Role::Command).add_modifier(ratatui::style::Modifier::BOLD)));
        spans.push(Span::raw(format!(" {label}  ")));
    }
    put(buffer, area, (0, 0), &Line::from(spans));
}
