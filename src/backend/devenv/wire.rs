//! One question and its answer in devenv's protocol: a line of JSON each way, then the connection is closed.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::backend::RunnerError;
use crate::backend::lines::{Line, Lines};
use crate::host::peer::{Endpoint, Peer};

/// No line of a stream is longer.
pub(super) const LONGEST_LINE: usize = 1 << 20;
/// No answer is longer: one may hold the last mebibyte of two logs, with every byte escaped.
const LONGEST_ANSWER: usize = 16 << 20;
/// How long sending may take.
const SENDING: Duration = Duration::from_secs(2);

/// What is asked, with how long it may take.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) line: Value,
    pub(super) patience: Duration,
}

impl Request {
    fn new(line: Value, seconds: u64) -> Self {
        Self { line, patience: Duration::from_secs(seconds) }
    }

    pub(super) fn list() -> Self {
        Self::new(json!({"command": "list"}), 2)
    }

    pub(super) fn mode() -> Self {
        Self::new(json!({"command": "mode"}), 2)
    }

    pub(super) fn logs(name: &str, lines: usize) -> Self {
        Self::new(json!({"command": "logs", "name": name, "lines": lines}), 2)
    }

    pub(super) fn stop(name: &str) -> Self {
        Self::new(json!({"command": "stop", "name": name}), 30)
    }

    pub(super) fn restart(name: &str) -> Self {
        Self::new(json!({"command": "restart", "name": name}), 60)
    }

    /// Of several (≥ 2.2). What they need is started before, which may take as long as it likes.
    pub(super) fn start(names: &[String]) -> Self {
        Self::new(json!({"command": "start", "names": names}), 600)
    }

    /// Of one (2.1).
    pub(super) fn start_one(name: &str) -> Self {
        Self::new(json!({"command": "start", "name": name}), 600)
    }
}

/// Asks, and returns the answer whatever it is.
pub(super) fn ask(endpoint: &Endpoint, request: &Request) -> Result<Value, RunnerError> {
    let place = endpoint.to_string();
    let until = Instant::now() + request.patience;
    let silent = || RunnerError::Silent { place: endpoint.to_string(), seconds: request.patience.as_secs() };
    let peer = send(endpoint, &request.line)?;
    let mut lines = Lines::new(Limited { peer, until }, LONGEST_ANSWER);
    let line = lines.next().map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => silent(),
        _ => RunnerError::of_io(endpoint.to_string(), &error),
    })?;
    let broken = |reason: &str| RunnerError::Broken { place: place.clone(), reason: reason.to_owned() };
    match line {
        Line::Whole(line) => match serde_json::from_slice::<Value>(&line) {
            Ok(answer) if answer.get("status").is_some_and(Value::is_string) => Ok(answer),
            _ => Err(broken("it is not devenv's")),
        },
        Line::TooLong => Err(broken("it is too long")),
        Line::End => Err(broken("it ends in the middle")),
    }
}

/// Sends a question and leaves the connection open for what comes.
pub(super) fn send(endpoint: &Endpoint, line: &Value) -> Result<Peer, RunnerError> {
    let mut peer = Peer::connect(endpoint)?;
    let sent = peer.set_timeouts(Some(SENDING), Some(SENDING)).and_then(|()| peer.write_all(format!("{line}\n").as_bytes()));
    sent.map_err(|error| RunnerError::of_io(endpoint.to_string(), &error))?;
    Ok(peer)
}

/// Reads until a moment, however slowly bytes come.
struct Limited {
    peer: Peer,
    until: Instant,
}

impl io::Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.peer.set_timeouts(Some(left), Some(SENDING))?;
        self.peer.read(buffer)
    }
}
