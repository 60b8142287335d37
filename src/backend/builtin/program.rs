//! Starts the programs of a service, hears what they say, and notices their end. What a program leaves running ends with it.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::environment;
use super::message::Message;
use super::output::{self, Output};
use crate::backend::mark;
use crate::host::{paths, project_secrets};
use crate::process::Exit;
use crate::process::supervision::{Input, Program, Run};
use crate::service::{self, Service};
use crate::ui::redaction;

/// How long its last words are waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);

/// What programs of every service are started with.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub(super) root: Utf8PathBuf,
    pub(super) inbox: Sender<Message>,
    /// What marks everything of this runner.
    pub(super) mark: String,
}

impl Surroundings {
    /// What marks everything of one process.
    pub(super) fn mark_of(&self, index: usize) -> String {
        mark::of_process(&self.mark, index)
    }

    /// What marks everything of the command that stops one process.
    pub(super) fn mark_of_stop(&self, index: usize) -> String {
        mark::of_stop(&self.mark, index)
    }
}

/// Starts a program and returns its number. Its end comes as a message.
pub(super) fn start(
    service: &Service,
    (run, program): (Run, Program),
    output: &Arc<Output>,
    surroundings: &Surroundings,
) -> Result<u32, String> {
    if program == Program::Main {
        refuse_taken_ports(service)?;
    }
    let argv = argv(service, program).ok_or("only Nix knows the program of its `package`; give it a `command`")?;
    let mark = surroundings.mark_of(run.index);
    // What is secret may have changed since the last start.
    project_secrets::keep_out(&surroundings.root);
    let mut command = prepare(service, &argv, &mark, surroundings)?;
    let redactor = redaction::redactor();
    let mut child = spawn(&mut command)?;
    let pid = child.id();
    let readers = output::read(&mut child, run, (output, &redactor), &surroundings.inbox);
    let inbox = surroundings.inbox.clone();
    thread::spawn(move || {
        let exit = child.wait().map_or(Exit::Code(-1), exit_of);
        end_what_is_left(pid, &mark);
        let deadline = Instant::now() + LAST_WORDS;
        while !readers.iter().all(thread::JoinHandle::is_finished) && Instant::now() < deadline {
            thread::sleep(PAUSE);
        }
        let _nobody_listens = inbox.send(Message::Happened(Input::Ended(run, exit)));
    });
    Ok(pid)
}

/// Runs a command beside a process, for as long as it may take, and says how it failed.
pub(super) fn perform(
    service: &Service,
    command: &service::Command,
    (mark, timeout): (&str, Duration),
    surroundings: &Surroundings,
) -> Result<(), String> {
    let mut child = spawn(&mut prepare(service, &command.argv(&[]), mark, surroundings)?)?;
    let (sender, words) = mpsc::channel();
    output::last_words(&mut child, sender);
    let deadline = Instant::now() + timeout;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => thread::sleep(PAUSE),
            _ => {
                kill_group(child.id(), Signal::KILL);
                let _reaped = child.wait();
                return Err(format!("no answer within {}", seconds(timeout)));
            }
        }
    };
    if status.success() {
        return Ok(());
    }
    let said = words.recv_timeout(Duration::from_millis(50)).unwrap_or_default();
    let exit = exit_of(status);
    Err(if said.is_empty() { exit.to_string() } else { format!("{said} ({exit})") })
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f32())
}

fn argv(service: &Service, program: Program) -> Option<Vec<String>> {
    match program {
        Program::Main => service.argv(),
        Program::PreStart(step) => service.pre_start.get(step).map(|command| command.argv(&[])),
    }
}

/// A program of a service with everything it needs. What it gets that is secret is kept out of what is said from now on.
fn prepare(service: &Service, argv: &[String], mark: &str, surroundings: &Surroundings) -> Result<Command, String> {
    let Some((program, arguments)) = argv.split_first() else { return Err("there is nothing to run".to_owned()) };
    let directory = service.working_dir.as_ref().map_or_else(|| surroundings.root.clone(), |below| surroundings.root.join(below));
    if !directory.is_dir() {
        return Err(format!("its `working_dir` `{}` is no directory", paths::shown_from(Some(&surroundings.root), &directory)));
    }
    let variables = environment::variables(service, &surroundings.root)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(&directory)
        .env("PWD", directory.as_str())
        .envs(variables)
        .env(mark::VARIABLE, mark)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    Ok(command)
}

fn spawn(command: &mut Command) -> Result<Child, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("`{program}` is not installed, or not on PATH"),
        _ => format!("`{program}` cannot be started: {}", paths::reason(&error)),
    })
}

/// A port that somebody else has would only be found in the log, by whoever looks there.
fn refuse_taken_ports(service: &Service) -> Result<(), String> {
    let taken = service.ports.iter().find(|(_, port)| {
        let is_tcp = port.protocol == service::Protocol::Tcp;
        is_tcp && TcpListener::bind(("127.0.0.1", port.port)).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
    });
    let Some((name, port)) = taken else { return Ok(()) };
    Err(format!("port {} (`{name}`) is taken by another program", port.port))
}

/// Sends a signal to a program and what it has started, as far as that is still in its group.
pub(super) fn kill_group(pid: u32, signal: Signal) {
    if let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // Gone already is what we want.
        let _gone = kill_process_group(group, signal);
    }
}

/// Ends what a program that has ended has left: first in its group, then what has gone its own way but carries its mark.
fn end_what_is_left(leader: u32, mark: &str) {
    let group = i32::try_from(leader).ok().and_then(Pid::from_raw);
    let is_left = || group.is_some_and(|group| test_kill_process_group(group).is_ok());
    if is_left() {
        kill_group(leader, Signal::TERM);
        mark::wait_while(&is_left);
        kill_group(leader, Signal::KILL);
    }
    mark::end(&mark::assignment(mark));
}

fn exit_of(status: ExitStatus) -> Exit {
    status.signal().map_or_else(|| Exit::Code(status.code().unwrap_or(-1)), Exit::Signal)
}

/// A signal of a service in the words of the system.
pub(super) fn signal(signal: service::Signal) -> Signal {
    match signal.name() {
        "SIGABRT" => Signal::ABORT,
        "SIGALRM" => Signal::ALARM,
        "SIGCONT" => Signal::CONT,
        "SIGHUP" => Signal::HUP,
        "SIGINT" => Signal::INT,
        "SIGKILL" => Signal::KILL,
        "SIGPIPE" => Signal::PIPE,
        "SIGQUIT" => Signal::QUIT,
        "SIGSTOP" => Signal::STOP,
        "SIGTSTP" => Signal::TSTP,
        "SIGUSR1" => Signal::USR1,
        "SIGUSR2" => Signal::USR2,
        "SIGWINCH" => Signal::WINCH,
        _ => Signal::TERM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_of_a_service_is_one_of_its_own() {
        let mut numbers: Vec<i32> = service::Signal::ALL.into_iter().map(|name| signal(name).as_raw()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), service::Signal::ALL.len());
    }
}
