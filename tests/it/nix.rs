//! The generated flake with a real Nix and a real direnv, in the offline world of `tests/nix`.

use std::path::PathBuf;
use std::process::Command;

use crate::support::nix_project::alone;
use crate::support::{Run, Sandbox, checkout, run, tools};

const NEEDED: [&str; 4] = ["nix", "direnv", "git", "jq"];

fn can_run(test: &str) -> bool {
    if !tools::is_root() {
        tools::note_missing(test, "root (the offline world opens the Nix store directly)");
        return false;
    }
    tools::have(test, &NEEDED)
}

fn project(sandbox: &Sandbox, language: &str, package_manager: &str, name: &str) -> PathBuf {
    let (language, manager) = (format!("language={language}"), format!("package_manager={package_manager}"));
    sandbox.run(&["new", "discord-bot", name, "--set", &language, "--set", &manager]).expect(0);
    sandbox.work().join(name)
}

fn script(sandbox: &Sandbox, name: &str) -> Command {
    let mut command = Command::new(checkout().join("tests/nix").join(name));
    command.env("TMPDIR", sandbox.home());
    command
}

fn run_alone(command: &mut Command) -> Run {
    let _alone = alone();
    run(command, "")
}

#[track_caller]
fn verify(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let outcome = run_alone(script(sandbox, "verify.sh").args(arguments));
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    outcome
}

fn flake_works(language: &str, package_manager: &str) {
    if !can_run(&format!("nix::{language}_{package_manager}")) {
        return;
    }
    let sandbox = Sandbox::new();
    let project = project(&sandbox, language, package_manager, "my-bot");
    let outcome = verify(&sandbox, &[project.to_str().unwrap(), "--package"]);
    for step in ["shipped lock", "lock", "check", "show", "shell", "store", "direnv"] {
        assert!(
            outcome.stdout.lines().any(|line| line.starts_with(step) && line.contains(" ok")),
            "`{step}` is not in:\n{}",
            outcome.stdout
        );
    }
}

#[test]
fn typescript_with_pnpm() {
    flake_works("typescript", "pnpm");
}

#[test]
fn typescript_with_npm() {
    flake_works("typescript", "npm");
}

#[test]
fn javascript_with_pnpm() {
    flake_works("javascript", "pnpm");
}

#[test]
fn javascript_with_npm() {
    flake_works("javascript", "npm");
}

#[test]
fn a_name_that_needs_quoting_everywhere() {
    if !can_run("nix::a_name_that_needs_quoting_everywhere") {
        return;
    }
    let sandbox = Sandbox::new();
    let project = project(&sandbox, "typescript", "pnpm", "my \"bot\" ${x} 'it'");
    verify(&sandbox, &[project.to_str().unwrap()]);
}

#[test]
fn the_package_holds_a_bot_that_real_node_starts() {
    let test = "nix::the_package_holds_a_bot_that_real_node_starts";
    if !can_run(test) || !tools::have(test, &["node", "pnpm", "npm"]) {
        return;
    }
    let sandbox = Sandbox::new();
    let project = project(&sandbox, "typescript", "pnpm", "my-bot");
    let folder = tools::find("pnpm").unwrap().parent().unwrap().to_owned();
    verify(&sandbox, &[project.to_str().unwrap(), "--package", "--tools", folder.to_str().unwrap()]);
}

#[test]
fn our_own_flake_evaluates_and_its_lock_is_complete() {
    if !can_run("nix::our_own_flake_evaluates_and_its_lock_is_complete") {
        return;
    }
    let sandbox = Sandbox::new();
    let mut command = Command::new("sh");
    command.env("HOME", sandbox.home()).env("TMPDIR", sandbox.home()).env("WORLD", sandbox.home().join("world"));
    command.env("CHECKOUT", checkout()).current_dir(sandbox.work());
    let outcome = run_alone(command.args(["-euc", OWN_FLAKE]));
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    let shells = outcome.stdout.lines().last().unwrap();
    assert_eq!(shells, "default", "{}", outcome.stdout);
}

/// Copies what Nix would see of this checkout, asks whether the lock is complete, and evaluates every output offline.
const OWN_FLAKE: &str = r#"
    mkdir copy
    cp -R "$CHECKOUT"/flake.nix "$CHECKOUT"/flake.lock "$CHECKOUT"/nix "$CHECKOUT"/Cargo.toml "$CHECKOUT"/Cargo.lock \
      "$CHECKOUT"/README.md "$CHECKOUT"/CONTRIBUTING.md "$CHECKOUT"/INSTALLING-NIX.md "$CHECKOUT"/LICENSE-* "$CHECKOUT"/assets \
      "$CHECKOUT"/benches "$CHECKOUT"/build.rs "$CHECKOUT"/clippy.toml "$CHECKOUT"/docs "$CHECKOUT"/src "$CHECKOUT"/templates \
      "$CHECKOUT"/tests copy/
    cd copy
    git init -q
    git add -A
    set -- --extra-experimental-features 'nix-command flakes' --option flake-registry '' --option substituters '' \
      --option sandbox false --option build-users-group '' --option warn-dirty false
    cp flake.lock before.lock
    nix "$@" flake lock --no-update-lock-file
    cmp flake.lock before.lock
    "$CHECKOUT"/tests/nix/assemble.sh "$WORLD"
    "$CHECKOUT"/tests/nix/offline-lock.sh "$PWD" "$WORLD"
    nix "$@" flake check --no-build
    nix "$@" flake show
    nix "$@" eval --raw .#devShells.x86_64-linux --apply 's: builtins.concatStringsSep " " (builtins.attrNames s)'
"#;

/// Breaks a generated project in two dozen ways. This shows that the tests above can fail.
fn every_mutation_is_caught(language: &str, package_manager: &str) {
    if !can_run(&format!("nix::every_mutation_is_caught_{package_manager}")) {
        return;
    }
    let sandbox = Sandbox::new();
    let project = project(&sandbox, language, package_manager, "my-bot");
    let outcome = run_alone(script(&sandbox, "mutations.sh").arg(project));
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    let caught = outcome.stdout.lines().filter(|line| line.starts_with("caught")).count();
    assert!(caught >= 20 && !outcome.stdout.contains("MISSED"), "{}", outcome.stdout);
}

#[test]
fn every_mutation_is_caught_with_pnpm() {
    every_mutation_is_caught("typescript", "pnpm");
}

#[test]
fn every_mutation_is_caught_with_npm() {
    every_mutation_is_caught("javascript", "npm");
}
