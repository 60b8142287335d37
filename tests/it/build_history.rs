//! What `nixstart build` remembers, with a real Nix: why something is built anew, by how much it has grown, how long it took.

use std::os::unix::fs::PermissionsExt;

use pretty_assertions::assert_eq;
use serde_json::Value;

use crate::support::Sandbox;
use crate::support::nix_project::{can_run, sandbox};

/// A project whose application needs another derivation, which is made of a file.
fn project() -> Sandbox {
    let sandbox = sandbox();
    sandbox.write("greeting.txt", "hello\n");
    sandbox.flake(
        r#"
        letters = drv "letters" "cat ${./greeting.txt} > $out" {};
        default = drv "app" "echo ${self.packages.@system@.letters} > $out" {};
        broken = drv "broken" "exit 3" {};"#,
    );
    sandbox
}

fn history(sandbox: &Sandbox) -> Vec<Value> {
    let text = std::fs::read_to_string(sandbox.state().join("nixstart/builds.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn why_something_was_built_anew_and_by_how_much_it_has_grown_is_told() {
    if !can_run("build_history::why_something_was_built_anew_and_by_how_much_it_has_grown_is_told", &[]) {
        return;
    }
    let sandbox = project();
    let first = sandbox.nix(&["build", "--no-link"]).expect(0);
    assert!(!first.stderr.contains("built anew") && !first.stderr.contains("size:"), "{}", first.stderr);
    let again = sandbox.nix(&["build", "--no-link"]).expect(0);
    assert!(!again.stderr.contains("built anew") && !again.stderr.contains("size:"), "{}", again.stderr);
    sandbox.write("greeting.txt", &"hello, and more\n".repeat(200));
    let changed = sandbox.nix(&["build", "--no-link", "--json"]).expect(0);
    let end: Value = serde_json::from_str(changed.stdout.lines().last().unwrap()).unwrap();
    let reasons = end["outputs"][0]["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    let reason = reasons[0].as_str().unwrap();
    assert!(reason.starts_with("letters-") && reason.contains(", which app-"), "{reason}");
    assert!(reason.ends_with("needs: its source `greeting.txt` has other contents"), "{reason}");
    assert!(end["outputs"][0]["closure_growth"].as_i64().unwrap() > 3000, "{end}");
    sandbox.write("greeting.txt", "hi\n");
    let told = sandbox.nix(&["build", "--no-link"]).expect(0).says("since the last build: letters -3");
    told.says("built anew: letters-");
}

#[test]
fn the_history_is_there_the_next_time_and_for_nobody_else() {
    if !can_run("build_history::the_history_is_there_the_next_time_and_for_nobody_else", &[]) {
        return;
    }
    let sandbox = project();
    sandbox.nix(&["build", "--no-link"]).expect(0);
    sandbox
        .nix(&[
            "build",
            ".#packages.@system@.broken".replace("@system@", &crate::support::nix_project::system()).as_str(),
            "--no-link",
        ])
        .expect(5);
    let path = sandbox.state().join("nixstart/builds.jsonl");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let lines = history(&sandbox);
    let builds: Vec<&str> =
        lines.iter().filter(|line| line["kind"] == "build").map(|line| line["package"].as_str().unwrap()).collect();
    assert_eq!(builds, ["letters", "app"]);
    let runs: Vec<(String, &str)> = lines
        .iter()
        .filter(|line| line["kind"] == "run")
        .map(|line| (line["subject"].as_str().unwrap().rsplit('#').next().unwrap().to_owned(), line["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(runs, [("default".to_owned(), "succeeded"), ("broken".to_owned(), "failed")]);
    assert!(lines.last().unwrap()["failed"][0].as_str().unwrap().starts_with("broken-"));
    let bytes = lines.iter().find_map(|line| line["bytes"].as_u64()).unwrap();
    assert!(bytes > 0);
}

#[test]
fn a_history_that_cannot_be_used_is_warned_of_once_and_the_build_goes_on() {
    if !can_run("build_history::a_history_that_cannot_be_used_is_warned_of_once_and_the_build_goes_on", &[]) {
        return;
    }
    let sandbox = project();
    std::fs::create_dir_all(sandbox.state().join("nixstart")).unwrap();
    let path = sandbox.state().join("nixstart/builds.jsonl");
    std::fs::write(&path, "nonsense\n").unwrap();
    sandbox.nix(&["build", "--no-link"]).expect(0).says("is not whole: 1 of its lines cannot be read");
    let again = sandbox.nix(&["build", "--no-link"]).expect(0);
    assert!(!again.stderr.contains("is not whole"), "{}", again.stderr);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let told = sandbox.nix(&["build", "--no-link"]).expect(0).says("is not whole").says("could not be written");
    assert_eq!(told.stdout.lines().count(), 1);
}
