//! What process-compose says of a process, in our words. Fields have come over the years and words, too: what is missing is not
//! known, and a word that nobody knows is passed on.

use serde_json::Value;

use crate::process::{Exit, Process, ProcessState, Usage};

/// Nanoseconds in a millisecond.
const NANOSECONDS: u64 = 1_000_000;
/// The exit code of a process that a signal has ended; nobody tells which.
const BY_SIGNAL: i64 = -1;

/// Reads every process of an answer, in the order of names. What has no name is no process.
pub(super) fn processes(answer: &Value, now: u64) -> Vec<Process> {
    let states = answer.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<Process> = states.iter().filter_map(|state| process(state, now)).collect();
    found.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Reads one process.
pub(super) fn process(state: &Value, now: u64) -> Option<Process> {
    let name = state.get("name").and_then(Value::as_str).filter(|name| !name.is_empty())?;
    let number = |field: &str| state.get(field).and_then(Value::as_i64);
    let word = state.get("status").and_then(Value::as_str).unwrap_or_default();
    let readiness = state.get("is_ready").and_then(Value::as_str).unwrap_or("-");
    let has_probe = state.get("has_ready_probe").and_then(Value::as_bool).unwrap_or(false) || readiness != "-";
    let code = number("exit_code").unwrap_or(0);
    let (place, why) = place(word, readiness, has_probe, (code, is_success(state, code)));
    let is_alive = place.is_alive();
    let has_ended = matches!(place, ProcessState::Completed | ProcessState::Failed | ProcessState::Backoff) && word != "Error";
    let is_countable = |count: i64| u32::try_from(count).ok();
    Some(Process {
        why,
        has_probe,
        pid: number("pid").and_then(is_countable).filter(|pid| *pid > 0),
        restarts: number("restarts").and_then(is_countable).unwrap_or(0),
        exit: i32::try_from(code).ok().filter(|_| has_ended && code != BY_SIGNAL).map(Exit::Code),
        started: started(state, now).filter(|_| is_alive),
        ended: moment(state, "process_end_time").filter(|_| has_ended),
        usage: usage(state).filter(|_| is_alive),
        ..Process::new(name, place)
    })
}

/// Where it is, and why.
fn place(word: &str, readiness: &str, has_probe: bool, (code, is_success): (i64, bool)) -> (ProcessState, Option<String>) {
    let running = || match readiness {
        "Ready" => (ProcessState::Ready, None),
        _ if has_probe => (ProcessState::Starting, Some("its probe has not passed".to_owned())),
        _ => (ProcessState::Running, None),
    };
    let because = |state, why: &str| (state, Some(why.to_owned()));
    match word {
        "Disabled" => (ProcessState::Disabled, None),
        "Pending" => (ProcessState::Pending, None),
        "Running" | "Foreground" | "Launched" => running(),
        "Launching" => (ProcessState::Starting, None),
        "Restarting" => (ProcessState::Backoff, None),
        "Terminating" => (ProcessState::Stopping, None),
        "Completed" if is_success => (ProcessState::Completed, None),
        "Completed" if code == BY_SIGNAL => because(ProcessState::Failed, "a signal ended it"),
        "Completed" => (ProcessState::Failed, None),
        "Skipped" => because(ProcessState::Skipped, "what it needs has failed"),
        "Error" => because(ProcessState::Failed, "it could not be started"),
        "Scheduled" => because(ProcessState::Pending, "it waits for its time"),
        "Watching" => because(ProcessState::Pending, "it waits for a file to change"),
        "" => (ProcessState::Unknown("not told".to_owned()), None),
        other => (ProcessState::Unknown(other.to_owned()), None),
    }
}

fn is_success(state: &Value, code: i64) -> bool {
    let others = state.get("success_exit_codes").and_then(Value::as_array);
    code == 0 || others.is_some_and(|codes| codes.iter().any(|success| success.as_i64() == Some(code)))
}

/// The moment it started: told since 1.110, an age before that.
fn started(state: &Value, now: u64) -> Option<u64> {
    let told = moment(state, "process_start_time");
    let age = || state.get("age").and_then(Value::as_u64).filter(|age| *age > 0);
    told.or_else(|| now.checked_sub(age()? / NANOSECONDS))
}

fn moment(state: &Value, field: &str) -> Option<u64> {
    let told = state.get(field).and_then(Value::as_str).and_then(|text| text.parse::<jiff::Timestamp>().ok());
    told.and_then(|time| u64::try_from(time.as_millisecond()).ok()).filter(|time| *time > 0)
}

fn usage(state: &Value) -> Option<Usage> {
    let memory = state.get("mem").and_then(Value::as_u64).filter(|memory| *memory > 0)?;
    #[expect(clippy::cast_possible_truncation, reason = "per cent of a processor")]
    let cpu = state.get("cpu").and_then(Value::as_f64).unwrap_or(0.0).max(0.0) as f32;
    Some(Usage { cpu, memory })
}

/// What a process that waits is waiting for.
pub(super) fn waits_for(config: &Value) -> Option<String> {
    // (Old versions write the second.)
    let needed = ["dependsOn", "DependsOn"].into_iter().find_map(|field| config.get(field)?.as_object())?;
    let names: Vec<String> = needed.keys().map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| format!("waits for {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const RECORDED: &str = include_str!("../../../tests/fixtures/process-compose/process-compose-1.122-processes.json");
    const STREAM: &str = include_str!("../../../tests/fixtures/process-compose/process-compose-1.122-states-ws.jsonl");

    fn shown(process: &Process) -> String {
        let exit = process.exit.map(|exit| format!(" {exit}")).unwrap_or_default();
        let why = process.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        format!("{} {}{exit}{why}", process.name, process.state.word())
    }

    #[test]
    fn a_recorded_project_is_read_as_it_was() {
        let found = processes(&serde_json::from_str(RECORDED).unwrap(), 0);
        let expected = [
            "api running",
            "crash failed exit code 7",
            "db ready",
            "manual failed (a signal ended it)",
            "migrate completed exit code 0",
            "skipped skipped (what it needs has failed)",
            "web-0 failed (it could not be started)",
            "web-1 failed (it could not be started)",
        ];
        assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), expected);
        let api = &found[0];
        assert_eq!(
            (api.pid, api.started, api.usage),
            (Some(29377), Some(1_795_246_080_917), Some(Usage { cpu: 0.0, memory: 3_567_616 }))
        );
        assert!(found[2].has_probe && !api.has_probe && found[1].usage.is_none());
        assert_eq!((api.ended, found[1].ended), (None, Some(1_795_246_080_924)));
    }

    #[test]
    fn a_recorded_restart_is_read_step_by_step() {
        let frames = STREAM.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let changes = frames.filter(|frame| frame.get("snapshot").is_none());
        let read: Vec<String> = changes.map(|frame| shown(&process(&frame["state"], 0).unwrap())).collect();
        let expected =
            ["api stopping", "api failed (a signal ended it)", "api running", "crash running", "crash failed exit code 7"];
        assert_eq!(read, expected);
    }

    #[test]
    fn every_word_has_a_meaning_and_an_unknown_one_is_passed_on() {
        let read = |word: &str| process(&json!({"name": "x", "status": word}), 0).unwrap().state.word().to_owned();
        let words = [
            "Disabled",
            "Foreground",
            "Pending",
            "Running",
            "Launching",
            "Launched",
            "Restarting",
            "Terminating",
            "Completed",
            "Skipped",
            "Error",
            "Scheduled",
            "Watching",
            "Dreaming",
            "",
        ];
        let expected = [
            "disabled",
            "running",
            "pending",
            "running",
            "starting",
            "running",
            "backoff",
            "stopping",
            "completed",
            "skipped",
            "failed",
            "pending",
            "pending",
            "Dreaming",
            "not told",
        ];
        assert_eq!(words.map(read), expected);
    }

    #[test]
    fn old_versions_tell_an_age_and_no_probe() {
        let old =
            json!({"name": "db", "status": "Running", "age": 2_000_000_000_u64, "is_ready": "Not Ready", "namespace": ["a"]});
        let read = process(&old, 5_000).unwrap();
        assert_eq!((read.started, read.has_probe, read.state), (Some(3_000), true, ProcessState::Starting));
        let success = json!({"name": "x", "status": "Completed", "exit_code": 3, "success_exit_codes": [3]});
        assert_eq!(process(&success, 0).unwrap().state, ProcessState::Completed);
    }

    #[test]
    fn who_waits_says_for_whom() {
        let config = json!({"dependsOn": {"db": {"condition": 2}, "cache": {}}});
        assert_eq!(waits_for(&config).as_deref(), Some("waits for `db`, `cache`"));
        assert_eq!(waits_for(&json!({"DependsOn": {"db": {}}})).as_deref(), Some("waits for `db`"));
        assert_eq!(waits_for(&json!({"name": "db"})), None);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
            Just(json!([1, "a", {}])),
        ]
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_left_out(values in proptest::collection::vec(any_json(), 12), now in any::<u64>()) {
            let fields = [
                "name", "status", "is_ready", "has_ready_probe", "exit_code", "pid", "restarts", "age", "mem", "cpu",
                "process_start_time", "success_exit_codes",
            ];
            let state: serde_json::Map<String, Value> = fields.into_iter().map(str::to_owned).zip(values).collect();
            let read = process(&Value::Object(state.clone()), now);
            prop_assert_eq!(read.is_some(), state["name"].as_str().is_some_and(|name| !name.is_empty()));
        }
    }
}
