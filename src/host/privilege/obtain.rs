//! Finds out before the first step whether the root steps can be run, and lets sudo or doas ask for the password itself:
//! nixstart never sees one.

use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use camino::Utf8Path;

use super::denial::Denial;
use super::{Elevator, is_root};
use crate::error::ErrorKind;
use crate::host::{exec, facts};
use crate::plan::command_line;

/// Whether somebody can type a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// A person at a terminal can.
    Person,
    /// There is nobody.
    Nobody,
}

/// How often the password is kept from being forgotten: sudo remembers it for 15 minutes, and a step may take longer.
const REFRESH: Duration = Duration::from_secs(60);

/// Keeps sudo from forgetting the password until it is dropped.
#[derive(Debug)]
pub struct Ticket {
    _end: Option<Sender<()>>,
}

impl Ticket {
    const fn unneeded() -> Self {
        Self { _end: None }
    }

    fn kept(program: &str) -> Self {
        let (end, ended) = mpsc::channel();
        let program = program.to_owned();
        thread::spawn(move || {
            while ended.recv_timeout(REFRESH) == Err(RecvTimeoutError::Timeout) {
                let mut command = Command::new(&program);
                let _forgotten_is_said_by_the_step = command.args(["-n", "-v"]).stdin(Stdio::null()).output();
            }
        });
        Self { _end: Some(end) }
    }
}

/// Makes sure that commands can be run as root.
pub fn obtain(asking: Asking, commands: &[Vec<String>]) -> Result<Ticket, Denial> {
    if is_root() || commands.is_empty() {
        return Ok(Ticket::unneeded());
    }
    let elevator = Elevator::of_environment();
    let program = elevator.program();
    if facts::find(program).is_none() {
        return Err(Denial::NotInstalled(program.to_owned()));
    }
    match &elevator {
        Elevator::Sudo(program) => sudo(program, asking, commands),
        Elevator::Doas(program) => doas(program, asking, commands),
        // How it is asked is not known; the first step says what it says.
        Elevator::Other(_) => Ok(Ticket::unneeded()),
    }
}

fn sudo(program: &str, asking: Asking, commands: &[Vec<String>]) -> Result<Ticket, Denial> {
    if asking == Asking::Person && !in_foreground(program, &["-v"]) {
        return Err(match refusal(program, &["-n", "-v"]) {
            // It could have been typed just now.
            Some(Denial::NeedsPassword(_)) | None => Denial::WrongPassword(program.to_owned()),
            Some(denial) => denial,
        });
    }
    // sudo ≥ 1.8 lists a command that may be run now and fails for every other.
    let is_listed = |words: &[&str]| quiet(program, &[&["-n", "-l", "--"], words].concat()).is_ok();
    let denied = all_but(commands, |words| is_listed(if is_there(words) { words } else { ANYTHING }));
    if denied.is_empty() {
        return Ok(if asking == Asking::Person { Ticket::kept(program) } else { Ticket::unneeded() });
    }
    // Without this a user who may do nothing, and one whose password is needed, look the same.
    Err(refusal(program, &["-n", "-v"]).unwrap_or(Denial::Commands { program: program.to_owned(), commands: denied }))
}

/// Whoever may run a shell may run anything. It stands for a program that an earlier step brings, which sudo cannot list.
const ANYTHING: &[&str] = &["/bin/sh"];

/// Whether a program can be found by now, where root looks for it.
fn is_there(words: &[&str]) -> bool {
    let Some(program) = words.first() else { return false };
    let in_directory = |directory: &str| Utf8Path::new(directory).join(program).is_file();
    facts::find(program).is_some() || ["/usr/local/sbin", "/usr/sbin", "/sbin"].into_iter().any(in_directory)
}

/// The rules of doas, in the one place where it looks for them.
const RULES: &str = "/etc/doas.conf";

fn doas(program: &str, asking: Asking, commands: &[Vec<String>]) -> Result<Ticket, Denial> {
    let says = |words: &[&str]| match quiet(program, &[&["-C", RULES], words].concat()) {
        Ok(said) | Err(said) => said,
    };
    let denied = all_but(commands, |words| says(words) != "deny");
    if !denied.is_empty() {
        return Err(Denial::Commands { program: program.to_owned(), commands: denied });
    }
    // Rules that the user may read say that no password is needed; otherwise a harmless command tells.
    if all_but(commands, |words| says(words) == "permit nopass").is_empty() {
        return Ok(Ticket::unneeded());
    }
    match refusal(program, &["-n", "true"]) {
        None => Ok(Ticket::unneeded()),
        Some(Denial::NeedsPassword(_)) if asking == Asking::Person => {
            if !in_foreground(program, &["true"]) {
                return Err(Denial::WrongPassword(program.to_owned()));
            }
            refusal(program, &["-n", "true"]).map_or(Ok(Ticket::unneeded()), |_| Err(Denial::Forgets(program.to_owned())))
        }
        Some(denial) => Err(denial),
    }
}

/// The commands that are not allowed, each once.
fn all_but(commands: &[Vec<String>], is_allowed: impl Fn(&[&str]) -> bool) -> Vec<String> {
    let mut denied: Vec<String> = commands
        .iter()
        .filter(|command| !is_allowed(&command.iter().map(String::as_str).collect::<Vec<_>>()))
        .map(|command| command_line::line(command))
        .collect();
    denied.dedup();
    denied
}

/// Why a call fails; `None` when it does not.
fn refusal(program: &str, arguments: &[&str]) -> Option<Denial> {
    quiet(program, arguments).err().map(|said| Denial::of(program, &said))
}

/// How long it may take to say something; its rules may be on another machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs it without a chance to ask anything, in the language that is understood here. What it says is returned, as an error
/// when it fails.
fn quiet(program: &str, arguments: &[&str]) -> Result<String, String> {
    let words: Vec<String> = ["LC_ALL=C", program].iter().chain(arguments).map(ToString::to_string).collect();
    let request = exec::Request { directory: Utf8Path::new("/"), program: "env", arguments: &words, timeout: Some(PATIENCE) };
    let mut said = Vec::new();
    match exec::perform(request, &mut |line| said.push(line.to_owned())) {
        Ok(()) => Ok(said.join("\n")),
        Err(error) if said.is_empty() && error.kind() != ErrorKind::Tool => Err(error.to_string()),
        Err(_) => Err(said.join("\n")),
    }
}

/// Runs it where it can ask on the terminal, in the language of whoever is asked.
fn in_foreground(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
}
