//! Runs Nix and follows what it says, event by event. Nix stays in our group of processes, so that git and ssh can still ask
//! for a passphrase on the terminal; Ctrl-C reaches it there, and what ends us otherwise is passed on.

pub mod derivations;
mod guard;
pub mod memory;
mod stream;

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::{Pid, Signal};

use super::{facts, interrupt};
use crate::doctor::explain::explain;
use crate::error::{Error, ErrorKind, Result};
use crate::nix::build::{BuildState, Change};
use crate::nix::log::{self, Line, NixEvent};
use crate::ui::printable;

pub use guard::{Copies, refuse_to_copy_secrets, refuse_to_copy_secrets_of};

/// What works in every project, whatever the settings say.
pub const FEATURES: [&str; 2] = ["--extra-experimental-features", "nix-command flakes"];
/// How long Nix may be silent before somebody who watches is called.
const TICK: Duration = Duration::from_millis(100);
/// How long Nix may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);
/// Where Nix is on a machine whose shells do not know it yet.
const ELSEWHERE: &str = "/nix/var/nix/profiles/default/bin/nix";

/// The system of this machine, in Nix's words.
pub fn system() -> String {
    let os = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    format!("{}-{os}", std::env::consts::ARCH)
}

/// The directory at or above another that holds a flake.
pub fn flake_around(directory: &Utf8Path) -> Option<Utf8PathBuf> {
    directory.ancestors().find(|directory| directory.join("flake.nix").is_file()).map(Utf8Path::to_owned)
}

/// Where Nix is.
pub fn program() -> Result<Utf8PathBuf> {
    let elsewhere = || Some(Utf8PathBuf::from(ELSEWHERE)).filter(|path| path.is_file());
    facts::find("nix").or_else(elsewhere).ok_or_else(|| {
        Error::new(ErrorKind::MissingTool, "Nix is not installed")
            .hint("`nixstart setup` plans its installation; nothing is done unseen")
    })
}

/// A run of Nix.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    /// The program.
    pub program: &'a Utf8Path,
    /// Where it runs, as an absolute path.
    pub directory: &'a Utf8Path,
    /// Its arguments, without those for the log.
    pub arguments: &'a [String],
}

/// What is told of a run.
#[derive(Debug)]
pub enum News<'a> {
    /// An event, and what it has changed.
    Event(&'a NixEvent<'a>, Option<Change>),
    /// A line of something that Nix started.
    Foreign(&'a str),
    /// Nothing has happened for a moment.
    Tick,
}

/// A run that has ended.
#[derive(Debug)]
pub struct Ended {
    /// What was built and fetched.
    pub state: BuildState,
    /// How Nix ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub output: String,
    /// How long it took.
    pub elapsed: Duration,
    /// The last lines that were no events.
    pub foreign: Vec<String>,
    /// Whether it was asked to end.
    pub was_stopped: bool,
}

/// So many lines that are no events are kept.
const FOREIGN: usize = 30;

/// Runs Nix to its end. A build that fails is no error here: how Nix ended is in the result. Ctrl-C ends Nix and is one.
pub fn follow(invocation: Invocation<'_>, watch: &mut dyn FnMut(&BuildState, Duration, News<'_>)) -> Result<Ended> {
    let _held_back = interrupt::Applying::begin();
    let ended = follow_until(invocation, &interrupt::is_interrupted, watch)?;
    if interrupt::is_interrupted() {
        return Err(Error::new(ErrorKind::Interrupted, "interrupted; what was built so far stays in the store"));
    }
    Ok(ended)
}

/// Runs Nix to its end, or until somebody wants it to end; then it has a few seconds to release its locks. It is asked to end,
/// too, when nixstart itself is ended.
pub fn follow_until(
    invocation: Invocation<'_>,
    is_unwanted: &dyn Fn() -> bool,
    watch: &mut dyn FnMut(&BuildState, Duration, News<'_>),
) -> Result<Ended> {
    let begun = Instant::now();
    let mut child = spawn(invocation)?;
    let _ends_with_us = interrupt::Companion::of(&child);
    let output = collect(child.stdout.take());
    let mut following = Following { begun, state: BuildState::default(), foreign: Vec::new() };
    let mut ending = Asking { is_unwanted, asked: None };
    if let Some(stderr) = child.stderr.take() {
        let chunks = stream::chunks(stderr);
        let mut lines = stream::Lines::default();
        loop {
            match chunks.recv_timeout(TICK) {
                Ok(chunk) => lines.push(&chunk, &mut |line| following.line(line, watch)),
                Err(RecvTimeoutError::Timeout) => watch(&following.state, begun.elapsed(), News::Tick),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            ending.look(&mut child);
        }
        lines.finish(&mut |line| following.line(line, watch));
    }
    let status = ending.wait(&mut child)?;
    let output = collected(output);
    let Following { mut state, foreign, .. } = following;
    state.finish();
    Ok(Ended { state, status, output, elapsed: begun.elapsed(), foreign, was_stopped: ending.asked.is_some() })
}

/// What is known so far.
struct Following {
    begun: Instant,
    state: BuildState,
    foreign: Vec<String>,
}

impl Following {
    fn line(&mut self, line: &[u8], watch: &mut dyn FnMut(&BuildState, Duration, News<'_>)) {
        let now = self.begun.elapsed();
        match log::read(line) {
            Line::Event(event) => {
                let change = self.state.apply(&event, now);
                watch(&self.state, now, News::Event(&event, change));
            }
            Line::Malformed => self.state.malformed += 1,
            Line::Foreign(text) => {
                let text = printable(&String::from_utf8_lossy(text));
                watch(&self.state, now, News::Foreign(&text));
                if self.foreign.len() == FOREIGN {
                    self.foreign.remove(0);
                }
                self.foreign.push(text);
            }
        }
    }
}

fn spawn(Invocation { program, directory, arguments }: Invocation<'_>) -> Result<Child> {
    let mut command = command(program, directory, arguments);
    command.args(["--log-format", "internal-json"]).stderr(Stdio::piped());
    command.spawn().map_err(|error| not_started(program, &error))
}

fn command(program: &Utf8Path, directory: &Utf8Path, arguments: &[String]) -> Command {
    let mut command = Command::new(program);
    // That a work tree has changes is how one works, and no warning.
    command.args(arguments).args(FEATURES).arg("--no-warn-dirty").current_dir(directory);
    // devenv takes the checkout from the variable, which a changed directory does not change.
    command.env("PWD", directory.as_str());
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

fn not_started(program: &Utf8Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::MissingTool, format!("`{program}` could not be started: {error}"))
}

/// All that a stream gives, read on a thread of its own so that nobody waits for anybody.
fn collect(stream: Option<impl Read + Send + 'static>) -> Option<JoinHandle<String>> {
    let mut stream = stream?;
    Some(thread::spawn(move || {
        let mut bytes = Vec::new();
        let _what_came = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }))
}

fn collected(reader: Option<JoinHandle<String>>) -> String {
    reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
}

/// Asks Nix to end when somebody wants that, and ends it when it does not.
struct Asking<'a> {
    is_unwanted: &'a dyn Fn() -> bool,
    asked: Option<Instant>,
}

impl Asking<'_> {
    fn look(&mut self, child: &mut Child) {
        match self.asked {
            None if (self.is_unwanted)() => {
                // SIGINT lets Nix release its locks and end its builders.
                let _gone = rustix::process::kill_process(Pid::from_child(child), Signal::INT);
                self.asked = Some(Instant::now());
            }
            Some(since) if since.elapsed() > GRACE => {
                let _gone = child.kill();
            }
            Some(_) | None => {}
        }
    }

    fn wait(&mut self, child: &mut Child) -> Result<ExitStatus> {
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            self.look(child);
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Whether a run of [`ask`] failed because a flake has no such attribute.
pub fn is_missing_attribute(error: &Error) -> bool {
    error.output().contains("does not provide attribute")
}

/// Runs Nix for what it prints, which has to come within a time.
pub fn ask(invocation: Invocation<'_>, timeout: Duration) -> Result<String> {
    ask_while(invocation, timeout, &|| true)
}

/// The same for as long as somebody wants to know.
pub fn ask_while(
    Invocation { program, directory, arguments }: Invocation<'_>,
    timeout: Duration,
    is_wanted: &dyn Fn() -> bool,
) -> Result<String> {
    let deadline = Instant::now() + timeout;
    let mut child =
        command(program, directory, arguments).stderr(Stdio::piped()).spawn().map_err(|error| not_started(program, &error))?;
    let said = collect(child.stderr.take());
    let output = collect(child.stdout.take());
    let mut ending = Asking { is_unwanted: &interrupt::is_interrupted, asked: None };
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            let _gone = child.kill();
            child.wait()?;
            return Err(Error::new(ErrorKind::Tool, format!("`nix` did not answer within {} seconds", timeout.as_secs())));
        }
        if !is_wanted() {
            let _gone = child.kill();
            child.wait()?;
            return Err(Error::new(ErrorKind::Interrupted, "nobody wants to know any more"));
        }
        ending.look(&mut child);
        thread::sleep(Duration::from_millis(2));
    };
    if status.success() {
        return Ok(collected(output));
    }
    let said = printable_lines(&collected(said));
    let command = arguments.first().map_or("", String::as_str);
    let error = Error::new(ErrorKind::Tool, format!("`nix {command}` failed ({status})")).with_output(&said);
    Err(explain(&said).into_iter().fold(error, |error, found| error.hint(format!("{}; {}", found.cause, found.fix))))
}

fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}
