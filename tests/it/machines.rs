//! Real machines: that they are what they say, and `nixstart doctor` on them.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::machine::{Machine, OFFLINE};
use crate::support::{Run, checkout, run};

/// Debian with the daemon of Nix under systemd, direnv and git.
const WITH_DAEMON: &str = "trixie+systemd+daemon+direnv";

/// The status and the whole of some checks, as a user finds them.
#[track_caller]
fn doctor(machine: &Machine, user: &str, checks: &[&str]) -> Findings {
    let flags = checks.iter().flat_map(|check| ["--check", check]);
    let command: Vec<&str> = ["nixstart", "doctor", "--offline", "--json"].into_iter().chain(flags).collect();
    Findings::of(machine.run_as(user, &command))
}

struct Findings {
    code: i32,
    document: Value,
}

impl Findings {
    #[track_caller]
    fn of(run: Run) -> Self {
        assert!([0, 3].contains(&run.code), "{}\n{}", run.stdout, run.stderr);
        Self { code: run.code, document: serde_json::from_str(&run.stdout).unwrap() }
    }

    fn check(&self, id: &str) -> &Value {
        let checks = self.document["checks"].as_array().unwrap();
        checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id} in {:#}", self.document))
    }

    /// Asserts the status of a check.
    #[track_caller]
    fn has(self, id: &str, status: &str) -> Self {
        assert_eq!(self.check(id)["status"], status, "{:#}", self.check(id));
        self
    }

    /// Asserts that what a check found, in a sentence or in details, holds a text.
    #[track_caller]
    fn says(self, id: &str, text: &str) -> Self {
        let found = format!("{} {}", self.check(id)["summary"], self.check(id)["details"]);
        assert!(found.contains(text), "`{text}` is not in {found}");
        self
    }

    /// Asserts what the first fix of a check is: a command, or `setup`.
    #[track_caller]
    fn advises(self, id: &str, expected: &str) -> Self {
        let fix = &self.check(id)["fixes"][0];
        let words = |list: &Value, between: &str| {
            let words = list.as_array().into_iter().flatten().filter_map(Value::as_str);
            words.collect::<Vec<_>>().join(between)
        };
        let command = match fix["by"].as_str() {
            Some("run") => words(&fix["command"], " "),
            Some("setup") => "setup".to_owned(),
            _ => words(&fix["commands"], "; "),
        };
        assert_eq!(command, expected, "{fix:#}");
        self
    }
}

#[test]
fn a_machine_is_a_clone_of_its_own_and_leaves_nothing() {
    let Some(machine) = Machine::start("bookworm") else { return };
    assert_eq!(machine.run(&["sh", "-c", "exit 7"]).code, 7);
    assert_eq!(
        machine.run_as("ada", &["sh", "-c", "whoami; pwd; echo $HOME $USER; cat"]).expect(0).stdout,
        "ada\n/home/ada\n/home/ada ada\n"
    );
    assert_eq!(
        machine.run_with("ada", &[("WORD", "a b")], &["sh", "-c", "echo $WORD; cat"], "typed").expect(0).stdout,
        "a b\ntyped"
    );
    machine.write("/etc/deep/below/file", "text\n");
    assert_eq!(machine.read("/etc/deep/below/file"), "text\n");
    machine.run_as("ada", &["ln", "-s", "nowhere", "link"]).expect(0);
    assert!(machine.exists("/home/ada/link") && !machine.exists("/home/ada/nowhere"));
    machine.run_as("ada", &["unshare", "--user", "--map-root-user", "true"]).expect(0);
    machine.run_as("ada", &["nixstart", "--version"]).expect(0);

    let other = Machine::start("bookworm").unwrap();
    assert!(!other.exists("/etc/deep"));
    let (directory, process) = (machine.directory(), std::fs::read_to_string(machine.directory().join("pid")).unwrap());
    machine.run(&["sh", "-c", "setsid -f sleep 86400 > /dev/null 2>&1"]).expect(0);
    drop(machine);
    assert!(!directory.exists());
    assert!(!Path::new("/proc").join(process.trim()).exists());
    other.run(&["true"]).expect(0);
}

#[test]
fn a_host_that_cannot_make_machines_says_why() {
    let cache = tempfile::tempdir().unwrap();
    let mut make = Command::new(checkout().join("tests/machines/make"));
    // Without /usr/sbin, where debootstrap is.
    make.arg("trixie").env("NIXSTART_TEST_CACHE", cache.path()).env("PATH", "/usr/bin:/bin");
    let said = run(&mut make, "").expect(77).stderr;
    assert!(["not installed", "takes root"].iter().any(|why| said.contains(why)), "{said}");
}

#[test]
fn a_machine_that_does_not_boot_is_a_failure_and_not_a_host_without_machines() {
    let Some(machine) = Machine::start("bookworm") else { return };
    let enter = |more: &[&str]| {
        let directory = tempfile::Builder::new().prefix("nixstart-machine-").tempdir().unwrap();
        let mut command = Command::new(checkout().join("tests/machines/enter"));
        run(command.arg("--keep").arg(directory.path()).args(more), "")
    };
    // Nothing can be shown inside that is not there outside; `bookworm` has no systemd.
    enter(&["--bind", "/nowhere:/inside", "bookworm", "--", "true"]).expect(1).says("the machine is broken: it does not start");
    enter(&["--systemd", "bookworm", "--", "true"]).expect(1).says("the machine is broken");
    machine.run(&["true"]).expect(0);
}

#[test]
fn a_machine_stops_when_its_test_is_killed() {
    let Some(machine) = Machine::start("bookworm") else { return };
    let mut owner = Command::new("sleep").arg("86400").spawn().unwrap();
    let directory = tempfile::Builder::new().prefix("nixstart-machine-").tempdir().unwrap();
    let mut enter = Command::new(checkout().join("tests/machines/enter"));
    enter.arg("--keep").arg(directory.path()).args(["--until", &owner.id().to_string(), "bookworm", "--", "true"]);
    run(&mut enter, "").expect(0);
    let process = Path::new("/proc").join(std::fs::read_to_string(directory.path().join("pid")).unwrap().trim());
    assert!(process.exists());
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_until(|| !process.exists() && !directory.path().exists());
    machine.run(&["true"]).expect(0);
}

#[track_caller]
fn wait_until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "it does not come about");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn people_of_a_machine_have_the_sudo_they_should() {
    let Some(machine) = Machine::start("bookworm") else { return };
    let sudo = |user, command: &[&str]| machine.run_as(user, &[&["sudo", "-n"], command].concat());
    assert_eq!(sudo("bob", &["id", "-un"]).expect(0).stdout, "root\n");
    sudo("carol", &["true"]).expect(1).says("a password is required");
    sudo("ada", &["true"]).expect(1).says("a password is required");
    sudo("dan", &["apt-get", "--version"]).expect(0);
    sudo("dan", &["true"]).expect(1).says("a password is required");

    let mut terminal = machine.terminal("carol", &[], &["sudo", "id", "-un"], (24, 80));
    terminal.wait_for("password for carol").send("carol\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(ended.text.ends_with("root\r\n"), "{}", ended.text);
    let mut terminal = machine.terminal("ada", &[], &["sudo", "true"], (24, 80));
    terminal.wait_for("password for ada").send("\u{3}");
    assert_eq!(terminal.end().code, 1);
}

#[test]
fn bookworm_has_a_nix_too_old_for_nixpkgs() {
    let Some(machine) = Machine::start("bookworm+nix") else { return };
    let found = doctor(&machine, "ada", &["nix-present", "nix-version-min"]);
    assert_eq!(found.code, 3);
    found
        .has("nix-present", "pass")
        .has("nix-version-min", "fail")
        .says("nix-version-min", "2.8")
        .advises("nix-version-min", "setup");
    let whole = Findings::of(machine.run_as("ada", &["nixstart", "doctor", "--offline", "--json"]));
    assert_eq!(whole.document["summary"]["crash"], 0, "{:#}", whole.document);
}

#[test]
fn a_directory_that_may_not_be_read_is_told_once_and_blamed_on_no_program() {
    let Some(machine) = Machine::start("bookworm+nix") else { return };
    let session = "setpriv --reuid=ada --regid=ada --init-groups --reset-env nixstart doctor --offline --json";
    let found = Findings::of(machine.script("root", &format!("mkdir -m 700 /closed; cd /closed; exec {session}")));
    assert_eq!(found.document["summary"]["crash"], 0, "{:#}", found.document);
    found
        .has("directory-open", "fail")
        .says("directory-open", "you may not read `/closed`")
        .advises("directory-open", "cd")
        .says("nix-version-min", "2.8");
}

#[test]
fn an_unplugged_machine_gets_one_finding() {
    let Some(machine) = Machine::start("bookworm") else { return };
    let command =
        "unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY; exec unshare --net nixstart doctor --json --group network";
    let found = Findings::of(machine.script("root", command));
    assert_eq!((found.code, &found.document["summary"]["fail"], &found.document["summary"]["warn"]), (0, &0.into(), &1.into()));
    found
        .has("dns-cache-host", "warn")
        .says("dns-cache-host", "connected to no network")
        .has("cache-reachable", "skip")
        .has("clock-skew", "skip");
}

#[test]
fn a_machine_without_curl_is_asked_about_its_network_too() {
    let Some(machine) = Machine::start("bookworm") else { return };
    // A name server where nobody is; whether the host has a network does not matter.
    let script = "echo nameserver 127.0.0.1 > /etc/resolv.conf; ! command -v curl
        unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY;
        exec nixstart doctor --json --group network";
    let run = machine.script("root", script);
    let found = Findings::of(run);
    if found.check("dns-cache-host")["summary"] == "this machine is connected to no network" {
        return;
    }
    assert_eq!(found.code, 3);
    found.has("dns-cache-host", "fail").says("dns-cache-host", "lookup address").has("cache-reachable", "skip");
}

#[test]
fn a_bare_machine_needs_setup() {
    let Some(machine) = Machine::start("trixie") else { return };
    let found = doctor(&machine, "ada", &["nix-present", "nix-version-min", "daemon-socket"]);
    assert_eq!(found.code, 3);
    found.has("nix-present", "fail").advises("nix-present", "setup").has("nix-version-min", "skip").has("daemon-socket", "skip");
    let whole = Findings::of(machine.run_as("ada", &["nixstart", "doctor", "--offline", "--json"]));
    assert_eq!(whole.document["summary"]["crash"], 0, "{:#}", whole.document);
}

#[test]
fn nix_installed_by_hand_gives_the_offline_shell_to_ada() {
    let Some(machine) = Machine::start("trixie+systemd") else { return };
    assert!(!machine.exists("/nix"));
    // What `setup --route distro` will do.
    machine
        .script(
            "bob",
            "sudo apt-get update
        sudo DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nix-bin nix-setup-systemd direnv
        sudo usermod -aG nix-users ada",
        )
        .expect(0);
    let project = machine.flake("ada");
    let before = machine.run_with("ada", &[OFFLINE], &["nix", "develop", &project, "-c", "true"], "");
    before.expect(1).says("experimental Nix feature");
    machine
        .script("ada", "mkdir -p .config/nix; echo extra-experimental-features = nix-command flakes > .config/nix/nix.conf")
        .expect(0);

    let says = |command: &[&str]| machine.run_with("ada", &[OFFLINE], command, "");
    let greeting = "echo $GREETING, $HOOKED";
    assert_eq!(
        says(&["nix", "develop", &project, "-c", "sh", "-c", greeting]).expect(0).stdout,
        "hello from the dev shell, yes\n"
    );
    says(&["direnv", "exec", &project, "true"]).expect(1).says("is blocked");
    says(&["direnv", "allow", &project]).expect(0);
    assert_eq!(says(&["direnv", "exec", &project, "sh", "-c", "echo $GREETING"]).expect(0).stdout, "hello from the dev shell\n");
    // It was the daemon that built it, as one of its users.
    assert_eq!(machine.run(&["systemctl", "is-active", "nix-daemon.service"]).stdout, "active\n");
    assert_eq!(machine.run(&["stat", "-c", "%U", "/nix/store"]).stdout, "root\n");
    // Builds run in a sandbox, as they do on a machine of a person.
    let deep =
        ["nixstart", "doctor", "--offline", "--deep", "--json", "--check", "sandbox-effective", "--check", "store-probe-build"];
    Findings::of(machine.run_as("ada", &deep)).has("sandbox-effective", "pass").has("store-probe-build", "pass");
    doctor(&machine, "ada", &["daemon-socket", "daemon-access", "flakes-enabled", "nix-version-min"])
        .has("daemon-socket", "pass")
        .has("daemon-access", "pass")
        .has("flakes-enabled", "pass")
        .has("nix-version-min", "pass");
}

#[test]
fn who_may_talk_to_the_daemon_is_told_and_mended() {
    let Some(machine) = Machine::start(WITH_DAEMON) else { return };
    doctor(&machine, "ada", &["daemon-access"])
        .has("daemon-access", "fail")
        .says("daemon-access", "`ada` is not in the group `nix-users`")
        .advises("daemon-access", "usermod -aG nix-users ada");
    // The store that the daemon has yet to make is no store below home, and a stopped daemon is told to an outsider, too.
    assert!(!machine.exists("/nix/store"));
    doctor(&machine, "ada", &["chroot-store-in-use", "daemon-unit"])
        .has("chroot-store-in-use", "pass")
        .has("daemon-unit", "pass");
    machine.script("root", "systemctl stop nix-daemon.socket nix-daemon.service").expect(0);
    doctor(&machine, "ada", &["daemon-unit", "daemon-socket"])
        .has("daemon-socket", "pass")
        .has("daemon-unit", "warn")
        .says("daemon-unit", "neither the socket nor the service")
        .advises("daemon-unit", "sh -c systemctl stop nix-daemon.service && systemctl start nix-daemon.socket");
    machine.script("root", "systemctl start nix-daemon.socket").expect(0);
    // Who may not become root is told so, and nothing is changed.
    let mend = ["nixstart", "doctor", "--offline", "--fix", "--yes", "--check", "daemon-access"];
    for (user, why) in [("ada", "lets you run nothing"), ("carol", "password"), ("dan", "usermod")] {
        let run = machine.run_as(user, &mend).says(why);
        assert_eq!(run.code, 9, "{}", run.stderr);
        assert!(!machine.run_as(user, &["id", "-Gn"]).stdout.contains("nix-users"));
    }

    // bob may, through sudo; his session stays as it is.
    machine.run_as("bob", &mend).expect(0).says("done: Add `bob` to the group `nix-users`").says("log in again");
    assert!(machine.run_as("bob", &["id", "-Gn"]).stdout.contains("nix-users"));
    doctor(&machine, "bob", &["daemon-access"]).has("daemon-access", "pass");
    machine.run_as("bob", &["nix", "--extra-experimental-features", "nix-command", "store", "info"]).expect(0);

    // A session from before knows nothing of the group.
    let session = ["setpriv", "--reuid=bob", "--regid=bob", "--clear-groups", "--reset-env"];
    let look = ["nixstart", "doctor", "--offline", "--json", "--check", "daemon-access"];
    Findings::of(machine.run(&[session.as_slice(), &look].concat()))
        .has("daemon-access", "warn")
        .says("daemon-access", "this session began before that");
}

#[test]
fn a_daemon_that_does_not_answer_is_told_and_started() {
    let Some(machine) = Machine::start(WITH_DAEMON) else { return };
    machine.script("root", "usermod -aG nix-users bob").expect(0);
    let checks = ["daemon-socket", "daemon-access"];
    doctor(&machine, "bob", &checks).has("daemon-socket", "pass").has("daemon-access", "pass");

    // Stopped: systemd leaves the socket's file behind, where nobody listens.
    machine.script("root", "systemctl stop nix-daemon.socket nix-daemon.service").expect(0);
    doctor(&machine, "bob", &checks)
        .has("daemon-socket", "fail")
        .says("daemon-socket", "nobody listens")
        .advises("daemon-socket", "sh -c systemctl stop nix-daemon.service && systemctl start nix-daemon.socket")
        .has("daemon-access", "skip");
    let mend = ["nixstart", "doctor", "--offline", "--fix", "--yes", "--check", "daemon-socket"];
    machine.run_as("bob", &mend).expect(0).says("done: Start the daemon");
    assert_eq!(machine.run(&["systemctl", "is-active", "nix-daemon.socket"]).stdout, "active\n");
    doctor(&machine, "bob", &checks).has("daemon-socket", "pass");

    // No file at all, and one that a killed daemon of nobody's unit left.
    machine.script("root", "systemctl stop nix-daemon.socket nix-daemon.service; rm /nix/var/nix/daemon-socket/socket").expect(0);
    doctor(&machine, "bob", &checks).has("daemon-socket", "fail").says("daemon-socket", "has no socket");
    let killed = "nix-daemon --daemon > /dev/null 2>&1 &
        until [ -S /nix/var/nix/daemon-socket/socket ]; do sleep 0.05; done
        kill -KILL $!";
    machine.script("root", killed).expect(0);
    doctor(&machine, "bob", &checks).has("daemon-socket", "fail").says("daemon-socket", "nobody listens");
    machine.run_as("bob", &mend).expect(0);
    machine.run_as("bob", &["nix", "--extra-experimental-features", "nix-command", "store", "info"]).expect(0);
}

#[test]
fn a_store_without_room_is_told() {
    let Some(machine) = Machine::start(WITH_DAEMON) else { return };
    machine.script("root", "usermod -aG nix-users ada").expect(0);
    let checks = ["disk-space", "disk-inodes", "daemon-socket"];
    doctor(&machine, "ada", &checks).has("disk-space", "pass").has("disk-inodes", "pass");
    let onto = |options: &str, fill: &str| {
        machine
            .script(
                "root",
                &format!(
                    "systemctl stop nix-daemon.socket nix-daemon.service
            mkdir -p /other; mount -t tmpfs -o mode=755,{options} other /other; cp -a /nix/. /other
            ({fill}) 2> /dev/null || true
            mount --move /other /nix; systemctl start nix-daemon.socket"
                ),
            )
            .expect(0);
    };
    onto("size=40m", "head -c 100M /dev/zero > /other/fill");
    doctor(&machine, "ada", &checks).has("disk-space", "fail").says("disk-space", "/nix").has("daemon-socket", "pass");
    machine.script("root", "systemctl stop nix-daemon.socket nix-daemon.service; umount /nix").expect(0);
    onto("size=9g,nr_inodes=300", "for file in $(seq 400); do touch /other/$file; done");
    doctor(&machine, "ada", &checks).has("disk-inodes", "fail").has("disk-space", "pass").has("daemon-socket", "pass");
}

#[test]
fn a_store_mounted_read_only_is_no_stopped_daemon() {
    let Some(machine) = Machine::start(WITH_DAEMON) else { return };
    // A file system of its own, as /nix often is.
    machine
        .script(
            "root",
            "usermod -aG nix-users ada; systemctl stop nix-daemon.socket nix-daemon.service
            mkdir /disk; mount -t tmpfs -o mode=755 disk /disk; cp -a /nix/. /disk
            mount --bind /disk /nix; systemctl start nix-daemon.socket",
        )
        .expect(0);
    let checks = ["nix-mount-flags", "daemon-socket"];
    doctor(&machine, "ada", &checks).has("nix-mount-flags", "pass").has("daemon-socket", "pass");
    for (flag, back) in [("ro", "rw"), ("noexec", "exec")] {
        machine.run(&["mount", "-o", &format!("remount,bind,{flag}"), "/nix"]).expect(0);
        let remount = format!("mount -o remount,bind,{back} /nix");
        doctor(&machine, "ada", &checks)
            .has("nix-mount-flags", "fail")
            .advises("nix-mount-flags", &format!("sudo {remount}; grep -n /nix /etc/fstab"))
            .has("daemon-socket", "skip");
        machine.script("root", &remount).expect(0);
        doctor(&machine, "ada", &checks).has("nix-mount-flags", "pass");
    }
}

#[test]
fn settings_of_the_system_go_through_one_line_and_are_taken_back() {
    let Some(machine) = Machine::start(WITH_DAEMON) else { return };
    machine.script("root", "usermod -aG nix-users bob").expect(0);
    let before = machine.read("/etc/nix/nix.conf");
    let project = machine.flake("bob");
    let config = "nixConfig = { extra-substituters = [ \"https://a.cachix.org\" ]; extra-trusted-public-keys = [ \"a.cachix.org-1:eHl6\" ]; };";
    machine
        .script("bob", &format!("cd {project}; sed -i '0,/{{/s|{{|{{ {config}|' flake.nix; git init --quiet; git add ."))
        .expect(0);
    let doctor = |more: &[&str]| {
        machine
            .run_as("bob", &[&["nixstart", "-C", &project, "doctor", "--offline", "--check", "flake-nixconfig"], more].concat())
    };
    doctor(&[]).expect(0).says("settings that `flake.nix` asks for are ignored");
    doctor(&["--fix", "--yes"]).expect(0).says("done: Restart the daemon").says("+ config 1 ok");
    assert_eq!(machine.read("/etc/nix/nix.conf"), format!("{before}!include nixstart.conf\n"));
    assert_eq!(
        machine.read("/etc/nix/nixstart.conf"),
        "extra-substituters = https://a.cachix.org\nextra-trusted-public-keys = a.cachix.org-1:eHl6\n"
    );
    // The daemon knows them, and they are not set twice.
    doctor(&["--fix", "--yes"]).expect(0).says("There is nothing that nixstart can mend itself");
    machine.run_as("bob", &["nixstart", "-C", &project, "undo", "--yes"]).expect(0).says("undone: Restart the daemon");
    assert_eq!(machine.read("/etc/nix/nix.conf"), before);
    assert!(!machine.exists("/etc/nix/nixstart.conf"));
}

#[test]
fn doctor_hooks_direnv_into_the_shell_as_setup_does() {
    let Some(machine) = Machine::start("trixie+direnv") else { return };
    machine.script("ada", "mkdir project; echo 'export A=1' > project/.envrc; mkdir dotfiles; mv .bashrc dotfiles; ln -s dotfiles/.bashrc .bashrc").expect(0);
    let before = machine.read("/home/ada/.bashrc");
    let doctor = |more: &[&str]| {
        let command = ["nixstart", "-C", "project", "doctor", "--offline", "--check", "direnv-hook"];
        machine.run_as("ada", &[command.as_slice(), more].concat())
    };
    doctor(&["--fix", "--yes"]).expect(0).says("done: Add the hook to").says("new shells");
    let block = "# >>> nixstart direnv >>>\neval \"$(direnv hook bash)\"\n# <<< nixstart direnv <<<\n";
    assert_eq!(machine.read("/home/ada/dotfiles/.bashrc"), format!("{before}{block}"));
    doctor(&[]).expect(0);
    let planned = machine.run_as("ada", &["nixstart", "setup", "--plan", "--json", "--only", "direnv-hook"]).stdout;
    assert!(!planned.contains("direnv hook bash"), "{planned}");
    machine.run_as("ada", &["nixstart", "-C", "project", "undo", "--yes"]).expect(0);
    assert_eq!(machine.read("/home/ada/.bashrc"), before);
    assert!(machine.run_as("ada", &["readlink", ".bashrc"]).stdout.starts_with("dotfiles"));
}

#[test]
fn build_users_that_were_removed_are_made_again() {
    let Some(machine) = Machine::start(WITH_DAEMON) else { return };
    machine.script("root", "usermod -aG nix-users bob; for n in $(seq 1 10); do userdel nixbld$n; done").expect(0);
    doctor(&machine, "bob", &["build-users"]).has("build-users", "fail").says("build-users", "has no members");
    let mend = ["nixstart", "doctor", "--offline", "--fix", "--yes", "--check", "build-users"];
    machine.run_as("bob", &mend).expect(0).says("done: Make the group and its users again");
    doctor(&machine, "bob", &["build-users"]).has("build-users", "pass");
}

#[test]
fn a_store_that_a_newer_nix_has_used_is_told_by_the_old_one() {
    let Some(machine) = Machine::start("bookworm+nix") else { return };
    machine.script("root", "nix-store --init; printf 99 > /nix/var/nix/db/schema").expect(0);
    doctor(&machine, "root", &["db-schema"])
        .has("db-schema", "fail")
        .says("db-schema", "schema is version 99, but I only support 10")
        .advises("db-schema", "setup");
    machine.script("root", "echo 10 > /nix/var/nix/db/schema").expect(0);
    doctor(&machine, "root", &["db-schema"])
        .has("db-schema", "fail")
        .advises("db-schema", "printf 10 | sudo tee /nix/var/nix/db/schema");
    machine.script("root", "printf 10 > /nix/var/nix/db/schema").expect(0);
    doctor(&machine, "root", &["db-schema"]).has("db-schema", "pass");
}

#[test]
fn a_path_of_the_store_that_was_changed_is_built_again() {
    let Some(machine) = Machine::start(WITH_DAEMON) else { return };
    machine.script("root", "usermod -aG nix-users bob").expect(0);
    let build = r#"nix-build --no-out-link --option sandbox false -E 'derivation {
        name = "probe"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo hello > $out" ]; }'"#;
    let path = machine.run_with("root", &[OFFLINE], &["sh", "-c", build], "").expect(0).stdout.trim().to_owned();
    machine.script("root", &format!("chmod u+w {path}; echo more >> {path}")).expect(0);
    let doctor = |more: &[&str]| {
        let command = ["nixstart", "doctor", "--offline", "--deep", "--strict", "--check", "store-integrity"];
        machine.run_with("bob", &[OFFLINE], &[command.as_slice(), more].concat(), "")
    };
    doctor(&[]).expect(3).says(&path);
    doctor(&["--fix", "--yes"]).expect(0).says("done: Fetch or build them again").says("+ store 1 ok");
    assert_eq!(machine.read(&path), "hello\n");
}

#[test]
fn a_cache_that_belongs_to_root_is_given_back() {
    let Some(machine) = Machine::start("trixie+nix") else { return };
    machine.script("bob", "sudo mkdir -p .cache/nix/deep; sudo touch .cache/nix/deep/a.sqlite").expect(0);
    let owners = || machine.script("bob", "find .cache/nix -printf '%u\\n' | sort -u").expect(0).stdout;
    assert_eq!(owners(), "root\n");
    doctor(&machine, "bob", &["cache-dir-owner"]).has("cache-dir-owner", "fail");
    let mend = ["nixstart", "doctor", "--offline", "--fix", "--yes", "--check", "cache-dir-owner"];
    machine.run_as("bob", &mend).expect(0);
    assert_eq!(owners(), "bob\n");
    doctor(&machine, "bob", &["cache-dir-owner"]).has("cache-dir-owner", "pass");
}
