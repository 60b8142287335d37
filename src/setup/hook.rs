//! The hook of direnv in the start-up file of the user's shell: entering a project's directory enters its environment.

use camino::Utf8PathBuf;

use super::edit_target::target_of;
use super::{Setup, direnv};
use crate::facts::Facts;
use crate::facts::shell::{Hook, HookBy, StartupFile};
use crate::line_edit::LineEdit;
use crate::plan::{Action, Privilege, Step, Undo};

/// The name in the marks around the hook.
pub const BLOCK: &str = "direnv";

/// Adds the step that hooks direnv into the shell.
pub(super) fn add(facts: &Facts, setup: &mut Setup) {
    let Some(file) = facts.shell.used().and_then(|shell| facts.shell.file_of(shell)) else { return };
    if file.direnv.is_none() && direnv::will_be_there(facts, setup) {
        add_to(file, setup);
    }
    warn_of_two(file, setup);
}

fn add_to(file: &StartupFile, setup: &mut Setup) {
    let shell = file.shell;
    match edit(file) {
        Ok((path, edit)) => {
            setup.add_optional(Step {
                id: "direnv-hook".to_owned(),
                title: format!("Hook direnv into {shell}: `{path}`"),
                explanation: "The hook is what makes direnv notice that you enter a directory. It takes effect in new shells."
                    .to_owned(),
                privilege: Privilege::User,
                action: Action::EditFile { path, edit },
                undo: Undo::Inverse { by: "remove the block".to_owned() },
                is_satisfied: false,
                proof: None,
            });
            setup.require("direnv-hook", &["direnv"]);
        }
        Err(why) => {
            setup.is_left_to_person = true;
            let by_hand = shell.direnv_lines().join("; ");
            setup.plan.notes.push(format!("`{}` is not edited, because {why}; add by hand: {by_hand}", file.path));
        }
    }
}

/// What is written into which file to hook direnv into the shell of a start-up file, or why it must not be; `setup` and
/// `doctor` write the same.
pub fn edit(file: &StartupFile) -> Result<(Utf8PathBuf, LineEdit), String> {
    let lines = file.shell.direnv_lines().iter().map(ToString::to_string).collect();
    let edit = LineEdit::Block { name: BLOCK.to_owned(), lines };
    Ok((target_of(&edit, &file.text_file(), Privilege::User)?, edit))
}

/// devenv has a hook of its own since 2.1. With both, a project that has files for both is activated twice.
fn warn_of_two(file: &StartupFile, setup: &mut Setup) {
    let planned = setup.plan.step("direnv-hook").map(|_| Hook {
        by: HookBy::Line,
        path: file.path.clone(),
        line: 0,
        followed_by: Vec::new(),
    });
    let later = StartupFile { direnv: file.direnv.clone().or(planned), ..file.clone() };
    let Some((direnv, devenv)) = later.both_hooks() else { return };
    let also = if direnv.line == 0 { "will have" } else { "has" };
    setup.plan.notes.push(format!(
        "{} {also} the hooks of both direnv and devenv (`{}` line {}); a project with both `.envrc` and `devenv.nix` is then \
         activated twice: run `devenv revoke` or `direnv deny` in it, or remove one hook",
        file.shell, devenv.path, devenv.line
    ));
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::facts::shell::{Form, LinkEnd, Shell, ShellKind};
    use crate::setup::tests::empty;

    fn file(shell: ShellKind) -> StartupFile {
        StartupFile {
            shell,
            path: "/home/ada/.rc".into(),
            form: Form::Plain,
            is_writable: true,
            is_text: true,
            blocks: Vec::new(),
            direnv: None,
            devenv: None,
        }
    }

    fn hook(by: HookBy, line: usize) -> Hook {
        Hook { by, path: "/home/ada/.rc".into(), line, followed_by: Vec::new() }
    }

    fn planned(file: StartupFile) -> Setup {
        let variable = Some(file.shell.program().into()).into();
        let shell = Shell { variable, files: vec![file].into(), ..Shell::default() };
        let mut facts = Facts { shell, ..Facts::default() };
        facts.direnv.program = Some("/usr/bin/direnv".into()).into();
        let mut setup = empty(None);
        add(&facts, &mut setup);
        setup
    }

    #[test]
    fn every_shell_gets_one_block_that_is_found_again() {
        for shell in ShellKind::ALL {
            let setup = planned(file(shell));
            let Action::EditFile { edit, .. } = &setup.plan.step("direnv-hook").unwrap().action else { panic!("{shell}") };
            let edited = String::from_utf8(edit.apply(b"mine\n").unwrap()).unwrap();
            assert!(crate::facts::shell::startup::scan(shell, &edited).direnv.is_some(), "{shell}: {edited}");
            assert_eq!(edit.take_back(edited.as_bytes(), b"mine\n").unwrap(), b"mine\n");
        }
    }

    #[test]
    fn a_hook_of_whatever_kind_is_left_alone() {
        for by in [HookBy::Line, HookBy::Plugin, HookBy::HomeManager, HookBy::System] {
            let setup = planned(StartupFile { direnv: Some(hook(by, 3)), ..file(ShellKind::Zsh) });
            assert_eq!((setup.plan.steps.len(), setup.plan.notes), (0, Vec::new()), "{by:?}");
        }
    }

    #[test]
    fn a_generated_file_is_not_edited_and_the_line_is_said() {
        let form = Form::Symlink { target: "/nix/store/abc-zshrc".into(), end: LinkEnd::Store };
        let setup = planned(StartupFile { form, ..file(ShellKind::Zsh) });
        let note =
            "`/home/ada/.rc` is not edited, because home-manager or NixOS makes it; add by hand: eval \"$(direnv hook zsh)\"";
        assert_eq!((setup.plan.steps.len(), setup.plan.notes), (0, vec![note.to_owned()]));
        assert!(setup.is_left_to_person);
    }

    #[test]
    fn two_hooks_are_warned_of_whether_direnvs_is_there_or_comes() {
        for (direnv, word) in [(None, "will have"), (Some(hook(HookBy::Line, 1)), "has")] {
            let setup = planned(StartupFile { direnv, devenv: Some(hook(HookBy::Line, 7)), ..file(ShellKind::Bash) });
            let [note] = setup.plan.notes.as_slice() else { panic!("{:?}", setup.plan.notes) };
            assert!(
                note.starts_with(&format!("bash {word} the hooks of both direnv and devenv (`/home/ada/.rc` line 7)")),
                "{note}"
            );
        }
        assert_eq!(planned(file(ShellKind::Bash)).plan.notes, Vec::<String>::new());
    }
}
