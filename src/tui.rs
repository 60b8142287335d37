//! What changes while one looks at it, or needs reading side by side: drawn over the whole screen.
//!
//! One inbox, one model. [`update::update`] says what a message does to the model and what is to be done; [`view::view`]
//! draws the model. Neither touches anything. Every screen has a plain twin for terminals that cannot draw.

pub mod build_crew;
pub mod build_order;
mod crew;
pub mod dash;
pub mod desk;
pub mod effect;
mod fuzzy;
mod intake;
pub mod keymap;
pub mod line;
pub mod log_reader;
pub mod modal;
pub mod model;
pub mod msg;
mod pace;
pub mod reading;
pub mod rehearsal;
pub mod screen;
mod terminal;
pub mod theme;
pub mod update;
pub mod view;
mod widget;

use crate::error::Result;
use crate::host::clock;
use crate::ui::Ui;
use crate::ui::screen::share_mouse;
use crew::Crew;
use effect::{Effect, Ending};
use model::Model;
use msg::Msg;
use pace::Pace;
use screen::Screen;
use terminal::Terminal;
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
    let mut terminal = Terminal::open()?;
    let mut model = Model::new(screen, Theme::of(ui), terminal.size()?);
    let ending = converse(&mut terminal, &mut model, None)?;
    Ok((model.screen, ending))
}

/// Draws when something has changed, takes messages in, and does what they ask for. What takes time is done by the crew.
fn converse(terminal: &mut Terminal, model: &mut Model, crew: Option<&Crew>) -> Result<Ending> {
    let mut pace = Pace::default();
    loop {
        if model.is_dirty && pace.may_draw() {
            model.is_dirty = false;
            terminal.draw(model)?;
        }
        let mut msgs = terminal.receive(model.is_counting(), pace.deadline(model.is_dirty));
        pace.slow_down(&mut msgs, || crew.into_iter().for_each(Crew::listen));
        if model.screen.wants_clock() {
            msgs.insert(0, Msg::Clock(clock::now_milliseconds()));
        }
        for msg in msgs {
            pace.take(&msg);
            for effect in update::update(model, msg) {
                match effect {
                    Effect::Copy(text) => terminal.copy(&text)?,
                    Effect::Redraw => terminal.redraw()?,
                    Effect::Suspend => terminal.suspend(),
                    Effect::End(ending) => return Ok(ending),
                    Effect::Mouse(mouse) => share_mouse(mouse)?,
                    Effect::Order(order) => crew.into_iter().for_each(|crew| crew.clerk.order(&order)),
                    Effect::Visit(errand) => give_away(terminal, model, crew, |crew| crew.clerk.visit(&errand))?,
                    Effect::Save => save(terminal, model, crew)?,
                    Effect::Act(action, processes) => crew.into_iter().for_each(|crew| crew.act(action, &processes)),
                    Effect::Build(order) => crew.into_iter().for_each(|crew| crew.builds.take((*order).clone())),
                    Effect::Read(reading) => crew.into_iter().for_each(|crew| crew.read(&reading)),
                }
            }
        }
    }
}

/// Gives the terminal away while something is done. What was shown for a while is hidden before.
fn give_away(
    terminal: &mut Terminal,
    model: &mut Model,
    crew: Option<&Crew>,
    something: impl FnOnce(&Crew) -> Result<()>,
) -> Result<()> {
    model.screen.conceal();
    let Some(crew) = crew else { return Ok(()) };
    terminal.away(|| something(crew))?
}

fn save(terminal: &mut Terminal, model: &mut Model, crew: Option<&Crew>) -> Result<()> {
    model.screen.conceal();
    let (Some(crew), Some((app, form))) = (crew, model.screen.to_be_saved()) else { return Ok(()) };
    terminal.away(|| crew.clerk.save(app, form))
}
