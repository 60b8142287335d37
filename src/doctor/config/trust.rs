//! Judges whom and what the daemon trusts.

use super::place::{named, replace, system_setting};
use crate::doctor::{Fix, Look, Problem, Verdict};
use crate::facts::daemon::User;
use crate::facts::nix::StoreMode;
use crate::facts::{Facts, Unknown};
use crate::nix::conf::{Setting, words_of};
use crate::nix::flake_config::Asked;
use crate::nix::settings::{DEVENV_CACHE, Effective, key_name};

pub(super) fn is_in_caches(facts: &Facts) -> Look {
    let user = facts.daemon.user.get()?;
    if user.uid == 0 {
        return Ok(Verdict::Pass("root decides for itself".to_owned()));
    }
    match facts.nix.store_mode.get()? {
        StoreMode::MultiUser => {}
        StoreMode::SingleUser { .. } | StoreMode::Chroot(_) | StoreMode::Absent => {
            return Ok(Verdict::Pass("the store is yours".to_owned()));
        }
    }
    let settings = facts.config.system.get()?;
    let trusted = words_of(settings, "trusted-users").unwrap_or_else(|| vec!["root"]);
    if facts.config.trust.known().copied().unwrap_or_else(|| named(user, &trusted)) {
        return Ok(Verdict::Warn(distrust(facts, settings, user, &trusted)));
    }
    let effective = facts.config.effective.get()?;
    let asked = facts.config.flake.known().map_or([].as_slice(), Vec::as_slice);
    let missing: Vec<&String> =
        facts.config.project_caches.get()?.iter().filter(|cache| !may_be_asked_for(effective, cache)).collect();
    let keys: Vec<&str> = keys(asked).filter(|key| !is_key_trusted(effective, key)).map(key_name).collect();
    if missing.is_empty() && keys.is_empty() {
        return Ok(Verdict::Pass(format!("it does not trust `{}`", user.name)));
    }
    let problem = Problem::new("the daemon ignores caches of this project, so things are built here");
    let problem = missing.iter().fold(problem, |problem, cache| problem.detail(format!("`{cache}` is not allowed")));
    let problem = keys.iter().fold(problem, |problem, key| problem.detail(format!("the key `{key}` is not trusted")));
    Ok(Verdict::Warn(match allow(facts, asked, Use::OnRequest) {
        Some(fix) => problem.fix(fix),
        None => problem,
    }))
}

/// A user that the daemon trusts may do everything that root may.
fn distrust(facts: &Facts, settings: &[Setting], user: &User, trusted: &[&str]) -> Problem {
    let problem = Problem::new(format!("the daemon trusts `{}`, who is as good as root with that", user.name));
    let names_user = |setting: &&Setting| {
        setting.name.strip_prefix("extra-").unwrap_or(&setting.name) == "trusted-users" && setting.words.contains(&user.name)
    };
    if let Some(setting) = settings.iter().rev().find(names_user) {
        let others: Vec<&str> = setting.words.iter().map(String::as_str).filter(|word| *word != user.name).collect();
        let problem = problem.detail(setting.place.to_string());
        return problem.fix(replace(facts, "Trust this user no longer", setting, &others.join(" ")));
    }
    let by = trusted.iter().filter(|word| **word == "*" || word.starts_with('@')).copied().collect::<Vec<_>>().join(" ");
    problem
        .detail(format!("by way of `{by}` in `trusted-users`"))
        .fix(Fix::by_hand("Take that out of `trusted-users`, unless others need it", &["grep -rn trusted-users /etc/nix"]))
}

fn is_among(cache: &str, urls: &[String]) -> bool {
    let plain = |url: &str| url.split('?').next().unwrap_or(url).trim_end_matches('/').to_owned();
    urls.iter().any(|url| plain(url) == plain(cache))
}

fn may_be_asked_for(effective: &Effective, cache: &str) -> bool {
    is_among(cache, &effective.substituters) || is_among(cache, &effective.trusted_substituters)
}

fn is_key_trusted(effective: &Effective, key: &str) -> bool {
    effective.key_names.iter().any(|name| name == key_name(key))
}

fn keys(asked: &[Asked]) -> impl Iterator<Item = &str> {
    asked.iter().filter(|asked| asked.names_keys()).flat_map(|asked| &asked.words).map(String::as_str)
}

/// Whether everything that a flake asks for is in force without it.
pub(super) fn is_in_force(effective: &Effective, asked: &Asked) -> bool {
    if asked.names_caches() {
        return asked.words.iter().all(|cache| is_among(cache, &effective.substituters));
    }
    asked.names_keys() && asked.words.iter().all(|key| is_key_trusted(effective, key))
}

/// How a cache is allowed.
#[derive(Clone, Copy)]
pub(super) enum Use {
    /// For who asks for it, as a flake does whose settings are accepted.
    OnRequest,
    /// For everything that is built.
    Always,
}

/// Allows the caches that the project asks for, with the keys that it names.
pub(super) fn allow(facts: &Facts, asked: &[Asked], how: Use) -> Option<Fix> {
    let effective = facts.config.effective.known()?;
    let is_missing = |cache: &&str| match how {
        Use::OnRequest => !may_be_asked_for(effective, cache),
        Use::Always => !is_among(cache, &effective.substituters),
    };
    let missing: Vec<&str> = facts.config.project_caches.known()?.iter().map(String::as_str).filter(is_missing).collect();
    let devenv = missing.contains(&DEVENV_CACHE.0).then_some(DEVENV_CACHE.1);
    let mut keys: Vec<&str> = keys(asked).chain(devenv).filter(|key| !is_key_trusted(effective, key)).collect();
    keys.sort_unstable();
    keys.dedup();
    let name = match how {
        Use::OnRequest => "extra-trusted-substituters",
        Use::Always => "extra-substituters",
    };
    let (urls, keys) = (missing.join(" "), keys.join(" "));
    let settings = [(name, urls.as_str()), ("extra-trusted-public-keys", keys.as_str())];
    let settings: Vec<(&str, &str)> = settings.into_iter().filter(|(_, words)| !words.is_empty()).collect();
    (!settings.is_empty()).then(|| system_setting(facts, "Allow the caches of this project on this machine", &settings))
}

pub(super) fn has_keys(facts: &Facts) -> Look {
    let effective = facts.config.effective.get()?;
    if !effective.requires_signatures {
        return Err(Unknown::Irrelevant("signatures are not asked for".to_owned()));
    }
    let without: Vec<&str> =
        effective.substituters.iter().filter_map(|url| host(url)).filter(|host| !has_key(effective, host)).collect();
    if without.is_empty() {
        return Ok(Verdict::Pass(format!("caches: {}", effective.substituters.len())));
    }
    let problem = Problem::new("some caches may have no key here; what they have is then built");
    let problem = without.iter().fold(problem, |problem, host| problem.detail(*host));
    Ok(Verdict::Warn(problem.fix(Fix::by_hand(
        "Compare the names with the keys that the caches publish",
        &["nix --extra-experimental-features nix-command show-config | grep -e substituters -e trusted-public-keys"],
    ))))
}

fn host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let is_trusted = rest.contains("trusted=1") || rest.contains("trusted=true");
    rest.split(['/', '?', ':']).next().filter(|_| !is_trusted)
}

/// Keys are named after the host of their cache, or after a part of it.
fn has_key(effective: &Effective, host: &str) -> bool {
    let mut labels = host.rsplit('.');
    let (top, second) = (labels.next().unwrap_or(host), labels.next().unwrap_or(host));
    let is_shared = second == "cachix";
    let domain = format!("{second}.{top}");
    effective.key_names.iter().any(|name| {
        let stem = name.rsplit_once('-').map_or(name.as_str(), |(stem, _)| stem);
        stem == host || (!is_shared && (stem.ends_with(&domain) || stem.contains(second)))
    })
}
