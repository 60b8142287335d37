//! Facts with which checks of git find something, and facts with which they do not.

use crate::doctor::Example;
use crate::facts::git::{CarriageReturns, Git, Ownership, Unignored};
use crate::facts::{Facts, Flake};

fn facts(change: impl FnOnce(&mut Git)) -> Facts {
    let mut git = Git { program: Some("/usr/bin/git".into()).into(), top: Some("/p".into()).into(), ..Git::default() };
    change(&mut git);
    Facts { git, flake: Flake { root: Some("/p".into()).into(), ..Flake::default() }, ..Facts::default() }
}

#[test]
fn git_is_installed_the_way_the_system_installs() {
    use crate::doctor::{Remedy, Verdict};
    use crate::facts::nix::Machine;
    use crate::facts::packages::Manager;
    let advised = |manager: Option<Manager>, nix: Option<&str>, machine: Machine| {
        let mut facts = facts(|git| git.program = None.into());
        facts.packages.manager = manager.into();
        facts.nix.on_path = nix.map(Into::into).into();
        facts.nix.machine = machine.into();
        let Ok(Verdict::Fail(problem)) = super::is_present(&facts) else { panic!("it passes") };
        let shown = |fix: &crate::doctor::Fix| match &fix.remedy {
            Remedy::Run { command, as_root, .. } => format!("{}{}", if *as_root { "sudo " } else { "" }, command.join(" ")),
            Remedy::ByHand { commands } => commands.join("; "),
            other => panic!("{other:?}"),
        };
        problem.fixes.iter().map(shown).collect::<Vec<_>>()
    };
    let linux = Machine::Linux { has_systemd: true };
    assert_eq!(
        advised(Some(Manager::Apt), None, linux),
        ["sudo apt-get -o DPkg::Lock::Timeout=60 install -y --no-install-recommends git"]
    );
    assert_eq!(advised(Some(Manager::Brew), None, Machine::MacOs { has_nix_darwin: false }), ["brew install git"]);
    assert_eq!(advised(None, None, Machine::MacOs { has_nix_darwin: false }), ["xcode-select --install"]);
    assert_eq!(advised(None, None, Machine::NixOs), ["environment.systemPackages = [ pkgs.git ];"]);
    let with_nix = "nix --extra-experimental-features 'nix-command flakes' profile install nixpkgs#git";
    assert_eq!(advised(None, Some("/usr/bin/nix"), linux), [with_nix]);
    assert_eq!(advised(None, None, linux), [""; 0]);
}

fn without_git() -> Facts {
    let mut facts = facts(|git| git.program = None.into());
    facts.packages.manager = Some(crate::facts::packages::Manager::Apt).into();
    facts
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
        Example { id: "git-present", bad: without_git(), good: facts(|_| {}) },
        Example { id: "git-repo", bad: facts(|git| git.top = None.into()), good: facts(|_| {}) },
        Example { id: "git-safe-directory", bad: owned("root", false), good: owned("ada", true) },
        Example { id: "gitignore-dev", bad: missing(&["result", ".direnv/"]), good: missing(&[]) },
        Example { id: "line-endings", bad: returns(&[".envrc"]), good: returns(&[]) },
    ]
}
