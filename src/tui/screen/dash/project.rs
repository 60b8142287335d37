//! The screens about the project rather than its processes: shells, variables, health. What they are told goes to all of them; what
//! others changed on disk makes them old.

use camino::Utf8PathBuf;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::health::Health;
use super::shells::Shells;
use super::variables::Variables;
use super::{Tab, Wish};
use crate::secret::form::Form;
use crate::tui::desk::{App, Errand, News, Order};
use crate::tui::effect::{Effect, Reaction};
use crate::tui::keymap::{Action, Context};
use crate::tui::msg::Mouse;
use crate::tui::theme::Theme;
use crate::ui::visible;

/// The screens about the project.
#[derive(Debug, Default)]
pub(super) struct ProjectScreens {
    shells: Shells,
    variables: Variables,
    health: Health,
    /// Whether what declares the processes was changed since they were started.
    has_new_services: bool,
    /// Whether the shells are looked at: only then somebody has to look at files.
    sees_shells: bool,
}

impl ProjectScreens {
    pub(super) fn new(has_new_services: bool) -> Self {
        Self { has_new_services, ..Self::default() }
    }

    /// Where the keys of one of them have their meaning.
    pub(super) fn context(&self, tab: Tab) -> Context {
        match tab {
            Tab::Shells => Context::Shells,
            Tab::Health => Context::Health,
            Tab::Secrets => self.variables.context(),
            Tab::Overview | Tab::Processes | Tab::Logs | Tab::Builds => Context::Dash,
        }
    }

    /// How it stands, in a line.
    pub(super) fn status(&self, tab: Tab) -> String {
        match tab {
            Tab::Shells => self.shells.status(),
            Tab::Health => self.health.status(),
            Tab::Secrets => self.variables.status(),
            Tab::Overview | Tab::Processes | Tab::Logs | Tab::Builds => String::new(),
        }
    }

    /// Somebody looks at a screen from now on; what another one showed for a while is hidden.
    pub(super) fn look(&mut self, tab: Tab) -> Vec<Wish> {
        self.variables.conceal();
        let mut wishes = match tab {
            Tab::Shells => self.shells.look(),
            Tab::Health => self.health.look(),
            Tab::Secrets => self.variables.look(),
            Tab::Overview | Tab::Processes | Tab::Logs | Tab::Builds => Vec::new(),
        };
        let sees_shells = tab == Tab::Shells;
        if std::mem::replace(&mut self.sees_shells, sees_shells) || sees_shells {
            wishes.push(Wish::React(Reaction::Do(Effect::Order(Order::Seen(tab)))));
        }
        wishes
    }

    /// Does what a key means.
    pub(super) fn act(&mut self, tab: Tab, action: Action, area: Rect) -> Vec<Wish> {
        match tab {
            Tab::Shells => self.shells.act(action, area),
            Tab::Health => self.health.act(action, area),
            Tab::Secrets => self.variables.act(action, area),
            Tab::Overview | Tab::Processes | Tab::Logs | Tab::Builds => Vec::new(),
        }
    }

    /// Takes a click or a turn of the wheel.
    pub(super) fn point(&mut self, tab: Tab, mouse: Mouse, area: Rect) {
        match tab {
            Tab::Shells => self.shells.point(mouse, area),
            Tab::Health => self.health.point(mouse, area),
            Tab::Secrets => self.variables.point(mouse, area),
            Tab::Overview | Tab::Processes | Tab::Logs | Tab::Builds => {}
        }
    }

    /// Takes a character that is typed; whether anybody wanted it.
    pub(super) fn type_in(&mut self, tab: Tab, character: char) -> bool {
        tab == Tab::Secrets && self.variables.type_in(character)
    }

    /// Takes what was pasted.
    pub(super) fn paste(&mut self, tab: Tab, text: &str) -> Vec<Wish> {
        if tab == Tab::Secrets { self.variables.paste(text) } else { Vec::new() }
    }

    /// Shows the variables of another app.
    pub(super) fn show_app(&mut self, app: App) -> Vec<Wish> {
        self.variables.show(app)
    }

    /// Whether something that is seen counts time.
    pub(super) fn is_counting(&self, tab: Tab) -> bool {
        tab == Tab::Secrets && self.variables.is_counting()
    }

    /// A second has passed.
    pub(super) fn tick(&mut self) {
        self.variables.tick();
    }

    /// Hides what is shown for a while.
    pub(super) fn conceal(&mut self) {
        self.variables.conceal();
    }

    /// Variables that were changed and not saved.
    pub(super) fn unsaved(&self) -> Vec<String> {
        self.variables.unsaved()
    }

    /// The variables that wait to be saved, and whose they are.
    pub(super) fn to_be_saved(&self) -> Option<(&App, &Form)> {
        self.variables.to_be_saved()
    }

    /// Whether what declares the processes was changed since they were started.
    pub(super) const fn has_new_services(&self) -> bool {
        self.has_new_services
    }

    /// Knows that the processes are started anew, as they are declared now.
    pub(super) const fn restart(&mut self) {
        self.has_new_services = false;
    }

    /// Takes what has come of an order.
    pub(super) fn tell(&mut self, news: News, is_running: bool) -> Vec<Wish> {
        match news {
            News::Standings(standings) => self.shells.stand(standings),
            News::Shells(shells) => self.shells.evaluated(shells),
            News::Health(found) => self.health.take(found),
            News::Sheets(apps) => self.variables.know(apps),
            News::Sheet(app, sheet) => self.variables.take(&app, sheet),
            News::Envrc(path, read) => return reacted(self.shells.show_envrc(path, read)),
            // It is about the processes.
            News::Declared(_) => {}
            News::Told(outcome) => return said(outcome.unwrap_or_else(|why| why)),
            News::Changed(files) => return self.outdate(&files, is_running),
            News::Saved(app, outcome) => return reacted(self.variables.saved(&app, outcome)),
            News::Back(errand, outcome) => {
                let mut wishes = said(errand.said(&outcome));
                if matches!(errand, Errand::Fix(_)) {
                    wishes.extend(self.health.check());
                }
                return wishes;
            }
        }
        Vec::new()
    }

    fn outdate(&mut self, files: &[Utf8PathBuf], is_running: bool) -> Vec<Wish> {
        self.has_new_services |= is_running && files.iter().any(|path| path.file_name() == Some("nixstart.toml"));
        self.shells.outdate(files);
        self.health.outdate(files);
        self.variables.outdate(files)
    }

    pub(super) fn draw(&self, tab: Tab, area: Rect, buffer: &mut Buffer, theme: Theme) {
        match tab {
            Tab::Shells => self.shells.draw(area, buffer, theme),
            Tab::Health => self.health.draw(area, buffer, theme),
            Tab::Secrets => self.variables.draw(area, buffer, theme),
            Tab::Overview | Tab::Processes | Tab::Logs | Tab::Builds => {}
        }
    }
}

fn reacted(reactions: Vec<Reaction>) -> Vec<Wish> {
    reactions.into_iter().map(Wish::React).collect()
}

fn said(text: String) -> Vec<Wish> {
    vec![Wish::React(Reaction::Say(visible(text.lines().next().unwrap_or_default())))]
}
