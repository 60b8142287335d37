//! A line of a log as a whole: broken to fit, and field by field when it is JSON.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::process::{KeptLine, log_json};
use crate::tui::effect::{Effect, Reaction};
use crate::tui::keymap::Action;
use crate::tui::model;
use crate::tui::theme::Theme;
use crate::tui::widget::frame::{self, Content};
use crate::tui::widget::seen;
use crate::ui::{columns, visible};

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    title: String,
    /// As it is copied.
    text: String,
    /// As it is read.
    paragraphs: Vec<String>,
    offset: usize,
}

const COLUMNS: u16 = 120;

impl Whole {
    /// A line as it was said.
    pub fn of(line: &KeptLine) -> Self {
        let text = line.text.text.clone();
        let pretty = log_json::object(&text).and_then(|object| serde_json::to_string_pretty(&object).ok());
        let paragraphs = match pretty {
            // What was written out as an escape may have been a control character in there.
            Some(pretty) => pretty.lines().map(visible).collect(),
            None => vec![text.clone()],
        };
        Self { title: format!("Line {} of {}", line.number, visible(&line.process)), text, paragraphs, offset: 0 }
    }

    /// A text of several lines in which everything is seen.
    pub fn text(title: &str, lines: &[String]) -> Self {
        let paragraphs: Vec<String> = lines.iter().map(|line| visible(line)).collect();
        Self { title: visible(title), text: paragraphs.join("\n"), paragraphs, offset: 0 }
    }

    fn lines(&self, area: Rect) -> Vec<String> {
        let room = usize::from(COLUMNS.min(area.width)).saturating_sub(4).max(1);
        self.paragraphs.iter().flat_map(|paragraph| columns::wrap_anywhere(paragraph, room)).collect()
    }

    pub(super) fn act(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        let area = model::body(area);
        let room = frame::room(area);
        let last = self.lines(area).len().saturating_sub(room);
        let offset = self.offset.min(last);
        self.offset = match action {
            Action::Cancel => return vec![Reaction::Close],
            Action::Copy => {
                let said = "Copied, if the terminal allows it (OSC 52)".to_owned();
                return vec![Reaction::Do(Effect::Copy(self.text.clone())), Reaction::Say(said)];
            }
            Action::Up => offset.saturating_sub(1),
            Action::Down => offset + 1,
            Action::PageUp => offset.saturating_sub(room),
            Action::PageDown => offset + room,
            _ => offset,
        }
        .min(last);
        Vec::new()
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let (lines, room) = (self.lines(area), frame::room(area));
        let offset = self.offset.min(lines.len().saturating_sub(room));
        let end = seen(offset, room, lines.len(), "lines");
        let lines = lines.into_iter().skip(offset).take(room).map(Line::raw).collect();
        let title = columns::cut(&self.title, usize::from(area.width).saturating_sub(8), theme.ellipsis());
        frame::draw(Content { title: &title, end: &end, lines }, COLUMNS, area, buffer, theme);
    }
}
