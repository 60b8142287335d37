//! What the system's package manager offers: looked at by `setup` only, because asking it takes time.

use super::Fact;

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

    /// What a person types to install packages.
    pub fn install_line(self, packages: &[&str]) -> String {
        let packages = packages.join(" ");
        match self {
            Self::Apt => format!("sudo apt-get install -y --no-install-recommends {packages}"),
            Self::Dnf => format!("sudo dnf install -y {packages}"),
            Self::Pacman => format!("sudo pacman -S --needed {packages}"),
            Self::Apk => format!("sudo apk add {packages}"),
            Self::Zypper => format!("sudo zypper install -y {packages}"),
            Self::Xbps => format!("sudo xbps-install -y {packages}"),
            Self::Brew => format!("brew install {packages}"),
        }
    }
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
}
