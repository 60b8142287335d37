//! What lies on a screen and has the keys until it closes.

pub mod confirm;
pub mod help;
pub mod menu;
pub mod palette;
pub mod whole;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::effect::Reaction;
use super::keymap::{Action, Context};
use super::msg::Key;
use super::theme::Theme;
pub use confirm::Confirm;
pub use help::Help;
pub use menu::Menu;
pub use palette::Palette;
pub use whole::Whole;

/// A modal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Modal {
    /// A question of yes or no.
    Confirm(Confirm),
    /// The list of keys.
    Help(Help),
    /// A choice.
    Menu(Menu),
    /// Every action by its words.
    Palette(Palette),
    /// A line of a log as a whole.
    Whole(Whole),
}

impl Modal {
    /// The list of the keys of a context.
    pub const fn help(of: Context) -> Self {
        Self::Help(Help { of, offset: 0 })
    }

    /// Every action of a context.
    pub fn palette(of: Context) -> Self {
        Self::Palette(Palette::new(of))
    }

    /// Takes a key that means nothing but the character on it; whether anybody wanted it.
    pub fn type_in(&mut self, key: &Key) -> bool {
        match self {
            Self::Palette(palette) => key.character().is_some_and(|character| palette.type_in(character)),
            Self::Confirm(_) | Self::Help(_) | Self::Menu(_) | Self::Whole(_) => false,
        }
    }

    /// Where its keys have their meaning.
    pub const fn context(&self) -> Context {
        match self {
            Self::Confirm(_) => Context::Confirm,
            Self::Help(_) => Context::Help,
            Self::Menu(_) => Context::Menu,
            Self::Palette(_) => Context::Palette,
            Self::Whole(_) => Context::Whole,
        }
    }

    /// Does what a key means.
    pub fn act(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        match self {
            Self::Confirm(confirm) => confirm.act(action, area),
            Self::Help(help) => help.act(action, area),
            Self::Menu(menu) => menu.act(action),
            Self::Palette(palette) => palette.act(action),
            Self::Whole(whole) => whole.act(action, area),
        }
    }

    /// Draws it.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        match self {
            Self::Confirm(confirm) => confirm.draw(area, buffer, theme),
            Self::Help(help) => help.draw(area, buffer, theme),
            Self::Menu(menu) => menu.draw(area, buffer, theme),
            Self::Palette(palette) => palette.draw(area, buffer, theme),
            Self::Whole(whole) => whole.draw(area, buffer, theme),
        }
    }
}
