//! How a Nix that is too old becomes a newer one, by where it came from: the same for `setup` and `doctor`.

use crate::facts::Facts;
use crate::facts::nix::{Installer, StoreMode};
use crate::facts::packages::Manager;

/// What a person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// What is done, in the imperative.
    pub title: &'static str,
    /// What is typed, line by line.
    pub commands: Vec<String>,
    /// Whether `setup` brings a newer one afterwards.
    pub is_continued_by_setup: bool,
}

/// The way that fits how Nix was installed.
pub fn upgrade(facts: &Facts) -> Upgrade {
    let is_multi_user = facts.nix.store_mode.known() == Some(&StoreMode::MultiUser);
    let by = |title, commands: &[&str]| {
        let commands = commands.iter().map(ToString::to_string).collect();
        Upgrade { title, commands, is_continued_by_setup: false }
    };
    match facts.nix.origin.known().map(|origin| &origin.installer) {
        Some(Installer::Package { .. }) => of_packages(facts),
        Some(Installer::Determinate) => by("Upgrade Determinate Nix", &["sudo determinate-nixd upgrade"]),
        Some(Installer::NixOs) => by("Move to a newer release of NixOS", &["sudo nixos-rebuild switch --upgrade"]),
        Some(Installer::Lix) => by("Upgrade Lix", &[LIX]),
        Some(Installer::Receipt) | None => by("Upgrade it", &["sudo -i nix upgrade-nix"]),
        Some(Installer::Script) if is_multi_user => by(
            "Upgrade it as root",
            &["sudo nix-env --install --file '<nixpkgs>' --attr nix cacert -I nixpkgs=channel:nixpkgs-unstable"],
        ),
        Some(Installer::Script) => {
            by("Upgrade it", &["nix-env --install --file '<nixpkgs>' --attr nix cacert -I nixpkgs=channel:nixpkgs-unstable"])
        }
    }
}

/// As the manual of Lix says it.
const LIX: &str = "sudo --preserve-env=PATH nix run --experimental-features 'nix-command flakes' --extra-substituters https://cache.lix.systems --extra-trusted-public-keys 'cache.lix.systems:aBnZUw8zA7H35Cz2RyKFVs3H4PlGTLawyY5KRbvJR8o=' 'git+https://git.lix.systems/lix-project/lix?ref=refs/tags/2.93.3' -- upgrade-nix";

/// Packages leave accounts with numbers of their own behind, which the installers of a newer Nix refuse, and the store.
fn of_packages(facts: &Facts) -> Upgrade {
    let packages = match facts.packages.manager.known().copied().flatten() {
        Some(Manager::Apt) => "sudo apt-get purge nix-setup-systemd nix-bin".to_owned(),
        Some(manager) => manager.remove_line("nix"),
        None => "remove the package `nix`".to_owned(),
    };
    let accounts = facts.daemon.accounts.known().filter(|accounts| !accounts.are_of_installers());
    let accounts = accounts.and_then(super::BuildAccounts::removal);
    // Out of the way and not gone: somebody may have built something that is nowhere else.
    let store = "sudo mv /nix /nix.old".to_owned();
    Upgrade {
        title: "Remove the packages of your distribution and what they leave behind",
        commands: std::iter::once(packages).chain(accounts).chain([store]).collect(),
        is_continued_by_setup: true,
    }
}

impl Upgrade {
    /// The same as a fragment.
    pub fn describe(&self) -> String {
        let title = self.title.split_at_checked(1).map_or_else(String::new, |(first, rest)| first.to_lowercase() + rest);
        let commands = self.commands.iter().map(|command| format!("`{command}`")).collect::<Vec<_>>().join(", ");
        let then = if self.is_continued_by_setup { "; then run `nixstart setup` again" } else { "" };
        format!("{title}: {commands}{then}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::daemon::BuildAccounts;
    use crate::facts::nix::Origin;

    fn of(installer: Installer, mode: StoreMode) -> Facts {
        let mut facts = Facts::default();
        facts.nix.origin = Origin { installer, evidence: vec![] }.into();
        facts.nix.store_mode = mode.into();
        facts
    }

    #[test]
    fn every_origin_has_a_way_of_its_own() {
        let line = |installer, mode| upgrade(&of(installer, mode)).commands.join("; ");
        assert!(line(Installer::Script, StoreMode::MultiUser).starts_with("sudo nix-env --install"));
        assert!(line(Installer::Script, StoreMode::SingleUser { uid: 1, is_own: true }).starts_with("nix-env --install"));
        assert_eq!(line(Installer::Determinate, StoreMode::MultiUser), "sudo determinate-nixd upgrade");
        assert!(line(Installer::Lix, StoreMode::MultiUser).contains("cache.lix.systems"));
        assert_eq!(line(Installer::Receipt, StoreMode::MultiUser), "sudo -i nix upgrade-nix");
    }

    #[test]
    fn packages_go_with_the_accounts_that_would_be_in_the_way() {
        let mut facts = of(Installer::Package { manager: "dpkg" }, StoreMode::MultiUser);
        facts.packages.manager = Some(Manager::Apt).into();
        facts.daemon.accounts = BuildAccounts { group: Some(999), users: [("nixbld1".to_owned(), 998)].into() }.into();
        assert_eq!(
            upgrade(&facts).describe(),
            "remove the packages of your distribution and what they leave behind: `sudo apt-get purge nix-setup-systemd \
             nix-bin`, `sudo sh -c 'for user in nixbld1; do userdel $user; done; groupdel nixbld'`, `sudo mv /nix /nix.old`; then run \
             `nixstart setup` again"
        );
    }
}
