//! direnv and its hook: entering a project's directory enters its environment.

use super::{Program, Setup};
use crate::facts::Facts;
use crate::facts::packages::Manager;
use crate::facts::shell::{Form, LinkEnd, ShellKind, StartupFile};
use crate::line_edit::LineEdit;
use crate::plan::{Action, Privilege, Step, Undo};

/// The name in the marks around the hook.
pub const BLOCK: &str = "direnv";

/// Adds the steps that bring direnv and hook it into the shell.
pub(super) fn add(facts: &Facts, setup: &mut Setup) {
    add_direnv(facts, setup);
    add_hook(facts, setup);
}

fn add_direnv(facts: &Facts, setup: &mut Setup) {
    if facts.direnv.program.known().is_some_and(Option::is_some) {
        return;
    }
    let has_package = facts.packages.direnv.known().is_some_and(Option::is_some);
    if facts.packages.manager.known().copied().flatten() != Some(Manager::Apt) || !has_package {
        let with_nix = "install direnv with `nix profile add nixpkgs#direnv`, once Nix is there".to_owned();
        setup.plan.notes.push(match facts.packages.manager.known().copied().flatten() {
            Some(manager) => format!("install direnv: `{}`", manager.install_line(&["direnv"])),
            None => with_nix,
        });
        return;
    }
    let root = setup.plan.root.clone();
    setup.plan.steps.push(
        Program {
            id: "direnv",
            title: "Install direnv with apt".to_owned(),
            explanation: "direnv enters a project's environment when you enter its directory.",
            privilege: Privilege::Root,
            command: &["apt-get", "-o", "DPkg::Lock::Timeout=60", "install", "-y", "--no-install-recommends", "direnv"],
            undo: Undo::Manual { instruction: "run `sudo apt-get purge direnv`".to_owned() },
            takes_back: &[],
        }
        .step(&root),
    );
    setup.optional.insert("direnv".to_owned());
}

fn add_hook(facts: &Facts, setup: &mut Setup) {
    let will_be_there = facts.direnv.program.known().is_some_and(Option::is_some) || setup.plan.step("direnv").is_some();
    let Some(shell) = facts.shell.used().filter(|_| will_be_there) else { return };
    let Some(file) = facts.shell.file_of(shell) else { return };
    if file.direnv.is_some() {
        return;
    }
    match target(file, shell) {
        Ok(path) => {
            let lines = shell.direnv_lines().iter().map(ToString::to_string).collect();
            setup.plan.steps.push(Step {
                id: "direnv-hook".to_owned(),
                title: format!("Hook direnv into {shell}: `{path}`"),
                explanation: "The hook is what makes direnv notice that you enter a directory. It takes effect in new shells."
                    .to_owned(),
                privilege: Privilege::User,
                action: Action::EditFile { path, edit: LineEdit::Block { name: BLOCK.to_owned(), lines } },
                undo: Undo::Inverse { by: "remove the block".to_owned() },
                is_satisfied: false,
            });
            setup.optional.insert("direnv-hook".to_owned());
            if setup.plan.step("direnv").is_some() {
                setup.requires.insert("direnv-hook".to_owned(), vec!["direnv".to_owned()]);
            }
        }
        Err(why) => {
            let lines = shell.direnv_lines().join("; ");
            setup.is_left_to_person = true;
            setup.plan.notes.push(format!("`{}` is not edited, because {why}; add by hand: {lines}", file.path));
        }
    }
}

/// The file that is edited; one behind a link is edited itself, unless a configuration generates it.
fn target(file: &StartupFile, shell: ShellKind) -> Result<camino::Utf8PathBuf, String> {
    if shell == ShellKind::Elvish {
        return Err("the hook of Elvish is a module of its own".to_owned());
    }
    if !file.is_utf8 {
        return Err("it is no UTF-8 text".to_owned());
    }
    match &file.form {
        Form::Absent | Form::Plain | Form::Symlink { end: LinkEnd::File, .. } if !file.is_writable => {
            Err("you may not write to it".to_owned())
        }
        Form::Absent | Form::Plain => Ok(file.path.clone()),
        Form::Symlink { target, end: LinkEnd::File } => Ok(target.clone()),
        Form::Symlink { end: LinkEnd::Store, .. } => Err("home-manager or NixOS makes it".to_owned()),
        Form::Symlink { target, end: LinkEnd::Nothing } => Err(format!("it is a link to `{target}`, which is not there")),
        Form::Directory => Err("it is a directory".to_owned()),
        Form::Special => Err("it is no plain file".to_owned()),
    }
}
