//! The review of a plan on a terminal, through `doctor --fix`: what a person sees, switches and gets.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use pretty_assertions::assert_eq;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::pty::Terminal;
use crate::support::{Sandbox, token};
use crate::wizard::is_restored;

const ARGUMENTS: [&str; 9] = ["-C", "my-bot", "doctor", "--offline", "--check", "env-perms", "--check", "env-ignored", "--fix"];
const SIZE: (u16, u16) = (24, 80);
const WRONG: u32 = 0o644;

/// A project whose `.env` others can read and git does not ignore.
fn broken_project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("secrets.env", &format!("BOT_TOKEN={}\n", token()));
    sandbox.run(&["new", "discord-bot", "my-bot", "--env-file", "secrets.env"]).expect(0);
    sandbox.write("my-bot/.gitignore", "# mine\n");
    fs::set_permissions(sandbox.work().join("my-bot/.env"), fs::Permissions::from_mode(WRONG)).unwrap();
    sandbox
}

fn mode(sandbox: &Sandbox) -> u32 {
    fs::metadata(sandbox.work().join("my-bot/.env")).unwrap().permissions().mode() & 0o777
}

fn ignores(sandbox: &Sandbox) -> bool {
    sandbox.read("my-bot/.gitignore").lines().any(|line| line == ".env")
}

#[track_caller]
fn assert_unchanged(sandbox: &Sandbox) {
    assert_eq!((mode(sandbox), ignores(sandbox), sandbox.receipts().len()), (WRONG, false, 1));
}

/// Keeps the settings of a terminal alive, so that they outlive the program.
fn hold(terminal: &Terminal) -> File {
    OpenOptions::new().read(true).write(true).open(terminal.device()).unwrap()
}

fn signal(terminal: &Terminal, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(terminal.process_id()).unwrap()).unwrap(), signal).unwrap();
}

#[test]
fn a_step_that_is_switched_off_is_left_out_and_the_rest_is_applied() {
    let sandbox = broken_project();
    let mut terminal = Terminal::start(&sandbox, &ARGUMENTS, SIZE);
    terminal.wait_for("2 of 2 steps on").wait_for("chmod 0600").send("j");
    terminal.wait_for("+.env").send(" ");
    terminal.wait_for("2. [ ]").wait_for("1 of 2 steps on").send("\r");
    terminal.wait_for("Apply 1 step?").wait_for("1 step is left out.").send("y");
    terminal.wait_for("left out: Make git ignore").wait_for("done: Take the permissions");
    assert!(!terminal.is_drawn_over());
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(!ended.text.contains("Apply this plan?"), "nobody is asked twice");
    assert_eq!((mode(&sandbox), ignores(&sandbox)), (0o600, false));
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0);
    assert_eq!(mode(&sandbox), WRONG);
}

#[test]
fn leaving_changes_nothing() {
    for keys in ["q", "\x1b", "aq\x1b"] {
        let sandbox = broken_project();
        let mut terminal = Terminal::start(&sandbox, &ARGUMENTS, SIZE);
        terminal.wait_for("2 of 2 steps on");
        let (device, _open) = (terminal.device(), hold(&terminal));
        assert!(terminal.is_drawn_over() && !is_restored(&device));
        for key in keys.chars() {
            terminal.send(&key.to_string());
        }
        let ended = terminal.end();
        assert_eq!(ended.code, 7, "{}", ended.text);
        assert!(ended.text.contains("you said no; nothing was changed"));
        assert!(is_restored(&device));
        assert_unchanged(&sandbox);
    }
}

#[test]
fn ctrl_c_and_sigterm_give_the_terminal_back() {
    for by_key in [true, false] {
        let sandbox = broken_project();
        let mut terminal = Terminal::start(&sandbox, &ARGUMENTS, SIZE);
        terminal.wait_for("2 of 2 steps on").send("a").wait_for("Apply 2 steps?");
        let (device, _open) = (terminal.device(), hold(&terminal));
        if by_key {
            terminal.send("\x03");
        } else {
            signal(&terminal, Signal::TERM);
        }
        let ended = terminal.end();
        assert_eq!(ended.code, 130, "{}", ended.text);
        assert!(is_restored(&device));
        let left = b"\x1b[?1049l";
        assert!(ended.raw.windows(left.len()).any(|window| window == left), "the screen was not given back");
        assert_unchanged(&sandbox);
    }
}

/// Waits until a process is stopped.
pub(crate) fn wait_until_stopped(process: u32) {
    let path = format!("/proc/{process}/stat");
    let state = || fs::read_to_string(Path::new(&path)).unwrap().rsplit(')').next().unwrap().trim().chars().next().unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while state() != 'T' {
        assert!(std::time::Instant::now() < deadline, "the process was not stopped");
        std::thread::yield_now();
    }
}

#[test]
fn ctrl_z_gives_the_terminal_back_until_it_goes_on() {
    for by_key in [true, false] {
        let sandbox = broken_project();
        let mut terminal = Terminal::start(&sandbox, &ARGUMENTS, SIZE);
        terminal.wait_for("2 of 2 steps on").send(" ").wait_for("1 of 2 steps on");
        let (device, _open) = (terminal.device(), hold(&terminal));
        if by_key {
            terminal.send("\x1a");
        } else {
            signal(&terminal, Signal::TSTP);
        }
        wait_until_stopped(terminal.process_id());
        assert!(is_restored(&device));
        terminal.wait_until_given_back();
        let before = terminal.raw().len();
        signal(&terminal, Signal::CONT);
        terminal.wait_for_new(before, "1 of 2 steps on");
        assert!(terminal.is_drawn_over() && !is_restored(&device));
        terminal.send("q");
        let ended = terminal.end();
        assert_eq!(ended.code, 7);
        assert!(is_restored(&device));
        assert_unchanged(&sandbox);
    }
}

#[test]
fn without_colour_nothing_is_coloured_and_everything_is_said() {
    let sandbox = broken_project();
    let mut terminal = Terminal::start_with(&sandbox, &ARGUMENTS, SIZE, &[("NO_COLOR", "1")]);
    terminal.wait_for("[x] Take the permissions").wait_for("2 of 2 steps on").send("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 7);
    let raw = String::from_utf8_lossy(&ended.raw).into_owned();
    for number in (30..38).chain(90..98) {
        assert!(!raw.contains(&format!("\x1b[{number}m")), "colour {number}");
    }
    assert!(!raw.contains("\x1b[38;"), "{raw:?}");
}

#[test]
fn a_locale_that_writes_utf_8_draws_lines_and_another_one_ascii() {
    for (locale, line) in [("C.UTF-8", "─────"), ("C", "-----")] {
        let sandbox = broken_project();
        let mut terminal = Terminal::start_with(&sandbox, &ARGUMENTS, SIZE, &[("LC_ALL", locale)]);
        terminal.wait_for(line).send("q");
        assert_eq!(terminal.end().code, 7);
    }
}

#[test]
fn a_narrow_terminal_and_plain_get_numbered_questions() {
    for (size, flags, term) in [((24, 40), None, "xterm"), (SIZE, Some("--plain"), "xterm"), (SIZE, None, "dumb")] {
        let sandbox = broken_project();
        let arguments: Vec<&str> = flags.into_iter().chain(ARGUMENTS).collect();
        let mut terminal = Terminal::start_with(&sandbox, &arguments, size, &[("TERM", term)]);
        terminal.wait_for("Which steps?");
        let is_plain = flags.is_some() || term == "dumb";
        // Numbered choices; inquire's list has the second step one below.
        terminal.send(if is_plain { "2\r" } else { " \r" });
        terminal.wait_for("Apply 1 step?").send("y\r");
        let ended = terminal.end();
        assert_eq!(ended.code, 0, "{}", ended.text);
        assert!(!String::from_utf8_lossy(&ended.raw).contains("\x1b[?1049h"), "the screen was taken over");
        assert!(ended.text.contains("left out: Take the permissions"), "{}", ended.text);
        assert_eq!((mode(&sandbox), ignores(&sandbox)), (WRONG, true));
    }
}

#[test]
fn no_to_the_plain_question_changes_nothing() {
    let sandbox = broken_project();
    let mut terminal = Terminal::start(&sandbox, &[&["--plain"], ARGUMENTS.as_slice()].concat(), SIZE);
    terminal.wait_for("Which steps?").send("\r");
    terminal.wait_for("Apply 2 steps?").send("no\r");
    assert_eq!(terminal.end().code, 7);
    assert_unchanged(&sandbox);
}

#[test]
fn a_change_of_size_is_followed() {
    let sandbox = broken_project();
    let mut terminal = Terminal::start(&sandbox, &ARGUMENTS, SIZE);
    terminal.wait_for("2 of 2 steps on").resize((10, 40)).wait_for("The terminal has 40 columns and 10 rows");
    // Nobody consents to what they cannot see. What is drawn anew tells that the keys before it were read.
    let before = terminal.raw().len();
    terminal.send("ay\x0c").wait_for_new(before, "The terminal has 40 columns and 10 rows");
    terminal.resize((40, 140)).wait_for("2 of 2 steps on").wait_for("chmod 0600");
    terminal.send("ay");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert_eq!((mode(&sandbox), ignores(&sandbox)), (0o600, true));
}

#[test]
fn what_is_pasted_is_no_answer_and_commands_are_copied() {
    let sandbox = broken_project();
    let mut terminal = Terminal::start(&sandbox, &ARGUMENTS, SIZE);
    terminal.wait_for("2 of 2 steps on").send("\x1b[200~ay\x1b[201~").send("c").wait_for("Copied, if the terminal allows it");
    let raw = String::from_utf8_lossy(terminal.raw()).into_owned();
    let encoded = raw.split("\x1b]52;c;").nth(1).unwrap().split('\x07').next().unwrap();
    let decoded = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, encoded).unwrap();
    let copied = String::from_utf8(decoded).unwrap();
    assert_eq!(copied, format!("chmod 0600 {}", sandbox.work().join("my-bot/.env").display()));
    terminal.send("q");
    assert_eq!(terminal.end().code, 7);
    assert_unchanged(&sandbox);
}

#[test]
fn a_bug_in_any_thread_gives_the_terminal_back_and_says_where_its_report_is() {
    for thread in ["main", "reader", "another"] {
        let sandbox = broken_project();
        let mut terminal = Terminal::start_with(&sandbox, &ARGUMENTS, SIZE, &[("NIXSTART_TEST_PANIC", thread)]);
        terminal.wait_for("2 of 2 steps on");
        let (device, _open) = (terminal.device(), hold(&terminal));
        terminal.send("j");
        terminal.wait_for("error: nixstart has a bug").wait_for("please report it with the file");
        assert!(!terminal.is_drawn_over(), "{thread}");
        let ended = terminal.end();
        assert_eq!(ended.code, 70, "{thread}: {}", ended.text);
        assert!(is_restored(&device), "{thread}");
        let reports: Vec<_> = fs::read_dir(sandbox.state().join("nixstart/reports")).unwrap().collect();
        assert_eq!(reports.len(), 1, "{thread}");
        assert_unchanged(&sandbox);
    }
}
