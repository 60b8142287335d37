//! `env guard` in real repositories: what it finds, what it never says, and the hook that stops commits.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pretty_assertions::assert_eq;

use crate::support::{Run, Sandbox, run, token};

fn secret() -> String {
    ["correct/", "horse", "/battery"].concat()
}

/// A repository with an ignored `.env`.
fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git(".", &["init"]);
    sandbox.write(".gitignore", ".env\n.env.*\n!.env.example\n");
    sandbox.write(".env", &format!("DB_PASSWORD={}\nPORT=3000\nNODE_ENV=production\nAPP_URL=http://localhost:3000\n", secret()));
    sandbox
}

fn stage(sandbox: &Sandbox, path: &str, text: &str) {
    sandbox.write(path, text);
    sandbox.git(".", &["add", "-f", path]);
}

fn guard(sandbox: &Sandbox) -> Run {
    sandbox.run(&["env", "guard"])
}

/// `git` as somebody, whatever it ends with. Hooks find the usual programs.
fn git(sandbox: &Sandbox, directory: &str, arguments: &[&str]) -> Run {
    let mut command = Command::new("git");
    command.current_dir(sandbox.work().join(directory)).env_clear().envs(sandbox.environment());
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("GIT_CONFIG_NOSYSTEM", "1");
    command.args(["-c", "user.name=A", "-c", "user.email=a@example.org"]).args(arguments);
    run(&mut command, "")
}

#[test]
fn values_are_found_in_every_form_and_never_told() {
    let sandbox = repository();
    let encoded = STANDARD.encode(format!("app:{}", secret()));
    let url = secret().replace('/', "%2F");
    stage(&sandbox, "src/a.ts", &format!("one\nconst x = \"{}\";\n// {encoded}\nfetch('http://x/?p={url}')\n", secret()));
    stage(&sandbox, "fine.txt", "PORT 3000 production http://localhost:3000\n");
    let run = guard(&sandbox).expect(3).says("secrets are staged for the next commit, in 3 places");
    assert_eq!(
        run.stdout,
        "src/a.ts:2: the value of DB_PASSWORD\nsrc/a.ts:3: the value of DB_PASSWORD in base64\nsrc/a.ts:4: the value of DB_PASSWORD in URL encoding\n"
    );
    let json = sandbox.run(&["env", "guard", "--json"]).expect(3);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        document["findings"][2],
        serde_json::json!({ "file": "src/a.ts", "line": 4, "rule": "env-value", "key": "DB_PASSWORD", "what": "the value of DB_PASSWORD in URL encoding" })
    );
    for said in [&run.stderr, &json.stdout, &json.stderr] {
        assert!(!said.contains(&secret()) && !said.contains(&encoded) && !said.contains(&url), "{said}");
    }
}

#[test]
fn only_what_is_staged_counts() {
    let sandbox = repository();
    stage(&sandbox, "a.txt", "harmless\n");
    sandbox.write("a.txt", &secret());
    sandbox.write("b.txt", &secret());
    guard(&sandbox).expect(0).says("no secret in what is staged (1 file)");
    sandbox.git(".", &["add", "a.txt"]);
    sandbox.write("a.txt", "harmless again\n");
    assert_eq!(guard(&sandbox).expect(3).stdout, "a.txt:1: the value of DB_PASSWORD\n");
    // What was committed before is no business of the next commit.
    sandbox.git(".", &["commit", "-m", "x"]);
    stage(&sandbox, "c.txt", "more\n");
    guard(&sandbox).expect(0);
}

#[test]
fn tokens_keys_and_forced_files_are_found() {
    let sandbox = repository();
    stage(&sandbox, "bot.js", &format!("\nclient.login(\"{}\")\n", token()));
    stage(&sandbox, "gh.txt", &["gh", "p_", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0hL3nR6", "\n"].concat());
    stage(&sandbox, "id", &["-----BEGIN ", "OPENSSH PRIVATE KEY-----\nabc\n"].concat());
    stage(&sandbox, "age", &["AGE-SECRET", "-KEY-1", "QWERTYUIOPASDFGHJKLZXCVBNM234567QWERTYUIOPASDFGHJKLZXCVBNM\n"].concat());
    stage(&sandbox, "apps/api/.env.local", "A=1\n");
    stage(&sandbox, ".env.example", "BOT_TOKEN=\n");
    sandbox.git(".", &["add", "-f", ".env"]);
    assert_eq!(
        guard(&sandbox).expect(3).says("`git rm --cached -- .env`").stdout,
        ".env: a file for secrets\n.env:1: the value of DB_PASSWORD\nage:1: an age identity\napps/api/.env.local: a file for secrets\nbot.js:2: a Discord bot token\ngh.txt:1: a GitHub token\nid:1: a private key\n"
    );
}

#[test]
fn the_values_of_every_app_count_and_large_binaries_are_named() {
    let sandbox = repository();
    sandbox.write("apps/api/.env", "API_KEY=abcdefgh12345678\n");
    stage(&sandbox, "x.md", "abcdefgh12345678");
    stage(&sandbox, "large.bin", &"\0".repeat(6 << 20));
    stage(&sandbox, "large.txt", &format!("{}\n{}", "a line\n".repeat(1 << 20), secret()));
    let run = guard(&sandbox).expect(3).says("`large.bin` was not looked at, because it is too large");
    assert_eq!(run.stdout, "large.txt:1048578: the value of DB_PASSWORD\nx.md:1: the value of API_KEY\n");
}

#[test]
fn what_the_example_has_is_no_secret() {
    let sandbox = repository();
    sandbox.write(".env.example", "# how\nDB_PASSWORD=app-password-for-development\n");
    sandbox.write(".env", "DB_PASSWORD=app-password-for-development\n");
    stage(&sandbox, "compose.yaml", "app-password-for-development\n");
    guard(&sandbox).expect(0);
}

#[test]
fn without_a_repository_it_says_so() {
    Sandbox::new().run(&["env", "guard"]).expect(1).says("is in no git repository");
}

#[test]
fn the_hook_stops_commits_and_goes_without_a_trace() {
    let sandbox = repository();
    let before = crate::support::files_below(&sandbox.work().join(".git/hooks"));
    sandbox.run(&["env", "guard", "--install"]).expect(4);
    sandbox.run(&["env", "guard", "--install", "--yes"]).expect(0).says("Each commit is looked at from now on");
    sandbox.run(&["env", "guard", "--install", "--yes"]).expect(0).says("looks for secrets already");
    stage(&sandbox, "a.txt", &secret());
    let stopped = git(&sandbox, ".", &["commit", "-m", "x"]).expect(1);
    assert!(
        stopped.stderr.contains("a.txt:1: the value of DB_PASSWORD") && !stopped.stderr.contains(&secret()),
        "{}",
        stopped.stderr
    );
    git(&sandbox, ".", &["commit", "-m", "x", "--no-verify"]).expect(0);
    stage(&sandbox, "b.txt", "harmless\n");
    let passed = git(&sandbox, ".", &["commit", "-qm", "y"]).expect(0);
    assert_eq!((passed.stdout.as_str(), passed.stderr.as_str()), ("", ""));
    // Git commits an index of its own here.
    stage(&sandbox, "c.txt", "harmless\n");
    git(&sandbox, ".", &["commit", "-m", "z"]).expect(0);
    sandbox.write("c.txt", &secret());
    git(&sandbox, ".", &["commit", "-m", "z", "c.txt"]).expect(1);
    git(&sandbox, ".", &["commit", "-a", "-m", "z"]).expect(1);
    sandbox.run(&["env", "guard", "--uninstall", "--yes"]).expect(0);
    assert_eq!(crate::support::files_below(&sandbox.work().join(".git/hooks")), before);
    sandbox.run(&["env", "guard", "--uninstall"]).expect(0).says("nothing of nixstart is in `.git/hooks/pre-commit`");
    git(&sandbox, ".", &["commit", "-a", "-m", "z"]).expect(0);
}

/// Writes a hook of somebody's.
fn write_hook(sandbox: &Sandbox, path: &str, text: &str) {
    sandbox.write(path, text);
    fs::set_permissions(sandbox.work().join(path), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_hook_that_is_there_keeps_its_say_and_comes_back_byte_for_byte() {
    let sandbox = repository();
    let hook = "#!/bin/sh\necho theirs >&2\ntest ! -e stop";
    write_hook(&sandbox, ".git/hooks/pre-commit", hook);
    sandbox.run(&["env", "guard", "--install", "--yes"]).expect(0);
    stage(&sandbox, "a.txt", "harmless\n");
    sandbox.write("stop", "");
    git(&sandbox, ".", &["commit", "-m", "x"]).expect(1).says("theirs");
    fs::remove_file(sandbox.work().join("stop")).unwrap();
    git(&sandbox, ".", &["commit", "-m", "x"]).expect(0).says("theirs");
    stage(&sandbox, "b.txt", &secret());
    git(&sandbox, ".", &["commit", "-m", "x"]).expect(1);
    sandbox.run(&["env", "guard", "--uninstall", "--yes"]).expect(0);
    assert_eq!(sandbox.read(".git/hooks/pre-commit"), hook);
    let mode = fs::metadata(sandbox.work().join(".git/hooks/pre-commit")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
}

#[test]
fn what_somebody_added_to_our_hook_stays() {
    let sandbox = repository();
    sandbox.run(&["env", "guard", "--install", "--yes"]).expect(0);
    let ours = sandbox.read(".git/hooks/pre-commit");
    write_hook(&sandbox, ".git/hooks/pre-commit", &format!("{ours}echo theirs >&2\n"));
    sandbox.run(&["env", "guard", "--uninstall", "--yes"]).expect(0);
    assert_eq!(sandbox.read(".git/hooks/pre-commit"), "#!/bin/sh\necho theirs >&2\n");
    stage(&sandbox, "a.txt", &secret());
    git(&sandbox, ".", &["commit", "-m", "x"]).expect(0).says("theirs");
}

#[test]
fn the_hook_goes_where_git_looks_for_it() {
    let sandbox = repository();
    sandbox.git(".", &["config", "core.hooksPath", ".githooks"]);
    sandbox.run(&["env", "guard", "--install", "--yes"]).expect(0);
    assert!(sandbox.exists(".githooks/pre-commit") && !sandbox.exists(".git/hooks/pre-commit"));
    stage(&sandbox, "a.txt", &secret());
    git(&sandbox, ".", &["commit", "-m", "x"]).expect(1);
    sandbox.run(&["env", "guard", "--uninstall", "--yes"]).expect(0);
    assert!(!sandbox.exists(".githooks"));
}

#[test]
fn a_linked_work_tree_has_the_hook_of_its_repository() {
    let sandbox = repository();
    stage(&sandbox, "a.txt", "harmless\n");
    sandbox.git(".", &["commit", "-m", "x"]);
    sandbox.git(".", &["worktree", "add", "../linked"]);
    let linked = sandbox.work().join("../linked");
    sandbox.run(&["-C", "../linked", "env", "guard", "--install", "--yes"]).expect(0);
    fs::write(linked.join(".env"), format!("DB_PASSWORD={}\n", secret())).unwrap();
    fs::write(linked.join("b.txt"), secret()).unwrap();
    sandbox.git("../linked", &["add", "b.txt"]);
    git(&sandbox, "../linked", &["commit", "-m", "x"]).expect(1).says("b.txt:1: the value of DB_PASSWORD");
    stage(&sandbox, "c.txt", &secret());
    git(&sandbox, ".", &["commit", "-m", "x"]).expect(1).says("c.txt:1");
}

#[test]
fn a_hook_that_is_somebody_elses_is_left_alone() {
    let sandbox = repository();
    let refused = |hook: &str, says: &str| {
        write_hook(&sandbox, ".git/hooks/pre-commit", hook);
        sandbox.run(&["env", "guard", "--install", "--yes"]).expect(10).says(says);
        assert_eq!(sandbox.read(".git/hooks/pre-commit"), hook);
    };
    refused("#!/usr/bin/env python3\nprint()\n", "is no script of a shell");
    refused(
        "#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n",
        "add the lines above to `.pre-commit-config.yaml`",
    );
    refused("#!/bin/sh\ncall_lefthook()\n{\n}\n", "add the lines above to `lefthook.yml`");
    refused("#!/bin/sh\nmake check\nexec git diff --check\n", "line 3 of `.git/hooks/pre-commit` ends it");
    sandbox.git(".", &["config", "core.hooksPath", ".husky/_"]);
    sandbox.run(&["env", "guard", "--install", "--yes"]).expect(10).says("add the lines above to `.husky/pre-commit`");
    sandbox.git(".", &["config", "--unset", "core.hooksPath"]);
    sandbox.write(".git/hooks/pre-commit", "#!/bin/sh\ntrue\n");
    fs::set_permissions(sandbox.work().join(".git/hooks/pre-commit"), fs::Permissions::from_mode(0o644)).unwrap();
    sandbox.run(&["env", "guard", "--install", "--yes"]).expect(10).says("git does not run `.git/hooks/pre-commit`");
}

#[test]
fn undo_takes_the_hook_back_too() {
    let sandbox = repository();
    sandbox.run(&["env", "guard", "--install", "--yes"]).expect(0);
    sandbox.run(&["undo", "--yes"]).expect(0);
    assert!(!sandbox.exists(".git/hooks/pre-commit"));
}

#[test]
fn hints_can_be_typed_where_the_person_is() {
    let sandbox = repository();
    stage(&sandbox, "my app/it's.ts", &secret());
    let run = sandbox.run(&["-C", "my app", "env", "guard"]).expect(3);
    let run = run.says("`git reset -- 'it'\\''s.ts'` leaves the file out");
    assert!(run.stdout.starts_with("my app/it's.ts:1: "), "{}", run.stdout);
    stage(&sandbox, "my app/.env.local", "A=1\n");
    sandbox.run(&["env", "guard"]).expect(3).says("`git rm --cached -- 'my app/.env.local'`");
}

#[test]
fn a_bare_repository_has_the_work_tree_that_git_names() {
    let sandbox = Sandbox::new();
    sandbox.git(".", &["init", "-q", "--bare", "dotfiles.git"]);
    let named = ["--git-dir=../dotfiles.git", "--work-tree=."];
    sandbox.write("home/leak.txt", &token());
    sandbox.git("home", &[named.as_slice(), &["add", "leak.txt"]].concat());
    let mut command = sandbox.command();
    command.current_dir(sandbox.work().join("home")).args(["env", "guard"]);
    command.env("GIT_DIR", "../dotfiles.git").env("GIT_WORK_TREE", ".");
    let run = run(&mut command, "").expect(3);
    assert!(run.stdout.starts_with("leak.txt:1: "), "{}", run.stdout);
}
