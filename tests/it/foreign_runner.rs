//! The commands on a runner that is not as it should be, and on processes that somebody else runs: the real process-compose.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::Child;

use pretty_assertions::assert_eq;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::pty::Terminal;
use crate::support::services::{Services, wait_until};
use crate::support::{Sandbox, canary, files_below, tools};

/// Runs until it is stopped, and says so.
const FOREVER: &str = "exec 2>/dev/null; trap 'echo bye; exit 0' TERM; echo hello; while :; do sleep 0.05; done";

/// A project of process-compose, with that on PATH; it is noted when it could not be had.
fn project(test: &str, processes: &str) -> Option<Services> {
    let directory = tools::cache().join("process-compose/1.120.0");
    if !directory.join("process-compose").is_file() {
        tools::note_missing(&format!("foreign_runner::{test}"), "process-compose 1.120.0");
        return None;
    }
    let sandbox = Sandbox::new();
    sandbox.write("p/process-compose.yaml", &format!("version: '0.5'\nprocesses:\n{processes}"));
    let path = std::env::var_os("PATH").unwrap();
    let directories = std::iter::once(directory).chain(std::env::split_paths(&path));
    let log = PathBuf::from("/dev/null").into_os_string();
    let variables = vec![("PATH".to_owned(), std::env::join_paths(directories).unwrap()), ("PC_LOG_FILE".to_owned(), log)];
    Some(Services::of(sandbox, variables))
}

fn web() -> String {
    format!("  web: {{ command: \"{FOREVER}\" }}\n")
}

/// The process-compose of a project.
fn runner(project: &Services) -> i32 {
    let is_it = |pid: &i32| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        name.trim_end() == "process-compose"
    };
    project.alive().into_iter().find(is_it).expect("there is no process-compose")
}

fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

#[test]
fn a_runner_that_hangs_is_there_all_the_same() {
    let Some(project) = project("a_runner_that_hangs", &web()) else { return };
    project.run(&["up", "-d"]).expect(0);
    assert!(wait_until(|| project.run(&["logs", "web"]).stdout == "web | hello\n"));
    // What is kept of a former process.
    project.run(&["down"]).expect(0);
    project.run(&["up", "-d"]).expect(0);
    let runner = runner(&project);
    signal(runner, Signal::STOP);
    for command in [&["down"][..], &["stop", "web"], &["start", "web"], &["restart", "web"], &["ps"]] {
        let run = project.run(command).expect(1).says("did not answer within 2 s, so it is not known what runs in this project");
        run.says("look at the runner itself: it may hang");
    }
    let before = project.alive().len();
    project.run(&["up", "-d"]).expect(1).says("did not answer within 2 s").says("nothing was started beside it");
    assert_eq!(project.alive().len(), before);
    let logs = project.run(&["logs"]).expect(0).says("did not answer within 2 s").says("only what is kept on disk is shown");
    assert!(logs.stdout.starts_with("web | hello\n"), "{}", logs.stdout);
    signal(runner, Signal::CONT);
    project.run(&["down"]).expect(0).says("Everything is stopped");
    project.expect_nobody();
}

#[test]
fn a_process_whose_lines_cannot_be_had_takes_none_of_the_others_with_it() {
    let slash = format!("  a/b: {{ command: \"{FOREVER}\" }}\n");
    let Some(project) = project("a_process_whose_lines", &(slash + &web())) else { return };
    project.run(&["up", "-d"]).expect(0);
    assert!(wait_until(|| project.run(&["logs", "web"]).stdout.contains("hello")));
    let logs = project.run(&["logs"]).expect(0).says("warning: what `a/b` says cannot be read");
    assert_eq!(logs.stdout, "web | hello\n");
    project.run(&["logs", "a/b"]).expect(1).says("error: what `a/b` says cannot be read");
    project.run(&["down"]).expect(0).says("warning: what was said last could not be kept");
    assert!(project.run(&["logs", "web"]).expect(0).stdout.starts_with("web | hello\n"));
    project.expect_nobody();
}

#[test]
fn the_dashboard_does_not_say_that_nothing_runs_beside_a_runner_that_hangs() {
    let Some(project) = project("the_dashboard", &web()) else { return };
    project.run(&["up", "-d"]).expect(0);
    let runner = runner(&project);
    signal(runner, Signal::STOP);
    let mut terminal = Terminal::of(&project.command(&["dash"]), (24, 100));
    terminal.wait_for("it is not known what runs").wait_for("did not answer within 2 s");
    signal(runner, Signal::CONT);
    terminal.wait_for("web running").send("q");
    assert_eq!(terminal.end().code, 0);
    project.run(&["down"]).expect(0);
    project.expect_nobody();
}

#[test]
fn a_runner_that_wants_a_token_is_there_all_the_same() {
    let Some(project) = project("a_runner_that_wants_a_token", &web()) else { return };
    let file = project.sandbox.work().join("token");
    std::fs::write(&file, "x".repeat(32)).unwrap();
    let mut up = project.command(&["up", "-d"]);
    let up = crate::support::run(up.env("PC_API_TOKEN_PATH", &file), "");
    up.expect(0);
    project.run(&["down"]).expect(1).says("asks for a token").says("set `PC_API_TOKEN`");
    project.run(&["up"]).expect(1).says("asks for a token").says("nothing was started beside it");
    let mut down = project.command(&["down"]);
    crate::support::run(down.env("PC_API_TOKEN_PATH", &file), "").expect(0).says("Everything is stopped");
    project.expect_nobody();
}

/// What a child has said, and its exit code.
fn end(mut child: Child) -> (String, String, Option<i32>) {
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    let err = err.split_whitespace().collect::<Vec<_>>().join(" ");
    (out, err, child.wait().unwrap().code())
}

/// The next lines that a child says on standard output, until one ends so.
#[track_caller]
fn wait_for_line(out: &mut impl BufRead, end: &str) -> String {
    out.lines().map(Result::unwrap).find(|line| line.ends_with(end)).unwrap_or_else(|| panic!("`{end}` was not said"))
}

fn starts_up(project: &Services) -> Child {
    let mut up = project.spawn(&["up", "--no-tui"]);
    wait_for_line(&mut BufReader::new(up.stdout.as_mut().unwrap()), "hello");
    up
}

fn pid_of(child: &Child) -> i32 {
    i32::try_from(child.id()).unwrap()
}

#[test]
fn what_processes_say_is_in_no_file_with_its_secrets_and_fills_no_disk() {
    let talk = "  web: { command: \"printenv API_KEY; printenv API_KEY >&2; seq 500000; echo said; exec sleep 1000\" }\n";
    let Some(project) = project("what_processes_say", talk) else { return };
    project.sandbox.write("p/.env", &format!("API_KEY={}\n", canary()));
    project.run(&["up", "-d"]).expect(0);
    assert!(wait_until(|| project.run(&["logs", "web", "-n", "1"]).stdout == "web | said\n"));
    let holds_secret = || {
        let runtime = files_below(&project.sandbox.work().join("run"));
        let in_runtime = runtime.values().any(|bytes| String::from_utf8_lossy(bytes).contains(&canary()));
        in_runtime || project.sandbox.remembered().contains(&canary())
    };
    let bytes = || -> usize { files_below(&project.sandbox.state()).values().map(Vec::len).sum() };
    assert!(!holds_secret() && bytes() < 1 << 20, "{} bytes", bytes());
    project.run(&["down"]).expect(0);
    assert!(!holds_secret() && project.sandbox.remembered().contains("said"));
}

#[test]
fn a_runner_that_cannot_start_says_why() {
    let Some(project) = project("a_runner_that_cannot_start", "  web: [\n") else { return };
    project
        .run(&["up", "-d"])
        .expect(1)
        .says("the runner did not come up")
        .says("Failed to parse")
        .says("process-compose` has ended");
}

#[test]
fn a_runner_that_dies_is_a_failure_of_up() {
    let Some(project) = project("a_runner_that_dies", &web()) else { return };
    let up = starts_up(&project);
    signal(runner(&project), Signal::KILL);
    let (_, err, code) = end(up);
    assert_eq!(code, Some(5), "{err}");
    assert!(err.contains("process-compose at `") && err.contains("has ended, and nobody here has asked it to"), "{err}");
    assert!(err.contains("process-compose` has ended (signal: 9"), "{err}");
    project.expect_nobody();
}

#[test]
fn our_own_runner_that_dies_is_one_too() {
    let project = Services::new(&format!("[services.web]\ncommand = \"{FOREVER}\"\n"));
    let up = starts_up(&project);
    let is_runner = |pid: &i32| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
        words.get(1..3) == Some(&[&b"runner"[..], b"--supervise"])
    };
    signal(project.alive().into_iter().find(is_runner).expect("there is no runner"), Signal::KILL);
    let (_, err, code) = end(up);
    assert_eq!(code, Some(5), "{err}");
    assert!(err.contains("builtin at `") && err.contains("has ended, and nobody here has asked it to"), "{err}");
    project.expect_nobody();
}

#[test]
fn one_that_is_ended_from_elsewhere_is_none() {
    let processes = format!("{}  deaf: {{ command: \"exec sleep 1000\" }}\n", web());
    let Some(project) = project("one_that_is_ended", &processes) else { return };
    let up = starts_up(&project);
    project.run(&["down"]).expect(0);
    let (_, err, code) = end(up);
    assert_eq!(code, Some(0), "{err}");
    project.expect_nobody();
}

#[test]
fn what_was_said_while_up_was_in_front_is_kept() {
    let Some(project) = project("what_was_said", &web()) else { return };
    let up = starts_up(&project);
    signal(pid_of(&up), Signal::INT);
    let (_, err, code) = end(up);
    assert_eq!(code, Some(130), "{err}");
    project.expect_nobody();
    assert!(project.run(&["logs", "web"]).expect(0).stdout.starts_with("web | hello\n"));
}

#[test]
fn lines_of_a_process_that_is_no_more_are_read_from_disk() {
    let old = format!("{}  old: {{ command: \"echo of old; exec sleep 1000\" }}\n", web());
    let Some(project) = project("lines_of_a_process", &old) else { return };
    project.run(&["up", "-d"]).expect(0);
    assert!(wait_until(|| project.run(&["logs", "old"]).stdout == "old | of old\n"));
    project.run(&["down"]).expect(0);
    project.sandbox.write("p/process-compose.yaml", &format!("version: '0.5'\nprocesses:\n{}", web()));
    project.run(&["up", "-d"]).expect(0);
    assert!(wait_until(|| project.run(&["logs", "web"]).expect(0).stdout == "web | hello\n"));
    assert_eq!(project.run(&["logs", "old"]).expect(0).stdout, "old | of old\n");
    let all = project.run(&["logs"]).expect(0).stdout;
    assert!(all.contains("old | of old\n") && all.contains("web | hello\n"), "{all}");
    let dashboard = project.run(&["dash"]).expect(0).stdout;
    assert!(dashboard.contains("old | of old\n") && dashboard.contains("web | hello\n"), "{dashboard}");
}

#[test]
fn what_nobody_tells_of_a_line_leaves_it_in_and_is_said() {
    let talk =
        "  web: { command: \"seq -f hit-%g 3; seq 500; until test -e go; do sleep 0.05; done; echo late; exec sleep 1000\" }\n";
    let Some(project) = project("what_nobody_tells", talk) else { return };
    project.run(&["up", "-d"]).expect(0);
    assert!(wait_until(|| project.run(&["logs", "-n", "1"]).stdout == "web | 500\n"));
    assert_eq!(project.run(&["logs", "--grep", "hit", "-n", "2"]).expect(0).stdout, "web | hit-2\nweb | hit-3\n");
    let stderr = project.run(&["logs", "--stderr", "-n", "1"]).expect(0).says("does not tell what is said on standard error");
    assert_eq!(stderr.stdout, "web | 500\n");
    let since = project.run(&["logs", "--since", "1s", "-n", "1"]).expect(0).says("does not tell when lines were said");
    assert_eq!(since.stdout, "web | 500\n");
    let mut logs = project.spawn(&["logs", "-f", "--json", "--grep", "hit|late", "-n", "1"]);
    let mut out = BufReader::new(logs.stdout.take().unwrap());
    let mut next = || -> Value { serde_json::from_str(&wait_for_line(&mut out, "}")).unwrap() };
    let before = next();
    assert_eq!((before["text"].as_str(), before["time"].as_u64()), (Some("hit-3"), None));
    project.sandbox.write("p/go", "");
    let late = next();
    assert_eq!(late["text"], "late");
    assert!(late["time"].is_u64(), "{late}");
    project.run(&["down"]).expect(0);
    logs.wait().unwrap();
    let kept = project.run(&["logs", "--stderr", "-n", "1"]).expect(0).says("does not tell what is said on standard error");
    assert_eq!(kept.stdout, "web | late\n");
}

#[test]
fn one_that_may_fail_ends_nothing() {
    let processes =
        "  job: { command: \"exit 3\" }\n  web: { command: \"until test -e job.seen; do sleep 0.05; done; echo hello\" }\n";
    let Some(project) = project("one_that_may_fail", processes) else { return };
    let declared = |required: bool| {
        let text = format!("[services.job]\ncommand = 'exit 3'\nrequired = {required}\n[services.web]\ncommand = 'true'\n");
        project.sandbox.write("p/nixstart.toml", &text);
    };
    declared(true);
    project.run(&["up", "--backend", "process-compose"]).expect(1).says("error: job has failed hint: nixstart logs job shows");
    declared(false);
    let up = project.spawn(&["up", "--backend", "process-compose"]);
    project.wait_for("job", "failed");
    project.sandbox.write("p/job.seen", "");
    let (out, err, code) = end(up);
    assert_eq!((out.as_str(), code), ("web | hello\n", Some(0)), "{err}");
}
