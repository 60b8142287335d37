//! Follows logs: one thread reads the stream, so that no process ever waits for us; another reads the logs themselves when the
//! stream says that there is something, and hands on what is new.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::client::{Client, Identity, encoded, without_return};
use super::tail::{Merge, Reach, Tail, Trust, last};
use super::version::Version;
use super::websocket::{self, Frames, Next, Opened};
use crate::backend::ending::{Backoff, Ending};
use crate::backend::{Follow, RunnerError, Sink};
use crate::host::clock;
use crate::host::peer::Peer;
use crate::process::{Event, LogLine, Stream};

/// Logs are not read more often than this.
const PAUSE: Duration = Duration::from_millis(20);
/// How often they are read where there is no stream.
const POLL: Duration = Duration::from_millis(500);
/// How many lines are known of a log from before.
const REMEMBERED: usize = 200;

/// Whose logs are followed. It changes while one follows.
pub(super) struct Followed {
    follow: Follow,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    names: Vec<String>,
    peer: Option<Peer>,
}

impl Followed {
    pub(super) fn new(follow: &Follow, names: Vec<String>) -> Self {
        let followed = Self { follow: follow.clone(), state: Mutex::default() };
        followed.set(names);
        followed
    }

    /// Follows those of these that somebody wants. The stream is for a fixed set, so it is opened again for another.
    pub(super) fn set(&self, names: Vec<String>) {
        let wanted = |name: &String| match &self.follow {
            Follow::Nobody => false,
            Follow::Everybody => true,
            Follow::These(names) => names.contains(name),
        };
        let names: Vec<String> = names.into_iter().filter(wanted).collect();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.names != names {
            state.names = names;
            if let Some(peer) = state.peer.take() {
                peer.shut_down();
            }
        }
    }

    fn names(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).names.clone()
    }

    /// Notes the stream that is for these names; `false` when they have changed since.
    fn is_for(&self, names: &[String], peer: Option<Peer>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.peer = peer;
        state.names == names
    }
}

enum Heard {
    /// The stream is open, for these processes of this process-compose.
    Open(Identity, Vec<String>),
    /// A line.
    Line(String, String),
    /// It is time to look.
    Tick,
}

/// Follows until the end.
pub(super) fn follow(client: &Arc<Client>, followed: &Arc<Followed>, (sink, backlog): (&Sink, usize), ending: &Arc<Ending>) {
    let (sender, receiver) = mpsc::channel();
    let reader = Reader { client: Arc::clone(client), followed: Arc::clone(followed), ending: Arc::clone(ending), sender };
    thread::spawn(move || reader.run());
    let writer = Writer {
        client: Arc::clone(client),
        sink: sink.clone(),
        backlog,
        identity: None,
        tails: BTreeMap::new(),
        due: BTreeSet::new(),
    };
    thread::spawn(move || writer.run(&receiver));
}

struct Reader {
    client: Arc<Client>,
    followed: Arc<Followed>,
    ending: Arc<Ending>,
    sender: Sender<Heard>,
}

impl Reader {
    fn run(self) {
        let mut backoff = Backoff::new();
        while !self.ending.is_over() {
            let names = self.followed.names();
            let over = match if names.is_empty() { Ok(()) } else { self.stream(&names) } {
                Ok(()) => {
                    backoff.reset();
                    self.ending.pause(PAUSE)
                }
                Err(_) => backoff.pause(&self.ending),
            };
            if over {
                return;
            }
        }
    }

    /// Reads the stream of these until it breaks or others are wanted.
    fn stream(&self, names: &[String]) -> Result<(), RunnerError> {
        let identity = self.client.identity()?;
        // Commas stand between names, so a name with one cannot be said.
        let (unspeakable, speakable): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| name.contains(','));
        let listed = speakable.iter().map(|name| encoded(name)).collect::<Vec<_>>().join(",");
        // (One line from before: none would mean all of them to some versions.)
        let path = format!("/process/logs/ws?name={listed}&offset=1&follow=true");
        let opened = if listed.is_empty() { Opened::Unsupported } else { websocket::open(&self.client, &path, &self.ending)? };
        let (mut frames, patience) = match opened {
            Opened::Open(frames) => (Some(frames), (!unspeakable.is_empty()).then_some(POLL)),
            Opened::Unsupported => (None, Some(POLL)),
        };
        if !self.followed.is_for(names, frames.as_ref().and_then(|frames| frames.peer())) {
            return Ok(());
        }
        let mut next = Heard::Open(identity, names.to_owned());
        while self.sender.send(next).is_ok() && self.followed.names() == names {
            next = match self.next(frames.as_deref_mut(), patience)? {
                Some(heard) => heard,
                None => return Ok(()),
            };
        }
        Ok(())
    }

    /// What comes next; nothing when it is over.
    fn next(&self, frames: Option<&mut Frames>, patience: Option<Duration>) -> Result<Option<Heard>, RunnerError> {
        let Some(frames) = frames else {
            return Ok((!self.ending.pause(patience.unwrap_or(POLL))).then_some(Heard::Tick));
        };
        loop {
            match frames.next(patience)? {
                Next::Nothing => return Ok(Some(Heard::Tick)),
                Next::Nonsense => {}
                Next::Frame(frame) => {
                    let text = |field: &str| frame.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
                    // Old versions end with an empty frame of nobody.
                    if !text("process_name").is_empty() {
                        return Ok(Some(Heard::Line(text("process_name").to_owned(), without_return(text("message")))));
                    }
                }
            }
        }
    }
}

struct Writer {
    client: Arc<Client>,
    sink: Sink,
    backlog: usize,
    identity: Option<Identity>,
    tails: BTreeMap<String, Tail>,
    /// Whose logs are to be read.
    due: BTreeSet<String>,
}

impl Writer {
    fn run(mut self, heard: &Receiver<Heard>) {
        while let Ok(first) = heard.recv() {
            self.take(first);
            let until = Instant::now() + PAUSE;
            self.read();
            loop {
                match heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(next) => self.take(next),
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            self.read();
        }
    }

    fn take(&mut self, heard: Heard) {
        match heard {
            Heard::Line(process, line) => {
                if let Some(tail) = self.tails.get_mut(&process) {
                    tail.heard(line);
                    self.due.insert(process);
                }
            }
            Heard::Tick => self.due.extend(self.tails.keys().cloned()),
            Heard::Open(identity, names) => self.open(identity, names),
        }
    }

    /// The first time, what was said before is told as far as it is wanted. After that everything is news, also all that
    /// another process-compose has in its logs.
    fn open(&mut self, identity: Identity, names: Vec<String>) {
        let is_first = self.identity.is_none();
        if self.identity.as_ref().is_some_and(|known| known.started != identity.started) {
            self.tails.clear();
        }
        let version = identity.version;
        self.identity = Some(identity);
        self.tails.retain(|name, _| names.contains(name));
        for name in names {
            if !self.tails.contains_key(&name) {
                let before = if is_first { self.begin(&name, version) } else { Vec::new() };
                let trust = if version.streams_every_line() { Trust::Whole } else { Trust::Cut };
                let tail = Tail::after(before, trust);
                self.tails.insert(name.clone(), tail);
            }
            self.due.insert(name);
        }
    }

    fn begin(&self, name: &str, version: Version) -> Vec<String> {
        let lines = self.client.lines(name, Some(self.backlog.max(REMEMBERED)), version.counting()).unwrap_or_default();
        // Nobody tells when they were said.
        self.tell(name, last(&lines, self.backlog), None);
        lines
    }

    fn read(&mut self) {
        let Some(identity) = &self.identity else { return };
        let counting = identity.version.counting();
        let arrived = Some(clock::now_milliseconds());
        for name in std::mem::take(&mut self.due) {
            let Some(tail) = self.tails.get_mut(&name) else { continue };
            let mut merge = Merge::ReadMore;
            for (count, reach) in [(Some(tail.worth_reading()), Reach::Some), (None, Reach::Whole)] {
                // When it cannot be read, the stream breaks, too, and all is read again.
                let Ok(lines) = self.client.lines(&name, count, counting) else { break };
                merge = tail.read(&lines, reach);
                if merge != Merge::ReadMore {
                    break;
                }
            }
            match merge {
                Merge::New(lines) => self.tell(&name, &lines, arrived),
                Merge::NewAfterLoss(lines) => {
                    (self.sink.on_event)(Event::LinesLost { process: name.clone(), lines: None, why: None });
                    self.tell(&name, &lines, arrived);
                }
                Merge::ReadMore => {}
            }
        }
    }

    fn tell(&self, process: &str, lines: &[String], time: Option<u64>) {
        if lines.is_empty() {
            return;
        }
        let process: Arc<str> = process.into();
        let line = |text: &String| LogLine { process: Arc::clone(&process), stream: Stream::Unknown, time, text: text.clone() };
        (self.sink.on_lines)(lines.iter().map(line).collect());
    }
}
