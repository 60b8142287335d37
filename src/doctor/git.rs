//! Checks of git and the repository of the project.

#[cfg(test)]
mod examples;

use super::{Check, Cost, FileEdit, Fix, Group, Look, Platform, Problem, Severity, Verdict};
use crate::facts::nix::Machine;
use crate::facts::packages::Manager;
use crate::facts::{Facts, Unknown};

#[cfg(test)]
pub(super) use examples::examples;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "git-present",
        group: Group::Git,
        severity: Severity::Blocks,
        title: "git is installed",
        symptom: "`error: executing 'git': No such file or directory`",
        cause: "Nix runs git to read a flake that is in a repository, and there is none on PATH",
        fix: "install git with the package manager of the system",
        source: "measured with Nix 2.8",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: is_present,
    },
    Check {
        id: "git-repo",
        group: Group::Git,
        severity: Severity::Degrades,
        title: "The flake is in a git repository",
        symptom: "every evaluation copies `node_modules` and the like, and `.env` is readable for everybody in `/nix/store`",
        cause: "outside a repository Nix copies the whole folder, ignored files included",
        fix: "run `git init` and `git add` in the project",
        source: "Nix manual, path-like flake references",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: is_repository,
    },
    Check {
        id: "git-safe-directory",
        group: Group::Git,
        severity: Severity::Blocks,
        title: "The repository is yours",
        symptom: "`fatal: detected dubious ownership in repository at '…'`, or `error: repository path '…' is not owned by current user`",
        cause: "somebody else owns the folder, and git does not trust what others can change",
        fix: "make the folder yours with `chown`, or list it as `safe.directory`",
        source: "measured with git 2.39, Nix 2.8 and Nix 2.26",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: is_own,
    },
    Check {
        id: "gitignore-dev",
        group: Group::Git,
        severity: Severity::Degrades,
        title: "git ignores what development leaves behind",
        symptom: "`result`, `.direnv` or `node_modules` show up in `git status` and get committed",
        cause: "no ignore rule covers them",
        fix: "add the rules to `.gitignore`",
        source: "nixstart's own templates",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["git-safe-directory"],
        look: is_ignoring,
    },
    Check {
        id: "line-endings",
        group: Group::Git,
        severity: Severity::Degrades,
        title: "Scripts have the line ends of Unix",
        symptom: "`$'\\r': command not found`, or `/usr/bin/env: 'bash\\r': No such file or directory`",
        cause: "git or an editor wrote a carriage return at the end of every line",
        fix: "take the carriage returns away, and say `eol=lf` in `.gitattributes`",
        source: "gitattributes manual",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: has_unix_lines,
    },
];

fn is_present(facts: &Facts) -> Look {
    if let Some(path) = facts.git.program.get()? {
        return Ok(Verdict::Pass(format!("`{path}`")));
    }
    let problem = Problem::new("no `git` is on PATH");
    Ok(Verdict::Fail(match install(facts) {
        Some(fix) => problem.fix(fix),
        None => problem,
    }))
}

/// How git is installed here: the way the system installs programs, else with Nix when there is one.
fn install(facts: &Facts) -> Option<Fix> {
    let machine = facts.nix.machine.known();
    if machine == Some(&Machine::NixOs) {
        let option = "environment.systemPackages = [ pkgs.git ];";
        return Some(Fix::by_hand("Add it to the configuration of NixOS", &[option]));
    }
    if let Some(manager) = facts.packages.manager.known().copied().flatten() {
        return Some(by_manager(manager, "git"));
    }
    if machine.is_some_and(|machine| machine.is_macos()) {
        return Some(Fix::by_hand("Install the tools of Apple, which bring it", &["xcode-select --install"]));
    }
    facts.nix.on_path.known()?.as_ref()?;
    let command = "nix --extra-experimental-features 'nix-command flakes' profile install nixpkgs#git";
    Some(Fix::by_hand("Install it with Nix", &[command]))
}

fn by_manager(manager: Manager, package: &str) -> Fix {
    let title = format!("Install it with {}", manager.program());
    let (install, remove) = (manager.install(&[package]), manager.remove_line(package));
    let install: Vec<&str> = install.iter().map(String::as_str).collect();
    let undo = format!("run `{remove}`");
    if manager == Manager::Brew {
        Fix::run(&title, &install, Some(&undo))
    } else {
        Fix::run_as_root(&title, &install, Some(&undo))
    }
}

fn is_repository(facts: &Facts) -> Look {
    let Some(root) = facts.flake.root.get()? else {
        return Err(Unknown::Irrelevant("this is no flake project".to_owned()));
    };
    if let Some(top) = facts.git.top.get()? {
        return Ok(Verdict::Pass(format!("`{top}`")));
    }
    let problem = Problem::new(format!("`{root}` is in no git repository"))
        .detail("Nix copies all of it into the store, where everybody on this machine can read it");
    let undo = format!("remove `{}`", root.join(".git"));
    Ok(Verdict::Warn(problem.fix(Fix::run("Make it a repository", &["git", "init", root.as_str()], Some(&undo)))))
}

fn is_own(facts: &Facts) -> Look {
    let ownership = facts.git.ownership.get()?;
    if ownership.is_accepted {
        return Ok(Verdict::Pass(format!("owned by {}", ownership.owner)));
    }
    let Some(top) = facts.git.top.get()? else {
        return Err(Unknown::Irrelevant("this is no git repository".to_owned()));
    };
    let (owner, user) = (&ownership.owner, &ownership.user);
    let problem = Problem::new(format!("`{}` is owned by {owner}, and you are {user}", ownership.path))
        .detail("git and Nix refuse to read it: its hooks and settings could run what its owner wants");
    let take = format!("sudo chown -R \"$(id -u):$(id -g)\" '{top}'");
    let trust = ["git", "config", "--global", "--add", "safe.directory", top.as_str()];
    let undo = format!("git config --global --fixed-value --unset-all safe.directory '{top}'");
    Ok(Verdict::Fail(problem.fix(Fix::by_hand("Make it yours, when it should be", &[&take])).fix(Fix::run(
        &format!("Trust {owner} with this repository"),
        &trust,
        Some(&undo),
    ))))
}

fn is_ignoring(facts: &Facts) -> Look {
    let missing = facts.git.unignored.get()?;
    if missing.rules.is_empty() {
        return Ok(Verdict::Pass(format!("`{}`", missing.file)));
    }
    let shown: Vec<String> = missing.rules.iter().map(|rule| format!("`{rule}`")).collect();
    let edits = vec![FileEdit::add(&missing.file, missing.rules.clone())];
    let problem = Problem::new(format!("no ignore rule covers {}", shown.join(", ")));
    Ok(Verdict::Warn(problem.fix(Fix::edit(&format!("Add them to `{}`", missing.file), edits))))
}

fn has_unix_lines(facts: &Facts) -> Look {
    let found = facts.git.carriage_returns.get()?;
    if found.files.is_empty() {
        return Ok(Verdict::Pass("no carriage returns in scripts".to_owned()));
    }
    let count = found.files.len();
    let problem = Problem::new(format!("{count} {} carriage returns", if count == 1 { "script has" } else { "scripts have" }));
    let mut problem = found.files.iter().take(10).fold(problem, Problem::detail);
    if let Some(autocrlf) = &found.autocrlf {
        problem = problem.detail(format!("`core.autocrlf` is `{autocrlf}`"));
    }
    let files: Vec<String> = found.files.iter().map(|file| format!("'{}'", found.directory.join(file))).collect();
    let command = format!("perl -pi -e 's/\\r$//' {}", files.join(" "));
    let lines = [".envrc text eol=lf", "*.sh text eol=lf"].map(str::to_owned).to_vec();
    let edits = vec![FileEdit::add(found.directory.join(".gitattributes"), lines)];
    Ok(Verdict::Warn(
        problem
            .fix(Fix::by_hand("Take the carriage returns away", &[&command]))
            .fix(Fix::edit("Keep git from writing them again", edits)),
    ))
}
