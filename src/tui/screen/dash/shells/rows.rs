//! What is said of shells and of `.envrc` files.

use super::Facts;
use crate::facts::Fact;
use crate::facts::direnv::cache::Cache;
use crate::facts::direnv::standing::{Loaded, Standing};
use crate::facts::direnv::{Permission, UseKind};
use crate::nix::dev_shells::DevShell;
use crate::tui::keymap::{self, Action, Context, ProjectAction};
use crate::tui::screen::dash::listing::Row;
use crate::ui::columns::count;
use crate::ui::style::Role;

const SHELL: (&str, &str, Role) = ("●", "*", Role::Name);

fn key(action: ProjectAction) -> &'static str {
    keymap::key(Context::Shells, Action::Project(action))
}

/// The rows: the shells first, then each `.envrc`.
pub(super) fn rows(facts: &Facts) -> Vec<Row> {
    let mut rows = vec![Row::Heading("Dev shells".to_owned())];
    match &facts.shells {
        Some(Ok(Some(shells))) if shells.is_empty() => rows.push(Row::Fact("the flake has none for this machine".to_owned())),
        Some(Ok(Some(shells))) => rows.extend(shells.iter().map(|shell| Row::Thing(SHELL, shell_line(shell)))),
        Some(Ok(None)) => rows.push(Row::Fact("there is no `flake.nix` here or above".to_owned())),
        Some(Err(why)) => {
            let first = why.lines().next().unwrap_or_default();
            rows.push(Row::Fact(format!("they do not evaluate: {first}")));
        }
        None if facts.is_evaluating => rows.push(Row::Fact("Nix is evaluating them".to_owned())),
        None => rows.push(Row::Hint(format!("not evaluated yet; {} does it", key(ProjectAction::Refresh)))),
    }
    if facts.is_evaluating && facts.shells.is_some() {
        rows.push(Row::Fact("Nix is evaluating them anew".to_owned()));
    } else {
        rows.extend(facts.outdated.words(key(ProjectAction::Refresh)).map(Row::Hint));
    }
    rows.push(Row::Heading("direnv".to_owned()));
    match &facts.standings {
        None => rows.push(Row::Fact("not looked at yet".to_owned())),
        Some(none) if none.is_empty() => rows.push(Row::Fact("there is no `.envrc`".to_owned())),
        Some(all) => rows.extend(all.iter().map(|standing| Row::Thing(mark(standing), envrc_line(standing)))),
    }
    rows
}

fn shell_line(shell: &DevShell) -> String {
    let processes = match shell.processes.len() {
        0 => String::new(),
        number => format!(", {}", count(number, "process", "processes")),
    };
    format!("{}: {}{processes}", shell.name, count(shell.packages.len(), "package", "packages"))
}

const fn mark(standing: &Standing) -> (&'static str, &'static str, Role) {
    match (standing.permission, &standing.cache) {
        (Permission::NotAllowed, _) => ("✗", "x", Role::Error),
        (Permission::Denied, _) => ("⊘", "x", Role::Warning),
        (_, Fact::Known(Cache::FellBack)) => ("!", "!", Role::Error),
        (_, Fact::Known(Cache::Stale(_))) => ("◐", "~", Role::Warning),
        (Permission::Allowed | Permission::Whitelisted, _) => ("✓", "v", Role::Success),
    }
}

fn envrc_line(standing: &Standing) -> String {
    let path = &standing.envrc.path;
    let shown = match (path.parent().and_then(|directory| directory.file_name()), path.file_name()) {
        (Some(directory), Some(name)) => format!("{directory}/{name}"),
        _ => path.to_string(),
    };
    format!("{shown}: {}, {}, {}", standing.permission.word(), cache_words(&standing.cache), loaded_words(&standing.loaded))
}

fn cache_words(cache: &Fact<Cache>) -> String {
    match cache {
        Fact::Known(Cache::None) => "no cache".to_owned(),
        Fact::Known(Cache::Missing) => "nothing cached yet".to_owned(),
        Fact::Known(Cache::Fresh) => "cache fresh".to_owned(),
        Fact::Known(Cache::Stale(files)) => {
            let names: Vec<&str> = files.iter().filter_map(|file| file.file_name()).collect();
            format!("cache stale ({})", names.join(", "))
        }
        Fact::Known(Cache::FellBack) => "fell back to the environment before".to_owned(),
        Fact::Unknown(_) => "cache not known".to_owned(),
    }
}

const fn loaded_words(loaded: &Loaded) -> &'static str {
    match loaded {
        Loaded::Here => "loaded here",
        Loaded::Elsewhere(_) => "another one is loaded here",
        Loaded::No => "not loaded here",
    }
}

/// Everything there is to say of a shell.
pub(super) fn about_shell(shell: &DevShell) -> Vec<String> {
    let listed = |names: &[String], none: &str| if names.is_empty() { none.to_owned() } else { names.join(", ") };
    let mut lines = vec![format!("packages: {}", listed(&shell.packages, "none that are known"))];
    if !shell.processes.is_empty() {
        lines.push(format!("processes: {}", shell.processes.join(", ")));
    }
    lines.push(format!("`nixstart shell {}` enters it from anywhere in the project", shell.name));
    lines
}

/// Everything there is to say of an `.envrc`.
pub(super) fn about_envrc(standing: &Standing) -> Vec<String> {
    let mut lines = vec![match standing.permission {
        Permission::Allowed => "allowed: direnv loads it as it is now".to_owned(),
        Permission::Whitelisted => "whitelisted: direnv's own settings let it load whatever it says".to_owned(),
        Permission::NotAllowed => {
            format!("blocked: nobody has allowed what it says now; {} shows it and asks", key(ProjectAction::Allow))
        }
        Permission::Denied => format!("denied: direnv does not load it; {} shows it and asks", key(ProjectAction::Allow)),
    }];
    lines.extend(match &standing.cache {
        Fact::Known(Cache::None) if standing.envrc.uses(UseKind::Devenv) => {
            Some("devenv keeps its environment itself".to_owned())
        }
        Fact::Known(Cache::None) => None,
        Fact::Known(Cache::Missing) => Some("nothing is cached yet: the next load evaluates".to_owned()),
        Fact::Known(Cache::Fresh) => Some("the cached environment is as new as all it was made of".to_owned()),
        Fact::Known(Cache::Stale(files)) => {
            let files: Vec<&str> = files.iter().map(|file| file.as_str()).collect();
            Some(format!("stale: the next load evaluates, because these are newer: {}", files.join(", ")))
        }
        Fact::Known(Cache::FellBack) => Some(
            "fell back: the project does not evaluate, so the environment before it is served; `nix-direnv-reload` says why"
                .to_owned(),
        ),
        Fact::Unknown(why) => Some(format!("whether its environment is fresh is not known: {why}")),
    });
    lines.push(match &standing.loaded {
        Loaded::Here => "loaded in the shell this dashboard was started from".to_owned(),
        Loaded::Elsewhere(path) => format!("the shell this dashboard was started from has loaded {path}"),
        Loaded::No => "not loaded in the shell this dashboard was started from".to_owned(),
    });
    lines.extend(standing.envrc.uses.iter().map(|used| format!("line {}: {}", used.number, used.line.trim())));
    lines
}

/// What is said when nothing can be selected.
pub(super) fn about_nothing(facts: &Facts) -> Vec<String> {
    match &facts.shells {
        Some(Err(why)) => why.lines().map(str::to_owned).collect(),
        Some(Ok(_)) | None => Vec::new(),
    }
}
