//! The table of installers in `assets/installers.toml`: from where, for which system, and with which digest.

use semver::Version;
use serde::Deserialize;

use crate::plan::{DownloadCheck, Sha256};

/// The table that is built in.
const TABLE: &str = include_str!("../../assets/installers.toml");

/// How many bytes are taken when the size is not known: the shell script is some kilobytes, and the others carry a
/// compressed Nix.
const MOST_BYTES_OF_SCRIPT: u64 = 1_000_000;
const MOST_BYTES_OF_PROGRAM: u64 = 150_000_000;

/// What installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// NixOS/nix-installer, a program with Nix in it.
    NixInstaller,
    /// The shell script of nixos.org.
    Script,
    /// nix-portable, which is a Nix of its own and installs nothing.
    NixPortable,
}

impl Kind {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NixInstaller => "nix-installer",
            Self::Script => "the installer script of nixos.org",
            Self::NixPortable => "nix-portable",
        }
    }

    /// How many bytes are taken when its size is not known.
    pub const fn most_bytes(self) -> u64 {
        match self {
            Self::NixInstaller | Self::NixPortable => MOST_BYTES_OF_PROGRAM,
            Self::Script => MOST_BYTES_OF_SCRIPT,
        }
    }
}

/// An installer that can be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installer {
    /// What installs.
    pub kind: Kind,
    /// Its version, which is that of the Nix it installs, but for nix-portable; `None` when it is whatever is newest.
    pub version: Option<Version>,
    /// The system it is for, in Nix's words; `None` when it is for every system.
    pub system: Option<String>,
    /// From where, over HTTPS.
    pub url: String,
    /// Its digest, where a public source says it.
    pub sha256: Option<Sha256>,
    /// Where its publisher keeps its digest; what begins with a dot is added to the address that redirects lead to.
    pub sha256_url: Option<String>,
    /// How many bytes it has, where a public source says it.
    pub size: Option<u64>,
}

/// What is wrong with a table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It is no table of installers.
    #[error("the table of installers is not understood: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A row has a wrong value.
    #[error("the table of installers has `{value}` as {field} of `{url}`: {reason}")]
    Value {
        /// The field.
        field: &'static str,
        /// What is in it.
        value: String,
        /// The row.
        url: String,
        /// What it should be, as a fragment.
        reason: String,
    },
}

impl Installer {
    /// What a download of it is checked against: the digest that a person names, the pinned one, else its publisher's.
    /// `None` when nothing is known about it, so that it cannot be downloaded.
    pub fn check(&self, named: Option<&Sha256>) -> Option<DownloadCheck> {
        if let Some(sha256) = named.or(self.sha256.as_ref()) {
            return Some(DownloadCheck::Pinned { sha256: sha256.clone() });
        }
        self.sha256_url.clone().map(|url| {
            if url.starts_with('.') {
                DownloadCheck::PublishedBeside { suffix: url }
            } else {
                DownloadCheck::Published { sha256_url: url }
            }
        })
    }

    /// More bytes than this are not taken.
    pub fn most_bytes(&self) -> u64 {
        self.size.unwrap_or_else(|| self.kind.most_bytes())
    }

    /// The name of the file.
    pub fn file_name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }

    /// What it is called, with its version.
    pub fn title(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.kind.name()),
            None => format!("the newest version of {}", self.kind.name()),
        }
    }

    fn serves(&self, kind: Kind, system: &str) -> bool {
        self.kind == kind && self.system.as_deref().is_none_or(|own| own == system)
    }
}

/// The installers that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installers {
    /// Those of a version that never changes.
    pub pinned: Vec<Installer>,
    /// Those whose addresses lead to the newest version.
    pub latest: Vec<Installer>,
}

impl Installers {
    /// The installers that are built in.
    pub fn built_in() -> Result<Self, TableError> {
        Self::parse(TABLE)
    }

    /// Reads a table.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let table = toml::from_str::<Table>(text)?;
        let rows = |rows: Vec<Row>| rows.into_iter().map(Row::parse).collect::<Result<_, _>>();
        Ok(Self { pinned: rows(table.installer)?, latest: rows(table.latest)? })
    }

    /// The installer of a kind for a system such as `x86_64-linux`; `None` when there is none.
    pub fn pinned(&self, kind: Kind, system: &str) -> Option<&Installer> {
        self.pinned.iter().find(|installer| installer.serves(kind, system))
    }

    /// The newest installer of a kind for a system; `None` when nothing leads to it.
    pub fn latest(&self, kind: Kind, system: &str) -> Option<&Installer> {
        self.latest.iter().find(|installer| installer.serves(kind, system))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    installer: Vec<Row>,
    #[serde(default)]
    latest: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: Kind,
    #[serde(default)]
    version: String,
    system: String,
    url: String,
    #[serde(default)]
    sha256_url: String,
    #[serde(default)]
    sha256: String,
    #[serde(default)]
    size: u64,
}

impl Row {
    fn parse(self) -> Result<Installer, TableError> {
        let wrong = |field, value: &str, reason: &dyn ToString| TableError::Value {
            field,
            value: value.to_owned(),
            url: self.url.clone(),
            reason: reason.to_string(),
        };
        let is_https = |url: &str| url.starts_with("https://");
        if !is_https(&self.url) {
            return Err(wrong("url", &self.url, &"an address begins with `https://`"));
        }
        if !self.sha256_url.is_empty() && !self.sha256_url.starts_with('.') && !is_https(&self.sha256_url) {
            return Err(wrong("sha256_url", &self.sha256_url, &"an address begins with `https://`, a suffix with a dot"));
        }
        let is_system = self.system == "any" || self.system.split('-').filter(|part| !part.is_empty()).count() == 2;
        if !is_system {
            return Err(wrong("system", &self.system, &"a system looks like `x86_64-linux`, or is `any`"));
        }
        let version = match self.version.as_str() {
            "" => None,
            text => Some(Version::parse(text).map_err(|error| wrong("version", text, &error))?),
        };
        let sha256 = match self.sha256.as_str() {
            "" => None,
            digest => Some(Sha256::parse(digest).map_err(|error| wrong("sha256", digest, &error))?),
        };
        Ok(Installer {
            kind: self.kind,
            version,
            system: Some(self.system).filter(|system| system != "any"),
            url: self.url,
            sha256,
            sha256_url: Some(self.sha256_url).filter(|url| !url.is_empty()),
            size: Some(self.size).filter(|size| *size > 0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "9adda97297d9e8ab360df95c729eabff4f4f93d6db091953c3a68f29e3fb130c";

    fn row(field: &str, value: &str) -> String {
        let mut row = [
            ("kind", "\"script\""),
            ("version", "\"2.35.2\""),
            ("system", "\"any\""),
            ("url", "\"https://example.org/install\""),
            ("sha256_url", "\"\""),
            ("sha256", "\"\""),
            ("size", "0"),
        ];
        row.iter_mut().filter(|(name, _)| *name == field).for_each(|(_, old)| *old = value);
        row.iter().fold("[[installer]]\n".to_owned(), |text, (name, value)| text + &format!("{name} = {value}\n"))
    }

    #[test]
    fn every_system_has_its_installer() {
        for system in ["x86_64-linux", "aarch64-linux", "aarch64-darwin"] {
            let known = Installers::built_in().unwrap();
            let installer = known.pinned(Kind::NixInstaller, system).unwrap();
            let version = installer.version.as_ref().unwrap();
            assert!(installer.url.ends_with(&format!("/{version}/nix-installer-{system}")), "{system}");
            assert_eq!(known.latest(Kind::NixInstaller, system).unwrap().version, None);
            assert_eq!(installer.file_name(), format!("nix-installer-{system}"));
        }
        let known = Installers::built_in().unwrap();
        assert_eq!(known.pinned(Kind::NixInstaller, "x86_64-darwin"), None);
        for system in ["i686-linux", "x86_64-linux"] {
            assert_eq!(known.pinned(Kind::Script, system).unwrap().file_name(), "install");
            assert!(matches!(
                known.latest(Kind::Script, system).unwrap().check(None),
                Some(DownloadCheck::PublishedBeside { .. })
            ));
        }
    }

    #[test]
    fn what_is_built_in_can_be_checked() {
        let Installers { pinned, latest } = Installers::built_in().unwrap();
        assert!(pinned.iter().all(|installer| installer.sha256.is_some() && installer.version.is_some()));
        for installer in pinned.iter().chain(&latest) {
            assert!(installer.check(None).is_some(), "{}", installer.url);
            assert!(installer.most_bytes() <= MOST_BYTES_OF_PROGRAM, "{}", installer.url);
        }
    }

    #[test]
    fn the_best_check_that_is_known_is_taken() {
        let digest = Sha256::parse(DIGEST).unwrap();
        let other = Sha256::parse(&DIGEST.replace('9', "0")).unwrap();
        let parse = |text: &str| Installers::parse(text).unwrap().pinned.remove(0);
        let pinned = DownloadCheck::Pinned { sha256: digest.clone() };
        assert_eq!(parse(&row("sha256", &format!("\"{DIGEST}\""))).check(None), Some(pinned));
        let published = parse(&row("sha256_url", "\"https://example.org/install.sha256\""));
        assert!(matches!(published.check(None), Some(DownloadCheck::Published { .. })));
        assert_eq!(published.check(Some(&other)), Some(DownloadCheck::Pinned { sha256: other }));
        assert_eq!(parse(&row("", "")).check(None), None);
    }

    #[test]
    fn a_wrong_row_is_refused() {
        for (field, value, message) in [
            ("url", "\"http://example.org/install\"", "`http://example.org/install` as url of"),
            ("sha256_url", "\"example.org\"", "an address begins with `https://`"),
            ("system", "\"linux\"", "a system looks like `x86_64-linux`"),
            ("version", "\"2.35\"", "as version of `https://example.org/install`"),
            ("sha256", "\"abc\"", "`abc` is no SHA-256 digest"),
            ("kind", "\"curl\"", "is not understood"),
            ("size", "-1", "is not understood"),
        ] {
            let error = Installers::parse(&row(field, value)).unwrap_err().to_string();
            assert!(error.contains(message), "{field}: {error}");
        }
    }
}
