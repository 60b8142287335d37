//! What a watch has told.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nixstart::backend::{Backend, Follow, Interest, Sink, Watch};
use nixstart::process::{Event, LogLine, Process};

/// How long something may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Told {
    events: Vec<Event>,
    lines: Vec<LogLine>,
}

/// A watch and what it has told.
pub(crate) struct Watched {
    told: Arc<(Mutex<Told>, Condvar)>,
    _watch: Watch,
}

impl Watched {
    /// Watches everything, with so many lines from before.
    pub(crate) fn all(backend: &dyn Backend, backlog: usize) -> Self {
        Self::of(backend, Interest { logs: Follow::Everybody, backlog, usage: true })
    }

    pub(crate) fn of(backend: &dyn Backend, interest: Interest) -> Self {
        let told = Arc::new((Mutex::<Told>::default(), Condvar::new()));
        let (for_events, for_lines) = (Arc::clone(&told), Arc::clone(&told));
        let sink = Sink {
            on_event: Arc::new(move |event| {
                for_events.0.lock().unwrap().events.push(event);
                for_events.1.notify_all();
            }),
            on_lines: Arc::new(move |lines| {
                for_lines.0.lock().unwrap().lines.extend(lines);
                for_lines.1.notify_all();
            }),
        };
        Self { _watch: backend.watch(interest, sink).unwrap(), told }
    }

    #[track_caller]
    fn wait(&self, what: &str, is_so: impl Fn(&Told) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut told = self.told.0.lock().unwrap();
        while !is_so(&told) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "never told: {what}\nevents: {:#?}\n{} lines", last(&told.events, 30), told.lines.len());
            told = self.told.1.wait_timeout(told, left).unwrap().0;
        }
    }

    /// Waits until an event is told.
    #[track_caller]
    pub(crate) fn wait_for_event(&self, what: &str, is_it: impl Fn(&Event) -> bool) {
        self.wait(what, |told| told.events.iter().any(&is_it));
    }

    /// Waits until a process is as described, as far as is told.
    #[track_caller]
    pub(crate) fn wait_for(&self, name: &str, what: &str, is_so: impl Fn(&Process) -> bool) {
        self.wait(&format!("`{name}` {what}"), |told| known(&told.events).get(name).is_some_and(&is_so));
    }

    /// Waits until a process is in a state.
    #[track_caller]
    pub(crate) fn wait_for_state(&self, name: &str, word: &str) {
        self.wait_for(name, word, |process| process.state.word() == word);
    }

    /// Waits until a process has said a line.
    #[track_caller]
    pub(crate) fn wait_for_line(&self, name: &str, text: &str) {
        self.wait(&format!("`{text}` of `{name}`"), |told| {
            told.lines.iter().any(|line| &*line.process == name && line.text == text)
        });
    }

    /// What a process is, as far as is told.
    pub(crate) fn process(&self, name: &str) -> Process {
        known(&self.told.0.lock().unwrap().events)[name].clone()
    }

    /// The states of a process one after the other.
    pub(crate) fn states(&self, name: &str) -> Vec<String> {
        let told = self.told.0.lock().unwrap();
        let of_event = |event: &Event| match event {
            Event::Snapshot(processes) => processes.iter().find(|process| process.name == name).cloned(),
            Event::Changed(process) => Some(process.clone()).filter(|process| process.name == name),
            Event::LinesLost { .. } | Event::Silent(_) | Event::Ended => None,
        };
        let mut words: Vec<String> =
            told.events.iter().filter_map(of_event).map(|process| process.state.word().to_owned()).collect();
        words.dedup();
        words
    }

    /// The events, one after the other.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.told.0.lock().unwrap().events.clone()
    }

    /// Everything that was said, with who said it.
    pub(crate) fn lines(&self) -> Vec<LogLine> {
        self.told.0.lock().unwrap().lines.clone()
    }

    /// What a process has said.
    pub(crate) fn said(&self, name: &str) -> Vec<String> {
        self.lines().into_iter().filter(|line| &*line.process == name).map(|line| line.text).collect()
    }
}

fn known(events: &[Event]) -> BTreeMap<String, Process> {
    let mut known = BTreeMap::new();
    for event in events {
        match event {
            Event::Snapshot(processes) => {
                known = processes.iter().map(|process| (process.name.clone(), process.clone())).collect();
            }
            Event::Changed(process) => {
                known.insert(process.name.clone(), process.clone());
            }
            Event::LinesLost { .. } | Event::Silent(_) | Event::Ended => {}
        }
    }
    known
}

fn last<T>(all: &[T], count: usize) -> &[T] {
    &all[all.len().saturating_sub(count)..]
}
