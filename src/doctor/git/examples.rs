//! Facts with which checks of git find something, and facts with which they do not.

use crate::doctor::Example;
use crate::facts::git::{CarriageReturns, Git, Ownership, Unignored};
use crate::facts::{Facts, Flake};

fn facts(change: impl FnOnce(&mut Git)) -> Facts {
    let mut git = Git { program: Some("/usr/bin/git".into()).into(), top: Some("/p".into()).into(), ..Git::default() };
    change(&mut git);
    Facts { git, flake: Flake { root: Some("/p".into()).into(), ..Flake::default() }, ..Facts::default() }
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    let owned = |owner: &str, is_accepted: bool| {
        let ownership = Ownership { path: "/p".into(), owner: owner.to_owned(), user: "ada".to_owned(), is_accepted };
        facts(|git| git.ownership = ownership.into())
    };
    let missing = |rules: &[&str]| {
        let rules = rules.iter().map(ToString::to_string).collect();
        facts(|git| git.unignored = Unignored { file: "/p/.gitignore".into(), rules }.into())
    };
    let returns = |files: &[&str]| {
        let files = files.iter().map(ToString::to_string).collect();
        let found = CarriageReturns { directory: "/p".into(), files, autocrlf: Some("true".to_owned()) };
        facts(|git| git.carriage_returns = found.into())
    };
    vec![
        Example { id: "git-present", bad: facts(|git| git.program = None.into()), good: facts(|_| {}) },
        Example { id: "git-repo", bad: facts(|git| git.top = None.into()), good: facts(|_| {}) },
        Example { id: "git-safe-directory", bad: owned("root", false), good: owned("ada", true) },
        Example { id: "gitignore-dev", bad: missing(&["result", ".direnv/"]), good: missing(&[]) },
        Example { id: "line-endings", bad: returns(&[".envrc"]), good: returns(&[]) },
    ]
}
