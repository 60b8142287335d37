//! Nix itself: its installation by the chosen route, the group of its users, and flakes.

use super::{Choices, Program, Route, Setup, SetupError, is_foreign, too_old};
use crate::facts::Facts;
use crate::facts::nix::Installer;
use crate::facts::system::Init;
use crate::line_edit::LineEdit;
use crate::nix::conf::words_of;
use crate::plan::{Action, Privilege, Step, Undo};

/// How long apt waits for another one.
const LOCK: &str = "DPkg::Lock::Timeout=60";
/// The group that Debian's daemon lets in.
pub const USERS: &str = "nix-users";
/// The line that switches flakes on.
pub const FLAKES: &str = "extra-experimental-features = nix-command flakes";

/// Adds the steps that bring Nix.
pub(super) fn add(facts: &Facts, choices: &Choices, setup: &mut Setup) -> Result<(), SetupError> {
    let is_there = facts.nix.on_path.known().is_some_and(Option::is_some);
    let is_new_enough = facts.nix.version.known().is_some_and(crate::nix::NixVersion::is_new_enough);
    if is_there && !is_new_enough {
        setup.plan.notes.push(upgrade(facts));
        setup.is_left_to_person = true;
    }
    if !is_there || (!is_new_enough && is_of_packages(facts)) {
        setup.route = choose(facts, choices, setup)?;
        match setup.route {
            Some(route) => install(route, facts, setup),
            None => no_route(setup),
        }
    } else if facts.nix.origin.known().is_some_and(|origin| matches!(origin.installer, Installer::Package { .. })) {
        add_group(facts, setup);
    }
    Ok(())
}

fn is_of_packages(facts: &Facts) -> bool {
    facts.nix.origin.known().is_some_and(|origin| matches!(origin.installer, Installer::Package { .. }))
}

/// What to do about a Nix that is too old, by where it came from.
fn upgrade(facts: &Facts) -> String {
    let how = match facts.nix.origin.known().map(|origin| &origin.installer) {
        Some(Installer::Package { .. }) => "remove the package of your distribution and take another route",
        Some(Installer::Determinate) => "run `sudo determinate-nixd upgrade`",
        Some(Installer::Lix) => {
            "run `sudo --preserve-env=PATH nix run --experimental-features 'nix-command flakes' --extra-substituters https://cache.lix.systems --extra-trusted-public-keys 'cache.lix.systems:aBnZUw8zA7H35Cz2RyKFVs3H4PlGTLawyY5KRbvJR8o=' 'git+https://git.lix.systems/lix-project/lix?ref=refs/tags/2.93.3' -- upgrade-nix`"
        }
        Some(Installer::NixOs) => "update the channel or the flake of your configuration",
        Some(Installer::Receipt | Installer::Script) | None => "run `sudo -i nix upgrade-nix`",
    };
    format!("{}: {how}", too_old())
}

/// The route that was asked for, or the best one; `None` when none works.
fn choose(facts: &Facts, choices: &Choices, setup: &Setup) -> Result<Option<Route>, SetupError> {
    if let Some(route) = choices.route {
        return match route.fit(facts) {
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

fn install(route: Route, facts: &Facts, setup: &mut Setup) {
    match route {
        Route::Distro => packages(facts, setup),
        Route::NixInstaller | Route::ScriptDaemon | Route::ScriptSingleUser | Route::ChrootStore => {
            setup.is_left_to_person = true;
            setup.plan.notes.push(format!("install Nix by hand first ({}): {}", route.name(), route.about()));
            setup.plan.notes.extend(route.typed().iter().map(|line| format!("by hand: {line}")));
        }
    }
}

/// Debian's packages. What is named as left behind was measured: purging them keeps the store, the groups and the users.
fn packages(facts: &Facts, setup: &mut Setup) {
    let root = setup.plan.root.clone();
    if facts.packages.is_interrupted.known() == Some(&true) {
        setup.plan.steps.push(
            Program {
                id: "packages-settle",
                title: "Finish the installation that was cut short".to_owned(),
                explanation: "`dpkg --audit` names packages that are half installed; apt installs nothing before they are settled.",
                privilege: Privilege::Root,
                command: &["dpkg", "--configure", "-a"],
                undo: Undo::Irreversible { reason: "it finishes what somebody else began".to_owned() },
                takes_back: &[],
            }
            .step(&root),
        );
    }
    setup.plan.steps.push(
        Program {
            id: "packages-update",
            title: "Fetch the lists of packages".to_owned(),
            explanation: "An old list names packages that the mirror no longer has.",
            privilege: Privilege::Root,
            command: &["apt-get", "-o", LOCK, "update"],
            undo: Undo::Irreversible { reason: "newer lists harm nobody".to_owned() },
            takes_back: &[],
        }
        .step(&root),
    );
    setup.plan.steps.push(
        Program {
            id: "nix",
            title: "Install Nix with apt".to_owned(),
            explanation: "nix-bin is Nix itself, nix-setup-systemd brings the store, the build users and the daemon.",
            privilege: Privilege::Root,
            command: &["apt-get", "-o", LOCK, "install", "-y", "--no-install-recommends", "nix-bin", "nix-setup-systemd", "git"],
            undo: Undo::Manual {
                instruction: "run `sudo apt-get purge nix-setup-systemd nix-bin`; it leaves /nix, the groups nixbld and nix-users and the build users behind".to_owned(),
            },
            takes_back: &[],
        }
        .step(&root),
    );
    // Debian's package enables and starts the socket of the daemon itself where there is systemd.
    if facts.system.init.known() != Some(&Init::Systemd) {
        setup.plan.notes.push("nothing starts the daemon here; run `sudo nix-daemon --daemon` after each boot".to_owned());
    }
    setup.requires.insert("nix".to_owned(), vec!["packages-update".to_owned()]);
    add_group(facts, setup);
}

/// Debian lets only the members of a group in.
fn add_group(facts: &Facts, setup: &mut Setup) {
    let Some(privilege) = facts.system.privilege.known() else { return };
    let Some(user) = privilege.user.as_deref().filter(|_| !privilege.is_root()) else { return };
    if privilege.groups_on_file.iter().any(|group| group == USERS) {
        setup.needs_login |= !privilege.groups.iter().any(|group| group == USERS);
        return;
    }
    setup.needs_login = true;
    let root = setup.plan.root.clone();
    setup.plan.steps.push(
        Program {
            id: "nix-group",
            title: format!("Let {user} use the daemon"),
            explanation: "Debian lets only members of the group nix-users in. It takes effect at the next login.",
            privilege: Privilege::Root,
            command: &["usermod", "-aG", USERS, user],
            undo: Undo::Inverse { by: format!("take {user} out of the group") },
            takes_back: &["gpasswd", "-d", user, USERS],
        }
        .step(&root),
    );
    if setup.plan.step("nix").is_some() {
        setup.requires.insert("nix-group".to_owned(), vec!["nix".to_owned()]);
    }
}

/// One line in the user's own settings: the feature is the client's, so it needs no root.
pub(super) fn add_flakes(facts: &Facts, setup: &mut Setup) {
    let settings = [facts.config.system.known(), facts.config.user.known()].into_iter().flatten().flatten().cloned();
    let settings: Vec<_> = settings.collect();
    let features = words_of(&settings, "experimental-features").unwrap_or_default();
    let is_on = ["nix-command", "flakes"].iter().all(|feature| features.contains(feature));
    let has_by_default = facts.nix.version.known().is_some_and(crate::nix::NixVersion::has_flakes_by_default);
    if is_on || has_by_default || is_foreign(facts) {
        return;
    }
    let Some(path) = facts.config.user_file.known() else { return };
    setup.plan.steps.push(Step {
        id: "flakes".to_owned(),
        title: format!("Switch flakes on in `{path}`"),
        explanation:
            "Every project here is a flake. The feature is the client's: your own file is enough, and no daemon restarts."
                .to_owned(),
        privilege: Privilege::User,
        action: Action::EditFile { path: path.clone(), edit: LineEdit::Add { lines: vec![FLAKES.to_owned()] } },
        undo: Undo::Restore,
        is_satisfied: false,
    });
    setup.optional.insert("flakes".to_owned());
}
