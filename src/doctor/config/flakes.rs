//! Judges whether flakes are on, and what they may do.

use super::place::{replace, user_setting};
use super::trust::{self, Use};
use crate::doctor::{Fix, Look, Problem, Verdict};
use crate::facts::{Facts, Unknown};
use crate::nix::conf::{Setting, last, words_of};
use crate::nix::flake_config::Asked;

pub(super) fn are_enabled(facts: &Facts) -> Look {
    let settings = all(facts)?;
    let words = words_of(&settings, "experimental-features").unwrap_or_default();
    let missing: Vec<&str> = ["nix-command", "flakes"].into_iter().filter(|feature| !words.contains(feature)).collect();
    if missing.is_empty() {
        return Ok(Verdict::Pass("they are".to_owned()));
    }
    if facts.nix.version.known().is_some_and(crate::nix::NixVersion::has_flakes_by_default) {
        return Ok(Verdict::Pass("they always are in Determinate Nix".to_owned()));
    }
    let fix = user_setting(facts, "Switch them on for you", &[("extra-experimental-features", "nix-command flakes")]);
    let problem = Problem::new(format!("no file of settings switches {} on", missing.join(" and ")));
    Ok(match facts.config.flakes_needed_by.known().and_then(Option::as_ref) {
        Some(why) => Verdict::Fail(problem.detail(why).fix(fix)),
        None => Verdict::Warn(problem.fix(fix)),
    })
}

/// What the files of the system and the user set, in order.
pub(super) fn all(facts: &Facts) -> Result<Vec<Setting>, Unknown> {
    Ok([facts.config.system.get()?.as_slice(), facts.config.user.get()?].concat())
}

pub(super) fn are_asked_about(facts: &Facts) -> Look {
    if !facts.config.effective.get()?.accepts_flake_config {
        return Ok(Verdict::Pass("they are".to_owned()));
    }
    let settings = all(facts)?;
    let problem = Problem::new("every flake may change Nix's settings without being asked about");
    Ok(Verdict::Warn(match last(&settings, "accept-flake-config") {
        Some(setting) => {
            let problem = problem.detail(setting.place.to_string());
            problem.fix(replace(facts, "Ask again", setting, "false"))
        }
        None => problem.fix(user_setting(facts, "Ask again", &[("accept-flake-config", "false")])),
    }))
}

pub(super) fn is_nix_config_heard(facts: &Facts) -> Look {
    let asked = facts.config.flake.get()?;
    let effective = facts.config.effective.get()?;
    if effective.accepts_flake_config {
        return Ok(Verdict::Pass("`accept-flake-config` is on".to_owned()));
    }
    let agreed = facts.config.agreed.get()?;
    let is_agreed = |asked: &Asked| agreed.contains(&(asked.name.clone(), asked.words.join(" ")));
    let unheard: Vec<&Asked> = asked
        .iter()
        .filter(|asked| asked.needs_consent() && !is_agreed(asked) && !trust::is_in_force(effective, asked))
        .collect();
    if unheard.is_empty() {
        return Ok(Verdict::Pass(format!("settings: {}", asked.len())));
    }
    let names: Vec<&str> = unheard.iter().map(|asked| asked.name.as_str()).collect();
    let problem = Problem::new("settings that `flake.nix` asks for are ignored where nobody can answer").detail(names.join(", "));
    let caches = trust::allow(facts, asked, Use::Always);
    let answer = Fix::by_hand("Answer the questions once, in a terminal", &["nix develop --command true"]);
    Ok(Verdict::Warn(match caches {
        Some(fix) => problem.fix(fix).fix(answer),
        None => problem.fix(answer),
    }))
}
