//! nix-direnv: its package, and the lines that make direnv read it.

use super::edit_target::target_of;
use super::nix_command::{NixCommand, Package, Profile};
use super::{Choices, Setup, direnv};
use crate::facts::Facts;
use crate::line_edit::LineEdit;
use crate::plan::{Action, Privilege, Step, Undo};

/// The name in the marks around the lines.
pub const BLOCK: &str = "nix-direnv";
/// The file that direnv reads, in a profile.
const SCRIPT: &str = "share/nix-direnv/direnvrc";

/// Adds the steps that bring nix-direnv, unless something loads it already.
pub(super) fn add(facts: &Facts, choices: &Choices, setup: &mut Setup) {
    let is_loaded = facts.direnv.loads_nix_direnv.known().is_some_and(Option::is_some);
    if is_loaded || !direnv::will_be_there(facts, setup) {
        return;
    }
    let found = facts.direnv.nix_direnv_script.known().and_then(Option::as_ref);
    if found.is_none() {
        let Some(nix) = NixCommand::after(facts, setup) else { return choices.tell_who_asked("nix-direnv", setup) };
        setup.add_optional(nix.install(
            Package {
                id: "nix-direnv",
                attribute: "nix-direnv",
                holds: SCRIPT,
                explanation: "nix-direnv keeps the environment of a project, so that entering its directory does not evaluate it \
                              again and a garbage collection leaves it alone.",
            },
            &setup.plan.root,
        ));
        setup.require("nix-direnv", &["nix", "nix-group", "direnv"]);
    }
    let script = match found {
        // The path holds on another machine with the same dotfiles, too.
        Some(path) => match path.strip_prefix(&setup.plan.root) {
            Ok(below) => format!("$HOME/{below}"),
            Err(_) => path.to_string(),
        },
        None => format!("{}/{SCRIPT}", Profile::of(facts).in_shell()),
    };
    add_load(facts, setup, &script);
}

/// With its setting `strict_env` direnv ends where a command of this file fails, and without it complains each time; so a
/// file that is gone is asked for first, in a way that does not fail either (measured with 2.32.1).
fn lines(script: &str) -> Vec<String> {
    vec![format!("if [ -f \"{script}\" ]; then"), format!("  source \"{script}\""), "fi".to_owned()]
}

fn add_load(facts: &Facts, setup: &mut Setup, script: &str) {
    let Some(file) = facts.direnv.direnvrc.known() else { return };
    let edit = LineEdit::Block { name: BLOCK.to_owned(), lines: lines(script) };
    match target_of(&edit, file, Privilege::User) {
        Ok(path) => {
            setup.add_optional(Step {
                id: "nix-direnv-load".to_owned(),
                title: format!("Load nix-direnv: `{path}`"),
                explanation: "direnv reads this file before each `.envrc`. Where nix-direnv is missing, the lines do nothing."
                    .to_owned(),
                privilege: Privilege::User,
                action: Action::EditFile { path, edit },
                undo: Undo::Inverse { by: "remove the block".to_owned() },
                is_satisfied: false,
                proof: None,
            });
            setup.require("nix-direnv-load", &["nix-direnv", "direnv"]);
            setup.require("nix-direnv", &["nix-direnv-load"]);
        }
        Err(why) => {
            setup.is_left_to_person = true;
            setup.plan.notes.push(format!(
                "`{}` is not edited, because {why}; add by hand: source \"{script}\"; in home-manager: \
                 programs.direnv.nix-direnv.enable = true;",
                file.path
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::facts::shell::{Form, LinkEnd};
    use crate::facts::text_file::TextFile;
    use crate::nix::NixVersion;
    use crate::setup::tests::empty;

    fn machine() -> Facts {
        let mut facts = Facts::default();
        facts.nix.on_path = Some("/usr/bin/nix".into()).into();
        facts.nix.version = NixVersion::parse("nix (Nix) 2.26.3").unwrap().into();
        facts.direnv.program = Some("/usr/bin/direnv".into()).into();
        facts.direnv.direnvrc = direnvrc(Form::Absent).into();
        facts.direnv.loads_nix_direnv = None.into();
        facts.direnv.nix_direnv_script = None.into();
        facts
    }

    fn direnvrc(form: Form) -> TextFile {
        TextFile { path: "/home/ada/.config/direnv/direnvrc".into(), form, is_writable: true, is_text: true, blocks: Vec::new() }
    }

    fn planned(facts: &Facts) -> Setup {
        let mut setup = empty(None);
        add(facts, &Choices::default(), &mut setup);
        setup
    }

    fn ids(setup: &Setup) -> Vec<&str> {
        setup.plan.steps.iter().map(|step| step.id.as_str()).collect()
    }

    fn block(setup: &Setup) -> String {
        let Action::EditFile { edit, .. } = &setup.plan.step("nix-direnv-load").unwrap().action else { panic!("no edit") };
        String::from_utf8(edit.apply(b"").unwrap()).unwrap()
    }

    #[test]
    fn it_is_installed_and_loaded_where_the_profile_is() {
        let setup = planned(&machine());
        assert_eq!(ids(&setup), ["nix-direnv", "nix-direnv-load"]);
        assert_eq!(
            block(&setup),
            "# >>> nixstart nix-direnv >>>\nif [ -f \"$HOME/.nix-profile/share/nix-direnv/direnvrc\" ]; then\n  source \"$HOME/.nix-profile/share/nix-direnv/direnvrc\"\nfi\n# <<< nixstart nix-direnv <<<\n"
        );
    }

    #[test]
    fn one_that_is_there_is_loaded_from_where_it_is() {
        for (found, written) in [
            ("/home/ada/.nix-profile/share/nix-direnv/direnvrc", "source \"$HOME/.nix-profile/share/nix-direnv/direnvrc\""),
            ("/usr/share/nix-direnv/direnvrc", "source \"/usr/share/nix-direnv/direnvrc\""),
        ] {
            let mut facts = machine();
            facts.direnv.nix_direnv_script = Some(found.into()).into();
            let setup = planned(&facts);
            assert_eq!(ids(&setup), ["nix-direnv-load"]);
            assert!(block(&setup).contains(written), "{}", block(&setup));
        }
    }

    #[test]
    fn nothing_is_planned_where_it_is_loaded_or_direnv_is_missing() {
        let changes: [fn(&mut Facts); 3] = [
            |facts| facts.direnv.loads_nix_direnv = Some("/home/ada/.config/direnv/lib/hm-nix-direnv.sh".into()).into(),
            |facts| facts.direnv.program = None.into(),
            |facts| facts.nix.on_path = None.into(),
        ];
        for change in changes {
            let mut facts = machine();
            change(&mut facts);
            let setup = planned(&facts);
            assert_eq!((ids(&setup), setup.plan.notes.len()), (Vec::new(), 0));
        }
    }

    #[test]
    fn a_generated_direnvrc_is_not_edited() {
        let mut facts = machine();
        facts.direnv.direnvrc = direnvrc(Form::Symlink { target: "/nix/store/x-direnvrc".into(), end: LinkEnd::Store }).into();
        let setup = planned(&facts);
        assert_eq!(ids(&setup), ["nix-direnv"]);
        assert!(setup.is_left_to_person && setup.plan.notes[0].contains("programs.direnv.nix-direnv.enable = true;"));
    }

    #[test]
    fn loading_and_package_go_together() {
        let setup = planned(&machine());
        assert_eq!(setup.requires["nix-direnv-load"], ["nix-direnv"]);
        assert_eq!(setup.requires["nix-direnv"], ["nix-direnv-load"]);
    }
}
