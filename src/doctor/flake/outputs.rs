//! Whether the flake gives what is asked of it on this machine.

use super::{Fix, Look, Problem, Verdict};
use crate::facts::Facts;
use crate::facts::direnv::{Use, UseKind};

/// The dev shell that the `.envrc` asks for.
fn wanted(facts: &Facts) -> &str {
    let envrc = facts.direnv.envrc.known().and_then(Option::as_ref);
    let local = |used: &&Use| used.kind == UseKind::Flake && used.is_local();
    envrc.and_then(|envrc| envrc.uses.iter().find(local)).and_then(Use::shell).unwrap_or("default")
}

pub(super) fn has_shell(facts: &Facts) -> Look {
    let shells = facts.flake.shells.get()?;
    let wanted = wanted(facts);
    if shells.iter().any(|shell| shell == wanted) {
        return Ok(Verdict::Pass(format!("`{wanted}` of {}", shells.join(", "))));
    }
    let system = facts.flake.system.known().map_or("this system", String::as_str);
    let problem = Problem::new(format!("the flake has no dev shell `{wanted}` for {system}"));
    if shells.is_empty() {
        return Ok(Verdict::Fail(problem.detail("it has none at all for this system")));
    }
    let commands: Vec<String> = shells.iter().map(|shell| format!("nix develop .#{shell}")).collect();
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    Ok(Verdict::Fail(
        problem.detail(format!("it has {}", shells.join(", "))).fix(Fix::by_hand("Enter one that is there", &commands)),
    ))
}

pub(super) fn has_system(facts: &Facts) -> Look {
    let system = facts.flake.system.get()?;
    let systems = facts.flake.systems.get()?;
    if systems.named.contains(system) || systems.is_open {
        return Ok(Verdict::Pass(system.clone()));
    }
    if systems.named.is_empty() {
        return Ok(Verdict::Pass("`flake.nix` names no systems".to_owned()));
    }
    let problem = Problem::new(format!("`flake.nix` names {}, and this machine is {system}", systems.named.join(", ")));
    let fix = Fix::by_hand("Add it to the list in `flake.nix`", &[&format!("\"{system}\"")]);
    // Only an evaluation knows: the list may be completed in another file.
    Ok(match facts.flake.shells.known() {
        Some(shells) if !shells.is_empty() => Verdict::Pass(system.clone()),
        Some(_) => Verdict::Fail(problem.detail("it gives no dev shell for this system").fix(fix)),
        None => Verdict::Warn(problem.detail("its text says so; `--deep` evaluates it").fix(fix)),
    })
}
