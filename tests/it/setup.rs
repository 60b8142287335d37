//! `nixstart setup`: what can be tried without installing anything.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use pretty_assertions::assert_eq;
use serde_json::Value;

use crate::support::{Run, Sandbox, run, tools};

/// Runs setup as a user of bash, with the real direnv and Nix on PATH.
fn setup(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let mut command = sandbox.command();
    command.env("PATH", tools::tool_path()).env("SHELL", "/bin/bash").arg("setup").args(arguments);
    run(&mut command, "")
}

fn have_tools(test: &str) -> bool {
    tools::have(test, &["nix", "direnv"])
}

fn bashrc(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.home().join(".bashrc")
}

const HOOK: &str = "# >>> nixstart direnv >>>\neval \"$(direnv hook bash)\"\n# <<< nixstart direnv <<<\n";

#[test]
fn the_hook_and_flakes_are_written_once_and_taken_back_byte_for_byte() {
    if !have_tools("the_hook_and_flakes_are_written_once_and_taken_back_byte_for_byte") {
        return;
    }
    let sandbox = Sandbox::new();
    for before in ["", "alias mine=1\n", "no line end", "crlf\r\n"] {
        fs::write(bashrc(&sandbox), before).unwrap();
        let arguments = ["--yes", "--only", "direnv-hook", "--only", "flakes"];
        setup(&sandbox, &arguments);
        let text = fs::read_to_string(bashrc(&sandbox)).unwrap();
        assert!(text.starts_with(before) && text.replace('\r', "").ends_with(HOOK), "{text:?}");
        let settings = sandbox.home().join(".config/nix/nix.conf");
        assert_eq!(fs::read_to_string(&settings).unwrap(), "extra-experimental-features = nix-command flakes\n");
        setup(&sandbox, &arguments).expect(0).says("nothing to do");
        assert_eq!(fs::read_to_string(bashrc(&sandbox)).unwrap(), text);
        setup(&sandbox, &["--undo", "--yes"]).expect(0);
        assert_eq!(fs::read_to_string(bashrc(&sandbox)).unwrap(), before);
        assert!(!settings.exists() && !sandbox.home().join(".config/nix").exists());
    }
}

#[test]
fn lines_that_were_added_since_stay() {
    if !have_tools("lines_that_were_added_since_stay") {
        return;
    }
    let sandbox = Sandbox::new();
    fs::write(bashrc(&sandbox), "one\n").unwrap();
    setup(&sandbox, &["--yes", "--only", "direnv-hook"]);
    let text = fs::read_to_string(bashrc(&sandbox)).unwrap();
    fs::write(bashrc(&sandbox), text + "two\n").unwrap();
    setup(&sandbox, &["--undo", "--yes"]).expect(0);
    assert_eq!(fs::read_to_string(bashrc(&sandbox)).unwrap(), "one\ntwo\n");
}

/// What is said, and what brings it about.
type Case = (&'static str, fn(&std::path::Path));

#[test]
fn a_start_up_file_that_must_not_be_edited_is_said_with_what_to_add() {
    if !have_tools("a_start_up_file_that_must_not_be_edited_is_said_with_what_to_add") {
        return;
    }
    let kinds: [Case; 3] = [
        ("it is a directory", |path| fs::create_dir(path).unwrap()),
        ("which is not there", |path| symlink("nowhere", path).unwrap()),
        ("it is no UTF-8 text", |path| fs::write(path, b"\xff\n").unwrap()),
    ];
    for (why, make) in kinds {
        let sandbox = Sandbox::new();
        make(&bashrc(&sandbox));
        setup(&sandbox, &["--yes", "--only", "direnv-hook"]).says(why).says("add by hand: eval");
        assert!(sandbox.receipts().is_empty());
    }
}

#[test]
fn a_link_to_dotfiles_leads_to_the_file_that_is_edited() {
    if !have_tools("a_link_to_dotfiles_leads_to_the_file_that_is_edited") {
        return;
    }
    let sandbox = Sandbox::new();
    fs::write(sandbox.home().join("dotfiles-bashrc"), "mine\n").unwrap();
    symlink("dotfiles-bashrc", bashrc(&sandbox)).unwrap();
    setup(&sandbox, &["--yes", "--only", "direnv-hook"]).says("dotfiles-bashrc");
    assert!(bashrc(&sandbox).symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::read_to_string(sandbox.home().join("dotfiles-bashrc")).unwrap(), format!("mine\n{HOOK}"));
}

#[test]
fn a_shell_that_is_hooked_already_is_left_alone() {
    if !have_tools("a_shell_that_is_hooked_already_is_left_alone") {
        return;
    }
    let sandbox = Sandbox::new();
    fs::write(bashrc(&sandbox), "eval \"$(direnv hook bash)\"\n").unwrap();
    setup(&sandbox, &["--yes", "--only", "direnv-hook"]).expect(0).says("nothing to do");
}

#[test]
fn a_huge_start_up_file_keeps_its_mode_and_every_byte() {
    if !have_tools("a_huge_start_up_file_keeps_its_mode_and_every_byte") {
        return;
    }
    let sandbox = Sandbox::new();
    let before = "# a line of a very long file\n".repeat(400_000);
    fs::write(bashrc(&sandbox), &before).unwrap();
    fs::set_permissions(bashrc(&sandbox), fs::Permissions::from_mode(0o600)).unwrap();
    setup(&sandbox, &["--yes", "--only", "direnv-hook"]);
    assert!(fs::read_to_string(bashrc(&sandbox)).unwrap() == before.clone() + HOOK);
    assert_eq!(fs::metadata(bashrc(&sandbox)).unwrap().permissions().mode() & 0o777, 0o600);
    setup(&sandbox, &["--undo", "--yes"]).expect(0);
    assert!(fs::read_to_string(bashrc(&sandbox)).unwrap() == before);
}

#[test]
fn the_plan_is_shown_as_text_and_as_data_and_changes_nothing() {
    if !have_tools("the_plan_is_shown_as_text_and_as_data_and_changes_nothing") {
        return;
    }
    let sandbox = Sandbox::new();
    setup(&sandbox, &["--plan", "--explain"]).expect(0).says("Ways to install Nix:").says("chroot-store:");
    let document: Value = serde_json::from_str(&setup(&sandbox, &["--json"]).expect(0).stdout).unwrap();
    assert_eq!((&document["applied"], &document["plan"]["command"]), (&Value::Bool(false), &Value::from("setup")));
    assert_eq!(document["routes"].as_array().unwrap().len(), 5);
    assert!(sandbox.receipts().is_empty() && !bashrc(&sandbox).exists());
}

#[test]
fn without_a_terminal_nothing_is_changed_without_consent() {
    if !have_tools("without_a_terminal_nothing_is_changed_without_consent") {
        return;
    }
    let sandbox = Sandbox::new();
    setup(&sandbox, &["--only", "flakes"]).expect(4).says("needs your consent");
    assert!(sandbox.receipts().is_empty());
}

#[test]
fn unknown_routes_and_steps_are_named_with_the_nearest() {
    let sandbox = Sandbox::new();
    sandbox.run(&["setup", "--route", "distr"]).expect(2).says("there is no route `distr`").says("`distro`");
    sandbox.run(&["setup", "--skip", "flake", "--plan"]).says("flakes");
    sandbox.run(&["setup", "--undo"]).expect(1).says("there is no setup to take back");
    sandbox.run(&["setup", "--resume"]).expect(1).says("there is no setup to continue");
}
