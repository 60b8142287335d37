//! Checks of the Nix daemon and the users it builds as.

mod build_users;
#[cfg(test)]
mod examples;
mod socket;

#[cfg(test)]
pub(super) use examples::examples;

use super::config::place::{named, user_setting};
use super::remedy::Restart;
use super::{Check, Cost, Fix, Group, Look, Platform, Problem, Remedy, Severity, Verdict};
use crate::facts::daemon::{Protocol, Schema};
use crate::facts::nix::{Machine, StoreMode};
use crate::facts::{Facts, Unknown};
use crate::setup::daemon as commands;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "store-mode",
        group: Group::Daemon,
        severity: Severity::Degrades,
        title: "The store suits the people of this machine",
        symptom: "others on this machine cannot install anything",
        cause: "a single-user installation belongs to one of several users",
        fix: "install Nix for all users",
        source: "the manual of Nix, multi-user mode",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: suits_people,
    },
    Check {
        id: "daemon-socket",
        group: Group::Daemon,
        severity: Severity::Blocks,
        title: "The Nix daemon answers",
        symptom: "`cannot connect to socket at '…': No such file or directory` or `Connection refused`; without NIX_REMOTE \
                  `opening lock file '/nix/var/nix/db/big-lock': Permission denied` (2.26) or `could not set permissions on \
                  '…/per-user' to 755` (2.8)",
        cause: "the daemon is stopped, or was killed and left its socket behind",
        fix: "start the daemon",
        source: "measured with Nix 2.8 and 2.26; DeterminateSystems/nix-installer#1156, #790",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-mount-flags", "nix-present"],
        look: socket::answers,
    },
    Check {
        id: "daemon-unit",
        group: Group::Daemon,
        severity: Severity::Degrades,
        title: "The Nix daemon is started with the machine",
        symptom: "Nix works now and stops working after a restart of the machine",
        cause: "the socket of the daemon is not enabled, or was stopped",
        fix: "stop the service, enable the socket and start it",
        source: "NixOS/nix#9970",
        platform: Platform::Linux,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: socket::is_started_with_the_machine,
    },
    Check {
        id: "daemon-access",
        group: Group::Daemon,
        severity: Severity::Blocks,
        title: "This user may talk to the Nix daemon",
        symptom: "`getting status of '/nix/var/nix/daemon-socket/socket': Permission denied`",
        cause: "the directory of the socket is for a group that this user, or this session, is not in",
        fix: "add the user to the group and log in again",
        source: "measured with Debian's packages; README.Debian of nix-setup-systemd",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present", "daemon-socket"],
        look: socket::is_open_to_the_user,
    },
    Check {
        id: "allowed-users",
        group: Group::Daemon,
        severity: Severity::Blocks,
        title: "The settings allow this user to use Nix",
        symptom: "`user '…' is not allowed to connect to the Nix daemon`",
        cause: "`allowed-users` names neither this user nor a group of the user's",
        fix: "add the user to `allowed-users`",
        source: "the manual of Nix; Alpine allows only the group `nix`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: is_allowed,
    },
    Check {
        id: "daemon-protocol",
        group: Group::Daemon,
        severity: Severity::Degrades,
        title: "`nix` and its daemon speak the same protocol",
        symptom: "`[FAIL] Warning: protocol version of this client does not match the store`",
        cause: "Nix was upgraded and the old daemon still runs, or another `nix` comes first on PATH",
        fix: "restart the daemon",
        source: "measured: 1.34 of Nix 2.8 and 1.38 of Nix 2.26",
        platform: Platform::Any,
        cost: Cost::Deep,
        needs: &["nix-present", "daemon-socket", "daemon-access"],
        look: speaks_the_same,
    },
    Check {
        id: "build-users",
        group: Group::Daemon,
        severity: Severity::Blocks,
        title: "There are users for builds to run as",
        symptom: "`the build users group 'nixbld' has no members`, or `the group 'nixbld' specified in 'build-users-group' does not exist`",
        cause: "the group or its users were removed, or never made",
        fix: "make the group and its users again",
        source: "measured; NixOS/nix#4716",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: build_users::exist,
    },
    Check {
        id: "macos-nixbld-uids",
        group: Group::Daemon,
        severity: Severity::Blocks,
        title: "macOS has not taken the numbers of build users",
        symptom: "`the user '_nixbld1' in the group 'nixbld' does not exist`",
        cause: "macOS 15 uses the numbers 301 to 304 itself and removed the build users that had them",
        fix: "make the build users again with higher numbers",
        source: "NixOS/nix#10892, nix-darwin#970",
        platform: Platform::MacOs,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: build_users::keep_clear_of_macos,
    },
    Check {
        id: "db-schema",
        group: Group::Daemon,
        severity: Severity::Blocks,
        title: "This Nix can read the database of the store",
        symptom: "`current Nix store schema is version N, but I only support M`, or `'…/schema' is corrupt`",
        cause: "a newer Nix has used the store, or the file with the number was edited; even a line end spoils it",
        fix: "use the newer Nix, or put the number back",
        source: "measured with Nix 2.8 and 2.26",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: is_schema_readable,
    },
    Check {
        id: "build-slots",
        group: Group::Daemon,
        severity: Severity::Informs,
        title: "Builds use the processors of this machine",
        symptom: "builds take long while processors are idle",
        cause: "`max-jobs` is 1 when nothing sets it, or there are fewer build users than builds",
        fix: "set `max-jobs = auto`",
        source: "measured with Nix 2.26",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: uses_processors,
    },
];

fn suits_people(facts: &Facts) -> Look {
    Ok(match facts.nix.store_mode.get()? {
        StoreMode::MultiUser => Verdict::Pass("it is for all users".to_owned()),
        StoreMode::SingleUser { uid, is_own } => {
            let others = facts.daemon.people.known().is_some_and(|people| *people > 1);
            if *is_own && !others {
                return Ok(Verdict::Pass("it belongs to you".to_owned()));
            }
            let summary = if *is_own {
                "the store belongs to you alone, and others work here"
            } else {
                "the store belongs to another user"
            };
            let problem = Problem::new(summary).detail(format!("`/nix/store` belongs to the user with the number {uid}"));
            Verdict::Warn(problem.fix(Fix::new("Install Nix for all users", Remedy::Setup)))
        }
        StoreMode::Chroot(path) => Verdict::Pass(format!("below `{path}`")),
        StoreMode::Absent => return Err(Unknown::Irrelevant("there is no store yet".to_owned())),
    })
}

fn is_allowed(facts: &Facts) -> Look {
    let settings = facts.config.system.get()?;
    let user = facts.daemon.user.get()?;
    if facts.nix.store_mode.known().is_some_and(|mode| *mode != StoreMode::MultiUser) {
        return Err(Unknown::Irrelevant("the store is not shared".to_owned()));
    }
    let words = |name| crate::nix::conf::words_of(settings, name);
    // `extra-allowed-users` alone adds to the default, which is everybody.
    let (Some(_), Some(allowed)) = (crate::nix::conf::last(settings, "allowed-users"), words("allowed-users")) else {
        return Ok(Verdict::Pass("everybody is".to_owned()));
    };
    let trusted = words("trusted-users").unwrap_or_default();
    if user.uid == 0 || named(user, &allowed) || named(user, &trusted) {
        return Ok(Verdict::Pass(format!("`{}` is", user.name)));
    }
    let problem = Problem::new(format!("`allowed-users` does not name `{}`", user.name)).detail(allowed.join(" "));
    let group = allowed.iter().find_map(|word| word.strip_prefix('@'));
    Ok(Verdict::Fail(match group {
        Some(group) => problem.fix(join(facts, group, &user.name)),
        None => problem.fix(super::config::place::system_setting(facts, "Add the user", &[("extra-allowed-users", &user.name)])),
    }))
}

/// Adds a user to a group, with the program that the system has for that.
fn join(facts: &Facts, group: &str, user: &str) -> Fix {
    let title = format!("Add `{user}` to the group `{group}`, then log in again");
    match facts.nix.machine.known() {
        Some(Machine::NixOs) => {
            Fix::by_hand(&title, &[&format!("users.users.{user}.extraGroups = [ \"{group}\" ];"), "sudo nixos-rebuild switch"])
        }
        Some(Machine::MacOs { .. }) => Fix::run_as_root(
            &title,
            &["dseditgroup", "-o", "edit", "-a", user, "-t", "user", group],
            Some("take the user out with `dseditgroup -o edit -d`"),
        ),
        Some(Machine::Linux { .. }) | None => Fix::change(&title, &commands::join(user, group)),
    }
    .restarting(Restart::Login)
}

/// Restarts the daemon, with the program that the system has for that.
pub(super) fn restart(facts: &Facts, title: &str) -> Fix {
    match commands::restart(facts, commands::has_socket(facts)) {
        Some(change) => Fix::change(title, &change),
        None => Fix::by_hand(title, &["sudo pkill nix-daemon", "sudo nix-daemon --daemon &"]),
    }
}

fn speaks_the_same(facts: &Facts) -> Look {
    Ok(match facts.daemon.protocol.get()? {
        Protocol::Same => Verdict::Pass("they do".to_owned()),
        Protocol::Differs(lines) => {
            let problem = Problem::new("`nix` and the store speak different versions of their protocol");
            Verdict::Warn(lines.iter().fold(problem, Problem::detail).fix(restart(facts, "Restart the daemon")))
        }
    })
}

fn is_schema_readable(facts: &Facts) -> Look {
    let path = "/nix/var/nix/db/schema";
    Ok(match facts.daemon.schema.get()? {
        Schema::Readable(number) => Verdict::Pass(format!("schema {number}")),
        Schema::Corrupt => Verdict::Fail(
            Problem::new(format!("`{path}` holds something else than a number"))
                .fix(Fix::by_hand("Write the number without a line end", &["printf 10 | sudo tee /nix/var/nix/db/schema"])),
        ),
        Schema::Refused { number, says } => Verdict::Fail(
            Problem::new(format!("the database has schema {number}, which this Nix cannot read"))
                .detail(says)
                .fix(Fix::new("Install a newer Nix", Remedy::Setup)),
        ),
    })
}

fn uses_processors(facts: &Facts) -> Look {
    let settings = facts.config.effective.get()?;
    let processors = *facts.daemon.processors.get()?;
    let Some(jobs) = settings.max_jobs else { return Ok(Verdict::Pass("as many as Nix thinks right".to_owned())) };
    if jobs == 1 && processors > 2 {
        let problem = Problem::new(format!("one build runs at a time, on {processors} processors"));
        return Ok(Verdict::Warn(problem.fix(user_setting(
            facts,
            "Run as many as there are processors",
            &[("max-jobs", "auto")],
        ))));
    }
    let group = facts.daemon.build_group.known().and_then(Option::as_ref).filter(|group| !group.members.is_empty());
    if let Some(group) = group.filter(|group| (group.members.len() as u64) < jobs) {
        let users = group.members.len();
        let problem = Problem::new(format!("{jobs} builds may run at once, but there are {users} build users"));
        return Ok(Verdict::Warn(problem.fix(user_setting(
            facts,
            "Run as many as there are users",
            &[("max-jobs", &users.to_string())],
        ))));
    }
    Ok(Verdict::Pass(format!("{jobs} at once, on {processors} processors")))
}
