//! The generated flake with a real Nix and a real direnv, in the offline world of `tests/nix`.

use std::path::PathBuf;
use std::process::Command;

use crate::support::nix_world::{self, can_run, passed, run_alone, verify};
use crate::support::{Sandbox, checkout, tools};

fn project(sandbox: &Sandbox, language: &str, package_manager: &str, name: &str) -> PathBuf {
    let (language, manager) = (format!("language={language}"), format!("package_manager={package_manager}"));
    sandbox.run(&["new", "discord-bot", name, "--set", &language, "--set", &manager]).expect(0);
    sandbox.work().join(name)
}

fn flake_works(language: &str, package_manager: &str) {
    if !can_run(&format!("nix::{language}_{package_manager}")) {
        return;
    }
    let sandbox = Sandbox::new();
    let project = project(&sandbox, language, package_manager, "my-bot");
    let outcome = verify(&sandbox, &project, &["--package"]);
    passed(&outcome, &["shipped lock", "lock", "check", "show", "shell", "store", "direnv"]);
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
    verify(&sandbox, &project, &[]);
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
    verify(&sandbox, &project, &["--package", "--tools", folder.to_str().unwrap()]);
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
    nix_world::every_mutation_is_caught(&sandbox, &project, 20);
}

#[test]
fn every_mutation_is_caught_with_pnpm() {
    every_mutation_is_caught("typescript", "pnpm");
}

#[test]
fn every_mutation_is_caught_with_npm() {
    every_mutation_is_caught("javascript", "npm");
}
