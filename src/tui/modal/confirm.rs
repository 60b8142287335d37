//! A question that is answered with one key.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::effect::{Effect, Reaction};
use crate::tui::keymap::Action;
use crate::tui::text;
use crate::tui::theme::Theme;
use crate::tui::widget::frame::{self, Content};
use crate::ui::style::Role;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// The question.
    pub question: String,
    /// What to know before the answer.
    pub facts: Vec<String>,
    /// What a yes does.
    pub on_yes: Effect,
}

/// Wide enough to read, narrow enough for the smallest screen.
const COLUMNS: u16 = 52;

impl Confirm {
    pub(super) fn act(&self, action: Action) -> Vec<Reaction> {
        match action {
            Action::Yes => vec![Reaction::Close, Reaction::Do(self.on_yes.clone())],
            Action::Cancel => vec![Reaction::Close],
            _ => Vec::new(),
        }
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let columns = usize::from(COLUMNS.min(area.width)).saturating_sub(4);
        let facts = self.facts.iter().flat_map(|fact| text::wrap_words(fact, columns)).map(Line::raw);
        let answer = Line::styled("y yes   n no", theme.style(Role::Command));
        let lines = facts.chain([Line::raw(""), answer]).collect();
        frame::draw(Content { title: &self.question, end: "", lines }, COLUMNS, area, buffer, theme);
    }
}
