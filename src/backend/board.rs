//! What whoever watches was told last. What a runner says again and again is told once; what it says is put in the light of
//! what was asked of it from here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::asked::Asked;
use super::{Interest, RunnerError, Sink};
use crate::process::{Event, Process};

/// Starts that are nearer to each other than this are the same: some runners tell an age, which wavers.
const SAME_START: u64 = 2_000;

/// The board of one watch.
pub(super) struct Board {
    asked: Arc<Asked>,
    sink: Sink,
    wants_usage: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What the runner says.
    heard: BTreeMap<String, Process>,
    /// What was told of it.
    told: BTreeMap<String, Process>,
    standing: Standing,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Standing {
    /// Nothing was told yet.
    #[default]
    New,
    /// It answers.
    Live,
    /// It does not answer, for this reason.
    Silent(String),
    /// It has ended.
    Ended,
}

impl Board {
    /// A board with nothing on it.
    pub(super) fn new(asked: &Arc<Asked>, interest: &Interest, sink: &Sink) -> Arc<Self> {
        let board =
            Arc::new(Self { asked: Arc::clone(asked), sink: sink.clone(), wants_usage: interest.usage, state: Mutex::default() });
        asked.tell(&board);
        board
    }

    /// Takes everything there is. It is a snapshot when others were there before, or nobody was.
    pub(super) fn replace(&self, processes: Vec<Process>) {
        let mut state = self.lock();
        let heard: BTreeMap<String, Process> =
            processes.into_iter().map(|process| (process.name.clone(), self.settled(&state, process))).collect();
        let is_same = state.standing == Standing::Live && heard.keys().eq(state.heard.keys());
        state.heard = heard;
        if is_same {
            self.tell_changes(&mut state);
            return;
        }
        state.standing = Standing::Live;
        state.told = self.explained(&state.heard);
        (self.sink.on_event)(Event::Snapshot(state.told.values().cloned().collect()));
    }

    /// Takes one process.
    pub(super) fn update(&self, process: Process) {
        let mut state = self.lock();
        let process = self.settled(&state, process);
        state.heard.insert(process.name.clone(), process);
        self.tell_changes(&mut state);
    }

    /// Learns something of every process that the runner does not say.
    pub(super) fn amend(&self, change: &mut dyn FnMut(&mut Process)) {
        let mut state = self.lock();
        if state.standing == Standing::Live {
            state.heard.values_mut().for_each(change);
            self.tell_changes(&mut state);
        }
    }

    /// Looks again at what was asked.
    pub(super) fn reconsider(&self) {
        let mut state = self.lock();
        if state.standing == Standing::Live {
            self.tell_changes(&mut state);
        }
    }

    /// Tells that there was no answer, when that is news.
    pub(super) fn failed(&self, error: &RunnerError) {
        let mut state = self.lock();
        let (standing, event) = if error.is_gone() {
            (Standing::Ended, Event::Ended)
        } else {
            (Standing::Silent(error.to_string()), Event::Silent(error.to_string()))
        };
        // One that is silent for another reason than before is no news.
        if std::mem::discriminant(&state.standing) == std::mem::discriminant(&standing) {
            return;
        }
        state.standing = standing;
        (self.sink.on_event)(event);
    }

    fn tell_changes(&self, state: &mut State) {
        for (name, process) in self.explained(&state.heard) {
            if state.told.get(&name) != Some(&process) {
                (self.sink.on_event)(Event::Changed(process.clone()));
                state.told.insert(name, process);
            }
        }
    }

    fn explained(&self, heard: &BTreeMap<String, Process>) -> BTreeMap<String, Process> {
        let mut explained = heard.clone();
        for process in explained.values_mut() {
            self.asked.explain(process);
        }
        explained
    }

    fn settled(&self, state: &State, mut process: Process) -> Process {
        if !self.wants_usage {
            process.usage = None;
        }
        let before = state.heard.get(&process.name).filter(|before| before.pid == process.pid);
        if let (Some(before), Some(now)) = (before.and_then(|before| before.started), process.started)
            && before.abs_diff(now) < SAME_START
        {
            process.started = Some(before);
        }
        process
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Follow;
    use super::*;
    use crate::process::{Action, ProcessState};

    fn board(usage: bool) -> (Arc<Asked>, Arc<Board>, Arc<Mutex<Vec<Event>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&told);
        let sink =
            Sink { on_event: Arc::new(move |event| into.lock().unwrap().push(event)), on_lines: Arc::new(|_| unreachable!()) };
        let asked = Arc::new(Asked::default());
        let board = Board::new(&asked, &Interest { logs: Follow::Nobody, backlog: 0, usage }, &sink);
        (asked, board, told)
    }

    fn process(name: &str, state: ProcessState, started: u64) -> Process {
        Process { pid: Some(7), started: Some(started), ..Process::new(name, state) }
    }

    #[test]
    fn what_is_said_again_is_told_once() {
        let (_asked, board, told) = board(false);
        board.replace(vec![process("a", ProcessState::Starting, 10_000)]);
        board.replace(vec![process("a", ProcessState::Starting, 10_900)]);
        board.update(process("a", ProcessState::Ready, 10_100));
        let ready = process("a", ProcessState::Ready, 10_000);
        let expected = [Event::Snapshot(vec![process("a", ProcessState::Starting, 10_000)]), Event::Changed(ready.clone())];
        assert_eq!(*told.lock().unwrap(), expected);
        board.replace(vec![ready.clone(), process("b", ProcessState::Ready, 5)]);
        assert_eq!(told.lock().unwrap().last(), Some(&Event::Snapshot(vec![ready, process("b", ProcessState::Ready, 5)])));
    }

    #[test]
    fn what_is_asked_here_is_shown_at_once() {
        let (asked, board, told) = board(false);
        board.replace(vec![process("a", ProcessState::Running, 1)]);
        asked.begin("a", Action::Stop, Some(7));
        assert_eq!(told.lock().unwrap().last(), Some(&Event::Changed(process("a", ProcessState::Stopping, 1))));
        asked.answered("a", false);
        assert_eq!(told.lock().unwrap().last(), Some(&Event::Changed(process("a", ProcessState::Running, 1))));
    }

    #[test]
    fn silence_and_end_are_told_once_and_then_a_snapshot() {
        let (_asked, board, told) = board(true);
        let place = || "x".to_owned();
        board.replace(Vec::new());
        board.failed(&RunnerError::Silent { place: place(), seconds: 2 });
        board.failed(&RunnerError::Silent { place: place(), seconds: 3 });
        board.failed(&RunnerError::Gone { place: place() });
        board.failed(&RunnerError::Gone { place: place() });
        board.replace(Vec::new());
        let silent = Event::Silent("`x` did not answer within 2 s".to_owned());
        let empty = || Event::Snapshot(Vec::new());
        assert_eq!(*told.lock().unwrap(), [empty(), silent, Event::Ended, empty()]);
    }
}
