//! `nixstart shell` with a real Nix and the template's own flake, in the offline world.

use pretty_assertions::assert_eq;

use crate::support::nix_project::{can_run, sandbox};

#[test]
fn a_dev_shell_is_listed_and_entered() {
    if !can_run("shell::a_dev_shell_is_listed_and_entered", &["jq"]) {
        return;
    }
    let sandbox = sandbox();
    let project = sandbox.offline_project(&["discord-bot"]);
    let listed = sandbox.nix(&["-C", "p", "shell", "--list"]).expect(0).says("packages git, jq").says("processes bot, register");
    assert_eq!(listed.stdout, "default\n");
    let json = sandbox.nix(&["-C", "p", "shell", "--list", "--json"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let packages: Vec<&str> =
        json["shells"][0]["packages"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(packages.contains(&"git") && packages.contains(&"jq"), "{packages:?}");
    // From a folder below, the root of the shell is that of the project; the command's exit code is ours.
    std::fs::create_dir_all(project.join("deep/er")).unwrap();
    let arguments = ["-C", "p/deep/er", "shell", "--", "sh", "-c", "echo \"$DEVENV_ROOT $PWD\"; exit 9"];
    let entered = sandbox.nix(&arguments).expect(9);
    let root = project.display();
    assert_eq!(entered.stdout.lines().last(), Some(format!("{root} {root}/deep/er").as_str()), "{}", entered.stderr);
    sandbox.nix(&["-C", "p", "shell", "defualt"]).expect(1).says("no dev shell `defualt`").says("did you mean `default`?");
    sandbox.nix(&["-C", "p", "shell", "a.b"]).expect(2).says("is no name of a dev shell");
}

#[test]
fn a_pure_shell_gets_nothing_of_the_environment() {
    if !can_run("shell::a_pure_shell_gets_nothing_of_the_environment", &["jq"]) {
        return;
    }
    let sandbox = sandbox();
    sandbox.offline_project(&["discord-bot"]);
    let print = ["--", "sh", "-c", "echo \"[$LEAK] [$HOME]\""];
    let with = |arguments: &[&str]| {
        let all: Vec<&str> = ["-C", "p", "shell"].iter().chain(arguments).chain(&print).copied().collect();
        sandbox.nix_with(&all, &[("LEAK", "yes")]).expect(0).stdout.lines().last().unwrap().to_owned()
    };
    let home = sandbox.home();
    assert_eq!(with(&[]), format!("[yes] [{}]", home.display()));
    assert_eq!(with(&["--pure"]), format!("[] [{}]", home.display()));
}

#[test]
fn files_that_git_does_not_know_are_named_before_nix_speaks_of_store_paths() {
    if !can_run("shell::files_that_git_does_not_know_are_named_before_nix_speaks_of_store_paths", &["jq"]) {
        return;
    }
    let sandbox = sandbox();
    sandbox.offline_project(&["discord-bot"]);
    sandbox.git("p", &["rm", "-q", "--cached", "devenv.nix"]);
    let refused = sandbox.nix(&["-C", "p", "shell", "--", "true"]).expect(1);
    refused.says("git does not know `devenv.nix`").says("git add --intent-to-add devenv.nix");
    sandbox.git("p", &["add", "--intent-to-add", "devenv.nix"]);
    sandbox.nix(&["-C", "p", "shell", "--", "true"]).expect(0);
}

#[test]
fn a_flake_without_shells_says_so() {
    if !can_run("shell::a_flake_without_shells_says_so", &[]) {
        return;
    }
    let sandbox = sandbox();
    sandbox.flake(r#"default = drv "app" "echo hi > $out" {};"#);
    sandbox.nix(&["shell", "--list"]).expect(0).says("this flake has no dev shells for this machine");
    sandbox.nix(&["shell", "dev"]).expect(1).says("no dev shell `dev`").says("it has none at all");
}
