//! Judges how far builds are kept apart from the machine.

use super::flakes::all;
use super::place::{replace, system_setting};
use crate::doctor::{Fix, Look, Problem, Verdict};
use crate::facts::store::ProbeBuild;
use crate::facts::{Facts, Unknown};
use crate::nix::conf::last;
use crate::nix::settings::Sandbox;

pub(super) fn is_on(facts: &Facts) -> Look {
    let summary = match facts.config.sandbox.get()? {
        Sandbox::On => return Ok(Verdict::Pass("they do".to_owned())),
        Sandbox::Relaxed => return Ok(Verdict::Pass("they do, unless they ask not to".to_owned())),
        Sandbox::Off => "builds see the whole machine",
    };
    let settings = all(facts)?;
    let problem = Problem::new(summary);
    Ok(Verdict::Warn(match last(&settings, "sandbox") {
        Some(setting) => problem.detail(setting.place.to_string()).fix(replace(facts, "Switch the sandbox on", setting, "true")),
        None => problem.fix(system_setting(facts, "Switch the sandbox on", &[("sandbox", "true")])),
    }))
}

/// Names in `/` that no sandbox has.
const OF_A_MACHINE: [&str; 6] = ["usr", "var", "home", "root", "boot", "sys"];

pub(super) fn is_effective(facts: &Facts) -> Look {
    if *facts.config.sandbox.get()? == Sandbox::Off {
        return Err(Unknown::Irrelevant("the sandbox is off".to_owned()));
    }
    let ProbeBuild::Built { seen } = facts.store.probe_build.get()? else {
        return Err(Unknown::Irrelevant("no build works".to_owned()));
    };
    let foreign: Vec<&str> = OF_A_MACHINE.into_iter().filter(|name| seen.iter().any(|seen| seen == name)).collect();
    if foreign.is_empty() {
        return Ok(Verdict::Pass(format!("it saw {}", seen.join(" "))));
    }
    let problem = Problem::new("the sandbox is on, and a build sees the machine all the same")
        .detail(format!("it saw /{}", foreign.join(" /")))
        .fix(Fix::by_hand("See whether user namespaces are allowed", &["unshare --user --map-root-user true"]));
    Ok(Verdict::Warn(problem.fix(system_setting(
        facts,
        "Let builds fail where there is no sandbox",
        &[("sandbox-fallback", "false")],
    ))))
}
