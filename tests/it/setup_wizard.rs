//! One wizard: `nixstart new` on a bare machine, setup in the same flow, and a prompt in the new project's shell.

use pretty_assertions::assert_eq;

use crate::setup_routes::{World, variables};
use crate::support::machine::{Machine, OFFLINE};
use crate::support::pty::Terminal;
use crate::wizard::is_restored;

/// A template whose project is the offline flake.
const MANIFEST: &str = r#"
schema = 1
name = "offline"
title = "Offline"
description = "A dev shell without a network"
version = "1.0.0"

[[file]]
path = "bin/bash"
to = "bin/bash"
executable = true

[[next_step]]
command = "direnv allow"
about = "enters the environment by itself"
when = "(and host.nix host.direnv)"

[[next_step]]
command = "nix develop --impure"
about = "enters the environment"
when = "(and host.nix (not host.direnv))"
"#;

fn template(machine: &Machine) {
    machine.flake("bob");
    machine.run_as("bob", &["sh", "-c", "mkdir template && mv project template/files"]).expect(0);
    machine.write("/home/bob/template/template.toml", MANIFEST);
}

/// Begins the wizard and comes to the review of setup.
fn start(machine: &Machine, variables: &[(&str, &str)], plain: &[&str], size: (u16, u16)) -> Terminal {
    template(machine);
    let command = [&["nixstart"], plain, &["new", "./template", "demo", "--no-git"]].concat();
    let mut terminal = machine.terminal("bob", &[&[OFFLINE], variables].concat(), &command, size);
    terminal.wait_for("Apply this plan?").send("y\r");
    terminal.wait_for("Set this machine up for it now?").send("y\r");
    terminal
}

/// The row with the cursor.
fn row(terminal: &Terminal) -> String {
    terminal.screen().lines().find(|line| line.starts_with('>')).unwrap_or_default().to_owned()
}

/// Whether the cursor is on the step of a number.
fn is_at(terminal: &Terminal, number: usize) -> bool {
    row(terminal).trim_start_matches(['>', ' ']).starts_with(&format!("{number}."))
}

/// Switches every step off that can be left out, but for the one of flakes, from the last one to the first.
fn leave_out_the_rest(terminal: &mut Terminal) {
    terminal.send("G").wait_until("the last step", |terminal| !is_at(terminal, 1));
    while !is_at(terminal, 1) {
        let before = row(terminal);
        if before.contains("[x]") && !before.contains("flakes") {
            terminal.send(" ").wait_until("a step that is off", |terminal| row(terminal).contains("[ ]"));
        }
        let before = row(terminal);
        terminal.send("k").wait_until("the step above", |terminal| row(terminal) != before);
    }
}

/// Waits for the prompt of the shell, looks at a variable of the flake, and leaves.
fn use_the_shell(mut terminal: Terminal) {
    terminal.wait_long_for("Entering the project's shell: `nix develop --impure` in `demo`").wait_for("Type `exit` to leave it");
    terminal.send("echo \"<$GREETING>\" in \"$PWD\", $HOOKED, $(nix --version | cut -c 1-9)\r");
    terminal.wait_for("<hello from the dev shell> in /home/bob/demo, yes, nix (Nix)");
    let device = terminal.device();
    let _open = std::fs::OpenOptions::new().read(true).write(true).open(&device).unwrap();
    terminal.send("exit 7\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 7, "{}", ended.text);
    assert!(is_restored(&device));
}

#[test]
fn a_new_project_ends_in_its_shell_on_a_machine_that_had_no_nix() {
    let Some(machine) = Machine::start("trixie+systemd") else { return };
    machine.run(&["apt-get", "update"]).expect(0);
    let mut terminal = start(&machine, &[("NIXSTART_ROUTE", "distro")], &[], (24, 100));
    terminal.wait_for("steps on");
    leave_out_the_rest(&mut terminal);
    terminal.wait_for("5 of").wait_for("steps on, 4 as root").send("\r").wait_for("left out").send("y");
    terminal.wait_for("run as root, through sudo. Go on?").send("y\r");
    // The group is newer than the login, and the shell opens all the same.
    use_the_shell(terminal);
    assert!(!machine.exists("/usr/bin/direnv"));
    machine.script("bob", "cmp ~/.bashrc /etc/skel/.bashrc; grep flakes ~/.config/nix/nix.conf").expect(0);
}

#[test]
fn in_plain_lines_the_wizard_ends_in_the_shell_of_a_nix_that_is_not_on_path_yet() {
    let Some(world) = World::start("trixie+systemd+daemon", "bob") else { return };
    let mut terminal = start(&world.machine, &variables(), &["--plain"], (24, 80));
    terminal.wait_for("Which steps?").send("direnv\r");
    terminal.wait_for("as root)?").send("yes\r");
    terminal.wait_for("run as root, through sudo. Go on?").send("yes\r");
    use_the_shell(terminal);
    // Who is not asked is not taken anywhere.
    let new = ["new", "./template", "other", "--no-git", "--yes"];
    for flags in [&["-q"][..], &["--no-input"], &["-v"]] {
        let json: &[&str] = if flags.contains(&"-v") { &["--json"] } else { &[] };
        let command = [&["nixstart"], flags, &new, json].concat();
        let terminal = world.machine.terminal("bob", &variables(), &command, (24, 80));
        let ended = terminal.end();
        assert_eq!(ended.code, 0, "{}", ended.text);
        assert!(!ended.text.contains("Entering") && !ended.text.contains("Set this machine up"), "{}", ended.text);
        world.machine.run_as("bob", &["rm", "-r", "other"]).expect(0);
    }
}

#[test]
fn the_review_of_setup_fits_its_terminal_and_small_ones_get_plain_lines() {
    let Some(machine) = Machine::start("trixie+systemd") else { return };
    machine.run(&["apt-get", "update"]).expect(0);
    let command = ["nixstart", "setup", "--route", "distro"];
    let mut terminal = machine.terminal("bob", &[], &command, (15, 60));
    terminal.wait_for("steps on").send("j").wait_until("the second step", |terminal| is_at(terminal, 2));
    assert!(terminal.is_drawn_over());
    terminal.send("G").wait_until("the last step", |terminal| !is_at(terminal, 2));
    terminal.send("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 7, "{}", ended.text);
    let mut terminal = machine.terminal("bob", &[], &command, (24, 40));
    terminal.wait_for("Which steps?");
    assert!(!terminal.is_drawn_over());
    terminal.send("\r").wait_for("as root)?").send("no\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 7, "{}", ended.text);
    // Commands and changes stay as they are.
    let too_wide = |line: &&str| line.chars().count() > 40 && !line.starts_with("     ") && !line.trim_start().starts_with('`');
    let plan = ended.text.lines().take_while(|line| !line.contains("Which steps"));
    assert_eq!(plan.clone().find(too_wide), None);
    assert!(plan.count() > 20, "{}", ended.text);
    assert!(!machine.exists("/home/bob/.local/state/nixstart/receipts"));
}
