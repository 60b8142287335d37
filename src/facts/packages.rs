//! What the system's package manager is, and what it offers; the offer is asked for by `setup` only, because that takes time.

use super::Fact;

/// How long apt waits for another one, in seconds.
pub const APT_LOCK: [&str; 2] = ["-o", "DPkg::Lock::Timeout=60"];

/// What is known about packages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packages {
    /// The package manager of the system.
    pub manager: Fact<Option<Manager>>,
    /// The version of Nix it would install.
    pub nix: Fact<Option<String>>,
    /// The version of direnv it would install.
    pub direnv: Fact<Option<String>>,
    /// Whether an earlier installation was cut short, so that nothing can be installed before it is settled.
    pub is_interrupted: Fact<bool>,
    /// Whether it has lists of packages; an image of a container often comes without them.
    pub has_lists: Fact<bool>,
    /// The programs that the script of nixos.org needs and that are not there; `curl` stands for it and wget.
    pub missing: Fact<Vec<&'static str>>,
}

/// Package managers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// Debian, Ubuntu.
    Apt,
    /// Fedora.
    Dnf,
    /// Arch.
    Pacman,
    /// Alpine.
    Apk,
    /// openSUSE.
    Zypper,
    /// Void.
    Xbps,
    /// macOS.
    Brew,
}

impl Manager {
    /// Every manager.
    pub const ALL: [Self; 7] = [Self::Apt, Self::Dnf, Self::Pacman, Self::Apk, Self::Zypper, Self::Xbps, Self::Brew];

    /// The program that installs.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Apt => "apt-get",
            Self::Dnf => "dnf",
            Self::Pacman => "pacman",
            Self::Apk => "apk",
            Self::Zypper => "zypper",
            Self::Xbps => "xbps-install",
            Self::Brew => "brew",
        }
    }

    /// The program and its arguments that install packages without asking; all but Homebrew's need root.
    pub fn install(self, packages: &[&str]) -> Vec<String> {
        let arguments: &[&str] = match self {
            Self::Apt => &[APT_LOCK[0], APT_LOCK[1], "install", "-y", "--no-install-recommends"],
            Self::Dnf | Self::Zypper => &["install", "-y"],
            Self::Pacman => &["-S", "--needed", "--noconfirm"],
            Self::Apk => &["add"],
            Self::Xbps => &["-y"],
            Self::Brew => &["install"],
        };
        [&[self.program()], arguments, packages].concat().into_iter().map(str::to_owned).collect()
    }

    /// What a person types to install packages.
    pub fn install_line(self, packages: &[&str]) -> String {
        self.with_sudo(&self.install(packages).join(" "))
    }

    /// What a person types to remove a package.
    pub fn remove_line(self, package: &str) -> String {
        self.with_sudo(&match self {
            Self::Apt => format!("apt-get purge {package}"),
            Self::Dnf => format!("dnf remove {package}"),
            Self::Pacman => format!("pacman -Rs {package}"),
            Self::Apk => format!("apk del {package}"),
            Self::Zypper => format!("zypper remove {package}"),
            Self::Xbps => format!("xbps-remove {package}"),
            Self::Brew => format!("brew uninstall {package}"),
        })
    }

    /// The package that brings a program.
    pub fn package_of(self, program: &str) -> &str {
        if self == Self::Apt && program == "xz" { "xz-utils" } else { program }
    }

    fn with_sudo(self, command: &str) -> String {
        if self == Self::Brew { command.to_owned() } else { format!("sudo {command}") }
    }
}

/// Whether `apt-cache policy` names lists of packages beside what is installed.
pub fn apt_has_lists(output: &str) -> bool {
    let files = output.lines().filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    files.into_iter().any(|line| !line.ends_with("/dpkg/status"))
}

/// The programs that the script of nixos.org needs and that are not there. It takes curl or wget, and unpacks with tar and
/// xz, which it does without on macOS (the script of Nix 2.35).
pub fn missing(is_macos: bool, is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let mut missing: Vec<&str> = ["tar", "xz"].into_iter().filter(|name| !is_there(name)).collect();
    missing.retain(|name| !(is_macos && *name == "xz"));
    if !is_there("curl") && !is_there("wget") {
        missing.push("curl");
    }
    missing
}

/// The candidates of `apt-cache policy PACKAGE…`, by package.
pub fn apt_candidates(output: &str) -> Vec<(String, Option<String>)> {
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    for line in output.lines() {
        if let Some(package) = line.strip_suffix(':').filter(|name| !name.starts_with(' ')) {
            found.push((package.to_owned(), None));
        } else if let (Some(version), Some(last)) = (line.trim().strip_prefix("Candidate:"), found.last_mut()) {
            last.1 = Some(version.trim().to_owned()).filter(|version| version != "(none)");
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_apt_would_install() {
        let output = "nix-bin:\n  Installed: (none)\n  Candidate: 2.26.3+dfsg-1\n  Version table:\n     2.26.3+dfsg-1 500\ndirenv:\n  Candidate: (none)\n";
        assert_eq!(
            apt_candidates(output),
            [("nix-bin".to_owned(), Some("2.26.3+dfsg-1".to_owned())), ("direnv".to_owned(), None)]
        );
        assert_eq!(apt_candidates("N: nothing"), []);
    }

    #[test]
    fn empty_lists_are_told_from_lists_without_a_package() {
        let empty = "Package files:\n 100 /var/lib/dpkg/status\n     release a=now\nPinned packages:\n";
        assert!(!apt_has_lists(empty));
        let full = empty.replace("Pinned", " 500 http://mirror.example/debian trixie/main amd64 Packages\nPinned");
        assert!(apt_has_lists(&full));
    }

    #[test]
    fn the_script_takes_curl_or_wget_and_needs_xz_outside_macos() {
        assert_eq!(missing(false, |_| false), ["tar", "xz", "curl"]);
        assert_eq!(missing(true, |name| matches!(name, "tar" | "wget")), [""; 0]);
    }
}
