//! What `nixstart setup` does after Nix is there: direnv's hook, nix-direnv, devenv and its cache, with the real programs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use pretty_assertions::assert_eq;
use serde_json::Value;

use crate::support::machine::{Machine, OFFLINE};
use crate::support::{Run, Sandbox, run, tools};

/// Debian with the daemon of Nix under systemd, direnv and git.
const WITH_DAEMON: &str = "trixie+systemd+daemon+direnv";

#[track_caller]
fn setup(machine: &Machine, flags: &[&str]) -> Run {
    machine.run_with("bob", &[OFFLINE], &[&["nixstart", "setup"], flags].concat(), "")
}

/// What Nix says when ada, whom the daemon does not trust, asks for the cache of devenv.
fn asks_for_the_cache(machine: &Machine) -> String {
    let features = ["nix", "--extra-experimental-features", "nix-command flakes"];
    let build = ["build", "--no-link", "--option", "extra-substituters", "https://devenv.cachix.org", "nixpkgs#direnv"];
    machine.run_with("ada", &[OFFLINE], &[features.as_slice(), &build].concat(), "").expect(0).stderr
}

#[test]
fn nix_direnv_and_the_cache_come_to_a_daemon_that_is_there_and_go_without_a_trace() {
    let Some(machine) = Machine::start(WITH_DAEMON) else { return };
    let flakes = "mkdir -p ~/.config/nix; echo 'extra-experimental-features = nix-command flakes' > ~/.config/nix/nix.conf";
    machine.script("root", "usermod -aG nix-users ada").expect(0);
    machine.script("ada", flakes).expect(0);
    machine.nixpkgs("ada");
    machine.nixpkgs("bob");
    let files = ["/etc/nix/nix.conf", "/home/bob/.bashrc"];
    let before = files.map(|file| machine.read(file));
    let untrusted = "ignoring untrusted substituter";
    assert!(asks_for_the_cache(&machine).contains(untrusted));

    // Consent does not take in what is off by default.
    setup(&machine, &["--yes"]).expect(0).says("left out by default: Install devenv").says("Log out and in again");
    assert!(!machine.exists("/home/bob/.nix-profile/bin/devenv"));
    assert_eq!(machine.read("/etc/nix/nix.conf"), format!("{}!include nixstart.conf\n", before[0]));
    assert!(!machine.read("/etc/nix/nixstart.conf").contains("trusted-users"));
    assert!(!asks_for_the_cache(&machine).contains(untrusted));

    // direnv uses what nix-direnv defines.
    let project = machine.flake("bob");
    let direnv = |arguments: &[&str]| machine.run_with("bob", &[OFFLINE], &[&["direnv"], arguments].concat(), "");
    direnv(&["allow", &project]).expect(0);
    let say = ["exec", &project, "sh", "-c", "echo $FROM_NIX_DIRENV"];
    assert_eq!(direnv(&say).expect(0).stdout, "yes\n");
    setup(&machine, &["--yes"]).expect(0).says("nothing to do");

    setup(&machine, &["--undo", "--yes"]).expect(0).says("undone: Install nix-direnv into your profile");
    assert_eq!(files.map(|file| machine.read(file)), before);
    for made in ["/etc/nix/nixstart.conf", "/home/bob/.config/direnv", "/home/bob/.config/nix/nix.conf"] {
        assert!(!machine.exists(made), "{made}");
    }
    assert!(!machine.exists("/home/bob/.nix-profile/share/nix-direnv/direnvrc"));
    assert!(asks_for_the_cache(&machine).contains(untrusted));
}

#[test]
fn devenv_is_named_as_left_out_and_comes_when_it_is_asked_for() {
    let Some(machine) = Machine::start(WITH_DAEMON) else { return };
    machine.nixpkgs("bob");
    let document: Value = serde_json::from_str(&setup(&machine, &["--json"]).expect(0).stdout).unwrap();
    assert_eq!(document["extras"][0]["id"], "devenv");
    assert!(!document["plan"].to_string().contains("nixpkgs#devenv"));
    setup(&machine, &["--plan"])
        .expect(0)
        .says("left out by default: Install devenv into your profile (`nixstart setup --only devenv`");
    let parts = ["--skip", "caches", "--skip", "nix-direnv", "--skip", "direnv-hook"];

    // The review shows it switched off.
    let command = [&["nixstart", "setup"], parts.as_slice()].concat();
    let mut terminal = machine.terminal("bob", &[OFFLINE], &command, (24, 80));
    terminal.wait_for("[ ] Install devenv").wait_for("2 of 3 steps on").send("q");
    assert_eq!(terminal.end().code, 7);

    // So do the numbered questions, where it is left out unless it is chosen.
    let command = [&["nixstart", "--plain", "setup"], parts.as_slice()].concat();
    let mut terminal = machine.terminal("bob", &[OFFLINE], &command, (40, 120));
    terminal.wait_for("Left out unless you choose it: Install devenv").wait_for("Which steps?").send("\r");
    terminal.wait_for("Apply 2 steps").send("no\r");
    assert_eq!(terminal.end().code, 7);
    let mut terminal = machine.terminal("bob", &[OFFLINE], &command, (40, 120));
    terminal.wait_for("Which steps?").send("1,2\r").wait_for("Apply 3 steps").send("yes\r");
    terminal.wait_for("run as root").send("yes\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(machine.exists("/home/bob/.nix-profile/bin/devenv"));

    setup(&machine, &["--undo", "--yes"]).expect(0);
    assert!(!machine.exists("/home/bob/.nix-profile/bin/devenv"));
    // Asked for by its name it needs no other consent.
    machine.script("root", "usermod -aG nix-users bob").expect(0);
    let flakes = setup(&machine, &["--yes", "--only", "flakes", "--only", "devenv"]);
    flakes.expect(0).says("done: Install devenv into your profile");
    assert!(machine.exists("/home/bob/.nix-profile/bin/devenv"));
}

#[test]
fn direnv_comes_into_the_profile_where_apt_has_none() {
    let Some(machine) = Machine::start("trixie+systemd+daemon") else { return };
    machine.nixpkgs("bob");
    machine.script("root", "usermod -aG nix-users bob; rm -rf /var/lib/apt/lists/*").expect(0);
    let parts = ["--yes", "--only", "flakes", "--only", "direnv"];
    setup(&machine, &parts).expect(0).says("Install direnv into your profile").says("leave `~/.nix-profile/bin` off PATH");
    assert!(machine.exists("/home/bob/.nix-profile/bin/direnv"));
    setup(&machine, &["--undo", "--yes"]).expect(0);
    assert!(!machine.exists("/home/bob/.nix-profile/bin/direnv"));
}

#[test]
fn a_profile_that_nix_env_has_made_stays_its_own() {
    let Some(machine) = Machine::start(WITH_DAEMON) else { return };
    machine.nixpkgs("bob");
    machine.script("root", "usermod -aG nix-users bob").expect(0);
    machine.run_with("bob", &[OFFLINE], &["nix-env", "-f", "nixpkgs", "-iA", "devenv"], "").expect(0);
    let holds = || machine.run_with("bob", &[OFFLINE], &["nix-env", "-q"], "").expect(0).stdout;
    // Without flakes in the settings Nix does not see that OFFLINE has no registry of the world.
    setup(&machine, &["--yes", "--only", "flakes", "--only", "nix-direnv"]).expect(0).says("done: Install nix-direnv");
    assert_eq!(holds(), "devenv-2.2.2\nnix-direnv-3.1.0\n");
    setup(&machine, &["--undo", "--yes"]).expect(0);
    assert_eq!(holds(), "devenv-2.2.2\n");
}

#[test]
fn settings_of_installers_get_one_line_or_are_left_alone() {
    let Some(machine) = Machine::start(WITH_DAEMON) else { return };
    let trusted =
        || machine.run(&["nix", "--extra-experimental-features", "nix-command", "config", "show", "trusted-substituters"]);
    let conf = "# Generated by https://github.com/NixOS/nix-installer\n!include nix.custom.conf\n";
    machine.write("/etc/nix/nix.conf", conf);
    setup(&machine, &["--yes", "--only", "caches"]).expect(0).says("done: Let projects use the cache of devenv");
    // Which that installer writes once, and never again.
    assert_eq!(machine.read("/etc/nix/nix.conf"), format!("{conf}!include nixstart.conf\n"));
    assert_eq!(trusted().expect(0).stdout, "https://devenv.cachix.org\n");
    setup(&machine, &["--yes", "--only", "caches"]).expect(0).says("nothing to do");
    setup(&machine, &["--undo", "--yes"]).expect(0);
    assert_eq!(machine.read("/etc/nix/nix.conf"), conf);
    assert!(!machine.exists("/etc/nix/nixstart.conf"));
    assert_eq!(trusted().expect(0).stdout, "\n");

    machine.write("/etc/nix/nix.conf", "# Generated by https://github.com/DeterminateSystems/nix-installer.\n");
    let told = setup(&machine, &["--yes", "--only", "caches"]).expect(0);
    told.says("add to `/etc/nix/nix.custom.conf`: extra-trusted-substituters = https://devenv.cachix.org;");
    assert!(!machine.exists("/etc/nix/nixstart.conf"));
}

#[test]
fn who_owns_the_store_has_the_cache_in_settings_of_their_own() {
    let Some(machine) = Machine::start("trixie+nix") else { return };
    machine.script("bob", "sudo mkdir -p /nix/var/nix; sudo chown -R bob /nix; nix-store --init").expect(0);
    machine.script("bob", "mkdir -p .config/nix; printf 'max-jobs = 2' > .config/nix/nix.conf").expect(0);
    let file = "/home/bob/.config/nix/nix.conf";
    machine.run_as("bob", &["nixstart", "setup", "--yes", "--only", "caches"]).expect(0).says("done: Use the cache of devenv");
    assert!(machine.read(file).starts_with("max-jobs = 2\n# >>> nixstart caches >>>\nextra-substituters = https://devenv."));
    let show = ["nix", "--extra-experimental-features", "nix-command", "config", "show", "substituters"];
    let shown = machine.run_as("bob", &show).expect(0);
    assert!(shown.stdout.contains("https://devenv.cachix.org"), "{shown:?}");
    assert!(!shown.stderr.contains("ignoring"), "{shown:?}");
    machine.run_as("bob", &["nixstart", "setup", "--yes", "--only", "caches"]).expect(0).says("nothing to do");
    machine.run_as("bob", &["nixstart", "setup", "--undo", "--yes"]).expect(0);
    assert_eq!(machine.read(file), "max-jobs = 2");
}

#[test]
fn the_hook_works_in_every_shell_that_debian_has() {
    let Some(machine) = Machine::start(WITH_DAEMON) else { return };
    let packages = "sudo apt-get update; sudo apt-get install -y --no-install-recommends zsh fish tcsh elvish";
    machine.script("bob", packages).expect(0);
    machine.script("bob", "mkdir project; echo 'export LOADED=it' > project/.envrc; direnv allow project").expect(0);
    for (shell, file) in [
        ("bash", ".bashrc"),
        ("zsh", ".zshrc"),
        ("fish", ".config/fish/config.fish"),
        ("tcsh", ".cshrc"),
        ("elvish", ".config/elvish/rc.elv"),
    ] {
        let (program, file) = (format!("/usr/bin/{shell}"), format!("/home/bob/{file}"));
        let before = if shell == "bash" { machine.read(&file) } else { "# mine".to_owned() };
        if shell != "bash" {
            machine
                .run_with("bob", &[], &["sh", "-c", r#"mkdir -p "$(dirname "$1")"; cat > "$1""#, "sh", &file], &before)
                .expect(0);
        }
        let variables = [("SHELL", program.as_str())];
        let hook = ["nixstart", "setup", "--yes", "--only", "direnv-hook"];
        machine.run_with("bob", &variables, &hook, "").expect(0).says("done: Hook direnv into");
        let mut terminal = machine.terminal("bob", &variables, &[program.as_str()], (24, 100));
        terminal.send("cd project\r").wait_for("direnv: export +LOADED").send("cd ..\r").wait_for("direnv: unloading");
        terminal.send("exit\r");
        terminal.end();
        machine.run_with("bob", &variables, &hook, "").expect(0).says("nothing to do");
        machine.run_with("bob", &variables, &["nixstart", "setup", "--undo", "--yes"], "").expect(0);
        assert_eq!(machine.read(&file), before, "{shell}");
    }
}

/// A user of direnv whose profile has nix-direnv.
struct User {
    sandbox: Sandbox,
}

impl User {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let script = sandbox.home().join(".nix-profile/share/nix-direnv/direnvrc");
        fs::create_dir_all(script.parent().unwrap()).unwrap();
        fs::write(&script, "export FROM_NIX_DIRENV=yes\n").unwrap();
        sandbox.write("project/.envrc", "export A=1\n");
        let user = Self { sandbox };
        user.direnv(&["allow", "project"]).expect(0);
        user
    }

    fn file(&self, path: &str) -> PathBuf {
        self.sandbox.home().join(path)
    }

    fn setup(&self, flags: &[&str]) -> Run {
        let mut command = self.sandbox.command();
        command.env("PATH", tools::tool_path()).env("SHELL", "/bin/bash").arg("setup").args(flags);
        run(&mut command, "")
    }

    fn load(&self) -> Run {
        self.setup(&["--yes", "--only", "nix-direnv-load"])
    }

    fn direnv(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(tools::find("direnv").unwrap());
        command.env_clear().envs(self.sandbox.environment()).env("PATH", tools::tool_path());
        run(command.current_dir(self.sandbox.work()).args(arguments), "")
    }

    /// What a program in the project finds of nix-direnv and of the `.envrc`.
    #[track_caller]
    fn found(&self) -> String {
        self.direnv(&["exec", "project", "sh", "-c", "echo $FROM_NIX_DIRENV $A"]).expect(0).stdout.trim().to_owned()
    }
}

#[test]
fn direnv_loads_nix_direnv_and_goes_on_where_it_is_gone() {
    if !tools::have("direnv_loads_nix_direnv_and_goes_on_where_it_is_gone", &["direnv"]) {
        return;
    }
    for before in [None, Some(""), Some("# mine\nexport MINE=1")] {
        let user = User::new();
        let file = user.file(".config/direnv/direnvrc");
        if let Some(text) = before {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
        }
        user.load().expect(0).says("done: Load nix-direnv");
        assert_eq!(user.found(), "yes 1");
        user.load().expect(0).says("nothing to do");
        let script = user.file(".nix-profile/share/nix-direnv/direnvrc");
        fs::remove_file(script).unwrap();
        fs::write(user.file(".config/direnv/direnv.toml"), "[global]\nstrict_env = true\n").unwrap();
        let without = user.direnv(&["exec", "project", "sh", "-c", "echo $FROM_NIX_DIRENV $A"]).expect(0);
        assert_eq!(without.stdout, "1\n");
        assert!(!without.stderr.contains("direnvrc"), "{}", without.stderr);
        user.setup(&["--undo", "--yes"]).expect(0);
        let after = fs::read_to_string(&file).ok();
        assert_eq!(after.as_deref(), before);
    }
}

#[test]
fn the_older_direnvrc_is_not_switched_off_by_a_new_one() {
    if !tools::have("the_older_direnvrc_is_not_switched_off_by_a_new_one", &["direnv"]) {
        return;
    }
    let user = User::new();
    fs::write(user.file(".direnvrc"), "export A_OF_OLD=1\n").unwrap();
    user.load().expect(0).says(".direnvrc`");
    assert!(!user.file(".config/direnv/direnvrc").exists());
    assert_eq!(user.found(), "yes 1");
    let old = user.direnv(&["exec", "project", "sh", "-c", "echo $A_OF_OLD"]);
    assert_eq!(old.expect(0).stdout, "1\n");
}

#[test]
fn what_home_manager_makes_is_left_alone() {
    if !tools::have("what_home_manager_makes_is_left_alone", &["direnv"]) {
        return;
    }
    // It loads nix-direnv already.
    let user = User::new();
    let library = user.file(".config/direnv/lib/hm-nix-direnv.sh");
    fs::create_dir_all(library.parent().unwrap()).unwrap();
    fs::write(&library, "source /nix/store/abc-nix-direnv-3.1.0/share/nix-direnv/direnvrc\n").unwrap();
    user.load().expect(0).says("nothing to do");

    // It makes the file, which does not load it.
    let user = User::new();
    fs::create_dir_all(user.file(".config/direnv")).unwrap();
    symlink("/nix/store/abc-home-manager-files/direnvrc", user.file(".config/direnv/direnvrc")).unwrap();
    let refused = user.load().says("is not edited").says("programs.direnv.nix-direnv.enable = true;");
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(user.sandbox.receipts().is_empty());
}

#[test]
fn settings_that_home_manager_makes_are_left_alone() {
    if !tools::have("settings_that_home_manager_makes_are_left_alone", &["nix"]) {
        return;
    }
    let user = User::new();
    fs::create_dir_all(user.file(".config/nix")).unwrap();
    symlink("/nix/store/abc-home-manager-files/nix.conf", user.file(".config/nix/nix.conf")).unwrap();
    let refused = user.setup(&["--yes", "--only", "flakes"]).says("add by hand: extra-experimental-features");
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(user.sandbox.receipts().is_empty());
}

#[test]
fn two_ways_of_activation_are_warned_of() {
    if !tools::have("two_ways_of_activation_are_warned_of", &["direnv"]) {
        return;
    }
    let user = User::new();
    fs::write(user.file(".bashrc"), "eval \"$(devenv hook bash)\"\n").unwrap();
    user.setup(&["--plan", "--only", "direnv-hook"]).expect(0).says("bash will have the hooks of both direnv and devenv");
}
