//! Watches processes: by the stream of states where there is one (≥ 1.110), and by asking for all of them from time to time, for
//! what the stream does not tell and for whether anybody is still there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::Client;
use super::logs::Followed;
use super::ports::Ports;
use super::state;
use super::usage::Usages;
use super::websocket::{self, Frames, Next, Opened};
use crate::backend::RunnerError;
use crate::backend::board::Board;
use crate::backend::ending::{Backoff, Ending};
use crate::host::clock;

/// How often all are asked for while somebody looks at what they use.
const WITH_USAGE: Duration = Duration::from_secs(1);
/// How often beside a stream.
const BESIDE_STREAM: Duration = Duration::from_secs(5);
/// How often without one.
const WITHOUT_STREAM: Duration = Duration::from_millis(500);
/// When all are asked for after one has changed: the first word of a start has no number yet.
const SOON: Duration = Duration::from_millis(100);

/// What watching takes.
pub(super) struct Watching {
    pub(super) client: Arc<Client>,
    pub(super) board: Arc<Board>,
    pub(super) followed: Arc<Followed>,
    pub(super) ending: Arc<Ending>,
    pub(super) wants_usage: bool,
    /// Asked for while somebody looks at what processes use.
    pub(super) ports: Ports,
    pub(super) usages: Arc<Usages>,
}

impl Watching {
    /// Watches until the end.
    pub(super) fn run(self) {
        let mut backoff = Backoff::new();
        loop {
            let Err(error) = self.attend(&mut backoff) else { return };
            if self.ending.is_over() {
                return;
            }
            // A stream that breaks is no end yet; whoever is asked next tells.
            if !matches!(error, Lost::Stream) {
                self.board.failed(&error.into());
            }
            if backoff.pause(&self.ending) {
                return;
            }
        }
    }

    /// Watches until something breaks.
    fn attend(&self, backoff: &mut Backoff) -> Result<(), Lost> {
        let version = self.client.identity()?.version;
        let opened = if version.may_stream_states() {
            websocket::open(&self.client, "/process/states/ws", &self.ending)?
        } else {
            Opened::Unsupported
        };
        let mut frames = match opened {
            Opened::Open(frames) => Some(frames),
            Opened::Unsupported => None,
        };
        loop {
            self.look()?;
            backoff.reset();
            let pause = match (self.wants_usage, &frames) {
                (_, None) => WITHOUT_STREAM,
                (true, Some(_)) => WITH_USAGE,
                (false, Some(_)) => BESIDE_STREAM,
            };
            match &mut frames {
                None => {
                    if self.ending.pause(pause) {
                        return Ok(());
                    }
                }
                Some(frames) => self.listen(frames, Instant::now() + pause)?,
            }
            if self.ending.is_over() {
                return Ok(());
            }
        }
    }

    fn look(&self) -> Result<(), RunnerError> {
        let mut processes = self.client.processes()?;
        if self.wants_usage {
            self.ports.look(&self.client, &mut processes);
            self.usages.look(&mut processes);
        }
        self.followed.set(processes.iter().map(|process| process.name.clone()).collect());
        self.board.replace(processes);
        Ok(())
    }

    /// Takes what the stream says until it is time to ask.
    fn listen(&self, frames: &mut Frames, mut until: Instant) -> Result<(), Lost> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.ending.is_over() {
                return Ok(());
            }
            let Ok(next) = frames.next(Some(left)) else { return Err(Lost::Stream) };
            let Next::Frame(frame) = next else { continue };
            // What was there when the stream was opened is older than what was asked for since.
            let is_old = frame.get("snapshot").and_then(serde_json::Value::as_bool).unwrap_or(false);
            let told = frame.get("state").and_then(|told| state::process(told, clock::now_milliseconds()));
            if let Some(mut process) = told.filter(|_| !is_old) {
                self.client.complete(&mut process);
                self.ports.fill(&mut process);
                self.usages.fill(&mut process);
                self.board.update(process);
                until = until.min(Instant::now() + SOON);
            }
        }
    }
}

/// What has broken.
enum Lost {
    /// The stream.
    Stream,
    /// Whoever was asked.
    Runner(RunnerError),
}

impl From<RunnerError> for Lost {
    fn from(error: RunnerError) -> Self {
        Self::Runner(error)
    }
}

impl From<Lost> for RunnerError {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Runner(error) => error,
            Lost::Stream => Self::Broken { place: String::new(), reason: "its stream has ended".to_owned() },
        }
    }
}
