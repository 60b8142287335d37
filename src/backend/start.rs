//! Starts a runner behind a guardian, in the form in which it needs no terminal, and waits until it answers.

use std::io;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use camino::Utf8Path;

use super::mark::kill_one;
use super::site::Site;
use super::{Backend, journal};
use crate::error::{Error, ErrorKind, Result};
use crate::host::files;
use crate::host::interrupt::{self, Applying};
use crate::host::nix::FEATURES;
use crate::ui::printable;
pub use journal::Said;

const PAUSE: Duration = Duration::from_millis(2);
const AT_ONCE: Duration = Duration::from_secs(1);
const LONGER_PAUSE: Duration = Duration::from_millis(50);
/// How often it is told what is waited for.
const NEWS: Duration = Duration::from_millis(200);
/// How long a guardian may take to end what a runner has left, when somebody waits for what it says of it.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The command by which the program starts itself to guard or to run processes.
pub const RUNNER: &str = "runner";

/// How long a runner goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Until somebody stops it.
    UntilStopped,
    /// Until whoever has started it ends, in whatever way.
    WhileWatched,
}

/// A runner that can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headless {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Variables that it needs.
    pub environment: Vec<(&'static str, String)>,
    /// What is kept of what it says.
    pub said: Said,
    /// How long it may take to answer.
    pub patience: Duration,
}

impl Headless {
    /// nixstart itself.
    pub fn builtin(names: &[String]) -> Result<Self> {
        let argv = [own_program()?, RUNNER.to_owned(), "--supervise".to_owned(), "--".to_owned()];
        let argv = argv.into_iter().chain(names.iter().cloned()).collect();
        Ok(Self { argv, environment: Vec::new(), said: Said::AsIs, patience: Duration::from_secs(10) })
    }

    /// What `devenv up` does in a shell of a flake: the script below it, because the one in front enters the shell once more.
    /// `-d` would not detach there; it is process-compose's, and hides what is disabled. What the shell says is kept, but not the
    /// lines of all processes, which process-compose repeats.
    pub fn devenv_shell(nix: &Utf8Path, names: &[String]) -> Self {
        let quietly = "exec devenv-flake-up \"$@\" >/dev/null";
        let words = ["develop", "--impure", "--command", "sh", "-c", quietly, "devenv-flake-up"].map(str::to_owned);
        let words = std::iter::once(nix.to_string()).chain(FEATURES.map(str::to_owned)).chain(words);
        Self {
            argv: words.chain(names.iter().cloned()).collect(),
            environment: vec![("PC_TUI_ENABLED", "0".to_owned())],
            said: Said::Redacted,
            // The shell may have to be built.
            patience: Duration::from_secs(3600),
        }
    }

    /// process-compose with a file of the project, at a socket of our own. Left to itself it would take Docker's `compose.yaml`.
    pub fn process_compose(program: &Utf8Path, file: &str, site: &Site, names: &[String]) -> Self {
        let socket = site.process_compose_socket().into_string();
        let words = ["--config", file, "--unix-socket", &socket, "--tui=false", "--keep-project", "up"].map(str::to_owned);
        let words = std::iter::once(program.to_string()).chain(words);
        let argv = words.chain(names.iter().cloned()).collect();
        Self { argv, environment: Vec::new(), said: Said::Errors, patience: Duration::from_secs(30) }
    }
}

fn own_program() -> Result<String> {
    let program = std::env::current_exe().map_err(Error::failed)?;
    program.into_os_string().into_string().map_err(|path| Error::failed(format!("`{}` is no UTF-8 text", path.display())))
}

/// While it lives, a runner that is kept while it is watched goes on.
#[derive(Debug)]
pub struct Leash {
    _input: Option<ChildStdin>,
    guardian: JoinHandle<io::Result<ExitStatus>>,
}

impl Leash {
    /// What is said of a runner that has ended although nobody wanted it to, with its last words and those of its guardian.
    pub fn ended(&self, site: &Site, runner: &dyn Backend) -> Error {
        let deadline = Instant::now() + LAST_WORDS;
        while !self.guardian.is_finished() && Instant::now() < deadline {
            thread::sleep(PAUSE);
        }
        with_last_words(site, ended(runner))
    }
}

/// What is said of a runner that has ended although nobody wanted it to.
pub fn ended(runner: &dyn Backend) -> Error {
    let message = format!("{} at `{}` has ended, and nobody here has asked it to", runner.kind().name(), runner.place());
    Error::new(ErrorKind::Tool, message).hint("`nixstart up` starts everything again")
}

/// Looks for a runner that answers.
type Find<'a> = &'a dyn Fn() -> Result<Option<Arc<dyn Backend>>>;

/// What is told while a runner is waited for.
type OnWait<'a> = &'a mut dyn FnMut(&str);

/// Starts a runner and returns it when it answers. Meanwhile the last line that it has said is told now and then.
pub fn start(
    site: &Site,
    headless: &Headless,
    keep: Keep,
    (find, on_wait): (Find<'_>, OnWait<'_>),
) -> Result<(Arc<dyn Backend>, Leash)> {
    // What has begun to start is ended in order.
    let _held = Applying::begin();
    site.create()?;
    files::create_private_directory(&site.logs)?;
    let mut guardian = spawn(site, headless, keep)?;
    let input = guardian.stdin.take();
    let began = Instant::now();
    let deadline = began + headless.patience;
    let mut told = Instant::now();
    loop {
        if let Some(runner) = find()? {
            // It goes on without us; whoever waits for it is the system.
            let guardian = thread::spawn(move || guardian.wait());
            return Ok((runner, Leash { _input: input, guardian }));
        }
        if let Some(status) = guardian.try_wait()? {
            return Err(with_last_words(site, Error::failed(format!("the runner did not come up ({status})"))));
        }
        if Instant::now() > deadline || interrupt::is_interrupted() {
            return Err(with_last_words(site, give_up(guardian, headless.patience)));
        }
        if told.elapsed() > NEWS {
            told = Instant::now();
            on_wait(&last_line(site));
        }
        // What does not answer at once is being built.
        thread::sleep(if began.elapsed() < AT_ONCE { PAUSE } else { LONGER_PAUSE });
    }
}

fn last_line(site: &Site) -> String {
    let said = journal::last_words(site);
    printable(said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default())
}

fn spawn(site: &Site, headless: &Headless, keep: Keep) -> Result<Child> {
    let journal = journal::begin(site)?.into_file();
    let (flag, input) = match keep {
        Keep::UntilStopped => (None, Stdio::null()),
        Keep::WhileWatched => (Some("--while-watched"), Stdio::piped()),
    };
    let spawned = Command::new(own_program()?)
        .arg(RUNNER)
        .args(flag)
        .args(["--said", headless.said.name(), "--"])
        .args(&headless.argv)
        .current_dir(&site.root)
        .envs(headless.environment.iter().map(|(name, value)| (name, value)))
        .stdin(input)
        .stdout(journal.try_clone()?)
        .stderr(journal)
        .spawn();
    Ok(spawned?)
}

fn give_up(mut guardian: Child, patience: Duration) -> Error {
    kill_one(guardian.id(), rustix::process::Signal::TERM);
    thread::spawn(move || guardian.wait());
    if interrupt::is_interrupted() {
        return Error::new(ErrorKind::Interrupted, "interrupted; what had started is being ended");
    }
    Error::failed(format!("the runner did not answer within {} seconds", patience.as_secs()))
}

fn with_last_words(site: &Site, error: Error) -> Error {
    let text = journal::last_words(site);
    if text.is_empty() { error } else { error.with_output(&text) }
}
