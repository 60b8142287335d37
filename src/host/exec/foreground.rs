//! A program that has the terminal for a while: Ctrl-C is its own, SIGTERM ends it and us.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use rustix::process::{Pid, Signal, kill_process};

use crate::error::{Error, ErrorKind, Result};
use crate::host::interrupt::Handed;
use crate::host::paths;

/// How often it is looked whether the program has ended.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// Runs a program until it ends. The error says what it was when somebody ended both.
pub fn run(mut command: Command, what: &str) -> Result<ExitStatus> {
    let handed = Handed::begin()?;
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child =
        command.spawn().map_err(|error| Error::failed(format!("`{program}` could not be started: {}", paths::reason(&error))))?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if handed.is_ended() {
            end(&mut child);
            return Err(Error::new(ErrorKind::Interrupted, format!("interrupted while {what}")));
        }
        thread::sleep(PAUSE);
    }
}

/// Runs this very program with other arguments in a directory.
pub fn run_own(directory: &Utf8Path, words: &[String]) -> Result<ExitStatus> {
    let own = std::env::current_exe().map_err(Error::failed)?;
    let mut command = Command::new(own);
    command.args(words).current_dir(directory).env("PWD", directory.as_str());
    run(command, "another program had the terminal")
}

/// The exit code of a program; of one that a signal ended, that of a shell for it.
pub fn exit_code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}

/// Asks a program to end, and ends it.
fn end(child: &mut Child) {
    let _gone = kill_process(Pid::from_child(child), Signal::TERM);
    let deadline = Instant::now() + GRACE;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        thread::sleep(PAUSE);
    }
    let _gone = child.kill();
    let _gone = child.wait();
}
