//! What devenv's manager says, in our words. Pure; what is not understood is skipped, never guessed.

use serde_json::Value;

use crate::process::{NamedPort, Process, ProcessState, Stream};

/// A line of the stream.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// Every process.
    Snapshot(Vec<Process>),
    /// One has changed.
    Status(Box<Process>),
    /// A line of a process.
    Log(String, Stream, String),
    /// The manager does not know what was asked.
    Unsupported,
    /// Anything else.
    Unknown,
}

/// Reads a line of the stream.
pub(super) fn message(line: &[u8]) -> Message {
    let Ok(value) = serde_json::from_slice::<Value>(line) else { return Message::Unknown };
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    if is_unsupported(&value) {
        return Message::Unsupported;
    }
    let read = match text("event") {
        Some("snapshot") => processes(&value).map(Message::Snapshot),
        Some("status") => value.get("info").and_then(process).map(Box::new).map(Message::Status),
        Some("log") => text("name").zip(text("line")).map(|(name, line)| {
            let stream = match text("stream") {
                Some("stdout") => Stream::Output,
                Some("stderr") => Stream::Error,
                _ => Stream::Unknown,
            };
            Message::Log(name.to_owned(), stream, line.to_owned())
        }),
        _ => None,
    };
    read.unwrap_or(Message::Unknown)
}

/// The processes of an answer, in the order of names.
pub(super) fn processes(answer: &Value) -> Option<Vec<Process>> {
    let mut found: Vec<Process> = answer.get("processes")?.as_array()?.iter().filter_map(process).collect();
    found.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Some(found)
}

/// Reads one process. devenv's protocol has no number, no exit code, no use of the machine, and does not say whether there is a
/// probe: one without is `ready` from its first moment on. A port implies a probe, so such a process is ready, and another one
/// runs.
fn process(info: &Value) -> Option<Process> {
    let name = info.get("name").and_then(Value::as_str).filter(|name| !name.is_empty())?;
    let restarts = info.get("restart_count").and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
    let listed = info.get("ports").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let ports: Vec<NamedPort> = listed.iter().filter_map(|port| named_port(port.as_str()?)).collect();
    let has_probe = !ports.is_empty();
    let (state, why) = match info.get("phase").and_then(Value::as_str) {
        Some("not_started") => (ProcessState::Disabled, None),
        Some("waiting") => (ProcessState::Pending, Some("waits for what it needs".to_owned())),
        Some("starting") => (ProcessState::Starting, None),
        Some("ready") if has_probe => (ProcessState::Ready, None),
        Some("ready") => (ProcessState::Running, None),
        Some("stopping") => (ProcessState::Stopping, None),
        Some("stopped") => (ProcessState::Stopped, None),
        Some("exited") => (ProcessState::Completed, Some("devenv does not tell with which code".to_owned())),
        Some("gave_up") => (ProcessState::Failed, Some("devenv does not start it any more".to_owned())),
        Some(other) => (ProcessState::Unknown(other.to_owned()), None),
        None => (ProcessState::Unknown("not told".to_owned()), None),
    };
    Some(Process { why, has_probe, restarts, ports, ..Process::new(name, state) })
}

/// Reads `main:15432`.
fn named_port(text: &str) -> Option<NamedPort> {
    let (name, port) = text.rsplit_once(':')?;
    Some(NamedPort { name: name.to_owned(), port: port.parse().ok()? })
}

/// What a manager says when it does not do something; nothing when it does.
pub(super) fn refusal(answer: &Value) -> Option<String> {
    if answer.get("status").and_then(Value::as_str) != Some("error") {
        return None;
    }
    let said = answer.get("message").and_then(Value::as_str).unwrap_or("no reason");
    // "failed to stop process 'web': Process web is already stopped, cannot stop"
    let reason = said.strip_prefix("failed to ").and_then(|rest| rest.split_once("': ")).map_or(said, |(_, reason)| reason);
    let mut letters = reason.chars();
    Some(letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default())
}

/// Whether a manager is too old for a question, or knows it in another form.
pub(super) fn is_unsupported(answer: &Value) -> bool {
    let said = answer.get("message").and_then(Value::as_str).unwrap_or_default();
    let is_error = answer.get("status").and_then(Value::as_str) == Some("error");
    is_error && ["unknown variant", "missing field"].into_iter().any(|text| said.contains(text))
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const STREAM: &str = include_str!("../../../tests/fixtures/devenv/devenv-2.3pre-native-attach.jsonl");

    fn shown(process: &Process) -> String {
        format!("{} {} {}", process.name, process.state.word(), process.restarts)
    }

    #[test]
    fn a_recorded_stream_is_read_line_by_line() {
        let read: Vec<Message> = STREAM.lines().map(|line| message(line.as_bytes())).collect();
        assert!(!read.iter().any(|message| matches!(message, Message::Unknown | Message::Unsupported)));
        let Message::Snapshot(processes) = &read[0] else { panic!("{:?}", read[0]) };
        let expected = ["api running 0", "crash failed 0", "db ready 0", "manual running 0", "once completed 0", "web running 0"];
        assert_eq!(
            processes.iter().map(shown).collect::<Vec<_>>(),
            expected.map(|line| line.replace("crash failed 0", "crash failed 2"))
        );
        assert_eq!(processes[2].ports, [NamedPort { name: "main".to_owned(), port: 15432 }]);
        let changes: Vec<String> = read
            .iter()
            .filter_map(|message| if let Message::Status(process) = message { Some(shown(process)) } else { None })
            .collect();
        let expected = [
            "manual stopping 0",
            "manual stopped 0",
            "crash stopping 0",
            "crash stopped 0",
            "crash pending 0",
            "crash starting 0",
            "crash running 0",
            "crash starting 1",
            "crash starting 2",
            "crash failed 2",
        ];
        assert_eq!(changes, expected);
    }

    #[test]
    fn errors_say_why_and_which_are_of_old_managers() {
        let error = |text: &str| json!({"status": "error", "message": text});
        let stopped = error("failed to stop process 'web': Process web is already stopped, cannot stop");
        assert_eq!(refusal(&stopped).as_deref(), Some("process web is already stopped, cannot stop"));
        assert_eq!(refusal(&error("process 'nope' not found")).as_deref(), Some("process 'nope' not found"));
        assert_eq!(refusal(&json!({"status": "ok"})), None);
        assert!(is_unsupported(&error("invalid request: unknown variant `attach`, expected `wait`")));
        assert!(is_unsupported(&error("invalid request: missing field `name`")) && !is_unsupported(&stopped));
    }

    #[test]
    fn unknown_phases_and_events_are_no_surprise() {
        let odd = br#"{"event":"status","info":{"name":"x","phase":"dreaming","ports":["a:b:99999","c:1"]}}"#;
        let Message::Status(process) = message(odd) else { panic!() };
        assert_eq!((process.state.word(), process.ports.len()), ("dreaming", 1));
        for line in
            [r#"{"event":"party"}"#, r#"{"event":"log","name":1}"#, "", "{", "[]", r#"{"event":"snapshot","processes":{}}"#]
        {
            assert_eq!(message(line.as_bytes()), Message::Unknown, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_too_odd(line in proptest::collection::vec(any::<u8>(), 0..80), at in 0..STREAM.len()) {
            let _any = message(&line);
            let cut = STREAM.as_bytes().get(at..).unwrap_or_default();
            let _any = message(cut.split(|byte| *byte == b'\n').next().unwrap_or_default());
        }
    }
}
