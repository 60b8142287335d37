//! What is known here of processes that no runner tells: what was asked of them, and whose failure is none of the project. One that we
//! have stopped would look as if it had failed, and one that is being restarted as if nothing happened.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::Place;
use super::board::Board;
use crate::host::clock;
use crate::host::files::{self, Existing};
use crate::process::sent_signal::SentSignal;
use crate::process::{Action, Exit, Process, ProcessState};

/// What ends so soon after a signal was ended by it, as far as its runner tells, in milliseconds.
const JUST_THEN: u64 = 2_000;

/// What was asked, by process.
#[derive(Default)]
pub(super) struct Asked {
    wishes: Mutex<BTreeMap<String, Wish>>,
    boards: Mutex<Vec<Weak<Board>>>,
    /// Where it is kept for the next nixstart that looks.
    memory: Option<Utf8PathBuf>,
    /// Those that may fail.
    optional: Vec<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Wish {
    action: Action,
    /// Which process it was for: the next of the same name is none of its business.
    pid: Option<u32>,
    /// Whether there is no answer yet.
    is_open: bool,
    /// What was done to the same process before, which holds when this is refused.
    done_before: Option<Action>,
    /// When it was asked, in milliseconds since 1970.
    #[serde(default)]
    at: u64,
    /// When the process was first seen to have ended since, where its runner does not tell.
    #[serde(default)]
    seen_ended: Option<u64>,
}

impl Wish {
    /// Whether a signal that was sent explains an end. A runner that tells of a signal without saying which may mean ours, when
    /// it was sent just then.
    fn explains_end(&mut self, number: i32, process: &Process) -> Option<SentSignal> {
        let ended = process.ended.unwrap_or_else(|| *self.seen_ended.get_or_insert_with(clock::now_milliseconds));
        let is_just_then = ended.saturating_sub(self.at) <= JUST_THEN;
        let sent = SentSignal { number, at: self.at };
        let exit = process.exit.unwrap_or(Exit::Signal(if is_just_then { number } else { 0 }));
        sent.explains(&exit, ended).then_some(sent)
    }
}

impl Asked {
    /// What was asked before, by whatever nixstart, and is kept in a file in a directory that is ours alone. Each wish names the
    /// process it was for, so an old one is nobody's.
    pub(super) fn of(place: &Place) -> Self {
        let text = place.memory.as_ref().and_then(|memory| fs_err::read_to_string(memory).ok()).unwrap_or_default();
        let wishes = Mutex::new(serde_json::from_str(&text).unwrap_or_default());
        Self { wishes, boards: Mutex::default(), memory: place.memory.clone(), optional: place.optional.clone() }
    }

    /// The same of a runner that gives its processes no numbers: what was asked before is not to be told from what is asked now.
    pub(super) fn without_memory(place: &Place) -> Self {
        Self { optional: place.optional.clone(), ..Self::default() }
    }

    /// Keeps what is done. What cannot be kept explains nothing later; that is no reason to fail.
    fn keep(&self) {
        let Some(memory) = &self.memory else { return };
        let done: BTreeMap<String, Wish> =
            self.wishes().iter().filter(|(_, wish)| !wish.is_open).map(|(name, wish)| (name.clone(), *wish)).collect();
        if let (Ok(bytes), Some(directory)) = (serde_json::to_vec(&done), memory.parent()) {
            let _best_effort = files::create_private_directory(directory)
                .and_then(|()| files::write_atomically(memory, &bytes, 0o600, Existing::Replace));
        }
    }

    /// Notes what is asked now. A start explains nothing, and until it has an effect, what was asked before does.
    pub(super) fn begin(&self, process: &str, action: Action, pid: Option<u32>) {
        if action == Action::Start {
            return;
        }
        let mut wishes = self.wishes();
        let before = wishes.get(process).filter(|before| !before.is_open && before.pid == pid).map(|before| before.action);
        let at = clock::now_milliseconds();
        wishes.insert(process.to_owned(), Wish { action, pid, is_open: true, done_before: before, at, seen_ended: None });
        drop(wishes);
        self.show();
    }

    /// Notes that it is answered, and how.
    pub(super) fn answered(&self, process: &str, is_done: bool) {
        let mut wishes = self.wishes();
        if let Some(wish) = wishes.get_mut(process).filter(|wish| wish.is_open) {
            wish.is_open = false;
            // Without a number, nobody could tell the process after a restart from the one before.
            let is_over = wish.action == Action::Restart && wish.pid.is_none();
            match wish.done_before {
                Some(action) if !is_done => wish.action = action,
                _ if !is_done || is_over => drop(wishes.remove(process)),
                _ => {}
            }
        }
        drop(wishes);
        self.keep();
        self.show();
    }

    /// Shows the effect of a request on whoever watches.
    pub(super) fn tell(&self, board: &Arc<Board>) {
        self.boards.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(board));
    }

    /// Puts what a runner says of a process in the light of what was asked of it.
    pub(super) fn explain(&self, process: &mut Process) {
        process.is_required &= !self.optional.contains(&process.name);
        let mut wishes = self.wishes();
        let Some(wish) = wishes.get_mut(&process.name) else { return };
        let is_another = process.pid.is_some() && wish.pid.is_some() && process.pid != wish.pid;
        let is_alive = process.state.is_alive();
        let has_come_back = wish.pid.is_none() && is_alive && !wish.is_open;
        if has_come_back || is_another && (is_alive || !wish.is_open) {
            wishes.remove(&process.name);
            return;
        }
        let has_ended = matches!(process.state, ProcessState::Completed | ProcessState::Failed | ProcessState::Stopped);
        match wish.action {
            // What a runner says may be older than its answer.
            Action::Stop if is_alive => process.state = ProcessState::Stopping,
            Action::Stop if has_ended => say(process, ProcessState::Stopped, None),
            Action::Signal(number) if has_ended => {
                if let Some(sent) = wish.explains_end(number, process) {
                    say(process, ProcessState::Stopped, Some(sent.to_string()));
                }
            }
            Action::Restart if has_ended || is_alive && wish.is_open => {
                let state = if process.state == ProcessState::Stopping { ProcessState::Stopping } else { ProcessState::Starting };
                say(process, state, Some("restarting".to_owned()));
            }
            Action::Start | Action::Stop | Action::Restart | Action::Signal(_) => {}
        }
    }

    fn show(&self) {
        let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        boards.retain(|board| board.strong_count() > 0);
        let living: Vec<_> = boards.iter().filter_map(Weak::upgrade).collect();
        drop(boards);
        for board in living {
            board.reconsider();
        }
    }

    fn wishes(&self) -> MutexGuard<'_, BTreeMap<String, Wish>> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn say(process: &mut Process, state: ProcessState, why: Option<String>) {
    process.state = state;
    process.why = why;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(asked: &Asked, state: ProcessState, pid: u32) -> (ProcessState, Option<String>) {
        let mut process = Process { pid: Some(pid), ..Process::new("api", state) };
        asked.explain(&mut process);
        (process.state, process.why)
    }

    #[test]
    fn what_we_have_stopped_has_not_failed() {
        let asked = Asked::default();
        asked.begin("api", Action::Stop, Some(7));
        assert_eq!(after(&asked, ProcessState::Running, 7), (ProcessState::Stopping, None));
        asked.answered("api", true);
        assert_eq!(after(&asked, ProcessState::Running, 7), (ProcessState::Stopping, None));
        assert_eq!(after(&asked, ProcessState::Failed, 7), (ProcessState::Stopped, None));
        asked.begin("api", Action::Start, Some(7));
        asked.answered("api", true);
        asked.begin("api", Action::Stop, Some(7));
        asked.answered("api", false);
        assert_eq!(after(&asked, ProcessState::Failed, 7), (ProcessState::Stopped, None));
    }

    #[test]
    fn the_next_process_of_that_name_fails_on_its_own() {
        let asked = Asked::default();
        asked.begin("api", Action::Stop, Some(7));
        asked.answered("api", true);
        assert_eq!(after(&asked, ProcessState::Running, 8).0, ProcessState::Running);
        assert_eq!(after(&asked, ProcessState::Failed, 8).0, ProcessState::Failed);
        assert_eq!(after(&asked, ProcessState::Failed, 7).0, ProcessState::Failed);
    }

    #[test]
    fn a_stop_that_was_refused_explains_nothing() {
        let asked = Asked::default();
        asked.begin("api", Action::Stop, Some(7));
        asked.answered("api", false);
        assert_eq!(after(&asked, ProcessState::Failed, 7).0, ProcessState::Failed);
    }

    #[test]
    fn a_restart_is_shown_until_it_is_answered() {
        let asked = Asked::default();
        let restarting = Some("restarting".to_owned());
        asked.begin("api", Action::Restart, Some(7));
        assert_eq!(after(&asked, ProcessState::Stopping, 7), (ProcessState::Stopping, restarting.clone()));
        assert_eq!(after(&asked, ProcessState::Failed, 7), (ProcessState::Starting, restarting));
        asked.answered("api", true);
        assert_eq!(after(&asked, ProcessState::Failed, 7).0, ProcessState::Starting);
        assert_eq!(after(&asked, ProcessState::Ready, 8), (ProcessState::Ready, None));
        assert_eq!(after(&asked, ProcessState::Failed, 7).0, ProcessState::Failed);
    }

    #[test]
    fn without_numbers_a_process_that_runs_again_is_another() {
        let asked = Asked::default();
        asked.begin("api", Action::Stop, None);
        asked.answered("api", true);
        assert_eq!(after(&asked, ProcessState::Completed, 7).0, ProcessState::Stopped);
        assert_eq!(after(&asked, ProcessState::Ready, 7).0, ProcessState::Ready);
        assert_eq!(after(&asked, ProcessState::Completed, 7).0, ProcessState::Completed);
    }

    /// What is shown of a process that was sent a signal and has ended so much later.
    fn after_signal(number: i32, exit: Option<Exit>, later: u64) -> (ProcessState, Option<String>) {
        let asked = Asked::default();
        asked.begin("api", Action::Signal(number), Some(7));
        asked.answered("api", true);
        let ended = Some(clock::now_milliseconds() + later);
        let mut process = Process { pid: Some(7), exit, ended, ..Process::new("api", ProcessState::Failed) };
        asked.explain(&mut process);
        (process.state, process.why)
    }

    #[test]
    fn a_signal_that_was_sent_is_named() {
        let because = |signal: &str| (ProcessState::Stopped, Some(format!("{signal} was sent to it")));
        assert_eq!(after_signal(15, None, 100), because("SIGTERM"));
        assert_eq!(after_signal(15, Some(Exit::Code(1)), 5_000), because("SIGTERM"));
        assert_eq!(after_signal(10, None, 100), because("signal 10"));
    }

    #[test]
    fn a_failure_that_has_nothing_to_do_with_a_signal_is_one() {
        let hour = 3_600_000;
        for (number, exit, later) in
            [(1, Some(Exit::Code(3)), hour), (1, None, hour), (10, Some(Exit::Code(3)), 100), (10, None, hour)]
        {
            assert_eq!(after_signal(number, exit, later).0, ProcessState::Failed, "{number} {exit:?} {later}");
        }
    }

    #[test]
    fn an_end_that_was_explained_stays_so_where_nobody_tells_when_it_was() {
        let asked = Asked::default();
        asked.begin("api", Action::Signal(15), Some(7));
        asked.answered("api", true);
        let failed = |asked: &Asked| {
            let mut process = Process { pid: Some(7), exit: Some(Exit::Code(1)), ..Process::new("api", ProcessState::Failed) };
            asked.explain(&mut process);
            process.state
        };
        assert_eq!(failed(&asked), ProcessState::Stopped);
        asked.wishes().get_mut("api").unwrap().at -= 9_000;
        assert_eq!(failed(&asked), ProcessState::Stopped);
        assert!(asked.wishes()["api"].seen_ended.is_some());
    }

    #[test]
    fn one_that_may_fail_is_not_required() {
        let place = Place { optional: vec!["api".to_owned()], ..Place::of("/".into()) };
        for asked in [Asked::of(&place), Asked::without_memory(&place)] {
            let mut processes = [Process::new("api", ProcessState::Failed), Process::new("web", ProcessState::Failed)];
            for process in &mut processes {
                asked.explain(process);
            }
            assert_eq!(processes.map(|process| process.is_required), [false, true]);
        }
    }
}
