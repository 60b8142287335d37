//! devenv's own manager, as it was recorded and as it should not be, spoken to as the dashboard does.

use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use nixstart::backend::devenv::Devenv;
use nixstart::backend::discover::{Surroundings, discover_in};
use nixstart::backend::{Backend, Place};
use nixstart::process::{Action, Event, LogLine, Outcome, Stream};
use serde_json::{Value, json};

use crate::support::devenv::{Manager, dribble, info, recorded, say, unknown};
use crate::support::process::Running;
use crate::support::tools;
use crate::support::watched::Watched;

const STREAM: &str = "devenv-2.3pre-native-attach.jsonl";
const PAIRS: &str = "devenv-2.3pre-native-oneshot.jsonl";

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A manager that gives the recorded answers, each question's one after the other; the last one stays.
fn as_recorded() -> impl Fn(&Value, &mut UnixStream) + Send + Sync {
    let pairs: Vec<Value> = recorded(PAIRS).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let used = Mutex::new(vec![false; pairs.len()]);
    move |question, stream| {
        let mut used = used.lock().unwrap();
        let fits: Vec<usize> = (0..pairs.len()).filter(|at| pairs[*at]["request"] == *question).collect();
        let at = fits.iter().find(|at| !used[**at]).or(fits.last());
        let at = *at.unwrap_or_else(|| panic!("was not recorded: {question}"));
        used[at] = true;
        say(stream, &pairs[at]["response"]);
    }
}

fn outcome(outcome: &Outcome) -> (Vec<&str>, Vec<(&str, &str)>) {
    let refused = outcome.refused.iter().map(|refusal| (refusal.process.as_str(), refusal.why.as_str())).collect();
    (outcome.done.iter().map(String::as_str).collect(), refused)
}

#[test]
fn every_recorded_question_is_asked_and_its_answer_understood() {
    let mut manager = Manager::none();
    manager.start(as_recorded());
    let backend = Devenv::connect(&manager.runtime()).unwrap();
    assert!(backend.place().ends_with("native.sock (devenv, daemon)"), "{}", backend.place());
    let shown = || -> Vec<String> {
        let listed = backend.list().unwrap();
        listed.iter().map(|process| format!("{} {}", process.name, process.state.word())).collect()
    };
    assert_eq!(shown(), ["api pending", "crash failed", "db starting", "manual disabled", "once completed", "web pending"]);
    assert_eq!(shown(), ["api running", "crash failed", "db ready", "manual disabled", "once completed", "web running"]);
    let said: Vec<(Stream, String)> = backend.logs("api", 2).unwrap().into_iter().map(|line| (line.stream, line.text)).collect();
    let expected = [(Stream::Output, "tick 2"), (Stream::Output, "tick 3"), (Stream::Error, "warn 2"), (Stream::Error, "warn 3")];
    assert_eq!(said, expected.map(|(stream, text)| (stream, text.to_owned())));
    assert_eq!(outcome(&backend.act(Action::Stop, &names(&["web"])).unwrap()), (vec!["web"], vec![]));
    let again = backend.act(Action::Stop, &names(&["web"])).unwrap();
    assert_eq!(outcome(&again), (vec![], vec![("web", "process web is already stopped, cannot stop")]));
    for name in ["manual", "api"] {
        assert_eq!(outcome(&backend.act(Action::Restart, &names(&[name])).unwrap()).0, [name]);
    }
    let started = backend.act(Action::Start, &names(&["web", "nope", "api"])).unwrap();
    let refused = vec![("nope", "the running manager does not know it; start devenv again"), ("api", "it is started already")];
    assert_eq!(outcome(&started), (vec!["web"], refused));
    let signalled = backend.act(Action::Signal(1), &names(&["web"])).unwrap();
    assert_eq!(outcome(&signalled).1, [("web", "devenv passes no signals on")]);
    // What was recorded without being one of our questions is nobody's answer.
    let asked: Vec<Value> = manager.asked();
    assert_eq!(asked.iter().filter(|question| question["command"] == "list").count(), 2);
}

/// A manager with a stream, and nothing in its logs that it could repeat.
fn streaming(stream_of: impl Fn(&mut UnixStream) + Send + Sync) -> impl Fn(&Value, &mut UnixStream) + Send + Sync {
    move |question, stream| match question["command"].as_str().unwrap() {
        "mode" => say(stream, &json!({"status": "mode", "mode": "foreground"})),
        "list" => say(stream, &json!({"status": "process_list", "processes": [info("api", "ready")]})),
        "logs" => say(stream, &json!({"status": "process_logs", "stdout": "", "stderr": ""})),
        "attach" => stream_of(stream),
        _ => say(stream, &json!({"status": "ok"})),
    }
}

/// The lines of a recorded stream.
fn lines_of(stream: &str) -> Vec<(String, Stream, String)> {
    let events = stream.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let logs = events.filter(|event| event["event"] == "log").map(|event| {
        let text = |field: &str| event[field].as_str().unwrap().to_owned();
        let of = if event["stream"] == "stdout" { Stream::Output } else { Stream::Error };
        (text("name"), of, text("line"))
    });
    logs.collect()
}

fn told(line: LogLine) -> (String, Stream, String) {
    (line.process.to_string(), line.stream, line.text)
}

#[test]
fn the_recorded_stream_comes_byte_for_byte_in_pieces_of_any_size() {
    for piece in [1, 7, 4096] {
        let mut manager = Manager::none();
        manager.start(streaming(move |stream| dribble(stream, recorded(STREAM).as_bytes(), piece)));
        let backend = Devenv::connect(&manager.runtime()).unwrap();
        let watched = Watched::all(&backend, 50);
        watched.wait_for_line("web", "warn 49");
        assert_eq!(watched.lines().into_iter().map(told).collect::<Vec<_>>(), lines_of(&recorded(STREAM)));
        watched.wait_for("crash", "fails", |process| process.state.word() == "failed" && process.restarts == 2);
        let crash = ["failed", "stopping", "stopped", "pending", "starting", "running", "starting", "failed"];
        assert_eq!(watched.states("crash"), crash);
        assert_eq!(backend.skipped(), 0);
    }
}

#[test]
fn the_recorded_stream_comes_at_its_own_pace() {
    let mut manager = Manager::none();
    manager.start(streaming(|stream| {
        let (begun, times) = (Instant::now(), recorded(&STREAM.replace("jsonl", "timing")));
        for (line, time) in recorded(STREAM).lines().zip(times.lines()) {
            let due = begun + Duration::from_millis(time.parse().unwrap());
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            dribble(stream, format!("{line}\n").as_bytes(), 64);
        }
    }));
    let backend = Devenv::connect(&manager.runtime()).unwrap();
    let watched = Watched::all(&backend, 50);
    watched.wait_for_line("web", "warn 49");
    assert_eq!(watched.lines().into_iter().map(told).collect::<Vec<_>>(), lines_of(&recorded(STREAM)));
}

#[test]
fn only_as_many_lines_from_before_are_told_as_are_wanted() {
    let mut manager = Manager::none();
    manager.start(|question, stream| {
        let before: Vec<String> = (0..80).map(|line| format!("line {line}")).collect();
        match question["command"].as_str().unwrap() {
            "logs" => {
                let lines = usize::try_from(question["lines"].as_u64().unwrap()).unwrap();
                say(stream, &json!({"status": "process_logs", "stdout": before[80 - lines.min(80)..].join("\n"), "stderr": ""}));
            }
            "attach" => {
                say(stream, &json!({"event": "snapshot", "processes": [info("api", "ready")]}));
                for line in before[30..].iter().map(String::as_str).chain(["live"]) {
                    say(stream, &json!({"event": "log", "name": "api", "stream": "stdout", "line": line}));
                }
            }
            _ => say(stream, &json!({"status": "process_list", "processes": [info("api", "ready")]})),
        }
    });
    let backend = Devenv::connect(&manager.runtime()).unwrap();
    for (wanted, first) in [(0, "live"), (3, "line 77"), (70, "line 10")] {
        let watched = Watched::all(&backend, wanted);
        watched.wait_for_line("api", "live");
        assert_eq!((watched.said("api").len(), watched.said("api")[0].as_str()), (wanted + 1, first));
        // Nobody tells when lines from before were said; what comes has the time of its arrival.
        let timed: Vec<String> = watched.lines().into_iter().filter(|line| line.time.is_some()).map(|line| line.text).collect();
        assert_eq!(timed, ["live"]);
    }
}

#[test]
fn malformed_lines_and_a_death_in_the_middle_of_one_are_survived() {
    let mut manager = Manager::none();
    let stream = |stream: &mut UnixStream| {
        say(stream, &json!({"event": "snapshot", "processes": [info("api", "ready"), json!({"phase": "ready"}), json!(7)]}));
        for odd in ["", "{", "null", r#"{"event":"party"}"#, "\u{1b}[2J", &"x".repeat(2 << 20)] {
            dribble(stream, format!("{odd}\n").as_bytes(), 1 << 16);
        }
        say(stream, &json!({"event": "status", "info": info("api", "dreaming")}));
        let long = "y".repeat((1 << 20) - 100);
        say(stream, &json!({"event": "log", "name": "api", "stream": "stdout", "line": long}));
        say(stream, &json!({"event": "log", "name": "api", "stream": "sideways", "line": "whole"}));
        dribble(stream, br#"{"event":"log","name":"api","stream":"stdout","line":"ha"#, 64);
    };
    manager.start(streaming(stream));
    let backend = Devenv::connect(&manager.runtime()).unwrap();
    let watched = Watched::all(&backend, 50);
    watched.wait_for_line("api", "whole");
    watched.wait_for_state("api", "dreaming");
    assert_eq!((watched.said("api").len(), watched.said("api")[0].len()), (2, (1 << 20) - 100));
    assert_eq!(backend.skipped(), 6);
    manager.die();
    watched.wait_for_event("the end", |event| *event == Event::Ended);
    manager.start(streaming(|stream| {
        say(stream, &json!({"event": "snapshot", "processes": [info("api", "starting")]}));
        say(stream, &json!({"event": "log", "name": "api", "stream": "stdout", "line": "again"}));
    }));
    watched.wait_for_line("api", "again");
    watched.wait_for_state("api", "starting");
    let kinds: Vec<bool> = watched.events().iter().map(|event| *event == Event::Ended).collect();
    assert_eq!(kinds.iter().filter(|is_end| **is_end).count(), 1);
}

#[test]
fn a_manager_that_never_answers_is_not_waited_for_and_told_once() {
    let mut manager = Manager::none();
    manager.start(streaming(|stream| say(stream, &json!({"event": "snapshot", "processes": [info("api", "ready")]}))));
    let backend = Devenv::connect(&manager.runtime()).unwrap();
    let watched = Watched::all(&backend, 0);
    watched.wait_for_state("api", "running");
    manager.die();
    manager.start(|_, stream| {
        // It says nothing until whoever asks is tired of it.
        let _tired = std::io::Read::read(stream, &mut [0]);
    });
    let error = backend.list().unwrap_err();
    assert!(error.message().ends_with("did not answer within 2 s"), "{error:?}");
    watched.wait_for_event("silence", |event| matches!(event, Event::Silent(_)));
}

#[test]
fn numbers_are_read_from_the_files_of_the_guardians_and_from_them_what_processes_use() {
    let mut manager = Manager::none();
    manager.start(streaming(|stream| {
        say(stream, &json!({"event": "snapshot", "processes": [info("api", "ready"), info("web", "ready")]}));
    }));
    let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let begun: u64 = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().parse().unwrap();
    let guardians = manager.runtime().join("processes/guardians");
    std::fs::create_dir(&guardians).unwrap();
    let keep = |file: &str, name: &str, begun: u64| {
        let text = json!({"name": name, "session_id": child.id(), "leader_start": begun, "owner_pid": 1}).to_string();
        std::fs::write(guardians.join(file), text).unwrap();
    };
    keep("e74fc019056aae07.json", "api", begun);
    // Somebody else has that number by now.
    keep("5ea0e11948721ef1.json", "web", begun + 1);
    let backend = Devenv::connect(&manager.runtime()).unwrap();
    let api = backend.list().unwrap().remove(0);
    assert_eq!((api.name.as_str(), api.pid), ("api", Some(child.id())));
    assert!(api.started.is_some() && api.usage.is_some_and(|usage| usage.memory > 0), "{api:?}");
    let watched = Watched::all(&backend, 0);
    watched.wait_for("api", "measured", |api| api.pid == Some(child.id()) && api.usage.is_some_and(|usage| usage.memory > 0));
    watched.wait_for("web", "no number", |web| web.pid.is_none() && web.usage.is_none());
    std::fs::write(guardians.join("e74fc019056aae07.json"), "{ half").unwrap();
    watched.wait_for("api", "no number any more", |api| api.pid.is_none() && api.usage.is_none());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_restart_is_shown_although_the_manager_does_not_tell() {
    let mut manager = Manager::none();
    let (done, may_end) = std::sync::mpsc::channel::<()>();
    let may_end = Mutex::new(may_end);
    manager.start(move |question, stream| match question["command"].as_str().unwrap() {
        "attach" => say(stream, &json!({"event": "snapshot", "processes": [info("api", "ready")]})),
        "restart" => {
            may_end.lock().unwrap().recv().unwrap();
            say(stream, &json!({"status": "ok"}));
        }
        _ => say(stream, &json!({"status": "process_list", "processes": [info("api", "ready")]})),
    });
    let backend = Devenv::connect(&manager.runtime()).unwrap();
    let watched = Watched::all(&backend, 0);
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| backend.act(Action::Restart, &names(&["api"])).unwrap());
        watched.wait_for("api", "restarting", |api| api.why.as_deref() == Some("restarting") && api.state.word() == "starting");
        done.send(()).unwrap();
        assert_eq!(asked.join().unwrap().done, ["api"]);
    });
    watched.wait_for("api", "runs", |api| api.why.is_none() && api.state.word() == "running");
}

#[test]
fn a_manager_without_a_stream_is_asked_and_its_files_are_read() {
    let mut manager = Manager::none();
    let file = |text: &str| std::fs::write(manager.log("api.stdout.log"), text).unwrap();
    file("one\ntwo\n");
    let log = manager.log("api.stdout.log");
    manager.start(|question, stream| match question["command"].as_str().unwrap() {
        "list" => {
            say(stream, &json!({"status": "process_list", "processes": [{"name": "api", "phase": "ready", "restart_count": 1}]}));
        }
        "start" if question.get("names").is_some() => {
            say(stream, &json!({"status": "error", "message": "invalid request: missing field `name` at line 1 column 35"}));
        }
        "start" | "stop" => say(stream, &json!({"status": "ok"})),
        _ => say(stream, &unknown(question)),
    });
    let backend = Devenv::connect(&manager.runtime()).unwrap();
    assert!(backend.place().ends_with("(devenv before 2.2)"));
    let watched = Watched::all(&backend, 1);
    watched.wait_for_line("api", "two");
    assert_eq!((watched.process("api").restarts, watched.said("api").len()), (1, 1));
    // It was started anew.
    std::fs::write(&log, "x\n").unwrap();
    watched.wait_for_line("api", "x");
    assert_eq!(backend.act(Action::Start, &names(&["api"])).unwrap().done, ["api"]);
    assert_eq!(backend.logs("api", 5).unwrap()[0].text, "x");
    manager.die();
    watched.wait_for_event("the end", |event| *event == Event::Ended);
}

#[test]
fn the_first_version_can_only_wait_but_its_files_say_something() {
    let mut manager = Manager::none();
    std::fs::write(manager.log("api.stdout.log"), "hello\n").unwrap();
    manager.start(|question, stream| say(stream, &unknown(question)));
    let backend = Devenv::connect(&manager.runtime()).unwrap();
    let watched = Watched::all(&backend, 5);
    watched.wait_for_line("api", "hello");
    assert_eq!(watched.process("api").state.word(), "not told");
    let refused = backend.act(Action::Restart, &names(&["api"])).unwrap().refused;
    assert_eq!(refused[0].why, "this devenv is too old for that (2.1 does it)");
}

fn place_with_link(manager: &Manager) -> (tempfile::TempDir, Place) {
    let project = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(project.path().canonicalize().unwrap()).unwrap();
    std::fs::create_dir(root.join(".devenv")).unwrap();
    std::os::unix::fs::symlink(manager.runtime(), root.join(".devenv/run")).unwrap();
    (project, Place::of(&root))
}

/// No variables, and no other directory of temporary files than an empty one.
fn nothing(place: &Place) -> Surroundings {
    Surroundings { variables: std::collections::BTreeMap::new(), temporary: place.root.join("t") }
}

#[test]
fn a_socket_whose_maker_is_gone_is_named_and_one_that_says_nothing_is_passed_over() {
    let mut manager = Manager::none();
    manager.start(|_, _| {});
    manager.die();
    let (_project, place) = place_with_link(&manager);
    let found = discover_in(&place, &nothing(&place));
    assert!(found.live.is_empty() && found.passed_over.is_empty());
    assert_eq!(found.stale, [manager.socket()]);
}

#[test]
fn a_manager_of_another_project_is_left_alone() {
    // It works in the directory of these tests, which is not the project.
    let mut manager = Manager::none();
    manager.start(streaming(|_| {}));
    let (_project, place) = place_with_link(&manager);
    let found = discover_in(&place, &nothing(&place));
    if cfg!(target_os = "linux") {
        assert!(found.live.is_empty() && manager.asked().is_empty());
        assert_eq!(found.passed_over[0].why, "it runs the processes of another project");
    }
}

/// A manager that is a process, and does on SIGTERM what it is told.
const PROCESS: &str = r#"
import os, signal, socket, sys
runtime, ending = sys.argv[1:]
path = runtime + "/processes/native.sock"
listener = socket.socket(socket.AF_UNIX); listener.bind(path); listener.listen(8)
def end(*_):
    if ending == "ends":
        os.unlink(path); sys.exit(0)
signal.signal(signal.SIGTERM, end)
open(runtime + "/processes/native-manager.pid", "w").write(str(os.getpid()))
while True:
    stream, _ = listener.accept()
    try:
        if stream.makefile().readline():
            stream.sendall(b'{"status":"mode","mode":"daemon"}\n')
    except OSError:
        pass
    stream.close()
"#;

#[test]
fn everything_is_ended_by_ending_the_process_that_listens() {
    if !tools::have("devenv_runner::everything_is_ended", &["python3"]) {
        return;
    }
    let manager = Manager::none();
    let mut command = Command::new("python3");
    command.args(["-c", PROCESS, manager.runtime().as_str(), "ends"]);
    let running = Running::start(&mut command, manager.log("out").as_std_path());
    let deadline = Instant::now() + Duration::from_secs(60);
    let backend = loop {
        match Devenv::connect(&manager.runtime()) {
            Ok(backend) => break backend,
            Err(error) => assert!(Instant::now() < deadline, "{error}\n{}", running.said()),
        }
    };
    // The number of another process is not believed.
    let file = manager.runtime().join("processes/native-manager.pid");
    std::fs::write(&file, std::process::id().to_string()).unwrap();
    if cfg!(target_os = "linux") {
        let error = backend.shut_down().unwrap_err();
        assert!(error.message().ends_with("another process listens there than its file says"), "{error:?}");
    }
    std::fs::remove_file(&file).unwrap();
    backend.shut_down().unwrap();
    assert!(backend.list().unwrap_err().message().starts_with("nothing runs at"));
}
