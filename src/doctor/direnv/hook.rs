//! Whether direnv is hooked into the shell a person types into, and how it can be.

use super::super::remedy::Restart;
use super::{FileEdit, Fix, Look, Problem, Verdict, envrc, needs_direnv};
use crate::facts::shell::{Form, HookBy, LinkEnd, StartupFile};
use crate::facts::{Facts, Unknown};
use crate::setup::hook;

pub(super) fn is_there(facts: &Facts) -> Look {
    needs_direnv(facts)?;
    let envrc = envrc(facts)?;
    if let Some(Some(loaded)) = facts.direnv.loaded.known() {
        return Ok(Verdict::Pass(format!("`{loaded}` is loaded in this shell")));
    }
    let file = used_file(facts)?;
    let shell = file.shell;
    match facts.shell.effective.known().and_then(|effective| effective.get(&shell)) {
        Some(true) => return Ok(Verdict::Pass(format!("{shell} has the hook once it runs"))),
        Some(false) => {}
        None => {
            if let Some(hook) = &file.direnv {
                return Ok(Verdict::Pass(format!("{shell}, by {} of `{}`", by(hook.by), hook.path)));
            }
        }
    }
    let mut problem = Problem::new(format!("{shell} does not run the hook of direnv, so nothing loads `{}`", envrc.path));
    if let Some(hook) = &file.direnv {
        problem = problem.detail(format!("`{}` line {} should hook it, and a running {shell} has no hook", hook.path, hook.line));
    }
    Ok(Verdict::Fail(fixes(file).into_iter().fold(problem, Problem::fix)))
}

const fn by(by: HookBy) -> &'static str {
    match by {
        HookBy::Line => "a line",
        HookBy::Plugin => "the plugin list",
        HookBy::HomeManager => "home-manager's version",
        HookBy::System => "the machine's version",
    }
}

fn used_file(facts: &Facts) -> Result<&StartupFile, Unknown> {
    let files = facts.shell.files.get()?;
    let none = || Unknown::Irrelevant("the shell you use is none that nixstart knows".to_owned());
    let used = facts.shell.used().ok_or_else(none)?;
    files.iter().find(|file| file.shell == used).ok_or_else(none)
}

/// Ways to hook direnv into a shell: in the file itself where it can be edited, else by hand.
fn fixes(file: &StartupFile) -> Vec<Fix> {
    let lines = file.shell.direnv_lines();
    if let Form::Symlink { end: LinkEnd::Store, .. } = file.form {
        let options = ["programs.direnv.enable = true;", "programs.direnv.nix-direnv.enable = true;"];
        return vec![Fix::by_hand("Switch it on in the configuration of home-manager", &options).restarting(Restart::Shell)];
    }
    if let Ok((path, edit)) = hook::edit(file) {
        let title = format!("Add the hook to `{path}`");
        return vec![Fix::edit(&title, vec![FileEdit { path, edit }]).restarting(Restart::Shell)];
    }
    if String::from_utf8_lossy(&file.blocks).contains(&format!(" nixstart {} ", hook::BLOCK)) {
        // Somebody has changed it, or it would be found as a hook.
        let title = format!("Write this between the marks of nixstart in `{}`", file.path);
        return vec![Fix::by_hand(&title, lines).restarting(Restart::Shell)];
    }
    let title = match &file.form {
        Form::Symlink { target, end: LinkEnd::File | LinkEnd::Store } => {
            format!("Add this to `{target}`, to which `{}` leads", file.path)
        }
        Form::Symlink { target, end: LinkEnd::Nothing } => {
            format!("Make `{target}`, to which `{}` leads, and add this", file.path)
        }
        Form::Directory | Form::Special => format!("Make `{}` a plain file, and add this", file.path),
        Form::Absent | Form::Plain => format!("Add this to the end of `{}`", file.path),
    };
    vec![Fix::by_hand(&title, lines).restarting(Restart::Shell)]
}

pub(super) fn comes_last(facts: &Facts) -> Look {
    needs_direnv(facts)?;
    let file = used_file(facts)?;
    let Some(hook) = &file.direnv else {
        return Err(Unknown::Irrelevant("no start-up file hooks direnv in".to_owned()));
    };
    if hook.followed_by.is_empty() {
        return Ok(Verdict::Pass(format!("`{}` line {}", hook.path, hook.line)));
    }
    let problem = Problem::new(format!("`{}` rewrites the prompt after the hook of line {}", hook.path, hook.line));
    let named = hook.followed_by.iter().map(|(line, what)| format!("line {line}: {what}"));
    let fix = Fix::by_hand("Move the line with the hook to the end of the file", file.shell.direnv_lines());
    Ok(Verdict::Warn(named.fold(problem, Problem::detail).fix(fix.restarting(Restart::Shell))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Remedy;
    use crate::facts::shell::ShellKind;
    use crate::line_edit::LineEdit;

    fn file(shell: ShellKind, form: Form, is_writable: bool) -> StartupFile {
        StartupFile {
            shell,
            path: "/home/ada/.rc".into(),
            form,
            is_writable,
            is_text: true,
            blocks: Vec::new(),
            direnv: None,
            devenv: None,
        }
    }

    #[test]
    fn only_a_file_of_the_users_is_edited_and_as_setup_does_it() {
        for shell in ShellKind::ALL {
            assert!(matches!(fixes(&file(shell, Form::Plain, true))[0].remedy, Remedy::Edit { .. }), "{shell}");
        }
        let link = |end| Form::Symlink { target: "/dotfiles/rc".into(), end };
        let behind = fixes(&file(ShellKind::Zsh, link(LinkEnd::File), true)).remove(0);
        let lines = vec!["eval \"$(direnv hook zsh)\"".to_owned()];
        let edit = LineEdit::Block { name: "direnv".into(), lines };
        assert_eq!(behind.remedy, Remedy::Edit { edits: vec![FileEdit { path: "/dotfiles/rc".into(), edit }], as_root: false });
        for (form, is_writable) in [
            (Form::Plain, false),
            (Form::Directory, true),
            (Form::Special, true),
            (link(LinkEnd::Store), true),
            (link(LinkEnd::File), false),
            (link(LinkEnd::Nothing), true),
        ] {
            let fix = &fixes(&file(ShellKind::Zsh, form.clone(), is_writable))[0];
            assert!(matches!(fix.remedy, Remedy::ByHand { .. }), "{form:?}");
        }
    }

    #[test]
    fn what_is_added_is_found_as_a_hook() {
        let fix = fixes(&file(ShellKind::Fish, Form::Absent, true)).remove(0);
        let Remedy::Edit { edits, .. } = fix.remedy else { panic!("not edited") };
        let text = edits[0].edit.apply(b"").unwrap();
        let scan = crate::facts::shell::startup::scan(ShellKind::Fish, std::str::from_utf8(&text).unwrap());
        assert_eq!(scan.direnv, Some((2, false)));
    }
}
