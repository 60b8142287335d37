//! The dashboard: several screens over the same facts. This decides which one has the keys, and what is the same on all of them.
//!
//! Another screen is a variant of [`Tab`] with its number in the table of keys, a file beside these, and a row in each `match`
//! below.

mod builds;
mod farewell;
mod health;
mod listing;
mod logs;
mod looks;
mod opening;
mod outdated;
mod overview;
mod processes;
mod project;
mod session;
mod shells;
mod tab;
#[cfg(test)]
mod tests;
mod variables;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Told;
use crate::process::{Action as Asked, Event};
use crate::secret::form::Form;
use crate::tui::desk::{App, News};
use crate::tui::effect::{Effect, Reaction};
use crate::tui::keymap::{Action, Context, DashAction};
use crate::tui::modal::menu::Choice;
use crate::tui::msg::{Mouse, Msg};
use crate::tui::theme::Theme;
use crate::tui::widget::{put, rule};
use crate::ui::columns;
use crate::ui::screen::Mouse as Whose;
use crate::ui::style::Role;
use builds::Builds;
pub use builds::plain_builds;
pub use health::{Ailment, Mending, Rank, plain_health};
use logs::Logs;
pub use opening::{Leaving, Opening};
pub use overview::{Deed, plain_overview};
use overview::{Overview, Sight};
use processes::Processes;
use project::ProjectScreens;
use session::Session;
pub use shells::{MAY_DIRENV, before_allowing, plain_shells};
pub use tab::Tab;
pub use variables::plain_variables;

/// The state of the dashboard.
#[derive(Debug)]
pub struct DashScreen {
    session: Session,
    tab: Tab,
    overview: Overview,
    processes: Processes,
    logs: Logs,
    builds: Builds,
    project: ProjectScreens,
    /// Whether somebody has run the processes since the dashboard was opened.
    is_attached: bool,
    mouse: Whose,
}

/// What one of the screens wants of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wish {
    /// Something that the dashboard has no part in.
    React(Reaction),
    /// Processes are asked something.
    Ask(Asked, Vec<String>),
    /// What these say is shown; at their first error, or at the newest line.
    ShowLogs(Vec<String>, logs::At),
    /// Another screen is shown.
    Show(Tab),
    /// The dashboard is left.
    Leave,
}

/// What the overview is about.
fn sight<'a>(session: &'a Session, builds: &Builds) -> Sight<'a> {
    Sight { session, build: builds.headline(session.now) }
}

impl DashScreen {
    /// A dashboard that knows nothing but what is declared.
    pub fn new(opening: Opening) -> Self {
        Self {
            tab: opening.tab,
            overview: Overview::default(),
            processes: Processes::default(),
            logs: Logs::of(&opening.logs_of),
            builds: Builds::default(),
            project: ProjectScreens::new(opening.has_new_services),
            is_attached: false,
            mouse: Whose::Ours,
            session: Session::new(opening),
        }
    }

    /// Where its keys have their meaning.
    pub fn context(&self) -> Context {
        match self.tab {
            Tab::Overview => Context::Overview,
            Tab::Processes => Context::Processes,
            Tab::Logs => self.logs.context(),
            Tab::Builds => self.builds.context(),
            tab @ (Tab::Shells | Tab::Secrets | Tab::Health) => self.project.context(tab),
        }
    }

    /// Whether something that is seen counts time.
    pub fn is_counting(&self) -> bool {
        match self.tab {
            Tab::Overview => self.session.is_counting() || self.builds.is_building(),
            Tab::Processes => self.session.is_counting(),
            Tab::Logs => false,
            Tab::Builds => self.builds.is_counting(),
            tab @ (Tab::Shells | Tab::Secrets | Tab::Health) => self.project.is_counting(tab),
        }
    }

    /// How it stands, in a line.
    pub fn status(&self) -> String {
        match self.tab {
            Tab::Overview => overview::status(&self.session),
            Tab::Processes => self.processes.status(&self.session),
            Tab::Logs => self.logs.status(),
            Tab::Builds => self.builds.status(self.session.now),
            tab @ (Tab::Shells | Tab::Secrets | Tab::Health) => self.project.status(tab),
        }
    }

    /// Does what a key means.
    pub fn act(&mut self, action: Action, area: Rect) -> Vec<Reaction> {
        let area = self.inside(area);
        let wishes = match (action, self.tab) {
            (Action::Dash(action), _) => self.act_on_all(action),
            (action, Tab::Overview) => self.overview.act(action, &sight(&self.session, &self.builds), area),
            (action, Tab::Processes) => self.processes.act(action, &self.session, area),
            (action, Tab::Logs) => self.logs.act(action, &self.session, area),
            (action, Tab::Builds) => self.builds.act(action, &self.session, area),
            (action, tab @ (Tab::Shells | Tab::Secrets | Tab::Health)) => self.project.act(tab, action, area),
        };
        self.grant(wishes, area)
    }

    fn act_on_all(&mut self, action: DashAction) -> Vec<Wish> {
        match action {
            DashAction::Tab(number) => Tab::numbered(number).map(Wish::Show).into_iter().collect(),
            DashAction::Next => vec![Wish::Show(self.tab.next())],
            DashAction::Previous => vec![Wish::Show(self.tab.previous())],
            DashAction::Palette => Vec::new(),
            DashAction::StartAll => vec![Wish::Ask(Asked::Start, Vec::new())],
            DashAction::StopAll => vec![Wish::React(farewell::stop_all(&self.session))],
            DashAction::Leave => vec![Wish::Leave],
            DashAction::Mouse => {
                let (mouse, said) = match self.mouse {
                    Whose::Ours => (Whose::Terminals, "The mouse selects text; the same key gives it back to the dashboard"),
                    Whose::Terminals => (Whose::Ours, "The mouse clicks and scrolls; with shift it selects text"),
                };
                self.mouse = mouse;
                let effect = Reaction::Do(Effect::Mouse(mouse));
                [effect, Reaction::Say(said.to_owned())].map(Wish::React).into()
            }
        }
    }

    /// Does what the screens wish.
    fn grant(&mut self, wishes: Vec<Wish>, area: Rect) -> Vec<Reaction> {
        let mut reactions = Vec::new();
        for wish in wishes {
            match wish {
                Wish::React(reaction) => reactions.push(reaction),
                Wish::Ask(action, names) => reactions.push(Reaction::Do(Effect::Act(action, names))),
                Wish::Leave => reactions.push(farewell::leave(&self.session, &self.builds, &self.project)),
                Wish::Show(tab) => {
                    self.tab = tab;
                    let looked = self.project.look(tab);
                    reactions.extend(self.grant(looked, area));
                    reactions.extend(self.open(area));
                }
                Wish::ShowLogs(names, at) => {
                    self.tab = Tab::Logs;
                    let looked = self.project.look(Tab::Logs);
                    reactions.extend(self.grant(looked, area));
                    reactions.push(Reaction::Do(self.logs.show(&names, at, area)));
                }
            }
        }
        reactions
    }

    /// Remembers what is asked of processes from here.
    pub fn ask(&mut self, action: Asked, names: &[String]) {
        self.session.ask(action, names);
    }

    /// A second has passed.
    pub fn tick(&mut self) {
        self.project.tick();
    }

    /// Hides what is shown for a while.
    pub fn conceal(&mut self) {
        self.project.conceal();
    }

    /// The variables that wait to be saved, and whose they are.
    pub fn to_be_saved(&self) -> Option<(&App, &Form)> {
        self.project.to_be_saved()
    }

    /// Takes a character that is typed; `None` when nobody wanted it.
    pub fn type_in(&mut self, character: char, area: Rect) -> Option<Vec<Reaction>> {
        let area = self.inside(area);
        if self.project.type_in(self.tab, character) {
            return Some(Vec::new());
        }
        let wishes = self.type_text(&character.to_string(), area)?;
        Some(self.grant(wishes, area))
    }

    fn type_text(&mut self, text: &str, area: Rect) -> Option<Vec<Wish>> {
        match self.tab {
            Tab::Logs => self.logs.type_in(text, area),
            Tab::Builds => self.builds.type_in(text, area),
            Tab::Overview | Tab::Processes | Tab::Shells | Tab::Secrets | Tab::Health => None,
        }
    }

    /// What the screen in sight has to read first.
    fn open(&mut self, area: Rect) -> Option<Reaction> {
        match self.tab {
            Tab::Logs => Some(Reaction::Do(self.logs.open(area))),
            Tab::Builds => self.builds.open(area).map(Reaction::Do),
            Tab::Overview | Tab::Processes | Tab::Shells | Tab::Secrets | Tab::Health => None,
        }
    }

    /// Takes what was pasted, where something is typed.
    pub fn paste(&mut self, text: &str, area: Rect) -> Vec<Reaction> {
        let area = self.inside(area);
        if self.tab == Tab::Secrets {
            let wishes = self.project.paste(self.tab, text);
            return self.grant(wishes, area);
        }
        let first: String = text.lines().next().unwrap_or_default().chars().filter(|character| !character.is_control()).collect();
        let wishes = self.type_text(&first, area);
        self.grant(wishes.unwrap_or_default(), area)
    }

    /// Takes a click or a turn of the wheel.
    pub fn point(&mut self, mouse: Mouse, area: Rect) -> Vec<Reaction> {
        let inner = self.inside(area);
        let wishes = match (mouse, self.tab) {
            (Mouse::Click(column, row), tab) if row == area.y => {
                tab::at(tab, area.width, column.saturating_sub(area.x)).map(Wish::Show).into_iter().collect()
            }
            (mouse, Tab::Overview) => self.overview.point(mouse, &sight(&self.session, &self.builds), inner),
            (mouse, Tab::Processes) => self.processes.point(mouse, &self.session, inner),
            (mouse, Tab::Logs) => self.logs.point(mouse, inner),
            (mouse, Tab::Builds) => self.builds.point(mouse, inner),
            (mouse, tab @ (Tab::Shells | Tab::Secrets | Tab::Health)) => {
                self.project.point(tab, mouse, inner);
                Vec::new()
            }
        };
        self.grant(wishes, inner)
    }

    /// Takes what was chosen in a menu.
    pub fn choose(&mut self, choice: Choice, area: Rect) -> Vec<Reaction> {
        let wishes = match choice {
            Choice::Signal(number, processes) => vec![Wish::Ask(Asked::Signal(number), processes)],
            Choice::Processes(names) => vec![Wish::ShowLogs(names, logs::At::Newest)],
            Choice::App(app) => self.project.show_app(app),
        };
        let area = self.inside(area);
        self.grant(wishes, area)
    }

    /// Knows that there is another size.
    pub fn resize(&mut self, area: Rect) -> Vec<Reaction> {
        let area = self.inside(area);
        self.open(area).into_iter().collect()
    }

    /// Takes what others have to say.
    pub fn tell(&mut self, msg: Msg, area: Rect) -> Told {
        let area = self.inside(area);
        match msg {
            Msg::Clock(now) => {
                self.session.now = now;
                self.session.lose_patience();
                Told::default()
            }
            Msg::Attached(runner) => {
                self.session.runner = Some(crate::ui::visible(&runner));
                // The first one may have been there before.
                if std::mem::replace(&mut self.is_attached, true) {
                    self.project.restart();
                }
                Told { is_seen: true, reactions: Vec::new() }
            }
            Msg::Desk(news) if matches!(*news, News::Declared(_)) => {
                if let News::Declared(declared) = *news {
                    self.session.declare(declared);
                }
                Told { is_seen: true, reactions: Vec::new() }
            }
            Msg::Desk(news) => {
                if let News::Changed(files) = news.as_ref() {
                    self.builds.outdate(files);
                }
                let is_running = self.session.processes.iter().any(|process| process.state.is_alive());
                let wishes = self.project.tell(*news, is_running);
                Told { is_seen: true, reactions: self.grant(wishes, area) }
            }
            Msg::Process(Event::Ended) => {
                self.project.restart();
                Told { is_seen: self.session.hear(Event::Ended), reactions: Vec::new() }
            }
            Msg::Process(event) => Told { is_seen: self.session.hear(event), reactions: Vec::new() },
            Msg::Done(done) => {
                let said = self.session.settle(&done).map(Reaction::Say);
                Told { is_seen: true, reactions: said.into_iter().collect() }
            }
            Msg::LogsGrew if self.tab == Tab::Logs => {
                let (reading, is_seen) = self.logs.grow(area);
                Told { is_seen, reactions: reading.map(Reaction::Do).into_iter().collect() }
            }
            Msg::Build(news) => {
                let is_in_sight = self.tab == Tab::Builds;
                let reactions = self.builds.tell(*news, (self.session.now, is_in_sight), area);
                Told { is_seen: is_in_sight || self.tab == Tab::Overview, reactions }
            }
            Msg::Read(answer) => Told { reactions: self.logs.take(*answer, area), is_seen: self.tab == Tab::Logs },
            _ => Told::default(),
        }
    }

    /// Draws it.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let session = &self.session;
        tab::draw(self.tab, &session.project, Rect { height: 1, ..area }, buffer, theme);
        let nobody = if session.silence.is_some() { "it is not known what runs" } else { "nothing runs" };
        let runner = session.runner.as_deref().unwrap_or(nobody);
        let room = usize::from(area.width).saturating_sub(8);
        let runner = columns::cut(runner, room, theme.ellipsis());
        rule(buffer, Rect { y: area.y + 1, height: 1, ..area }, ("", &runner), theme);
        for (row, (said, role)) in (2..).zip(self.warnings()) {
            let said = columns::cut(&said, usize::from(area.width), theme.ellipsis());
            put(buffer, area, (0, row), &Line::styled(said, theme.style(role)));
        }
        let inner = self.inside(area);
        match self.tab {
            Tab::Overview => self.overview.draw(&sight(session, &self.builds), inner, buffer, theme),
            Tab::Processes => self.processes.draw(session, inner, buffer, theme),
            Tab::Logs => self.logs.draw(session, inner, buffer, theme),
            Tab::Builds => self.builds.draw(session, inner, buffer, theme),
            tab @ (Tab::Shells | Tab::Secrets | Tab::Health) => self.project.draw(tab, inner, buffer, theme),
        }
    }

    /// What has to be known on every screen.
    fn warnings(&self) -> Vec<(String, Role)> {
        let silence = self.session.silence.as_ref().map(|why| match self.session.runner {
            Some(_) => format!(" ! The runner does not answer, so this may be old: {why}"),
            None => format!(" ! {why}"),
        });
        let broken = self.session.misdeclared.as_ref().map(|why| format!(" ! {why}"));
        let changed = self.project.has_new_services() && broken.is_none();
        let changed = changed.then(|| " ! nixstart.toml changed; `nixstart down` and `up` apply it".to_owned());
        let errors = silence.into_iter().chain(broken).map(|said| (said, Role::Error));
        errors.chain(changed.map(|said| (said, Role::Warning))).collect()
    }

    /// What is left for a screen below the names of all of them.
    fn inside(&self, area: Rect) -> Rect {
        let above = u16::try_from(2 + self.warnings().len()).unwrap_or(u16::MAX).min(area.height);
        Rect { y: area.y + above, height: area.height - above, ..area }
    }
}
