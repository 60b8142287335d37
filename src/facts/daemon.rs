//! What is known about the Nix daemon and the users it builds as.

pub mod accounts;

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::Fact;

/// What is known about the Nix daemon and the users it builds as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Daemon {
    /// Who runs this.
    pub user: Fact<User>,
    /// How many accounts people log in with.
    pub people: Fact<usize>,
    /// What its socket does; irrelevant for who writes to the store without it.
    pub socket: Fact<Socket>,
    /// The directory of the socket.
    pub directory: Fact<SocketDirectory>,
    /// Its units; irrelevant without systemd.
    pub units: Fact<Units>,
    /// What Nix says about protocols of client and store; only with `--deep`.
    pub protocol: Fact<Protocol>,
    /// The group of the users that builds run as; `None` when builds run as the daemon itself.
    pub build_group: Fact<Option<BuildGroup>>,
    /// The accounts that builds run as, by the names that installers give them; irrelevant on macOS.
    pub accounts: Fact<BuildAccounts>,
    /// The build users of macOS and their ids.
    pub mac_build_users: Fact<BTreeMap<String, u32>>,
    /// The schema of the database of the store.
    pub schema: Fact<Schema>,
    /// How many processors there are.
    pub processors: Fact<usize>,
}

/// A user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The groups of this session.
    pub session_groups: Vec<String>,
    /// The groups that a new session would have.
    pub groups: Vec<String>,
}

/// What the socket of the daemon does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Socket {
    /// Somebody answers.
    Answers(Utf8PathBuf),
    /// It is not there.
    Missing(Utf8PathBuf),
    /// Nobody listens.
    Refused(Utf8PathBuf),
    /// The user may not connect.
    Denied(Utf8PathBuf),
    /// Nothing happened in time.
    Silent(Utf8PathBuf),
}

/// The directory of the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketDirectory {
    /// The directory.
    pub path: Utf8PathBuf,
    /// Its group.
    pub group: String,
    /// Its permission bits.
    pub mode: u32,
}

/// The units of the daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Units {
    /// `nix-daemon.socket`.
    pub socket: Unit,
    /// `nix-daemon.service`.
    pub service: Unit,
}

/// What systemd says of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit {
    /// Whether there is one.
    pub is_loaded: bool,
    /// Whether it is active.
    pub is_active: bool,
    /// Whether it is started with the machine.
    pub is_enabled: bool,
}

/// What Nix says about protocols of client and store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protocol {
    /// They are the same.
    Same,
    /// They differ; the lines that say how.
    Differs(Vec<String>),
}

/// The group of the users that builds run as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildGroup {
    /// Its name.
    pub name: String,
    /// Whether there is such a group.
    pub exists: bool,
    /// Its members.
    pub members: Vec<String>,
    /// Those of them that are no users.
    pub missing: Vec<String>,
}

/// The accounts that builds run as, by the names that every installer gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildAccounts {
    /// The number of the group `nixbld`; `None` when there is none.
    pub group: Option<u32>,
    /// The users `nixbld1` and so on, with their numbers.
    pub users: BTreeMap<String, u32>,
}

impl BuildAccounts {
    /// The name of the group, and what the names of its users begin with.
    const NAME: &str = "nixbld";
    /// The number that installers for all users give the group, and from which they count its users.
    const FIRST: u32 = 30_000;

    /// The accounts among those of a machine.
    pub fn among(users: &[accounts::Account<'_>], groups: &[accounts::Group<'_>]) -> Self {
        Self {
            group: groups.iter().find(|group| group.name == Self::NAME).map(|group| group.gid),
            users: users
                .iter()
                .filter(|user| Self::place(user.name).is_some())
                .map(|user| (user.name.to_owned(), user.uid))
                .collect(),
        }
    }

    /// Which of the users a name is.
    fn place(name: &str) -> Option<u32> {
        name.strip_prefix(Self::NAME)?.parse().ok()
    }

    /// Whether they are as installers for all users make them, which refuse others; packages of distributions take
    /// whatever numbers are free (nix-installer 2.33, the script of Nix 2.35, measured with nix-setup-systemd 2.26).
    pub fn are_of_installers(&self) -> bool {
        let is_usual =
            |(name, uid): (&String, &u32)| Self::place(name).and_then(|place| Self::FIRST.checked_add(place)) == Some(*uid);
        self.group.is_none_or(|gid| gid == Self::FIRST) && self.users.iter().all(is_usual)
    }

    /// What a person types to remove them; `None` when there are none.
    pub fn removal(&self) -> Option<String> {
        let users: Vec<&str> = self.users.keys().map(String::as_str).collect();
        let users = (!users.is_empty()).then(|| format!("for user in {}; do userdel $user; done", users.join(" ")));
        let group = self.group.map(|_| format!("groupdel {}", Self::NAME));
        let lines: Vec<String> = users.into_iter().chain(group).collect();
        (!lines.is_empty()).then(|| format!("sudo sh -c '{}'", lines.join("; ")))
    }
}

/// The schema of the database of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schema {
    /// It is this one, and Nix can read it.
    Readable(u64),
    /// The file holds something else than a number.
    Corrupt,
    /// Nix says that it cannot read it.
    Refused {
        /// The number.
        number: u64,
        /// What Nix says.
        says: String,
    },
}

/// Reads what `systemctl show --property=Id,LoadState,ActiveState,UnitFileState` prints of the two units.
pub fn units(text: &str) -> Units {
    let blocks: Vec<BTreeMap<&str, &str>> =
        text.split("\n\n").map(|block| block.lines().filter_map(|line| line.split_once('=')).collect()).collect();
    let unit = |id: &str| {
        let block = blocks.iter().find(|block| block.get("Id") == Some(&id));
        let is = |key: &str, values: &[&str]| block.and_then(|block| block.get(key)).is_some_and(|value| values.contains(value));
        Unit {
            is_loaded: is("LoadState", &["loaded"]),
            is_active: is("ActiveState", &["active", "activating", "reloading"]),
            is_enabled: is(
                "UnitFileState",
                &["enabled", "enabled-runtime", "static", "linked", "linked-runtime", "alias", "generated"],
            ),
        }
    };
    Units { socket: unit("nix-daemon.socket"), service: unit("nix-daemon.service") }
}

/// Reads what `nix config check` prints about the protocol; `None` when it says nothing of it.
pub fn protocol(text: &str) -> Option<Protocol> {
    if text.lines().any(|line| line.contains("[PASS] Client protocol matches")) {
        return Some(Protocol::Same);
    }
    let lines = text.lines().map(str::trim);
    let versions: Vec<String> = lines
        .filter(|line| line.starts_with("Client protocol:") || line.starts_with("Store protocol:"))
        .map(str::to_owned)
        .collect();
    (text.contains("protocol version of this client") || !versions.is_empty()).then_some(Protocol::Differs(versions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units() {
        let text = "Id=nix-daemon.socket\nLoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n\nId=nix-daemon.service\nLoadState=loaded\nActiveState=active\nUnitFileState=static\n";
        let is = |is_active, is_enabled| Unit { is_loaded: true, is_active, is_enabled };
        assert_eq!(units(text), Units { socket: is(false, false), service: is(true, true) });
        assert_eq!(units("Id=nix-daemon.socket\nLoadState=not-found\n"), Units::default());
    }

    #[test]
    fn tells_build_accounts_of_installers_from_those_of_packages() {
        let read = |passwd: &str, group: &str| BuildAccounts::among(&accounts::accounts(passwd), &accounts::groups(group));
        assert_eq!(read("ada:x:1000:1000::/home/ada:/bin/sh\n", "users:x:100:\n"), BuildAccounts::default());
        let user = |name: &str, uid: u32| format!("{name}:x:{uid}:1::/:/bin/false\n");
        let usual = read(&(user("nixbld1", 30_001) + &user("nixbld32", 30_032)), "nixbld:x:30000:\n");
        assert!(usual.are_of_installers() && BuildAccounts::default().are_of_installers());
        let packaged = read(&(user("nixbld1", 998) + &user("nixbld2", 997)), "nixbld:x:999:nixbld1\nnixbld-x:x:5:\n");
        assert!(!packaged.are_of_installers());
        let removal = "sudo sh -c 'for user in nixbld1 nixbld2; do userdel $user; done; groupdel nixbld'";
        assert_eq!((packaged.removal().as_deref(), BuildAccounts::default().removal()), (Some(removal), None));
        assert!(!read("", "nixbld:x:999:\n").are_of_installers());
    }

    #[test]
    fn reads_protocols() {
        let good = "Running checks against store uri: local\n[PASS] PATH contains only one nix version.\n[PASS] Client protocol matches store protocol.\n";
        assert_eq!(protocol(good), Some(Protocol::Same));
        let bad = "[FAIL] Warning: protocol version of this client does not match the store.\nWhile this is not necessarily a problem it's recommended to keep the client in\nsync with the daemon.\n\nClient protocol: 1.34\nStore protocol: 1.38\n";
        assert_eq!(protocol(bad), Some(Protocol::Differs(vec!["Client protocol: 1.34".into(), "Store protocol: 1.38".into()])));
        assert_eq!(protocol("error: x"), None);
    }
}
