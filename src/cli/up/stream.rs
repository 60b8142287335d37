//! The processes as lines: what they say on standard output, what becomes of them on standard error. It works without a
//! terminal.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use super::super::prefixed::Prefixed;
use super::super::{Session, control};
use crate::backend::site::Site;
use crate::backend::start::{self, Leash};
use crate::backend::{Backend, Follow, Interest, Sink, farewell};
use crate::error::{Error, ErrorKind, Result};
use crate::host::clock;
use crate::host::interrupt::{self, Applying};
use crate::process::{Event, LogLine, Process, ProcessState};
use crate::ui::process_view;
use crate::ui::style::Role;

/// How long nothing may happen before somebody looks whether we are to end.
const LOOK: Duration = Duration::from_millis(50);

/// More lines than somebody says before we listen; process-compose gives out so many at once and no more.
const ALL: usize = 200;

/// What has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The runner, and we have ended it.
    ByUs,
    /// The runner.
    OfTheRunner,
    /// Only that we look at it.
    OfWatching,
}

enum News {
    Lines(Vec<LogLine>),
    Event(Event),
}

/// Shows lines until everything has ended or somebody wants it to. On a leash is a runner that ends with us, also when something that is
/// required has failed for good; another one goes on without us, whatever becomes of its processes.
pub(super) fn show(runner: &dyn Backend, site: &Site, leash: Option<&Leash>, session: &mut Session) -> Result<()> {
    let _held = Applying::begin();
    let (sender, inbox) = mpsc::channel();
    let of_lines = sender.clone();
    let sink = Sink {
        on_lines: Arc::new(move |lines| drop(of_lines.send(News::Lines(lines)))),
        on_event: Arc::new(move |event| drop(sender.send(News::Event(event)))),
    };
    let begun = clock::now_milliseconds();
    // What we have started says everything to us, also what it said before it was found.
    let backlog = if leash.is_some() { ALL } else { 10 };
    let _watch = runner.watch(Interest { logs: Follow::Everybody, backlog, usage: false }, sink)?;
    let mut shown = Shown { prefixed: Prefixed::new(&[]), known: BTreeMap::new(), is_over: false };
    let end = if leash.is_some() {
        listen_and_end(&inbox, (runner, site, begun), &mut shown, session)?
    } else {
        listen(&inbox, &mut shown, session)?
    };
    if end == End::OfTheRunner {
        // Somebody else has stopped everything, and what that looks like is no failure.
        if farewell::was_said_since(site, begun) {
            return Ok(());
        }
        if !interrupt::is_interrupted() && !shown.has_nothing_left() {
            return Err(leash.map_or_else(|| start::ended(runner), |leash| leash.ended(site, runner)));
        }
    }
    shown.verdict(end, session)
}

/// Shows what comes until the runner has ended or somebody has seen enough.
fn listen(inbox: &Receiver<News>, shown: &mut Shown, session: &mut Session) -> Result<End> {
    while !shown.is_over {
        if interrupt::is_interrupted() {
            return Ok(End::OfWatching);
        }
        shown.next(inbox, session)?;
    }
    Ok(End::OfTheRunner)
}

/// Shows what comes until the runner has ended, and ends it when somebody wants that or nothing is left to wait for.
fn listen_and_end(
    inbox: &Receiver<News>,
    (runner, site, begun): (&dyn Backend, &Site, u64),
    shown: &mut Shown,
    session: &mut Session,
) -> Result<End> {
    std::thread::scope(|scope| {
        let (mut end, mut ending) = (End::OfTheRunner, None);
        while !shown.is_over {
            shown.next(inbox, session)?;
            let has_nothing_left = || shown.has_nothing_left() && !farewell::was_said_since(site, begun);
            if end == End::OfTheRunner && (interrupt::is_interrupted() || has_nothing_left()) {
                end = End::ByUs;
                if interrupt::is_interrupted() {
                    session.ui.say("Stopping everything");
                }
                ending = Some(scope.spawn(|| farewell::end(site, runner)));
            }
            // One that does not end is not waited for any longer.
            if ending.as_ref().is_some_and(ScopedJoinHandle::is_finished) {
                say_unkept(ending.take(), session)?;
            }
        }
        say_unkept(ending, session)?;
        Ok(end)
    })
}

fn say_unkept(ending: Option<ScopedJoinHandle<'_, Result<Option<Error>>>>, session: &mut Session) -> Result<()> {
    let ended = ending.map(ScopedJoinHandle::join).and_then(std::thread::Result::ok).transpose()?;
    if let Some(why) = ended.flatten() {
        session.ui.warn(&control::unkept(&why));
    }
    Ok(())
}

/// What was shown of each process.
struct Shown {
    prefixed: Prefixed,
    known: BTreeMap<String, Process>,
    is_over: bool,
}

impl Shown {
    /// Takes what comes next, when something does soon.
    fn next(&mut self, inbox: &Receiver<News>, session: &mut Session) -> Result<()> {
        match inbox.recv_timeout(LOOK) {
            Ok(News::Lines(lines)) => session.ui.data(&self.prefixed.text(&lines))?,
            Ok(News::Event(event)) => self.take(event, session),
            Err(_) => {}
        }
        Ok(())
    }

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

    fn verdict(&self, end: End, session: &mut Session) -> Result<()> {
        let is_failed = |process: &&Process| process.is_required && process.state == ProcessState::Failed;
        let failed: Vec<&Process> = self.known.values().filter(is_failed).filter(|_| end != End::OfWatching).collect();
        if let Some(first) = failed.first() {
            let names: Vec<String> =
                failed.iter().map(|process| Role::Command.paint(&format!("nixstart logs {}", process.name))).collect();
            return Err(Error::failed(process_view::change(first)).hint(format!("{} shows what was said", names.join(", "))));
        }
        if interrupt::is_interrupted() {
            session.exit_code = ErrorKind::Interrupted.exit_code();
            if end != End::OfWatching {
                session.ui.say("Everything is stopped");
            }
        }
        Ok(())
    }
}
