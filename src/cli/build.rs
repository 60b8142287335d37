//! `nixstart build`: `nix build` with progress, the reason of a failure first, and hashes kept up to date.

mod hash_upkeep;
mod outcome;
mod watcher;

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;

use super::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::host::nix::memory::{Account, Asked, Memory};
use crate::host::nix::{self, Ended, Invocation};
use crate::host::paths;
use crate::nix::installable::Installable;
use crate::nix::outputs::{self, Built};

pub(super) use watcher::Watcher;

/// Build what a flake offers, with progress and the reason of a failure first
///
/// Without an installable the default package of the flake around the current directory is built. The store paths that were
/// built go to standard output. When a download has another hash than the project says, the new one can be written.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to build, such as `.#web`; the default package when left out
    installables: Vec<String>,
    /// Print events as JSON, one on a line
    #[arg(long)]
    json: bool,
    /// Build what can be built although something failed
    #[arg(short, long)]
    keep_going: bool,
    /// The link to what was built
    #[arg(short, long, value_name = "PATH", default_value = "result", conflicts_with = "no_link")]
    out_link: Utf8PathBuf,
    /// Make no link
    #[arg(long)]
    no_link: bool,
    /// Write a changed hash without being asked; never where `CI` is set
    #[arg(short, long)]
    yes: bool,
    /// Arguments for `nix build`, behind `--`
    #[arg(last = true, value_name = "NIX ARGUMENTS")]
    nix_arguments: Vec<String>,
}

/// A build that is asked for.
pub(super) struct Request {
    /// What to build.
    pub(super) installables: Vec<Installable>,
    /// Where Nix runs.
    pub(super) directory: Utf8PathBuf,
    /// More arguments for `nix build`.
    pub(super) arguments: Vec<String>,
    /// What is done about a hash that is not right.
    pub(super) hashes: HashConsent,
}

/// What is done about a hash that is not right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HashConsent {
    /// It stays.
    Never,
    /// A person is asked, where there is one.
    Ask,
    /// It is written.
    Given,
}

impl HashConsent {
    /// What a flag says.
    pub(super) const fn of(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Ask }
    }
}

impl Request {
    /// A build that leaves no link.
    pub(super) fn without_link(directory: &Utf8Path, installables: Vec<Installable>, hashes: HashConsent) -> Self {
        Self { installables, directory: directory.to_owned(), arguments: vec!["--no-link".to_owned()], hashes }
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let request = request(args)?;
    let mut watcher = Watcher::new(session, args.json);
    match realise(session, &request, &mut watcher) {
        Ok(done) => outcome::succeeded(session, &request, &done, args.json),
        Err(error) => {
            // Whoever reads the events waits for the last one; the error itself goes to people.
            outcome::tell_end(session, &watcher)?;
            Err(error)
        }
    }
}

fn request(args: &Args) -> Result<Request> {
    let directory = paths::current_directory()?;
    let installables = match args.installables.as_slice() {
        [] => vec![flake_around(&directory).map(|_| Installable::parse("."))?],
        given => given.iter().map(|text| Installable::parse(text)).collect(),
    };
    let link = if args.no_link { vec!["--no-link".to_owned()] } else { vec!["--out-link".to_owned(), args.out_link.to_string()] };
    let keep_going = args.keep_going.then(|| "--keep-going".to_owned());
    let arguments = link.into_iter().chain(keep_going).chain(args.nix_arguments.iter().cloned()).collect();
    Ok(Request { installables, directory, arguments, hashes: HashConsent::of(args.yes) })
}

/// The directory of the flake around another, or why there is none.
pub(super) fn flake_around(directory: &Utf8Path) -> Result<Utf8PathBuf> {
    nix::flake_around(directory).ok_or_else(|| {
        Error::failed(format!("there is no `flake.nix` in `{}` or above it", paths::shown(directory)))
            .hint("go to a project, or name one with `-C DIR`")
            .hint("`nixstart new` makes one")
    })
}

/// A build that worked.
pub(super) struct Done {
    /// What was built, in the order of the installables.
    pub(super) built: Vec<Built>,
    /// How long the last run of Nix took.
    pub(super) elapsed: Duration,
    /// What is remembered of it, one for each installable.
    pub(super) accounts: Vec<Account>,
    /// How many derivations were built.
    pub(super) built_anew: usize,
}

/// So often a build is begun again after a hash was written; each time another download gets its hash.
const MOST_ROUNDS: u32 = 12;

/// Builds, and keeps hashes up to date on the way.
pub(super) fn realise(session: &mut Session, request: &Request, watcher: &mut Watcher) -> Result<Done> {
    let program = nix::program()?;
    nix::refuse_to_copy_secrets_of(&request.installables, &request.directory)?;
    let (mut memory, warning) = Memory::open();
    warn(session, warning);
    watcher.recall(&memory.history);
    hash_upkeep::before(session, request, &program, watcher)?;
    let asked = Asked { program: &program, directory: &request.directory, installables: &request.installables };
    for _ in 0..MOST_ROUNDS {
        let ended = match follow(session, request, &program, watcher) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                warn(session, memory.keep_interrupted(asked));
                return Err(error);
            }
            ended => ended?,
        };
        if ended.status.success() {
            let (accounts, warning) = memory.keep(asked, &ended);
            warn(session, warning);
            let built_anew = accounts.first().map_or(0, |account| account.run.built);
            let built = outputs::built(&ended.output).unwrap_or_default();
            return Ok(Done { built, elapsed: ended.elapsed, accounts, built_anew });
        }
        if !hash_upkeep::mend(session, request, &ended.state)? {
            warn(session, memory.keep(asked, &ended).1);
            return Err(outcome::failed(session, request, &ended, watcher));
        }
    }
    Err(Error::failed(format!("after {MOST_ROUNDS} rounds there is still a hash to be written"))
        .hint("run the same command again, or look at the hashes by hand"))
}

/// Says what is wrong with the history of builds; the build goes on.
fn warn(session: &mut Session, warning: Option<String>) {
    if let Some(warning) = warning {
        session.ui.warn(&warning);
    }
}

/// One run of `nix build`.
fn follow(session: &mut Session, request: &Request, program: &Utf8Path, watcher: &mut Watcher) -> Result<Ended> {
    let installables = request.installables.iter().map(ToString::to_string);
    let arguments: Vec<String> =
        ["build", "--json"].map(str::to_owned).into_iter().chain(installables).chain(request.arguments.iter().cloned()).collect();
    let invocation = Invocation { program, directory: &request.directory, arguments: &arguments };
    let ended = nix::follow(invocation, &mut |state, now, news| watcher.see(session, state, now, &news));
    // Also when it was interrupted, nothing that is drawn anew may stay.
    watcher.pause();
    ended
}

/// A line of the stream of events.
fn event(session: &mut Session, name: &str, mut fields: serde_json::Value) -> Result<()> {
    if let Some(fields) = fields.as_object_mut() {
        fields.shift_insert(0, "event".to_owned(), json!(name));
    }
    session.print_json_line(&fields)
}
