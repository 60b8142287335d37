//! What can be looked at.

pub mod review;
pub mod secrets;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::effect::Reaction;
use super::keymap::{Action, Context};
use super::msg::Key;
use super::theme::Theme;
use review::ReviewScreen;
use secrets::SecretsScreen;

/// A screen.
#[derive(Debug)]
pub enum Screen {
    /// The review of a plan.
    Review(ReviewScreen),
    /// The variables of a `.env`.
    Secrets(SecretsScreen),
}

impl Screen {
    /// Where its keys have their meaning.
    pub const fn context(&self) -> Context {
        match self {
            Self::Review(review) => review.context(),
            Self::Secrets(secrets) => secrets.context(),
        }
    }

    /// Does what a key means.
    pub fn act(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        match self {
            Self::Review(review) => review.act(action, area),
            Self::Secrets(secrets) => secrets.act(action, area),
        }
    }

    /// Takes a key that means nothing but the character on it; whether anybody wanted it.
    pub fn type_in(&mut self, key: &Key) -> bool {
        match self {
            Self::Review(_) => false,
            Self::Secrets(secrets) => key.character().is_some_and(|character| secrets.type_in(character)),
        }
    }

    /// Takes what was pasted, and says what came of it.
    pub fn paste(&mut self, text: &str) -> Option<String> {
        match self {
            Self::Review(_) => None,
            Self::Secrets(secrets) => Some(secrets.paste(text)),
        }
    }

    /// Whether something that is seen counts time.
    pub const fn is_counting(&self) -> bool {
        match self {
            Self::Review(_) => false,
            Self::Secrets(secrets) => secrets.is_counting(),
        }
    }

    /// A second has passed.
    pub fn tick(&mut self) {
        match self {
            Self::Review(_) => {}
            Self::Secrets(secrets) => secrets.tick(),
        }
    }

    /// Hides what is only seen for a while: the screen was given away.
    pub fn conceal(&mut self) {
        match self {
            Self::Review(_) => {}
            Self::Secrets(secrets) => secrets.conceal(),
        }
    }

    /// Its state in a line.
    pub fn status(&self) -> String {
        match self {
            Self::Review(review) => review.status(),
            Self::Secrets(secrets) => secrets.status(),
        }
    }

    /// Draws it.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        match self {
            Self::Review(review) => review.draw(area, buffer, theme),
            Self::Secrets(secrets) => secrets.draw(area, buffer, theme),
        }
    }
}
