//! Who works while the screen is shown: asks the runner, keeps lines, reads them. All of them send messages and touch neither the
//! screen nor the model; a bug in one of them ends the program with the terminal restored, as any does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::build_crew::BuildCrew;
use super::dash::{Find, Runner, Start};
use super::desk::Clerk;
use super::intake::Intake;
use super::log_reader;
use super::msg::{Done, Msg};
use super::reading::Reading;
use crate::backend::{Backend, Follow, Interest, Sink, Watch};
use crate::error::{Error, Result};
use crate::process::{Action, Event, Outcome};
use crate::ui::process_view;

/// So many lines from before are wanted of each process.
const BACKLOG: usize = 1000;
/// How often a runner is sought that somebody else may have started.
const GLANCE: Duration = Duration::from_secs(2);

/// The crew. When it is dropped, nobody is watched any more.
pub(super) struct Crew {
    shared: Arc<Shared>,
    questions: Sender<Reading>,
    /// Who builds.
    pub(super) builds: BuildCrew,
    /// Who does what screens about the project ask for.
    pub(super) clerk: Clerk,
}

/// What its threads share.
struct Shared {
    sender: Sender<Msg>,
    intake: Intake,
    running: Mutex<Option<Running>>,
    start: Option<Start>,
    /// Held by whoever starts or finds a runner.
    starting: Mutex<()>,
    /// Whether the runner has ended; starting something starts it, too.
    has_ended: AtomicBool,
    is_over: AtomicBool,
}

/// A runner that is watched.
struct Running {
    backend: Arc<dyn Backend>,
    _watch: Option<Watch>,
}

impl Crew {
    /// Begins to work.
    pub(super) fn begin(
        runner: Runner,
        intake: Intake,
        (clerk, builds): (Clerk, BuildCrew),
        sender: Sender<Msg>,
    ) -> Result<Self> {
        let Runner { running: backend, start, find } = runner;
        let (running, has_ended, is_over) = (Mutex::new(None), AtomicBool::new(false), AtomicBool::new(false));
        let shared = Arc::new(Shared { sender, intake, running, start, starting: Mutex::new(()), has_ended, is_over });
        let (questions, asked) = mpsc::channel();
        let reader = Arc::clone(&shared);
        work("log reader", move || {
            log_reader::serve(&reader.intake.store, &asked, |answer| reader.tell(Msg::Read(Box::new(answer))));
        })?;
        if let Some(backend) = backend {
            let shared = Arc::clone(&shared);
            // It may take a moment to answer; the first picture does not wait.
            work("attach", move || {
                if let Err(error) = shared.attach(backend) {
                    shared.tell(Msg::Process(Event::Silent(error.to_string())));
                }
            })?;
        }
        let seeker = Arc::clone(&shared);
        work("seek", move || seeker.seek(&find))?;
        Ok(Self { shared, questions, builds, clerk })
    }

    /// Asks something of processes.
    pub(super) fn act(&self, action: Action, processes: &[String]) {
        let (shared, names) = (Arc::clone(&self.shared), processes.to_owned());
        let begun = work("act", move || {
            let outcome = shared.act(action, &names).map_err(|error| error.to_string());
            shared.tell(Msg::Done(Box::new(Done { action, processes: names, outcome })));
        });
        if let Err(error) = begun {
            let done = Done { action, processes: processes.to_owned(), outcome: Err(error.to_string()) };
            self.shared.tell(Msg::Done(Box::new(done)));
        }
    }

    /// Reads lines.
    pub(super) fn read(&self, reading: &Reading) {
        let _reader_is_there_as_long_as_we_are = self.questions.send(reading.clone());
    }

    /// Wants to be told of new lines again.
    pub(super) fn listen(&self) {
        self.shared.intake.listen();
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        drop(self.shared.lock().take());
    }
}

fn work(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop).map_err(Error::failed)
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, msg: Msg) {
        let _nobody_listens_any_more = self.sender.send(msg);
    }

    /// Watches a runner from now on. One that cannot be watched is sought again.
    fn attach(self: &Arc<Self>, backend: Arc<dyn Backend>) -> Result<()> {
        self.keep(Running { backend: Arc::clone(&backend), _watch: None });
        self.tell_who_runs();
        let interest = Interest { logs: Follow::Everybody, backlog: BACKLOG, usage: true };
        match backend.watch(interest, self.sink()) {
            Ok(watch) => self.keep(Running { backend, _watch: Some(watch) }),
            Err(error) => {
                drop(self.lock().take());
                return Err(error);
            }
        }
        Ok(())
    }

    /// The one before is dropped without the lock: its threads may be telling us something.
    fn keep(&self, running: Running) {
        let before = self.lock().replace(running);
        drop(before);
        if self.is_over.load(Ordering::SeqCst) {
            let last = self.lock().take();
            drop(last);
        }
    }

    fn sink(self: &Arc<Self>) -> Sink {
        let (events, lines) = (Arc::clone(self), Arc::clone(self));
        Sink {
            on_event: Arc::new(move |event| events.hear(event)),
            on_lines: Arc::new(move |said| {
                if lines.intake.take(&said) {
                    lines.tell(Msg::LogsGrew);
                }
            }),
        }
    }

    fn hear(&self, event: Event) {
        match &event {
            Event::Ended => self.has_ended.store(true, Ordering::SeqCst),
            // It has come back, or another one has come to where it was.
            Event::Snapshot(_) => {
                if self.has_ended.swap(false, Ordering::SeqCst) {
                    self.tell_who_runs();
                }
            }
            Event::LinesLost { process, lines, why } => {
                let lost = process_view::lost(process, *lines, why.as_deref());
                if self.intake.note(process, &format!("[nixstart: {lost}]")) {
                    self.tell(Msg::LogsGrew);
                }
            }
            Event::Changed(_) | Event::Silent(_) => {}
        }
        self.tell(Msg::Process(event));
    }

    fn known(&self) -> Option<Arc<dyn Backend>> {
        self.lock().as_ref().map(|running| Arc::clone(&running.backend))
    }

    /// Who runs the processes now.
    fn backend(&self) -> Option<Arc<dyn Backend>> {
        self.known().filter(|_| !self.has_ended.load(Ordering::SeqCst))
    }

    fn tell_who_runs(&self) {
        if let Some(backend) = self.known() {
            self.tell(Msg::Attached(format!("{}, {}", backend.kind().name(), backend.place())));
        }
    }

    /// Looks again and again, while nobody runs the processes, whether somebody else has started them.
    fn seek(self: &Arc<Self>, find: &Find) {
        // What was said in the beginning of a runner that cannot be used is taken back when there is none.
        let mut is_blocked = true;
        while !self.is_over.load(Ordering::SeqCst) {
            thread::sleep(GLANCE);
            let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
            if self.backend().is_none() {
                is_blocked = self.look_for_another(find, is_blocked);
            }
        }
    }

    /// Attaches to a runner that has come. Whether there is one that cannot be used, as there was before.
    fn look_for_another(self: &Arc<Self>, find: &Find, was_blocked: bool) -> bool {
        // A watch finds again what it has watched.
        let is_another = |found: &Arc<dyn Backend>| self.known().is_none_or(|known| known.place() != found.place());
        let attached = find().and_then(|found| match found.filter(is_another) {
            Some(backend) => self.attach(backend).map(|()| true),
            None => Ok(false),
        });
        match &attached {
            Err(error) => self.tell(Msg::Process(Event::Silent(error.message()))),
            Ok(false) if was_blocked => self.tell(Msg::Process(Event::Ended)),
            Ok(_) => {}
        }
        attached.is_err()
    }

    fn act(self: &Arc<Self>, action: Action, names: &[String]) -> Result<Outcome> {
        if let Some(backend) = self.backend() {
            return backend.act(action, names);
        }
        // Nobody else starts or finds one meanwhile.
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        match (self.backend(), action, &self.start) {
            (Some(backend), ..) => backend.act(action, names),
            (None, Action::Start | Action::Restart, Some(start)) => {
                self.attach(start(names)?)?;
                Ok(Outcome { done: names.to_owned(), refused: Vec::new() })
            }
            (None, ..) => Err(Error::failed("nothing runs")),
        }
    }
}
