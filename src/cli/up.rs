//! `nixstart up`: starts the processes of the project, or joins those that run.

mod stream;
mod wait;
mod way;

use std::sync::Arc;
use std::time::Duration;

use super::processes::{self, Project};
use super::{Session, control, dash};
use crate::backend::start::{self, Headless, Keep, Leash};
use crate::backend::{Backend, Kind};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::host::clock;
use crate::process::Action;
use crate::project::record::RECORD;
use crate::service::ServiceSet;
use crate::tui::dash::Leaving;
use crate::tui::effect::Ending;
use crate::ui::progress::Progress;
use crate::ui::redaction::redact;
use way::{Clues, Way};

/// Start the processes of the project
///
/// What runs already is joined. In front, everything ends with Ctrl-C; with `--detach` it goes on behind, and
/// `nixstart down` ends it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The processes to start, with what they need; those that start by themselves when left out
    names: Vec<String>,
    /// Start them behind, and return when they run
    #[arg(short, long)]
    detach: bool,
    /// How many seconds to wait for them to run, with `--detach`
    #[arg(long, value_name = "SECONDS", default_value_t = 600, requires = "detach")]
    wait: u64,
    /// Who runs them; found out when left out
    #[arg(long, value_enum)]
    backend: Option<Kind>,
    /// Print lines instead of a screen
    #[arg(long)]
    no_tui: bool,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let project = Project::around_here()?;
    let looked = project.look()?;
    looked.say(session);
    looked.expect_room()?;
    if let Some(runner) = looked.live.into_iter().next() {
        return join(&project, runner, args, session);
    }
    let keep = if args.detach { Keep::UntilStopped } else { Keep::WhileWatched };
    let (runner, leash) = start(&project, args, keep, session)?;
    if args.detach {
        return wait::until_settled((runner.as_ref(), &project.site, Some(&leash)), Duration::from_secs(args.wait), session);
    }
    if is_drawn(args, session) {
        return show_until_left(&project, runner, session);
    }
    stream::show(runner.as_ref(), &project.site, Some(&leash), session)
}

/// Starts what somebody has named, and looks at the rest.
fn join(project: &Project, runner: Arc<dyn Backend>, args: &Args, session: &mut Session) -> Result<()> {
    session.ui.note(&format!("the processes run already, by {} at `{}`", runner.kind().name(), runner.place()));
    if project.is_outdated(runner.as_ref()) {
        session.ui.warn(&format!("`{RECORD}` was changed since they were started, and they run as they were declared then"));
        session.ui.hint("`nixstart down` and then `nixstart up` apply it");
    }
    if !args.names.is_empty() {
        let mut outcome = runner.act(Action::Start, &args.names)?;
        // What runs already is what was asked for.
        outcome.refused.retain(|refusal| !refusal.why.ends_with("already"));
        processes::report(&outcome, "Started", session)?;
    }
    if args.detach {
        return wait::until_settled((runner.as_ref(), &project.site, None), Duration::from_secs(args.wait), session);
    }
    if is_drawn(args, session) {
        dash::show(project, dash::Found::running(runner), (Leaving::GoOn, &[]), session)?;
        return Ok(());
    }
    // Whatever becomes of them is for whoever has started them.
    session.ui.note("Ctrl-C leaves them running; `nixstart down` stops them");
    stream::show(runner.as_ref(), &project.site, None, session)
}

fn is_drawn(args: &Args, session: &Session) -> bool {
    !args.no_tui && dash::can_draw(session)
}

/// Shows the dashboard, and stops everything when it is left.
fn show_until_left(project: &Project, runner: Arc<dyn Backend>, session: &mut Session) -> Result<()> {
    let ending = dash::show(project, dash::Found::running(Arc::clone(&runner)), (Leaving::Stop, &[]), session);
    session.ui.say("Stopping everything");
    control::end(project, runner.as_ref(), session)?;
    if ending? == Ending::Interrupted {
        session.exit_code = ErrorKind::Interrupted.exit_code();
    }
    Ok(())
}

fn start(project: &Project, args: &Args, keep: Keep, session: &mut Session) -> Result<(Arc<dyn Backend>, Leash)> {
    let choice = choose(project, args.backend, &args.names)?;
    if choice.way == Way::Builtin {
        processes::warn_of_unhonoured(&choice.services, session);
    }
    session.ui.note(choice.said);
    let progress = Progress::begin(&session.ui);
    choice.start(project, keep, &mut |line| {
        if let Some(progress) = &progress {
            progress.show(&[redact(line)]);
        }
    })
}

/// Starts processes that go on behind, and says nothing. Nothing is started beside a runner that does not answer.
pub(super) fn start_behind(project: &Project, names: &[String]) -> Result<Arc<dyn Backend>> {
    project.look()?.expect_room()?;
    let (runner, _leash) = choose(project, None, names)?.start(project, Keep::UntilStopped, &mut |_| {})?;
    Ok(runner)
}

/// Who runs the processes, how that is started, and what is said of it.
struct Choice {
    services: ServiceSet,
    way: Way,
    headless: Headless,
    said: &'static str,
}

fn choose(project: &Project, backend: Option<Kind>, names: &[String]) -> Result<Choice> {
    let services = project.services()?;
    let asked = backend.or(project.setting()?);
    let way = way::choose(asked, &Clues::of(project, !services.is_empty()))?;
    let (headless, said) = match &way {
        Way::DevenvShell { nix } => {
            (Headless::devenv_shell(nix, names), "the shell of the flake runs them; it may have to be built first")
        }
        Way::ProcessCompose { program, file } => {
            (Headless::process_compose(program, file, &project.site, names), "process-compose runs them")
        }
        Way::Builtin => {
            refuse_unknown(&services, names)?;
            (Headless::builtin(names)?, "nixstart itself runs them, with the programs on PATH")
        }
    };
    Ok(Choice { services, way, headless, said })
}

impl Choice {
    fn start(&self, project: &Project, keep: Keep, on_wait: &mut dyn FnMut(&str)) -> Result<(Arc<dyn Backend>, Leash)> {
        let since = clock::now_milliseconds();
        let find = || match self.way {
            Way::Builtin => project.own_runner(keep, since),
            Way::DevenvShell { .. } | Way::ProcessCompose { .. } => project.running(),
        };
        let started = start::start(&project.site, &self.headless, keep, (&find, on_wait));
        let has_another = matches!(self.way, Way::DevenvShell { .. }) && !self.services.is_empty();
        started.map_err(|error| match error.kind() {
            ErrorKind::Interrupted => error,
            _ if has_another => error.hint("`--backend builtin` runs them with the programs on PATH, without the shell"),
            _ => error,
        })
    }
}

fn refuse_unknown(services: &ServiceSet, names: &[String]) -> Result<()> {
    let Some(unknown) = names.iter().find(|name| services.get(name).is_none()) else { return Ok(()) };
    let error = Error::failed(format!("the project declares no process `{unknown}`"));
    Err(match did_you_mean(unknown, services.names()) {
        Some(hint) => error.hint(hint),
        None => error.hint(format!("there are: {}", services.names().collect::<Vec<_>>().join(", "))),
    })
}
