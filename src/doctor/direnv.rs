//! Checks of direnv and nix-direnv.

#[cfg(test)]
mod examples;
mod hook;
mod program;

use super::{Check, Cost, FileEdit, Fix, Group, Look, Platform, Problem, Remedy, Severity, Verdict};
use crate::facts::direnv::{Envrc, Permission, UseKind};
use crate::facts::{Facts, Unknown};

#[cfg(test)]
pub(super) use examples::examples;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "direnv-present",
        group: Group::Direnv,
        severity: Severity::Degrades,
        title: "direnv is there for a project that has an `.envrc`",
        symptom: "nothing happens on `cd`; `direnv: command not found`",
        cause: "the project has an `.envrc` and direnv is not installed",
        fix: "run `nixstart setup`, or enter the shell yourself with `nixstart shell`",
        source: "direnv documentation",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: program::is_present,
    },
    Check {
        id: "direnv-version",
        group: Group::Direnv,
        severity: Severity::Blocks,
        title: "direnv is new enough",
        symptom: "`base direnv version is older than the required`, or `experimental Nix feature 'flakes' is disabled` on `cd`",
        cause: "nix-direnv needs direnv 2.21.3; before 2.35 direnv's own `use flake` does not switch flakes on",
        fix: "install a newer direnv: `nix profile install nixpkgs#direnv`",
        source: "changelog of direnv; measured with 2.32.1",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["direnv-present"],
        look: program::is_new_enough,
    },
    Check {
        id: "direnv-bash",
        group: Group::Direnv,
        severity: Severity::Degrades,
        title: "direnv runs a bash that nix-direnv works with",
        symptom: "`minimum required bash version is 4.4`",
        cause: "direnv runs `.envrc` files with the bash it finds, which is 3.2 on macOS",
        fix: "install a newer bash: `nix profile install nixpkgs#bashInteractive`",
        source: "nix-direnv README",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["direnv-present"],
        look: program::has_bash,
    },
    Check {
        id: "direnv-hook",
        group: Group::Direnv,
        severity: Severity::Blocks,
        title: "direnv is hooked into your shell",
        symptom: "nothing happens on `cd` into the project",
        cause: "no start-up file of the shell runs `direnv hook`",
        fix: "add the hook to the start-up file and start a new shell",
        source: "direnv hook documentation; measured with bash, zsh, fish and tcsh",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["direnv-present"],
        look: hook::is_there,
    },
    Check {
        id: "direnv-hook-order",
        group: Group::Direnv,
        severity: Severity::Informs,
        title: "The hook of direnv comes after what rewrites the prompt",
        symptom: "the environment flickers, or direnv acts one prompt late",
        cause: "a prompt framework after the hook replaces what the hook registered",
        fix: "move the line with `direnv hook` to the end of the file",
        source: "direnv hook documentation",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["direnv-hook"],
        look: hook::comes_last,
    },
    Check {
        id: "envrc-allowed",
        group: Group::Direnv,
        severity: Severity::Blocks,
        title: "direnv may load the `.envrc`",
        symptom: "`direnv: error …/.envrc is blocked. Run `direnv allow` to approve its content`",
        cause: "nobody has allowed what the file says now, or somebody has denied it",
        fix: "read the file, then run `direnv allow`",
        source: "direnv `rc.go`; measured with 2.32.1",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["direnv-present"],
        look: is_allowed,
    },
    Check {
        id: "envrc-impure",
        group: Group::Direnv,
        severity: Severity::Blocks,
        title: "The `.envrc` lets the flake see where the project is",
        symptom: "`PWD not set`, or `devenv was not able to determine the current directory`",
        cause: "the flake reads `PWD`, and `use flake` evaluates it without `--impure`",
        fix: "write `use flake . --impure` into `.envrc`",
        source: "devenv flake guide; measured",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: is_impure_enough,
    },
    Check {
        id: "envrc-stale-shell",
        group: Group::Direnv,
        severity: Severity::Degrades,
        title: "The environment is that of the project as it is now",
        symptom: "`nix-direnv: Evaluating current devShell failed. Falling back to previous environment!`; old tools after an edit",
        cause: "the last edit does not evaluate, so nix-direnv serves the environment before it",
        fix: "mend what `nix-direnv-reload` reports",
        source: "nix-direnv `direnvrc`: `NIX_DIRENV_DID_FALLBACK`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: is_current,
    },
    Check {
        id: "nix-direnv-present",
        group: Group::Direnv,
        severity: Severity::Degrades,
        title: "nix-direnv keeps the environment",
        symptom: "every `cd` takes seconds, and garbage collection takes the environment away",
        cause: "direnv's own `use flake` neither caches nor protects what it evaluates",
        fix: "install nix-direnv with `nixstart setup`",
        source: "nix-direnv README",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["direnv-present"],
        look: program::has_nix_direnv,
    },
    Check {
        id: "direnv-slow",
        group: Group::Direnv,
        severity: Severity::Informs,
        title: "The `.envrc` loads before direnv complains",
        symptom: "`direnv: ([/usr/bin/direnv export bash]) is taking a while to execute. Use CTRL-C to give up.`",
        cause: "loading takes longer than direnv's `warn_timeout`",
        fix: "install nix-direnv, or raise `warn_timeout` in `~/.config/direnv/direnv.toml`",
        source: "direnv.toml manual",
        platform: Platform::Any,
        cost: Cost::Deep,
        needs: &["envrc-allowed"],
        look: program::is_quick,
    },
];

/// The `.envrc` of the project.
fn envrc(facts: &Facts) -> Result<&Envrc, Unknown> {
    let envrc = facts.direnv.envrc.get()?.as_ref();
    envrc.ok_or_else(|| Unknown::Irrelevant("the project has no `.envrc`".to_owned()))
}

/// Says nothing where direnv is not installed; that is said once.
fn needs_direnv(facts: &Facts) -> Result<(), Unknown> {
    let program = facts.direnv.program.get()?;
    program.as_ref().map(|_| ()).ok_or_else(|| Unknown::Irrelevant("direnv is not installed".to_owned()))
}

fn is_allowed(facts: &Facts) -> Look {
    needs_direnv(facts)?;
    let envrc = envrc(facts)?;
    let path = envrc.path.as_str();
    let problem = match facts.direnv.permission.get()? {
        Permission::Allowed | Permission::Whitelisted => return Ok(Verdict::Pass(format!("`{path}`"))),
        Permission::NotAllowed => Problem::new(format!("`{path}` is not allowed as it is now")),
        Permission::Denied => Problem::new(format!("`{path}` was denied with `direnv deny`")),
    };
    let lines =
        if envrc.length == 1 { "line as your user; read it" } else { &format!("{} lines as your user; read them", envrc.length) };
    Ok(Verdict::Fail(problem.detail(format!("direnv runs its {lines} first")).fix(Fix::run(
        "Allow what the file says now",
        &["direnv", "allow", path],
        Some(&format!("direnv deny '{path}'")),
    ))))
}

fn is_impure_enough(facts: &Facts) -> Look {
    let envrc = envrc(facts)?;
    let local = || envrc.uses.iter().filter(|used| used.kind == UseKind::Flake && used.is_local());
    if local().next().is_none() {
        return Err(Unknown::Irrelevant("the `.envrc` does not use the flake of the project".to_owned()));
    }
    let Some(reason) = facts.flake.impurity.get()? else {
        return Ok(Verdict::Pass("the flake needs no variables".to_owned()));
    };
    let Some(pure) = local().find(|used| !used.is_impure() && !used.overrides_root()) else {
        return Ok(Verdict::Pass("`use flake` is impure".to_owned()));
    };
    let edits = vec![FileEdit::replace(&envrc.path, &pure.line, pure.made_impure())];
    Ok(Verdict::Fail(
        Problem::new("`use flake` hides from the flake where the project is")
            .detail(format!("`{}` line {}: `{}`", envrc.path, pure.number, pure.line.trim()))
            .detail(format!("flake: {reason}"))
            .fix(Fix::edit("Let the flake see variables; direnv asks for `direnv allow` afterwards", edits)),
    ))
}

fn is_current(facts: &Facts) -> Look {
    if !*facts.direnv.did_fall_back.get()? {
        return Ok(Verdict::Pass("nix-direnv did not fall back".to_owned()));
    }
    let problem = Problem::new("nix-direnv serves an older environment, because the present one does not evaluate");
    let fix = match facts.direnv.reload.known() {
        Some(Some(reload)) => Fix::run("Evaluate it anew, and see why it fails", &[reload.as_str()], None),
        Some(None) | None => Fix::by_hand("Evaluate it anew, and see why it fails", &["nix-direnv-reload"]),
    };
    Ok(Verdict::Warn(problem.fix(fix)))
}
