//! `nixstart undo`: only what still is as nixstart left it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
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
    let private = |mode| fs::set_permissions(sandbox.work().join("my-bot/.gitignore"), fs::Permissions::from_mode(mode)).unwrap();
    private(0o600);
    let mode = || fs::metadata(sandbox.work().join("my-bot/.gitignore")).unwrap().permissions().mode() & 0o777;
    let before = sandbox.files();
    sandbox.run(&["new", "discord-bot", "my-bot", "--yes"]).expect(0);
    assert_eq!(mode(), 0o600);
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

#[test]
fn undo_looks_for_nothing_behind_a_link() {
    let sandbox = Sandbox::new();
    scaffold(&sandbox);
    fs::rename(sandbox.work().join("my-bot/src"), sandbox.work().join("moved")).unwrap();
    std::os::unix::fs::symlink("../moved", sandbox.work().join("my-bot/src")).unwrap();
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0).says("`src` is a link to `../moved`");
    assert!(sandbox.exists("moved/index.ts") && sandbox.exists("moved/commands/ping.ts"));
}

#[test]
fn a_repository_that_cannot_be_opened_is_kept() {
    let sandbox = Sandbox::new();
    scaffold(&sandbox);
    let config = sandbox.work().join("my-bot/.git/config");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        text.replace("repositoryformatversion = 0", "repositoryformatversion = 1") + "[extensions]\n\tfoo = true\n",
    )
    .unwrap();
    let before = sandbox.files();
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(10).says("so it is kept");
    assert_eq!(sandbox.files(), before);
}

#[test]
fn every_replaced_file_gets_its_own_bytes_back() {
    let sandbox = Sandbox::new();
    let head = "schema = 1\nname = \"tiny\"\ntitle = \"Tiny\"\ndescription = \"x\"\nversion = \"1.0.0\"\n";
    sandbox.write("tiny/template.toml", head);
    for folder in ["a", "a-b"] {
        sandbox.write(&format!("tiny/files/{folder}/.gitignore"), "x\n");
        sandbox.write(&format!("out/{folder}/.gitignore"), &format!("mine {folder}\n"));
    }
    sandbox.write("tiny/files/a.b/.gitignore", "x\n");
    sandbox.write("out/a.b/.gitignore", "mine a.b\n");
    let before = sandbox.files();
    sandbox.run(&["new", "./tiny", "out", "--yes"]).expect(0);
    sandbox.run(&["-C", "out", "undo", "--yes"]).expect(0);
    assert_eq!(sandbox.files(), before);
}

#[test]
fn a_resume_that_fails_can_still_be_undone() {
    let sandbox = Sandbox::new();
    sandbox.write("secrets.env", &format!("BOT_TOKEN={}\n", token()));
    sandbox.run(&["new", "discord-bot", "my-bot", "--env-file", "secrets.env"]).expect(0);
    let id = sandbox.receipts().pop().unwrap();
    let path = sandbox.state().join(format!("nixstart/receipts/{id}.jsonl"));
    let text = fs::read_to_string(&path).unwrap();
    let end = text.find("{\"event\":\"started\",\"step\":\"secrets\"").unwrap();
    fs::write(&path, &text[..end]).unwrap();
    fs::remove_file(sandbox.work().join("my-bot/.env")).unwrap();
    fs::remove_file(sandbox.work().join("secrets.env")).unwrap();
    sandbox.run(&["new", "discord-bot", "my-bot", "--resume"]).expect(1).says("secrets.env");
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0);
    assert!(!sandbox.exists("my-bot"));
}

#[test]
fn a_resumed_run_checks_and_cleans_values_again() {
    let sandbox = Sandbox::new();
    sandbox.write("secrets.env", &format!("BOT_TOKEN='Bot {}'\n", token()));
    let flag = format!("CLIENT_ID={APPLICATION_ID}");
    let arguments = ["new", "discord-bot", "my-bot", "--env-file", "secrets.env", "--set", &flag];
    sandbox.run(&arguments).expect(0);
    let id = sandbox.receipts().pop().unwrap();
    let path = sandbox.state().join(format!("nixstart/receipts/{id}.jsonl"));
    let text = fs::read_to_string(&path).unwrap();
    let end = text.find("{\"event\":\"started\",\"step\":\"secrets\"").unwrap();
    fs::write(&path, &text[..end]).unwrap();
    let before = sandbox.read("my-bot/.env");
    fs::remove_file(sandbox.work().join("my-bot/.env")).unwrap();
    sandbox.run(&[arguments.as_slice(), &["--resume"]].concat()).expect(0);
    assert_eq!(sandbox.read("my-bot/.env"), before);
}
