//! The processes as lines: what they say on standard output, what becomes of them on standard error. It works without a
//! terminal.

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::super::Session;
use super::super::prefixed::Prefixed;
use crate::backend::{Backend, Follow, Interest, Sink};
use crate::error::{Error, ErrorKind, Result};
use crate::host::interrupt::{self, Applying};
use crate::process::{Event, LogLine, Process, ProcessState};
use crate::ui::process_view;
use crate::ui::style::Role;

/// How long nothing may happen before somebody looks whether we are to end.
const LOOK: Duration = Duration::from_millis(50);

/// More lines than somebody says before we listen; process-compose gives out so many at once and no more.
const ALL: usize = 200;

/// What becomes of the processes when we end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// They end, too.
    WithUs,
    /// They go on.
    WithoutUs,
}

enum News {
    Lines(Vec<LogLine>),
    Event(Event),
}

/// Shows lines until everything has ended, somebody wants it to, or something that is required has failed for good.
pub(super) fn show(runner: &dyn Backend, end: End, session: &mut Session) -> Result<()> {
    let _held = Applying::begin();
    let (sender, inbox) = mpsc::channel();
    let of_lines = sender.clone();
    let sink = Sink {
        on_lines: Arc::new(move |lines| drop(of_lines.send(News::Lines(lines)))),
        on_event: Arc::new(move |event| drop(sender.send(News::Event(event)))),
    };
    // What we have started says everything to us, also what it said before it was found.
    let backlog = if end == End::WithUs { ALL } else { 10 };
    let _watch = runner.watch(Interest { logs: Follow::Everybody, backlog, usage: false }, sink)?;
    let mut shown = Shown { prefixed: Prefixed::new(&[]), known: BTreeMap::new(), is_over: false };
    std::thread::scope(|scope| {
        let mut is_ending = false;
        loop {
            match inbox.recv_timeout(LOOK) {
                Ok(News::Lines(lines)) => session.ui.data(&shown.prefixed.text(&lines))?,
                Ok(News::Event(event)) => shown.take(event, session),
                Err(_) => {}
            }
            if shown.is_over {
                break;
            }
            if end == End::WithoutUs && interrupt::is_interrupted() {
                session.exit_code = ErrorKind::Interrupted.exit_code();
                return Ok(());
            }
            if !is_ending && end == End::WithUs && (interrupt::is_interrupted() || shown.has_nothing_left()) {
                is_ending = true;
                if interrupt::is_interrupted() {
                    session.ui.say("Stopping everything");
                }
                scope.spawn(|| runner.shut_down());
            }
        }
        shown.verdict(session)
    })
}

/// What was shown of each process.
struct Shown {
    prefixed: Prefixed,
    known: BTreeMap<String, Process>,
    is_over: bool,
}

impl Shown {
    fn take(&mut self, event: Event, session: &mut Session) {
        match event {
            Event::Snapshot(processes) => {
                let names: Vec<String> = processes.iter().map(|process| process.name.clone()).collect();
                self.prefixed = Prefixed::new(&names);
                for process in processes {
                    self.changed(process, session);
                }
            }
            Event::Changed(process) => self.changed(process, session),
            Event::LinesLost { process, lines, why } => {
                session.ui.warn(&process_view::lost(&process, lines, why.as_deref()));
            }
            Event::Silent(why) => session.ui.warn(&format!("who runs the processes does not answer: {why}")),
            Event::Ended => self.is_over = true,
        }
    }

    fn changed(&mut self, process: Process, session: &mut Session) {
        let before = self.known.get(&process.name);
        let is_news = before.is_none_or(|before| before.state != process.state || before.why != process.why);
        let is_quiet = before.is_none() && matches!(process.state, ProcessState::Stopped | ProcessState::Disabled);
        if is_news && !is_quiet {
            session.ui.say_beside(&process_view::news(&process), 2);
        }
        self.known.insert(process.name.clone(), process);
    }

    /// Whether everything is done, or something that everything depends on will not come any more.
    fn has_nothing_left(&self) -> bool {
        let is_over = |process: &Process| process.state.is_settled() && !process.state.is_alive();
        let failed = self.known.values().any(|process| process.is_required && process.state == ProcessState::Failed);
        failed || (!self.known.is_empty() && self.known.values().all(is_over))
    }

    fn verdict(&self, session: &mut Session) -> Result<()> {
        let failed: Vec<&Process> =
            self.known.values().filter(|process| process.is_required && process.state == ProcessState::Failed).collect();
        if let Some(first) = failed.first() {
            let names: Vec<String> =
                failed.iter().map(|process| Role::Command.paint(&format!("nixstart logs {}", process.name))).collect();
            return Err(Error::failed(process_view::change(first)).hint(format!("{} shows what was said", names.join(", "))));
        }
        if interrupt::is_interrupted() {
            session.ui.say("Everything is stopped");
            session.exit_code = ErrorKind::Interrupted.exit_code();
        }
        Ok(())
    }
}
