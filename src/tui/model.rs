//! Everything that a picture is made of.

use ratatui::layout::Rect;

use super::SMALLEST;
use super::keymap::Context;
use super::modal::Modal;
use super::screen::Screen;
use super::theme::Theme;

/// The state of the conversation.
#[derive(Debug)]
pub struct Model {
    /// What is looked at.
    pub screen: Screen,
    /// What lies on it, the newest last.
    pub modals: Vec<Modal>,
    /// What is said in passing, until the next key.
    pub toast: Option<String>,
    /// How it looks.
    pub theme: Theme,
    /// The whole terminal.
    pub area: Rect,
    /// Whether the picture is older than the model.
    pub is_dirty: bool,
}

impl Model {
    /// A model that has just begun.
    pub fn new(screen: Screen, theme: Theme, (columns, rows): (u16, u16)) -> Self {
        Self { screen, modals: Vec::new(), toast: None, theme, area: Rect::new(0, 0, columns, rows), is_dirty: true }
    }

    /// Where keys have their meaning now.
    pub fn context(&self) -> Context {
        if !fits(self.area) {
            return Context::TooSmall;
        }
        self.modals.last().map_or_else(|| self.screen.context(), Modal::context)
    }

    /// Whether something counts time.
    pub fn is_counting(&self) -> bool {
        self.screen.is_counting()
    }
}

/// Whether a screen fits.
pub const fn fits(area: Rect) -> bool {
    area.width >= SMALLEST.0 && area.height >= SMALLEST.1
}

/// What a screen has of the terminal: all but the line of what is said and the line of keys.
pub const fn body(area: Rect) -> Rect {
    Rect { height: area.height.saturating_sub(2), ..area }
}
