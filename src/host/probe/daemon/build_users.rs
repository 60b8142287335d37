//! Looks at the users that builds run as.

use std::collections::BTreeMap;

use crate::facts::daemon::BuildGroup;
use crate::facts::daemon::accounts::{accounts, groups};
use crate::host::probe::{Output, Vantage};
use crate::nix::conf::{Setting, words_of};

/// The group of the build users; `None` when builds need none.
pub(super) fn look(vantage: &Vantage, system: &[Setting], mac: Option<&BTreeMap<String, u32>>) -> Option<BuildGroup> {
    if words_of(system, "auto-allocate-uids").is_some_and(|words| words == ["true"]) {
        return None;
    }
    // Root's default; it is empty for others, who ask the daemon.
    let name = words_of(system, "build-users-group").map_or_else(|| "nixbld".to_owned(), |words| words.join(" "));
    if name.is_empty() {
        return None;
    }
    let Some(members) = members(vantage, &name, mac.is_some()) else { return Some(BuildGroup { name, ..BuildGroup::default() }) };
    let missing = match mac {
        Some(users) => members.iter().filter(|member| !users.contains_key(*member)).cloned().collect(),
        None => missing(vantage, &members),
    };
    Some(BuildGroup { name, exists: true, members, missing })
}

fn members(vantage: &Vantage, name: &str, is_macos: bool) -> Option<Vec<String>> {
    if is_macos {
        let read = vantage.run("dscl", &[".", "-read", &format!("/Groups/{name}"), "GroupMembership"]);
        let output = read.known().filter(|output| output.is_success())?;
        let members = output.stdout.split_once("GroupMembership:").map_or("", |(_, members)| members);
        return Some(members.split_whitespace().map(str::to_owned).collect());
    }
    let local = vantage.read(&vantage.system("/etc/group")).known().cloned().flatten().unwrap_or_default();
    let of = |text: &str| {
        let group = groups(text).into_iter().find(|group| group.name == name)?;
        Some(group.members.into_iter().map(str::to_owned).collect())
    };
    of(&local).or_else(|| of(&vantage.run("getent", &["group", name]).known()?.stdout))
}

/// Members that are no users, asking directory services only about those that are not local.
fn missing(vantage: &Vantage, members: &[String]) -> Vec<String> {
    let local = vantage.read(&vantage.system("/etc/passwd")).known().cloned().flatten().unwrap_or_default();
    let absent = |text: &str, members: &[String]| -> Vec<String> {
        let accounts = accounts(text);
        members.iter().filter(|member| !accounts.iter().any(|account| account.name == *member)).cloned().collect()
    };
    let not_local = absent(&local, members);
    if not_local.is_empty() {
        return not_local;
    }
    let arguments: Vec<&str> = std::iter::once("passwd").chain(not_local.iter().map(String::as_str)).collect();
    let known = vantage.run("getent", &arguments).known().map(|output: &Output| output.stdout.clone()).unwrap_or_default();
    absent(&known, &not_local)
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::vantage;
    use super::*;
    use crate::nix::conf::Place;

    fn setting(name: &str, words: &[&str]) -> Setting {
        let words = words.iter().map(ToString::to_string).collect();
        Setting { name: name.into(), words, place: Place::Variable, raw: None }
    }

    #[test]
    fn finds_members_that_are_no_users() {
        let (root, vantage) = vantage();
        fs_err::create_dir_all(root.join("etc")).unwrap();
        fs_err::write(root.join("etc/group"), "nixbld:x:994:nixbld1,nixbld2\n").unwrap();
        fs_err::write(root.join("etc/passwd"), "nixbld1:x:30001:994::/var/empty:/sbin/nologin\n").unwrap();
        let found = look(&vantage, &[], None).unwrap();
        assert_eq!((found.exists, found.members.len(), found.missing), (true, 2, vec!["nixbld2".to_owned()]));
        assert!(!look(&vantage, &[setting("build-users-group", &["builders"])], None).unwrap().exists);
        assert_eq!(look(&vantage, &[setting("build-users-group", &[])], None), None);
        assert_eq!(look(&vantage, &[setting("auto-allocate-uids", &["true"])], None), None);
    }
}
