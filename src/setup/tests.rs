//! What is planned on which machine.

mod existing;

use super::installer::{Installer, Kind};
use super::*;
use crate::facts::nix::StoreMode;
use crate::facts::packages::Manager;
use crate::facts::shell::{Form, ShellKind, StartupFile};
use crate::facts::system::{Init, Kernel, Privilege as Who, Purpose, Room, UserNamespaces};
use crate::facts::{Fact, Packages};
use crate::plan::DownloadCheck;
use crate::plan::Undo;

/// A Debian without Nix, with bash; `ways` lead to root.
fn debian(init: Init, ways: &[&str]) -> Facts {
    let mut facts = Facts::default();
    facts.system.kernel = Kernel { name: "Linux".into(), release: "6.1".into(), machine: "x86_64".into() }.into();
    facts.system.init = init.into();
    let ways = ways.iter().map(ToString::to_string).collect();
    facts.system.privilege = Who { user_id: 1000, user: Some("ada".into()), ways, ..Who::default() }.into();
    facts.system.user_namespaces = UserNamespaces { works: Some(true), ..UserNamespaces::default() }.into();
    facts.nix.on_path = Fact::Known(None);
    facts.nix.store_mode = StoreMode::Absent.into();
    facts.config.user_file = Utf8PathBuf::from("/home/ada/.config/nix/nix.conf").into();
    facts.packages = Packages { manager: Some(Manager::Apt).into(), direnv: Some("2.32.1".into()).into(), ..Packages::default() };
    facts.shell.variable = Some(Utf8PathBuf::from("/bin/bash")).into();
    facts.shell.files = vec![bashrc()].into();
    facts
}

fn bashrc() -> StartupFile {
    StartupFile {
        shell: ShellKind::Bash,
        path: "/home/ada/.bashrc".into(),
        form: Form::Plain,
        is_text: true,
        blocks: Vec::new(),
        is_writable: true,
        direnv: None,
        devenv: None,
    }
}

fn choices(route: Route) -> Choices {
    Choices {
        route: Some(route),
        installers: Installers::built_in().unwrap(),
        downloads: "/state/downloads/now".into(),
        programs: "/home/ada/.local/share/nixstart".into(),
        home: "/home/ada".into(),
        ..Choices::default()
    }
}

fn steps(setup: &Setup) -> Vec<String> {
    setup.plan.steps.iter().map(|step| step.id.clone()).collect()
}

fn line(setup: &Setup, step: &str) -> String {
    by_hand(setup.plan.step(step).unwrap()).unwrap()
}

#[test]
fn nix_installer_is_downloaded_run_and_uninstalled() {
    let setup = plan(&debian(Init::Systemd, &["sudo"]), &choices(Route::NixInstaller)).unwrap();
    assert_eq!(steps(&setup)[..2], ["nix-download", "nix"]);
    assert!(setup.plan.step("flakes").is_none(), "the installer switches flakes on");
    let program = "/state/downloads/now/nix-installer-x86_64-linux";
    assert_eq!(line(&setup, "nix"), format!("sudo {program} install --no-confirm"));
    let Action::Run { takes_back, settles, produces, .. } = &setup.plan.step("nix").unwrap().action else { panic!() };
    assert_eq!(takes_back.join(" "), format!("{program} uninstall --no-confirm"));
    assert_eq!(settles.join(" "), format!("{program} install /nix/receipt.json --no-confirm"));
    assert_eq!(produces.len(), 1);
    let Action::Download { check, path, .. } = &setup.plan.step("nix-download").unwrap().action else { panic!() };
    assert!(check.is_pinned() && path == program, "{path}");
}

#[test]
fn in_a_container_nix_is_for_root() {
    let mut facts = debian(Init::Other, &[]);
    facts.system.privilege = Who { user_id: 0, user: Some("root".into()), ..Who::default() }.into();
    let setup = plan(&facts, &choices(Route::NixInstaller)).unwrap();
    assert!(line(&setup, "nix").ends_with(" install linux --init none --extra-conf 'sandbox = false' --no-confirm"));
    assert!(Route::NixInstaller.fit(&debian(Init::Other, &["sudo"]), &choices(Route::NixInstaller)).is_err());
}

#[test]
fn apt_is_made_ready_once_on_every_route() {
    let mut facts = debian(Init::Systemd, &["sudo"]);
    facts.direnv.program = Fact::Known(None);
    facts.packages.nix = Some("2.26.3-1".to_owned()).into();
    facts.packages.is_interrupted = true.into();
    let apt = |route: Route, skip: &[&str]| {
        let skip = skip.iter().map(ToString::to_string).collect();
        let setup = plan(&facts, &Choices { skip, ..choices(route) }).unwrap();
        let shown = ["packages-settle", "packages-update", "nix", "nix-socket", "direnv"];
        steps(&setup).into_iter().filter(|id| shown.contains(&id.as_str())).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(apt(Route::Distro, &[]), "packages-settle packages-update nix nix-socket direnv");
    assert_eq!(apt(Route::NixInstaller, &[]), "nix packages-settle packages-update direnv");
    assert_eq!(apt(Route::NixInstaller, &["direnv"]), "nix");
    let setup = plan(&facts, &choices(Route::Distro)).unwrap();
    for step in ["packages-update", "nix", "direnv"] {
        assert!(line(&setup, step).contains("-o DPkg::Lock::Timeout=60"), "{step}");
    }
    let nix = setup.plan.step("nix").unwrap();
    assert!(nix.title.contains("git") && nix.undo.describe().contains("git"), "{nix:?}");
}

#[test]
fn the_script_for_all_users_is_taken_back_by_hand() {
    let setup = plan(&debian(Init::Systemd, &["sudo"]), &choices(Route::ScriptDaemon)).unwrap();
    assert_eq!(steps(&setup)[..3], ["nix-download", "nix", "flakes"]);
    assert_eq!(line(&setup, "nix"), "sudo /state/downloads/now/install-nix --daemon --yes --no-channel-add");
    let undo = setup.plan.step("nix").unwrap().undo.describe();
    assert!(undo.starts_with("undo by hand") && undo.contains("nixbld"), "{undo}");
}

#[test]
fn the_script_for_one_user_needs_root_for_one_directory() {
    let setup = plan(&debian(Init::Other, &["sudo"]), &choices(Route::ScriptSingleUser)).unwrap();
    assert_eq!(steps(&setup)[..5], ["nix-download", "nix-directory", "nix", "nix-path", "flakes"]);
    assert_eq!(line(&setup, "nix-directory"), "sudo install -d -m 0755 -o ada /nix");
    assert!(line(&setup, "nix").ends_with("--no-daemon --yes --no-channel-add --no-modify-profile"));
    assert!(line(&setup, "nix-path").starts_with("add to `/home/ada/.bashrc`: if [ -e \"$HOME/.nix-profile"));

    let mut own = debian(Init::Other, &[]);
    own.nix.store_mode = StoreMode::SingleUser { uid: 1000, is_own: true }.into();
    let setup = plan(&own, &choices(Route::ScriptSingleUser)).unwrap();
    assert!(setup.plan.step("nix-directory").unwrap().is_satisfied);
    own.nix.store_mode = StoreMode::SingleUser { uid: 1001, is_own: false }.into();
    assert!(matches!(plan(&own, &choices(Route::ScriptSingleUser)), Err(SetupError::Unfit { .. })));
}

#[test]
fn without_root_nix_can_be_tried() {
    let setup = plan(&debian(Init::Systemd, &[]), &Choices { route: None, ..choices(Route::ChrootStore) }).unwrap();
    assert_eq!(setup.route, Some(Route::ChrootStore));
    assert_eq!(steps(&setup)[..2], ["nix-download", "nix-path"]);
    let Action::Download { path, .. } = &setup.plan.step("nix-download").unwrap().action else { panic!() };
    assert_eq!(path, "/home/ada/.local/share/nixstart/nix-portable/nix");
}

#[test]
fn a_start_up_file_that_must_not_be_edited_leaves_path_to_the_person() {
    let mut facts = debian(Init::Systemd, &[]);
    facts.shell.files = vec![StartupFile { form: Form::Directory, ..bashrc() }].into();
    let setup = plan(&facts, &choices(Route::ChrootStore)).unwrap();
    assert!(setup.plan.step("nix-path").is_none() && setup.is_left_to_person);
    assert!(setup.plan.notes.iter().any(|note| note.contains("on PATH by hand")), "{:?}", setup.plan.notes);
}

#[test]
fn the_newest_installer_is_unpinned_unless_a_digest_is_named() {
    let facts = debian(Init::Systemd, &["sudo"]);
    let check = |choices: &Choices| match &plan(&facts, choices).unwrap().plan.step("nix-download").unwrap().action {
        Action::Download { check, .. } => check.clone(),
        _ => panic!(),
    };
    let latest = Choices { source: Source::Latest, ..choices(Route::NixInstaller) };
    assert!(matches!(check(&latest), DownloadCheck::Published { .. }));
    let named = Sha256::of_bytes([7; 32]);
    assert_eq!(check(&Choices { named_digest: Some(named.clone()), ..latest }), DownloadCheck::Pinned { sha256: named });
    let script = Choices { source: Source::Latest, ..choices(Route::ScriptDaemon) };
    assert_eq!(check(&script), DownloadCheck::PublishedBeside { suffix: ".sha256".into() });
}

#[test]
fn a_file_that_a_person_brings_is_taken_when_its_digest_is_known_or_named() {
    let facts = debian(Init::Systemd, &["sudo"]);
    let built_in = Installers::built_in().unwrap();
    let known = built_in.pinned(Kind::NixInstaller, "x86_64-linux").unwrap().sha256.clone().unwrap();
    let other = Sha256::of_bytes([7; 32]);
    let with = |sha256: &Sha256, named: Option<&Sha256>| {
        let source = Source::File(OwnFile { path: "/media/installer".into(), sha256: sha256.clone() });
        plan(&facts, &Choices { source, named_digest: named.cloned(), ..choices(Route::NixInstaller) })
    };
    let setup = with(&known, None).unwrap();
    assert!(
        line(&setup, "nix-download").starts_with("install -D -m 700 /media/installer /state/downloads/now/installer && echo")
    );
    assert!(with(&other, Some(&other)).is_ok());
    let error = with(&other, None).unwrap_err().to_string();
    assert!(error.contains(other.as_str()) && error.contains(known.as_str()), "{error}");
    assert!(matches!(with(&known, Some(&other)), Err(SetupError::UnknownFile { .. })));
}

#[test]
fn a_system_without_an_installer_is_named() {
    let mut facts = debian(Init::Systemd, &["sudo"]);
    let none = Choices { installers: Installers::default(), ..choices(Route::ScriptDaemon) };
    let error = plan(&facts, &none).unwrap_err().to_string();
    assert_eq!(
        error,
        "the route `script-daemon` does not work here: the installer script of nixos.org is not known for x86_64-linux"
    );
    let unchecked = Installer { sha256: None, sha256_url: None, ..Installers::built_in().unwrap().pinned.remove(0) };
    let table = Installers { pinned: vec![unchecked], latest: vec![] };
    let unchecked = Choices { installers: table, ..choices(Route::NixInstaller) };
    assert!(matches!(plan(&facts, &unchecked), Err(SetupError::NoInstaller { .. })), "nothing runs unchecked");
    facts.system.kernel = Kernel { name: "Linux".into(), release: "6.1".into(), machine: "riscv64".into() }.into();
    assert!(matches!(plan(&facts, &choices(Route::NixInstaller)), Err(SetupError::Unfit { .. })));
}

#[test]
fn a_disk_that_is_too_full_is_told_before_anything_is_installed() {
    let mut facts = debian(Init::Systemd, &["sudo"]);
    let room =
        |purpose, free_bytes| Room { purpose, path: "/".into(), free_bytes, free_files: Some(400_000), all_files: 500_000 };
    let rooms = |store, home| vec![room(Purpose::Store, store), room(Purpose::Home, home)];
    let (much, little) = (2 << 30, 900_000_000);
    for route in [Route::NixInstaller, Route::ScriptDaemon, Route::ScriptSingleUser, Route::ChrootStore] {
        // A store below the home needs nothing of `/nix`, and the others nothing of the home.
        let (few, enough) =
            if route == Route::ChrootStore { ((much, little), (little, much)) } else { ((little, much), (much, little)) };
        facts.system.rooms = rooms(few.0, few.1).into();
        let error = plan(&facts, &choices(route)).unwrap_err().to_string();
        assert_eq!(error, "Nix needs a gigabyte at least, and `/` has 900 MB free");
        facts.system.rooms = rooms(enough.0, enough.1).into();
        assert!(plan(&facts, &choices(route)).is_ok(), "{route:?}");
    }
    facts.system.rooms = vec![Room { free_files: Some(9_999), ..room(Purpose::Store, much) }].into();
    let error = plan(&facts, &choices(Route::NixInstaller)).unwrap_err().to_string();
    assert_eq!(error, "Nix needs room for 10000 files at least, and `/` takes 9999 more");
}

/// A setup that has planned nothing yet, or the installation of Nix by a route.
pub(super) fn empty(route: Option<Route>) -> Setup {
    let mut setup = Setup { route, ..Setup::empty("/home/ada".into()) };
    if route.is_some() {
        let action = Action::RemoveFile { path: "/x".into() };
        setup.plan.steps.push(Step {
            id: "nix".into(),
            title: "x".into(),
            explanation: "x".into(),
            privilege: Privilege::Root,
            action,
            undo: Undo::Restore,
            is_satisfied: false,
            proof: None,
        });
    }
    setup
}

fn with_daemon() -> Facts {
    let mut facts = Facts::default();
    facts.nix.on_path = Some("/usr/bin/nix".into()).into();
    facts.nix.version = crate::nix::NixVersion::parse("nix (Nix) 2.26.3").unwrap().into();
    facts.nix.store_mode = StoreMode::MultiUser.into();
    facts.direnv.program = Some("/usr/bin/direnv".into()).into();
    facts.direnv.loads_nix_direnv = None.into();
    facts.direnv.nix_direnv_script = None.into();
    facts.direnv.direnvrc = crate::facts::text_file::TextFile {
        path: "/home/ada/.config/direnv/direnvrc".into(),
        form: Form::Absent,
        is_writable: true,
        is_text: true,
        blocks: Vec::new(),
    }
    .into();
    facts.devenv.program = None.into();
    facts.system.privilege = Who { user_id: 1000, ways: vec!["sudo".into()], ..Who::default() }.into();
    facts.system.init = Init::Systemd.into();
    facts
}

fn planned(only: &[&str], skip: &[&str], without_root: bool) -> (Vec<String>, Vec<String>) {
    let ids = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
    let choices = Choices { only: ids(only), skip: ids(skip), without_root, home: "/home/ada".into(), ..Choices::default() };
    let setup = plan(&with_daemon(), &choices).unwrap();
    let ids = |steps: &[Step]| steps.iter().map(|step| step.id.clone()).collect();
    (ids(&setup.plan.steps), ids(&setup.extras))
}

#[test]
fn what_is_off_by_default_is_taken_only_by_its_name() {
    let (steps, extras) = planned(&[], &[], false);
    assert_eq!(steps, ["caches-include", "caches", "daemon-restart", "nix-direnv", "nix-direnv-load"]);
    assert_eq!(extras, ["devenv"]);
    assert_eq!(planned(&["devenv"], &[], false), (vec!["devenv".to_owned()], vec![]));
    assert_eq!(planned(&[], &["devenv"], false).1, Vec::<String>::new());
}

#[test]
fn who_asks_for_a_part_gets_what_it_consists_of() {
    assert_eq!(planned(&["caches"], &[], false).0, ["caches-include", "caches", "daemon-restart"]);
    assert_eq!(planned(&["nix-direnv"], &[], false).0, ["nix-direnv", "nix-direnv-load"]);
    assert_eq!(planned(&["caches-include"], &[], false).0, ["caches-include"]);
}

#[test]
fn who_asks_for_what_needs_nix_is_told_where_there_is_none() {
    let mut facts = with_daemon();
    facts.nix.on_path = None.into();
    for id in ["devenv", "nix-direnv"] {
        let choices = Choices { only: [id.to_owned()].into(), home: "/home/ada".into(), ..Choices::default() };
        let setup = plan(&facts, &choices).unwrap();
        assert!(setup.plan.steps.is_empty() && setup.is_left_to_person);
        assert!(setup.plan.notes[0].starts_with(&format!("{id} needs a Nix")), "{:?}", setup.plan.notes);
    }
}

#[test]
fn the_cache_is_only_advised_to_who_may_not_become_root() {
    let mut facts = with_daemon();
    facts.system.privilege = Who { user_id: 1000, ..Who::default() }.into();
    let setup = plan(&facts, &Choices { home: "/home/ada".into(), ..Choices::default() }).unwrap();
    assert_eq!((steps(&setup).join(" ").as_str(), setup.is_left_to_root), ("nix-direnv nix-direnv-load", false));
    assert_eq!(setup.plan.notes, [caches::ADVICE]);
    let only = ["caches".to_owned()].into();
    let asked = plan(&facts, &Choices { only, home: "/home/ada".into(), ..Choices::default() }).unwrap();
    assert!(
        asked.is_left_to_root && asked.plan.notes.iter().any(|note| note == "by hand: sudo systemctl restart nix-daemon.service")
    );
}

#[test]
fn what_is_left_out_takes_along_what_needs_it() {
    assert_eq!(planned(&[], &["caches"], false).0, ["nix-direnv", "nix-direnv-load"]);
    assert_eq!(planned(&[], &["nix-direnv-load"], false).0, ["caches-include", "caches", "daemon-restart"]);
    assert_eq!(planned(&[], &[], true).0, ["nix-direnv", "nix-direnv-load"]);
}

#[test]
fn what_a_store_below_the_home_cannot_use_is_not_planned() {
    let setup = plan(&debian(Init::Systemd, &["sudo"]), &choices(Route::ChrootStore)).unwrap();
    assert_eq!(steps(&setup), ["nix-download", "nix-path", "flakes"]);
    assert_eq!(setup.lacks, None);
}

#[test]
fn without_root_the_whole_way_by_hand_is_said() {
    let without_root = Choices { without_root: true, ..choices(Route::NixInstaller) };
    let setup = plan(&debian(Init::Systemd, &["sudo"]), &without_root).unwrap();
    assert!(setup.plan.step("nix-download").is_none(), "nobody would run it");
    assert!(setup.is_left_to_root && setup.lacks == Some(Lack::Missing));
    let notes = setup.plan.notes.join("\n");
    let download = notes.find("by hand: curl").unwrap();
    let check = notes.find("sha256sum --check && chmod u+x").unwrap();
    let run = notes.find("by hand: sudo /state/downloads/now/nix-installer-x86_64-linux install").unwrap();
    assert!(download < check && check < run && notes.contains("then run `nixstart setup` again"), "{notes}");
    assert!(notes.contains("--route chroot-store"), "{notes}");

    let single = Choices { without_root: true, ..choices(Route::ScriptSingleUser) };
    let notes = plan(&debian(Init::Other, &["sudo"]), &single).unwrap().plan.notes.join("\n");
    assert!(notes.contains("install-nix --no-daemon"), "{notes}");
}
