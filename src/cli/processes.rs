//! What the commands about processes have in common: which project, which services, who runs them.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueEnum;

use super::Session;
use crate::backend::builtin::Builtin;
use crate::backend::site::Site;
use crate::backend::start::Keep;
use crate::backend::{Backend, Kind, Place, RunnerError, discover};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{paths, project_secrets};
use crate::process::{Outcome, Process, ProcessState};
use crate::project::record::RECORD;
use crate::service::{self, ServiceSet};

/// Files that say that a directory is the top of a project, the surest first.
const TOPS: [&str; 6] = [RECORD, "devenv.nix", "process-compose.yaml", "process-compose.yml", "flake.nix", ".devenv"];

/// A project whose processes are spoken of.
#[derive(Debug, Clone)]
pub(super) struct Project {
    pub(super) root: Utf8PathBuf,
    pub(super) site: Site,
}

impl Project {
    /// The project around the current directory. What its `.env` files hold is said by nobody from now on.
    pub(super) fn around_here() -> Result<Self> {
        let here = paths::absolute(&paths::current_directory()?)?;
        let top = TOPS.iter().find_map(|name| here.ancestors().find(|directory| directory.join(name).exists()));
        let root = top.ok_or_else(|| {
            Error::failed(format!("`{}` is in no project: there is no `{RECORD}` here or above", paths::shown(&here)))
                .hint("`nixstart new` makes a project")
        })?;
        project_secrets::keep_out(root);
        Ok(Self { root: root.to_owned(), site: Site::of(root)? })
    }

    /// The declared services; none where there is no `nixstart.toml`.
    pub(super) fn services(&self) -> Result<ServiceSet> {
        services(&self.root)
    }

    /// Who runs the processes and answers. It says nothing of a runner that is there and cannot be used ([`Looked::usable`] does).
    pub(super) fn running(&self) -> Result<Option<Arc<dyn Backend>>> {
        Ok(self.look()?.live.into_iter().next())
    }

    /// The same, where somebody is to be stopped, asked or not to be doubled: it is an error when a runner of this project is there
    /// and cannot be used. Who is left alone is said.
    pub(super) fn usable(&self, session: &mut Session) -> Result<Option<Arc<dyn Backend>>> {
        let looked = self.look()?;
        looked.say(session);
        looked.usable()
    }

    /// Looks for whoever runs the processes. Our own runner is believed before any other.
    pub(super) fn look(&self) -> Result<Looked> {
        if let Some(runner) = Builtin::connect(&self.site)? {
            return Ok(Looked { live: vec![Arc::new(runner)], ..Looked::default() });
        }
        let (own_socket, memory) = (Some(self.site.process_compose_socket()), Some(self.site.memory()));
        let place = Place { own_socket, memory, optional: self.optional(), ..Place::of(&self.root) };
        let found = discover::discover(&place);
        let stale = found.stale.iter().map(|socket| format!("`{socket}` is left over: nobody listens there any more"));
        let passed_over =
            found.passed_over.iter().map(|other| format!("who answers at `{}` is left alone: {}", other.place, other.why));
        Ok(Looked {
            notes: stale.chain(passed_over).collect(),
            live: found.live.into_iter().map(Arc::from).collect(),
            unusable: found.unusable.into_iter().map(cannot_be_used).collect(),
        })
    }

    /// The declared services that may fail. One that is not declared as it should be says so elsewhere: who runs them is found all the
    /// same.
    fn optional(&self) -> Vec<String> {
        let services = self.services().unwrap_or_default();
        services.iter().filter(|service| !service.required).map(|service| service.name.clone()).collect()
    }

    /// Whether whoever runs the processes does not know how they are declared by now. Others than our own runner do not read
    /// `nixstart.toml`.
    pub(super) fn is_outdated(&self, runner: &dyn Backend) -> bool {
        runner.kind() == Kind::Builtin && self.site.is_outdated()
    }

    /// Our own runner, which we have started at that time.
    pub(super) fn own_runner(&self, keep: Keep, since: u64) -> Result<Option<Arc<dyn Backend>>> {
        let owned = |runner: Builtin| match keep {
            Keep::UntilStopped => runner,
            Keep::WhileWatched => runner.owned(since),
        };
        Ok(Builtin::connect(&self.site)?.map(|runner| Arc::new(owned(runner)) as Arc<dyn Backend>))
    }

    /// Who is to run the processes, when the project says so: `[processes] backend` in `nixstart.toml`.
    pub(super) fn setting(&self) -> Result<Option<Kind>> {
        let Some(table) = manifest(&self.root)? else { return Ok(None) };
        let Some(value) = table.get("processes").and_then(|processes| processes.get("backend")) else { return Ok(None) };
        let kind = value.as_str().and_then(|name| Kind::from_str(name, false).ok());
        kind.map(Some).ok_or_else(|| {
            Error::failed(format!("`processes.backend` in `{RECORD}` must be `devenv`, `process-compose` or `builtin`"))
        })
    }

    /// Who runs the processes, or that nobody does.
    pub(super) fn runner(&self, session: &mut Session) -> Result<Arc<dyn Backend>> {
        self.usable(session)?.ok_or_else(|| Error::failed("nothing runs in this project").hint("`nixstart up` starts it"))
    }

    /// How the processes are: as whoever runs them says, else at rest.
    pub(super) fn processes(&self, running: Option<&dyn Backend>) -> Result<Vec<Process>> {
        running.map_or_else(|| self.at_rest(), Backend::list)
    }

    /// Every declared process as one that does not run.
    pub(super) fn at_rest(&self) -> Result<Vec<Process>> {
        let services = self.services()?;
        let state = |is_on: bool| if is_on { ProcessState::Stopped } else { ProcessState::Disabled };
        Ok(services.iter().map(|service| Process::new(&service.name, state(service.starts_by_itself()))).collect())
    }
}

/// What was found of runners.
#[derive(Default)]
pub(super) struct Looked {
    /// Who answers, the one to believe first.
    pub(super) live: Vec<Arc<dyn Backend>>,
    /// Why runners of this project cannot be used that are there all the same.
    pub(super) unusable: Vec<Error>,
    /// What was found and not used, and why.
    pub(super) notes: Vec<String>,
}

impl Looked {
    /// Says who is left alone.
    pub(super) fn say(&self, session: &mut Session) {
        for note in &self.notes {
            session.ui.note(note);
        }
    }

    /// Who answers; nothing when there is nobody. That somebody is there who cannot be used is an error.
    pub(super) fn usable(self) -> Result<Option<Arc<dyn Backend>>> {
        match (self.live.into_iter().next(), self.unusable.into_iter().next()) {
            (None, Some(error)) => Err(error),
            (live, _) => Ok(live),
        }
    }

    /// Fails when a runner of this project and of this user is there and cannot be used: nothing is started beside it. One of
    /// somebody else's is none of ours.
    pub(super) fn expect_room(&self) -> Result<()> {
        let is_ours = |error: &&Error| error.kind() != ErrorKind::Refused;
        match self.unusable.iter().find(is_ours).filter(|_| self.live.is_empty()) {
            Some(error) => Err(again(error, error.message()).hint("nothing was started beside it")),
            None => Ok(()),
        }
    }
}

/// What is said of a runner of this project that is there and cannot be used.
fn cannot_be_used(error: RunnerError) -> Error {
    let error = Error::from(error);
    again(&error, format!("{}, so it is not known what runs in this project", error.message()))
}

/// An error with another message.
fn again(error: &Error, message: String) -> Error {
    error.hints().iter().cloned().fold(Error::new(error.kind(), message), Error::hint)
}

/// Warns of an error that does not end the command.
pub(super) fn warn(error: &Error, session: &mut Session) {
    session.ui.warn(&error.to_string());
    for hint in error.hints() {
        session.ui.hint(hint);
    }
}

/// The services that a project declares.
pub(super) fn services(root: &Utf8Path) -> Result<ServiceSet> {
    let table = manifest(root)?.unwrap_or_default();
    let Some(services) = table.get("services") else { return Ok(ServiceSet::default()) };
    let services = services.as_table().ok_or_else(|| Error::failed(format!("`services` in `{RECORD}` must be a table")))?;
    ServiceSet::parse(services).map_err(|errors| {
        let mut lines = errors.iter().map(ToString::to_string);
        let first = Error::failed(format!("`{RECORD}`: {}", lines.next().unwrap_or_default()));
        lines.fold(first, |error, line| error.hint(format!("also: {line}")))
    })
}

/// `nixstart.toml`; `None` when there is none.
fn manifest(root: &Utf8Path) -> Result<Option<toml::Table>> {
    let path = root.join(RECORD);
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs_err::read_to_string(&path)?;
    let table = text
        .parse()
        .map_err(|error: toml::de::Error| Error::failed(format!("cannot read `{}`: {}", paths::shown(&path), error.message())))?;
    Ok(Some(table))
}

/// Warns of everything that is declared and that our own runner does not do, and of what is probably not meant.
pub(super) fn warn_of_unhonoured(services: &ServiceSet, session: &mut Session) {
    for finding in services.iter().flat_map(service::unhonoured).chain(services.findings()) {
        session.ui.warn(&finding.message);
        if let Some(hint) = &finding.hint {
            session.ui.detail(hint);
        }
    }
}

/// Says what has become of a request, and fails when something was refused.
pub(super) fn report(outcome: &Outcome, did: &str, session: &mut Session) -> Result<()> {
    if !outcome.done.is_empty() {
        session.ui.say(&format!("{did} {}", outcome.done.join(", ")));
    }
    let mut refusals = outcome.refused.iter().map(|refusal| format!("`{}`: {}", refusal.process, refusal.why));
    let Some(first) = refusals.next() else { return Ok(()) };
    Err(refusals.fold(Error::failed(first), Error::hint))
}
