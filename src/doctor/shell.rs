//! Checks of the user's shells.

#[cfg(test)]
mod examples;

use super::{Check, Cost, Fix, Group, Look, Platform, Problem, Severity, Verdict};
use crate::facts::Facts;
use crate::facts::shell::{ShellEnvironment, ShellKind};

#[cfg(test)]
pub(super) use examples::examples;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "path-clobber",
        group: Group::Shell,
        severity: Severity::Degrades,
        title: "No start-up file replaces PATH after Nix is on it",
        symptom: "`nix: command not found` in new shells, although Nix is installed",
        cause: "a start-up file assigns PATH without `$PATH`, after the lines that put Nix on it",
        fix: "keep the old value: `PATH=/your/folder:$PATH`",
        source: "troubleshooting page of the installer",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: path_is_kept,
    },
    Check {
        id: "shell-login-mismatch",
        group: Group::Shell,
        severity: Severity::Degrades,
        title: "The shell you type into is the one that is set up",
        symptom: "a hook is in a start-up file and nothing happens",
        cause: "the shell above nixstart is not `$SHELL`, or bash on macOS reads a login file that does not read `.bashrc`",
        fix: "edit the start-up file of the shell you type into, or let the login file read `.bashrc`",
        source: "INVOCATION in the manual of bash",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: shells_agree,
    },
    Check {
        id: "in-nix-shell",
        group: Group::Shell,
        severity: Severity::Informs,
        title: "This shell holds no other project's environment",
        symptom: "tools of the wrong version, and variables of another project",
        cause: "a shell of another project, or several shells inside each other, are active",
        fix: "leave them with `exit` and start again from a fresh shell",
        source: "`IN_NIX_SHELL` in the Nix manual; `DEVENV_ROOT` in the devenv reference",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: shell_is_plain,
    },
];

fn path_is_kept(facts: &Facts) -> Look {
    let clobbers = facts.shell.clobbers.get()?;
    if clobbers.is_empty() {
        return Ok(Verdict::Pass("start-up files add to PATH".to_owned()));
    }
    let lines: Vec<String> = clobbers.iter().map(|clobber| format!("`{}` line {}", clobber.path, clobber.line)).collect();
    let problem = Problem::new("a start-up file replaces PATH");
    let problem = lines.into_iter().fold(problem, Problem::detail);
    Ok(Verdict::Warn(problem.fix(Fix::by_hand(
        "Keep the old value in these lines, or move them before those of Nix",
        &["export PATH=\"/your/folder:$PATH\""],
    ))))
}

fn shells_agree(facts: &Facts) -> Look {
    let shell = &facts.shell;
    let kind = |path: Option<&camino::Utf8PathBuf>| path.and_then(|path| ShellKind::of_program(path.as_str()));
    if let Some(Some(file)) = shell.login_file_without_bashrc.known()
        && shell.used() == Some(ShellKind::Bash)
    {
        let problem = Problem::new(format!("`{file}` does not read `.bashrc`, where hooks of bash belong"));
        let fix = Fix::by_hand("Let it read `.bashrc`", &["echo '[ -r ~/.bashrc ] && . ~/.bashrc' >> ~/.bash_profile"]);
        return Ok(Verdict::Warn(problem.fix(fix)));
    }
    let variable = kind(shell.variable.get()?.as_ref());
    let parent = shell.parent.known().and_then(|parent| kind(parent.as_ref()));
    match (parent, variable) {
        (Some(parent), Some(variable)) if parent != variable => {
            let problem = Problem::new(format!("you type into {parent}, and `$SHELL` says {variable}"))
                .detail(format!("programs that look at `$SHELL` set {variable} up"));
            let command = format!("chsh -s \"$(command -v {})\"", parent.program());
            Ok(Verdict::Warn(problem.fix(Fix::by_hand("Make it your login shell, when you want it to be", &[&command]))))
        }
        (Some(known), _) | (None, Some(known)) => Ok(Verdict::Pass(known.to_string())),
        (None, None) => Ok(Verdict::Pass("no shell that nixstart knows".to_owned())),
    }
}

fn shell_is_plain(facts: &Facts) -> Look {
    let environment = facts.shell.environment.get()?;
    let Some(problem) = foreign(environment) else {
        let is_inside = environment.in_nix_shell.is_some() || environment.devenv_root.is_some();
        return Ok(Verdict::Pass(if is_inside { "inside one Nix shell" } else { "outside any Nix shell" }.to_owned()));
    };
    Ok(Verdict::Warn(problem.fix(Fix::by_hand("Leave the shell", &["exit"]))))
}

/// What is active that is not of this project.
fn foreign(environment: &ShellEnvironment) -> Option<Problem> {
    let is_other = |root: &&camino::Utf8PathBuf| !environment.directory.starts_with(root);
    if let Some(root) = environment.devenv_root.as_ref().filter(is_other) {
        return Some(Problem::new(format!("the devenv shell of `{root}` is active")));
    }
    if let Some(directory) = environment.direnv_directory.as_ref().filter(is_other) {
        return Some(Problem::new(format!("direnv has loaded `{directory}`")));
    }
    let count = environment.nix_shells;
    (count > 1).then(|| Problem::new(format!("{count} Nix shells are inside each other")))
}
