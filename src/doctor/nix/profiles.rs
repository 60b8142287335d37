//! Judges profiles and the search path of Nix.

use camino::Utf8PathBuf;

use crate::doctor::{Fix, Look, Problem, Remedy, Verdict};
use crate::facts::Facts;
use crate::facts::nix::Leftover;

pub(super) fn is_one(facts: &Facts) -> Look {
    let profiles = facts.nix.profiles.get()?;
    Ok(match (&profiles.legacy, &profiles.xdg) {
        (Some(legacy), Some(xdg)) if legacy != xdg => Verdict::Warn(
            Problem::new("there are two profiles, and they differ")
                .detail(format!("`~/.nix-profile` leads to `{legacy}`"))
                .detail(format!("`~/.local/state/nix/profile` leads to `{xdg}`"))
                .fix(Fix::by_hand(
                    "See what is only in the old one, install that again, then move the old one away",
                    &["nix profile list --profile ~/.nix-profile", "mv ~/.nix-profile ~/.nix-profile.old"],
                )),
        ),
        (Some(path), _) | (None, Some(path)) => Verdict::Pass(format!("`{path}`")),
        (None, None) => Verdict::Pass("there is none yet".to_owned()),
    })
}

pub(super) fn are_rooted(facts: &Facts) -> Look {
    let without_root = &facts.nix.profiles.get()?.without_root;
    if without_root.is_empty() {
        return Ok(Verdict::Pass("all of them are kept".to_owned()));
    }
    let problem = Problem::new("the garbage collector may take what is on PATH");
    let problem = without_root.iter().fold(problem, |problem, path| problem.detail(path.as_str()));
    let commands: Vec<String> = without_root.iter().filter_map(root_for).collect();
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    Ok(Verdict::Warn(problem.fix(Fix::by_hand("Make it a root of the garbage collector", &commands))))
}

fn root_for(directory: &Utf8PathBuf) -> Option<String> {
    let profile = crate::template::escape::sh(directory.parent()?.as_str());
    Some(format!("nix-store --realise \"$(readlink -f {profile})\" --add-root {profile}.root --indirect"))
}

pub(super) fn is_unmixed(facts: &Facts) -> Look {
    let is_of_nix_profile = facts.nix.profiles.get()?.is_of_nix_profile;
    let files = &facts.nix.start_up.get()?.files;
    let calls = files.iter().find_map(|file| Some((&file.path, file.text.as_ref()?.calls_nix_env?)));
    Ok(match calls {
        Some((path, line)) if is_of_nix_profile => Verdict::Warn(
            Problem::new("the profile is kept by `nix profile`, and a start-up file calls `nix-env`")
                .detail(format!("`{path}`, line {line}"))
                .fix(Fix::by_hand("Use the other command there", &["nix profile install nixpkgs#NAME"])),
        ),
        _ => Verdict::Pass("nothing here mixes them".to_owned()),
    })
}

pub(super) fn is_search_path_whole(facts: &Facts) -> Look {
    let leftovers = facts.nix.leftovers.get()?;
    if leftovers.is_empty() {
        return Ok(Verdict::Pass("it names nothing that is gone".to_owned()));
    }
    let problem = Problem::new("the search path of Nix names what is gone");
    Ok(Verdict::Warn(leftovers.iter().fold(problem, |problem, leftover| {
        match leftover {
            Leftover::NixPath(entry) => problem
                .detail(format!("`{entry}` in NIX_PATH"))
                .fix(Fix::by_hand("Unset the variable; flakes do not need it", &["unset NIX_PATH"])),
            Leftover::Link(path) => problem
                .detail(format!("`{path}` leads nowhere"))
                .fix(Fix::new("Remove the link", Remedy::RemoveFile { path: path.clone() })),
            Leftover::Channels(path) => problem.detail(format!("`{path}` names channels that were never fetched")).fix(
                Fix::by_hand("Fetch them, or remove those that nobody uses", &["nix-channel --update", "nix-channel --list"]),
            ),
        }
    })))
}
