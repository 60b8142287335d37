//! What goes wrong while the dashboard is open: the screen says what is so, keys are answered, the terminal is given back, and
//! nobody is left behind.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::chown;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::review::wait_until_stopped;
use crate::support::pty::Terminal;
use crate::support::services::{Services, wait_until};
use crate::support::small_disk::SmallDisk;
use crate::support::stores::NOBODY;
use crate::support::tools;
use crate::wizard::is_restored;

const SIZE: (u16, u16) = (24, 100);
/// Says something and runs until it is stopped.
const FOREVER: &str = "exec 2>/dev/null; trap 'exit 0' TERM; echo hello; while :; do sleep 0.05; done";

fn project() -> Services {
    Services::new(&format!("[services.web]\ncommand = \"{FOREVER}\"\n"))
}

fn open(project: &Services, arguments: &[&str]) -> Terminal {
    Terminal::of(&project.command(arguments), SIZE)
}

/// Keeps the settings of a terminal alive, so that they outlive the program.
fn hold(terminal: &Terminal) -> File {
    OpenOptions::new().read(true).write(true).open(terminal.device()).unwrap()
}

fn pid_of(terminal: &Terminal) -> i32 {
    i32::try_from(terminal.process_id()).unwrap()
}

fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// Our own processes of a project but for those behind terminals.
fn runners(project: &Services, but: &[i32]) -> Vec<i32> {
    let is_named = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == "nixstart");
    project.alive().into_iter().filter(|pid| is_named(pid) && !but.contains(pid)).collect()
}

#[test]
fn a_runner_that_dies_and_one_that_comes_are_seen_by_whoever_looks() {
    let project = project();
    let mut terminal = open(&project, &["dash"]);
    terminal.wait_for("nothing runs");
    // Somebody else starts everything, kills the runner, starts it again, and ends it.
    for _ in 0..2 {
        project.run(&["up", "-d"]).expect(0);
        terminal.wait_for("web running").wait_for("builtin");
        for pid in runners(&project, &[pid_of(&terminal)]) {
            signal(pid, Signal::KILL);
        }
        terminal.wait_for("nothing runs").wait_for("1 process, 1 stopped");
    }
    project.run(&["up", "-d"]).expect(0);
    terminal.wait_for("web running").send("r").send("3");
    // What each of them has said is there once.
    let said = |terminal: &Terminal| terminal.screen().matches("hello").count();
    terminal.wait_until("three lines", |terminal| said(terminal) >= 3).send("1").wait_for("web running");
    project.run(&["down"]).expect(0);
    terminal.wait_for("nothing runs").send("3").wait_for("hello");
    assert_eq!(said(&terminal), 3, "{}", terminal.screen());
    terminal.send("q");
    assert_eq!(terminal.end().code, 0);
}

/// Processes that do nothing as long as it lives.
struct Held(Vec<i32>);

impl Held {
    fn all(pids: Vec<i32>) -> Self {
        for pid in &pids {
            signal(*pid, Signal::STOP);
        }
        Self(pids)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for pid in &self.0 {
            signal(*pid, Signal::CONT);
        }
    }
}

#[test]
fn a_runner_that_hangs_is_said_to_and_believed_again_when_it_goes_on() {
    let project = project();
    project.run(&["up", "-d"]).expect(0);
    let mut terminal = open(&project, &["dash"]);
    terminal.wait_for("web running");
    let held = Held::all(runners(&project, &[pid_of(&terminal)]));
    terminal.wait_for("does not answer").send("2").wait_for("does not answer");
    drop(held);
    terminal.wait_until("an answer", |terminal| !terminal.screen().contains("does not answer"));
    terminal.wait_for("web + running");
    // What takes long is not waited for without end, and done when it goes on.
    let held = Held::all(runners(&project, &[pid_of(&terminal)]));
    for command in [&["stop", "web"][..], &["down"]] {
        project.run(command).expect(1).says("does not answer").says("`kill -KILL ");
    }
    drop(held);
    terminal.wait_for("nothing runs").send("q");
    assert_eq!(terminal.end().code, 0);
}

/// Services that do what they can to stay: a parent that is gone, a session of its own, ears that are shut.
const STUBBORN: &str = "[services.leaves]\ncommand = \"(sleep 600 &) ; setsid -f sleep 600; while :; do sleep 0.05; done\"\n\
    [services.deaf]\ncommand = \"trap '' TERM INT HUP; echo deaf; while :; do sleep 0.05; done\"\nstop = { grace_period = '200ms' }\n";

/// Ends the program behind a terminal: by a signal, by a bug in the thread that `NIXSTART_TEST_PANIC` names, or, when nobody holds
/// the terminal open afterwards, with its terminal.
fn end_by(ending: &str, terminal: &mut Terminal) -> Option<File> {
    let (open, pid) = (hold(terminal), pid_of(terminal));
    match ending {
        "SIGKILL" => signal(pid, Signal::KILL),
        "SIGTERM" => signal(pid, Signal::TERM),
        "SIGHUP" => signal(pid, Signal::HUP),
        "the end of the terminal" => return None,
        _ => drop(terminal.send("j").wait_for("nixstart has a bug").wait_until_given_back()),
    }
    Some(open)
}

#[test]
fn whatever_way_the_screen_of_up_ends_nobody_stays_behind() {
    for ending in ["SIGKILL", "SIGTERM", "SIGHUP", "the end of the terminal", "main", "reader", "another"] {
        let project = Services::new(STUBBORN);
        let mut command = project.command(&["up"]);
        command.env("NIXSTART_TEST_PANIC", ending);
        let mut terminal = Terminal::of(&command, SIZE);
        terminal.wait_for("deaf running").wait_for("leaves running");
        assert!(wait_until(|| project.alive().len() >= 7), "{ending}: {:?}", project.alive());
        let device = terminal.device();
        let open = end_by(ending, &mut terminal);
        if open.is_none() {
            drop(terminal);
        } else {
            let ended = terminal.end();
            match ending {
                "SIGTERM" | "SIGHUP" => assert_eq!(ended.code, 130, "{ending}: {}", ended.text),
                "SIGKILL" => {}
                _ => assert_eq!(ended.code, 70, "{ending}: {}", ended.text),
            }
            assert!(ending == "SIGKILL" || is_restored(&device), "{ending}");
        }
        project.expect_nobody();
    }
}

#[test]
fn whatever_way_the_dashboard_ends_it_leaves_the_terminal_and_the_processes_as_they_were() {
    let project = project();
    project.run(&["up", "-d"]).expect(0);
    let web = project.process("web")["pid"].clone();
    for ending in ["SIGKILL", "SIGHUP", "the end of the terminal", "main", "reader", "another"] {
        let mut command = project.command(&["dash"]);
        command.env("NIXSTART_TEST_PANIC", ending);
        let mut terminal = Terminal::of(&command, SIZE);
        terminal.wait_for("web running");
        let (device, pid) = (terminal.device(), pid_of(&terminal));
        let open = end_by(ending, &mut terminal);
        if open.is_none() {
            drop(terminal);
            assert!(wait_until(|| !PathBuf::from(format!("/proc/{pid}/exe")).exists()), "it is still there");
        } else {
            let ended = terminal.end();
            assert!(ending == "SIGKILL" || is_restored(&device), "{ending}");
            assert!(ending.starts_with("SIG") || ended.code == 70, "{ending}: {}", ended.text);
        }
        assert_eq!(project.process("web")["pid"], web, "{ending}");
    }
    // Stopped by somebody else and not by a key.
    let mut terminal = open(&project, &["dash"]);
    terminal.wait_for("web running");
    let (device, _open) = (terminal.device(), hold(&terminal));
    signal(pid_of(&terminal), Signal::TSTP);
    wait_until_stopped(terminal.process_id());
    assert!(is_restored(&device));
    terminal.wait_until_given_back();
    let before = terminal.raw().len();
    signal(pid_of(&terminal), Signal::CONT);
    terminal.wait_for_new(before, "web running").send("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn ten_thousand_lines_a_second_and_lines_of_a_megabyte_hold_no_key_up() {
    let project = Services::new(
        "[services.noisy]\ncommand = 'burst=0; while :; do burst=$((burst + 1)); seq -f \"burst $burst line %g\" 1000; sleep 0.1; done'\n\
         [services.wide]\ncommand = \"while :; do printf begun; head -c 1000000 /dev/zero | tr '\\\\0' w; echo; sleep 0.2; done\"\n",
    );
    project.run(&["up", "-d"]).expect(0);
    let mut terminal = open(&project, &["dash", "noisy"]);
    let newest = |terminal: &Terminal| {
        let screen = terminal.screen();
        let burst = screen.lines().rev().find_map(|line| line.split("burst ").nth(1)?.split(' ').next()?.parse::<u32>().ok());
        burst.unwrap_or_default()
    };
    terminal.wait_until("a burst", |terminal| newest(terminal) > 0);
    let first = newest(&terminal);
    let mut longest = Duration::ZERO;
    let mut answered = |terminal: &mut Terminal, keys: &str, text: &str| {
        let begun = Instant::now();
        terminal.send(keys).wait_for(text);
        longest = longest.max(begun.elapsed());
    };
    // For as long as forty thousand lines take.
    while newest(&terminal) < first + 40 {
        answered(&mut terminal, "2", "noisy + running");
        answered(&mut terminal, "?", "Keys");
        terminal.send("\x1b").wait_until("no help", |terminal| !terminal.screen().contains("Keys"));
        answered(&mut terminal, "3", "following");
        answered(&mut terminal, "/line 500\r", "/line 500/");
        terminal.send("\x1b").wait_until("no search", |terminal| !terminal.screen().contains("/line 500/"));
        let before = newest(&terminal);
        terminal.send("f").wait_until("new lines", |terminal| newest(terminal) > before);
    }
    terminal.send("q");
    assert_eq!(terminal.end().code, 0);
    assert!(longest < Duration::from_secs(5), "{longest:?}");
    let mut terminal = open(&project, &["dash", "wide"]);
    terminal.wait_for("begunwwww").send("2").wait_for("wide + running").send("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
}

#[test]
fn five_hundred_processes_are_shown_walked_through_and_stopped() {
    let service = |number: u32| format!("[services.p{number}]\ncommand = ['sleep', '600']\n");
    let project = Services::new(&(0..500).map(service).collect::<String>());
    project.run(&["up", "-d"]).expect(0);
    let mut terminal = open(&project, &["dash"]);
    terminal.wait_for("500 processes, 500 up").send("2").wait_for("p0 + running").send("G").wait_for("p499 + running");
    terminal.send("x").wait_for("p499 - stopped").send("1").wait_for("499 up, 1 stopped");
    terminal.send("X").wait_for("Stop 499 processes?").send("y").wait_for("500 stopped").send("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    project.run(&["down"]).expect(0);
    project.expect_nobody();
}

#[test]
fn a_disk_that_is_full_stops_no_process_and_what_is_lost_is_said() {
    let project = Services::new(
        "[services.web]\ncommand = 'i=0; while :; do i=$((i + 1)); echo line $i is as long as it has to be; [ $((i % 500)) != 0 ] || sleep 0.1; done'\n",
    );
    let Some(small) = SmallDisk::at(&project.sandbox.state(), "256k", "dash_faults::a_disk_that_is_full") else { return };
    project.run(&["up", "-d"]).expect(0);
    let mut terminal = open(&project, &["dash", "web"]);
    terminal.wait_for("is as long as it has to be").wait_for("lines of `web` were lost: no space left on device");
    terminal.send("2").wait_for("web + running");
    // There is room again: what is said from then on is there, and every line is whole.
    small.resize("64m");
    let newest = |project: &Services| project.run(&["logs", "web", "-n", "1"]).expect(0).stdout;
    let before = newest(&project);
    assert!(wait_until(|| newest(&project) != before));
    terminal.send("q");
    assert_eq!(terminal.end().code, 0);
    let logs = project.run(&["logs", "web"]).expect(0).stdout;
    let broken: Vec<&str> = logs.lines().filter(|line| !line.ends_with("is as long as it has to be")).collect();
    assert!(broken.len() <= 1, "{broken:?}");
    project.run(&["down"]).expect(0);
    project.expect_nobody();
    drop(project);
    drop(small);
}

#[test]
fn a_socket_of_another_user_is_named_and_nobody_speaks_to_it() {
    if !tools::is_root() {
        return tools::note_missing("dash_faults::a_socket_of_another_user", "root (files of another user)");
    }
    let project = project();
    project.run(&["up", "-d"]).expect(0);
    project.run(&["down"]).expect(0);
    let runtime = fs::read_dir(project.sandbox.work().join("run")).unwrap().flatten().next().unwrap().path();
    let refuses = |says: &str| {
        for command in [&["ps"][..], &["up", "-d"], &["logs", "-f"], &["restart", "web"]] {
            project.run(command).expect(10).says(says);
        }
        let mut terminal = open(&project, &["dash"]);
        terminal.wait_for("runner.sock").wait_for("not trusted");
        assert_eq!(terminal.end().code, 10);
    };
    let socket = runtime.join("runner.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    listener.set_nonblocking(true).unwrap();
    chown(&socket, Some(NOBODY), None).unwrap();
    refuses("runner.sock` belongs to another user");
    assert!(listener.accept().is_err(), "somebody has connected");
    fs::remove_file(&socket).unwrap();
    // The same for whoever runs processes beside us: it is named, and our own runner does the work.
    let theirs = runtime.join("pc.sock");
    let _listener = UnixListener::bind(&theirs).unwrap();
    chown(&theirs, Some(NOBODY), None).unwrap();
    project.run(&["up", "-d"]).expect(0).says("pc.sock` is left alone").says("belongs to another user").says("+ web runs");
    project.run(&["down"]).expect(0);
    chown(&runtime, Some(NOBODY), None).unwrap();
    project.run(&["ps"]).expect(10).says("is not ours alone");
    chown(&runtime, Some(0), None).unwrap();
}
