//! Checks of the flake of the project.

#[cfg(test)]
mod examples;
mod files;
mod lock;
mod outputs;
mod rows;

use super::{Check, Cost, Fix, Group, Look, Platform, Problem, Severity, Verdict};
use crate::facts::{Facts, Unknown};

#[cfg(test)]
pub(super) use examples::examples;
pub(super) use rows::CHECKS;

fn is_found(facts: &Facts) -> Look {
    if let Some(root) = facts.flake.root.get()? {
        return Ok(Verdict::Pass(format!("`{root}`")));
    }
    let Some(reason) = facts.flake.expected_by.get()? else {
        return Err(Unknown::Irrelevant("this is no flake project".to_owned()));
    };
    let problem = Problem::new("no `flake.nix` is here or above").detail(reason.as_str());
    Ok(Verdict::Fail(problem.fix(Fix::by_hand("Get it back, when it was committed", &["git restore flake.nix"]))))
}

fn is_parsed(facts: &Facts) -> Look {
    let errors = facts.flake.syntax.get()?;
    let Some(first) = errors.first() else { return Ok(Verdict::Pass("every Nix file can be parsed".to_owned())) };
    let shown = errors.iter().map(|error| match error.line {
        Some(line) => format!("{}:{line}: {}", error.path, error.message),
        None => format!("{}: {}", error.path, error.message),
    });
    let problem = shown.fold(Problem::new(format!("`{}` cannot be parsed", first.path)), Problem::detail);
    let root = facts.flake.root.known().and_then(Option::as_ref);
    let path = root.map_or_else(|| first.path.clone(), |root| root.join(&first.path).into_string());
    let place = first.line.map_or_else(String::new, |line| format!("+{line} "));
    Ok(Verdict::Fail(problem.fix(Fix::by_hand("Open it where it breaks", &[&format!("\"${{EDITOR:-vi}}\" {place}'{path}'")]))))
}

fn is_committed(facts: &Facts) -> Look {
    match facts.flake.changed.get()? {
        0 => Ok(Verdict::Pass("everything is committed".to_owned())),
        1 => Ok(Verdict::Warn(Problem::new("1 tracked file is not committed as it is now"))),
        count => Ok(Verdict::Warn(Problem::new(format!("{count} tracked files are not committed as they are now")))),
    }
}

fn has_current_installer(facts: &Facts) -> Look {
    let steps = facts.flake.installers.get()?;
    if steps.is_empty() {
        return Err(Unknown::Irrelevant("no workflow installs Nix".to_owned()));
    }
    let stale: Vec<_> = steps.iter().filter(|step| step.is_stale()).collect();
    if stale.is_empty() {
        return Ok(Verdict::Pass(steps.iter().map(|step| format!("`{}`", step.action)).collect::<Vec<_>>().join(", ")));
    }
    let problem = Problem::new("a workflow was written for upstream Nix and gets Determinate Nix today");
    let problem = stale.iter().map(|step| format!("{}:{}: {}", step.path, step.line, step.action)).fold(problem, Problem::detail);
    Ok(Verdict::Warn(problem.fix(Fix::by_hand(
        "Choose an installer on purpose; this one brings upstream Nix, and takes `extra_nix_config` for `extra-conf`",
        &["uses: cachix/install-nix-action@v31"],
    ))))
}
