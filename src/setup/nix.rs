//! Nix itself: whether it is needed, by which route it comes, and flakes.

use camino::Utf8Path;

use super::{Choices, Recognised, Route, Setup, SetupError, distro, nix_installer, nix_portable, route, script, too_old};
use crate::facts::nix::Installer;
use crate::facts::system::{Purpose, Room};
use crate::facts::{Facts, Unknown};
use crate::line_edit::LineEdit;
use crate::nix::conf::words_of;
use crate::plan::{Action, Privilege, Step, Undo};

/// The line that switches flakes on.
pub const FLAKES: &str = "extra-experimental-features = nix-command flakes";

/// Adds the steps that bring Nix. One that is there is never removed: only its own packages can replace it.
pub(super) fn add(facts: &Facts, choices: &Choices, setup: &mut Setup) -> Result<(), SetupError> {
    let Some(program) = facts.nix.program() else { return bring(facts, choices, setup) };
    let is_on_path = facts.nix.on_path.known().is_some_and(Option::is_some);
    if !is_on_path {
        setup.plan.notes.push(format!(
            "Nix is installed as `{program}`, which this shell does not have on PATH; open a new one, and if that does not help, `nixstart doctor --check nix-on-path` does"
        ));
    }
    match facts.nix.version.get() {
        Ok(version) if version.is_new_enough() => {}
        Ok(_) => return replace(facts, choices, setup),
        Err(why) => return leave(program, &why, choices, setup),
    }
    if choices.route.is_some() {
        setup.plan.notes.push("Nix is there already, so no route is taken".to_owned());
    }
    if is_of_packages(facts) {
        distro::add_group(facts, setup);
    }
    Ok(())
}

/// Installs Nix where there is none.
fn bring(facts: &Facts, choices: &Choices, setup: &mut Setup) -> Result<(), SetupError> {
    setup.route = choose(facts, choices, setup)?;
    if choices.route.is_none() && setup.route != Some(Route::NixInstaller) {
        setup
            .plan
            .notes
            .extend(route::wsl_without_systemd(facts).map(|advice| format!("Nix for all users needs systemd; {advice}")));
    }
    if choices.route.is_none() && setup.route == Some(Route::ChrootStore) {
        let advice = route::other_accounts(facts);
        setup.plan.notes.extend(advice.map(|advice| format!("installers for all users refuse {advice}")));
    }
    if let Some(route) = setup.route {
        return install(route, facts, choices, setup);
    }
    no_route(setup);
    Ok(())
}

/// A Nix that is too old comes newer from where it came from, or a person takes it away first.
fn replace(facts: &Facts, choices: &Choices, setup: &mut Setup) -> Result<(), SetupError> {
    let is_route = |route: Route| choices.route.is_none_or(|asked| asked == route);
    if is_of_packages(facts) && is_route(Route::Distro) && Route::Distro.fit(facts, choices).is_ok() {
        setup.route = Some(Route::Distro);
        return install(Route::Distro, facts, choices, setup);
    }
    if let Some(route) = choices.route {
        return Err(SetupError::Unfit { route: route.name(), why: format!("an older Nix is there, and {}", upgrade(facts)) });
    }
    setup.plan.notes.push(upgrade(facts));
    setup.is_left_to_person = true;
    Ok(())
}

/// A Nix whose version nobody knows may be too old, broken, or neither: a person looks at it, and nothing runs it.
fn leave(program: &Utf8Path, why: &Unknown, choices: &Choices, setup: &mut Setup) -> Result<(), SetupError> {
    let why = format!("the version of `{program}` could not be judged: {why}");
    if let Some(route) = choices.route {
        return Err(SetupError::Unfit { route: route.name(), why });
    }
    setup.plan.notes.push(format!("{why}; mend it or remove it, then run `nixstart setup` again"));
    setup.is_left_to_person = true;
    Ok(())
}

pub(super) fn is_of_packages(facts: &Facts) -> bool {
    facts.nix.origin.known().is_some_and(|origin| matches!(origin.installer, Installer::Package { .. }))
}

/// What to do about a Nix that is too old.
fn upgrade(facts: &Facts) -> String {
    format!("{}: {}", too_old(), super::upgrade::upgrade(facts).describe())
}

/// The route that was asked for, or the best one; `None` when none works.
fn choose(facts: &Facts, choices: &Choices, setup: &Setup) -> Result<Option<Route>, SetupError> {
    if let Some(route) = choices.route {
        return match route.fit(facts, choices) {
            Ok(()) => Ok(Some(route)),
            Err(why) => Err(SetupError::Unfit { route: route.name(), why: why.to_string() }),
        };
    }
    Ok(setup.alternatives.iter().find(|(_, why)| why.is_none()).map(|(route, _)| *route))
}

fn no_route(setup: &mut Setup) {
    setup.is_left_to_person = true;
    setup.plan.notes.push("no way to install Nix works on this machine by itself".to_owned());
    let why = |(route, why): &(Route, Option<super::Unfit>)| Some(format!("{}: {}", route.name(), why.as_ref()?));
    setup.plan.notes.extend(setup.alternatives.iter().filter_map(why));
}

fn install(route: Route, facts: &Facts, choices: &Choices, setup: &mut Setup) -> Result<(), SetupError> {
    refuse_without_room(route, facts)?;
    match route {
        Route::Distro => {
            distro::add(facts, setup);
            Ok(())
        }
        Route::NixInstaller => nix_installer::add(facts, choices, setup),
        Route::ScriptDaemon => script::add_daemon(facts, choices, setup),
        Route::ScriptSingleUser => script::add_single_user(facts, choices, setup),
        Route::ChrootStore => nix_portable::add(facts, choices, setup),
    }
}

/// An installation that fills the disk leaves a machine that is worse than before.
fn refuse_without_room(route: Route, facts: &Facts) -> Result<(), SetupError> {
    let rooms = facts.system.rooms.known().map(Vec::as_slice).unwrap_or_default();
    let purpose = match route {
        Route::ChrootStore => Purpose::Home,
        Route::NixInstaller | Route::ScriptDaemon | Route::ScriptSingleUser | Route::Distro => Purpose::Store,
    };
    let Some(Room { path, free_bytes, free_files, .. }) = rooms.iter().find(|room| room.purpose == purpose).cloned() else {
        return Ok(());
    };
    match free_files.filter(|free| *free < Room::LEAST_FILES) {
        _ if free_bytes < Room::LEAST_BYTES => Err(SetupError::NoRoom { path, free_bytes }),
        Some(free_files) => Err(SetupError::NoFiles { path, free_files }),
        None => Ok(()),
    }
}

/// Whether flakes are switched on, or will be by the installer.
pub fn has_flakes(facts: &Facts) -> bool {
    let settings = [facts.config.system.known(), facts.config.user.known()].into_iter().flatten().flatten().cloned();
    let settings: Vec<_> = settings.collect();
    let features = words_of(&settings, "experimental-features").unwrap_or_default();
    let is_on = ["nix-command", "flakes"].iter().all(|feature| features.contains(feature));
    is_on || facts.nix.version.known().is_some_and(crate::nix::NixVersion::has_flakes_by_default)
}

/// One line in the user's own settings: the feature is the client's, so it needs no root.
pub(super) fn add_flakes(facts: &Facts, setup: &mut Setup) {
    let is_determinate = Recognised::of(facts) == Some(Recognised::Determinate);
    // Whether a Nix whose version is not known would take the setting cannot be proven.
    let is_unknown = facts.nix.program().is_some() && facts.nix.version.known().is_none();
    if is_unknown || has_flakes(facts) || is_determinate || setup.route == Some(Route::NixInstaller) {
        return;
    }
    let edit = LineEdit::Add { lines: vec![FLAKES.to_owned()] };
    let path = match super::user_settings(facts, &edit) {
        Some(Ok(path)) => path,
        Some(Err(why)) => {
            setup.is_left_to_person = true;
            return setup.plan.notes.push(format!("{why}; add by hand: {FLAKES}"));
        }
        None => return,
    };
    setup.plan.steps.push(Step {
        id: "flakes".to_owned(),
        title: format!("Switch flakes on in `{path}`"),
        explanation:
            "Every project here is a flake. The feature is the client's: your own file is enough, and no daemon restarts."
                .to_owned(),
        privilege: Privilege::User,
        action: Action::EditFile { path, edit },
        undo: Undo::Restore,
        is_satisfied: false,
        proof: None,
    });
    setup.optional.insert("flakes".to_owned());
}
