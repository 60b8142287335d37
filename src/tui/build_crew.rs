//! Who builds while the screen is shown: asks Nix what the flake offers, follows one build at a time, keeps what it says. All of it
//! is told by messages.

pub mod offers;
mod run;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

use super::build_order::{BuildNews, BuildOrder, End, Trouble};
use super::intake::Intake;
use super::log_reader;
use super::msg::Msg;
use super::reading::Reading;
use crate::doctor::explain::explain;
use crate::error::{Error, Result};
use crate::host::nix::{self, Ended, Invocation};
use crate::nix::build_history::Outcome;
use crate::nix::build_picture::Picture;
use crate::process::{LogLine, Stream};
use crate::ui::redaction::redact;
use offers::{Knowledge, Listed};

/// Whoever builds. When they are dropped, a build that goes on is stopped.
pub(super) struct BuildCrew {
    shared: Arc<Shared>,
    questions: Sender<Reading>,
    /// What may still run; whoever leaves waits for it.
    workers: Mutex<Vec<JoinHandle<()>>>,
}

/// What its threads share.
struct Shared {
    sender: Sender<Msg>,
    intake: Intake,
    /// Where the flake is; nothing when there is none.
    flake: Option<Utf8PathBuf>,
    /// What Nix said of it last.
    listed: Mutex<Option<Listed>>,
    is_building: AtomicBool,
    is_listing: AtomicBool,
    is_unwanted: AtomicBool,
    is_over: AtomicBool,
}

impl BuildCrew {
    /// Waits for orders.
    pub(super) fn begin(flake: Option<Utf8PathBuf>, intake: Intake, sender: Sender<Msg>) -> Result<Self> {
        let no = || AtomicBool::new(false);
        let (is_building, is_listing, is_unwanted, is_over) = (no(), no(), no(), no());
        let listed = Mutex::new(None);
        let shared = Arc::new(Shared { sender, intake, flake, listed, is_building, is_listing, is_unwanted, is_over });
        let (questions, asked) = mpsc::channel();
        let reader = Arc::clone(&shared);
        let serve = move || {
            log_reader::serve(&reader.intake.store, &asked, |answer| reader.tell(BuildNews::Read(answer)));
        };
        thread::Builder::new().name("build log reader".to_owned()).spawn(serve).map_err(Error::failed)?;
        Ok(Self { shared, questions, workers: Mutex::new(Vec::new()) })
    }

    /// Does what is asked for. What takes time is done on a thread of its own.
    pub(super) fn take(&self, order: BuildOrder) {
        match order {
            BuildOrder::Read(reading) => {
                let _reader_is_there_as_long_as_we_are = self.questions.send(*reading);
            }
            BuildOrder::Stop => self.shared.is_unwanted.store(true, Ordering::SeqCst),
            BuildOrder::List => self.list(),
            BuildOrder::Log(derivation) => {
                let (shared, name) = (Arc::clone(&self.shared), derivation.clone());
                if let Err(error) = self.work("build log", move || shared.fetch_log(&derivation)) {
                    self.shared.tell(BuildNews::Log(name, Some(error.to_string())));
                }
            }
            BuildOrder::Build(installables) => self.build(installables),
        }
    }

    fn list(&self) {
        if self.shared.is_listing.swap(true, Ordering::SeqCst) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let begun = self.work("flake outputs", move || shared.end_list(offers::list(&shared, Knowledge::Fresh)));
        if let Err(error) = begun {
            self.shared.end_list(BuildNews::Choices(Vec::new(), Some(trouble(&error))));
        }
    }

    fn build(&self, installables: Vec<String>) {
        if self.shared.is_building.swap(true, Ordering::SeqCst) {
            return self.shared.warn(Some("A build runs; stop it first".to_owned()));
        }
        self.shared.is_unwanted.store(false, Ordering::SeqCst);
        let shared = Arc::clone(&self.shared);
        let begun = self.work("build", move || {
            shared.end(run::build(&shared, &installables).unwrap_or_else(|error| come_to_nothing(&error)));
            shared.tell(offers::list(&shared, Knowledge::Kept));
        });
        if let Err(error) = begun {
            self.shared.end(come_to_nothing(&error));
        }
    }

    fn work(&self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
        let worker = thread::Builder::new().name(name.to_owned()).spawn(work).map_err(Error::failed)?;
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.retain(|worker| !worker.is_finished());
        workers.push(worker);
        Ok(())
    }
}

impl Drop for BuildCrew {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // Nix has a few seconds to release its locks; then it is ended. Nobody waits longer, whatever holds somebody up.
        let deadline = Instant::now() + PARTING;
        for worker in self.workers.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            while !worker.is_finished() && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(2));
            }
        }
    }
}

impl Shared {
    fn tell(&self, news: BuildNews) {
        let _nobody_listens_any_more = self.sender.send(Msg::Build(Box::new(news)));
    }

    fn warn(&self, warning: Option<String>) {
        if let Some(warning) = warning {
            self.tell(BuildNews::Warning(warning));
        }
    }

    fn listed(&self) -> MutexGuard<'_, Option<Listed>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nobody wants the build any more.
    fn is_build_unwanted(&self) -> bool {
        self.is_unwanted.load(Ordering::SeqCst) || self.is_over.load(Ordering::SeqCst)
    }

    fn flake(&self) -> Result<&Utf8Path> {
        self.flake.as_deref().ok_or_else(|| {
            Error::failed("there is no `flake.nix` here or above").hint("`nixstart init` or `nixstart new` makes one")
        })
    }

    /// What can be built is known. Whoever is told may ask again at once.
    fn end_list(&self, listed: BuildNews) {
        self.is_listing.store(false, Ordering::SeqCst);
        self.tell(listed);
    }

    /// The run is over. Whoever is told may order the next one at once.
    fn end(&self, end: End) {
        self.is_building.store(false, Ordering::SeqCst);
        self.tell(BuildNews::Ended(Box::new(end)));
    }

    /// What Nix has kept of a build from before.
    fn fetch_log(&self, derivation: &str) {
        let fetched = self.logged(derivation);
        let lines: Vec<LogLine> = fetched.iter().flat_map(|text| lines_of(derivation, text)).collect();
        let _told_below = self.intake.take(&lines);
        self.intake.listen();
        let why = match &fetched {
            Ok(_) if lines.is_empty() => Some("its log is empty".to_owned()),
            Ok(_) => None,
            Err(error) => Some(format!("Nix has no log of it: {}", redact(error.output().lines().last().unwrap_or_default()))),
        };
        self.tell(BuildNews::Log(derivation.to_owned(), why));
    }

    fn logged(&self, derivation: &str) -> Result<String> {
        let program = nix::program()?;
        // Without substituters nobody waits for a network.
        let arguments = ["log", "--option", "substituters", "", derivation].map(str::to_owned);
        let directory = self.flake.as_deref().unwrap_or(Utf8Path::new("/"));
        let is_wanted = || !self.is_over.load(Ordering::SeqCst);
        nix::ask_while(Invocation { program: &program, directory, arguments: &arguments }, PATIENCE, &is_wanted)
    }
}

/// How long Nix may take to find a log.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long whoever leaves waits for what still runs.
const PARTING: Duration = Duration::from_secs(7);

/// The lines of a log as Nix keeps it, without what builders tell Nix in between.
fn lines_of<'a>(derivation: &'a str, text: &'a str) -> impl Iterator<Item = LogLine> + use<'a> {
    let name: Arc<str> = derivation.into();
    text.lines().filter(|line| !line.starts_with("@nix ")).map(move |line| line_of(&name, line.to_owned()))
}

fn line_of(derivation: &Arc<str>, text: String) -> LogLine {
    LogLine { process: Arc::clone(derivation), stream: Stream::Unknown, time: None, text }
}

/// The end of a run that has come to nothing.
fn come_to_nothing(error: &Error) -> End {
    End { picture: Picture::default(), outcome: Outcome::Failed, accounts: Vec::new(), trouble: Some(trouble(error)) }
}

/// Why something did not work, in words for the screen.
fn trouble(error: &Error) -> Trouble {
    let why = std::iter::once(error.to_string()).chain(error.output().lines().map(str::to_owned));
    Trouble { why: why.map(|line| redact(&line)).collect(), hints: error.hints().to_vec() }
}

/// What Nix said of a run that failed and in which no build did.
fn said(ended: &Ended) -> String {
    let reasons: Vec<String> = ended.state.failures.iter().map(|failure| failure.reason.to_string()).collect();
    if reasons.is_empty() { ended.foreign.join("\n") } else { reasons.join("\n") }
}

/// What Nix said, and what is known of it.
fn explained(said: &str) -> Trouble {
    let said = redact(said);
    let hints = explain(&format!("error: {said}")).into_iter().map(|found| format!("{}; {}", found.cause, found.fix)).collect();
    Trouble { why: said.lines().map(str::to_owned).collect(), hints }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::log_store::LogStore;

    #[test]
    fn whoever_is_told_of_an_end_can_order_the_next_build_at_once() {
        let (sender, inbox) = mpsc::channel();
        let intake = Intake::new(LogStore::new(1 << 16, "/dev/null/logs".into()));
        let crew = BuildCrew::begin(None, intake, sender).unwrap();
        for _ in 0..200 {
            crew.take(BuildOrder::Build(vec![".".to_owned()]));
            let news = inbox.iter().find_map(|message| match message {
                Msg::Build(news) => matches!(*news, BuildNews::Ended(_) | BuildNews::Warning(_)).then_some(*news),
                _ => None,
            });
            assert!(matches!(news, Some(BuildNews::Ended(_))), "{news:?}");
        }
    }
}
