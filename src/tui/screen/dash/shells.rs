//! The dev shells of the project with what is in them, and how direnv stands to each `.envrc`. A shell is entered with the dashboard
//! gone meanwhile; an `.envrc` is allowed only after it was shown.

mod rows;

use camino::{Utf8Path, Utf8PathBuf};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Wish;
use super::listing::{Listing, Row, Shown, plain};
use super::outdated::Outdated;
use crate::facts::direnv::standing::Standing;
use crate::nix::dev_shells::{DevShell, is_name};
use crate::tui::desk::{Errand, Order};
use crate::tui::effect::{Effect, Reaction};
use crate::tui::keymap::{Action, Context, ProjectAction};
use crate::tui::modal::{Confirm, Modal, Whole};
use crate::tui::msg::Mouse;
use crate::tui::theme::Theme;
use crate::ui::columns::count;
use crate::ui::visible;

/// What is known of the shells.
#[derive(Debug, Default)]
pub(super) struct Shells {
    facts: Facts,
    listing: Listing,
    /// What is done with the `.envrc` that is being read.
    wanted: Option<Wanted>,
}

/// What is known.
#[derive(Debug, Default)]
struct Facts {
    /// The dev shells; `None` when nobody has looked yet.
    shells: Option<Result<Option<Vec<DevShell>>, String>>,
    is_evaluating: bool,
    outdated: Outdated,
    standings: Option<Vec<Standing>>,
}

/// Why an `.envrc` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Reading,
    Allowing,
}

/// What is selected.
enum Selected<'a> {
    Shell(&'a DevShell),
    Envrc(&'a Standing),
}

impl Facts {
    fn shells(&self) -> &[DevShell] {
        self.shells.as_ref().and_then(|shells| shells.as_ref().ok()?.as_deref()).unwrap_or_default()
    }

    fn standings(&self) -> &[Standing] {
        self.standings.as_deref().unwrap_or_default()
    }

    fn selected(&self, index: usize) -> Option<Selected<'_>> {
        let shells = self.shells();
        shells
            .get(index)
            .map(Selected::Shell)
            .or_else(|| Some(Selected::Envrc(self.standings().get(index.checked_sub(shells.len())?)?)))
    }
}

impl Shells {
    fn selected(&self) -> Option<Selected<'_>> {
        self.facts.selected(self.listing.selected(&rows::rows(&self.facts)))
    }

    fn shown<'a>(&self, rows: &'a [Row]) -> Shown<'a> {
        let detail = match self.facts.selected(self.listing.selected(rows)) {
            Some(Selected::Shell(shell)) => (shell.name.clone(), rows::about_shell(shell)),
            Some(Selected::Envrc(standing)) => (standing.envrc.path.to_string(), rows::about_envrc(standing)),
            None => (String::new(), rows::about_nothing(&self.facts)),
        };
        Shown { rows, detail, context: Context::Shells }
    }

    /// How it stands, in a line.
    pub(super) fn status(&self) -> String {
        let shells = match &self.facts.shells {
            _ if self.facts.is_evaluating => "Nix is evaluating".to_owned(),
            None => "nobody has looked yet".to_owned(),
            Some(Err(_)) => "the flake does not evaluate".to_owned(),
            Some(Ok(None)) => "no flake".to_owned(),
            Some(Ok(Some(shells))) => count(shells.len(), "dev shell", "dev shells"),
        };
        let blocked = self.facts.standings().iter().filter(|standing| !standing.permission.is_given()).count();
        if blocked == 0 { shells } else { format!("{shells}, {} not loaded by direnv", count(blocked, "`.envrc`", "`.envrc`s")) }
    }

    /// Somebody looks at it: at the first time, Nix is asked.
    pub(super) fn look(&mut self) -> Vec<Wish> {
        if self.facts.shells.is_some() { Vec::new() } else { self.evaluate() }
    }

    fn evaluate(&mut self) -> Vec<Wish> {
        if std::mem::replace(&mut self.facts.is_evaluating, true) {
            return vec![say("Nix is evaluating already")];
        }
        self.facts.outdated.forget();
        vec![order(Order::Evaluate)]
    }

    /// Takes what Nix says.
    pub(super) fn evaluated(&mut self, shells: Result<Option<Vec<DevShell>>, String>) {
        (self.facts.is_evaluating, self.facts.shells) = (false, Some(shells));
    }

    /// Takes how direnv stands.
    pub(super) fn stand(&mut self, standings: Vec<Standing>) {
        self.facts.standings = Some(standings);
    }

    /// Knows that files were changed.
    pub(super) fn outdate(&mut self, files: &[Utf8PathBuf]) {
        if self.facts.shells.is_some() {
            self.facts.outdated.remember(files);
        }
    }

    /// Does what a key means.
    pub(super) fn act(&mut self, action: Action, area: Rect) -> Vec<Wish> {
        match action {
            Action::Apply => match self.selected() {
                Some(Selected::Shell(shell)) => enter(shell),
                Some(Selected::Envrc(_)) => self.read(Wanted::Reading),
                None => vec![say("There is nothing to enter")],
            },
            Action::Project(ProjectAction::Refresh) => self.evaluate(),
            Action::Project(ProjectAction::Allow) => self.read(Wanted::Allowing),
            Action::Project(ProjectAction::Deny) => self.deny(),
            action => {
                let rows = rows::rows(&self.facts);
                let shown = self.shown(&rows);
                self.listing.act(action, &shown, area);
                Vec::new()
            }
        }
    }

    /// The `.envrc` that is selected, or the first.
    fn envrc(&self) -> Option<&Standing> {
        match self.selected() {
            Some(Selected::Envrc(standing)) => Some(standing),
            Some(Selected::Shell(_)) | None => self.facts.standings().first(),
        }
    }

    fn read(&mut self, wanted: Wanted) -> Vec<Wish> {
        let Some(path) = self.envrc().map(|standing| standing.envrc.path.clone()) else { return vec![say(NO_ENVRC)] };
        self.wanted = Some(wanted);
        vec![order(Order::ShowEnvrc(path))]
    }

    fn deny(&self) -> Vec<Wish> {
        let Some(standing) = self.envrc() else { return vec![say(NO_ENVRC)] };
        let path = standing.envrc.path.clone();
        let facts =
            vec![visible(path.as_str()), "direnv does not load it any more, whatever it says, until it is allowed.".to_owned()];
        let on_yes = Effect::Order(Order::Deny(path));
        vec![Wish::React(Reaction::Open(Modal::Confirm(Confirm {
            question: "Deny this `.envrc`?".to_owned(),
            facts,
            on_yes,
            offset: 0,
        })))]
    }

    /// Shows an `.envrc`, or asks whether direnv may load it as it is.
    pub(super) fn show_envrc(&mut self, path: Utf8PathBuf, read: Result<(Vec<u8>, String), String>) -> Vec<Reaction> {
        let (bytes, text) = match read {
            Ok(read) => read,
            Err(why) => return vec![Reaction::Say(visible(&why))],
        };
        match self.wanted.take() {
            None => Vec::new(),
            Some(Wanted::Reading) => vec![Reaction::Open(Modal::Whole(Whole::text(path.as_str(), &written_out(&text))))],
            Some(Wanted::Allowing) => vec![Reaction::Open(Modal::Confirm(question(&path, bytes, &text)))],
        }
    }

    /// Takes a click or a turn of the wheel.
    pub(super) fn point(&mut self, mouse: Mouse, area: Rect) {
        let rows = rows::rows(&self.facts);
        let shown = self.shown(&rows);
        self.listing.point(mouse, &shown, area);
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let rows = rows::rows(&self.facts);
        self.listing.draw(&self.shown(&rows), area, buffer, theme);
    }
}

const NO_ENVRC: &str = "There is no `.envrc` here";

fn say(text: &str) -> Wish {
    Wish::React(Reaction::Say(text.to_owned()))
}

fn order(order: Order) -> Wish {
    Wish::React(Reaction::Do(Effect::Order(order)))
}

fn enter(shell: &DevShell) -> Vec<Wish> {
    if !is_name(&shell.name) {
        return vec![say(&format!("{} cannot be entered by its name; `nix develop` may do it", visible(&shell.name)))];
    }
    vec![Wish::React(Reaction::Do(Effect::Visit(Errand::Shell(shell.name.clone()))))]
}

/// A text in lines, with everything in it that is invisible written out.
fn written_out(text: &str) -> Vec<String> {
    text.strip_suffix('\n').unwrap_or(text).split('\n').map(visible).collect()
}

/// What somebody is asked before direnv may load an `.envrc`.
pub const MAY_DIRENV: &str = "Let direnv load this `.envrc`?";

/// What somebody has to have read before that: all that the `.envrc` says, and what direnv does with it.
pub fn before_allowing(path: &Utf8Path, text: &str) -> Vec<String> {
    let lines = written_out(text);
    let place = format!("{}, {}, as it is now:", visible(path.as_str()), count(lines.len(), "line", "lines"));
    let facts = std::iter::once(place).chain(lines.into_iter().map(|line| format!("| {line}")));
    facts.chain([String::new(), "direnv runs it as you, each time you come here.".to_owned()]).collect()
}

fn question(path: &Utf8Path, bytes: Vec<u8>, text: &str) -> Confirm {
    let on_yes = Effect::Order(Order::Allow(path.to_owned(), bytes));
    Confirm { question: MAY_DIRENV.to_owned(), facts: before_allowing(path, text), on_yes, offset: 0 }
}

/// The shells and how direnv stands, in plain lines.
pub fn plain_shells(shells: Option<Result<Option<Vec<DevShell>>, String>>, standings: Vec<Standing>) -> Vec<String> {
    let facts = Facts { shells, standings: Some(standings), ..Facts::default() };
    plain(&rows::rows(&facts))
}
