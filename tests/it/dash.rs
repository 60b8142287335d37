//! The dashboard on a terminal, over processes that our own runner runs: what a person sees, does and leaves behind.

use std::fs::{self, File, OpenOptions};

use rustix::process::{Pid, Signal, kill_process};

use crate::review::wait_until_stopped;
use crate::support::pty::Terminal;
use crate::support::services::{Services, wait_until};
use crate::wizard::is_restored;

const SIZE: (u16, u16) = (24, 100);
/// Says something and runs until it is stopped.
const FOREVER: &str = "exec 2>/dev/null; trap 'exit 0' TERM; echo hello from $NAME; while :; do sleep 0.05; done";

pub(crate) fn project() -> Services {
    Services::new(&format!(
        "[services.web]\ncommand = \"{FOREVER}\"\nenv = {{ NAME = 'web' }}\n\
         [services.broken]\ncommand = 'echo Error: the disk is on fire; exit 3'\nrequired = false\n"
    ))
}

/// The binary in the project, in a terminal.
fn open(project: &Services, arguments: &[&str]) -> Terminal {
    Terminal::of(&project.command(arguments), SIZE)
}

/// Keeps the settings of a terminal alive, so that they outlive the program.
fn hold(terminal: &Terminal) -> File {
    OpenOptions::new().read(true).write(true).open(terminal.device()).unwrap()
}

fn signal(terminal: &Terminal, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(terminal.process_id()).unwrap()).unwrap(), signal).unwrap();
}

#[test]
fn a_project_is_started_looked_at_searched_and_left_running() {
    let project = project();
    let mut terminal = open(&project, &["dash"]);
    terminal.wait_for("nothing runs").wait_for("Start everything").send("\r");
    terminal.wait_for("broken failed: exit code 3").wait_for("web running");
    // The overview leads to the error itself.
    terminal.send("g\r").wait_for("!Error: the disk is on fire");
    terminal.send("p").wait_for("[x] broken").send("g\r").wait_for("hello from web");
    terminal.send("/disk\r").wait_for("/disk/");
    terminal
        .send("2")
        .wait_for("1 broken")
        .send("g")
        .send("r")
        .wait_for("last end: exit code 0")
        .send("x")
        .wait_for("stopped: by you");
    terminal.send("s").wait_for("+ running").send("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    project.wait_for("web", "running");
    // Two look at the same.
    let (mut first, mut second) = (open(&project, &["dash", "web"]), open(&project, &["dash"]));
    first.wait_for("hello from web");
    second.wait_for("web running").send("X").wait_for("Stop 1 process?").send("y");
    first.send("2").wait_for("- stopped");
    first.send("q");
    second.send("q");
    assert_eq!((first.end().code, second.end().code), (0, 0));
}

#[test]
fn what_is_declared_while_the_dashboard_is_open_is_shown() {
    let project = project();
    let declared = project.sandbox.read("p/nixstart.toml");
    let mut terminal = open(&project, &["dash"]);
    terminal.send("2").wait_for("2 processes, 2 stopped");
    project.sandbox.write("p/nixstart.toml", &format!("{declared}[services.late]\ncommand = 'true'\n"));
    terminal.wait_for("3 processes, 3 stopped").wait_for("late");
    project.sandbox.write("p/nixstart.toml", &format!("{declared}[services.late]\ncomand = 'true'\n"));
    terminal.wait_for("`comand`").wait_for("3 processes, 3 stopped");
    terminal.send("q");
    assert_eq!(terminal.end().code, 0);
    // Opened over what cannot be understood, it says so, and knows better when it can be.
    let mut terminal = open(&project, &["dash"]);
    terminal.wait_for("`comand`").wait_for("nothing runs");
    project.sandbox.write("p/nixstart.toml", &declared);
    terminal.wait_for("2 processes, 2 stopped").send("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn what_up_shows_ends_with_it() {
    for keys in ["qy", "\x03"] {
        let project = project();
        let mut terminal = open(&project, &["up"]);
        terminal.wait_for("web running");
        let (device, _open) = (terminal.device(), hold(&terminal));
        for key in keys.chars() {
            terminal.send(&key.to_string());
        }
        let ended = terminal.end();
        assert_eq!(ended.code, if keys == "qy" { 0 } else { 130 }, "{}", ended.text);
        assert!(is_restored(&device));
        assert!(wait_until(|| project.alive().is_empty()), "{:?}", project.alive());
    }
}

#[test]
fn the_terminal_is_given_back_whatever_happens() {
    let project = project();
    project.run(&["up", "-d"]);
    let mut terminal = open(&project, &["dash"]);
    terminal.wait_for("web running");
    let (device, _open) = (terminal.device(), hold(&terminal));
    terminal.send("\x1a");
    wait_until_stopped(terminal.process_id());
    assert!(is_restored(&device));
    terminal.wait_until_given_back();
    let before = terminal.raw().len();
    signal(&terminal, Signal::CONT);
    terminal.wait_for_new(before, "web running");
    terminal.resize((1, 1)).resize((10, 40)).wait_for("are needed").resize((24, 100)).wait_for("web running");
    signal(&terminal, Signal::TERM);
    let ended = terminal.end();
    assert_eq!(ended.code, 130, "{}", ended.text);
    assert!(is_restored(&device));
    for left in ["\x1b[?1049l", "\x1b[?1000l"] {
        assert!(ended.raw.windows(left.len()).any(|window| window == left.as_bytes()), "{left:?}");
    }
    project.wait_for("web", "running");
}

#[test]
fn times_of_logs_are_those_of_whoever_looks_and_json_stays_in_utc() {
    let project = project();
    project.run(&["up", "-d"]);
    project.wait_for("broken", "failed");
    let said = project.run(&["logs", "broken", "--json"]).expect(0).stdout;
    let line: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    let (now, hour) = (line["time"].as_u64().unwrap() / 1000, 3600);
    let time = |seconds: u64| format!("{:02}:{:02}:{:02}.", seconds / hour % 24, seconds / 60 % 60, seconds % 60);
    for (zone, ahead) in [("XXX-3", 3), ("UTC", 0)] {
        let mut command = project.command(&["dash", "broken"]);
        command.env("TZ", zone);
        let mut terminal = Terminal::of(&command, SIZE);
        terminal.wait_for("the disk is on fire").send("t").wait_for(&time(now + ahead * hour)).send("q");
        assert_eq!(terminal.end().code, 0);
    }
}

#[test]
fn keys_of_ones_own_hold_and_a_mistake_is_named() {
    let project = project();
    let settings = |text: &str| {
        let directory = project.sandbox.home().join(".config/nixstart");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("config.toml"), text).unwrap();
    };
    settings("[keys]\ndash.leave = ['Z']\n");
    let mut terminal = open(&project, &["dash"]);
    terminal.wait_for("Z leave").send("q").send("Z");
    assert_eq!(terminal.end().code, 0);
    settings("[keys]\ndash.leav = ['Z']\n");
    let mut terminal = open(&project, &["dash"]);
    terminal.wait_for("config.toml:2: there is no action `leav`").wait_for("did you mean `leave`?");
    assert_eq!(terminal.end().code, 1);
}
