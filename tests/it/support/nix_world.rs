//! The offline Nix world of `tests/nix`: its scripts, run one at a time.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Run, Sandbox, checkout, run, tools};

/// The tests share one Nix store, whose database answers "busy" to two at once.
static STORE: Mutex<()> = Mutex::new(());

/// Waits until no other test uses the store.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    STORE.lock().unwrap_or_else(PoisonError::into_inner)
}

const NEEDED: [&str; 4] = ["nix", "direnv", "git", "jq"];

/// Whether the world can be used here; what is missing is noted.
pub(crate) fn can_run(test: &str) -> bool {
    if !tools::is_root() {
        tools::note_missing(test, "root (the offline world opens the Nix store directly)");
        return false;
    }
    tools::have(test, &NEEDED)
}

/// A script of the world, with its temporary files in the sandbox.
pub(crate) fn script(sandbox: &Sandbox, name: &str) -> Command {
    let mut command = Command::new(checkout().join("tests/nix").join(name));
    command.env("TMPDIR", sandbox.home());
    command
}

/// Runs a command while no other test uses the store.
pub(crate) fn run_alone(command: &mut Command) -> Run {
    let _alone = alone();
    run(command, "")
}

/// Asserts that `verify.sh` passes.
#[track_caller]
pub(crate) fn verify(sandbox: &Sandbox, project: &Path, options: &[&str]) -> Run {
    let outcome = run_alone(script(sandbox, "verify.sh").arg(project).args(options));
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    outcome
}

/// Asserts that the steps were taken, and passed.
#[track_caller]
pub(crate) fn passed(outcome: &Run, steps: &[&str]) {
    for step in steps {
        assert!(
            outcome.stdout.lines().any(|line| line.starts_with(step) && line.contains(" ok")),
            "`{step}` is not in:\n{}",
            outcome.stdout
        );
    }
}

/// Asserts that at least so many mutations of a project were tried, and all noticed.
#[track_caller]
pub(crate) fn every_mutation_is_caught(sandbox: &Sandbox, project: &Path, at_least: usize) {
    let outcome = run_alone(script(sandbox, "mutations.sh").arg(project));
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    let caught = outcome.stdout.lines().filter(|line| line.starts_with("caught")).count();
    assert!(caught >= at_least && !outcome.stdout.contains("MISSED"), "{}", outcome.stdout);
}
