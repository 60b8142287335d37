//! The `nix` programs of a machine: which there are, how they came there, and what they say of themselves.

use camino::{Utf8Path, Utf8PathBuf};

use super::Fact;
use crate::nix::NixVersion;
use crate::nix::start_up::StartUpText;

/// What is known about the `nix` programs of a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nix {
    /// What looks after the machine.
    pub machine: Fact<Machine>,
    /// The `nix` that is found on PATH.
    pub on_path: Fact<Option<Utf8PathBuf>>,
    /// Programs at the places installers use, whether on PATH or not.
    pub elsewhere: Fact<Vec<Utf8PathBuf>>,
    /// What `nix --version` says.
    pub version: Fact<NixVersion>,
    /// How Nix came here.
    pub origin: Fact<Origin>,
    /// Who may write to the store, and where it is.
    pub store_mode: Fact<StoreMode>,
    /// The directories of different Nixes on PATH, as they really are.
    pub directories: Fact<Vec<Utf8PathBuf>>,
    /// The user's shell and the files it reads when it starts.
    pub start_up: Fact<StartUp>,
    /// Scripts that put Nix on PATH when they are sourced.
    pub profile_scripts: Fact<Vec<Utf8PathBuf>>,
    /// The profiles of the user.
    pub profiles: Fact<Profiles>,
    /// What the search path of Nix still names and is gone.
    pub leftovers: Fact<Vec<Leftover>>,
    /// What macOS puts back with its updates.
    pub zshrc: Fact<SystemZshrc>,
    /// The volume that `/nix` is on macOS.
    pub volume: Fact<NixVolume>,
}

impl Nix {
    /// The program that is used: the one on PATH, else the first that an installer put somewhere.
    pub fn program(&self) -> Option<&Utf8Path> {
        let elsewhere = || self.elsewhere.known()?.first();
        self.on_path.known().and_then(Option::as_ref).or_else(elsewhere).map(Utf8PathBuf::as_path)
    }
}

/// What looks after a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// NixOS; its settings are made from its configuration.
    NixOs,
    /// Another Linux.
    Linux {
        /// Whether systemd runs it.
        has_systemd: bool,
    },
    /// macOS.
    MacOs {
        /// Whether nix-darwin makes its settings.
        has_nix_darwin: bool,
    },
}

/// How Nix came to a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Who put it there.
    pub installer: Installer,
    /// What that is known from, as fragments.
    pub evidence: Vec<String>,
}

/// Who put Nix on a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installer {
    /// It is part of NixOS.
    NixOs,
    /// The installer of Determinate.
    Determinate,
    /// The installer of Lix.
    Lix,
    /// NixOS/nix-installer, or a relative that leaves the same receipt.
    Receipt,
    /// The package manager of the distribution.
    Package {
        /// The program that knows the package.
        manager: &'static str,
    },
    /// The script of nixos.org, or somebody by hand.
    Script,
}

/// Who may write to the store, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreMode {
    /// `/nix/store` belongs to root; others ask the daemon.
    MultiUser,
    /// `/nix/store` belongs to one user.
    SingleUser {
        /// The user.
        uid: u32,
        /// Whether that is who runs this.
        is_own: bool,
    },
    /// There is no `/nix`; the store is below the user's directory.
    Chroot(Utf8PathBuf),
    /// There is no store yet.
    Absent,
}

/// A shell and the files it reads when it starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartUp {
    /// The name of its program.
    pub shell: String,
    /// The files, those of the system first.
    pub files: Vec<StartUpFile>,
}

/// A file that a shell reads when it starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartUpFile {
    /// The file.
    pub path: Utf8PathBuf,
    /// Whether it is one of the system's.
    pub is_system: bool,
    /// Whether it is made by Nix, as a link into the store.
    pub is_generated: bool,
    /// What it says; `None` when it is not there.
    pub text: Option<StartUpText>,
}

/// The profiles of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profiles {
    /// Where `~/.nix-profile` leads.
    pub legacy: Option<Utf8PathBuf>,
    /// Where the profile below `~/.local/state/nix` leads.
    pub xdg: Option<Utf8PathBuf>,
    /// Whether `nix profile` keeps it, so that `nix-env` cannot.
    pub is_of_nix_profile: bool,
    /// Whether `nix-env` keeps it, which `nix profile` would change for good.
    pub is_of_nix_env: bool,
    /// Directories on PATH that belong to a profile no garbage collector's root points to.
    pub without_root: Vec<Utf8PathBuf>,
}

/// Something that names what is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leftover {
    /// An entry of `NIX_PATH`, as it stands there.
    NixPath(String),
    /// A link below `~/.nix-defexpr`.
    Link(Utf8PathBuf),
    /// `~/.nix-channels` names channels that were never fetched.
    Channels(Utf8PathBuf),
}

/// What is known about `/etc/zshrc` of macOS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemZshrc {
    /// Whether it puts Nix on PATH.
    pub sources_nix: bool,
    /// Whether an installer left `/etc/zshrc.backup-before-nix`.
    pub has_backup: bool,
}

/// What is known about the volume of macOS that `/nix` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NixVolume {
    /// Whether it is there.
    pub exists: bool,
    /// Whether it is mounted.
    pub is_mounted: bool,
}

impl Machine {
    /// Whether it is macOS.
    pub const fn is_macos(self) -> bool {
        matches!(self, Self::MacOs { .. })
    }

    /// What makes `nix.conf` from a configuration of its own.
    pub const fn configuration(self) -> Option<&'static str> {
        match self {
            Self::NixOs => Some("NixOS"),
            Self::MacOs { has_nix_darwin: true } => Some("nix-darwin"),
            Self::Linux { .. } | Self::MacOs { has_nix_darwin: false } => None,
        }
    }
}

/// Whether `diskutil list` shows the volume of Nix.
pub fn lists_nix_volume(diskutil: &str) -> bool {
    diskutil.lines().any(|line| line.contains("APFS Volume") && line.contains("Nix Store"))
}

/// The entries of `NIX_PATH` that are paths, with the path of each: `nixpkgs=/a` names `/a`; URLs and `flake:…` name none.
pub fn paths_of_nix_path(value: &str) -> Vec<(&str, &str)> {
    let is_path = |(_, path): &(&str, &str)| path.starts_with('/') && !path.starts_with("//");
    let with_path = value.split(':').map(|entry| (entry, entry.split_once('=').map_or(entry, |(_, path)| path)));
    with_path.filter(is_path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_volume_of_nix() {
        let list = "/dev/disk3 (synthesized):\n   #:   TYPE NAME   SIZE  IDENTIFIER\n   7:   APFS Volume Nix Store               12.3 GB    disk3s7\n";
        assert!(lists_nix_volume(list));
        assert!(!lists_nix_volume("   1:   APFS Volume Macintosh HD   12.3 GB    disk3s1\n"));
    }

    #[test]
    fn reads_the_paths_of_nix_path() {
        let value =
            "nixpkgs=/a/b:/c:nixos-config=/etc/nixos/configuration.nix:x=https://example.org/x.tar.gz:flake:nixpkgs:y=flake:z";
        assert_eq!(
            paths_of_nix_path(value).iter().map(|(_, path)| *path).collect::<Vec<_>>(),
            ["/a/b", "/c", "/etc/nixos/configuration.nix"]
        );
    }
}
