//! The builds of the dashboard on a terminal, with a real Nix: chosen, failed, mended, stopped.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::Sandbox;
use crate::support::nix_project::{GREETING, RELATED_PACKAGES, can_run, sandbox};
use crate::support::nix_world::alone;
use crate::support::pty::Terminal;
use crate::support::small_disk::SmallDisk;
use crate::wizard::is_restored;

const SIZE: (u16, u16) = (30, 110);

/// A project whose flake offers an application, something that fails, and something that takes as long as one likes.
fn project() -> Sandbox {
    let sandbox = sandbox();
    sandbox.write("nixstart.toml", "");
    sandbox.write("greeting.txt", GREETING);
    let pid = sandbox.home().join("pid");
    let slow = format!("echo $$ > {}; for i in $(seq 1200); do echo still at it; sleep 0.05; done", pid.display());
    sandbox.flake(&format!(
        r#"
        {RELATED_PACKAGES}
        slow = drv "slow" "{slow}" {{}};"#
    ));
    sandbox
}

fn open(sandbox: &Sandbox) -> Terminal {
    let mut terminal = Terminal::of(&sandbox.nix_command(&["dash"]), SIZE);
    terminal.wait_for("nothing runs").send("7");
    terminal
}

/// Waits until the builder that wrote its number is gone.
fn wait_until_gone(sandbox: &Sandbox) {
    let pid = fs::read_to_string(sandbox.home().join("pid")).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(Instant::now() < deadline, "the builder still runs");
        std::thread::yield_now();
    }
    fs::remove_file(sandbox.home().join("pid")).unwrap();
}

#[test]
fn what_fails_is_told_by_its_cause_and_its_log_is_one_key_away() {
    if !can_run("dash_builds::what_fails_is_told_by_its_cause_and_its_log_is_one_key_away", &[]) {
        return;
    }
    let sandbox = project();
    // git does not know it, so it does not get into the store; a builder that says it is not believed.
    let secret = ["s3cr3t", "-of-the-", "project"].concat();
    sandbox.write(".env", &format!("API_TOKEN={secret}\n"));
    let flake = sandbox.read("flake.nix");
    sandbox.write("flake.nix", &flake.replace("echo compiling", &format!("echo the token is {secret}; echo compiling")));
    let _alone = alone();
    let mut terminal = open(&sandbox);
    terminal.wait_for("5 outputs can be built").wait_for(".#dependant").send("jj\r");
    terminal.wait_for("could not be built: its builder ended with exit code 3").wait_for("| src/a.ts(1,2): error: TS2304");
    terminal.wait_for("1 derivation failed").send("\r").wait_for("esc goes back").wait_for("compiling");
    terminal.send("/TS2304\r").wait_for("/TS2304/");
    // (An escape and a key right after it would be one key.)
    terminal.send("\x1b").wait_until("no search", |terminal| !terminal.screen().contains("/TS2304/"));
    terminal.send("\x1b").wait_for("1 derivation failed");
    // It is mended while the dashboard is open.
    let flake = sandbox.read("flake.nix");
    sandbox.write("flake.nix", &flake.replace("; exit 3", "; echo fine > $out"));
    terminal.send("r").wait_for("done | built");
    terminal.wait_for("/nix/store/").wait_for("with all it needs").send("b").wait_for("built 0s ago").send("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0);
    let said = String::from_utf8_lossy(&ended.raw).into_owned();
    assert!(!said.contains(&secret) && !sandbox.remembered().contains(&secret));
    assert!(said.contains("the token is"), "the line itself is there");
}

#[test]
fn what_was_built_is_compared_with_the_last_time_also_after_the_dashboard_was_left() {
    if !can_run("dash_builds::what_was_built_is_compared_with_the_last_time_also_after_the_dashboard_was_left", &[]) {
        return;
    }
    let sandbox = project();
    // What `nixstart build` remembers, the dashboard knows.
    sandbox.nix(&["build", "--no-link"]).expect(0);
    let _alone = alone();
    sandbox.write("greeting.txt", &"hello, and more\n".repeat(500));
    let mut terminal = open(&sandbox);
    terminal.wait_for("built").wait_for("2 derivations").send("\r");
    terminal.wait_for("done | built").wait_for("since the last build: letters +7").wait_for("built anew: letters-");
    terminal.wait_for("its source `greeting.txt` has other contents");
    // Everything in one place.
    terminal.send("w").wait_for("What is known of the build").send("q").send("q");
    assert_eq!(terminal.end().code, 0);
    let mut terminal = open(&sandbox);
    terminal.wait_for("built").wait_for("8.1 KiB with all it needs").send("\r").wait_for("built: everything was there").send("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn a_history_on_a_disk_that_is_full_is_warned_of_and_the_build_is_shown() {
    let test = "dash_builds::a_history_on_a_disk_that_is_full_is_warned_of_and_the_build_is_shown";
    if !can_run(test, &[]) {
        return;
    }
    let sandbox = project();
    let Some(_disk) = SmallDisk::at(&sandbox.state(), "64k", test) else { return };
    // Whatever fits is written first.
    fs::write(sandbox.state().join("full"), vec![0; 1 << 20]).unwrap_err();
    sandbox.nix(&["build", "--no-link"]).expect(0).says("no space left on device");
    let _alone = alone();
    let mut terminal = open(&sandbox);
    terminal.wait_for("5 outputs can be built").send("\r").wait_for("Nothing had to be built");
    terminal.wait_for("no space left on device").send("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
}

#[test]
fn a_build_that_is_stopped_leaves_nothing_behind() {
    if !can_run("dash_builds::a_build_that_is_stopped_leaves_nothing_behind", &[]) {
        return;
    }
    let sandbox = project();
    let _alone = alone();
    for ending in ["x", "qy", "\x03", "SIGTERM"] {
        let mut terminal = open(&sandbox);
        terminal.wait_for("5 outputs can be built").send("G\r").wait_for("still at it");
        let device = terminal.device();
        let _open = fs::OpenOptions::new().read(true).write(true).open(&device).unwrap();
        match ending {
            "x" => {
                terminal.send("x").wait_for("stopped by you").wait_for("slow-");
                terminal.send("b").wait_for("interrupted").send("q");
            }
            "SIGTERM" => {
                let pid = Pid::from_raw(i32::try_from(terminal.process_id()).unwrap()).unwrap();
                kill_process(pid, Signal::TERM).unwrap();
            }
            keys => {
                for key in keys.chars() {
                    terminal.send(&key.to_string());
                }
            }
        }
        let ended = terminal.end();
        assert_eq!(ended.code, if matches!(ending, "x" | "qy") { 0 } else { 130 }, "{ending:?}: {}", ended.text);
        assert!(is_restored(&device), "{ending:?}");
        wait_until_gone(&sandbox);
    }
}

#[test]
fn a_nix_that_is_killed_is_said_to_be_and_a_flake_that_fails_lets_one_type() {
    if !can_run("dash_builds::a_nix_that_is_killed_is_said_to_be_and_a_flake_that_fails_lets_one_type", &[]) {
        return;
    }
    let sandbox = project();
    let _alone = alone();
    let mut terminal = open(&sandbox);
    terminal.wait_for("5 outputs can be built").send("G\r").wait_for("still at it");
    let nix = children(terminal.process_id());
    assert_eq!(nix.len(), 1, "{nix:?}");
    kill_process(Pid::from_raw(nix[0]).unwrap(), Signal::KILL).unwrap();
    terminal.wait_for("interrupted |").wait_for("Nix was ended by somebody else").wait_for("stopped");
    // What it leaves behind ends when nobody listens any more.
    let builder: i32 = fs::read_to_string(sandbox.home().join("pid")).unwrap().trim().parse().unwrap();
    let _gone = kill_process(Pid::from_raw(builder).unwrap(), Signal::KILL);
    let flake = sandbox.read("flake.nix");
    sandbox.write("flake.nix", &flake.replace("dependant = ", "bad = throw \"out of order\"; dependant = "));
    terminal.send("b").send("r").wait_for("One attribute that fails").wait_for("out of order");
    terminal.send("i").send("letters\r").wait_for("done | built 1").send("q");
    assert_eq!(terminal.end().code, 0);
}

/// The numbers of the children of a process.
fn children(of: u32) -> Vec<i32> {
    let tasks = fs::read_dir(format!("/proc/{of}/task")).unwrap();
    let of_task =
        |task: std::io::Result<fs::DirEntry>| fs::read_to_string(task.unwrap().path().join("children")).unwrap_or_default();
    tasks
        .map(of_task)
        .flat_map(|children| children.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<i32>>())
        .collect()
}
