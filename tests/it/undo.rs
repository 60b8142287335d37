//! `nixstart undo`: only what still is as nixstart left it.

use std::fs;
use std::process::Command;

use pretty_assertions::assert_eq;

use crate::support::{APPLICATION_ID, Sandbox, token};

fn scaffold(sandbox: &Sandbox) {
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0);
}

#[test]
fn takes_a_new_project_back_without_a_trace() {
    let sandbox = Sandbox::new();
    sandbox.write("secrets.env", &format!("BOT_TOKEN={}\nCLIENT_ID={APPLICATION_ID}\n", token()));
    sandbox.run(&["new", "discord-bot", "deep/my-bot", "--env-file", "secrets.env"]).expect(0);
    sandbox.run(&["-C", "deep/my-bot/src", "undo"]).expect(4).says("taking this back needs your consent");
    sandbox.run(&["-C", "deep/my-bot/src", "undo", "--yes"]).expect(0).says("Taken back");
    assert!(!sandbox.exists("deep"), "{:?}", sandbox.files().keys());
    let id = sandbox.receipts().pop().unwrap();
    sandbox.run(&["undo", &id, "--yes"]).expect(1).says("was undone already");
}

#[test]
fn a_dry_run_says_what_would_happen() {
    let sandbox = Sandbox::new();
    scaffold(&sandbox);
    let before = sandbox.files();
    sandbox.run(&["-C", "my-bot", "undo", "--dry-run"]).expect(0).says("files and folders that are as nixstart wrote them");
    let json = sandbox.run(&["-C", "my-bot", "undo", "--json"]).expect(0).stdout;
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["steps"][0]["id"], "stage");
    assert_eq!(sandbox.files(), before);
}

#[test]
fn keeps_what_was_changed_or_added_and_names_it() {
    let sandbox = Sandbox::new();
    scaffold(&sandbox);
    sandbox.write("my-bot/README.md", "mine now\n");
    sandbox.write("my-bot/notes.txt", "mine\n");
    let run = sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0);
    run.says("kept:")
        .says("README.md (it was changed since)")
        .says("notes.txt (nixstart did not make it)")
        .says("except for what is named as kept");
    assert_eq!(sandbox.files().keys().collect::<Vec<_>>(), ["my-bot/README.md", "my-bot/notes.txt"]);
}

#[test]
fn keeps_an_env_that_was_edited() {
    let sandbox = Sandbox::new();
    sandbox.write("secrets.env", &format!("BOT_TOKEN={}\n", token()));
    sandbox.run(&["new", "discord-bot", "my-bot", "--env-file", "secrets.env"]).expect(0);
    sandbox.write("my-bot/.env", "MINE=1\n");
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0).says(".env (it was changed since)");
    assert_eq!(sandbox.read("my-bot/.env"), "MINE=1\n");
}

#[test]
fn keeps_a_repository_that_has_gained_commits() {
    let sandbox = Sandbox::new();
    scaffold(&sandbox);
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command
            .current_dir(sandbox.work().join("my-bot"))
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
            .args(arguments);
        assert!(command.env("HOME", sandbox.home()).output().unwrap().status.success());
    };
    git(&["commit", "-qm", "mine"]);
    let before = sandbox.files();
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(10).says("has gained commits since, so it is kept");
    assert_eq!(sandbox.files(), before);
}

#[test]
fn takes_its_own_commit_back() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.home().join(".gitconfig"), "[user]\nname = A\nemail = a@example.org\n").unwrap();
    sandbox.run(&["new", "discord-bot", "my-bot", "--commit"]).expect(0);
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0);
    assert!(!sandbox.exists("my-bot"));
}

#[test]
fn puts_replaced_bytes_back_and_leaves_the_rest_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("my-bot/.gitignore", "mine.txt");
    sandbox.write("my-bot/notes.txt", "mine\n");
    let before = sandbox.files();
    sandbox.run(&["new", "discord-bot", "my-bot", "--yes"]).expect(0);
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0);
    assert_eq!(sandbox.files(), before);
    assert!(!sandbox.exists("my-bot/src") && !sandbox.exists("my-bot/.git"));
}

#[test]
fn lists_receipts_newest_first() {
    let sandbox = Sandbox::new();
    sandbox.run(&["undo", "--list"]).expect(0).says("There is no receipt yet");
    scaffold(&sandbox);
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0);
    let list = sandbox.run(&["undo", "--list"]).expect(0).stdout;
    let words: Vec<&str> = list.split_whitespace().collect();
    assert_eq!(words[1..], ["undone", "new", sandbox.work().join("my-bot").to_str().unwrap()]);
    let json: serde_json::Value = serde_json::from_str(&sandbox.run(&["undo", "--list", "--json"]).expect(0).stdout).unwrap();
    assert_eq!(json["receipts"][0]["status"], "reverted");
}

#[test]
fn says_when_there_is_nothing_to_undo() {
    let sandbox = Sandbox::new();
    sandbox.run(&["undo", "--yes"]).expect(1).says("there is nothing to undo for this directory").says("undo --list");
    sandbox.run(&["undo", "../../etc/passwd"]).expect(1).says("there is no receipt");
}
