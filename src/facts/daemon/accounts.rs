//! Reads `/etc/passwd`, `/etc/group` and what `dscl` lists.

use std::collections::BTreeMap;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account<'a> {
    /// The name.
    pub name: &'a str,
    /// The number.
    pub uid: u32,
    /// The number of its own group.
    pub gid: u32,
    /// The program it logs in with.
    pub shell: &'a str,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<'a> {
    /// The name.
    pub name: &'a str,
    /// The number.
    pub gid: u32,
    /// The names of its members, without those whose own group it is.
    pub members: Vec<&'a str>,
}

/// Reads `/etc/passwd`; lines that are none are left out.
pub fn accounts(text: &str) -> Vec<Account<'_>> {
    let account = |line| {
        let mut fields = str::split(line, ':');
        let (name, uid, gid) = (fields.next()?, fields.nth(1)?, fields.next()?);
        Some(Account { name, uid: uid.parse().ok()?, gid: gid.parse().ok()?, shell: fields.nth(2).unwrap_or_default() })
    };
    text.lines().filter_map(account).collect()
}

/// Reads `/etc/group`; lines that are none are left out.
pub fn groups(text: &str) -> Vec<Group<'_>> {
    let group = |line| {
        let mut fields = str::split(line, ':');
        let (name, gid) = (fields.next()?, fields.nth(1)?);
        let members = fields.next().unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        Some(Group { name, gid: gid.parse().ok()?, members })
    };
    text.lines().filter_map(group).collect()
}

impl Account<'_> {
    /// Whether a person logs in with it.
    pub fn is_of_a_person(&self) -> bool {
        let can_log_in = !self.shell.ends_with("nologin") && !self.shell.ends_with("/false");
        (1000..60_000).contains(&self.uid) && can_log_in && !self.name.starts_with("nixbld")
    }
}

/// Reads the build users out of `dscl . -list /Users UniqueID`.
pub fn mac_build_users(text: &str) -> BTreeMap<String, u32> {
    let user = |line: &str| {
        let (name, uid) = line.trim().rsplit_once(char::is_whitespace)?;
        let name = name.trim();
        name.starts_with("_nixbld").then_some((name.to_owned(), uid.parse().ok()?))
    };
    text.lines().filter_map(user).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_accounts_and_groups() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nada:x:1000:100:Ada,,,:/home/ada:/bin/zsh\nnixbld1:x:30001:30000::/var/empty:/usr/sbin/nologin\nbroken\n";
        let read = accounts(passwd);
        assert_eq!(read[1], Account { name: "ada", uid: 1000, gid: 100, shell: "/bin/zsh" });
        assert_eq!(read.iter().filter(|account| account.is_of_a_person()).count(), 1);
        let group = groups("nixbld:x:994:nixbld1,nixbld2\nnix-users:x:995:\nx\n");
        assert_eq!(group[0], Group { name: "nixbld", gid: 994, members: vec!["nixbld1", "nixbld2"] });
        assert_eq!((group[1].gid, group.len()), (995, 2));
    }

    #[test]
    fn reads_build_users_of_macos() {
        let text = "_mbsetupuser             248\n_nixbld1                 301\n_nixbld10                310\nroot                     0\n";
        let read = mac_build_users(text);
        assert_eq!(read.into_iter().collect::<Vec<_>>(), [("_nixbld1".to_owned(), 301), ("_nixbld10".to_owned(), 310)]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "([a-z0-9:,\n -]|\\PC){0,80}") {
            accounts(&text);
            groups(&text);
            mac_build_users(&text);
        }
    }
}
