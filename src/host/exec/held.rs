//! Programs that must not be cut short: a package manager that is killed leaves packages half installed and blocks the next
//! one. Nothing here kills one.

use std::process::Child;

use camino::Utf8Path;
use rustix::process::{Pid, Signal};

use super::{Request, Watch, follow_to_success};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{interrupt, privilege};
use crate::plan::Privilege;

/// What is heard of a program that runs.
#[derive(Debug, Clone, Copy)]
pub enum Heard<'a> {
    /// A line of its output.
    Line(&'a str),
    /// What nixstart says about it.
    Notice(&'a str),
}

/// Runs a command to its end, whoever asks to stop. The first Ctrl-C is remembered for when the command is done, the second
/// is passed on to it, and the third leaves it behind.
pub fn run(directory: &Utf8Path, privilege: Privilege, words: &[String], on_heard: &mut dyn FnMut(Heard<'_>)) -> Result<()> {
    let Some(name) = words.first() else { return Ok(()) };
    let line = privilege::words(privilege, words)?;
    let Some((program, arguments)) = line.split_first() else { return Ok(()) };
    let mut holding = Holding { name, privilege, answered: 0 };
    let request = Request { directory, program, arguments, timeout: None };
    let outcome = follow_to_success(request, &mut holding, on_heard);
    match outcome {
        // How it ends after it was asked to is no fault of it.
        Err(error) if holding.answered >= PASSED_ON && error.kind() == ErrorKind::Tool => {
            Err(Error::new(ErrorKind::Interrupted, format!("interrupted in `{name}`")))
        }
        outcome => outcome,
    }
}

const REMEMBERED: u32 = 1;
const PASSED_ON: u32 = 2;

/// A program that is held, and how many interrupts were answered.
struct Holding<'a> {
    name: &'a str,
    privilege: Privilege,
    answered: u32,
}

impl Watch for Holding<'_> {
    fn look(&mut self, child: &mut Child, on_heard: &mut dyn FnMut(Heard<'_>)) -> Result<()> {
        while self.answered < interrupt::times() {
            self.answered += 1;
            let name = self.name;
            match self.answered {
                REMEMBERED => on_heard(Heard::Notice(&format!(
                    "`{name}` must not be cut short, so nixstart stops after this step; press Ctrl-C again to pass it on"
                ))),
                PASSED_ON => {
                    let is_passed_on = self.pass_on(child);
                    let what = if is_passed_on { "passed on to" } else { "could not be passed on to" };
                    on_heard(Heard::Notice(&format!("{what} `{name}`; press Ctrl-C once more to leave it behind")));
                }
                _ => {
                    let message = format!("interrupted while `{name}` still runs");
                    return Err(Error::new(ErrorKind::Interrupted, message).hint("let it end before anything else is installed"));
                }
            }
        }
        Ok(())
    }
}

impl Holding<'_> {
    /// Sends Ctrl-C to everything the command started.
    fn pass_on(&self, child: &Child) -> bool {
        let group = Pid::from_child(child);
        privilege::interrupt(self.privilege, group) || rustix::process::kill_process_group(group, Signal::INT).is_ok()
    }
}
