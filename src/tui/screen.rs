//! What can be looked at.

pub mod dash;
pub mod review;
pub mod secrets;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::desk::App;
use super::effect::Reaction;
use super::keymap::{Action, Context};
use super::modal::menu::Choice;
use super::msg::{Key, Mouse, Msg};
use super::theme::Theme;
use crate::process;
use crate::secret::form::Form;
use dash::DashScreen;
use review::ReviewScreen;
use secrets::SecretsScreen;

/// A screen.
#[derive(Debug)]
pub enum Screen {
    /// The review of a plan.
    Review(ReviewScreen),
    /// The variables of a `.env`.
    Secrets(SecretsScreen),
    /// The dashboard.
    Dash(Box<DashScreen>),
}

/// What a screen does about something that it was told.
#[derive(Debug, Default)]
pub struct Told {
    /// What it answers.
    pub reactions: Vec<Reaction>,
    /// Whether something is seen of it.
    pub is_seen: bool,
}

impl Screen {
    /// Where its keys have their meaning.
    pub fn context(&self) -> Context {
        match self {
            Self::Review(review) => review.context(),
            Self::Secrets(secrets) => secrets.context(),
            Self::Dash(dash) => dash.context(),
        }
    }

    /// Does what a key means.
    pub fn act(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        match self {
            Self::Review(review) => review.act(action, area),
            Self::Secrets(secrets) => secrets.act(action, area),
            Self::Dash(dash) => dash.act(action, area),
        }
    }

    /// Takes a key that means nothing but the character on it; `None` when nobody wanted it.
    pub fn type_in(&mut self, key: &Key, area: Rect) -> Option<Vec<Reaction>> {
        let character = key.character()?;
        match self {
            Self::Review(_) => None,
            Self::Secrets(secrets) => secrets.type_in(character).then(Vec::new),
            Self::Dash(dash) => dash.type_in(character, area),
        }
    }

    /// Takes a click or a turn of the wheel.
    pub fn point(&mut self, mouse: Mouse, area: Rect) -> Vec<Reaction> {
        match self {
            Self::Review(_) | Self::Secrets(_) => Vec::new(),
            Self::Dash(dash) => dash.point(mouse, area),
        }
    }

    /// Takes what was chosen in a menu.
    pub fn choose(&mut self, choice: Choice, area: Rect) -> Vec<Reaction> {
        match self {
            Self::Review(_) | Self::Secrets(_) => Vec::new(),
            Self::Dash(dash) => dash.choose(choice, area),
        }
    }

    /// Knows that processes are asked something.
    pub fn ask(&mut self, action: process::Action, names: &[String]) {
        match self {
            Self::Review(_) | Self::Secrets(_) => {}
            Self::Dash(dash) => dash.ask(action, names),
        }
    }

    /// Takes what others have to say.
    pub fn tell(&mut self, msg: Msg, area: Rect) -> Told {
        match self {
            Self::Review(_) | Self::Secrets(_) => Told::default(),
            Self::Dash(dash) => dash.tell(msg, area),
        }
    }

    /// Knows that it has another size.
    pub fn resize(&mut self, area: Rect) -> Vec<Reaction> {
        match self {
            Self::Review(_) | Self::Secrets(_) => Vec::new(),
            Self::Dash(dash) => dash.resize(area),
        }
    }

    /// Whether it wants to know what time it is.
    pub const fn wants_clock(&self) -> bool {
        matches!(self, Self::Dash(_))
    }

    /// Takes what was pasted.
    pub fn paste(&mut self, text: &str, area: Rect) -> Vec<Reaction> {
        match self {
            Self::Review(_) => Vec::new(),
            Self::Secrets(secrets) => vec![Reaction::Say(secrets.paste(text))],
            Self::Dash(dash) => dash.paste(text, area),
        }
    }

    /// Whether something that is seen counts time.
    pub fn is_counting(&self) -> bool {
        match self {
            Self::Review(_) => false,
            Self::Secrets(secrets) => secrets.is_counting(),
            Self::Dash(dash) => dash.is_counting(),
        }
    }

    /// A second has passed.
    pub fn tick(&mut self) {
        match self {
            Self::Review(_) => {}
            Self::Secrets(secrets) => secrets.tick(),
            Self::Dash(dash) => dash.tick(),
        }
    }

    /// Hides what is only seen for a while: the screen was given away.
    pub fn conceal(&mut self) {
        match self {
            Self::Review(_) => {}
            Self::Secrets(secrets) => secrets.conceal(),
            Self::Dash(dash) => dash.conceal(),
        }
    }

    /// The variables that wait to be saved, and whose they are.
    pub fn to_be_saved(&self) -> Option<(&App, &Form)> {
        match self {
            Self::Review(_) | Self::Secrets(_) => None,
            Self::Dash(dash) => dash.to_be_saved(),
        }
    }

    /// Its state in a line.
    pub fn status(&self) -> String {
        match self {
            Self::Review(review) => review.status(),
            Self::Secrets(secrets) => secrets.status(),
            Self::Dash(dash) => dash.status(),
        }
    }

    /// Draws it.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        match self {
            Self::Review(review) => review.draw(area, buffer, theme),
            Self::Secrets(secrets) => secrets.draw(area, buffer, theme),
            Self::Dash(dash) => dash.draw(area, buffer, theme),
        }
    }
}
