//! Checks of the `nix` programs.

#[cfg(test)]
mod examples;
mod profiles;
mod start_up;

#[cfg(test)]
pub(super) use examples::examples;

use super::{Check, Cost, Fix, Group, Look, Platform, Problem, Remedy, Severity, Verdict};
use crate::facts::Facts;
use crate::nix::{Flavour, OLDEST_NIX, RECOMMENDED_NIX};
use crate::setup::upgrade;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "nix-present",
        group: Group::Nix,
        severity: Severity::Blocks,
        title: "Nix is installed",
        symptom: "`nix: command not found`",
        cause: "no `nix` is on PATH, nor where installers put it",
        fix: "run `nixstart setup`",
        source: "the places that the installers of NixOS, Determinate and Lix use",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: is_present,
    },
    Check {
        id: "nix-on-path",
        group: Group::Nix,
        severity: Severity::Blocks,
        title: "The `nix` that is installed is on PATH",
        symptom: "`nix: command not found`, in this shell or after an update of macOS",
        cause: "Nix is installed, but no start-up file of this shell puts it on PATH",
        fix: "source the profile script of Nix and start a new shell",
        source: "NixOS/nix#3616",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: start_up::is_on_path,
    },
    Check {
        id: "macos-rc-wiped",
        group: Group::Nix,
        severity: Severity::Blocks,
        title: "`/etc/zshrc` still puts Nix on PATH",
        symptom: "`zsh: command not found: nix` after an update of macOS",
        cause: "updates of macOS put their own `/etc/zshrc` back and drop the lines that the installer of Nix added",
        fix: "add the lines again",
        source: "NixOS/nix#3616, #6927, #7100",
        platform: Platform::MacOs,
        cost: Cost::Local,
        needs: &[],
        look: start_up::is_zshrc_whole,
    },
    Check {
        id: "macos-volume",
        group: Group::Nix,
        severity: Severity::Blocks,
        title: "The volume of Nix is mounted",
        symptom: "`/nix` is empty after an upgrade of macOS; `nix: command not found`",
        cause: "the service that mounts the volume `Nix Store` at start did not run",
        fix: "mount the volume, and start its service again",
        source: "NixOS/nix#7106",
        platform: Platform::MacOs,
        cost: Cost::Local,
        needs: &[],
        look: is_volume_mounted,
    },
    Check {
        id: "nix-version-min",
        group: Group::Nix,
        severity: Severity::Blocks,
        title: "Nix is new enough for today's nixpkgs",
        symptom: "`This version of Nixpkgs requires Nix >= 2.18`, or `… requires an implementation of Nix with the following features`",
        cause: "nixpkgs asks for Nix 2.18 since July 2025; packages of distributions are often older",
        fix: "upgrade Nix the way it was installed",
        source: "nixpkgs `lib/minfeatures.nix`; devbox#2678, #2692",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: is_new_enough,
    },
    Check {
        id: "nix-flavour",
        group: Group::Nix,
        severity: Severity::Informs,
        title: "It is a Nix that nixstart knows",
        symptom: "advice for Nix does not fit",
        cause: "several programs call themselves `nix`, and they differ in settings and versions",
        fix: "compare advice with the manual of that program",
        source: "the first line of `nix --version`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: is_known,
    },
    Check {
        id: "nix-multiple",
        group: Group::Nix,
        severity: Severity::Degrades,
        title: "One Nix is on PATH",
        symptom: "`[FAIL] Multiple versions of nix found in PATH`, and errors that come and go",
        cause: "more than one installation is on PATH, and programs of one talk to files of the other",
        fix: "take all but one off PATH",
        source: "`nix config check`, measured with Nix 2.26",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: is_the_only_one,
    },
    Check {
        id: "profile-dual",
        group: Group::Nix,
        severity: Severity::Degrades,
        title: "There is one profile",
        symptom: "`Both … and legacy … exist` when a shell starts",
        cause: "Nix moved profiles below `~/.local/state`, and programs of both places are on PATH",
        fix: "install again what is only in the old profile, then move that away",
        source: "`nix-profile-daemon.sh` of Nix",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: profiles::is_one,
    },
    Check {
        id: "profile-roots",
        group: Group::Nix,
        severity: Severity::Degrades,
        title: "The garbage collector keeps every profile on PATH",
        symptom: "programs are gone after `nix-collect-garbage`; `[FAIL] Found profiles outside of …`",
        cause: "a link on PATH leads into the store without a root of the garbage collector",
        fix: "make it a profile below `/nix/var/nix/profiles`",
        source: "`nix config check`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: profiles::are_rooted,
    },
    Check {
        id: "nix-profile-env-mix",
        group: Group::Nix,
        severity: Severity::Informs,
        title: "`nix profile` and `nix-env` do not share a profile",
        symptom: "`profile '…' is incompatible with 'nix-env'; please use 'nix profile' instead`",
        cause: "`nix profile` has changed the profile, and a start-up file still installs with `nix-env`",
        fix: "use `nix profile` in its place",
        source: "not verified; from the message of Nix",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: profiles::is_unmixed,
    },
    Check {
        id: "nix-path-leftovers",
        group: Group::Nix,
        severity: Severity::Informs,
        title: "The search path of Nix names nothing that is gone",
        symptom: "`Nix search path entry '…' does not exist, ignoring`, or `file 'nixpkgs' was not found in the Nix search path`",
        cause: "`NIX_PATH` or channels of an earlier installation were left behind; flakes need neither",
        fix: "unset the variable, remove the link, or fetch the channels",
        source: "cachix/devenv#1153",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: profiles::is_search_path_whole,
    },
];

fn is_present(facts: &Facts) -> Look {
    let on_path = facts.nix.on_path.get()?;
    let elsewhere = facts.nix.elsewhere.get()?;
    Ok(match on_path.as_ref().or(elsewhere.first()) {
        Some(path) => Verdict::Pass(format!("`{path}`")),
        None => Verdict::Fail(Problem::new("no `nix` was found").fix(Fix::new("Install Nix", Remedy::Setup))),
    })
}

fn is_volume_mounted(facts: &Facts) -> Look {
    let volume = facts.nix.volume.get()?;
    Ok(match (volume.exists, volume.is_mounted) {
        (true, false) => {
            Verdict::Fail(Problem::new("the volume `Nix Store` is there, but not mounted at `/nix`").fix(Fix::by_hand(
                "Mount it",
                &[
                    "sudo launchctl kickstart -k system/org.nixos.darwin-store",
                    "sudo diskutil mount -mountPoint /nix 'Nix Store'",
                ],
            )))
        }
        (_, true) => Verdict::Pass("`/nix` is mounted".to_owned()),
        (false, false) => Verdict::Pass("there is no volume of Nix".to_owned()),
    })
}

fn is_new_enough(facts: &Facts) -> Look {
    let version = facts.nix.version.get()?;
    if version.is_recommended() {
        return Ok(Verdict::Pass(version.to_string()));
    }
    let ((major, minor), (better, best)) = (OLDEST_NIX, RECOMMENDED_NIX);
    if version.is_new_enough() {
        let summary = format!("{version} works; {better}.{best} or newer is better");
        return Ok(Verdict::Warn(Problem::new(summary).fix(upgrade(facts))));
    }
    let problem = Problem::new(format!("{version} cannot evaluate today's nixpkgs, which needs {major}.{minor}"));
    Ok(Verdict::Fail(problem.fix(upgrade(facts))))
}

/// The way to a newer Nix that fits how this one was installed; where `setup` is part of it, it says the whole.
fn upgrade(facts: &Facts) -> Fix {
    if facts.nix.origin.known().is_none() {
        return Fix::new("Install a newer Nix", Remedy::Setup);
    }
    let upgrade = upgrade::upgrade(facts);
    if upgrade.is_continued_by_setup {
        return Fix::new("Install a newer Nix than the package of this distribution", Remedy::Setup);
    }
    Fix::new(upgrade.title, Remedy::ByHand { commands: upgrade.commands })
}

fn is_known(facts: &Facts) -> Look {
    let version = facts.nix.version.get()?;
    Ok(match version.flavour() {
        Flavour::Nix => Verdict::Pass(version.to_string()),
        Flavour::Lix => Verdict::Pass(format!("{version}, whose versions count on their own")),
        Flavour::Determinate(own) => {
            Verdict::Pass(format!("Determinate Nix {own}; settings of your own belong in `/etc/nix/nix.custom.conf`"))
        }
        Flavour::Other(name) => Verdict::Warn(
            Problem::new(format!("this is `{name}`, which nixstart was not tried with"))
                .fix(Fix::by_hand("Compare what it says of itself", &["nix --version"])),
        ),
    })
}

fn is_the_only_one(facts: &Facts) -> Look {
    let directories = facts.nix.directories.get()?;
    if let [] | [_] = directories.as_slice() {
        return Ok(Verdict::Pass(directories.first().map_or_else(|| "none on PATH".to_owned(), |path| format!("`{path}`"))));
    }
    let problem = Problem::new(format!("{} different installations of Nix are on PATH", directories.len()));
    let problem = directories.iter().fold(problem, |problem, path| problem.detail(path.as_str()));
    Ok(Verdict::Warn(problem.fix(Fix::by_hand("See which file puts each of them there", &["type -a nix", "nix config check"]))))
}
