//! What the screens in plain lines are made of. What takes long is asked once, and again when somebody wants it.

use camino::Utf8PathBuf;

use crate::cli::processes::Project;
use crate::cli::{Session, logs};
use crate::error::Result;
use crate::host::{interrupt, nix};
use crate::nix::dev_shells::DevShell;
use crate::process::Process;
use crate::tui::build_crew::offers::{self, Listed};
use crate::tui::build_order::{Choice, Trouble};
use crate::tui::dash::Tab;
use crate::tui::desk::inquiry::Told;
use crate::tui::desk::{App, Desk};
use crate::tui::screen::dash::{Ailment, plain_variables};

/// So many lines of each process are shown.
const LINES: usize = 10;

/// What is known of a project.
pub(super) struct Facts {
    pub(super) project: Project,
    pub(super) desk: Desk,
    /// Whose lines are wanted; everybody's when none is named.
    names: Vec<String>,
    /// The directory of the flake.
    flake: Option<Utf8PathBuf>,
    shells: Option<Told<Option<Vec<DevShell>>>>,
    offers: Option<Listed>,
    ailments: Option<Told<Vec<Ailment>>>,
}

impl Facts {
    pub(super) fn new(project: Project, names: &[String]) -> Self {
        let desk = super::desk(&project);
        let flake = nix::flake_around(&project.root);
        Self { project, desk, names: names.to_owned(), flake, shells: None, offers: None, ailments: None }
    }

    /// Forgets what was asked for a screen.
    pub(super) fn forget(&mut self, tab: Tab) {
        match tab {
            Tab::Shells => self.shells = None,
            Tab::Builds => self.offers = None,
            Tab::Health => self.ailments = None,
            Tab::Overview | Tab::Processes | Tab::Logs | Tab::Secrets => {}
        }
    }

    /// How the processes are, and whether somebody runs them.
    pub(super) fn processes(&self) -> Result<(Vec<Process>, bool)> {
        let running = self.project.running()?;
        Ok((self.project.processes(running.as_deref())?, running.is_some()))
    }

    /// The last lines of processes.
    pub(super) fn last_lines(&self) -> Result<String> {
        let running = self.project.running()?;
        logs::tail(&self.project, running.as_deref(), &self.names, LINES)
    }

    pub(super) fn shells(&mut self, session: &mut Session) -> Told<Option<Vec<DevShell>>> {
        if self.shells.is_none() && self.flake.is_some() {
            session.ui.say("Nix evaluates the dev shells");
        }
        self.shells.get_or_insert_with(|| self.desk.shells(&|| !interrupt::is_interrupted())).clone()
    }

    /// What can be built, with its last runs; `None` when there is no flake.
    pub(super) fn choices(&mut self, session: &mut Session) -> Option<(Vec<Choice>, Option<Trouble>)> {
        let root = self.flake.as_deref()?;
        if self.offers.is_none() {
            session.ui.say("Nix is asked what can be built");
        }
        let (offers, trouble) = self.offers.get_or_insert_with(|| offers::ask(root, &interrupt::is_interrupted));
        Some((offers::remembered(offers, root), trouble.clone()))
    }

    pub(super) fn ailments(&mut self, session: &mut Session) -> Told<Vec<Ailment>> {
        if self.ailments.is_none() {
            session.ui.say("The checks run");
        }
        self.ailments.get_or_insert_with(|| self.desk.ailments()).clone()
    }

    /// The files with variables: whose they are, their names, and their variables in lines, without values.
    pub(super) fn sheets(&self) -> Vec<(App, String, Vec<String>)> {
        let files = (self.desk.sheets.list)().into_iter();
        let read = |(app, file): (App, String)| {
            let lines = plain_variables(self.desk.sheet(&app));
            (app, file, lines)
        };
        files.map(read).collect()
    }
}
