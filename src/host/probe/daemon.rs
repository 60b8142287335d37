//! Looks at the Nix daemon and the users it builds as.

mod build_users;
mod socket;
mod user;

use std::thread;

use super::Vantage;
use super::config::files;
use super::nix::{call, machine, store_mode};
use crate::facts::daemon::accounts::{accounts, groups, mac_build_users};
use crate::facts::daemon::{self, BuildAccounts, Daemon, Protocol, Schema, Units};
use crate::facts::nix::{Machine, StoreMode};
use crate::facts::{Fact, Unknown};

/// The schema that every Nix since 1.7 reads.
const SCHEMA: u64 = 10;

pub(super) fn look(vantage: &Vantage) -> Daemon {
    let machine = machine(vantage);
    let mode = store_mode(vantage, rustix::process::geteuid().as_raw());
    let passwd = vantage.read(&vantage.system("/etc/passwd")).known().cloned().flatten().unwrap_or_default();
    let group = vantage.read(&vantage.system("/etc/group")).known().cloned().flatten().unwrap_or_default();
    let mac_build_users = if machine.is_macos() { mac_users(vantage) } else { Fact::irrelevant("this is not macOS") };
    thread::scope(|scope| {
        let units = scope.spawn(|| units(vantage, machine));
        let protocol = scope.spawn(|| protocol(vantage));
        let user = user::look(vantage);
        let people = accounts(&passwd).iter().filter(|account| account.is_of_a_person()).count();
        let settings = files::read(vantage, machine).system;
        Daemon {
            people: if machine.is_macos() { Fact::not_looked("macOS keeps its accounts elsewhere") } else { people.into() },
            accounts: if machine.is_macos() {
                Fact::not_looked("macOS keeps its accounts elsewhere")
            } else {
                BuildAccounts::among(&accounts(&passwd), &groups(&group)).into()
            },
            socket: socket::look(vantage),
            directory: socket::directory(vantage),
            build_group: match mode {
                StoreMode::MultiUser => build_users::look(vantage, &settings, mac_build_users.known()).into(),
                StoreMode::SingleUser { .. } | StoreMode::Chroot(_) | StoreMode::Absent => {
                    Fact::irrelevant("no build users are needed without a store that belongs to root")
                }
            },
            schema: schema(vantage),
            processors: thread::available_parallelism().map_or_else(Fact::failed, |count| count.get().into()),
            user,
            mac_build_users,
            units: units.join().unwrap_or_default(),
            protocol: protocol.join().unwrap_or_default(),
        }
    })
}

fn mac_users(vantage: &Vantage) -> Fact<std::collections::BTreeMap<String, u32>> {
    vantage.run("dscl", &[".", "-list", "/Users", "UniqueID"]).map(|output| mac_build_users(&output.stdout))
}

fn units(vantage: &Vantage, machine: Machine) -> Fact<Units> {
    let has_systemd = match machine {
        Machine::NixOs => true,
        Machine::Linux { has_systemd } => has_systemd,
        Machine::MacOs { .. } => false,
    };
    if !has_systemd {
        return Fact::irrelevant("systemd does not run here");
    }
    let properties = "--property=Id,LoadState,ActiveState,UnitFileState";
    match vantage.run("systemctl", &["show", properties, "nix-daemon.socket", "nix-daemon.service"]) {
        Fact::Known(output) if output.is_success() => daemon::units(&output.stdout).into(),
        Fact::Known(output) => Fact::failed(call::complaint(&output.stderr).join("; ")),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

fn protocol(vantage: &Vantage) -> Fact<Protocol> {
    if !vantage.reach.deep {
        return Fact::not_looked("only with `--deep`");
    }
    let output = match call::renamed(vantage, &["doctor"], &["config", "check"]) {
        Fact::Known(output) => output,
        Fact::Unknown(why) => return Fact::Unknown(why),
    };
    let read = daemon::protocol(&format!("{}\n{}", output.stdout, output.stderr));
    let why = || format!("`nix config check` does not get as far as the store: {}", call::complaint(&output.stderr).join("; "));
    read.map_or_else(|| Fact::failed(why()), Fact::Known)
}

/// Nix is asked only when the schema is another than the one that it has been for years.
fn schema(vantage: &Vantage) -> Fact<Schema> {
    let text = match vantage.read(&vantage.system("/nix/var/nix/db/schema")) {
        Fact::Known(Some(text)) => text,
        Fact::Known(None) => return Fact::irrelevant("there is no database of a store"),
        Fact::Unknown(why) => return Fact::Unknown(why),
    };
    // Nix takes no white space around the number.
    let Ok(number) = text.parse::<u64>() else { return Schema::Corrupt.into() };
    if number <= SCHEMA {
        return Schema::Readable(number).into();
    }
    match call::renamed(vantage, &["store", "ping"], &["store", "info"]) {
        Fact::Known(output) => match output.stderr.lines().find(|line| line.contains("schema is version")) {
            Some(line) => Schema::Refused { number, says: line.trim().to_owned() }.into(),
            None => Schema::Readable(number).into(),
        },
        Fact::Unknown(Unknown::Irrelevant(_)) => Fact::irrelevant("Nix is not installed"),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::vantage;
    use super::*;

    #[test]
    fn reads_the_schema() {
        let (root, vantage) = vantage();
        assert!(matches!(look(&vantage).schema, Fact::Unknown(Unknown::Irrelevant(_))));
        fs_err::create_dir_all(root.join("nix/var/nix/db")).unwrap();
        for (text, expected) in [("10", Schema::Readable(10)), ("10\n", Schema::Corrupt), ("", Schema::Corrupt)] {
            fs_err::write(root.join("nix/var/nix/db/schema"), text).unwrap();
            assert_eq!(schema(&vantage), expected.into(), "{text:?}");
        }
    }

    #[test]
    fn believes_nix_about_a_newer_schema() {
        use std::os::unix::fs::PermissionsExt as _;
        let (root, mut vantage) = vantage();
        fs_err::create_dir_all(root.join("nix/var/nix/db")).unwrap();
        fs_err::write(root.join("nix/var/nix/db/schema"), "99").unwrap();
        let program = root.join("nix-program");
        fs_err::create_dir_all(&program).unwrap();
        fs_err::write(
            program.join("nix"),
            "#!/bin/sh\necho \"error: current Nix store schema is version 99, but I only support 10\" >&2; exit 1\n",
        )
        .unwrap();
        fs_err::set_permissions(program.join("nix"), std::fs::Permissions::from_mode(0o755)).unwrap();
        vantage.environment.insert("PATH".into(), format!("{program}:/usr/bin:/bin"));
        let says = "error: current Nix store schema is version 99, but I only support 10".to_owned();
        assert_eq!(schema(&vantage), Schema::Refused { number: 99, says }.into());
    }

    #[test]
    fn finds_build_accounts_whatever_became_of_their_nix() {
        let (root, vantage) = vantage();
        fs_err::create_dir_all(root.join("etc")).unwrap();
        fs_err::write(root.join("etc/group"), "nixbld:x:994:nixbld1\n").unwrap();
        fs_err::write(root.join("etc/passwd"), "nixbld1:x:993:994::/var/empty:/sbin/nologin\n").unwrap();
        let found = look(&vantage).accounts.known().cloned().unwrap();
        assert_eq!((found.group, found.users), (Some(994), [("nixbld1".to_owned(), 993)].into()));
    }

    #[test]
    fn asks_for_units_only_where_systemd_runs() {
        let (_root, vantage) = vantage();
        assert_eq!(look(&vantage).units.get().unwrap_err().to_string(), "systemd does not run here");
        assert_eq!(look(&vantage).protocol.get().unwrap_err().to_string(), "only with `--deep`");
    }

    /// Asks the `nix` of this machine about its own store.
    #[test]
    fn asks_nix_about_its_protocol() {
        let (_root, mut vantage) = vantage();
        vantage.environment.insert("PATH".into(), std::env::var("PATH").unwrap());
        let Some(program) = vantage.find("nix") else { return };
        // Nix looks at every directory on PATH and ends when it may not.
        vantage.environment.insert("PATH".into(), program.parent().unwrap().to_string());
        vantage.environment.insert("NIX_REMOTE".into(), vantage.directory.join("store").to_string());
        vantage.reach.deep = true;
        assert_eq!(protocol(&vantage), Protocol::Same.into());
    }
}
