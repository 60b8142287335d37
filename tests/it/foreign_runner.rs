//! The commands on processes that somebody else runs: the real process-compose, as it should be and as it should not.

use std::path::PathBuf;

use pretty_assertions::assert_eq;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::pty::Terminal;
use crate::support::services::{Services, wait_until};
use crate::support::{Sandbox, tools};

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
