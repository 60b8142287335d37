//! The dashboard's screens about the project, with a real direnv and a real Nix.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::nix_project::{can_run, sandbox};
use crate::support::nix_world::alone;
use crate::support::pty::Terminal;
use crate::support::services::Services;
use crate::support::{run, tools};

const SIZE: (u16, u16) = (24, 120);

/// A command in a terminal, with nothing of the environment of the test.
fn project() -> Services {
    let project = Services::new("[services.web]\ncommand = 'true'\n");
    fs::write(project.root().join(".envrc"), "export A=1\n").unwrap();
    project
}

/// The dashboard in the project.
fn dash(project: &Services) -> Terminal {
    Terminal::of(&project.command(&["dash"]), SIZE)
}

#[test]
fn an_envrc_is_shown_allowed_edited_and_denied_as_the_real_direnv_sees_it() {
    if !tools::have("dash_project::an_envrc_is_shown_allowed_edited_and_denied_as_the_real_direnv_sees_it", &["direnv"]) {
        return;
    }
    let project = project();
    let is_allowed = || {
        let mut status = Command::new("direnv");
        status.arg("status").current_dir(project.root()).env_clear().env("HOME", project.sandbox.home());
        status.env("PATH", std::env::var_os("PATH").unwrap()).env("XDG_CONFIG_HOME", project.sandbox.home().join(".config"));
        let said = run(&mut status, "").stdout;
        said.contains("Found RC allowed true") || said.contains("Found RC allowed 0")
    };
    let mut terminal = dash(&project);
    terminal.send("4").wait_for("p/.envrc: blocked");
    assert!(!is_allowed());
    terminal.send("a").wait_for("Let direnv load this").wait_for("| export A=1").send("y").wait_for("p/.envrc: allowed");
    assert!(is_allowed());
    fs::write(project.root().join(".envrc"), "export A=2\n").unwrap();
    terminal.wait_for("p/.envrc: blocked");
    assert!(!is_allowed());
    // What was edited after it was shown is not allowed.
    terminal.send("a").wait_for("| export A=2");
    fs::write(project.root().join(".envrc"), "export A=3\n").unwrap();
    terminal.send("y").wait_for("was changed since you have read it");
    assert!(!is_allowed());
    terminal.send("a").wait_for("| export A=3").send("y").wait_for("p/.envrc: allowed");
    terminal.send("d").wait_for("Deny this").send("y");
    terminal.wait_until("what is not allowed", |terminal| !terminal.screen().contains("p/.envrc: allowed"));
    assert!(!is_allowed());
    terminal.send("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn variables_are_changed_and_saved_without_leaving_the_dashboard() {
    let project = project();
    let toml =
        "[services.web]\ncommand = 'true'\n[secrets.PORT]\nkind = 'port'\nsensitive = false\ndescription = 'Where it answers'\n";
    fs::write(project.root().join("nixstart.toml"), toml).unwrap();
    fs::write(project.root().join(".gitignore"), ".env\n").unwrap();
    project.sandbox.git("p", &["init", "-q"]);
    let mut terminal = dash(&project);
    terminal.send("5").wait_for("PORT").send("\r").wait_for("take").send("4711\r").wait_for("1 change not saved");
    terminal.send("s").wait_for("Save 1 change?").send("y").wait_for("Saved");
    assert_eq!(fs::read_to_string(project.root().join(".env")).unwrap(), "PORT=4711\n");
    terminal.send("1").wait_for("Start everything").send("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
}

#[test]
fn what_a_check_finds_is_mended_after_the_usual_review() {
    let project = project();
    let file = project.root().join(".env");
    fs::write(&file, "PORT=4711\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let mut terminal = dash(&project);
    terminal.send("6").wait_long_for("env-perms: others can read `.env`");
    // The line with the name of what is selected.
    let selected = |terminal: &Terminal| terminal.screen().lines().find(|line| line.starts_with("-- ")).map(str::to_owned);
    while !terminal.screen().contains("- env-perms -") {
        let before = selected(&terminal);
        terminal.send("j").wait_until("another finding", |terminal| selected(terminal) != before);
    }
    terminal.wait_for("- env-perms -").send("f").wait_for("1 of 1 step on").send("a").wait_for("Apply").send("y");
    terminal.wait_for("Press enter").send("\r").wait_for("env-perms is mended");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    terminal.wait_until("the finding gone", |terminal| !terminal.screen().contains("env-perms: others")).send("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn a_shell_is_entered_and_the_dashboard_comes_back() {
    if !can_run("dash_project::a_shell_is_entered_and_the_dashboard_comes_back", &["jq"]) {
        return;
    }
    let sandbox = sandbox();
    let project = sandbox.offline_project(&["discord-bot"]);
    // On a terminal, Nix would ask whether it may use the caches that the flake names.
    let flake = fs::read_to_string(project.join("flake.nix")).unwrap();
    let (before, rest) = flake.split_once("  nixConfig = {").unwrap();
    let (_, after) = rest.split_once("  };\n").unwrap();
    fs::write(project.join("flake.nix"), format!("{before}{after}")).unwrap();
    let _alone = alone();
    let mut command = sandbox.nix_command(&["dash"]);
    command.current_dir(&project);
    let mut terminal = Terminal::of(&command, SIZE);
    terminal.send("4").wait_long_for("default: ").wait_for("bot, register").send("\r");
    terminal.wait_until_given_back();
    terminal
        .wait_long_for("Things to type")
        .wait_until("a prompt", |terminal| terminal.screen().trim_end().ends_with(['#', '$']))
        .send("echo in-$((40 + 2))-$DEVENV_ROOT\r")
        .wait_long_for(&format!("in-42-{}", project.display()));
    terminal.send("exit 3\r").wait_for("Press enter").send("\r");
    terminal.wait_for("The shell default ended with exit code 3").send("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
}
