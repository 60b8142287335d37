//! Bad input and bad luck: a clear error, and nothing is lost.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::Duration;

use pretty_assertions::assert_eq;

use crate::support::{APPLICATION_ID, Sandbox, binary, run, token, tools};

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
    fs::copy(binary(), &program).unwrap();
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
    let mounted = tools::is_root()
        && std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(&mount)
            .status()
            .is_ok_and(|status| status.success());
    if !mounted {
        tools::note_missing("a_full_disk_leaves_nothing_behind", "the right to mount a file system");
        return;
    }
    let outcome = sandbox.run(&["new", "discord-bot", "small/deep/my-bot"]);
    let left = fs::read_dir(&mount).unwrap().count();
    assert!(std::process::Command::new("umount").arg(&mount).status().unwrap().success());
    outcome.expect(1).says("No space left on device").says("free some space and run the same command again");
    assert_eq!(left, 0);
}

#[test]
fn two_at_once_make_one_project_and_one_error() {
    let sandbox = Sandbox::new();
    let start = || {
        sandbox
            .command()
            .args(["new", "discord-bot", "my-bot", "--defaults"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running: Vec<_> = (0..6).map(|_| start()).collect();
    let ended: Vec<_> = running.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    for output in &ended {
        let message = String::from_utf8_lossy(&output.stderr);
        let is_fine = match output.status.code() {
            Some(0) => true,
            Some(1) => message.contains("another nixstart is working on") || message.contains("has appeared meanwhile"),
            _ => false,
        };
        assert!(is_fine, "{:?}: {message}", output.status);
    }
    assert!(ended.iter().any(|output| output.status.success()));
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0).says("Nothing to do");
    let leftovers: Vec<_> = fs::read_dir(sandbox.work()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(leftovers, ["my-bot"]);
}

/// Kills the program at one moment after the other, until it gets through, and returns at how many it was cut short.
fn kill_at_every_moment(after_each: impl Fn(&Sandbox)) -> usize {
    let mut cut_short = 0;
    for moment in 0.. {
        let sandbox = Sandbox::new();
        sandbox.write("secrets.env", &format!("BOT_TOKEN={}\nCLIENT_ID={APPLICATION_ID}\n", token()));
        let mut child = sandbox
            .command()
            .args(["new", "discord-bot", "deep/my-bot", "--env-file", "secrets.env"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The moment of death is the subject of the test, so it is a duration.
        std::thread::sleep(Duration::from_micros(500 * moment));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            return cut_short;
        }
        if !sandbox.receipts().is_empty() {
            cut_short += 1;
            after_each(&sandbox);
        }
    }
    cut_short
}

#[test]
fn a_killed_run_can_be_resumed() {
    let cut_short = kill_at_every_moment(|sandbox| {
        let run = sandbox.run(&["new", "discord-bot", "deep/my-bot", "--resume"]);
        if run.code == 1 && run.stderr.contains("there is no run to continue") {
            // Killed before the plan was written down, and nothing has changed, or after everything was done.
            let is_complete = sandbox.run(&["undo", "--list"]).stdout.contains("completed");
            assert_eq!(sandbox.exists("deep"), is_complete);
            return;
        }
        run.expect(0);
        assert!(sandbox.read("deep/my-bot/.env").contains(&token()));
        assert_eq!(fs::read_dir(sandbox.work().join("deep")).unwrap().count(), 1, "something staged is left");
        let names: Vec<_> = sandbox.files().into_keys().filter(|path| path.contains("nixstart-")).collect();
        assert_eq!(names, Vec::<String>::new());
        let undone = sandbox.run(&["-C", "deep/my-bot", "undo", "--yes"]).expect(0);
        assert!(!sandbox.exists("deep"), "{}", undone.stderr);
    });
    assert!(cut_short > 0, "the program was never caught in the act");
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
fn a_killed_run_can_be_undone() {
    kill_at_every_moment(|sandbox| {
        let id = sandbox.receipts().pop().unwrap();
        let run = sandbox.run(&["undo", &id, "--yes"]);
        if run.code != 0 {
            assert!(
                run.stderr.contains("does not begin with a plan") || run.stderr.contains("was undone already"),
                "{}",
                run.stderr
            );
        }
        assert_eq!(sandbox.files().into_keys().collect::<Vec<_>>(), ["secrets.env"]);
        assert!(!sandbox.exists("deep"));
    });
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
