//! What is said over the socket of the runner: one request per connection, a line of JSON; then one answer, a line of JSON, or
//! for `watch` a line for each event until one side closes.
//!
//! The two sides may be of different versions: unknown fields are passed over, what is not understood is answered with an
//! error that says so.

use std::io::{self, BufRead, BufReader, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::process::{Action, Outcome, Process};

/// No line is longer.
const LONGEST_LINE: u64 = 4 << 20;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Request {
    /// How every process is.
    List,
    /// To be told what happens.
    Watch {
        /// Whether everything ends when this connection does.
        #[serde(default)]
        owner: bool,
        /// Whether processor and memory are wanted.
        #[serde(default)]
        usage: bool,
    },
    /// To do something with processes; it is answered when that is done. No names mean all.
    Act {
        /// What.
        action: Action,
        /// With which.
        processes: Vec<String>,
    },
    /// To end everything, the runner itself last.
    ShutDown,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// How every process is.
    Processes {
        /// In the order of the project.
        processes: Vec<Process>,
    },
    /// One process has changed.
    Changed {
        /// How it is now.
        process: Box<Process>,
    },
    /// Lines of a process were lost.
    LinesLost {
        /// Whose.
        process: String,
        /// How many.
        lines: u64,
        /// Why.
        why: String,
    },
    /// What has become of a request.
    Outcome(Outcome),
    /// It was not understood or not done.
    Error {
        /// Why.
        message: String,
    },
}

/// Writes a line.
pub fn write(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    to.write_all(&line)
}

/// Reads a line; `None` at the end.
pub fn read<T: DeserializeOwned>(from: &mut BufReader<impl Read>) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    if !line.ends_with(b"\n") {
        return if line.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_side_may_say_more_and_half_a_line_is_no_message() {
        let mut bytes = BufReader::new(&b"{\"command\":\"watch\",\"colour\":\"red\"}\n{\"command\":\"list\"}"[..]);
        assert_eq!(read::<Request>(&mut bytes).unwrap(), Some(Request::Watch { owner: false, usage: false }));
        assert!(read::<Request>(&mut bytes).is_err());
        assert!(read::<Request>(&mut BufReader::new(&b""[..])).unwrap().is_none());
    }
}
