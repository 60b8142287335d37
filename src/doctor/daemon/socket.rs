//! Judges the socket of the daemon, its units, and who may use it.

use crate::doctor::remedy::Restart;
use crate::doctor::{Fix, Look, Problem, Verdict};
use crate::facts::Facts;
use crate::facts::daemon::{Socket, SocketDirectory, Units, User};
use crate::facts::nix::Machine;
use crate::setup::daemon as commands;

/// How a daemon that did not run is stopped again.
const STOP: &str = "stop it with `systemctl stop nix-daemon.socket nix-daemon.service`";
/// How the service runs without its socket again.
const ALONE: &str = "let the service run alone again with `systemctl stop nix-daemon.socket nix-daemon.service` and `systemctl start nix-daemon.service`";
/// How the socket is not started with the machine any more.
const DISABLE: &str = "disable it with `systemctl disable nix-daemon.socket`";

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
        // A service that does not answer would keep the socket from starting.
        Some(Machine::NixOs | Machine::Linux { has_systemd: true }) => run(title, &commands::start_socket(), STOP),
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
    } else if !units.socket.is_active && matches!(facts.daemon.socket.known(), Some(Socket::Denied(_))) {
        // Who may not knock cannot hear that nobody is there, so `daemon-socket` says nothing.
        "neither the socket nor the service of the daemon is active"
    } else if !units.socket.is_enabled && !units.service.is_enabled {
        "nothing starts the daemon with the machine"
    } else {
        return Ok(Verdict::Pass("`nix-daemon.socket`".to_owned()));
    };
    Ok(Verdict::Warn(Problem::new(summary).fix(open(units))))
}

/// Mends what the units lack; what was enabled before is not disabled by taking it back.
fn open(units: &Units) -> Fix {
    let undo = if units.service.is_active { ALONE } else { STOP };
    match (units.socket.is_active, units.socket.is_enabled) {
        (true, _) => run("Enable the socket", &["systemctl", "enable", "nix-daemon.socket"].map(str::to_owned), DISABLE),
        (false, true) => run("Stop the service and start the socket", &commands::start_socket(), undo),
        (false, false) => {
            let undo = format!("{DISABLE}; {undo}");
            run("Stop the service, enable the socket and start it", &commands::enable_socket(), &undo)
        }
    }
}

fn run(title: &str, command: &[String], undo: &str) -> Fix {
    Fix::run_as_root(title, &command.iter().map(String::as_str).collect::<Vec<_>>(), Some(undo))
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
