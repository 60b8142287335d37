//! What changes while one looks at it, or needs reading side by side: drawn over the whole screen.
//!
//! One inbox, one model. [`update::update`] says what a message does to the model and what is to be done; [`view::view`]
//! draws the model. Neither touches anything. Every screen has a plain twin for terminals that cannot draw.

pub mod effect;
pub mod keymap;
pub mod line;
pub mod modal;
pub mod model;
pub mod msg;
pub mod screen;
mod terminal;
pub mod theme;
pub mod update;
pub mod view;
mod widget;

use crate::error::Result;
use crate::ui::Ui;
use effect::{Effect, Ending};
use model::Model;
use screen::Screen;
use theme::Theme;

/// The fewest columns and rows that a screen fits in.
pub const SMALLEST: (u16, u16) = (60, 15);

/// Whether a screen can be drawn: somebody is there, wants no plain output, and the terminal is large enough.
pub fn can_draw(ui: &Ui) -> bool {
    let fits = || crossterm::terminal::size().is_ok_and(|(columns, rows)| columns >= SMALLEST.0 && rows >= SMALLEST.1);
    Ui::is_interactive() && !ui.is_plain() && fits()
}

/// Shows a screen until it ends, and returns what has become of it.
pub fn run(ui: &Ui, screen: Screen) -> Result<(Screen, Ending)> {
    let mut terminal = terminal::Terminal::open()?;
    let mut model = Model::new(screen, Theme::of(ui), terminal.size()?);
    loop {
        if std::mem::take(&mut model.is_dirty) {
            terminal.draw(&model)?;
        }
        for msg in terminal.receive(model.is_counting()) {
            for effect in update::update(&mut model, msg) {
                match effect {
                    Effect::Copy(text) => terminal.copy(&text)?,
                    Effect::Redraw => terminal.redraw()?,
                    Effect::Suspend => terminal.suspend(),
                    Effect::End(ending) => return Ok((model.screen, ending)),
                }
            }
        }
    }
}
