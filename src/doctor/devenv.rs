//! Checks of devenv.

#[cfg(test)]
mod examples;

use super::{Check, Cost, Fix, Group, Look, Platform, Problem, Severity, Verdict};
use crate::facts::shell::StartupFile;
use crate::facts::{Facts, Unknown};

#[cfg(test)]
pub(super) use examples::examples;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "activation-conflict",
        group: Group::Devenv,
        severity: Severity::Degrades,
        title: "One hook activates the project",
        symptom: "shells inside shells, and everything loads twice",
        cause: "both `direnv hook` and `devenv hook` are in the start-up file, and the project has both `.envrc` and `devenv.nix`",
        fix: "choose one: remove a hook, or run `devenv revoke` or `direnv deny` in this project",
        source: "devenv documentation, auto activation",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: is_activated_once,
    },
    Check {
        id: "devenv-allowed",
        group: Group::Devenv,
        severity: Severity::Degrades,
        title: "devenv may activate the project",
        symptom: "`devenv: … is not allowed. Run 'devenv allow' to trust this directory.`; until 2.1 `… is not allowed or devenv.yaml has changed`",
        cause: "the hook of devenv activates only projects that you have trusted",
        fix: "read `devenv.nix`, then run `devenv allow`",
        source: "devenv documentation, auto activation",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: is_allowed,
    },
    Check {
        id: "devenv-cli-version",
        group: Group::Devenv,
        severity: Severity::Degrades,
        title: "devenv is as new as the project asks",
        symptom: "devenv refuses to run because of `require_version`",
        cause: "`devenv.yaml` asks for another version of devenv than the one on PATH",
        fix: "install a newer devenv: `nix profile upgrade devenv`",
        source: "devenv reference: `require_version`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: is_new_enough,
    },
];

/// The start-up file of the shell a person types into.
fn used_file(facts: &Facts) -> Result<&StartupFile, Unknown> {
    facts.shell.files.get()?;
    let used = facts.shell.used().and_then(|shell| facts.shell.file_of(shell));
    used.ok_or_else(|| Unknown::Irrelevant("the shell you use is none that nixstart knows".to_owned()))
}

fn is_activated_once(facts: &Facts) -> Look {
    let has_both = facts.devenv.project.get()?.is_some() && facts.direnv.envrc.get()?.is_some();
    if !has_both {
        return Err(Unknown::Irrelevant("the project does not have both `.envrc` and `devenv.nix`".to_owned()));
    }
    let file = used_file(facts)?;
    let Some((direnv, devenv)) = file.both_hooks() else {
        let only = file.direnv.as_ref().map(|_| "direnv").or_else(|| file.devenv.as_ref().map(|_| "devenv"));
        return Ok(Verdict::Pass(only.unwrap_or("no hook").to_owned()));
    };
    let problem = Problem::new(format!("{} has the hooks of both direnv and devenv, and both activate this project", file.shell))
        .detail(format!("direnv: `{}` line {}", direnv.path, direnv.line))
        .detail(format!("devenv: `{}` line {}", devenv.path, devenv.line));
    Ok(Verdict::Warn(
        problem
            .fix(Fix::by_hand("Leave this project to direnv", &["devenv revoke"]))
            .fix(Fix::by_hand("Leave this project to devenv", &["direnv deny"])),
    ))
}

fn is_allowed(facts: &Facts) -> Look {
    let Some(project) = facts.devenv.project.get()? else {
        return Err(Unknown::Irrelevant("the project has no `devenv.nix`".to_owned()));
    };
    if used_file(facts)?.devenv.is_none() {
        return Err(Unknown::Irrelevant("no start-up file runs `devenv hook`".to_owned()));
    }
    if *facts.devenv.is_trusted.get()? {
        return Ok(Verdict::Pass(format!("`{project}`")));
    }
    let problem = Problem::new(format!("devenv is not allowed to activate `{project}`"))
        .detail("devenv runs what `devenv.nix` says as your user; read it first");
    // `devenv allow` means the folder it is started in.
    let is_here = facts.shell.environment.known().is_some_and(|environment| environment.directory == *project);
    Ok(Verdict::Warn(problem.fix(if is_here {
        Fix::run("Trust the project", &["devenv", "allow"], Some("devenv revoke"))
    } else {
        Fix::by_hand("Trust the project", &[&format!("cd '{project}'"), "devenv allow"])
    })))
}

fn is_new_enough(facts: &Facts) -> Look {
    let Some(asked) = facts.devenv.requirement.get()? else {
        return Err(Unknown::Irrelevant("the project asks for no version of devenv".to_owned()));
    };
    let version = facts.devenv.version.get()?;
    if asked.versions.matches(version) {
        return Ok(Verdict::Pass(format!("devenv {version}")));
    }
    let problem = Problem::new(format!("devenv {version} is on PATH; {} asks for {}", asked.by, asked.versions));
    Ok(Verdict::Warn(problem.fix(Fix::by_hand("Install a newer devenv", &["nix profile upgrade devenv"]))))
}
