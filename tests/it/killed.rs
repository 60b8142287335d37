//! SIGKILL at one moment after the other: what is left can always be continued and taken back.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use pretty_assertions::assert_eq;

use crate::support::{APPLICATION_ID, Sandbox, run, token};

/// A run that is killed: what was there before it, and its arguments.
struct Scenario {
    prepare: fn(&Sandbox),
    arguments: &'static [&'static str],
    /// The directory of the project.
    project: &'static str,
}

/// A new project, in a directory whose parent does not exist either.
const FRESH: Scenario = Scenario {
    prepare: bring_secrets,
    arguments: &["new", "discord-bot", "deep/my-bot", "--env-file", "secrets.env"],
    project: "deep/my-bot",
};

/// A new project with its first commit.
const COMMITTED: Scenario = Scenario {
    prepare: bring_secrets,
    arguments: &["new", "discord-bot", "deep/my-bot", "--env-file", "secrets.env", "--commit"],
    project: "deep/my-bot",
};

/// A directory with files of the user's, one of which is added to.
const BESIDE_OTHERS: Scenario = Scenario {
    prepare: |sandbox| {
        bring_secrets(sandbox);
        sandbox.write("my-bot/.gitignore", "mine.txt");
        sandbox.write("my-bot/README.md", "mine\n");
    },
    arguments: &["new", "discord-bot", "my-bot", "--env-file", "secrets.env", "--yes"],
    project: "my-bot",
};

/// A repository with a history and something staged.
const IN_A_REPOSITORY: Scenario = Scenario {
    prepare: |sandbox| {
        (BESIDE_OTHERS.prepare)(sandbox);
        sandbox.git("my-bot", &["init", "-q"]);
        sandbox.git("my-bot", &["add", "."]);
        sandbox.git("my-bot", &["commit", "-qm", "mine"]);
        sandbox.write("my-bot/.gitignore", "mine.txt\nmore.txt\n");
        sandbox.git("my-bot", &["add", "."]);
    },
    ..BESIDE_OTHERS
};

fn bring_secrets(sandbox: &Sandbox) {
    sandbox.write("secrets.env", &format!("BOT_TOKEN={}\nCLIENT_ID={APPLICATION_ID}\n", token()));
    fs::write(sandbox.home().join(".gitconfig"), "[user]\nname = A\nemail = a@example.org\n").unwrap();
}

/// Files, and what git says of them where there is a repository.
type State = (BTreeMap<String, Vec<u8>>, Option<(String, String)>);

fn state(sandbox: &Sandbox, project: &str) -> State {
    let git = sandbox
        .exists(&format!("{project}/.git"))
        .then(|| (sandbox.git(project, &["ls-files", "--stage"]), sandbox.git(project, &["status", "--porcelain"])));
    (sandbox.files(), git)
}

/// How many moments of a run are its last.
const MOMENTS: u32 = 40;

/// Starts the program and kills it after a time; `false` when it came through.
fn is_killed(sandbox: &Sandbox, arguments: &[&str], after: Duration) -> bool {
    let mut command = sandbox.command();
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // The moment of death is the subject of the test, so it is a duration.
    std::thread::sleep(after);
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

/// Kills the program at one moment after the other, spread over the time it takes, and returns at how many it was cut short.
fn kill_at_every_moment(scenario: &Scenario, after_each: impl Fn(&Sandbox, &State)) -> usize {
    let mut cut_short = 0;
    let mut whole = Duration::ZERO;
    for moment in 0..=MOMENTS {
        let sandbox = Sandbox::new();
        (scenario.prepare)(&sandbox);
        if moment == 0 {
            let start = Instant::now();
            sandbox.run(scenario.arguments).expect(0);
            whole = start.elapsed();
            continue;
        }
        let before = state(&sandbox, scenario.project);
        if is_killed(&sandbox, scenario.arguments, whole * moment / MOMENTS) && !sandbox.receipts().is_empty() {
            cut_short += 1;
            after_each(&sandbox, &before);
        }
    }
    cut_short
}

fn leaves_nothing_unclean(scenario: &Scenario) {
    let project = scenario.project;
    let cut_short = kill_at_every_moment(scenario, |sandbox, before| {
        let run = sandbox.run(&[scenario.arguments, &["--resume"]].concat());
        if run.code == 1 && run.stderr.contains("there is no run to continue") {
            // Killed before the plan was written down, and nothing has changed, or after everything was done.
            let is_complete = sandbox.run(&["undo", "--list"]).stdout.contains("completed");
            assert!(is_complete || state(sandbox, project) == *before);
            return;
        }
        run.expect(0);
        assert!(sandbox.read(&format!("{project}/.env")).contains(&token()));
        let names: Vec<_> = sandbox.files().into_keys().filter(|path| path.contains("nixstart-")).collect();
        assert_eq!(names, Vec::<String>::new());
        let staged = sandbox.git(project, &["status", "--porcelain"]);
        // A README of the user's stays theirs to stage.
        let is_settled = |line: &str| line == "?? README.md" || line.get(1..2) == Some(" ");
        assert!(staged.lines().all(is_settled), "{staged}");
        sandbox.run(&["-C", project, "undo", "--yes"]).expect(0);
        assert_eq!(state(sandbox, project), *before);
        assert!(!sandbox.exists("deep"));
    });
    assert!(cut_short > 0, "the program was never caught in the act");
    kill_at_every_moment(scenario, |sandbox, before| {
        let id = sandbox.receipts().pop().unwrap();
        let run = sandbox.run(&["undo", &id, "--yes"]);
        if run.code != 0 {
            let never_began = ["cut off before anything was changed", "was undone already"];
            assert!(never_began.iter().any(|text| run.stderr.contains(text)), "{}", run.stderr);
        }
        assert_eq!(state(sandbox, project), *before);
        assert!(!sandbox.exists("deep"));
    });
}

#[test]
fn a_killed_new_project_can_be_continued_and_taken_back() {
    leaves_nothing_unclean(&FRESH);
}

#[test]
fn a_killed_first_commit_can_be_continued_and_taken_back() {
    leaves_nothing_unclean(&COMMITTED);
}

#[test]
fn a_killed_run_beside_files_of_the_users_can_be_continued_and_taken_back() {
    leaves_nothing_unclean(&BESIDE_OTHERS);
}

#[test]
fn a_killed_run_in_a_repository_can_be_continued_and_taken_back() {
    leaves_nothing_unclean(&IN_A_REPOSITORY);
}

#[test]
fn a_killed_undo_can_be_run_again() {
    for scenario in [&COMMITTED, &IN_A_REPOSITORY] {
        for moment in 0..MOMENTS {
            let sandbox = Sandbox::new();
            (scenario.prepare)(&sandbox);
            let before = state(&sandbox, scenario.project);
            sandbox.run(scenario.arguments).expect(0);
            let id = sandbox.receipts().pop().unwrap();
            if is_killed(&sandbox, &["undo", &id, "--yes"], Duration::from_micros(500) * moment) {
                let run = sandbox.run(&["undo", &id, "--yes"]);
                assert!(run.code == 0 || run.stderr.contains("was undone already"), "{}", run.stderr);
            }
            assert_eq!(state(&sandbox, scenario.project), before);
        }
    }
}

/// Git writes into its log which commit comes before the branch leads to it. What a kill between the two leaves is made by hand:
/// the moment is too short to be met.
#[test]
fn a_commit_that_only_the_log_knows_is_taken_up_again_and_taken_back() {
    for is_resumed in [true, false] {
        let sandbox = Sandbox::new();
        bring_secrets(&sandbox);
        sandbox.run(COMMITTED.arguments).expect(0);
        let commit = sandbox.git(COMMITTED.project, &["rev-parse", "HEAD"]);
        let git = sandbox.work().join(COMMITTED.project).join(".git");
        let branch = fs::read_to_string(git.join("HEAD")).unwrap();
        fs::remove_file(git.join(branch.trim().strip_prefix("ref: ").unwrap())).unwrap();
        let id = sandbox.receipts().pop().unwrap();
        let receipt = sandbox.state().join(format!("nixstart/receipts/{id}.jsonl"));
        let lines = fs::read_to_string(&receipt).unwrap();
        let (kept, _) = lines.split_once("{\"event\":\"finished\",\"step\":\"commit\"").unwrap();
        fs::write(&receipt, kept).unwrap();
        // It comes after the commit.
        fs::remove_file(sandbox.work().join(COMMITTED.project).join(".env")).unwrap();
        if is_resumed {
            // Another name would make another commit.
            let mut command = sandbox.command();
            command.args(COMMITTED.arguments).arg("--resume").env("GIT_AUTHOR_NAME", "Somebody else");
            run(&mut command, "").expect(0);
            assert_eq!(sandbox.git(COMMITTED.project, &["rev-parse", "HEAD"]), commit);
        }
        sandbox.run(&["undo", &id, "--yes"]).expect(0);
        assert!(!sandbox.exists("deep"), "resumed: {is_resumed}");
    }
}

/// The moment between the last removal and the line that says so is as short.
#[test]
fn an_undo_that_removed_everything_and_could_not_say_so_can_be_run_again() {
    let sandbox = Sandbox::new();
    bring_secrets(&sandbox);
    sandbox.run(COMMITTED.arguments).expect(0);
    let id = sandbox.receipts().pop().unwrap();
    sandbox.run(&["undo", &id, "--yes"]).expect(0);
    let receipt = sandbox.state().join(format!("nixstart/receipts/{id}.jsonl"));
    let lines = fs::read_to_string(&receipt).unwrap();
    let (kept, _) = lines.rsplit_once("{\"event\":\"undone\"").unwrap();
    fs::write(&receipt, kept).unwrap();
    sandbox.run(&["undo", &id, "--yes"]).expect(0);
    assert!(!sandbox.exists("deep"));
}
