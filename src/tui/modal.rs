//! What lies on a screen and has the keys until it closes.

pub mod confirm;
pub mod help;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::effect::Reaction;
use super::keymap::{Action, Context};
use super::theme::Theme;
pub use confirm::Confirm;
pub use help::Help;

/// A modal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Modal {
    /// A question of yes or no.
    Confirm(Confirm),
    /// The list of keys.
    Help(Help),
}

impl Modal {
    /// The list of the keys of a context.
    pub const fn help(of: Context) -> Self {
        Self::Help(Help { of, offset: 0 })
    }

    /// Where its keys have their meaning.
    pub const fn context(&self) -> Context {
        match self {
            Self::Confirm(_) => Context::Confirm,
            Self::Help(_) => Context::Help,
        }
    }

    /// Does what a key means.
    pub fn act(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        match self {
            Self::Confirm(confirm) => confirm.act(action, area),
            Self::Help(help) => help.act(action, area),
        }
    }

    /// Draws it.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        match self {
            Self::Confirm(confirm) => confirm.draw(area, buffer, theme),
            Self::Help(help) => help.draw(area, buffer, theme),
        }
    }
}
