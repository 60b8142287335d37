//! Judges the socket of the daemon, its units, and who may use it.

use crate::doctor::remedy::Restart;
use crate::doctor::{Fix, Look, Problem, Verdict};
use crate::facts::Facts;
use crate::facts::daemon::{Socket, SocketDirectory, User};
use crate::facts::nix::Machine;

pub(super) fn answers(facts: &Facts) -> Look {
    let problem = match facts.daemon.socket.get()? {
        Socket::Answers(path) => return Ok(Verdict::Pass(format!("`{path}`"))),
        Socket::Denied(path) => return Ok(Verdict::Pass(format!("`{path}` is there"))),
        Socket::Missing(path) => Problem::new("the daemon has no socket").detail(format!("`{path}` does not exist")),
        Socket::Refused(path) => Problem::new("nobody listens at the socket of the daemon").detail(path.as_str()),
        Socket::Silent(path) => Problem::new("the daemon does not answer within a second").detail(path.as_str()),
    };
    Ok(Verdict::Fail(problem.fix(start(facts))))
}

fn start(facts: &Facts) -> Fix {
    let title = "Start the daemon";
    match facts.nix.machine.known() {
        Some(Machine::MacOs { .. }) => {
            Fix::run_as_root(title, &["launchctl", "kickstart", "-k", "system/org.nixos.nix-daemon"], None)
        }
        Some(Machine::NixOs | Machine::Linux { has_systemd: true }) => Fix::run_as_root(
            title,
            &["systemctl", "restart", "nix-daemon.socket"],
            Some("stop it with `systemctl stop nix-daemon.socket nix-daemon.service`"),
        ),
        Some(Machine::Linux { has_systemd: false }) | None => Fix::by_hand(title, &["sudo nix-daemon --daemon &"]),
    }
}

pub(super) fn is_started_with_the_machine(facts: &Facts) -> Look {
    let units = facts.daemon.units.get()?;
    if !units.socket.is_loaded {
        return Ok(Verdict::Pass("there is no socket unit".to_owned()));
    }
    let summary = if units.service.is_active && !units.socket.is_active {
        "the service of the daemon runs, its socket does not"
    } else if !units.socket.is_enabled && !units.service.is_enabled {
        "nothing starts the daemon with the machine"
    } else {
        return Ok(Verdict::Pass("`nix-daemon.socket`".to_owned()));
    };
    Ok(Verdict::Warn(Problem::new(summary).fix(Fix::run_as_root(
        "Enable the socket",
        &["systemctl", "enable", "--now", "nix-daemon.socket"],
        Some("disable it with `systemctl disable --now nix-daemon.socket`"),
    ))))
}

pub(super) fn is_open_to_the_user(facts: &Facts) -> Look {
    let Socket::Denied(_) = facts.daemon.socket.get()? else {
        return Ok(Verdict::Pass("it may".to_owned()));
    };
    let directory = facts.daemon.directory.get()?;
    let user = facts.daemon.user.get()?;
    Ok(judge(facts, directory, user))
}

fn judge(facts: &Facts, directory: &SocketDirectory, user: &User) -> Verdict {
    let group = &directory.group;
    let shown = format!("`{}` is for the group `{group}`, with mode {:o}", directory.path, directory.mode);
    if directory.mode & 0o010 == 0 || group == "root" {
        let problem = Problem::new("the socket of the daemon is closed to users").detail(shown);
        let open = format!("sudo chmod 0755 {}", directory.path);
        return Verdict::Fail(problem.fix(Fix::by_hand("Open it to all users, as Nix does by default", &[&open])));
    }
    if user.session_groups.contains(group) {
        return Verdict::Fail(Problem::new("the socket of the daemon is closed to this user").detail(shown));
    }
    if user.groups.contains(group) {
        let summary = format!("`{}` is in the group `{group}`, but this session began before that", user.name);
        let now = format!("sg {group} -c 'nix --version'");
        return Verdict::Warn(
            Problem::new(summary)
                .fix(Fix::by_hand("Log in again; until then, run commands in the group", &[&now]).restarting(Restart::Login)),
        );
    }
    let problem = Problem::new(format!("`{}` is not in the group `{group}`", user.name)).detail(shown);
    Verdict::Fail(problem.fix(super::join(facts, group, &user.name)))
}
