//! The packages of the distribution: Debian's, by apt.

use super::apt::{self, Packages};
use super::daemon::{self, Change};
use super::{Setup, program};
use crate::facts::Facts;
use crate::facts::system::Init;
use crate::plan::Undo;

/// The group that Debian's daemon lets in.
pub const USERS: &str = "nix-users";

/// Debian's packages. What is named as left behind was measured: purging them keeps the store, the groups and the users.
pub(super) fn add(facts: &Facts, setup: &mut Setup) {
    let packages = Packages {
        id: "nix",
        title: "Install Nix and git with apt",
        explanation: "nix-bin is Nix itself, nix-setup-systemd brings the store, the build users and the daemon; Nix fetches projects with git.",
        names: &["nix-bin", "nix-setup-systemd", "git"],
        undo: "run `sudo apt-get purge nix-setup-systemd nix-bin`; it leaves /nix, the groups nixbld and nix-users and the build users behind; git stays, and `sudo apt-get purge git` removes it if you had none before".to_owned(),
    };
    let step = apt::install(&packages, facts, setup);
    setup.plan.steps.push(step);
    setup.require("nix", &["packages-update"]);
    if facts.system.init.known() == Some(&Init::Systemd) {
        add_socket(setup);
    } else {
        setup.plan.notes.push("nothing starts the daemon here; run `sudo nix-daemon --daemon` after each boot".to_owned());
    }
    add_group(facts, setup);
}

/// The package enables both units and starts the service first, so that the socket refuses to start (measured with
/// nix-setup-systemd 2.26.3): once the service is stopped, nothing would start it.
fn add_socket(setup: &mut Setup) {
    let reason = "the socket is what the packages start at each boot; it goes with them".to_owned();
    let start = Change { command: daemon::start_socket(), takes_back: Vec::new(), undo: Undo::Irreversible { reason } };
    let title = "Let its socket start the Nix daemon".to_owned();
    let explanation = "The package starts the daemon without its socket. With it the daemon comes back whenever it was stopped, as after the next boot.";
    setup.plan.steps.push(program::change("nix-socket", title, explanation, &start, &setup.plan.root));
    setup.require("nix-socket", &["nix"]);
}

/// Debian lets only the members of a group in.
pub(super) fn add_group(facts: &Facts, setup: &mut Setup) {
    let Some(privilege) = facts.system.privilege.known() else { return };
    let Some(user) = privilege.user.as_deref().filter(|_| !privilege.is_root()) else { return };
    if privilege.groups_on_file.iter().any(|group| group == USERS) {
        setup.needs_login |= privilege.joined_since_login(USERS);
        return;
    }
    setup.needs_login = true;
    let explanation = "Debian lets only members of the group nix-users in. It takes effect at the next login.";
    let title = format!("Let {user} use the daemon");
    let step = program::change("nix-group", title, explanation, &daemon::join(user, USERS), &setup.plan.root);
    setup.plan.steps.push(step);
    setup.require("nix-group", &["nix"]);
}
