//! `nixstart ps`: how every process of the project is.

use std::sync::Arc;

use serde_json::json;

use super::Session;
use super::processes::Project;
use crate::backend::Backend;
use crate::error::Result;
use crate::host::clock;
use crate::process::Process;
use crate::ui::process_view;
use crate::ui::style::Role;

/// List the processes of the project
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let project = Project::around_here()?;
    if !args.json {
        return show(&project, session);
    }
    let Seen { running, processes } = look(&project, session)?;
    let backend = running.as_ref().map(|runner| runner.kind().name());
    let place = running.as_ref().map(|runner| runner.place());
    session.print_json(&json!({ "backend": backend, "place": place, "processes": processes }))
}

/// How the processes are, for people.
pub(super) fn show(project: &Project, session: &mut Session) -> Result<()> {
    let Seen { running, processes } = look(project, session)?;
    show_table(&processes, running.is_some(), session)
}

/// Who runs the processes, and how they are.
struct Seen {
    running: Option<Arc<dyn Backend>>,
    processes: Vec<Process>,
}

/// Looks at the processes; who is passed over is said.
fn look(project: &Project, session: &mut Session) -> Result<Seen> {
    let running = project.usable(session)?;
    let processes = project.processes(running.as_deref())?;
    Ok(Seen { running, processes })
}

fn show_table(processes: &[Process], is_running: bool, session: &mut Session) -> Result<()> {
    if processes.is_empty() {
        session.ui.say("The project declares no processes");
        return Ok(());
    }
    session.ui.data(&process_view::table(processes, clock::now_milliseconds()))?;
    if !is_running {
        session.ui.say(&format!("Nothing runs; {} starts it", Role::Command.paint("nixstart up")));
    }
    Ok(())
}
