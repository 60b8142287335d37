//! What can be built, the build that goes on or was the last, and the logs of what was built.

mod chooser;
mod facts;
mod looks;
mod run;

use camino::Utf8PathBuf;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Wish;
use super::logs::{At, Logs};
use super::overview::Headline;
use super::session::Session;
use crate::nix::build::name;
use crate::nix::build_history::Outcome;
use crate::tui::build_order::{BuildNews, BuildOrder};
use crate::tui::effect::{Effect, Reaction};
use crate::tui::keymap::{Action, BuildAction, Context, LogsAction};
use crate::tui::line::Line;
use crate::tui::modal::{Modal, Whole};
use crate::tui::msg::Mouse;
use crate::tui::reading::Answer;
use crate::tui::theme::Theme;
use crate::ui::visible;
use chooser::Chooser;
pub use chooser::plain_builds;
use run::Run;

/// The state of the screen.
#[derive(Debug, Default)]
pub(super) struct Builds {
    chooser: Chooser,
    /// The build that goes on, or was the last.
    run: Option<Run>,
    view: View,
    logs: Logs,
    /// What is to be built, while it is typed.
    entry: Option<Line>,
}

/// What of it is seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum View {
    /// What can be built.
    #[default]
    Choices,
    /// A build.
    Run,
    /// The log of a derivation.
    Log(String),
}

impl Builds {
    /// Where its keys have their meaning.
    pub(super) const fn context(&self) -> Context {
        match (&self.entry, &self.view) {
            (Some(_), _) => Context::Installable,
            (None, View::Choices) => Context::Builds,
            (None, View::Run) => Context::Build,
            (None, View::Log(_)) => self.logs.context(),
        }
    }

    /// Whether something is being built.
    pub(super) fn is_building(&self) -> bool {
        self.run.as_ref().is_some_and(Run::is_alive)
    }

    /// How the build stands that goes on, or has failed and was not begun again.
    pub(super) fn headline(&self, now: u64) -> Option<Headline> {
        let run = self.run.as_ref()?;
        let is_failed = run.end.as_ref().is_some_and(|end| end.outcome == Outcome::Failed);
        let text = || format!("{}: {}", visible(&run.what.join(" ")), run.status(now));
        (run.is_alive() || is_failed).then(|| Headline { text: text(), is_running: run.is_alive() })
    }

    /// Whether something that is seen counts time.
    pub(super) fn is_counting(&self) -> bool {
        self.is_building() && !matches!(self.view, View::Log(_))
    }

    /// How it stands, in a line.
    pub(super) fn status(&self, now: u64) -> String {
        if let Some(entry) = &self.entry {
            let (before, after) = entry.parts();
            return format!("Build: {before}_{after}");
        }
        match (&self.view, &self.run) {
            (View::Log(derivation), _) => {
                format!("{}; esc goes back", self.logs.status().replace(derivation.as_str(), name(derivation)))
            }
            (View::Run, Some(run)) => run.status(now),
            (View::Choices, Some(run)) if run.is_alive() => format!("{} | {}", self.chooser.status(), run.status(now)),
            (View::Choices | View::Run, _) => self.chooser.status(),
        }
    }

    /// What has to be found out when the screen comes into sight or has another size.
    pub(super) fn open(&mut self, area: Rect) -> Option<Effect> {
        match &self.view {
            View::Log(_) => Some(own(self.logs.open(area))),
            View::Choices | View::Run => self.chooser.ask_once().then(|| order(BuildOrder::List)),
        }
    }

    /// Does what a key means.
    pub(super) fn act(&mut self, action: Action, session: &Session, area: Rect) -> Vec<Wish> {
        if self.entry.is_some() {
            return self.act_on_entry(action);
        }
        match (&self.view, action) {
            (View::Log(_), action) => self.act_on_log(action, session, area),
            (View::Choices, Action::Build(action)) => self.act_on_choices(action),
            (View::Choices, Action::Copy) => copy(self.chooser.path()),
            (View::Choices, action) => {
                self.chooser.act(action, area);
                Vec::new()
            }
            (View::Run, Action::Cancel) => {
                self.view = View::Choices;
                Vec::new()
            }
            (View::Run, Action::Copy) => copy(self.run.as_ref().and_then(Run::path)),
            (View::Run, Action::Build(action)) => self.act_on_run(action, area),
            (View::Run, action) => {
                self.run.iter_mut().for_each(|run| run.act(action, area));
                Vec::new()
            }
        }
    }

    fn act_on_choices(&mut self, action: BuildAction) -> Vec<Wish> {
        match action {
            BuildAction::Start => self.build(self.chooser.targets()),
            BuildAction::Type => {
                self.entry = Some(Line::new(".#"));
                Vec::new()
            }
            BuildAction::List => {
                self.chooser.ask_again();
                vec![react(order(BuildOrder::List))]
            }
            BuildAction::Show if self.run.is_some() => {
                self.view = View::Run;
                Vec::new()
            }
            BuildAction::Show => say("Nothing was built since the dashboard was opened"),
            _ => Vec::new(),
        }
    }

    fn act_on_run(&mut self, action: BuildAction, area: Rect) -> Vec<Wish> {
        let Some(run) = &mut self.run else { return Vec::new() };
        match action {
            BuildAction::Shape => {
                run.is_flat = !run.is_flat;
                Vec::new()
            }
            BuildAction::Stop if run.is_alive() => {
                run.is_stopping = true;
                vec![react(order(BuildOrder::Stop))]
            }
            BuildAction::Stop => say("Nothing is being built"),
            BuildAction::Again => {
                let what = run.what.clone();
                self.build(what)
            }
            BuildAction::Facts => {
                let facts = run.facts();
                vec![Wish::React(Reaction::Open(Modal::Whole(Whole::text("What is known of the build", &facts))))]
            }
            BuildAction::Log => self.show_log(area),
            _ => Vec::new(),
        }
    }

    fn build(&mut self, installables: Vec<String>) -> Vec<Wish> {
        if self.is_building() {
            self.view = View::Run;
            return say("A build runs; stop it first");
        }
        if installables.is_empty() {
            return say("There is nothing to build");
        }
        vec![react(order(BuildOrder::Build(installables)))]
    }

    fn show_log(&mut self, area: Rect) -> Vec<Wish> {
        let Some((derivation, has_lines)) = self.run.as_ref().and_then(Run::selected) else {
            return say("There is no derivation");
        };
        let reading = self.logs.show(std::slice::from_ref(&derivation), At::Newest, area);
        self.view = View::Log(derivation.clone());
        // What was built before this run has left its log with Nix.
        let fetch = (!has_lines).then(|| order(BuildOrder::Log(derivation)));
        std::iter::once(own(reading)).chain(fetch).map(react).collect()
    }

    fn act_on_log(&mut self, action: Action, session: &Session, area: Rect) -> Vec<Wish> {
        match action {
            Action::Cancel if self.logs.is_plain() => {
                self.view = View::Run;
                Vec::new()
            }
            Action::Logs(LogsAction::Choose) => say("Go back to choose another derivation"),
            action => self.logs.act(action, session, area).into_iter().map(own_wish).collect(),
        }
    }

    fn act_on_entry(&mut self, action: Action) -> Vec<Wish> {
        match action {
            Action::Line(action) => self.entry.iter_mut().for_each(|entry| entry.act(action)),
            Action::Cancel => self.entry = None,
            Action::Build(BuildAction::Accept) => {
                let typed = self.entry.take().map(|entry| entry.text().to_owned()).unwrap_or_default();
                let words: Vec<String> = typed.split_whitespace().map(str::to_owned).collect();
                // What begins with a dash would be a flag for Nix.
                if words.iter().any(|word| word.starts_with('-')) {
                    return say("An installable does not begin with a dash");
                }
                return self.build(words);
            }
            _ => {}
        }
        Vec::new()
    }

    /// Takes a text that is typed or pasted; `None` when nobody wants it.
    pub(super) fn type_in(&mut self, text: &str, area: Rect) -> Option<Vec<Wish>> {
        if let Some(entry) = &mut self.entry {
            entry.insert(text);
            return Some(Vec::new());
        }
        if !matches!(self.view, View::Log(_)) {
            return None;
        }
        let wishes = self.logs.type_in(text, area)?;
        Some(wishes.into_iter().map(own_wish).collect())
    }

    /// Takes a click or a turn of the wheel.
    pub(super) fn point(&mut self, mouse: Mouse, area: Rect) -> Vec<Wish> {
        match &self.view {
            View::Choices => self.chooser.point(mouse, area),
            View::Run => self.run.iter_mut().for_each(|run| run.point(mouse, area)),
            View::Log(_) => return self.logs.point(mouse, area).into_iter().map(own_wish).collect(),
        }
        Vec::new()
    }

    /// Knows that files of the project were changed.
    pub(super) fn outdate(&mut self, files: &[Utf8PathBuf]) {
        self.chooser.outdate(files);
    }

    /// Takes news in.
    pub(super) fn tell(&mut self, news: BuildNews, (now, is_in_sight): (u64, bool), area: Rect) -> Vec<Reaction> {
        match news {
            BuildNews::Choices(choices, trouble) => self.chooser.take(choices, trouble),
            BuildNews::Begun(what) => {
                self.run = Some(Run::new(what, now));
                self.view = View::Run;
            }
            BuildNews::Now(picture) => {
                self.run.iter_mut().for_each(|run| run.see(picture.clone()));
                return self.grow(area);
            }
            BuildNews::Reasons(reasons) => self.run.iter_mut().for_each(|run| run.reasons.clone_from(&reasons)),
            BuildNews::Ended(end) => {
                let said = self.run.as_mut().map(|run| run.end(*end, now));
                let said = said.filter(|_| !is_in_sight).map(Reaction::Say);
                return said.into_iter().chain(self.grow(area)).collect();
            }
            BuildNews::Log(derivation, why) => {
                let is_awaited = self.view == View::Log(derivation);
                return match why.filter(|_| is_awaited) {
                    Some(why) => vec![Reaction::Say(why)],
                    None => self.grow(area),
                };
            }
            BuildNews::Read(answer) => return self.take(answer, area),
            BuildNews::Warning(warning) => return vec![Reaction::Say(warning)],
        }
        Vec::new()
    }

    /// There may be new lines.
    fn grow(&mut self, area: Rect) -> Vec<Reaction> {
        if !matches!(self.view, View::Log(_)) {
            return Vec::new();
        }
        self.logs.grow(area).0.map(own).map(Reaction::Do).into_iter().collect()
    }

    fn take(&mut self, answer: Answer, area: Rect) -> Vec<Reaction> {
        self.logs.take(answer, area).into_iter().map(own_reaction).collect()
    }

    /// Draws it.
    pub(super) fn draw(&self, session: &Session, area: Rect, buffer: &mut Buffer, theme: Theme) {
        match (&self.view, &self.run) {
            (View::Log(_), _) => self.logs.draw(session, area, buffer, theme),
            (View::Run, Some(run)) => run.draw(session.now, area, buffer, theme),
            (View::Choices | View::Run, _) => self.chooser.draw(session.now, area, buffer, theme),
        }
    }
}

fn order(order: BuildOrder) -> Effect {
    Effect::Build(Box::new(order))
}

/// What is read of logs is read of those of builds.
fn own(effect: Effect) -> Effect {
    match effect {
        Effect::Read(reading) => order(BuildOrder::Read(reading)),
        other => other,
    }
}

fn own_reaction(reaction: Reaction) -> Reaction {
    match reaction {
        Reaction::Do(effect) => Reaction::Do(own(effect)),
        other => other,
    }
}

fn own_wish(wish: Wish) -> Wish {
    match wish {
        Wish::React(reaction) => Wish::React(own_reaction(reaction)),
        other => other,
    }
}

fn copy(path: Option<String>) -> Vec<Wish> {
    let Some(path) = path else { return say("Nothing was built yet") };
    let said = format!("Copied {path}, if the terminal allows it (OSC 52)");
    vec![react(Effect::Copy(path)), Wish::React(Reaction::Say(said))]
}

fn react(effect: Effect) -> Wish {
    Wish::React(Reaction::Do(effect))
}

fn say(text: &str) -> Vec<Wish> {
    vec![Wish::React(Reaction::Say(text.to_owned()))]
}
