//! The installer script of nixos.org. It fetches Nix by itself and compares it with a digest that is in the script.

use camino::Utf8PathBuf;

use super::download::{self, Place};
use super::installer::Kind;
use super::program::Program;
use super::{Choices, Setup, SetupError, path};
use crate::facts::Facts;
use crate::facts::nix::StoreMode;
use crate::plan::{Privilege, Step, Undo};

/// How a person takes the installation for all users back; the script has no command for it (manual of Nix, "Uninstalling").
const UNINSTALL: &str = "stop and disable nix-daemon.socket and nix-daemon.service, remove /etc/nix /etc/profile.d/nix.sh /etc/tmpfiles.d/nix-daemon.conf and /nix, delete the users nixbld1 to nixbld32 and the group nixbld, and put the files *.backup-before-nix back";

/// Adds the steps of an installation for all users of the machine.
pub(super) fn add_daemon(facts: &Facts, choices: &Choices, setup: &mut Setup) -> Result<(), SetupError> {
    let script = script(facts, choices, setup)?;
    let instruction = UNINSTALL.to_owned();
    setup.plan.steps.push(
        Program {
            id: "nix",
            title: "Install Nix with the script of nixos.org".to_owned(),
            explanation: "It downloads Nix, makes /nix, the group nixbld with 32 build users, /etc/nix/nix.conf and the daemon, and it puts Nix on PATH for every shell. It has no uninstaller.",
            privilege: Privilege::Root,
            command: &[script.as_str(), "--daemon", "--yes", "--no-channel-add"],
            undo: Undo::Manual { instruction },
            takes_back: &[],
            settles: &[],
            produces: &[],
        }
        .step("/".into()),
    );
    setup.require("nix", &[download::ID]);
    Ok(())
}

/// Adds the steps of an installation for one user, who owns the store.
pub(super) fn add_single_user(facts: &Facts, choices: &Choices, setup: &mut Setup) -> Result<(), SetupError> {
    let script = script(facts, choices, setup)?;
    let user = facts.system.privilege.known().and_then(|privilege| privilege.user.clone()).unwrap_or_default();
    let is_own = matches!(facts.nix.store_mode.known(), Some(StoreMode::SingleUser { is_own: true, .. }));
    let directory = Program {
        id: "nix-directory",
        title: format!("Make /nix, which belongs to {user}"),
        explanation: "Nix keeps everything there. This is the only step that needs root.",
        privilege: Privilege::Root,
        command: &["install", "-d", "-m", "0755", "-o", &user, "/nix"],
        undo: Undo::Inverse { by: "remove /nix with everything in it".to_owned() },
        takes_back: &["rm", "-rf", "--one-file-system", "--", "/nix"],
        settles: &[],
        produces: &["/nix"],
    }
    .step("/".into());
    setup.plan.steps.push(Step { is_satisfied: is_own, ..directory });
    let home = &choices.home;
    let rest = format!("it goes with /nix; remove {home}/.nix-profile, {home}/.nix-defexpr and {home}/.local/state/nix by hand");
    setup.plan.steps.push(
        Program {
            id: "nix",
            title: "Install Nix with the script of nixos.org".to_owned(),
            explanation: "It downloads Nix and puts it into /nix and into your profile. There is no daemon: Nix is for you alone.",
            privilege: Privilege::User,
            command: &[script.as_str(), "--no-daemon", "--yes", "--no-channel-add", "--no-modify-profile"],
            undo: Undo::Manual { instruction: rest },
            takes_back: &[],
            settles: &[],
            produces: &[],
        }
        .step(home),
    );
    setup.require("nix", &[download::ID, "nix-directory"]);
    path::add(&path::Entry::Profile, facts, setup);
    Ok(())
}

fn script(facts: &Facts, choices: &Choices, setup: &mut Setup) -> Result<Utf8PathBuf, SetupError> {
    let place = Place { directory: &choices.downloads, name: Some("install-nix") };
    download::add(Kind::Script, facts, choices, place, setup)
}
