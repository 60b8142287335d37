//! Questions to process-compose. Each is a connection of its own; a token goes into the header and nowhere else.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde_json::Value;

use super::state;
use super::version::{Counting, Version};
use crate::backend::{ALL_LINES, RunnerError};
use crate::host::clock;
use crate::host::http::local::{Exchange, exchange};
use crate::host::peer::Endpoint;
use crate::process::{Process, ProcessState};

/// The header with the token (≥ 1.94).
pub(super) const TOKEN_HEADER: &str = "X-PC-Token-Key";
/// How long a question may take.
const QUESTION: Duration = Duration::from_secs(2);
/// How long something may take that is to be done.
const DEED: Duration = Duration::from_secs(30);
/// No answer is larger: it may be the whole log of a process.
const MOST_BYTES: u64 = 64 << 20;
/// What stands for itself in an address.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A process-compose and how it is asked.
pub(super) struct Client {
    pub(super) endpoint: Endpoint,
    pub(super) token: Option<SecretString>,
    /// What each process waits for, which does not change while it is the same project.
    needs: Mutex<HashMap<String, Option<String>>>,
}

/// An answer.
pub(super) struct Answer {
    status: u16,
    pub(super) body: Value,
}

/// Which process-compose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) version: Version,
    /// When it was started: another one has another log.
    pub(super) started: String,
}

/// A name as a part of an address.
pub(super) fn encoded(name: &str) -> String {
    utf8_percent_encode(name, PLAIN).to_string()
}

impl Client {
    pub(super) fn new(endpoint: Endpoint, token: Option<SecretString>) -> Self {
        Self { endpoint, token, needs: Mutex::default() }
    }

    /// Asks for something.
    pub(super) fn get(&self, path: &str) -> Result<Answer, RunnerError> {
        self.ask("GET", path, None)
    }

    /// Has something done, and returns what it answers when it is refused, too.
    pub(super) fn send(&self, method: &str, path: &str, body: Option<&str>) -> Result<Answer, RunnerError> {
        self.ask(method, path, body)
    }

    fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Result<Answer, RunnerError> {
        let deadline = if method == "GET" { QUESTION } else { DEED };
        let credential = self.token.as_ref().map(|token| (TOKEN_HEADER, token));
        let response =
            exchange(Exchange { endpoint: &self.endpoint, method, path, credential, body, deadline, most_bytes: MOST_BYTES })?;
        if response.status == 401 {
            return Err(RunnerError::Unauthorized { place: self.endpoint.to_string() });
        }
        // An unknown route is answered with plain text.
        Ok(Answer { status: response.status, body: serde_json::from_slice(&response.bytes).unwrap_or_default() })
    }

    /// Its version and when it was started.
    pub(super) fn identity(&self) -> Result<Identity, RunnerError> {
        let state = self.get("/project/state")?.body;
        let text = |field: &str| state.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Identity { version: Version::parse(&text("version")), started: text("startTime") })
    }

    /// What it calls the project (≥ 1.73).
    pub(super) fn project_name(&self) -> Result<Option<String>, RunnerError> {
        let answer = self.get("/project/name")?;
        Ok(answer.body.get("projectName").and_then(Value::as_str).map(str::to_owned))
    }

    /// Every process.
    pub(super) fn processes(&self) -> Result<Vec<Process>, RunnerError> {
        let answer = self.get("/processes")?.accepted(self)?;
        if !answer.get("data").is_some_and(|data| data.is_array() || data.is_null()) {
            return Err(RunnerError::Broken {
                place: self.endpoint.to_string(),
                reason: "it has no list of processes".to_owned(),
            });
        }
        let mut processes = state::processes(&answer, clock::now_milliseconds());
        for process in &mut processes {
            self.complete(process);
        }
        Ok(processes)
    }

    /// Says of a process that waits for whom it does.
    pub(super) fn complete(&self, process: &mut Process) {
        if process.state != ProcessState::Pending || process.why.is_some() {
            return;
        }
        let mut needs = self.needs.lock().unwrap_or_else(PoisonError::into_inner);
        process.why = needs
            .entry(process.name.clone())
            .or_insert_with(|| {
                let config = self.get(&format!("/process/info/{}", encoded(&process.name))).ok()?;
                state::waits_for(&config.body)
            })
            .clone();
    }

    /// The last lines of a process; all there are, when no number is given.
    pub(super) fn lines(&self, name: &str, last: Option<usize>, counting: Counting) -> Result<Vec<String>, RunnerError> {
        let name = encoded(name);
        // Nobody keeps more lines than that, and one version fails for numbers that are larger than it can count.
        let last = last.filter(|last| *last < ALL_LINES);
        let (from_end, from_start) = (last.unwrap_or(0), last.unwrap_or(ALL_LINES));
        let ask = |range: String| self.get(&format!("/process/logs/{name}/{range}"))?.lines(self);
        match counting {
            Counting::FromEnd => ask(format!("0/{from_end}")),
            Counting::FromStart => ask(format!("{from_start}/0")),
            Counting::Unknown => match ask(format!("0/{from_end}")) {
                Ok(lines) if !lines.is_empty() => Ok(lines),
                _ => ask(format!("{from_start}/0")),
            },
        }
    }
}

impl Answer {
    /// The answer, when it is one of success.
    pub(super) fn accepted(self, client: &Client) -> Result<Value, RunnerError> {
        match self.refusal() {
            None => Ok(self.body),
            Some(message) => Err(RunnerError::Refused { place: client.endpoint.to_string(), message }),
        }
    }

    /// What it says when it refuses.
    pub(super) fn refusal(&self) -> Option<String> {
        if (200..300).contains(&self.status) {
            return None;
        }
        let said = self.body.get("error").and_then(Value::as_str).map(str::to_owned);
        Some(said.unwrap_or_else(|| format!("status {}", self.status)))
    }

    /// What has become of each of several.
    pub(super) fn of_each(&self) -> HashMap<String, String> {
        let each = self.body.as_object().into_iter().flatten();
        each.filter_map(|(name, said)| Some((name.clone(), said.as_str()?.to_owned()))).collect()
    }

    /// Whether the route is not known.
    pub(super) const fn is_unknown(&self) -> bool {
        self.status == 404
    }

    fn lines(self, client: &Client) -> Result<Vec<String>, RunnerError> {
        let answer = self.accepted(client)?;
        let lines = answer.get("logs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Ok(lines.iter().filter_map(Value::as_str).map(without_return).collect())
    }
}

/// A line without the carriage return at its end.
pub(super) fn without_return(line: &str) -> String {
    line.strip_suffix('\r').unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_an_address() {
        assert_eq!(encoded("a/b+c d?é#%.-_~"), "a%2Fb%2Bc%20d%3F%C3%A9%23%25.-_~");
    }

    #[test]
    fn what_is_refused_says_why() {
        let answer = |status, body: &str| Answer { status, body: serde_json::from_str(body).unwrap_or_default() };
        let recorded = include_str!("../../../tests/fixtures/process-compose/process-compose-1.122-error.json");
        assert_eq!(answer(400, recorded).refusal().as_deref(), Some("can't get state of process nope: no such process"));
        assert_eq!(answer(404, "404 page not found").refusal().as_deref(), Some("status 404"));
        assert_eq!(answer(207, "{}").refusal(), None);
        let of_each = answer(207, r#"{"a": "ok", "b": "process b is not running", "c": 1}"#).of_each();
        assert_eq!((of_each["a"].as_str(), of_each["b"].as_str(), of_each.len()), ("ok", "process b is not running", 2));
    }
}
