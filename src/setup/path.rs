//! PATH: one managed block in the start-up file of the shell, for installations that put nothing there themselves.

use camino::Utf8PathBuf;

use super::edit_target::target_of;
use super::{Setup, download};
use crate::facts::Facts;
use crate::facts::shell::ShellKind;
use crate::line_edit::LineEdit;
use crate::plan::{Action, Privilege, Step, Undo};
use crate::template::escape;

/// The name in the marks around the block.
pub const BLOCK: &str = "nix";
/// The id of the step.
const ID: &str = "nix-path";

/// What is put on PATH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// The user's profile, by the script that Nix keeps in it.
    Profile,
    /// The programs of the user's profile, where nothing else puts them on PATH.
    Programs,
    /// A directory.
    Directory(Utf8PathBuf),
}

impl Entry {
    /// The lines for a shell; `None` for one that nixstart has no lines for.
    fn lines(&self, shell: ShellKind) -> Option<Vec<String>> {
        let line = match (self, shell) {
            (Self::Profile, ShellKind::Bash | ShellKind::Zsh) => {
                let script = "\"$HOME/.nix-profile/etc/profile.d/nix.sh\"";
                format!("if [ -e {script} ]; then . {script}; fi")
            }
            (Self::Profile, ShellKind::Fish) => {
                let script = "\"$HOME/.nix-profile/etc/profile.d/nix.fish\"";
                format!("if test -e {script}; source {script}; end")
            }
            (Self::Programs, ShellKind::Bash | ShellKind::Zsh) => "export PATH=\"$HOME/.nix-profile/bin:$PATH\"".to_owned(),
            (Self::Programs, ShellKind::Fish) => "set -gx PATH ~/.nix-profile/bin $PATH".to_owned(),
            (Self::Profile | Self::Programs, ShellKind::Tcsh) => "setenv PATH \"$HOME/.nix-profile/bin:$PATH\"".to_owned(),
            (Self::Directory(path), ShellKind::Bash | ShellKind::Zsh) => {
                format!("export PATH={}:\"$PATH\"", escape::sh(path.as_str()))
            }
            (Self::Directory(path), ShellKind::Fish) => format!("set -gx PATH {} $PATH", escape::sh(path.as_str())),
            (Self::Directory(path), ShellKind::Tcsh) => format!("setenv PATH {}:\"$PATH\"", escape::sh(path.as_str())),
            (_, ShellKind::Nushell | ShellKind::Elvish | ShellKind::Pwsh | ShellKind::Murex) => return None,
        };
        Some(vec![line])
    }

    fn shown(&self) -> &str {
        match self {
            Self::Profile | Self::Programs => "~/.nix-profile/bin",
            Self::Directory(path) => path.as_str(),
        }
    }
}

/// Adds the step that puts Nix on PATH in new shells.
pub(super) fn add(entry: &Entry, facts: &Facts, setup: &mut Setup) {
    let shell = facts.shell.used().unwrap_or(ShellKind::Bash);
    let by_hand = |why: &str| format!("put `{}` on PATH by hand, because {why}", entry.shown());
    let Some(file) = facts.shell.file_of(shell) else {
        setup.is_left_to_person = true;
        setup.plan.notes.push(by_hand(&format!("the start-up file of {shell} is not known")));
        return;
    };
    let Some(lines) = entry.lines(shell) else {
        setup.is_left_to_person = true;
        return setup.plan.notes.push(by_hand(&format!("nixstart has no lines for {shell}")));
    };
    let edit = LineEdit::Block { name: BLOCK.to_owned(), lines };
    match target_of(&edit, &file.text_file(), Privilege::User) {
        Ok(path) => {
            setup.plan.steps.push(step(shell, path, edit));
            let needs = if setup.plan.step("nix").is_some() { "nix" } else { download::ID };
            setup.require(ID, &[needs]);
        }
        Err(why) => {
            setup.is_left_to_person = true;
            setup.plan.notes.push(by_hand(&format!("`{}` is not edited: {why}", file.path)));
        }
    }
}

fn step(shell: ShellKind, path: Utf8PathBuf, edit: LineEdit) -> Step {
    Step {
        id: ID.to_owned(),
        title: format!("Put Nix on PATH for {shell}: `{path}`"),
        explanation: "New shells find what is installed there. It is one marked block, which undo removes.".to_owned(),
        privilege: Privilege::User,
        action: Action::EditFile { path, edit },
        undo: Undo::Inverse { by: "remove the block".to_owned() },
        is_satisfied: false,
        proof: None,
    }
}
