//! The commands that services declare to be stopped by. Such a command may have more to do than to end its program, so the
//! service is only stopped when both have ended; neither may take longer than the grace period.

use std::sync::Arc;
use std::thread;

use super::message::Message;
use super::output::Output;
use super::program::{self, Surroundings};
use crate::backend::mark;
use crate::process::supervision::{Input, Run};
use crate::service::{Command, Service};
use crate::ui::redaction;

/// The commands that run.
#[derive(Debug, Default)]
pub(super) struct StopCommands(Vec<StopCommand>);

/// A command that stops a program.
#[derive(Debug)]
struct StopCommand {
    run: Run,
    /// The end of the program, when it has come first.
    end: Option<Input>,
}

impl StopCommands {
    /// Runs a command on a thread of its own. Its end comes as a message.
    pub(super) fn start(
        &mut self,
        run: Run,
        (service, command): (&Service, &Command),
        output: Arc<Output>,
        surroundings: &Surroundings,
    ) {
        self.0.push(StopCommand { run, end: None });
        let (service, command, surroundings) = (service.clone(), command.clone(), surroundings.clone());
        thread::spawn(move || {
            let mark = surroundings.mark_of_stop(run.index);
            let ended = program::perform(&service, &command, (&mark, service.stop.grace_period), &surroundings);
            mark::end(&mark::assignment(&mark));
            if let Err(why) = ended {
                output.note(&format!("its `stop.command` has failed: {}", redaction::redact(&why)));
            }
            let _runner_is_gone = surroundings.inbox.send(Message::StopCommandEnded(run));
        });
    }

    /// Keeps the end of a program back while the command that stops it goes on; gives back everything else.
    pub(super) fn hold(&mut self, input: Input) -> Option<Input> {
        let ended = match &input {
            Input::Ended(run, _) => self.0.iter_mut().find(|command| command.run == *run),
            _ => None,
        };
        let Some(command) = ended else { return Some(input) };
        command.end = Some(input);
        None
    }

    /// Notes the end of a command, and gives the end of its program out when that has come before.
    pub(super) fn ended(&mut self, run: Run) -> Option<Input> {
        let place = self.0.iter().position(|command| command.run == run)?;
        self.0.remove(place).end
    }

    /// Whether a program has ended, although nobody was told.
    pub(super) fn holds_end_of(&self, run: Run) -> bool {
        self.0.iter().any(|command| command.run == run && command.end.is_some())
    }

    /// Ends a command that is still there when its program is killed.
    pub(super) fn kill(&self, run: Run, surroundings: &Surroundings) {
        if self.0.iter().any(|command| command.run == run) {
            let mark = surroundings.mark_of_stop(run.index);
            thread::spawn(move || mark::end(&mark::assignment(&mark)));
        }
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::process::Exit;

    #[test]
    fn the_end_of_a_program_waits_for_the_command_that_stops_it() {
        let (run, other) = (Run { index: 0, generation: 1 }, Run { index: 1, generation: 1 });
        let end = |run| Input::Ended(run, Exit::Code(0));
        let mut commands = StopCommands(vec![StopCommand { run, end: None }]);
        assert_eq!(commands.hold(end(other)), Some(end(other)));
        assert_eq!(commands.hold(Input::Tick), Some(Input::Tick));
        assert!(!commands.holds_end_of(run));
        assert_eq!(commands.hold(end(run)), None);
        assert!(commands.holds_end_of(run));
        assert_eq!((commands.ended(run), commands.ended(run)), (Some(end(run)), None));
        // The command may end first.
        let mut commands = StopCommands(vec![StopCommand { run, end: None }]);
        assert_eq!(commands.ended(run), None);
        assert_eq!(commands.hold(end(run)), Some(end(run)));
    }
}
