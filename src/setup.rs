//! Plans how a machine becomes ready: facts and choices in, a plan with its alternatives out. What a machine has already
//! is not planned again, and what a configuration generates is never edited.

mod apt;
mod caches;
pub mod daemon;
mod devenv;
mod direnv;
pub mod distro;
pub mod download;
mod edit_target;
pub mod hook;
pub mod installer;
pub mod nix;
mod nix_command;
pub mod nix_direnv;
mod nix_installer;
mod nix_portable;
pub mod path;
mod program;
pub mod proof;
pub mod recognised;
pub mod route;
mod script;
mod selection;
pub mod upgrade;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use crate::facts::Facts;
use crate::facts::daemon::BuildAccounts;
use crate::facts::system::Room;
use crate::line_edit::LineEdit;
use crate::nix::{NixVersion, OLDEST_NIX};
use crate::plan::action::size_as_text;
use crate::plan::{Action, Plan, Privilege, Sha256, Step};
pub use download::{OwnFile, Source};
pub use installer::Installers;
pub use recognised::Recognised;
pub use route::{Route, Unfit};
use selection::{CACHES, DIRENV, NIX_DIRENV, select};

/// What a person wants.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// How Nix is installed; the best way for the machine when left out.
    pub route: Option<Route>,
    /// The kind of machine that was named in place of a route.
    pub recognised: Option<Recognised>,
    /// The installers that can be downloaded.
    pub installers: Installers,
    /// Which of them is taken.
    pub source: Source,
    /// The digest of the installer that a person trusts.
    pub named_digest: Option<Sha256>,
    /// Where installers are kept: a directory that only the user may look into, made for this run.
    pub downloads: Utf8PathBuf,
    /// Where programs are kept that stay, such as nix-portable.
    pub programs: Utf8PathBuf,
    /// Only these steps; all when empty.
    pub only: BTreeSet<String>,
    /// Not these steps.
    pub skip: BTreeSet<String>,
    /// No step that needs root.
    pub without_root: bool,
    /// The user's directory, which stands for the machine: it has no project.
    pub home: Utf8PathBuf,
}

/// Why nothing can be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The route that was asked for does not work here.
    #[error("the route `{route}` does not work here: {why}")]
    Unfit {
        /// Its name.
        route: &'static str,
        /// Why.
        why: String,
    },
    /// A step that was named does not exist.
    #[error("there is no step `{0}`")]
    NoSuchStep(String),
    /// The machine is not of the kind that was named.
    #[error("this machine is not `{0}`")]
    OtherMachine(&'static str),
    /// The route has no installer for the system.
    #[error("{name} is not known for {system}")]
    NoInstaller {
        /// What installs.
        name: &'static str,
        /// The system, in Nix's words.
        system: String,
    },
    /// A person brought a file that nobody vouches for.
    #[error("`{path}` is no installer that nixstart knows: its SHA-256 is {found}{}", expected.as_ref().map(|expected| format!(", and {expected} is expected")).unwrap_or_default())]
    UnknownFile {
        /// The file.
        path: Utf8PathBuf,
        /// The digest it has.
        found: Sha256,
        /// The digest that is known.
        expected: Option<Sha256>,
    },
    /// The disk is too full.
    #[error("Nix needs a gigabyte at least, and `{path}` has {} free", size_as_text(*free_bytes))]
    NoRoom {
        /// The directory that exists.
        path: Utf8PathBuf,
        /// What is free there.
        free_bytes: u64,
    },
    /// The disk takes no more files.
    #[error("Nix needs room for {} files at least, and `{path}` takes {free_files} more", Room::LEAST_FILES)]
    NoFiles {
        /// The directory that exists.
        path: Utf8PathBuf,
        /// How many more files it takes.
        free_files: u64,
    },
}

/// A plan for a machine, and what a person has to know about it.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The plan.
    pub plan: Plan,
    /// The way Nix is installed, when it is.
    pub route: Option<Route>,
    /// Other ways that would work, and ways that would not with the reason.
    pub alternatives: Vec<(Route, Option<Unfit>)>,
    /// Steps that are left out unless somebody asks for them, after those of the plan.
    pub extras: Vec<Step>,
    /// Steps that may be left out.
    pub optional: BTreeSet<String>,
    /// Steps that need others.
    pub requires: BTreeMap<String, Vec<String>>,
    /// Whether a new login is needed before everything works.
    pub needs_login: bool,
    /// Whether something is missing that a person has to do; the notes say what.
    pub is_left_to_person: bool,
    /// Whether that needs root.
    pub is_left_to_root: bool,
    /// What projects lack when the plan is carried out.
    pub lacks: Option<Lack>,
}

/// Why projects do not work although everything is done that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// There is no Nix.
    Missing,
    /// Nix is too old.
    TooOld(NixVersion),
    /// Nobody knows how old it is.
    Unknown,
}

impl Lack {
    fn of(facts: &Facts) -> Option<Self> {
        if facts.nix.program().is_none() {
            return Some(Self::Missing);
        }
        match facts.nix.version.known() {
            Some(version) if version.is_new_enough() => None,
            Some(version) => Some(Self::TooOld(version.clone())),
            None => Some(Self::Unknown),
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => formatter.write_str("there is no Nix yet; `nixstart setup` brings it"),
            Self::TooOld(version) => {
                write!(formatter, "{version} is too old: {}; `nixstart setup` says what to do", too_old())
            }
            Self::Unknown => {
                formatter.write_str("the version of Nix could not be judged; `nixstart doctor --group nix` says more")
            }
        }
    }
}

/// The ways to install Nix; those that do not work here with the reason.
pub fn routes(facts: &Facts, choices: &Choices) -> Vec<(Route, Option<Unfit>)> {
    Route::ALL.into_iter().map(|route| (route, route.fit(facts, choices).err())).collect()
}

/// Plans what makes a machine ready.
pub fn plan(facts: &Facts, choices: &Choices) -> Result<Setup, SetupError> {
    if let Some(unknown) = choices.only.iter().chain(&choices.skip).find(|id| !STEPS.contains(&id.as_str())) {
        return Err(SetupError::NoSuchStep(unknown.clone()));
    }
    let choices = &choices.with_what_belongs_together();
    let mut setup = Setup::empty(&choices.home);
    setup.alternatives = routes(facts, choices);
    let own = Recognised::of(facts);
    if let Some(asked) = choices.recognised.filter(|asked| own != Some(*asked)) {
        let is_explained = facts.nix.program().is_none() && recognised::explain_installation(asked, &mut setup);
        return if is_explained { Ok(setup) } else { Err(SetupError::OtherMachine(asked.name())) };
    }
    if let Some(own) = own {
        recognised::advise(own, facts, &mut setup);
    }
    if !own.is_some_and(Recognised::is_left_alone) {
        if choices.want(&INSTALL) {
            nix::add(facts, choices, &mut setup)?;
        }
        if choices.want(&["flakes"]) {
            nix::add_flakes(facts, &mut setup);
        }
        add_tools(facts, choices, &mut setup);
    }
    let without_root = choices.without_root || !route::can_be_root(facts);
    select(choices, without_root, &mut setup);
    setup.lacks = if brings_nix(&setup.plan) { None } else { Lack::of(facts) };
    proof::announce(setup.plan.steps.iter_mut().chain(&mut setup.extras));
    Ok(setup)
}

/// Whether a plan ends with a Nix that works.
fn brings_nix(plan: &Plan) -> bool {
    plan.step("nix").is_some() || (plan.step(download::ID).is_some() && plan.step("nix-path").is_some())
}

/// What comes after Nix itself. The cache comes first, so that the others can be fetched from it.
fn add_tools(facts: &Facts, choices: &Choices, setup: &mut Setup) {
    // Nothing outside finds what is in a store below the home.
    if setup.route == Some(Route::ChrootStore) {
        return;
    }
    if choices.want(&CACHES) && !choices.skip.contains("caches") {
        caches::add(facts, setup);
    }
    if choices.want(&["git"]) {
        add_git(facts, setup);
    }
    if choices.want(&DIRENV) {
        let is_off_path = direnv::will_be_of_profile(facts, setup) && nix_command::leaves_profile_off_path(facts, setup);
        if is_off_path && choices.want(&["nix-path"]) {
            path::add(&path::Entry::Programs, facts, setup);
        }
        direnv::add(facts, setup);
        hook::add(facts, setup);
    }
    if choices.want(&NIX_DIRENV) {
        nix_direnv::add(facts, choices, setup);
    }
    if choices.want(&["devenv"]) {
        devenv::add(facts, choices, setup);
    }
}

/// git, which Nix needs for every flake in a repository, where apt has it and nothing else of the plan brings it.
fn add_git(facts: &Facts, setup: &mut Setup) {
    let is_missing = facts.git.program.known() == Some(&None);
    if !is_missing || !apt::can_install(facts) || (setup.route == Some(Route::Distro) && setup.plan.step("nix").is_some()) {
        return;
    }
    let packages = apt::Packages {
        id: "git",
        title: "Install git with apt",
        explanation: "A flake in a repository is what git knows of it: Nix and you both need it.",
        names: &["git"],
        undo: "run `sudo apt-get purge git`".to_owned(),
    };
    let step = apt::install(&packages, facts, setup);
    setup.add_optional(step);
}

impl Setup {
    /// Nothing is planned yet.
    fn empty(home: &Utf8Path) -> Self {
        Self {
            plan: Plan {
                command: "setup".to_owned(),
                title: "Make this machine ready for Nix projects".to_owned(),
                root: home.to_owned(),
                steps: Vec::new(),
                notes: Vec::new(),
            },
            route: None,
            alternatives: Vec::new(),
            extras: Vec::new(),
            optional: BTreeSet::new(),
            requires: BTreeMap::new(),
            needs_login: false,
            is_left_to_person: false,
            is_left_to_root: false,
            lacks: None,
        }
    }

    /// Adds a step that may be left out.
    fn add_optional(&mut self, step: Step) {
        self.optional.insert(step.id.clone());
        self.plan.steps.push(step);
    }

    /// Adds a step that is left out unless somebody asks for it.
    fn add_extra(&mut self, step: Step) {
        self.optional.insert(step.id.clone());
        self.extras.push(step);
    }

    /// Notes which steps of the plan a step needs; what is there already is not among them.
    fn require(&mut self, id: &str, needs: &[&str]) {
        let planned = needs.iter().filter(|need| self.plan.step(need).is_some()).map(ToString::to_string);
        let needs: Vec<String> = planned.collect();
        if !needs.is_empty() {
            self.requires.entry(id.to_owned()).or_default().extend(needs);
        }
    }
}

/// The file with the user's own settings of Nix as it is edited, or why it is not; `None` where there can be none.
fn user_settings(facts: &Facts, edit: &LineEdit) -> Option<Result<Utf8PathBuf, String>> {
    let path = facts.config.user_file.known()?;
    let target = facts.config.user_text.known().map(|file| edit_target::target_of(edit, file, Privilege::User));
    Some(target.unwrap_or_else(|| Ok(path.clone())).map_err(|why| format!("`{path}` is not edited, because {why}")))
}

/// The ids of every step there is.
pub const STEPS: [&str; 18] = [
    "packages-settle",
    "packages-update",
    download::ID,
    "nix-directory",
    "nix",
    "nix-socket",
    "nix-group",
    "nix-path",
    "flakes",
    "caches-include",
    "caches",
    "daemon-restart",
    "direnv",
    "direnv-hook",
    "nix-direnv",
    "nix-direnv-load",
    "git",
    "devenv",
];

/// Those that bring Nix itself.
const INSTALL: [&str; 8] =
    ["packages-settle", "packages-update", download::ID, "nix-directory", "nix", "nix-socket", "nix-group", "nix-path"];

/// What a person would do in place of a step.
pub fn by_hand(step: &Step) -> Option<String> {
    match &step.action {
        Action::EditFile { path, edit: LineEdit::Add { lines } | LineEdit::Block { lines, .. } } => {
            Some(format!("add to `{path}`: {}", lines.join("; ")))
        }
        Action::EditFile { path, edit: LineEdit::Replace { old, new } } => Some(format!("in `{path}` write `{new}` for `{old}`")),
        _ => step.command_line(),
    }
}

/// What is said of a Nix that is too old.
fn too_old() -> String {
    let (major, minor) = OLDEST_NIX;
    format!("projects need Nix {major}.{minor} or newer")
}

#[cfg(test)]
mod tests;
