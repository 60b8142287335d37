//! Plans how a machine becomes ready: facts and choices in, a plan with its alternatives out. What a machine has already
//! is not planned again, and what a configuration generates is never edited.

pub mod hook;
pub mod nix;
pub mod route;

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use crate::facts::Facts;
use crate::facts::nix::{Installer, Machine};
use crate::line_edit::LineEdit;
use crate::nix::OLDEST_NIX;
use crate::plan::{Action, Plan, Privilege, Step, Undo};
pub use route::{Route, Unfit};

/// What a person wants.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// How Nix is installed; the best way for the machine when left out.
    pub route: Option<Route>,
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
    /// Steps that may be left out.
    pub optional: BTreeSet<String>,
    /// Steps that need others.
    pub requires: BTreeMap<String, Vec<String>>,
    /// Whether a new login is needed before everything works.
    pub needs_login: bool,
    /// Whether something is missing that a person has to do; the notes say what.
    pub is_left_to_person: bool,
}

/// Plans what makes a machine ready.
pub fn plan(facts: &Facts, choices: &Choices) -> Result<Setup, SetupError> {
    if let Some(unknown) = choices.only.iter().chain(&choices.skip).find(|id| !STEPS.contains(&id.as_str())) {
        return Err(SetupError::NoSuchStep(unknown.clone()));
    }
    let mut setup = Setup {
        plan: Plan {
            command: "setup".to_owned(),
            title: "Make this machine ready for Nix projects".to_owned(),
            root: choices.home.clone(),
            steps: Vec::new(),
            notes: Vec::new(),
        },
        route: None,
        alternatives: Route::ALL.into_iter().map(|route| (route, route.fit(facts).err())).collect(),
        optional: BTreeSet::new(),
        requires: BTreeMap::new(),
        needs_login: false,
        is_left_to_person: false,
    };
    if let Some(what) = generated_by(facts) {
        setup.plan.notes.extend(snippets(what));
        setup.is_left_to_person = true;
    } else {
        if choices.only.is_empty() || INSTALL.iter().any(|id| choices.only.contains(*id)) {
            nix::add(facts, choices, &mut setup)?;
        }
        nix::add_flakes(facts, &mut setup);
        hook::add(facts, &mut setup);
    }
    select(choices, &mut setup);
    Ok(setup)
}

/// A configuration that makes the files nixstart would edit.
fn generated_by(facts: &Facts) -> Option<&'static str> {
    match facts.nix.machine.known() {
        Some(Machine::NixOs) => Some("NixOS"),
        Some(Machine::MacOs { has_nix_darwin: true }) => Some("nix-darwin"),
        Some(Machine::Linux { .. } | Machine::MacOs { has_nix_darwin: false }) | None => None,
    }
}

fn snippets(what: &str) -> Vec<String> {
    vec![
        format!("this machine is configured by {what}, so nothing is edited; put this into its configuration:"),
        "nix.settings.experimental-features = [ \"nix-command\" \"flakes\" ];".to_owned(),
        "programs.direnv = { enable = true; nix-direnv.enable = true; };".to_owned(),
    ]
}

/// Leaves out what is not wanted, with what needs it.
fn select(choices: &Choices, setup: &mut Setup) {
    let mut left_out: BTreeSet<String> = setup
        .plan
        .steps
        .iter()
        .filter(|step| {
            choices.skip.contains(&step.id)
                || (!choices.only.is_empty() && !choices.only.contains(&step.id))
                || (choices.without_root && step.privilege == Privilege::Root)
        })
        .map(|step| step.id.clone())
        .collect();
    // A step that was asked for by name is kept although what it needs is there already.
    for (id, needs) in &setup.requires {
        if choices.only.is_empty() && needs.iter().any(|need| left_out.contains(need)) {
            left_out.insert(id.clone());
        }
    }
    let by_hand = setup.plan.steps.iter().filter(|step| choices.without_root && step.privilege == Privilege::Root);
    let notes: Vec<String> = by_hand.filter_map(|step| Some(format!("by hand: {}", typed(step)?))).collect();
    setup.is_left_to_person |= !notes.is_empty();
    setup.plan.notes.extend(notes);
    setup.plan.steps.retain(|step| !left_out.contains(&step.id));
}

/// The ids of every step there is.
pub const STEPS: [&str; 7] = ["packages-settle", "packages-update", "nix", "nix-group", "flakes", "direnv", "direnv-hook"];

/// Those that bring Nix itself.
const INSTALL: [&str; 4] = ["packages-settle", "packages-update", "nix", "nix-group"];

/// What a person would type for a step.
pub fn typed(step: &Step) -> Option<String> {
    let sudo = if step.privilege == Privilege::Root { "sudo " } else { "" };
    match &step.action {
        Action::Run { program, arguments, .. } => {
            let words = std::iter::once(program.as_str()).chain(arguments.iter().map(String::as_str));
            Some(format!("{sudo}{}", words.map(crate::template::escape::sh).collect::<Vec<_>>().join(" ")))
        }
        Action::EditFile { path, edit: LineEdit::Add { lines } | LineEdit::Block { lines, .. } } => {
            Some(format!("add to `{path}`: {}", lines.join("; ")))
        }
        Action::EditFile { path, edit: LineEdit::Replace { old, new } } => Some(format!("in `{path}` write `{new}` for `{old}`")),
        Action::SetMode { path, mode } => Some(format!("{sudo}chmod {mode:o} {path}")),
        Action::RemoveFile { path } => Some(format!("{sudo}rm {path}")),
        Action::CreateDirectory { .. }
        | Action::CreateFiles { .. }
        | Action::ReplaceFile { .. }
        | Action::WriteSecrets { .. }
        | Action::InitRepository { .. }
        | Action::StageFiles { .. }
        | Action::Commit { .. } => None,
    }
}

/// A step that runs a program.
struct Program<'a> {
    id: &'a str,
    title: String,
    explanation: &'a str,
    privilege: Privilege,
    command: &'a [&'a str],
    undo: Undo,
    takes_back: &'a [&'a str],
}

impl Program<'_> {
    fn step(self, root: &camino::Utf8Path) -> Step {
        let mut words = self.command.iter().map(ToString::to_string);
        Step {
            id: self.id.to_owned(),
            title: self.title,
            explanation: self.explanation.to_owned(),
            privilege: self.privilege,
            action: Action::Run {
                directory: root.to_owned(),
                program: words.next().unwrap_or_default(),
                arguments: words.collect(),
                produces: Vec::new(),
                takes_back: self.takes_back.iter().map(ToString::to_string).collect(),
            },
            undo: self.undo,
            is_satisfied: false,
        }
    }
}

/// Whether the Nix that is there is managed by something whose settings are not ours.
fn is_foreign(facts: &Facts) -> bool {
    facts.nix.origin.known().is_some_and(|origin| origin.installer == Installer::Determinate)
}

/// What is said of a Nix that is too old.
fn too_old() -> String {
    let (major, minor) = OLDEST_NIX;
    format!("projects need Nix {major}.{minor} or newer")
}
