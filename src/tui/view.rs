//! Draws the model: the screen, what is said in passing, the keys, and what lies on top.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::SMALLEST;
use super::keymap::{self, Action, Context};
use super::model::{Model, body, fits};
use super::widget::{footer, put};
use crate::ui::columns;
use crate::ui::style::Role;

/// Draws the model.
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if !fits(area) {
        return too_small(area, buffer);
    }
    model.screen.draw(body(area), buffer, model.theme);
    status(model, area, buffer);
    footer::draw(model.context(), Rect { y: area.height - 1, height: 1, ..area }, buffer, model.theme);
    for modal in &model.modals {
        modal.draw(body(area), buffer, model.theme);
    }
}

fn status(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (said, role) = match &model.toast {
        Some(toast) => (toast.clone(), Role::Warning),
        None => (model.screen.status(), Role::Heading),
    };
    let room = usize::from(area.width).saturating_sub(2);
    let line = Line::styled(columns::cut(&said, room, model.theme.ellipsis()), model.theme.style(role));
    put(buffer, area, (1, area.height - 2), &line);
}

fn too_small(area: Rect, buffer: &mut Buffer) {
    let (columns, rows) = SMALLEST;
    let said = format!(
        "The terminal has {} columns and {} rows; {columns} and {rows} are needed. Make it larger, or press {} to cancel.",
        area.width,
        area.height,
        keymap::key(Context::TooSmall, Action::Cancel)
    );
    for (row, line) in (0..area.height).zip(columns::wrap_words(&said, usize::from(area.width))) {
        put(buffer, area, (0, row), &Line::raw(line));
    }
}
