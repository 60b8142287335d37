//! Who runs the processes of a project. Three programs do: devenv's own manager, process-compose, and nixstart itself
//! (`builtin`). Each is translated here into the words of `process`; nobody else knows their protocols.

mod asked;
mod board;
pub mod builtin;
pub mod devenv;
pub mod discover;
mod ending;
mod error;
pub mod farewell;
pub mod guardian;
mod journal;
mod keepsake;
mod lines;
mod mark;
mod overlap;
pub mod process_compose;
mod sampler;
pub mod site;
pub mod start;

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::Result;
use crate::process::{Action, Event, LogLine, Outcome, Process};

pub use error::RunnerError;

/// More lines than any runner keeps of a process.
pub const ALL_LINES: usize = 1_000_000;

/// Which program runs the processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// devenv's own process manager.
    Devenv,
    /// process-compose.
    ProcessCompose,
    /// nixstart itself.
    Builtin,
}

impl Kind {
    /// Its name, as on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Devenv => "devenv",
            Self::ProcessCompose => "process-compose",
            Self::Builtin => "builtin",
        }
    }
}

/// A runner that answers. Its methods block until there is an answer, none longer than a request may take; each may be called
/// from any thread.
pub trait Backend: Send + Sync {
    /// Which program it is.
    fn kind(&self) -> Kind;

    /// Where it answers, for people: a socket or an address, and its version when that is known.
    fn place(&self) -> String;

    /// Every process. It costs a question or two; nobody asks more often than a person looks.
    fn list(&self) -> Result<Vec<Process>>;

    /// The last lines of a process, the oldest first.
    fn logs(&self, process: &str, last: usize) -> Result<Vec<LogLine>>;

    /// Does something with processes. No names mean all of them.
    fn act(&self, action: Action, processes: &[String]) -> Result<Outcome>;

    /// Stops everything and the runner itself, and returns when it is gone.
    fn shut_down(&self) -> Result<()>;

    /// Tells what happens from now on, on threads of its own, until the [`Watch`] is dropped. The first event is a snapshot.
    /// When the runner is gone, it is sought again; that is told, too.
    fn watch(&self, interest: Interest, sink: Sink) -> Result<Watch>;
}

/// What somebody wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interest {
    /// Whose lines.
    pub logs: Follow,
    /// How many lines of each from before.
    pub backlog: usize,
    /// Whether processor and memory are wanted, too, once a second.
    pub usage: bool,
}

/// Whose lines are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Follow {
    /// Nobody's.
    Nobody,
    /// Everybody's, also of those that appear later.
    Everybody,
    /// Of these.
    These(Vec<String>),
}

/// Where it is told. Both are called from threads of the backend and return soon.
#[derive(Clone)]
pub struct Sink {
    /// Takes what happens.
    pub on_event: Arc<dyn Fn(Event) + Send + Sync>,
    /// Takes lines, in the order in which each process said them.
    pub on_lines: Arc<dyn Fn(Vec<LogLine>) + Send + Sync>,
}

/// Ends the telling when it is dropped.
pub struct Watch(Option<Box<dyn FnOnce() + Send>>);

impl Watch {
    /// A watch that ends by a call, which must not wait for anybody who might be waiting for us.
    pub fn new(end: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(end)))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

/// The project whose runner is sought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its directory, absolute and without links.
    pub root: Utf8PathBuf,
    /// Where a process-compose answers that nixstart has started.
    pub own_socket: Option<Utf8PathBuf>,
    /// Where it is kept what was asked of runners that do not tell who has stopped a process.
    pub memory: Option<Utf8PathBuf>,
    /// The processes whose failure is none of the project, as it declares them (`required = false`): no runner but ours tells.
    pub optional: Vec<String>,
}

impl Place {
    /// The place of a directory.
    pub fn of(root: &Utf8Path) -> Self {
        Self { root: root.to_owned(), own_socket: None, memory: None, optional: Vec::new() }
    }
}
