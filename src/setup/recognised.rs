//! Machines that somebody else looks after: what applies to them is planned, the rest is said as a snippet or a command.

use super::nix::has_flakes;
use super::{Setup, caches};
use crate::facts::Facts;
use crate::facts::nix::{Installer, Machine};

/// Who or what looks after the Nix of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// NixOS.
    NixOs,
    /// nix-darwin.
    NixDarwin,
    /// Determinate Nix, which makes its own `nix.conf`.
    Determinate,
    /// Lix, which is set up like Nix.
    Lix,
    /// Version 1 of Windows Subsystem for Linux, which cannot run Nix reliably.
    Wsl1,
}

impl Recognised {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::NixOs, Self::NixDarwin, Self::Determinate, Self::Lix, Self::Wsl1];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NixOs => "nixos",
            Self::NixDarwin => "nix-darwin",
            Self::Determinate => "determinate",
            Self::Lix => "lix",
            Self::Wsl1 => "wsl1",
        }
    }

    /// The one of a name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|recognised| recognised.name() == name)
    }

    /// What looks after a machine; `None` when nothing does.
    pub fn of(facts: &Facts) -> Option<Self> {
        if facts.system.wsl.known().is_some_and(|wsl| wsl.version == 1) {
            return Some(Self::Wsl1);
        }
        match facts.nix.machine.known() {
            Some(Machine::NixOs) => return Some(Self::NixOs),
            Some(Machine::MacOs { has_nix_darwin: true }) => return Some(Self::NixDarwin),
            Some(Machine::Linux { .. } | Machine::MacOs { has_nix_darwin: false }) | None => {}
        }
        match facts.nix.origin.known().map(|origin| &origin.installer) {
            Some(Installer::Determinate) => Some(Self::Determinate),
            Some(Installer::Lix) => Some(Self::Lix),
            Some(Installer::NixOs) => Some(Self::NixOs),
            Some(Installer::Receipt | Installer::Package { .. } | Installer::Script) | None => None,
        }
    }

    /// Whether nixstart can plan nothing there.
    pub(super) const fn is_left_alone(self) -> bool {
        match self {
            Self::NixOs | Self::NixDarwin | Self::Wsl1 => true,
            Self::Determinate | Self::Lix => false,
        }
    }

    /// What a person has to do on such a machine.
    fn advice(self) -> &'static [&'static str] {
        match self {
            Self::NixOs => &[
                "NixOS makes this machine from its configuration, so nothing is edited; put this into it:",
                "nix.settings.experimental-features = [ \"nix-command\" \"flakes\" ];",
                "programs.direnv = { enable = true; nix-direnv.enable = true; };",
            ],
            Self::NixDarwin => &[
                "nix-darwin makes the settings of this machine, so nothing is edited; put this into its configuration:",
                "nix.settings.experimental-features = [ \"nix-command\" \"flakes\" ];",
                "programs.direnv = { enable = true; nix-direnv.enable = true; };",
            ],
            Self::Determinate => {
                &["Determinate makes /etc/nix/nix.conf; settings of your own belong into /etc/nix/nix.custom.conf"]
            }
            Self::Lix => &[],
            Self::Wsl1 => &[
                "version 1 of WSL lacks what Nix needs; in Windows, make this distribution one of version 2, then run `nixstart setup` again:",
                "wsl.exe --list --verbose",
                "wsl.exe --set-version NAME 2",
            ],
        }
    }

    /// How a person installs it; `None` where it is no installation of Nix. Nothing is piped into a shell.
    const fn installation(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Determinate => Some(&[
                "nixstart does not install Determinate Nix; it is a distribution of its own, and its installer reports to its maker unless told not to:",
                "curl --proto '=https' --tlsv1.2 -fL -o determinate-installer https://install.determinate.systems/nix",
                "less determinate-installer",
                "sh determinate-installer install --diagnostic-endpoint \"\"",
            ]),
            Self::Lix => Some(&[
                "nixstart does not install Lix; this is how its manual does, with a look in between:",
                "curl --proto '=https' --tlsv1.2 -fL -o lix-installer https://install.lix.systems/lix",
                "less lix-installer",
                "sh lix-installer install",
            ]),
            Self::NixOs | Self::NixDarwin | Self::Wsl1 => None,
        }
    }
}

/// Says what a person has to do where nixstart plans nothing, unless it is done already.
pub(super) fn advise(recognised: Recognised, facts: &Facts, setup: &mut Setup) {
    let has_direnv = facts.direnv.program.known().is_some_and(Option::is_some);
    let is_done = match recognised {
        Recognised::NixOs | Recognised::NixDarwin => has_flakes(facts) && has_direnv,
        Recognised::Determinate | Recognised::Lix | Recognised::Wsl1 => false,
    };
    if !is_done {
        setup.plan.notes.extend(recognised.advice().iter().map(ToString::to_string));
        if matches!(recognised, Recognised::NixOs | Recognised::NixDarwin) {
            setup.plan.notes.extend(caches::options());
        }
        setup.is_left_to_person |= recognised.is_left_alone();
    }
}

/// Says how a person installs what was asked for; `false` when it is nothing that is installed.
pub(super) fn explain_installation(recognised: Recognised, setup: &mut Setup) -> bool {
    let Some(lines) = recognised.installation() else { return false };
    setup.plan.notes.extend(lines.iter().map(ToString::to_string));
    setup.is_left_to_person = true;
    true
}

#[cfg(test)]
mod tests {
    use super::super::{Choices, SetupError, plan};
    use super::*;
    use crate::facts::Fact;
    use crate::facts::nix::Origin;
    use crate::facts::system::Wsl;

    fn of_installer(installer: Installer) -> Facts {
        let mut facts = Facts::default();
        facts.config.user_file = camino::Utf8PathBuf::from("/home/ada/.config/nix/nix.conf").into();
        facts.nix.origin = Origin { installer, evidence: vec![] }.into();
        facts.nix.on_path = Some("/usr/bin/nix".into()).into();
        facts.nix.version = Fact::Known(crate::nix::NixVersion::parse("nix (Nix) 2.30.0").unwrap());
        facts
    }

    fn on_machine(machine: Machine) -> Facts {
        let mut facts = Facts::default();
        facts.nix.machine = machine.into();
        facts
    }

    fn wsl1() -> Facts {
        let mut facts = Facts::default();
        facts.system.wsl = Wsl { version: 1, distribution: None, has_boot_section: false, systemd_line: None }.into();
        facts
    }

    #[test]
    fn every_kind_of_machine_is_told() {
        let all = vec![
            (Recognised::NixOs, on_machine(Machine::NixOs)),
            (Recognised::NixDarwin, on_machine(Machine::MacOs { has_nix_darwin: true })),
            (Recognised::Determinate, of_installer(Installer::Determinate)),
            (Recognised::Lix, of_installer(Installer::Lix)),
            (Recognised::Wsl1, wsl1()),
        ];
        for (recognised, facts) in all {
            assert_eq!(Recognised::of(&facts), Some(recognised));
            let setup = plan(&facts, &Choices { recognised: Some(recognised), ..Choices::default() }).unwrap();
            let steps: Vec<&str> = setup.plan.steps.iter().map(|step| step.id.as_str()).collect();
            let expected: &[&str] = if recognised == Recognised::Lix { &["flakes"] } else { &[] };
            assert_eq!(steps, expected, "{recognised:?}");
            assert_eq!(setup.is_left_to_person, recognised.is_left_alone(), "{recognised:?}");
            assert!(!recognised.is_left_alone() || setup.plan.notes.len() > 2, "{:?}", setup.plan.notes);
        }
        assert_eq!(Recognised::of(&on_machine(Machine::Linux { has_systemd: true })), None);
    }

    #[test]
    fn what_is_not_there_is_explained_or_refused() {
        let facts = on_machine(Machine::Linux { has_systemd: true });
        let asked = |recognised| plan(&facts, &Choices { recognised: Some(recognised), ..Choices::default() });
        for recognised in [Recognised::Determinate, Recognised::Lix] {
            let setup = asked(recognised).unwrap();
            assert!(setup.plan.steps.is_empty() && setup.is_left_to_person);
            assert!(setup.plan.notes.iter().any(|note| note.starts_with("less ")), "{:?}", setup.plan.notes);
        }
        for recognised in [Recognised::NixOs, Recognised::NixDarwin, Recognised::Wsl1] {
            assert!(matches!(asked(recognised), Err(SetupError::OtherMachine(_))), "{recognised:?}");
        }
    }
}
