//! Runs programs: never through a shell, output line by line and stripped of control characters, and always stoppable.

pub mod foreground;
pub mod handover;
pub mod held;
pub mod masked;

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use held::Heard;
use rustix::process::{Pid, Signal};

use super::interrupt;
use crate::doctor::explain::explain;
use crate::env_vars;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::command_line;
use crate::ui::{printable, redaction};

/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);
/// How long its pipes are quiet before a program that has ended counts as having said everything.
const QUIET: Duration = Duration::from_millis(100);
/// How long what it left running is listened to.
const LINGER: Duration = Duration::from_secs(1);
/// How often a program that says nothing any more is looked at.
const PAUSE: Duration = Duration::from_millis(5);
/// How many of the last lines are kept for an error message.
const TAIL: usize = 12;

/// A program to run.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Where it runs, as an absolute path.
    pub directory: &'a Utf8Path,
    /// The program, looked up on PATH.
    pub program: &'a str,
    /// Its arguments.
    pub arguments: &'a [String],
    /// How long it may run; as long as it likes when left out.
    pub timeout: Option<Duration>,
}

/// Runs a program and hands each line of its output on. Ctrl-C ends it.
pub fn run(directory: &Utf8Path, program: &str, arguments: &[String], on_line: &mut dyn FnMut(&str)) -> Result<()> {
    perform(Request { directory, program, arguments, timeout: None }, on_line)
}

/// Runs a program like [`run`], with a limit of time.
pub fn perform(request: Request<'_>, on_line: &mut dyn FnMut(&str)) -> Result<()> {
    follow_to_success(request, &mut EndAtOnce { program: request.program }, &mut |heard| match heard {
        Heard::Line(line) | Heard::Notice(line) => on_line(line),
    })
}

/// Replaces this process by a program that has the terminal to itself. It returns only when that cannot be done. `first_on_path`
/// is a directory whose programs are found before others.
pub fn replace(directory: &Utf8Path, program: &str, arguments: &[String], first_on_path: Option<&Utf8Path>) -> Error {
    let path = env_vars::get(env_vars::PATH).unwrap_or_default();
    let is_on_path = |first: &Utf8Path| path.split(':').any(|directory| directory == first);
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).env("PWD", directory.as_str());
    if let Some(first) = first_on_path.filter(|first| !is_on_path(first)) {
        command.env("PATH", format!("{first}:{path}"));
    }
    Error::failed(command.exec()).hint(format!("`{program}` could not be started"))
}

/// What is done about an interrupt while a program runs.
trait Watch {
    /// Looks whether somebody asked to stop. An error ends the watch.
    fn look(&mut self, child: &mut Child, on_heard: &mut dyn FnMut(Heard<'_>)) -> Result<()>;
}

/// A program of the user's may be cut short at any time.
struct EndAtOnce<'a> {
    program: &'a str,
}

impl Watch for EndAtOnce<'_> {
    fn look(&mut self, child: &mut Child, _: &mut dyn FnMut(Heard<'_>)) -> Result<()> {
        if interrupt::is_interrupted() {
            end_group(child)?;
            return Err(Error::new(ErrorKind::Interrupted, format!("interrupted in `{}`", self.program)));
        }
        Ok(())
    }
}

/// Follows a program to its end; the error of one that fails has the end of what it said.
fn follow_to_success(request: Request<'_>, watch: &mut dyn Watch, on_heard: &mut dyn FnMut(Heard<'_>)) -> Result<()> {
    let mut tail = VecDeque::new();
    let status = follow(&mut spawn(request)?, request, watch, &mut |heard| {
        on_heard(heard);
        if let Heard::Line(line) = heard {
            tail.push_back(line.to_owned());
        }
        if tail.len() > TAIL {
            tail.pop_front();
        }
    })?;
    if status.success() {
        return Ok(());
    }
    let tail = tail.into_iter().collect::<Vec<_>>().join("\n");
    let error = Error::new(ErrorKind::Tool, format!("`{}` failed ({status})", as_typed(request))).with_output(&tail);
    // The error of a tool is explained like one that somebody pastes.
    Err(explain(&tail).into_iter().fold(error, |error, found| error.hint(format!("{}; {}", found.cause, found.fix))))
}

fn as_typed(request: Request<'_>) -> String {
    let words: Vec<String> = std::iter::once(request.program.to_owned()).chain(request.arguments.iter().cloned()).collect();
    command_line::line(&words)
}

fn spawn(Request { directory, program, arguments, .. }: Request<'_>) -> Result<Child> {
    // PWD is set because changing a child's directory does not change the variable, and devenv reads the variable.
    let spawned = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env("PWD", directory.as_str())
        // Packages ask through debconf, on the terminal of the session if need be. sudo hands this on only where its rules
        // keep it: `--preserve-env` is refused to whoever may run single commands only (sudo 1.9.16).
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn();
    spawned.map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            Error::new(ErrorKind::MissingTool, format!("`{program}` is not installed"))
        } else {
            error.into()
        }
    })
}

/// Follows a program until it has ended and said everything. What it leaves running may keep its pipes open.
fn follow(
    child: &mut Child,
    request: Request<'_>,
    watch: &mut dyn Watch,
    on_heard: &mut dyn FnMut(Heard<'_>),
) -> Result<ExitStatus> {
    let lines = lines_of(child);
    let began = Instant::now();
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        watch.look(child, on_heard)?;
        match (lines.recv_timeout(QUIET), ended) {
            (Err(_), Some((status, _))) => return Ok(status),
            (Ok(_), Some((status, since))) if since.elapsed() > LINGER => return Ok(status),
            (Ok(line), _) => on_heard(Heard::Line(&line)),
            (Err(RecvTimeoutError::Disconnected), None) => thread::sleep(PAUSE),
            (Err(RecvTimeoutError::Timeout), None) => {}
        }
        if ended.is_none() {
            ended = child.try_wait()?.map(|status| (status, Instant::now()));
        }
        if let Some(timeout) = request.timeout.filter(|timeout| ended.is_none() && began.elapsed() > *timeout) {
            end_group(child)?;
            let message = format!("`{}` did not end within {} seconds", as_typed(request), timeout.as_secs_f32());
            return Err(Error::new(ErrorKind::Tool, message));
        }
    }
}

/// Ends a child with everything it started: it is asked first, and after a grace period nobody is asked any more.
fn end_group(child: &mut Child) -> Result<()> {
    let group = Pid::from_child(child);
    let signal = |signal| {
        // Gone already is what we want.
        let _gone = rustix::process::kill_process_group(group, signal);
    };
    signal(Signal::TERM);
    let deadline = Instant::now() + GRACE;
    while child.try_wait()?.is_none() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
    }
    signal(Signal::KILL);
    child.wait()?;
    Ok(())
}

/// The lines of both streams of a child, as they come.
fn lines_of(child: &mut Child) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|stream| Box::new(stream) as _), child.stderr.take().map(|stream| Box::new(stream) as _)];
    for stream in streams.into_iter().flatten() {
        read_lines(stream, sender.clone());
    }
    lines
}

fn read_lines(stream: Box<dyn Read + Send>, sender: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(std::result::Result::ok) {
            let line = redaction::redact(&printable(&String::from_utf8_lossy(&line)));
            if sender.send(line).is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_lines_on_and_keeps_the_end_for_the_error() {
        let mut lines = Vec::new();
        let arguments = ["-c".to_owned(), "echo one; echo two >&2; exit 3".to_owned()];
        let error = run(Utf8Path::new("/"), "sh", &arguments, &mut |line| lines.push(line.to_owned())).unwrap_err();
        lines.sort_unstable();
        assert_eq!(lines, ["one", "two"]);
        assert_eq!(error.kind(), ErrorKind::Tool);
        assert!(error.to_string().contains("exit status: 3"), "{error}");
        assert!(error.to_string().starts_with("`sh -c 'echo one; echo two >&2; exit 3'`"), "can be pasted: {error}");
    }

    #[test]
    fn packages_are_told_that_nobody_can_answer() {
        let (lines, outcome, _) = script("echo $DEBIAN_FRONTEND", None);
        outcome.unwrap();
        assert_eq!(lines, ["noninteractive"]);
    }

    /// Runs a script of a shell and returns its lines, what came of it and how long it took.
    fn script(text: &str, timeout: Option<Duration>) -> (Vec<String>, Result<()>, Duration) {
        let (arguments, began, mut lines) = (["-c".to_owned(), text.to_owned()], Instant::now(), Vec::new());
        let request = Request { directory: Utf8Path::new("/"), program: "sh", arguments: &arguments, timeout };
        let outcome = perform(request, &mut |line| lines.push(line.to_owned()));
        (lines, outcome, began.elapsed())
    }

    /// The process whose id a script wrote on a line of its own.
    fn process(lines: &[String]) -> Pid {
        let digits = lines.iter().find(|line| line.chars().all(|c| c.is_ascii_digit())).unwrap();
        Pid::from_raw(digits.parse().unwrap()).unwrap()
    }

    /// Whether a process does anything; whoever adopted one that was killed may not have collected it yet.
    fn is_running(process: Pid) -> bool {
        let state = fs_err::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
        state.is_ok_and(|state| !state.contains(") Z "))
    }

    #[test]
    fn what_a_program_leaves_running_is_not_waited_for() {
        for rest in ["exec sleep 60", "while :; do echo still here; sleep 0.02; done"] {
            for timeout in [None, Some(Duration::from_secs(20))] {
                let (lines, outcome, took) = script(&format!("echo one; ({rest}) & echo two; echo $!; exit 0"), timeout);
                // It still runs, or this would find no such process.
                rustix::process::kill_process(process(&lines), Signal::KILL).unwrap();
                assert!(outcome.is_ok() && lines.contains(&"one".to_owned()) && lines.contains(&"two".to_owned()), "{lines:?}");
                assert!(took < Duration::from_secs(10), "{took:?}");
            }
        }
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended_with_what_it_started() {
        for text in ["sleep 60 & echo $!; wait", "sleep 60 & echo $!; exec >/dev/null 2>&1; wait"] {
            let (lines, outcome, took) = script(text, Some(Duration::from_millis(300)));
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Tool);
            assert!(error.to_string().ends_with("did not end within 0.3 seconds"), "{error}");
            assert!(took < Duration::from_secs(10), "{took:?}");
            let deadline = Instant::now() + Duration::from_secs(10);
            while is_running(process(&lines)) {
                assert!(Instant::now() < deadline, "what it started still runs");
                thread::yield_now();
            }
        }
    }

    #[test]
    fn names_a_program_that_is_not_there() {
        let error = run(Utf8Path::new("/"), "no-such-program-anywhere", &[], &mut |_| {}).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::MissingTool, "`no-such-program-anywhere` is not installed")
        );
    }
}
