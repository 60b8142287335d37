//! What is done to the Nix daemon and to who may use it, and how it is taken back: the same for `setup` and `doctor`.

use crate::facts::Facts;
use crate::facts::nix::Machine;
use crate::facts::system::Init;
use crate::plan::Undo;

/// Starts the daemon anew through its socket, whichever of the two units was active. The socket refuses to start while the
/// service is active, also with `systemctl restart` of both (measured with systemd 257): the service is stopped first.
const BY_SOCKET: &str = "systemctl stop nix-daemon.service && systemctl start nix-daemon.socket";
/// The same, and at every start of the machine.
const ENABLED: &str = "systemctl stop nix-daemon.service && systemctl enable --now nix-daemon.socket";

/// A command, the command that takes it back if there is one, and what is said of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The same of the command that takes it back; empty when there is none.
    pub takes_back: Vec<String>,
    /// What is said of taking it back.
    pub undo: Undo,
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// The command that lets the socket start the daemon.
pub fn start_socket() -> Vec<String> {
    words(&["sh", "-c", BY_SOCKET])
}

/// The command that lets the socket start the daemon, now and with the machine.
pub fn enable_socket() -> Vec<String> {
    words(&["sh", "-c", ENABLED])
}

/// Whether there is a socket that starts the daemon.
pub fn has_socket(facts: &Facts) -> bool {
    facts.daemon.units.known().is_some_and(|units| units.socket.is_loaded)
}

/// How the daemon reads its settings anew; `None` where nothing known starts it. It is taken back before the settings go,
/// so the daemon is left stopped with its socket open, and reads them when it is asked next.
pub fn restart(facts: &Facts, has_socket: bool) -> Option<Change> {
    let machine = facts.nix.machine.known();
    let has_systemd = facts.system.init.known() == Some(&Init::Systemd)
        || matches!(machine, Some(Machine::NixOs | Machine::Linux { has_systemd: true }));
    let command = match machine {
        Some(Machine::MacOs { .. }) => words(&["launchctl", "kickstart", "-k", "system/org.nixos.nix-daemon"]),
        _ if has_systemd && has_socket => {
            let by = "stop the daemon; its socket starts it again, without the settings".to_owned();
            return Some(Change { command: start_socket(), takes_back: start_socket(), undo: Undo::Inverse { by } });
        }
        _ if has_systemd => words(&["systemctl", "restart", "nix-daemon.service"]),
        _ => return None,
    };
    let instruction = format!("run `sudo {}` again once the settings are as they were", command.join(" "));
    Some(Change { command, takes_back: Vec::new(), undo: Undo::Manual { instruction } })
}

/// Adds a user to a group of Linux.
pub fn join(user: &str, group: &str) -> Change {
    Change {
        command: words(&["usermod", "-aG", group, user]),
        takes_back: words(&["gpasswd", "-d", user, group]),
        undo: Undo::Inverse { by: format!("take {user} out of the group") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_leaves_what_starts_the_daemon_open() {
        let mut facts = Facts::default();
        assert_eq!(restart(&facts, true), None, "nothing known starts it");
        facts.nix.machine = Machine::Linux { has_systemd: true }.into();
        let by_socket = restart(&facts, true).unwrap();
        assert!(by_socket.command[2].ends_with("start nix-daemon.socket") && by_socket.takes_back == by_socket.command);
        let alone = restart(&facts, false).unwrap();
        assert_eq!((alone.command.join(" ").as_str(), alone.takes_back.len()), ("systemctl restart nix-daemon.service", 0));
    }
}
