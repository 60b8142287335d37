//! Judges the files of settings.

use crate::doctor::remedy::Restart;
use crate::doctor::{FileEdit, Fix, Look, Problem, Remedy, Verdict};
use crate::facts::Facts;
use crate::facts::config::{ConfigFault, ConfigFile};
use crate::nix::conf::{Place, Setting};

pub(super) fn are_readable(facts: &Facts) -> Look {
    let faults = facts.config.faults.get()?;
    if faults.is_empty() {
        let count = facts.config.files.get()?.len();
        return Ok(Verdict::Pass(format!("files: {count}")));
    }
    let problem = Problem::new("Nix cannot read its settings, so every command fails");
    let problem = faults.iter().fold(problem, |problem, fault| problem.detail(format!("{}: {}", fault.place, fault.what)));
    Ok(Verdict::Fail(faults.iter().fold(problem, |problem, fault| problem.fix(mend(facts, fault)))))
}

fn mend(facts: &Facts, fault: &ConfigFault) -> Fix {
    let files = facts.config.files.known().map_or([].as_slice(), Vec::as_slice);
    let is_made = files.iter().any(|file| Some(&file.path) == fault.path.as_ref() && file.made_by.is_some());
    match (&fault.path, &fault.raw) {
        (Some(path), Some(raw)) if !is_made => {
            let edits = vec![FileEdit::replace(path, raw, format!("# {raw}"))];
            let title = format!("Comment {} out", fault.place);
            if fault.is_system { Fix::edit_as_root(&title, edits).restarting(Restart::Daemon) } else { Fix::edit(&title, edits) }
        }
        (Some(path), _) => Fix::by_hand(&format!("Mend {}", fault.place), &[&format!("${{EDITOR:-vi}} {path}")]),
        (None, _) => Fix::by_hand("Unset the variable, or mend it", &["unset NIX_CONFIG"]),
    }
}

pub(super) fn are_known(facts: &Facts) -> Look {
    let unknown = facts.config.unknown.get()?;
    if unknown.is_empty() {
        return Ok(Verdict::Pass("it does".to_owned()));
    }
    let all: Vec<&Setting> = [facts.config.system.get()?, facts.config.user.get()?].into_iter().flatten().collect();
    let problem = Problem::new(format!("Nix does not know {}", unknown.join(", ")));
    Ok(Verdict::Warn(unknown.iter().fold(problem, |problem, name| {
        let is_it = |setting: &&&Setting| setting.name == *name || setting.name.strip_prefix("extra-") == Some(name);
        match all.iter().find(is_it) {
            Some(Setting { place: place @ Place::File { path, .. }, .. }) => {
                let edit = format!("${{EDITOR:-vi}} {path}");
                problem
                    .detail(format!("`{name}` in {place}"))
                    .fix(Fix::by_hand(&format!("Remove `{name}` or correct it"), &[&edit]))
            }
            Some(Setting { place: place @ Place::Variable, .. }) => problem.detail(format!("`{name}` in {place}")),
            None => problem.detail(format!("`{name}`")),
        }
    })))
}

pub(super) fn are_kept_by_hand(facts: &Facts) -> Look {
    let files = facts.config.files.get()?;
    let made = files.iter().filter(|file| file.is_system).find_map(|file| Some((&file.path, file.made_by.as_ref()?)));
    let Some((path, by)) = made else { return Ok(Verdict::Pass("nothing makes it".to_owned())) };
    let problem = Problem::new(format!("`{path}` is made by {by}; nixstart leaves it alone"));
    Ok(Verdict::Warn(problem.fix(match by.as_str() {
        "NixOS" | "nix-darwin" => Fix::by_hand("Change `nix.settings` in your configuration", &["nix.settings.NAME = VALUE;"]),
        "Determinate Nix" => {
            let own = path.with_file_name("nix.custom.conf");
            Fix::by_hand("Settings of your own go into the file that it includes", &[&format!("sudo ${{EDITOR:-vi}} {own}")])
        }
        _ => Fix::by_hand("Find out what makes it", &[&format!("head {path}"), &format!("readlink -f {path}")]),
    })))
}

pub(super) fn are_undisturbed(facts: &Facts) -> Look {
    let variables = facts.config.variables.get()?;
    if variables.is_empty() {
        return Ok(Verdict::Pass("none is set".to_owned()));
    }
    let commands: Vec<String> = variables.iter().map(|name| format!("unset {name}")).collect();
    let problem = Problem::new(format!("{} changes what Nix reads", variables.join(", ")));
    let names = facts.config.user.known().into_iter().flatten().filter(|setting| setting.place == Place::Variable);
    let problem = names.fold(problem, |problem, setting| problem.detail(format!("NIX_CONFIG sets `{}`", setting.name)));
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    Ok(Verdict::Warn(problem.fix(Fix::by_hand("Unset it where it is not meant", &commands))))
}

pub(super) fn is_github_patient(facts: &Facts) -> Look {
    let left = *facts.config.github_requests_left.get()?;
    if left >= 10 {
        return Ok(Verdict::Pass(format!("{left} requests are left this hour")));
    }
    let file = facts.config.user_file.known().map_or("~/.config/nix/nix.conf", |path| path.as_str());
    let problem = Problem::new(format!("GitHub answers only {left} more requests this hour"));
    Ok(Verdict::Warn(problem.fix(Fix::by_hand(
        "Make a token without any rights at https://github.com/settings/tokens, and give it to Nix",
        &[
            &format!("touch {file}; chmod 600 {file}"),
            &format!("${{EDITOR:-vi}} {file}    # add: access-tokens = github.com=TOKEN"),
        ],
    ))))
}

pub(super) fn are_tokens_private(facts: &Facts) -> Look {
    let files = facts.config.files.get()?;
    let open: Vec<&ConfigFile> = files.iter().filter(|file| file.holds_tokens && file.mode & 0o077 != 0).collect();
    if open.is_empty() {
        let count = files.iter().filter(|file| file.holds_tokens).count();
        return Ok(Verdict::Pass(if count == 0 {
            "there are none".to_owned()
        } else {
            format!("files that hold some: {count}")
        }));
    }
    let problem = Problem::new("others can read access tokens");
    let shown = |problem: Problem, file: &&ConfigFile| problem.detail(format!("`{}` has mode {:o}", file.path, file.mode));
    Ok(Verdict::Warn(open.iter().fold(open.iter().fold(problem, shown), |problem, file| problem.fix(close(facts, file)))))
}

fn close(facts: &Facts, file: &ConfigFile) -> Fix {
    let is_makers = file.made_by.as_deref().is_some_and(|by| by != "Determinate Nix");
    let is_shared = file.is_system;
    if is_makers || is_shared {
        let own = facts.config.user_file.known().map_or("~/.config/nix/nix.conf", |path| path.as_str());
        let title = if is_makers {
            "Make a new token, and keep it in a file that only you can read; this one is in the store"
        } else {
            "Move the token to your own file, which only you can read"
        };
        let include = format!("!include {}", own.replace("nix.conf", "tokens.conf"));
        return Fix::by_hand(title, &[&include]);
    }
    Fix::new("Close it to others", Remedy::SetMode { path: file.path.clone(), mode: 0o600 })
}
