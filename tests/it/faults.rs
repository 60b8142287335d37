//! Bad input and bad luck: a clear error, and nothing is lost.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use pretty_assertions::assert_eq;

use crate::support::small_disk::SmallDisk;
use crate::support::{Sandbox, binary, run, token, tools};

/// An id that owns nothing on this machine.
const NOBODY: u32 = 65534;

#[test]
fn names_that_cannot_be_are_refused() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(300);
    let cases = [
        ("", "the directory is empty"),
        ("   ", "the directory is empty"),
        (long.as_str(), "the project name is 300 bytes long; a directory name can have 255"),
        (".hidden", "the project name `.hidden` starts with `.`"),
        ("a\tb", "the project name contains the control character U+0009"),
        ("/", "the root of the file system cannot be a project"),
    ];
    for (name, message) in cases {
        sandbox.run(&["new", "discord-bot", name]).expect(2).says(message);
    }
    sandbox.run(&["new", "discord-bot", "--", "-rf"]).expect(2).says("the project name `-rf` starts with `-`");
    assert_eq!(sandbox.files().len(), 0);
}

#[test]
fn unicode_names_work() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "Größe ボット"]).expect(0).says("it becomes npm: gr-e, Nix: gr-e, DNS: gr-e");
    assert!(sandbox.exists("Größe ボット/flake.nix"));
}

#[test]
fn a_file_in_the_way_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("taken", "mine");
    sandbox.run(&["new", "discord-bot", "taken"]).expect(1).says("taken` is a file, not a directory");
    sandbox.run(&["new", "discord-bot", "taken/below"]).expect(1).says("taken` is not a directory");
    sandbox.write("dir/src", "a file where a directory should be");
    sandbox.run(&["new", "discord-bot", "dir", "--yes"]).expect(10).says("`src` is a file, not a directory");
    sandbox.write("dir2/README.md/x", "a directory where a file should be");
    sandbox.run(&["new", "discord-bot", "dir2", "--yes"]).expect(10).says("`README.md` is a directory, not a file");
    symlink("nowhere", sandbox.work().join("dangling")).unwrap();
    sandbox.run(&["new", "discord-bot", "dangling"]).expect(1).says("dangling` is a link that leads nowhere");
    assert_eq!(sandbox.read("taken"), "mine");
}

#[test]
fn a_link_that_leads_outside_is_never_written_through() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.work().join("outside")).unwrap();
    fs::create_dir_all(sandbox.work().join("my-bot")).unwrap();
    symlink("../outside", sandbox.work().join("my-bot/src")).unwrap();
    sandbox
        .run(&["new", "discord-bot", "my-bot", "--yes"])
        .expect(10)
        .says("`src` is a link to `../outside`; nixstart writes through no link");
    fs::remove_file(sandbox.work().join("my-bot/src")).unwrap();
    symlink("../outside/env", sandbox.work().join("my-bot/.env")).unwrap();
    sandbox
        .run_with_input(&["new", "discord-bot", "my-bot", "--yes", "--env-file", "-"], &format!("BOT_TOKEN={}\n", token()))
        .expect(10)
        .says(".env` is no plain file");
    assert_eq!(fs::read_dir(sandbox.work().join("outside")).unwrap().count(), 0);
}

#[test]
fn an_answers_file_with_mistakes_names_them() {
    let sandbox = Sandbox::new();
    let cases = [
        ("langage = \"typescript\"", 1, "unknown answer `langage`"),
        ("language = 3", 1, "the answer to `language` must be one of its choices, not a number"),
        ("language = [\"typescript\"]", 1, "the answer to `language` must be one of its choices, not a list"),
        ("language = ", 1, "cannot read `answers.toml`"),
    ];
    for (text, code, message) in cases {
        sandbox.write("answers.toml", text);
        sandbox.run(&["new", "discord-bot", "a", "--answers", "answers.toml"]).expect(code).says(message);
    }
    sandbox.run(&["new", "discord-bot", "a", "--answers", "nowhere.toml"]).expect(1).says("nowhere.toml");
    assert!(!sandbox.exists("a"));
}

/// Runs the binary as a user who is not root, because root ignores mode bits.
fn run_as_nobody(sandbox: &Sandbox, arguments: &[&str]) -> crate::support::Run {
    let program = sandbox.work().join("../nixstart-copy");
    // Copied by another process: while this one has it open for writing, a test beside it may start a process that inherits
    // that, and then it cannot be run.
    assert!(std::process::Command::new("cp").arg(binary()).arg(&program).status().unwrap().success());
    let open = |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    open(sandbox.work().parent().unwrap(), 0o755);
    open(&sandbox.state(), 0o777);
    let mut command = std::process::Command::new(&program);
    command.current_dir(sandbox.work()).env_clear().args(arguments);
    sandbox.environment().into_iter().for_each(|(name, value)| {
        command.env(name, value);
    });
    if tools::is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    run(&mut command, "")
}

#[test]
fn a_directory_that_cannot_be_written_to_is_named_before_any_question() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join("locked")).unwrap();
    fs::set_permissions(sandbox.work().join("locked"), fs::Permissions::from_mode(0o555)).unwrap();
    let run = run_as_nobody(&sandbox, &["new", "discord-bot", "locked/my-bot"]).expect(1);
    assert!(!run.stderr.contains("language"), "{}", run.stderr);
    run.says("locked` cannot be written to").says("choose another place");
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let mount = sandbox.work().join("small");
    fs::create_dir(&mount).unwrap();
    let Some(disk) = SmallDisk::at(&mount, "64k", "a_full_disk_leaves_nothing_behind") else { return };
    let outcome = sandbox.run(&["new", "discord-bot", "small/deep/my-bot"]);
    let left = fs::read_dir(&mount).unwrap().count();
    drop(disk);
    outcome.expect(1).says("No space left on device").says("free some space and run the same command again");
    assert_eq!(left, 0);
}

/// Starts six runs for one directory at the same time, all of which end with success or with an error that names why.
fn six_at_once(sandbox: &Sandbox, arguments: impl Fn(usize) -> Vec<&'static str>) -> Vec<bool> {
    let start = |number: usize| {
        sandbox
            .command()
            .args(["new", "discord-bot", "my-bot", "--defaults"])
            .args(arguments(number))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running: Vec<_> = (0..6).map(start).collect();
    let ended = running.into_iter().map(|child| child.wait_with_output().unwrap());
    ended
        .map(|output| {
            let message = String::from_utf8_lossy(&output.stderr);
            let is_fine = match output.status.code() {
                Some(0) => true,
                Some(1) => message.contains("another nixstart is working on"),
                Some(10) => message.contains("would mix two projects"),
                _ => false,
            };
            assert!(is_fine, "{:?}: {message}", output.status);
            output.status.success()
        })
        .collect()
}

fn only_my_bot_is_there(sandbox: &Sandbox) {
    let names: Vec<_> = fs::read_dir(sandbox.work()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["my-bot"]);
}

#[test]
fn many_at_once_make_one_project() {
    let sandbox = Sandbox::new();
    assert!(six_at_once(&sandbox, |_| Vec::new()).contains(&true));
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0).says("Nothing to do");
    only_my_bot_is_there(&sandbox);
}

#[test]
fn many_at_once_with_different_answers_do_not_mix() {
    let sandbox = Sandbox::new();
    let language = |number| if number % 2 == 0 { "language=typescript" } else { "language=javascript" };
    let made = six_at_once(&sandbox, |number| vec!["--set", language(number)]);
    let winners: Vec<&str> = (0..6).filter(|number| made[*number]).map(language).collect();
    assert!(winners.windows(2).all(|pair| pair[0] == pair[1]), "{winners:?}");
    sandbox.run(&["new", "discord-bot", "my-bot", "--set", winners[0]]).expect(0).says("Nothing to do");
    only_my_bot_is_there(&sandbox);
}

#[test]
fn another_run_waits_until_one_that_was_cut_short_is_settled() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0);
    let id = sandbox.receipts().pop().unwrap();
    let path = sandbox.state().join(format!("nixstart/receipts/{id}.jsonl"));
    // The journal as a crash after the first step would have left it.
    let text = fs::read_to_string(&path).unwrap();
    let end = text.match_indices('\n').nth(2).unwrap().0;
    fs::write(&path, &text[..=end]).unwrap();
    sandbox
        .run(&["new", "discord-bot", "my-bot"])
        .expect(1)
        .says("was cut short")
        .says("`--resume`")
        .says(&format!("nixstart undo {id}"));
    sandbox.run(&["new", "discord-bot", "my-bot", "--resume"]).expect(0).says("`my-bot` is complete");
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0).says("Nothing to do");
}

#[test]
fn without_git_on_path_a_repository_is_made_all_the_same() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0).says("git is not installed; nixstart did not need it");
    assert!(sandbox.exists("my-bot/.git/index"));
}

#[test]
fn an_unreadable_env_file_is_named() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "my-bot", "--env-file", "nowhere.env"]).expect(1).says("nowhere.env");
    assert!(!sandbox.exists("my-bot"));
}

#[test]
fn a_state_directory_that_cannot_be_used_is_named_with_nothing_made() {
    let sandbox = Sandbox::new();
    fs::remove_dir_all(sandbox.state()).unwrap();
    fs::write(sandbox.state(), "in the way").unwrap();
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(1).says("cannot use the directory `").says("/state/nixstart/");
    assert!(!sandbox.exists("my-bot"));
}

#[test]
fn a_state_directory_that_others_can_read_is_closed() {
    let sandbox = Sandbox::new();
    let receipts = sandbox.state().join("nixstart/receipts");
    fs::create_dir_all(&receipts).unwrap();
    fs::set_permissions(&receipts, fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0);
    assert_eq!(fs::metadata(&receipts).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_broken_record_is_an_error_and_no_new_project() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0);
    sandbox.write("my-bot/nixstart.toml", "[project]\nname = \"x\"\n[template\n");
    sandbox.run(&["new", "discord-bot", "my-bot", "--yes"]).expect(1).says("my-bot/nixstart.toml`:").says("at line 3");
}

#[test]
fn a_pipe_in_the_place_of_a_file_does_not_hang() {
    for name in [".gitignore", "nixstart.toml", "README.md", ".env"] {
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.work().join("my-bot")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(sandbox.work().join("my-bot").join(name)).status().unwrap();
        assert!(made.success());
        sandbox.run(&["new", "discord-bot", "my-bot", "--yes"]).expect(10).says(&format!("{name}` is no plain file"));
    }
}

/// What is said, and what brings it about.
type Case = (&'static str, fn(&Sandbox));

#[test]
fn a_repository_that_cannot_be_used_is_refused_with_the_reason_before_anything_is_written() {
    let kinds: [Case; 7] = [
        ("cannot be used", |sandbox| sandbox.write("my-bot/.git/HEAD", "")),
        ("is bare", |sandbox| drop(sandbox.git("my-bot", &["init", "-q", "--bare", ".git"]))),
        ("cannot be used: unknown object format", |sandbox| {
            sandbox.git("my-bot", &["init", "-q", "--object-format=sha256"]);
        }),
        ("git update-index --no-split-index", |sandbox| {
            sandbox.git("my-bot", &["init", "-q"]);
            sandbox.git("my-bot", &["add", "a"]);
            sandbox.git("my-bot", &["update-index", "--split-index"]);
        }),
        ("has conflicts", |sandbox| {
            sandbox.git("my-bot", &["init", "-q"]);
            sandbox.git("my-bot", &["add", "a"]);
            sandbox.git("my-bot", &["commit", "-qm", "a"]);
            sandbox.git("my-bot", &["checkout", "-q", "-b", "other"]);
            sandbox.write("my-bot/a", "theirs\n");
            sandbox.git("my-bot", &["commit", "-qam", "b"]);
            sandbox.git("my-bot", &["checkout", "-q", "main"]);
            sandbox.write("my-bot/a", "ours\n");
            sandbox.git("my-bot", &["commit", "-qam", "c"]);
            let merged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sandbox.git("my-bot", &["merge", "other"])));
            assert!(merged.is_err());
        }),
        ("the index holds `README.md/x` below it", |sandbox| {
            sandbox.write("my-bot/README.md/x", "x\n");
            sandbox.git("my-bot", &["init", "-q"]);
            sandbox.git("my-bot", &["add", "."]);
            fs::remove_dir_all(sandbox.work().join("my-bot/README.md")).unwrap();
        }),
        ("sends it through `filter=up`", |sandbox| {
            sandbox.git("my-bot", &["init", "-q"]);
            sandbox.write("my-bot/.git/info/attributes", "*.md filter=up\n");
        }),
    ];
    for (why, make) in kinds {
        let sandbox = Sandbox::new();
        sandbox.write("my-bot/a", "mine\n");
        make(&sandbox);
        let before = sandbox.files();
        sandbox.run(&["new", "discord-bot", "my-bot", "--yes"]).expect(10).says(why).says("--no-git");
        assert_eq!(sandbox.files(), before);
        sandbox.run(&["new", "discord-bot", "my-bot", "--yes", "--no-git"]).expect(0);
    }
}

#[test]
fn a_commit_in_the_middle_of_a_merge_is_refused() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.home().join(".gitconfig"), "[user]\nname = A\nemail = a@example.org\n").unwrap();
    sandbox.write("my-bot/a", "mine\n");
    sandbox.git("my-bot", &["init", "-q"]);
    sandbox.git("my-bot", &["add", "."]);
    sandbox.git("my-bot", &["commit", "-qm", "a"]);
    sandbox.git("my-bot", &["checkout", "-q", "-b", "other"]);
    sandbox.git("my-bot", &["commit", "-q", "--allow-empty", "-m", "b"]);
    sandbox.git("my-bot", &["checkout", "-q", "main"]);
    sandbox.git("my-bot", &["commit", "-q", "--allow-empty", "-m", "c"]);
    sandbox.git("my-bot", &["merge", "-q", "-s", "ours", "--no-commit", "other"]);
    sandbox
        .run(&["new", "discord-bot", "my-bot", "--yes", "--commit"])
        .expect(10)
        .says("in the middle of something else (merge)");
}

#[test]
fn a_branch_name_that_git_refuses_and_settings_it_cannot_read() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.home().join(".gitconfig"), "[init]\ndefaultBranch = bad name\n").unwrap();
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0);
    assert_eq!(sandbox.read("my-bot/.git/HEAD"), "ref: refs/heads/main\n");
    fs::write(sandbox.home().join(".gitconfig"), "[user\n").unwrap();
    sandbox.run(&["new", "discord-bot", "other"]).expect(1).says("the settings of git cannot be read");
    assert!(!sandbox.exists("other"));
}

#[test]
fn half_an_identity_from_the_environment_is_completed_by_the_settings() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.home().join(".gitconfig"), "[user]\nemail = a@example.org\n").unwrap();
    let mut command = sandbox.command();
    command.args(["new", "discord-bot", "my-bot", "--commit"]).env("GIT_AUTHOR_NAME", "Env");
    run(&mut command, "").expect(0);
    assert_eq!(sandbox.git("my-bot", &["log", "--format=%an %ae"]), "Env a@example.org\n");
}

#[test]
fn the_index_of_a_git_that_is_at_work_is_left_alone() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join("my-bot")).unwrap();
    sandbox.git("my-bot", &["init", "-q"]);
    sandbox.write("my-bot/.git/index.lock", "");
    sandbox.run(&["new", "discord-bot", "my-bot", "--yes"]).expect(8).says("index.lock` exists");
    sandbox.run(&["new", "discord-bot", "my-bot", "--resume"]).expect(8).says("index.lock` exists");
    fs::remove_file(sandbox.work().join("my-bot/.git/index.lock")).unwrap();
    sandbox.run(&["new", "discord-bot", "my-bot", "--resume"]).expect(0).says("`my-bot` is complete");
    assert!(!sandbox.exists("my-bot/.git/index.lock"));
}
