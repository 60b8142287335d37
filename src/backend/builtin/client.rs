//! Speaks with a runner over its socket, and reads its lines from where it writes them.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::lines::Lines;
use super::protocol::{self, Answer, Request};
use crate::backend::ending::{Backoff, Ending};
use crate::backend::site::Site;
use crate::backend::{Backend, Interest, Kind, Sink, Watch};
use crate::error::{Error, Result};
use crate::host::log_file::{self, Backlog};
use crate::host::peer::{Endpoint, Peer, PeerError};
use crate::process::{Action, Event, LogLine, Outcome, Process};

/// How long an answer may take that needs nobody to end.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long nothing may be told before it is asked whether anybody is there.
const QUIET: Duration = Duration::from_secs(5);
/// How long that may take.
const SHORT_PATIENCE: Duration = Duration::from_secs(2);
/// How often the files of lines are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long it is waited for other news while there are more lines.
const AT_ONCE: Duration = Duration::from_millis(1);

/// Whether the runner goes on when we leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// It ends with us, who have started it then, in milliseconds since 1970: everything it says is for us.
    Owner {
        /// When it was started.
        since: u64,
    },
    /// It goes on.
    Guest,
}

/// A runner that answers.
#[derive(Debug, Clone)]
pub struct Builtin {
    site: Site,
    ownership: Ownership,
}

impl Builtin {
    /// The runner of a project; `None` when there is none, or only what one has left behind.
    pub fn connect(site: &Site) -> Result<Option<Self>> {
        site.refuse_foreign()?;
        match Peer::connect(&endpoint(site)) {
            Ok(_) => Ok(Some(Self { site: site.clone(), ownership: Ownership::Guest })),
            Err(error) if error.is_gone() => Ok(None),
            Err(error @ PeerError::Foreign { .. }) => {
                Err(Error::refused(format!("{error}, so who answers there is not trusted"))
                    .hint(format!("look at it with `ls -l {}`; remove it when it is nobody's", site.socket())))
            }
            Err(error) => Err(Error::failed(format!("cannot reach the runner: {error}"))),
        }
    }

    /// The same runner, started at that time by us: it ends when a watch of ours does.
    #[must_use]
    pub fn owned(self, since: u64) -> Self {
        Self { ownership: Ownership::Owner { since }, ..self }
    }

    /// Asks for something and waits for the answer; without a limit, for as long as it takes a runner that does not hang.
    fn ask(&self, request: &Request, patience: Option<Duration>) -> Result<Answer> {
        let answer = self.try_ask(request, patience).map_err(|error| {
            if is_silence(&error) {
                return self.silence();
            }
            Error::failed(format!("the runner at `{}` is gone: {error}", self.site.socket()))
        })?;
        match answer {
            Answer::Error { message } => Err(Error::failed(message)),
            answer => Ok(answer),
        }
    }

    fn try_ask(&self, request: &Request, patience: Option<Duration>) -> io::Result<Answer> {
        let mut stream = Peer::connect(&endpoint(&self.site)).map_err(io::Error::other)?;
        stream.set_timeouts(Some(patience.unwrap_or(QUIET)), Some(PATIENCE))?;
        protocol::write(&mut stream, request)?;
        let answer = match patience {
            Some(_) => protocol::read(&mut BufReader::new(stream)),
            None => protocol::read(&mut BufReader::new(WhileAlive { stream, runner: self })),
        };
        answer?.ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    fn silence(&self) -> Error {
        let process = Peer::connect(&endpoint(&self.site)).ok().and_then(|peer| peer.process());
        let hint = process.map(|pid| format!("when it stays so, `kill -KILL {pid}` ends it, and everything that it runs"));
        Error::failed(format!("the runner at `{}` does not answer", self.site.socket())).maybe_hint(hint)
    }

    fn unexpected(answer: &Answer) -> Error {
        Error::failed(format!("the runner has answered something else than was asked: {answer:?}"))
    }
}

impl Backend for Builtin {
    fn kind(&self) -> Kind {
        Kind::Builtin
    }

    fn place(&self) -> String {
        self.site.socket().into_string()
    }

    fn list(&self) -> Result<Vec<Process>> {
        match self.ask(&Request::List, Some(PATIENCE))? {
            Answer::Processes { processes } => Ok(processes),
            other => Err(Self::unexpected(&other)),
        }
    }

    fn logs(&self, process: &str, last: usize) -> Result<Vec<LogLine>> {
        Ok(log_file::last(&self.site.logs, process, last, &|_| true)?)
    }

    fn act(&self, action: Action, processes: &[String]) -> Result<Outcome> {
        match self.ask(&Request::Act { action, processes: processes.to_vec() }, None)? {
            Answer::Outcome(outcome) => Ok(outcome),
            other => Err(Self::unexpected(&other)),
        }
    }

    fn shut_down(&self) -> Result<()> {
        // It says nothing; it is done when it is not there any more. Somebody may start another one then.
        let Ok(runner) = Peer::connect(&endpoint(&self.site)).map(|peer| peer.process()) else { return Ok(()) };
        match self.try_ask(&Request::ShutDown, None) {
            Err(error) if is_silence(&error) => return Err(self.silence()),
            Ok(_) | Err(_) => {}
        }
        while Peer::connect(&endpoint(&self.site)).is_ok_and(|peer| peer.process() == runner) {
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn watch(&self, interest: Interest, sink: Sink) -> Result<Watch> {
        let backlog = match self.ownership {
            Ownership::Owner { since } => Backlog::Since(since),
            Ownership::Guest => Backlog::Lines(interest.backlog),
        };
        let stream = ask_to_watch(&self.site, self.ownership, interest.usage)?;
        let ending = Arc::new(Ending::default());
        let (site, ours) = (self.site.clone(), Arc::clone(&ending));
        let lines = Lines::of(site.logs.clone(), interest.logs.clone(), backlog, sink.clone());
        let told = Telling { site, wants_usage: interest.usage, sink, lines, is_silent: false, ending: ours };
        thread::spawn(move || told.tell(stream));
        Ok(Watch::new(move || ending.end()))
    }
}

/// What an answer is read from that may take long. A runner that hangs keeps its socket open, so after a while without a word it
/// is asked for something that it answers at once.
struct WhileAlive<'r> {
    stream: Peer,
    runner: &'r Builtin,
}

impl Read for WhileAlive<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(buffer) {
                Err(error) if is_silence(&error) => drop(self.runner.try_ask(&Request::List, Some(SHORT_PATIENCE))?),
                outcome => return outcome,
            }
        }
    }
}

fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn endpoint(site: &Site) -> Endpoint {
    Endpoint::Socket(site.socket())
}

/// A connection over which it is told what happens.
fn ask_to_watch(site: &Site, ownership: Ownership, usage: bool) -> Result<Peer> {
    let mut stream =
        Peer::connect(&endpoint(site)).map_err(|error| Error::failed(format!("cannot reach the runner: {error}")))?;
    stream.set_timeouts(Some(LOOK), Some(PATIENCE))?;
    protocol::write(&mut stream, &Request::Watch { owner: ownership != Ownership::Guest, usage })?;
    Ok(stream)
}

/// A thread that tells what happens and what is said.
struct Telling {
    site: Site,
    wants_usage: bool,
    sink: Sink,
    lines: Lines,
    /// Whether it was told that the runner does not answer.
    is_silent: bool,
    ending: Arc<Ending>,
}

impl Telling {
    /// Tells until nobody wants to know. A runner that comes after this one has ended is somebody else's.
    fn tell(mut self, mut stream: Peer) {
        loop {
            let held = self.ending.hold(&stream);
            self.attend(stream);
            drop(held);
            if self.ending.is_over() {
                return;
            }
            self.lines.say_the_rest();
            (self.sink.on_event)(Event::Ended);
            match self.seek() {
                Some(next) => stream = next,
                None => return,
            }
        }
    }

    /// Waits for a runner; there is none when nobody wants to know any more.
    fn seek(&self) -> Option<Peer> {
        let mut backoff = Backoff::new();
        while !backoff.pause(&self.ending) {
            if let Ok(stream) = ask_to_watch(&self.site, Ownership::Guest, self.wants_usage) {
                return Some(stream);
            }
        }
        None
    }

    /// Tells until the connection ends.
    fn attend(&mut self, stream: Peer) {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        let mut looked = Instant::now();
        let mut heard = Instant::now();
        loop {
            let _as_before =
                reader.get_ref().set_timeouts(Some(if self.lines.has_more() { AT_ONCE } else { LOOK }), Some(PATIENCE));
            let read = reader.read_until(b'\n', &mut line);
            if self.ending.is_over() {
                return;
            }
            // Lines come when there is no other news, but no later than is looked at them anyway.
            let has_time = self.lines.has_more() && read.as_ref().is_err_and(is_silence);
            match read {
                Ok(_) if line.ends_with(b"\n") => {
                    if let Ok(answer) = serde_json::from_slice(&line) {
                        self.take(answer);
                    }
                    line.clear();
                    heard = Instant::now();
                }
                Err(error) if is_silence(&error) || error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return,
            }
            if has_time || looked.elapsed() >= LOOK {
                self.lines.say_new();
                looked = Instant::now();
            }
            if heard.elapsed() >= QUIET {
                self.ask_whether_somebody_is_there();
                heard = Instant::now();
            }
        }
    }

    /// A runner that hangs keeps its socket open; one that has nothing to tell answers.
    fn ask_whether_somebody_is_there(&mut self) {
        let runner = Builtin { site: self.site.clone(), ownership: Ownership::Guest };
        match runner.ask(&Request::List, Some(SHORT_PATIENCE)) {
            Ok(answer) if self.is_silent => self.take(answer),
            Err(error) if !self.is_silent => {
                self.is_silent = true;
                (self.sink.on_event)(Event::Silent(error.to_string()));
            }
            Ok(_) | Err(_) => {}
        }
    }

    fn take(&mut self, answer: Answer) {
        self.is_silent = false;
        match answer {
            Answer::Processes { processes } => {
                let names: Vec<String> = processes.iter().map(|process| process.name.clone()).collect();
                (self.sink.on_event)(Event::Snapshot(processes));
                for name in &names {
                    self.lines.follow(name);
                }
            }
            Answer::Changed { process } => {
                self.lines.follow(&process.name);
                if !process.state.is_alive() {
                    self.lines.say_before_the_end_of(&process.name);
                }
                (self.sink.on_event)(Event::Changed(*process));
            }
            Answer::LinesLost { process, lines, why } => {
                (self.sink.on_event)(Event::LinesLost { process, lines: Some(lines), why: Some(why) });
            }
            Answer::Outcome(_) | Answer::Error { .. } => {}
        }
    }
}
