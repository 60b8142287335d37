//! `nixstart start`, `stop`, `restart` and `down`: what is asked of the processes that run.

use super::Session;
use super::processes::{Project, report};
use crate::backend::{Backend, farewell};
use crate::error::{Error, Result};
use crate::process::Action;

/// Which processes.
#[derive(Debug, clap::Args)]
pub(super) struct Names {
    /// Names of processes
    #[arg(required = true)]
    names: Vec<String>,
}

/// Stop everything that runs in the project
///
/// What others need ends after them. Logs stay readable with `nixstart logs`.
#[derive(Debug, clap::Args)]
pub(super) struct DownArgs {}

pub(super) fn start(args: &Names, session: &mut Session) -> Result<()> {
    act(Action::Start, "Started", args, session)
}

pub(super) fn stop(args: &Names, session: &mut Session) -> Result<()> {
    act(Action::Stop, "Stopped", args, session)
}

pub(super) fn restart(args: &Names, session: &mut Session) -> Result<()> {
    act(Action::Restart, "Restarted", args, session)
}

fn act(action: Action, did: &str, args: &Names, session: &mut Session) -> Result<()> {
    let outcome = Project::around_here()?.runner(session)?.act(action, &args.names)?;
    report(&outcome, did, session)
}

pub(super) fn down(_: &DownArgs, session: &mut Session) -> Result<()> {
    let project = Project::around_here()?;
    let Some(runner) = project.usable(session)? else {
        session.ui.say("Nothing runs in this project");
        return Ok(());
    };
    end(&project, runner.as_ref(), session)
}

/// Ends a runner with everything that it runs.
pub(super) fn end(project: &Project, runner: &dyn Backend, session: &mut Session) -> Result<()> {
    match farewell::end(&project.site, runner)? {
        None => session.ui.say("Everything is stopped; `nixstart logs` shows what was said"),
        Some(why) => {
            session.ui.warn(&unkept(&why));
            session.ui.say("Everything is stopped");
        }
    }
    Ok(())
}

/// Why what was said last is not to be read any more.
pub(super) fn unkept(why: &Error) -> String {
    format!("what was said last could not be kept: {why}")
}
