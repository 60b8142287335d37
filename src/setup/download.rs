//! The installer itself: where it comes from, what it is checked against, and where it is kept.

use camino::{Utf8Path, Utf8PathBuf};

use super::installer::{Installer, Kind};
use super::{Choices, Setup, SetupError};
use crate::facts::Facts;
use crate::plan::action::size_as_text;
use crate::plan::{Action, DownloadCheck, Privilege, Sha256, Step, Undo};

/// The id of the step.
pub(super) const ID: &str = "nix-download";

/// Which installer a person wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Source {
    /// The one whose digest is built in.
    #[default]
    Pinned,
    /// The newest one, which nobody can pin.
    Latest,
    /// A file of this machine.
    File(OwnFile),
}

/// A file of this machine that a person brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFile {
    /// Where it is, as an absolute path.
    pub path: Utf8PathBuf,
    /// Its digest.
    pub sha256: Sha256,
}

/// Where an installer is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// A directory that only its owner may look into.
    pub(super) directory: &'a Utf8Path,
    /// The name it has there; that of the file when left out.
    pub(super) name: Option<&'a str>,
}

/// Adds the step that brings an installer, and returns where it will be.
pub(super) fn add(
    kind: Kind,
    facts: &Facts,
    choices: &Choices,
    place: Place<'_>,
    setup: &mut Setup,
) -> Result<Utf8PathBuf, SetupError> {
    let step = step(kind, facts, choices, place)?;
    let Action::Download { path, .. } = &step.action else { return Err(no_installer(kind, facts)) };
    let path = path.clone();
    setup.plan.steps.push(step);
    Ok(path)
}

/// The system in Nix's words.
pub(super) fn system(facts: &Facts) -> String {
    let Some(kernel) = facts.system.kernel.known() else { return "this system".to_owned() };
    format!("{}-{}", kernel.architecture(), kernel.name.to_lowercase())
}

fn no_installer(kind: Kind, facts: &Facts) -> SetupError {
    SetupError::NoInstaller { name: kind.name(), system: system(facts) }
}

fn step(kind: Kind, facts: &Facts, choices: &Choices, place: Place<'_>) -> Result<Step, SetupError> {
    let system = system(facts);
    let pinned = choices.installers.pinned(kind, &system);
    let none = || no_installer(kind, facts);
    match &choices.source {
        Source::Pinned => offered(pinned.ok_or_else(none)?, choices, place).ok_or_else(none),
        Source::Latest => offered(choices.installers.latest(kind, &system).ok_or_else(none)?, choices, place).ok_or_else(none),
        Source::File(file) => {
            let expected = choices.named_digest.as_ref().or_else(|| pinned?.sha256.as_ref());
            if expected == Some(&file.sha256) {
                Ok(of_file(kind, file, place))
            } else {
                let (path, found) = (file.path.clone(), file.sha256.clone());
                Err(SetupError::UnknownFile { path, found, expected: expected.cloned() })
            }
        }
    }
}

/// The step that downloads an installer; `None` when there is nothing to check it against.
fn offered(installer: &Installer, choices: &Choices, place: Place<'_>) -> Option<Step> {
    let check = installer.check(choices.named_digest.as_ref())?;
    let size = installer.size.map(|size| format!(" ({})", size_as_text(size))).unwrap_or_default();
    let action = Action::Download {
        url: installer.url.clone(),
        path: place.directory.join(place.name.unwrap_or_else(|| installer.file_name())),
        most_bytes: installer.most_bytes(),
        check,
    };
    Some(built(format!("Download {}{size}", installer.title()), action))
}

fn of_file(kind: Kind, file: &OwnFile, place: Place<'_>) -> Step {
    let name = place.name.or_else(|| file.path.file_name()).unwrap_or("installer");
    let action = Action::Download {
        url: format!("file://{}", file.path),
        path: place.directory.join(name),
        most_bytes: kind.most_bytes(),
        check: DownloadCheck::Pinned { sha256: file.sha256.clone() },
    };
    built(format!("Take {} from `{}`", kind.name(), file.path), action)
}

fn built(title: String, action: Action) -> Step {
    let is_pinned = matches!(&action, Action::Download { check, .. } if check.is_pinned());
    let explanation = if is_pinned {
        "It comes into a directory that only you can look into, and nothing of it runs unless its SHA-256 is the expected one."
    } else {
        "It comes into a directory that only you can look into. nixstart does not know its SHA-256 beforehand; it is compared with the one its publisher names, which tells a broken download but not a publisher who was broken into."
    };
    Step {
        id: ID.to_owned(),
        title,
        explanation: explanation.to_owned(),
        privilege: Privilege::User,
        action,
        undo: Undo::Inverse { by: "remove the file".to_owned() },
        is_satisfied: false,
        proof: None,
    }
}
