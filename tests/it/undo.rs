//! `nixstart undo`: only what still is as nixstart left it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

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
        .says("Taken back, except what stays");
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
    sandbox.git("my-bot", &["commit", "-qm", "mine"]);
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

#[test]
fn commits_on_another_branch_or_a_detached_head_keep_the_repository() {
    let elsewhere: [&[&[&str]]; 3] = [
        &[&["checkout", "-q", "--orphan", "side"], &["commit", "-qm", "mine"], &["symbolic-ref", "HEAD", "refs/heads/main"]],
        &[&["commit", "-qm", "mine"], &["checkout", "-q", "--detach"], &["branch", "-D", "main"]],
        &[&["commit", "-qm", "mine"], &["tag", "v1"], &["update-ref", "-d", "refs/heads/main"]],
    ];
    for steps in elsewhere {
        let sandbox = Sandbox::new();
        scaffold(&sandbox);
        for arguments in steps {
            sandbox.git("my-bot", arguments);
        }
        let before = sandbox.files();
        let preview = sandbox.run(&["-C", "my-bot", "undo", "--dry-run"]).expect(10);
        preview.says("has gained commits since, so it is kept");
        sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(10).says("has gained commits since, so it is kept");
        assert_eq!(sandbox.files(), before);
    }
}

#[test]
fn its_own_commit_with_another_on_top_is_kept() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.home().join(".gitconfig"), "[user]\nname = A\nemail = a@example.org\n").unwrap();
    sandbox.run(&["new", "discord-bot", "my-bot", "--commit"]).expect(0);
    sandbox.write("my-bot/mine.txt", "mine\n");
    sandbox.git("my-bot", &["add", "mine.txt"]);
    sandbox.git("my-bot", &["commit", "-qm", "mine"]);
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(10).says("has gained commits since");
    assert!(sandbox.exists("my-bot/README.md"));
}

#[test]
fn the_index_of_a_repository_is_as_it_was() {
    for is_work_tree in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.write("repo/.gitignore", "mine.txt\n");
        sandbox.write("repo/README.md", "mine\n");
        sandbox.git("repo", &["init", "-q"]);
        sandbox.git("repo", &["add", "."]);
        sandbox.git("repo", &["commit", "-qm", "mine"]);
        let project = if is_work_tree {
            sandbox.git("repo", &["worktree", "add", "-q", "../tree"]);
            "tree"
        } else {
            "repo"
        };
        sandbox.write(&format!("{project}/.gitignore"), "mine.txt\nmore.txt\n");
        sandbox.write(&format!("{project}/notes.txt"), "mine\n");
        sandbox.write(&format!("{project}/later.txt"), "mine\n");
        sandbox.git(project, &["add", ".gitignore", "notes.txt"]);
        sandbox.git(project, &["add", "--intent-to-add", "later.txt"]);
        let state = || (sandbox.git(project, &["ls-files", "--stage"]), sandbox.git(project, &["status", "--porcelain"]));
        let (before, files) = (state(), sandbox.files());
        sandbox.run(&["new", "discord-bot", project, "--yes"]).expect(0);
        assert!(sandbox.git(project, &["status", "--porcelain"]).contains("A  flake.nix"));
        let json = sandbox.run(&["-C", project, "undo", "--json", "--yes"]).expect(0).stdout;
        assert_eq!(state(), before);
        assert_eq!(sandbox.files(), files);
        let document: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((document["applied"].as_bool(), document["steps"][0]["id"].as_str()), (Some(true), Some("stage")));
        assert!(document["steps"][0]["effects"].as_array().unwrap().iter().all(|effect| effect["effect"] == "unstage"));
    }
}

#[test]
fn what_was_staged_since_stays_staged() {
    let sandbox = Sandbox::new();
    scaffold(&sandbox);
    sandbox.write("my-bot/README.md", "mine now\n");
    sandbox.git("my-bot", &["add", "README.md"]);
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0).says(".git (`README.md` was staged since)");
    assert_eq!(sandbox.git("my-bot", &["ls-files"]), "README.md\n");
}

#[test]
fn the_preview_says_what_keeps_the_directory() {
    let sandbox = Sandbox::new();
    sandbox.write("secrets.env", &format!("BOT_TOKEN={}\n", token()));
    sandbox.run(&["new", "discord-bot", "my-bot", "--env-file", "secrets.env"]).expect(0);
    sandbox.write("my-bot/.env", "MINE=1\n");
    sandbox.write("my-bot/node_modules/x", "mine\n");
    let preview: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["-C", "my-bot", "undo", "--json"]).expect(0).stdout).unwrap();
    let effects: Vec<&serde_json::Value> =
        preview["steps"].as_array().unwrap().iter().flat_map(|step| step["effects"].as_array().unwrap()).collect();
    let kept: Vec<&str> =
        effects.iter().filter(|effect| effect["effect"] == "keep").map(|e| e["what"].as_str().unwrap()).collect();
    let here = sandbox.work().join("my-bot");
    let expected = [".env", ".gitignore", "node_modules"].map(|name| here.join(name).to_str().unwrap().to_owned());
    assert_eq!(kept, expected);
    assert!(!effects.iter().any(|effect| effect["what"] == format!("{}/", here.display())));
    let done: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["-C", "my-bot", "undo", "--json", "--yes"]).expect(0).stdout).unwrap();
    assert_eq!(done["steps"], preview["steps"]);
}

#[test]
fn a_receipt_that_cannot_be_read_is_said_and_stops_what_depends_on_it() {
    let sandbox = Sandbox::new();
    scaffold(&sandbox);
    let id = sandbox.receipts().pop().unwrap();
    let path = sandbox.state().join(format!("nixstart/receipts/{id}.jsonl"));
    let text = fs::read_to_string(&path).unwrap();
    for (written, message) in [
        (text.replacen("\"format\":1", "\"format\":9", 1), "the receipt has format 9"),
        ("junk\n".to_owned(), "the receipt does not begin with a plan"),
    ] {
        fs::write(&path, written).unwrap();
        sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(1).says(message);
        sandbox.run(&["undo", &id, "--yes"]).expect(1).says(message);
        sandbox.run(&["new", "discord-bot", "my-bot"]).expect(1).says(message);
        let list = sandbox.run(&["undo", "--list"]).expect(0).stdout;
        assert!(list.contains(&format!("{id}  unreadable")) && list.contains(message), "{list}");
        let json: serde_json::Value = serde_json::from_str(&sandbox.run(&["undo", "--list", "--json"]).expect(0).stdout).unwrap();
        assert_eq!(json["receipts"][0]["status"], "unreadable");
    }
    fs::write(&path, "").unwrap();
    sandbox.run(&["undo", "--list"]).expect(0).says("There is no receipt yet");
}

#[test]
fn only_the_command_that_was_cut_short_continues_it() {
    let sandbox = Sandbox::new();
    scaffold(&sandbox);
    let id = sandbox.receipts().pop().unwrap();
    let path = sandbox.state().join(format!("nixstart/receipts/{id}.jsonl"));
    let text = fs::read_to_string(&path).unwrap();
    let end = text.match_indices('\n').nth(2).unwrap().0;
    fs::write(&path, &text[..=end]).unwrap();
    let head = "schema = 1\nname = \"tiny\"\ntitle = \"Tiny\"\ndescription = \"x\"\nversion = \"1.0.0\"\n";
    sandbox.write("tiny/template.toml", head);
    sandbox.run(&["new", "./tiny", "my-bot", "--resume"]).expect(1).says("what was cut short is another run");
    sandbox.run(&["new", "discord-bot", "my-bot", "--resume"]).expect(0).says("`my-bot` is complete");
}

#[test]
fn a_file_that_was_left_unstaged_stays_so() {
    let sandbox = Sandbox::new();
    scaffold(&sandbox);
    sandbox.git("my-bot", &["rm", "-q", "--cached", "README.md"]);
    fs::remove_file(sandbox.work().join("my-bot/tsconfig.json")).unwrap();
    sandbox.run(&["new", "discord-bot", "my-bot", "--yes"]).expect(0);
    assert_eq!(sandbox.git("my-bot", &["ls-files", "README.md", "tsconfig.json"]), "tsconfig.json\n");
}

#[test]
fn the_name_and_address_of_the_repository_itself_are_enough_to_commit() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join("my-bot")).unwrap();
    sandbox.git("my-bot", &["init", "-q"]);
    sandbox.run(&["new", "discord-bot", "my-bot", "--yes", "--commit"]).expect(1).says("git does not know who you are");
    sandbox.git("my-bot", &["config", "user.name", "Own"]);
    sandbox.git("my-bot", &["config", "user.email", "own@example.org"]);
    sandbox.run(&["new", "discord-bot", "my-bot", "--yes", "--commit"]).expect(0);
    assert_eq!(sandbox.git("my-bot", &["log", "--format=%an"]), "Own\n");
}

/// Cuts the journal of the newest run off before the last line that holds a text, as a crash would.
fn cut_off_before(sandbox: &Sandbox, text: &str) {
    let id = sandbox.receipts().pop().unwrap();
    let path = sandbox.state().join(format!("nixstart/receipts/{id}.jsonl"));
    let journal = fs::read_to_string(&path).unwrap();
    fs::write(&path, &journal[..journal.rfind(text).unwrap()]).unwrap();
}

#[test]
fn an_env_that_somebody_wrote_after_a_crash_stays_theirs() {
    let sandbox = Sandbox::new();
    sandbox.write("secrets.env", "FOO=1\n");
    let arguments = ["new", "discord-bot", "my-bot", "--env-file", "secrets.env"];
    sandbox.run(&arguments).expect(0);
    // The file was about to appear when the crash came.
    cut_off_before(&sandbox, "{\"event\":\"completed\"");
    cut_off_before(&sandbox, "{\"event\":\"finished\",\"step\":\"secrets\"");
    sandbox.write("my-bot/.env", "MINE=precious\n");
    sandbox.run(&[arguments.as_slice(), &["--resume"]].concat()).expect(0);
    let env = sandbox.read("my-bot/.env");
    assert!(env.starts_with("MINE=precious\n") && env.ends_with("FOO=1\n"), "{env}");
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0).says(".env (it was there before");
    assert!(sandbox.read("my-bot/.env").contains("MINE=precious"));
}

#[test]
fn ignore_rules_stay_as_long_as_an_env_does() {
    let sandbox = Sandbox::new();
    sandbox.write("secrets.env", "FOO=1\n");
    sandbox.write("repo/a", "a\n");
    sandbox.write("repo/.env", "A=1\n");
    sandbox.git("repo", &["init", "-q"]);
    sandbox.git("repo", &["add", "a"]);
    sandbox.git("repo", &["commit", "-qm", "a"]);
    for project in ["repo", "repo/bot"] {
        sandbox.run(&["new", "discord-bot", project, "--yes", "--env-file", "secrets.env"]).expect(0);
        let env = sandbox.read(&format!("{project}/.env"));
        sandbox.write(&format!("{project}/.env"), &format!("{env}B=2\n"));
        sandbox.run(&["-C", project, "undo", "--dry-run"]).expect(0).says("it keeps the `.env` beside it out of git");
        sandbox.run(&["-C", project, "undo", "--yes"]).expect(0).says("it keeps the `.env` beside it out of git");
        let status = sandbox.git("repo", &["status", "--porcelain", "--untracked-files=all"]);
        assert!(!status.contains(".env\n"), "{status}");
    }
}

#[test]
fn what_is_committed_in_a_repository_of_the_users_is_not_half_taken_back() {
    for commits in [true, false] {
        let sandbox = Sandbox::new();
        fs::write(sandbox.home().join(".gitconfig"), "[user]\nname = A\nemail = a@example.org\n").unwrap();
        sandbox.write("repo/a", "a\n");
        sandbox.git("repo", &["init", "-q"]);
        sandbox.git("repo", &["add", "."]);
        sandbox.git("repo", &["commit", "-qm", "a"]);
        let flags: &[&str] = if commits { &["--commit"] } else { &[] };
        sandbox.run(&[&["new", "discord-bot", "repo", "--yes"], flags].concat()).expect(0);
        if !commits {
            sandbox.git("repo", &["commit", "-qm", "mine"]);
        }
        let files = sandbox.files();
        sandbox
            .run(&["-C", "repo", "undo", "--yes"])
            .expect(10)
            .says("is committed, so nothing is taken back")
            .says("git revert");
        assert_eq!((sandbox.files(), sandbox.git("repo", &["status", "--porcelain"])), (files, String::new()));
        sandbox.git("repo", &["revert", "--no-edit", "HEAD"]);
        assert_eq!(sandbox.files().keys().collect::<Vec<_>>(), ["repo/a"]);
    }
}

/// What is said, and what brings it about.
type Case = (&'static str, fn(&Sandbox));

#[test]
fn a_repository_with_things_of_the_users_is_kept_and_they_are_named() {
    let drift: [Case; 4] = [
        ("`.git/config` was changed since", |sandbox| {
            sandbox.git("my-bot", &["remote", "add", "origin", "https://example.org/x"]);
        }),
        ("it has the hook `pre-commit`", |sandbox| sandbox.write("my-bot/.git/hooks/pre-commit", "work\n")),
        ("`.git/info/exclude` was changed since", |sandbox| sandbox.write("my-bot/.git/info/exclude", "x\n")),
        ("it has branches or tags of yours", |sandbox| {
            sandbox.git("my-bot", &["tag", "mine"]);
        }),
    ];
    for (why, change) in drift {
        let sandbox = Sandbox::new();
        fs::write(sandbox.home().join(".gitconfig"), "[user]\nname = A\nemail = a@example.org\n").unwrap();
        sandbox.run(&["new", "discord-bot", "my-bot", "--commit"]).expect(0);
        change(&sandbox);
        sandbox.run(&["-C", "my-bot", "undo", "--dry-run"]).expect(0).says(why);
        sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0).says(why);
        assert!(sandbox.exists("my-bot/.git/HEAD"));
    }
}

#[test]
fn a_commit_that_only_the_log_knows_keeps_the_repository() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.home().join(".gitconfig"), "[user]\nname = A\nemail = a@example.org\n").unwrap();
    sandbox.run(&["new", "discord-bot", "my-bot", "--commit"]).expect(0);
    sandbox.write("my-bot/precious", "x\n");
    sandbox.git("my-bot", &["add", "precious"]);
    sandbox.git("my-bot", &["commit", "-qm", "precious"]);
    sandbox.git("my-bot", &["reset", "-q", "--hard", "HEAD~1"]);
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(10).says("has gained commits since");
}

#[test]
fn a_project_that_was_moved_does_not_use_the_receipt_up() {
    let sandbox = Sandbox::new();
    scaffold(&sandbox);
    let id = sandbox.receipts().pop().unwrap();
    fs::rename(sandbox.work().join("my-bot"), sandbox.work().join("moved")).unwrap();
    sandbox.run(&["undo", &id, "--yes"]).expect(1).says("is not there any more").says("move it back first");
    fs::rename(sandbox.work().join("moved"), sandbox.work().join("my-bot")).unwrap();
    sandbox.run(&["undo", &id, "--yes"]).expect(0);
    assert!(!sandbox.exists("my-bot"));
}

#[test]
fn what_stays_deep_inside_is_named_and_so_is_the_directory() {
    let sandbox = Sandbox::new();
    scaffold(&sandbox);
    sandbox.write("my-bot/src/mine.ts", "mine\n");
    let json = sandbox.run(&["-C", "my-bot", "undo", "--json", "--yes"]).expect(0).stdout;
    assert!(json.contains("my-bot/src/mine.ts") && !json.contains("my-bot/\""), "{json}");
    assert_eq!(sandbox.files().keys().collect::<Vec<_>>(), ["my-bot/src/mine.ts"]);
}

#[test]
fn a_replaced_file_has_its_old_mode_again_whatever_the_umask() {
    let sandbox = Sandbox::new();
    sandbox.write("my-bot/.gitignore", "mine.txt\n");
    let path = sandbox.work().join("my-bot/.gitignore");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    sandbox.run(&["new", "discord-bot", "my-bot", "--yes"]).expect(0);
    assert_eq!(mode(), 0o664);
    sandbox.run(&["-C", "my-bot", "undo", "--yes"]).expect(0);
    assert_eq!(mode(), 0o664);
}
