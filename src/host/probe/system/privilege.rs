//! Who runs nixstart, and which programs can make that root. Nothing is asked of those programs.

use super::super::Vantage;
use super::platform::text;
use crate::facts::system::{Privilege, account};

const WAYS: [&str; 4] = ["sudo", "doas", "run0", "pkexec"];

pub(super) fn look(vantage: &Vantage) -> Privilege {
    let user_id = rustix::process::geteuid().as_raw();
    let users = text(vantage, "/etc/passwd").unwrap_or_default();
    let groups = text(vantage, "/etc/group").unwrap_or_default();
    let own = users.lines().find(|line| account(line).is_some_and(|(_, id, _)| id == user_id));
    let user = own
        .and_then(account)
        .map(|(name, ..)| name)
        .or_else(|| vantage.variable("USER").or_else(|| vantage.variable("LOGNAME")))
        .map(str::to_owned);
    let first_group = own.and_then(|line| line.split(':').nth(3)?.parse::<u32>().ok());
    Privilege {
        user_id,
        ways: WAYS.into_iter().filter(|way| vantage.find(way).is_some()).map(str::to_owned).collect(),
        groups: groups_of_process(&groups),
        groups_on_file: groups_on_file(&groups, user.as_deref(), first_group),
        user,
    }
}

fn groups_of_process(groups: &str) -> Vec<String> {
    let named = |id: u32| {
        let name = groups.lines().filter_map(account).find(|(_, own, _)| *own == id).map(|(name, ..)| name.to_owned());
        name.unwrap_or_else(|| id.to_string())
    };
    let mut ids: Vec<u32> = rustix::process::getgroups().unwrap_or_default().iter().map(|group| group.as_raw()).collect();
    ids.push(rustix::process::getegid().as_raw());
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(named).collect()
}

fn groups_on_file(groups: &str, user: Option<&str>, first: Option<u32>) -> Vec<String> {
    let is_in = |id: u32, members: &str| first == Some(id) || members.split(',').any(|member| Some(member) == user);
    groups.lines().filter_map(account).filter(|(_, id, members)| is_in(*id, members)).map(|(name, ..)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_groups_a_file_gives() {
        let file = "root:x:0:\nusers:x:100:\nnix-users:x:996:alice,bob\nwheel:x:10:carol\n";
        assert_eq!(groups_on_file(file, Some("bob"), Some(100)), ["users", "nix-users"]);
    }
}
