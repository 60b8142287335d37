//! Facts with which the checks of the daemon find something, and facts with which they do not.

use camino::Utf8Path;

use crate::doctor::Example;
use crate::facts::Facts;
use crate::facts::daemon::{BuildGroup, Protocol, Schema, Socket, SocketDirectory, Unit, Units, User};
use crate::facts::nix::{Machine, StoreMode};
use crate::nix::conf::{Place, Setting};
use crate::nix::settings;

fn with(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = Facts::default();
    facts.nix.machine = Machine::Linux { has_systemd: true }.into();
    facts.nix.store_mode = StoreMode::MultiUser.into();
    facts.daemon.processors = 8.into();
    facts.daemon.people = 2.into();
    let groups = vec!["users".to_owned()];
    facts.daemon.user = User { name: "ada".into(), uid: 1000, session_groups: groups.clone(), groups }.into();
    change(&mut facts);
    facts
}

fn socket(make: impl FnOnce(&Utf8Path) -> Socket) -> Facts {
    let path = Utf8Path::new("/nix/var/nix/daemon-socket/socket");
    with(|facts| {
        facts.daemon.socket = make(path).into();
        let directory = path.parent().unwrap().to_owned();
        facts.daemon.directory = SocketDirectory { path: directory, group: "nix-users".into(), mode: 0o770 }.into();
    })
}

fn in_group(mut facts: Facts) -> Facts {
    let groups = vec!["nix-users".to_owned()];
    facts.daemon.user = User { name: "ada".into(), uid: 1000, session_groups: Vec::new(), groups }.into();
    facts
}

fn units(socket: (bool, bool), service: (bool, bool)) -> Facts {
    let unit = |(is_active, is_enabled)| Unit { is_loaded: true, is_active, is_enabled };
    with(|facts| facts.daemon.units = Units { socket: unit(socket), service: unit(service) }.into())
}

/// The units as a user finds them who may not knock at the socket; the service is inactive.
fn outside(socket_unit: (bool, bool)) -> Facts {
    let mut facts = socket(|path| Socket::Denied(path.to_owned()));
    facts.daemon.units = units(socket_unit, (false, true)).daemon.units;
    facts
}

fn allowed(words: &[&str]) -> Facts {
    let words = words.iter().map(ToString::to_string).collect();
    let setting = Setting { name: "allowed-users".into(), words, place: Place::Variable, raw: None };
    with(|facts| facts.config.system = vec![setting].into())
}

fn group(exists: bool, members: &[&str], missing: &[&str]) -> Facts {
    let texts = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    with(|facts| {
        facts.daemon.build_group =
            Some(BuildGroup { name: "nixbld".into(), exists, members: texts(members), missing: texts(missing) }).into();
    })
}

fn mac_users(numbers: &[(u32, u32)]) -> Facts {
    let users = numbers.iter().map(|(number, uid)| (format!("_nixbld{number}"), *uid)).collect();
    with(|facts| facts.daemon.mac_build_users = users_fact(users))
}

fn users_fact(users: std::collections::BTreeMap<String, u32>) -> crate::facts::Fact<std::collections::BTreeMap<String, u32>> {
    users.into()
}

fn slots(max_jobs: u64) -> Facts {
    let json = format!(r#"{{"sandbox":{{"value":true}},"max-jobs":{{"value":{max_jobs}}}}}"#);
    with(|facts| {
        facts.config.effective = settings::parse(&json).unwrap().into();
        facts.config.user_file = camino::Utf8PathBuf::from("/home/ada/.config/nix/nix.conf").into();
        facts.config.files = Vec::new().into();
        facts.daemon.build_group =
            Some(BuildGroup { exists: true, members: vec!["a".into(), "b".into()], ..BuildGroup::default() }).into();
    })
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    let mode = |mode: StoreMode| with(|facts| facts.nix.store_mode = mode.into());
    let schema = |schema: Schema| with(|facts| facts.daemon.schema = schema.into());
    let protocol = |protocol: Protocol| with(|facts| facts.daemon.protocol = protocol.into());
    let answers = || socket(|path| Socket::Answers(path.to_owned()));
    let denied = || socket(|path| Socket::Denied(path.to_owned()));
    let good_users = || mac_users(&[(1, 351), (2, 352), (3, 353), (4, 354)]);
    let good_group = || group(true, &["nixbld1"], &[]);
    vec![
        Example {
            id: "store-mode",
            bad: mode(StoreMode::SingleUser { uid: 1000, is_own: true }),
            good: mode(StoreMode::MultiUser),
        },
        Example {
            id: "store-mode",
            bad: mode(StoreMode::SingleUser { uid: 5, is_own: false }),
            good: mode(StoreMode::MultiUser),
        },
        Example { id: "daemon-socket", bad: socket(|path| Socket::Missing(path.to_owned())), good: answers() },
        Example { id: "daemon-socket", bad: socket(|path| Socket::Refused(path.to_owned())), good: denied() },
        Example { id: "daemon-socket", bad: socket(|path| Socket::Silent(path.to_owned())), good: answers() },
        Example { id: "daemon-unit", bad: units((false, false), (true, true)), good: units((true, true), (false, false)) },
        Example { id: "daemon-unit", bad: units((true, false), (false, false)), good: units((true, true), (true, false)) },
        Example { id: "daemon-unit", bad: outside((false, true)), good: outside((true, true)) },
        Example { id: "daemon-access", bad: denied(), good: answers() },
        Example { id: "daemon-access", bad: in_group(denied()), good: answers() },
        Example { id: "allowed-users", bad: allowed(&["root", "@nix"]), good: allowed(&["@users"]) },
        Example { id: "allowed-users", bad: allowed(&["grace"]), good: allowed(&["*"]) },
        Example {
            id: "daemon-protocol",
            bad: protocol(Protocol::Differs(vec!["Client protocol: 1.34".into()])),
            good: protocol(Protocol::Same),
        },
        Example { id: "build-users", bad: group(false, &[], &[]), good: good_group() },
        Example { id: "build-users", bad: group(true, &[], &[]), good: good_group() },
        Example { id: "build-users", bad: group(true, &["nixbld1"], &["nixbld1"]), good: good_group() },
        Example { id: "macos-nixbld-uids", bad: mac_users(&[(5, 305), (6, 306)]), good: good_users() },
        Example { id: "macos-nixbld-uids", bad: mac_users(&[(1, 301), (2, 302), (3, 303), (4, 304)]), good: good_users() },
        Example { id: "db-schema", bad: schema(Schema::Corrupt), good: schema(Schema::Readable(10)) },
        Example {
            id: "db-schema",
            bad: schema(Schema::Refused {
                number: 99,
                says: "current Nix store schema is version 99, but I only support 10".into(),
            }),
            good: schema(Schema::Readable(10)),
        },
        Example { id: "build-slots", bad: slots(1), good: slots(2) },
        Example { id: "build-slots", bad: slots(8), good: slots(2) },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::remedy::Restart;
    use crate::doctor::{Remedy, Verdict, daemon};

    #[test]
    fn a_user_outside_the_group_is_added_to_it() {
        let Ok(Verdict::Fail(problem)) = daemon::socket::is_open_to_the_user(&socket(|path| Socket::Denied(path.to_owned())))
        else {
            panic!("it passes")
        };
        let Remedy::Run { command, as_root: true, takes_back, .. } = &problem.fixes[0].remedy else { panic!("{problem:?}") };
        assert_eq!(command.join(" "), "usermod -aG nix-users ada");
        assert_eq!(takes_back.join(" "), "gpasswd -d ada nix-users");
        assert_eq!(problem.fixes[0].restarts, Some(Restart::Login));
    }

    #[test]
    fn the_socket_is_started_after_the_service_was_stopped_and_stays_enabled_when_it_was() {
        let fix = |socket, service| match daemon::socket::is_started_with_the_machine(&units(socket, service)) {
            Ok(Verdict::Warn(problem)) => match &problem.fixes[0].remedy {
                Remedy::Run { command, undo, .. } => (command.join(" "), undo.clone().unwrap()),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        let (command, undo) = fix((false, true), (true, true));
        assert_eq!(command, "sh -c systemctl stop nix-daemon.service && systemctl start nix-daemon.socket");
        assert!(!undo.contains("disable"), "{undo}");
        let (command, undo) = fix((false, false), (true, true));
        assert!(command.ends_with("&& systemctl enable --now nix-daemon.socket") && undo.contains("disable"), "{undo}");
        let (command, _) = fix((true, false), (false, false));
        assert_eq!(command, "systemctl enable nix-daemon.socket");
    }

    #[test]
    fn a_stale_session_only_warns() {
        let facts = in_group(socket(|path| Socket::Denied(path.to_owned())));
        assert!(matches!(daemon::socket::is_open_to_the_user(&facts), Ok(Verdict::Warn(_))));
    }
}
