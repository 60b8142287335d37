//! What can be looked at.

pub mod review;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::effect::Reaction;
use super::keymap::{Action, Context};
use super::theme::Theme;
use review::ReviewScreen;

/// A screen.
#[derive(Debug)]
pub enum Screen {
    /// The review of a plan.
    Review(ReviewScreen),
}

impl Screen {
    /// Where its keys have their meaning.
    pub const fn context(&self) -> Context {
        match self {
            Self::Review(review) => review.context(),
        }
    }

    /// Does what a key means.
    pub fn act(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        match self {
            Self::Review(review) => review.act(action, area),
        }
    }

    /// Its state in a line.
    pub fn status(&self) -> String {
        match self {
            Self::Review(review) => review.status(),
        }
    }

    /// Draws it.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        match self {
            Self::Review(review) => review.draw(area, buffer, theme),
        }
    }
}
