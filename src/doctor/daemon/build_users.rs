//! Judges the users that builds run as.

use crate::doctor::{Fix, Look, Problem, Remedy, Verdict};
use crate::facts::Facts;
use crate::facts::daemon::BuildGroup;
use crate::facts::nix::{Installer, Machine};
use crate::facts::packages::Manager;

pub(super) fn exist(facts: &Facts) -> Look {
    let Some(group) = facts.daemon.build_group.get()? else {
        return Ok(Verdict::Pass("builds need none".to_owned()));
    };
    let name = &group.name;
    let problem = if !group.exists {
        Problem::new(format!("there is no group `{name}`"))
    } else if group.members.is_empty() {
        Problem::new(format!("the group `{name}` has no members"))
    } else if group.missing.is_empty() {
        return Ok(Verdict::Pass(format!("{} in `{name}`", group.members.len())));
    } else {
        Problem::new(format!("the group `{name}` names users that do not exist")).detail(group.missing.join(" "))
    };
    Ok(Verdict::Fail(problem.fix(make(facts, group))))
}

fn make(facts: &Facts, group: &BuildGroup) -> Fix {
    let title = "Make the group and its users again";
    let by = facts.nix.origin.known().map(|origin| &origin.installer);
    match (facts.nix.machine.known(), by) {
        (Some(Machine::NixOs), _) => Fix::by_hand(title, &["sudo nixos-rebuild switch"]),
        (_, Some(Installer::Package { manager: "dpkg" })) => {
            let command = Manager::Apt.install(&["--reinstall", "nix-setup-systemd"]);
            let command: Vec<&str> = command.iter().map(String::as_str).collect();
            Fix::run_as_root(title, &command, Some("remove the users with `userdel` and the group with `groupdel`"))
        }
        (Some(Machine::Linux { .. }), _) => {
            let name = &group.name;
            let of_group = format!("getent group {name} || sudo groupadd --system {name}");
            let users = format!(
                "for n in $(seq 1 32); do id {name}$n || sudo useradd --system --gid {name} --groups {name} \
                 --home-dir /var/empty --no-create-home --shell /usr/sbin/nologin {name}$n; done"
            );
            Fix::by_hand(title, &[&of_group, &users])
        }
        (Some(Machine::MacOs { .. }), Some(Installer::Receipt | Installer::Determinate | Installer::Lix)) => {
            Fix::by_hand(title, &["sudo /nix/nix-installer repair"])
        }
        (Some(Machine::MacOs { .. }) | None, _) => Fix::new(title, Remedy::Setup),
    }
}

/// The numbers that macOS 15 took.
const TAKEN: std::ops::RangeInclusive<u32> = 301..=304;

pub(super) fn keep_clear_of_macos(facts: &Facts) -> Look {
    let users = facts.daemon.mac_build_users.get()?;
    let gone: Vec<String> = (1..=4).map(|number| format!("_nixbld{number}")).filter(|name| !users.contains_key(name)).collect();
    let fix = || {
        Fix::by_hand(
            "Make them again with higher numbers: with the installer that made them, or as the issue says",
            &["sudo /nix/nix-installer repair sequoia", "open https://github.com/NixOS/nix/issues/10892"],
        )
    };
    if users.is_empty() {
        return Ok(Verdict::Pass("there are no build users".to_owned()));
    }
    if !gone.is_empty() {
        let problem = Problem::new("macOS removed build users").detail(gone.join(" "));
        return Ok(Verdict::Fail(problem.fix(fix())));
    }
    let taken = users.values().filter(|uid| TAKEN.contains(*uid)).count();
    if taken > 0 {
        let summary = format!("{taken} build users have numbers that macOS 15 takes for itself");
        return Ok(Verdict::Warn(Problem::new(summary).fix(fix())));
    }
    Ok(Verdict::Pass(format!("{} build users", users.len())))
}
