//! Finds out who runs this, and in which groups: now, and after the next login.

use rustix::process::{getegid, geteuid, getgroups};

use crate::facts::Fact;
use crate::facts::daemon::User;
use crate::facts::daemon::accounts::{Group, accounts, groups};
use crate::host::probe::{Output, Vantage};

pub(super) fn look(vantage: &Vantage) -> Fact<User> {
    let mut gids: Vec<u32> = getgroups().unwrap_or_default().into_iter().map(rustix::process::Gid::as_raw).collect();
    gids.push(getegid().as_raw());
    of(vantage, geteuid().as_raw(), &gids)
}

fn of(vantage: &Vantage, uid: u32, gids: &[u32]) -> Fact<User> {
    let text = |path: &str| vantage.read(&vantage.system(path)).known().cloned().flatten().unwrap_or_default();
    let (passwd, group) = (text("/etc/passwd"), text("/etc/group"));
    let groups = groups(&group);
    let name_of =
        |gid: u32| groups.iter().find(|group| group.gid == gid).map_or_else(|| gid.to_string(), |group| group.name.to_owned());
    let accounts = accounts(&passwd);
    let account = accounts.iter().find(|account| account.uid == uid);
    let session_groups = gids.iter().map(|gid| name_of(*gid)).collect();
    match account {
        Some(account) => {
            let is_member = |group: &&Group<'_>| group.gid == account.gid || group.members.contains(&account.name);
            let groups = groups.iter().filter(is_member).map(|group| group.name.to_owned()).collect();
            User { name: account.name.to_owned(), uid, session_groups, groups }.into()
        }
        None => elsewhere(vantage, uid, session_groups),
    }
}

/// A user that a directory service knows, or macOS.
fn elsewhere(vantage: &Vantage, uid: u32, session_groups: Vec<String>) -> Fact<User> {
    let named = vantage.variable("USER").or_else(|| vantage.variable("LOGNAME")).map(str::to_owned);
    let Some(name) = named else { return Fact::failed(format!("no account has the number {uid}")) };
    let words = |output: &Output| output.stdout.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let asked = |arguments: &[&str]| vantage.run("id", arguments).known().filter(|output| output.is_success()).map(words);
    let groups = asked(&["-Gn", &name]).unwrap_or_default();
    let session_groups = asked(&["-Gn"]).unwrap_or(session_groups);
    User { name, uid, session_groups, groups }.into()
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::vantage;
    use super::*;

    #[test]
    fn tells_groups_of_now_from_groups_of_the_next_login() {
        let (root, vantage) = vantage();
        fs_err::create_dir_all(root.join("etc")).unwrap();
        fs_err::write(root.join("etc/passwd"), "ada:x:1000:100::/home/ada:/bin/sh\n").unwrap();
        fs_err::write(root.join("etc/group"), "users:x:100:\nnix-users:x:995:ada\n").unwrap();
        let user = of(&vantage, 1000, &[100, 7]);
        let expected = User {
            name: "ada".into(),
            uid: 1000,
            session_groups: vec!["users".into(), "7".into()],
            groups: vec!["users".into(), "nix-users".into()],
        };
        assert_eq!(user, expected.into());
        assert!(matches!(of(&vantage, 5, &[]), Fact::Unknown(_)));
    }
}
