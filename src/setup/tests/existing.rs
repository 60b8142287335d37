//! What is planned where there is a Nix already.

use super::*;

/// A Nix of the distribution's packages.
fn with_packages(version: &str, candidate: &str) -> Facts {
    let mut facts = debian(Init::Systemd, &["sudo"]);
    facts.nix.on_path = Some(Utf8PathBuf::from("/usr/bin/nix")).into();
    facts.nix.version = crate::nix::NixVersion::parse(&format!("nix (Nix) {version}")).unwrap().into();
    let installer = crate::facts::nix::Installer::Package { manager: "dpkg" };
    facts.nix.origin = crate::facts::nix::Origin { installer, evidence: vec![] }.into();
    facts.packages.nix = Some(candidate.to_owned()).into();
    facts
}

#[test]
fn a_nix_that_is_too_old_is_never_removed() {
    let by = |route: Option<Route>| Choices { route, ..choices(Route::Distro) };
    let old = plan(&with_packages("2.8.0", "2.8.0-1"), &by(None)).unwrap();
    assert!(old.plan.step("nix").is_none() && old.is_left_to_person);
    assert!(old.plan.notes.iter().any(|note| note.contains("apt-get purge")), "{:?}", old.plan.notes);
    let error = plan(&with_packages("2.8.0", "2.8.0-1"), &by(Some(Route::NixInstaller))).unwrap_err().to_string();
    assert!(error.contains("an older Nix is there"), "{error}");
    let newer = plan(&with_packages("2.8.0", "2.26.3-1"), &by(None)).unwrap();
    assert_eq!(newer.route, Some(Route::Distro));
    let ready = plan(&with_packages("2.26.3", "2.26.3-1"), &by(Some(Route::Distro))).unwrap();
    assert!(ready.plan.step("nix").is_none() && ready.plan.notes.iter().any(|note| note.contains("no route is taken")));
}

#[test]
fn a_nix_of_unknown_version_is_left_to_the_person_and_nothing_runs_it() {
    let mut facts = with_packages("2.26.3", "2.26.3-1");
    facts.nix.version = Fact::failed("`/usr/bin/nix --version` says nothing that can be read");
    facts.nix.store_mode = StoreMode::MultiUser.into();
    facts.direnv = with_daemon().direnv;
    facts.devenv = with_daemon().devenv;
    let setup = plan(&facts, &Choices { route: None, ..choices(Route::Distro) }).unwrap();
    assert_eq!((steps(&setup), setup.extras.len(), setup.is_left_to_person), (vec!["direnv-hook".to_owned()], 0, true));
    let notes = setup.plan.notes.join("\n");
    assert!(notes.contains("version of `/usr/bin/nix` could not be judged") && !notes.contains("upgrade-nix"), "{notes}");
    let error = plan(&facts, &choices(Route::Distro)).unwrap_err().to_string();
    assert!(error.contains("could not be judged"), "{error}");
}

#[test]
fn a_plan_of_single_steps_says_that_nix_is_missing_or_too_old() {
    let only = Choices { only: ["flakes".to_owned()].into(), ..choices(Route::Distro) };
    let setup = plan(&debian(Init::Systemd, &["sudo"]), &only).unwrap();
    assert_eq!(setup.lacks, Some(Lack::Missing));
    let mut facts = debian(Init::Systemd, &["sudo"]);
    facts.nix.on_path = Some(Utf8PathBuf::from("/usr/bin/nix")).into();
    assert_eq!(plan(&facts, &only).unwrap().lacks, Some(Lack::Unknown));
    let version = |text: &str| NixVersion::parse(&format!("nix (Nix) {text}")).unwrap();
    for (text, lack) in [("2.8.0", Some(Lack::TooOld(version("2.8.0")))), ("2.26.3", None)] {
        facts.nix.version = version(text).into();
        assert_eq!(plan(&facts, &only).unwrap().lacks, lack);
    }
}

#[test]
fn a_profile_that_is_off_path_gets_there_before_something_is_installed_into_it() {
    let mut facts = with_packages("2.26.3", "2.26.3-1");
    facts.nix.store_mode = StoreMode::MultiUser.into();
    facts.direnv.program = Fact::Known(None);
    facts.packages.direnv = Fact::Known(None);
    let setup = plan(&facts, &Choices::default()).unwrap();
    let place = |id: &str| steps(&setup).iter().position(|step| step == id).unwrap();
    assert!(place("nix-path") < place("direnv") && place("direnv") < place("direnv-hook"), "{:?}", steps(&setup));
    assert!(line(&setup, "nix-path").contains("$HOME/.nix-profile/bin"));
}
