//! Facts with which checks of the flake find something, and facts with which they do not.

use crate::doctor::Example;
use crate::facts::direnv::{Direnv, Envrc};
use crate::facts::flake::{Flake, InstallerStep, Lock, NixpkgsAge, SourceSize, SyntaxError, Systems, Untracked};
use crate::facts::{Facts, Git};

fn facts(change: impl FnOnce(&mut Flake)) -> Facts {
    let mut flake = Flake {
        root: Some("/p".into()).into(),
        expected_by: None.into(),
        system: "x86_64-linux".to_owned().into(),
        ..Flake::default()
    };
    change(&mut flake);
    let git = Git { top: Some("/p".into()).into(), ..Git::default() };
    let direnv = Direnv { envrc: Some(Envrc::read("/p/.envrc".into(), "use flake .#web")).into(), ..Direnv::default() };
    Facts { direnv, git, flake, ..Facts::default() }
}

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    [files(), outputs(), locks()].into_iter().flatten().collect()
}

fn files() -> Vec<Example> {
    let lost = facts(|flake| {
        flake.root = None.into();
        flake.expected_by = Some("`/p/.envrc` says `use flake`".to_owned()).into();
    });
    let untracked = |files: &[(&str, bool)]| {
        let files: Vec<_> =
            files.iter().map(|(path, is_needed)| Untracked { path: (*path).to_owned(), is_needed: *is_needed }).collect();
        facts(|flake| flake.untracked = files.into())
    };
    let ignored = |files: &[&str]| facts(|flake| flake.ignored = strings(files).into());
    let size = |bytes: u64, is_repository: bool| {
        let largest = vec![("node_modules".to_owned(), bytes)];
        facts(|flake| flake.size = SourceSize { bytes, is_complete: true, is_repository, largest }.into())
    };
    let errors = |errors: Vec<SyntaxError>| facts(|flake| flake.syntax = errors.into());
    let error = SyntaxError { path: "flake.nix".to_owned(), line: Some(3), message: "syntax error".to_owned() };
    let changed = |count: usize| facts(|flake| flake.changed = count.into());
    vec![
        Example { id: "flake-found", bad: lost, good: facts(|_| {}) },
        Example { id: "untracked-flake-files", bad: untracked(&[("flake.nix", true), ("x.nix", false)]), good: untracked(&[]) },
        Example { id: "untracked-flake-files", bad: untracked(&[("draft.nix", false)]), good: untracked(&[]) },
        Example { id: "ignored-needed-file", bad: ignored(&["local.nix"]), good: ignored(&[]) },
        Example { id: "flake-syntax", bad: errors(vec![error]), good: errors(Vec::new()) },
        Example { id: "flake-dirty", bad: changed(2), good: changed(0) },
        Example { id: "flake-large-source", bad: size(300 << 20, false), good: size(1 << 20, true) },
        Example { id: "flake-large-source", bad: size(300 << 20, true), good: size(200 << 20, true) },
    ]
}

fn outputs() -> Vec<Example> {
    let shells = |names: &[&str]| facts(|flake| flake.shells = strings(names).into());
    let systems = |named: &[&str], shells: Option<&[&str]>| {
        facts(|flake| {
            flake.systems = Systems { named: strings(named), is_open: false }.into();
            if let Some(shells) = shells {
                flake.shells = strings(shells).into();
            }
        })
    };
    let steps = |action: &str| {
        let step = InstallerStep { path: ".github/workflows/ci.yml".to_owned(), line: 7, action: action.to_owned() };
        facts(|flake| flake.installers = vec![step].into())
    };
    let linux = &["x86_64-linux"];
    vec![
        Example { id: "flake-shell-attr", bad: shells(&["default"]), good: shells(&["default", "web"]) },
        Example { id: "flake-shell-attr", bad: shells(&[]), good: shells(&["web"]) },
        Example { id: "flake-system", bad: systems(&["aarch64-darwin"], Some(&[])), good: systems(linux, Some(&[])) },
        Example {
            id: "flake-system",
            bad: systems(&["aarch64-darwin"], None),
            good: systems(&["aarch64-darwin"], Some(&["default"])),
        },
        Example {
            id: "ci-installer-stale",
            bad: steps("DeterminateSystems/nix-installer-action@v13"),
            good: steps("cachix/install-nix-action@v31"),
        },
    ]
}

fn locks() -> Vec<Example> {
    let lock = |lock: Lock| facts(|flake| flake.lock = lock.into());
    let read = |is_tracked: bool, differences: &[&str]| {
        lock(Lock::Read { is_tracked: Some(is_tracked), differences: strings(differences) })
    };
    let age = |input: Option<&str>, days: u64| {
        facts(|flake| flake.nixpkgs_age = NixpkgsAge { input: input.map(str::to_owned), days }.into())
    };
    let id = "flake-lock";
    vec![
        Example { id, bad: lock(Lock::Missing { inputs: 2 }), good: lock(Lock::Missing { inputs: 0 }) },
        Example { id, bad: lock(Lock::Broken("it is no JSON".to_owned())), good: read(true, &[]) },
        Example { id, bad: read(false, &[]), good: read(true, &[]) },
        Example { id, bad: read(true, &["`utils` is not locked"]), good: read(true, &[]) },
        Example { id: "flake-lock-age", bad: age(Some("nixpkgs"), 200), good: age(Some("nixpkgs"), 180) },
        Example { id: "flake-lock-age", bad: age(None, 400), good: age(None, 3) },
    ]
}
