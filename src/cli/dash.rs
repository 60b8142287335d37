//! `nixstart dash`: the processes of the project over the whole screen, whoever runs them.

mod facts;
mod page;
mod plain;

use std::sync::Arc;

use super::processes::{self, Project};
use super::{Session, env, up};
use crate::backend::{Backend, Kind};
use crate::config;
use crate::error::{Error, ErrorKind, Result};
use crate::host::clock::Zone;
use crate::host::{nix, paths};
use crate::tui;
use crate::tui::dash::{Dashboard, Leaving, Opening, Runner, Start, Tab};
use crate::tui::desk::{Declared, Desk};
use crate::tui::effect::Ending;
use crate::ui::Ui;
use facts::Facts;
use page::Place;

/// Show the processes of the project over the whole screen
///
/// What runs goes on when you leave. Where nothing can be drawn, the screens are lines and numbered choices; without a terminal
/// each is printed once.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// The processes whose lines are shown first; everybody's when left out
    names: Vec<String>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let project = Project::around_here()?;
    if !can_draw(session) {
        return without_a_screen(project, &args.names, session);
    }
    let looked = project.look()?;
    let silence = looked.expect_room().err().map(|error| error.message());
    let running = looked.live.into_iter().next();
    if running.as_ref().is_none_or(|runner| runner.kind() == Kind::Builtin)
        && let Ok(services) = project.services()
    {
        processes::warn_of_unhonoured(&services, session);
    }
    let start = Some(start(&project));
    let runner = Found { running, start, silence };
    match show(&project, runner, (Leaving::GoOn, &args.names), session)? {
        Ending::Interrupted => session.exit_code = ErrorKind::Interrupted.exit_code(),
        Ending::Accepted | Ending::Cancelled => {}
        Ending::Lost => return Err(Error::failed("the terminal is gone")),
    }
    Ok(())
}

fn without_a_screen(project: Project, names: &[String], session: &mut Session) -> Result<()> {
    let mut facts = Facts::new(project, names);
    if !session.ask.is_interactive() || !Ui::has_whole_terminal() {
        return plain::print(&mut facts, session);
    }
    let first = (!names.is_empty()).then_some(Place::Screen(Tab::Logs));
    plain::converse(&mut facts, first, session)
}

/// Whether a screen can be drawn: the terminal belongs to somebody, and so does what is printed.
pub(super) fn can_draw(session: &Session) -> bool {
    Ui::has_whole_terminal() && tui::can_draw(&session.ui)
}

/// What starts processes that go on when the dashboard is left.
fn start(project: &Project) -> Start {
    let project = project.clone();
    Arc::new(move |names| up::start_behind(&project, names))
}

/// What the screens about the project are given.
fn desk(project: &Project) -> Desk {
    let (directory, project) = (project.root.clone(), project.clone());
    Desk { directory, sheets: env::sheets(), declared: Declared(Arc::new(move || project.at_rest())) }
}

/// What is known of whoever runs the processes.
#[derive(Default)]
pub(super) struct Found {
    /// Who does; `None` when nobody does, or it is not known.
    pub(super) running: Option<Arc<dyn Backend>>,
    /// What starts them when nobody runs them.
    pub(super) start: Option<Start>,
    /// Why a runner cannot be used that is there.
    pub(super) silence: Option<String>,
}

impl Found {
    /// A runner, and nothing that starts another.
    pub(super) fn running(runner: Arc<dyn Backend>) -> Self {
        Self { running: Some(runner), ..Self::default() }
    }
}

/// Shows the dashboard until somebody leaves it.
pub(super) fn show(
    project: &Project,
    Found { running, start, silence }: Found,
    (leaving, names): (Leaving, &[String]),
    session: &mut Session,
) -> Result<Ending> {
    config::load()?.apply();
    // What cannot be understood is said on every screen, until it can be.
    let (declared, misdeclared) = match project.at_rest() {
        Ok(declared) => (declared, None),
        Err(error) => (Vec::new(), Some(error.message())),
    };
    let has_new_services = running.as_ref().is_some_and(|runner| project.is_outdated(runner.as_ref()));
    let opening = Opening {
        project: project.root.file_name().unwrap_or("project").to_owned(),
        declared,
        misdeclared,
        silence,
        leaving,
        tab: if names.is_empty() { Tab::Overview } else { Tab::Logs },
        logs_of: names.to_owned(),
        zone: Zone::local(),
        has_new_services,
    };
    let sought = project.clone();
    let find = Arc::new(move || sought.look()?.usable());
    let runner = Runner { running, start, find };
    let spool = paths::state_directory()?.join("spool");
    let desk = desk(project);
    tui::dash::run(&session.ui, Dashboard { opening, runner, spool, desk, flake: nix::flake_around(&project.root) })
}
