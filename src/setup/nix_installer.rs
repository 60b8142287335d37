//! NixOS/nix-installer. Read in its source (2.33): it exits with 0 when it finds a receipt of half an installation, it goes on
//! where that one stopped when it is given the receipt.

use super::download::{self, Place};
use super::installer::Kind;
use super::program::Program;
use super::{Choices, Setup, SetupError};
use crate::facts::Facts;
use crate::facts::system::Init;
use crate::plan::{Privilege, Undo};

/// What it writes while it installs.
const RECEIPT: &str = "/nix/receipt.json";

/// Adds the steps of the installer.
pub(super) fn add(facts: &Facts, choices: &Choices, setup: &mut Setup) -> Result<(), SetupError> {
    let place = Place { directory: &choices.downloads, name: None };
    let program = download::add(Kind::NixInstaller, facts, choices, place, setup)?;
    let mut command = vec![program.as_str(), "install"];
    if let Some(arguments) = without_init(facts) {
        command.extend(arguments);
        setup.plan.notes.push("nothing starts a daemon here, so Nix is for root alone".to_owned());
    }
    command.push("--no-confirm");
    setup.plan.steps.push(
        Program {
            id: "nix",
            title: "Install Nix with nix-installer".to_owned(),
            explanation: "It makes /nix, the group nixbld with 32 build users, /etc/nix/nix.conf with flakes switched on and the daemon, and it puts Nix on PATH for every shell. It is the NixOS project's own, which calls it beta.",
            privilege: Privilege::Root,
            command: &command,
            undo: Undo::Inverse { by: "let it uninstall, which takes all of that and everything in /nix away".to_owned() },
            // Its copy in /nix is there only when it came to its end.
            takes_back: &[program.as_str(), "uninstall", "--no-confirm"],
            settles: &[program.as_str(), "install", RECEIPT, "--no-confirm"],
            produces: &[RECEIPT],
        }
        .step("/".into()),
    );
    setup.require("nix", &[download::ID]);
    Ok(())
}

/// How it installs where nothing starts services: in a container.
fn without_init(facts: &Facts) -> Option<[&'static str; 5]> {
    let has_init = matches!(facts.system.init.known(), Some(Init::Systemd | Init::Launchd));
    (!has_init).then_some(["linux", "--init", "none", "--extra-conf", "sandbox = false"])
}
