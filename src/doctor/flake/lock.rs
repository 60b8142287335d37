//! Whether `flake.lock` is there, can be read, fits and is young.

use super::{Fix, Look, Problem, Verdict};
use crate::facts::flake::Lock;
use crate::facts::{Facts, Unknown};

/// How old nixpkgs may be.
const MOST_DAYS: u64 = 180;

const NIX: [&str; 3] = ["nix", "--extra-experimental-features", "nix-command flakes"];

pub(super) fn is_current(facts: &Facts) -> Look {
    let root = facts.flake.root.get()?.as_ref();
    let root = root.ok_or_else(|| Unknown::Irrelevant("this is no flake project".to_owned()))?;
    let lock = |undo: &str| {
        let command = [&NIX[..], &["flake", "lock", root.as_str()]].concat();
        Fix::run("Lock the inputs", &command, Some(undo))
    };
    let add = || {
        let undo = format!("git -C '{root}' rm --cached flake.lock");
        Fix::run("Let git track it", &["git", "-C", root.as_str(), "add", "flake.lock"], Some(&undo))
    };
    Ok(match facts.flake.lock.get()? {
        Lock::Missing { inputs: 0 } => Verdict::Pass("the flake has no inputs to lock".to_owned()),
        Lock::Missing { .. } => Verdict::Warn(
            Problem::new("there is no `flake.lock`, so nothing is pinned").fix(lock("remove `flake.lock`")).fix(add()),
        ),
        Lock::Broken(why) => {
            let again = ["git restore flake.lock", "nix flake lock"];
            Verdict::Fail(
                Problem::new(format!("`flake.lock` cannot be read: {why}"))
                    .fix(Fix::by_hand("Take the one that was committed last", &again)),
            )
        }
        Lock::Read { differences, .. } if !differences.is_empty() => {
            let problem = Problem::new("`flake.lock` does not fit `flake.nix`, so the next command of Nix changes it");
            Verdict::Warn(
                differences
                    .iter()
                    .fold(problem, |problem, difference| problem.detail(difference.as_str()))
                    .fix(lock(&format!("git -C '{root}' restore flake.lock"))),
            )
        }
        Lock::Read { is_tracked: Some(false), .. } => Verdict::Warn(
            Problem::new("git does not track `flake.lock`, so Nix does not see it and nobody else gets it").fix(add()),
        ),
        Lock::Read { .. } => Verdict::Pass("`flake.lock` fits `flake.nix`".to_owned()),
    })
}

pub(super) fn is_young(facts: &Facts) -> Look {
    let age = facts.flake.nixpkgs_age.get()?;
    if age.days <= MOST_DAYS {
        return Ok(Verdict::Pass(format!("{} days", age.days)));
    }
    let root = facts.flake.root.known().and_then(Option::as_ref).map_or(".", |root| root.as_str());
    let mut command = NIX.to_vec();
    match &age.input {
        // `nix flake update <input>` is newer than 2.18.
        Some(input) => command.extend(["flake", "lock", "--update-input", input, root]),
        None => command.extend(["flake", "update", "--flake", root]),
    }
    let undo = format!("git -C '{root}' restore flake.lock");
    let problem = Problem::new(format!("nixpkgs in `flake.lock` is {} days old", age.days));
    Ok(Verdict::Warn(problem.fix(Fix::run("Take the present one; test before you commit it", &command, Some(&undo)))))
}
