//! The dashboard by its keys and its pictures.

mod builds;
mod hostile;
mod logs;
mod news;
mod pictures;
mod project;

use std::sync::Arc;

use camino::Utf8PathBuf;
use pretty_assertions::assert_eq;

use super::{Leaving, Opening};
use crate::process::event::Refusal;
use crate::process::{Action, Event, Exit, LogLine, NamedPort, Outcome, Process, ProcessState, Stream, Usage};
use crate::tui::desk::News;
use crate::tui::effect::{Effect, Ending};
use crate::tui::keymap::Context;
use crate::tui::modal::Modal;
use crate::tui::msg::{Done, Mouse, Msg};
use crate::tui::rehearsal::Rehearsal;
use crate::ui::screen::Mouse as Whose;

const NOW: u64 = 1_767_225_600_000;

fn opening(declared: Vec<Process>) -> Opening {
    Opening::of("my-bot", declared)
}

fn dash_of(opening: Opening, size: (u16, u16)) -> Rehearsal {
    // No line of a test gets to disk.
    let mut dash = Rehearsal::new(opening, size, (1 << 24, Utf8PathBuf::from("/dev/null/logs")));
    dash.send(Msg::Clock(NOW));
    dash
}

/// A project in which things go well and badly.
fn processes() -> Vec<Process> {
    let port = |name: &str, port| NamedPort { name: name.to_owned(), port };
    let usage = |cpu, memory| Some(Usage { cpu, memory });
    let named = Process::new;
    vec![
        Process {
            ports: vec![port("postgres", 5432)],
            started: Some(NOW - 7_265_000),
            usage: usage(1.2, 52_428_800),
            has_probe: true,
            pid: Some(4711),
            ..named("postgres", ProcessState::Ready)
        },
        Process {
            exit: Some(Exit::Code(1)),
            why: Some("port 3000 is taken by `node` (pid 99)".into()),
            restarts: 5,
            ..named("api", ProcessState::Failed)
        },
        Process {
            ports: vec![port("http", 5173)],
            started: Some(NOW - 42_000),
            usage: usage(12.7, 210_000_000),
            pid: Some(4713),
            ..named("web", ProcessState::Running)
        },
        Process {
            started: Some(NOW - 31_000),
            has_probe: true,
            why: Some("GET /healthz says 503".into()),
            ..named("worker", ProcessState::Starting)
        },
        Process { why: Some("needs `api`".into()), ..named("e2e", ProcessState::Skipped) },
        Process { exit: Some(Exit::Code(0)), ..named("migrate", ProcessState::Completed) },
    ]
}

fn running(size: (u16, u16)) -> Rehearsal {
    let mut dash = dash_of(opening(Vec::new()), size);
    dash.send(Msg::Attached("process-compose, 1.110.0 at ./pc.sock".into()));
    dash.send(Msg::Process(Event::Snapshot(processes())));
    dash
}

fn line(process: &str, text: &str) -> LogLine {
    LogLine { process: Arc::from(process), stream: Stream::Output, time: Some(NOW), text: text.to_owned() }
}

fn text(dash: &Rehearsal) -> String {
    dash.picture().to_string()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn done(action: Action, processes: &[&str], outcome: Result<Outcome, String>) -> Msg {
    Msg::Done(Box::new(Done { action, processes: names(processes), outcome }))
}

#[test]
fn screens_are_reached_by_number_by_tab_and_by_click() {
    let mut dash = running((80, 24));
    for (keys, context) in [
        ("2", Context::Processes),
        ("3", Context::Logs),
        ("backtab", Context::Processes),
        ("tab", Context::Logs),
        ("1", Context::Overview),
    ] {
        assert_eq!(dash.press(keys), [], "{keys}");
        assert_eq!(dash.model.context(), context);
    }
    dash.send(Msg::Mouse(Mouse::Click(16, 0)));
    assert_eq!(dash.model.context(), Context::Processes);
    assert_eq!(dash.press("q"), [Effect::End(Ending::Cancelled)]);
    assert_eq!(dash.press("ctrl-c"), [Effect::End(Ending::Interrupted)]);
}

#[test]
fn processes_are_started_stopped_restarted_and_sent_signals() {
    let mut dash = running((80, 24));
    assert_eq!(dash.press("2 j r"), [Effect::Act(Action::Restart, names(&["api"]))]);
    assert_eq!(dash.press("G s"), [Effect::Act(Action::Start, names(&["migrate"]))]);
    assert_eq!(dash.press("g space space x"), [Effect::Act(Action::Stop, names(&["postgres", "api"]))]);
    assert_eq!(dash.press("esc j S"), []);
    assert!(matches!(dash.model.modals.as_slice(), [Modal::Menu(_)]));
    assert_eq!(dash.press("j j enter"), [Effect::Act(Action::Signal(15), names(&["worker"]))]);
    assert_eq!(dash.press("g c"), [Effect::Copy("localhost:5432".into())]);
    assert_eq!(dash.press("A"), [Effect::Act(Action::Start, vec![])]);
}

#[test]
fn stopping_everything_is_asked_about() {
    let mut dash = running((80, 24));
    assert_eq!(dash.press("X"), []);
    let Some(Modal::Confirm(confirm)) = dash.model.modals.last() else { unreachable!() };
    assert_eq!(
        (confirm.question.as_str(), confirm.facts.as_slice()),
        ("Stop 3 processes?", &["postgres, web, worker".to_owned()][..])
    );
    assert_eq!(dash.press("n X y"), [Effect::Act(Action::Stop, vec![])]);
    assert!(text(&dash).contains("asked by you"));
    let mut dash = dash_of(Opening { leaving: Leaving::Stop, ..opening(processes()) }, (80, 24));
    assert_eq!(dash.press("q"), []);
    assert_eq!(dash.press("y"), [Effect::End(Ending::Cancelled)]);
}

#[test]
fn what_we_asked_for_is_shown_as_ours_and_no_failure() {
    let mut dash = running((140, 40));
    dash.press("2 j j x");
    assert!(text(&dash).contains("stopping: asked by you"), "{}", text(&dash));
    dash.send(done(Action::Stop, &["web"], Ok(Outcome { done: names(&["web"]), refused: vec![] })));
    let ended = Process { exit: Some(Exit::Signal(15)), ..Process::new("web", ProcessState::Failed) };
    dash.send(Msg::Process(Event::Changed(ended)));
    assert!(text(&dash).contains("stopped: by you, SIGTERM"), "{}", text(&dash));
    // It fails by itself after it was started again.
    dash.press("s");
    let alive = Process { started: Some(NOW), ..Process::new("web", ProcessState::Running) };
    dash.send(Msg::Process(Event::Changed(alive)));
    let failed = Process { exit: Some(Exit::Code(2)), ..Process::new("web", ProcessState::Failed) };
    dash.send(Msg::Process(Event::Changed(failed)));
    assert!(text(&dash).contains("failed: exit code 2"), "{}", text(&dash));
}

#[test]
fn a_restart_that_ends_in_failure_is_one() {
    let mut dash = running((80, 24));
    dash.press("2 j j r");
    assert!(text(&dash).contains("restarting: asked by you"), "{}", text(&dash));
    let failed = Process { exit: Some(Exit::Code(2)), ..Process::new("web", ProcessState::Failed) };
    dash.send(Msg::Process(Event::Changed(failed)));
    dash.send(done(Action::Restart, &["web"], Ok(Outcome { done: names(&["web"]), refused: vec![] })));
    assert!(text(&dash).contains("failed: exit code 2"), "{}", text(&dash));
}

#[test]
fn what_was_refused_is_said() {
    let mut dash = running((80, 24));
    dash.press("2 x");
    let refused = vec![Refusal { process: "postgres".into(), why: "it is needed".into() }];
    dash.send(done(Action::Stop, &["postgres"], Ok(Outcome { done: vec![], refused })));
    assert_eq!(dash.model.toast.as_deref(), Some("Could not stop postgres: it is needed"));
    assert!(text(&dash).contains("ready") && !text(&dash).contains("asked by you"));
    dash.press("r");
    dash.send(done(Action::Restart, &["postgres"], Err("the socket is gone".into())));
    assert_eq!(dash.model.toast.as_deref(), Some("Could not restart postgres: the socket is gone"));
    assert!(!text(&dash).contains("asked by you"));
}

#[test]
fn a_runner_that_is_silent_or_gone_is_said_on_every_screen() {
    let mut dash = running((80, 24));
    dash.send(Msg::Process(Event::Silent("connection refused".into())));
    for key in ["1", "2", "3"] {
        dash.press(key);
        assert!(text(&dash).contains("does not answer, so this may be old: connection refused"), "{key}");
    }
    dash.send(Msg::Process(Event::Ended));
    dash.press("2");
    let shown = text(&dash);
    assert!(shown.contains("nothing runs") && !shown.contains("ready") && shown.contains("failed"), "{shown}");
}

#[test]
fn what_waits_when_the_runner_goes_is_stopped_with_it() {
    let mut dash = running((80, 24));
    let waiting = Process { why: Some("waits for `db`".into()), ..Process::new("web", ProcessState::Pending) };
    let again = Process { exit: Some(Exit::Code(1)), ..Process::new("api", ProcessState::Backoff) };
    dash.send(Msg::Process(Event::Snapshot(vec![waiting, again, Process::new("other", ProcessState::Unknown("Foo".into()))])));
    assert!(text(&dash).contains("waits for `db`"), "{}", text(&dash));
    dash.send(Msg::Process(Event::Ended));
    let shown = text(&dash);
    assert!(shown.contains("3 processes, 3 stopped") && shown.contains("Start everything"), "{shown}");
    assert!(!shown.contains("waits for"), "{shown}");
}

#[test]
fn what_is_declared_anew_is_shown_while_nobody_runs_it() {
    let stopped = |name: &str| Process::new(name, ProcessState::Stopped);
    let declare = |dash: &mut Rehearsal, declared| dash.send(Msg::Desk(Box::new(News::Declared(declared))));
    let mut dash = dash_of(opening(vec![stopped("web"), stopped("old")]), (80, 24));
    dash.press("2");
    declare(&mut dash, Ok(vec![stopped("db"), stopped("web")]));
    let shown = text(&dash);
    assert!(shown.contains("db") && shown.contains("web") && !shown.contains("old"), "{shown}");
    declare(&mut dash, Err("`nixstart.toml`: service `web` has no `command`".into()));
    let shown = text(&dash);
    assert!(shown.contains("! `nixstart.toml`: service `web` has no `command`") && shown.contains("db"), "{shown}");
    // A runner knows better, until it goes; how processes have ended stays known.
    dash.send(Msg::Attached("nixstart".into()));
    let failed = Process { exit: Some(Exit::Code(1)), ..Process::new("web", ProcessState::Failed) };
    dash.send(Msg::Process(Event::Snapshot(vec![failed, Process::new("theirs", ProcessState::Running)])));
    declare(&mut dash, Ok(vec![stopped("web"), stopped("new")]));
    assert!(!text(&dash).contains("new") && !text(&dash).contains("no `command`"), "{}", text(&dash));
    dash.send(Msg::Process(Event::Ended));
    let shown = text(&dash);
    assert!(shown.contains("exit code 1") && shown.contains("new") && shown.contains("theirs"), "{shown}");
}

#[test]
fn the_overview_says_what_to_do_and_does_it() {
    let mut dash = running((80, 24));
    dash.say(&[
        line("api", "starting"),
        line("api", "Error: listen EADDRINUSE"),
        line("api", "bye"),
        line("web", "Error: other"),
    ]);
    dash.press("g enter");
    assert_eq!(dash.model.context(), Context::Logs);
    assert!(text(&dash).contains(">!Error: listen") && !text(&dash).contains("other"), "{}", text(&dash));
    assert_eq!(dash.press("1 j j j enter"), [Effect::Act(Action::Restart, names(&["api"]))]);
    let stopped = ["api", "web"].map(|name| Process::new(name, ProcessState::Stopped)).into();
    let mut dash = dash_of(opening(stopped), (60, 15));
    assert!(text(&dash).contains("Start everything  (A)") && text(&dash).contains("nothing runs"), "{}", text(&dash));
    assert_eq!(dash.press("enter"), [Effect::Act(Action::Start, vec![])]);
}

#[test]
fn how_long_it_took_to_be_ready_is_remembered() {
    let mut dash = running((80, 24));
    let ready = Process { started: Some(NOW - 31_500), ..Process::new("worker", ProcessState::Ready) };
    dash.send(Msg::Process(Event::Changed(ready)));
    assert!(text(&dash).contains("worker 31.5s"), "{}", text(&dash));
}

#[test]
fn the_mouse_is_given_to_the_terminal_and_taken_back() {
    let mut dash = running((80, 24));
    assert_eq!(dash.press("M"), [Effect::Mouse(Whose::Terminals)]);
    assert_eq!(dash.press("M"), [Effect::Mouse(Whose::Ours)]);
    dash.press("2");
    dash.send(Msg::Mouse(Mouse::Click(3, 5)));
    assert_eq!(dash.press("r"), [Effect::Act(Action::Restart, names(&["web"]))]);
    dash.send(Msg::Mouse(Mouse::WheelDown(3, 5)));
    assert_eq!(dash.press("r"), [Effect::Act(Action::Restart, names(&["worker"]))]);
}

#[test]
fn the_palette_does_what_its_words_say() {
    let mut dash = running((80, 24));
    dash.press("2 : r e s t a r t");
    assert!(text(&dash).contains("Restart it"), "{}", text(&dash));
    assert_eq!(dash.press("enter"), [Effect::Act(Action::Restart, names(&["postgres"]))]);
    assert_eq!(dash.press("ctrl-p q z x enter"), []);
    assert!(dash.model.modals.is_empty());
    // What belongs to another screen leads there, and does nothing to what nobody has seen.
    dash.press("1 : r e s t a r t");
    assert!(text(&dash).contains("2 r         Processes: Restart it"), "{}", text(&dash));
    assert_eq!(dash.press("enter"), []);
    assert_eq!(dash.model.context(), Context::Processes);
    assert!(text(&dash).contains("Restart it: r"), "{}", text(&dash));
}

#[test]
fn only_what_is_seen_to_count_time_is_drawn_every_second() {
    let mut dash = running((80, 24));
    assert!(dash.model.is_counting());
    dash.press("3");
    assert!(!dash.model.is_counting());
    let still = vec![Process::new("api", ProcessState::Stopped)];
    assert!(!dash_of(opening(still), (80, 24)).model.is_counting());
}

#[test]
fn nothing_new_is_not_drawn() {
    let mut dash = running((80, 24));
    dash.model.is_dirty = false;
    dash.send(Msg::Clock(NOW + 1));
    dash.send(Msg::Process(Event::Snapshot(processes())));
    dash.send(Msg::Process(Event::Changed(processes().remove(0))));
    dash.say(&[line("api", "x")]);
    assert!(!dash.model.is_dirty);
}
