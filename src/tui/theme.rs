//! How things look: colours by meaning, from the sixteen that the terminal's own theme decides about, and what lines are
//! drawn with. Nothing is said by colour alone.

use std::sync::OnceLock;

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

use crate::env_vars;
use crate::facts::terminal::Locale;
use crate::ui::Ui;
use crate::ui::style::Role;

/// How things look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether colours are used.
    pub is_colored: bool,
    /// Whether characters beyond ASCII are drawn.
    pub is_unicode: bool,
    /// Which colours.
    pub palette: Palette,
}

/// The colours of roles that somebody has chosen; the others stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Palette([Option<Color>; Role::ALL.len()]);

impl Palette {
    /// The same with another colour of a role.
    #[must_use]
    pub fn with(mut self, role: Role, color: Color) -> Self {
        let place = Role::ALL.iter().position(|known| *known == role).and_then(|index| self.0.get_mut(index));
        if let Some(place) = place {
            *place = Some(color);
        }
        self
    }

    fn get(self, role: Role) -> Option<Color> {
        self.0.iter().zip(Role::ALL).find_map(|(color, known)| color.filter(|_| known == role))
    }
}

/// The looks that settings have chosen; they are decided once, before the first screen.
static CHOSEN: OnceLock<Chosen> = OnceLock::new();

/// What settings say of looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Colours of roles.
    pub palette: Palette,
    /// Whether characters beyond ASCII are drawn, whatever the locale says.
    pub is_unicode: Option<bool>,
}

/// Lets looks hold that settings have chosen.
pub fn choose(chosen: Chosen) {
    let _first_wins = CHOSEN.set(chosen);
}

impl Theme {
    /// The theme of this terminal.
    pub fn of(ui: &Ui) -> Self {
        let variable = env_vars::LOCALE.into_iter().find_map(|name| Some((name, env_vars::get(name)?)));
        let (variable, value) = variable.unzip();
        let locale = Locale { variable: variable.map(str::to_owned), value };
        let chosen = CHOSEN.get().copied().unwrap_or_default();
        let is_unicode = chosen.is_unicode.unwrap_or_else(|| locale.is_utf8());
        Self { is_colored: ui.is_colored(), is_unicode, palette: chosen.palette }
    }

    /// A theme without colours and with ASCII alone.
    pub fn plain() -> Self {
        Self { is_colored: false, is_unicode: false, palette: Palette::default() }
    }

    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let (color, modifier) = match role {
            Role::Heading => (None, Modifier::BOLD),
            Role::Command => (Some(Color::Green), Modifier::empty()),
            Role::Name | Role::Hint => (Some(Color::Cyan), Modifier::empty()),
            Role::Success => (Some(Color::Green), Modifier::BOLD),
            Role::Warning => (Some(Color::Yellow), Modifier::BOLD),
            Role::Error => (Some(Color::Red), Modifier::empty()),
            Role::Quiet => (None, Modifier::DIM),
        };
        let style = Style::new().add_modifier(modifier);
        match self.palette.get(role).or(color) {
            Some(color) if self.is_colored => style.fg(color),
            _ => style,
        }
    }

    /// The style of what is chosen.
    pub const fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A piece of a horizontal line.
    pub const fn horizontal(self) -> &'static str {
        if self.is_unicode { "─" } else { "-" }
    }

    /// A piece of a vertical line.
    pub const fn vertical(self) -> &'static str {
        if self.is_unicode { "│" } else { "|" }
    }

    /// What stands for the rest of a text.
    pub const fn ellipsis(self) -> &'static str {
        if self.is_unicode { "…" } else { "..." }
    }

    /// The pieces of a frame.
    pub const fn border(self) -> border::Set<'static> {
        if self.is_unicode { border::PLAIN } else { ASCII }
    }
}

const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
