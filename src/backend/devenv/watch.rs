//! Watches a manager: by its stream (≥ 2.2), else by asking it again and again and reading its files.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;

use super::backlog::{Backlog, Log, REPEATED};
use super::message::{Message, message};
use super::wire::{self, LONGEST_LINE, Request};
use super::{Site, files};
use crate::backend::board::Board;
use crate::backend::ending::{Backoff, Ending};
use crate::backend::lines::{Line, Lines};
use crate::backend::{Follow, Interest, RunnerError, Sink};
use crate::host::clock;
use crate::host::peer::Peer;
use crate::process::{LogLine, Stream};

/// How long a stream may say nothing before somebody is asked whether it still means something.
const QUIET: Duration = Duration::from_secs(5);
/// How long what it repeats may take.
const REPETITION: Duration = Duration::from_secs(1);
/// How often a manager without a stream is asked.
const POLL: Duration = Duration::from_millis(500);

/// How often it is looked at what processes use.
const MEASURE: Duration = Duration::from_secs(1);

/// Looks again and again at what processes use. Their numbers are in files, so nobody is asked for that.
pub(super) fn measure(site: &Site, board: &Board, ending: &Ending) {
    loop {
        let mut known = Vec::new();
        board.amend(&mut |process| {
            site.complete(process);
            known.push(process.clone());
        });
        site.measure(&known);
        if ending.pause(MEASURE) {
            return;
        }
    }
}

/// What watching takes.
pub(super) struct Watching {
    pub(super) site: Arc<Site>,
    pub(super) board: Arc<Board>,
    pub(super) interest: Interest,
    pub(super) sink: Sink,
    pub(super) ending: Arc<Ending>,
}

/// What is kept from one connection to the next.
#[derive(Default)]
struct Memory {
    backlog: Backlog,
    is_begun: bool,
    /// Which manager it was.
    manager: Option<u32>,
    tails: HashMap<Log, files::Tail>,
}

/// How a connection ended.
enum End {
    /// Nobody watches any more.
    Over,
    /// The stream has ended; whether the manager has, is to be asked.
    Cut,
    /// The manager has none.
    NoStream,
}

impl Watching {
    /// Watches until the end.
    pub(super) fn run(self) {
        let (mut backoff, mut memory) = (Backoff::new(), Memory::default());
        loop {
            let end = match self.attend(&mut memory) {
                Ok(End::NoStream) => self.poll(&mut memory, &mut backoff),
                other => other,
            };
            match end {
                Ok(End::Over) => return,
                Ok(End::Cut | End::NoStream) => backoff.reset(),
                Err(error) => self.board.failed(&error),
            }
            if self.ending.is_over() || backoff.pause(&self.ending) {
                return;
            }
        }
    }

    /// Reads the stream until it ends.
    fn attend(&self, memory: &mut Memory) -> Result<End, RunnerError> {
        self.expect(memory)?;
        let peer = wire::send(&self.site.endpoint, &json!({"command": "attach"}))?;
        let _held = self.ending.hold(&peer);
        if memory.manager != peer.process() {
            memory.backlog.forget();
            memory.manager = peer.process();
        }
        let mut lines = Lines::new(peer, LONGEST_LINE);
        let until = Instant::now() + REPETITION;
        let mut told: Vec<LogLine> = Vec::new();
        loop {
            if !lines.is_ready() {
                self.tell(std::mem::take(&mut told));
            }
            match self.next(&mut lines, memory, until)? {
                None => {}
                Some(Line::End) => {
                    self.tell(std::mem::take(&mut told));
                    return Ok(if self.ending.is_over() { End::Over } else { End::Cut });
                }
                Some(Line::TooLong) => self.skip(),
                Some(Line::Whole(line)) => match message(&line) {
                    Message::Snapshot(mut processes) => {
                        for process in &mut processes {
                            self.site.complete(process);
                        }
                        self.board.replace(processes);
                    }
                    Message::Status(mut process) => {
                        self.site.complete(&mut process);
                        self.board.update(*process);
                    }
                    Message::Log(name, stream, line) if self.is_wanted(&name) => {
                        let log = (name, stream);
                        let time = arrival(!memory.backlog.is_expected(&log));
                        let lines = memory.backlog.take(&log, line);
                        told.extend(of_log(&log, lines, time));
                    }
                    Message::Log(..) => {}
                    Message::Unsupported => return Ok(End::NoStream),
                    Message::Unknown => self.skip(),
                },
            }
        }
    }

    /// Waits for a line. When nothing comes, what was held back is told, and the manager is asked whether it is there.
    fn next(&self, lines: &mut Lines<Peer>, memory: &mut Memory, until: Instant) -> Result<Option<Line>, RunnerError> {
        let is_waiting = memory.backlog.is_waiting();
        let patience = if is_waiting { until.saturating_duration_since(Instant::now()) } else { QUIET };
        if is_waiting && patience.is_zero() {
            for (log, lines) in memory.backlog.give_up() {
                self.tell(of_log(&log, lines, None).collect());
            }
        }
        let patience = patience.max(Duration::from_millis(1));
        let read = lines.source().set_timeouts(Some(patience), Some(QUIET)).and_then(|()| lines.next());
        match read {
            Ok(line) => Ok(Some(line)),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                if !is_waiting {
                    self.board.replace(self.site.processes()?);
                }
                Ok(None)
            }
            Err(_) => Ok(Some(Line::End)),
        }
    }

    /// Counts what the stream is going to repeat.
    fn expect(&self, memory: &mut Memory) -> Result<(), RunnerError> {
        let is_first = !std::mem::replace(&mut memory.is_begun, true);
        if self.interest.logs == Follow::Nobody {
            return Ok(());
        }
        for process in self.site.processes()?.into_iter().filter(|process| self.is_wanted(&process.name)) {
            let count = if is_first { self.interest.backlog.max(REPEATED) } else { REPEATED };
            let answer = wire::ask(&self.site.endpoint, &Request::logs(&process.name, count))?;
            for (field, stream) in files::STREAMS {
                let log = (process.name.clone(), stream);
                let lines = super::lines_of(&answer, field);
                if lines.is_empty() {
                    continue;
                }
                if is_first {
                    memory.backlog.expect_first(log, lines, self.interest.backlog);
                } else {
                    memory.backlog.expect_again(log, lines.len());
                }
            }
        }
        Ok(())
    }

    /// Asks again and again, and reads the files.
    fn poll(&self, memory: &mut Memory, backoff: &mut Backoff) -> Result<End, RunnerError> {
        loop {
            let processes = self.site.processes()?;
            backoff.reset();
            let is_first = memory.tails.is_empty();
            for process in processes.iter().filter(|process| self.is_wanted(&process.name)) {
                self.read_files(&process.name, memory, is_first);
            }
            self.board.replace(processes);
            if self.ending.pause(POLL) {
                return Ok(End::Over);
            }
        }
    }

    fn read_files(&self, name: &str, memory: &mut Memory, is_first: bool) {
        for (field, stream) in files::STREAMS {
            let Some(path) = files::path(&self.site.logs, name, field) else { continue };
            let log = (name.to_owned(), stream);
            let time = arrival(memory.tails.contains_key(&log));
            let lines = if let Some(tail) = memory.tails.get_mut(&log) {
                tail.read()
            } else {
                // Whoever appears later has said everything after we came.
                let (tail, lines) = files::Tail::begin(path, if is_first { self.interest.backlog } else { usize::MAX });
                memory.tails.insert(log.clone(), tail);
                lines
            };
            self.tell(of_log(&log, lines, time).collect());
        }
    }

    fn is_wanted(&self, process: &str) -> bool {
        match &self.interest.logs {
            Follow::Nobody => false,
            Follow::Everybody => true,
            Follow::These(names) => names.iter().any(|name| name == process),
        }
    }

    fn tell(&self, lines: Vec<LogLine>) {
        if !lines.is_empty() {
            (self.sink.on_lines)(lines);
        }
    }

    fn skip(&self) {
        self.site.skipped.fetch_add(1, Ordering::Relaxed);
    }
}

/// The time of what comes just now. Nobody tells that of what was said before.
fn arrival(is_new: bool) -> Option<u64> {
    is_new.then(clock::now_milliseconds)
}

fn of_log((process, stream): &Log, lines: Vec<String>, time: Option<u64>) -> impl Iterator<Item = LogLine> + use<> {
    let (process, stream): (Arc<str>, Stream) = (process.as_str().into(), *stream);
    lines.into_iter().map(move |text| LogLine { process: Arc::clone(&process), stream, time, text })
}
