//! `nixstart setup` on real machines: what it installs works, and what it wrote can be taken back.

use pretty_assertions::assert_eq;

use crate::support::machine::{Machine, OFFLINE};

/// The daemon answers.
const ANSWERS: &str = "NIX_REMOTE=daemon nix --extra-experimental-features nix-command store info";

#[test]
fn empty_lists_and_missing_programs_are_named_with_what_brings_them() {
    let Some(machine) = Machine::start("trixie+systemd") else { return };
    machine.script("root", "find /var/lib/apt/lists -type f -delete").expect(0);
    let route = |name: &str| machine.run_as("bob", &["nixstart", "setup", "--plan", "--route", name]).expect(10);
    route("distro").says("lists of packages are empty; run `sudo apt-get update` first");
    route("script-daemon").says("xz and curl or wget: run `sudo apt-get install xz-utils curl`");
}

#[test]
fn what_packages_leave_behind_is_removed_before_an_installer_comes() {
    let Some(machine) = Machine::start("trixie+systemd+daemon") else { return };
    machine.script("root", "apt-get purge -y nix-setup-systemd nix-bin").expect(0);
    let installer = || machine.run_as("bob", &["nixstart", "setup", "--plan", "--route", "nix-installer"]);
    let refused = installer().expect(10).says("that another Nix left behind; remove them first");
    let (_, rest) = refused.stderr.split_once("remove them first:").unwrap();
    let removal = rest.split('`').nth(1).unwrap();
    machine.script("bob", removal).expect(0);
    assert_eq!(machine.script("root", "grep -c nixbld /etc/passwd /etc/group || true").stdout, "/etc/passwd:0\n/etc/group:0\n");
    installer().expect(0).says("Install Nix with nix-installer");
}

#[test]
fn with_an_old_nix_no_route_is_said_to_work_and_root_is_told_no_sudo() {
    let Some(machine) = Machine::start("bookworm+nix") else { return };
    let setup = ["nixstart", "setup", "--plan", "--explain", "--route", "nix-installer"];
    let refused = machine.run_as("bob", &setup).expect(10).says("Nix 2.8 is there, and has to go first");
    let refused = refused.says("sudo apt-get purge nix-setup-systemd nix-bin");
    assert!(!refused.stderr.contains("works here") && !refused.stderr.contains("hint:"), "{}", refused.stderr);
    let root = machine.run_as("root", &setup).expect(10).says("`apt-get purge nix-setup-systemd nix-bin`");
    assert!(!root.stderr.contains("sudo"), "{}", root.stderr);
}

#[test]
fn a_distribution_with_an_old_nix_is_refused() {
    let Some(machine) = Machine::start("bookworm") else { return };
    machine.script("bob", "sudo apt-get update").expect(0);
    machine.run_as("bob", &["nixstart", "setup", "--plan", "--route", "distro"]).expect(10).says("projects need 2.18 or newer");
}

#[test]
fn without_sudo_the_commands_are_listed_and_nothing_is_changed() {
    let Some(machine) = Machine::start("trixie+systemd") else { return };
    machine.script("bob", "sudo apt-get update").expect(0);
    let run = machine.run_as("ada", &["nixstart", "setup", "--yes", "--route", "distro"]).expect(9);
    run.says("sudo apt-get").says("sudo usermod -aG nix-users ada");
    assert!(!machine.exists("/home/ada/.config/nix/nix.conf") && !machine.exists("/usr/bin/nix"));
    let run = machine.run_as("ada", &["nixstart", "setup", "--yes", "--no-root", "--route", "distro"]);
    assert_eq!(run.code, 9, "{}", run.stderr);
}

#[test]
fn the_packages_of_the_distribution_make_a_machine_that_works() {
    let Some(machine) = Machine::start("trixie+systemd") else { return };
    machine.script("bob", "sudo apt-get update; printf 'alias mine=1' > ~/.bashrc").expect(0);
    machine.nixpkgs("bob");
    let before = machine.read("/home/bob/.bashrc");
    let setup = ["nixstart", "setup", "--yes", "--route", "distro"];
    machine.run_with("bob", &[OFFLINE], &setup, "").expect(0).says("Install Nix and git with apt").says("Log out and in again");
    assert!(machine.read("/home/bob/.bashrc").contains("direnv hook bash"));

    // The next login is in the group.
    let project = machine.flake("bob");
    machine.run_with("bob", &[OFFLINE], &["nix", "develop", &project, "-c", "true"], "").expect(0);
    machine.run_with("bob", &[OFFLINE], &["direnv", "allow", &project], "").expect(0);
    machine.run_with("bob", &[OFFLINE], &["direnv", "exec", &project, "true"], "").expect(0);
    machine.run_as("bob", &["nixstart", "doctor", "--offline", "--group", "nix", "--group", "daemon"]).expect(0);
    let doctor = ["nixstart", "doctor", "--offline", "--strict", "--check", "daemon-unit"];
    machine.run_as("bob", &doctor).expect(0);

    // The state in which the packages alone leave it: doctor mends it, and the daemon answers before and after.
    machine.script("root", "systemctl stop nix-daemon.socket nix-daemon.service; systemctl start nix-daemon.service").expect(0);
    machine.run_as("bob", &doctor).expect(3).says("its socket does not");
    machine.run_as("bob", &["nixstart", "doctor", "--offline", "--check", "daemon-unit", "--fix", "--yes"]).expect(0);
    machine.run_as("bob", &doctor).expect(0);
    machine.script("bob", ANSWERS).expect(0);
    machine.run_as("bob", &["nixstart", "undo", "--yes"]).expect(0).says("run alone again");

    machine.run_with("bob", &[OFFLINE], &setup, "").expect(0).says("nothing to do");

    let undone = machine.run_with("bob", &[OFFLINE], &["nixstart", "setup", "--undo", "--yes"], "").expect(0);
    undone.says("apt-get purge nix-setup-systemd nix-bin").says("leaves /nix, the groups nixbld and nix-users");
    machine.script("root", "systemctl is-active nix-daemon.socket").expect(0);
    machine.script("root", ANSWERS).expect(0);
    assert_eq!(machine.read("/home/bob/.bashrc"), before);
    assert!(!machine.exists("/home/bob/.config/nix/nix.conf"));
    assert!(!machine.run_as("bob", &["id", "-nG"]).stdout.contains("nix-users"));
}

#[test]
fn a_password_is_asked_by_sudo_itself() {
    let Some(machine) = Machine::start("trixie+systemd") else { return };
    machine.script("bob", "sudo apt-get update").expect(0);
    let command = ["nixstart", "--plain", "setup", "--route", "distro", "--only", "packages-update"];
    let mut terminal = machine.terminal("carol", &[], &command, (24, 80));
    terminal.wait_for("Apply 1 step").send("yes\r");
    terminal.wait_for("run as root").send("yes\r");
    terminal.wait_for("password for carol").send("carol\r");
    let ended = terminal.end_within(std::time::Duration::from_secs(120));
    assert!(ended.text.contains("done: Fetch the lists of packages"), "{}", ended.text);
}
