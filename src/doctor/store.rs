//! Checks of the Nix store.

use camino::Utf8PathBuf;

use super::{Check, Cost, Fix, Group, Look, Platform, Problem, Remedy, Severity, Verdict};
use crate::facts::nix::StoreMode;
use crate::facts::store::ProbeBuild;
use crate::facts::{Facts, Unknown};

/// From how many bytes on the size of the store is worth a word.
const LARGE: u64 = 50 << 30;
/// How many paths are shown of a long list.
const SHOWN: usize = 8;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "store-probe-build",
        group: Group::Store,
        severity: Severity::Blocks,
        title: "A build of a few bytes works",
        symptom: "every build ends with an error",
        cause: "the daemon, the build users, the sandbox, the disk or the settings keep builds from running",
        fix: "mend what the message names; `nixstart explain` knows many of them",
        source: "the self-test of NixOS/nix-installer does the same",
        platform: Platform::Any,
        cost: Cost::Deep,
        needs: &["nix-present", "nix-conf-parse", "daemon-socket", "daemon-access"],
        look: can_build,
    },
    Check {
        id: "store-integrity",
        group: Group::Store,
        severity: Severity::Degrades,
        title: "What is in the store is what was built",
        symptom: "`path '…' was modified! expected hash`, or programs that fail in odd ways",
        cause: "a disk fault, a full disk or a program run as root has changed files in the store",
        fix: "let Nix fetch or build the paths again",
        source: "measured with Nix 2.8 and 2.26",
        platform: Platform::Any,
        cost: Cost::Deep,
        needs: &["nix-present", "nix-conf-parse", "daemon-socket", "daemon-access"],
        look: is_whole,
    },
    Check {
        id: "store-size",
        group: Group::Store,
        severity: Severity::Informs,
        title: "The store is not overly large",
        symptom: "the disk fills up",
        cause: "old generations and results of builds are kept until the garbage collector runs",
        fix: "look at what would be removed, then collect garbage",
        source: "the size of the file system of `/nix`, or `nix path-info --all --size`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present", "daemon-socket", "daemon-access"],
        look: is_small,
    },
    Check {
        id: "gc-roots-stale",
        group: Group::Store,
        severity: Severity::Informs,
        title: "No root of the garbage collector leads nowhere",
        symptom: "the disk does not shrink although `result` and `.direnv` were removed",
        cause: "links of projects that are gone stay until the garbage collector runs the next time",
        fix: "collect garbage; that removes such links and what only they kept",
        source: "`/nix/var/nix/gcroots/auto`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: are_roots_used,
    },
    Check {
        id: "cache-dir-owner",
        group: Group::Store,
        severity: Severity::Blocks,
        title: "The user's directories of Nix belong to the user",
        symptom: "`cannot open SQLite database '…/fetcher-cache-v3.sqlite': unable to open database file`",
        cause: "`sudo nix …` was run with the user's HOME and left files of root there",
        fix: "give the directories back to the user",
        source: "measured with Nix 2.8 and 2.26",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: are_directories_own,
    },
    Check {
        id: "chroot-store-in-use",
        group: Group::Store,
        severity: Severity::Degrades,
        title: "The store is at `/nix`",
        symptom: "`result` leads nowhere, and direnv does not find the programs of the project",
        cause: "without `/nix`, Nix 2.10 and newer keep their store below the user's directory, where paths do not mean what they say",
        fix: "run `nixstart setup` to get a store at `/nix`",
        source: "measured with Nix 2.26",
        platform: Platform::Linux,
        cost: Cost::Local,
        needs: &["nix-present"],
        look: is_at_its_place,
    },
];

fn with_paths(problem: Problem, paths: &[Utf8PathBuf]) -> Problem {
    let problem = paths.iter().take(SHOWN).fold(problem, |problem, path| problem.detail(path.as_str()));
    match paths.len().checked_sub(SHOWN) {
        None | Some(0) => problem,
        Some(more) => problem.detail(format!("and {more} more")),
    }
}

fn can_build(facts: &Facts) -> Look {
    Ok(match facts.store.probe_build.get()? {
        ProbeBuild::Built { .. } => Verdict::Pass("it was built".to_owned()),
        ProbeBuild::Failed(lines) => Verdict::Fail(
            lines
                .iter()
                .fold(Problem::new("a build of a few bytes fails"), Problem::detail)
                .fix(Fix::by_hand("Find out what the message means", &["nixstart explain"])),
        ),
    })
}

fn is_whole(facts: &Facts) -> Look {
    let damaged = facts.store.damaged.get()?;
    if damaged.is_empty() {
        return Ok(Verdict::Pass("every path has the hash it was built with".to_owned()));
    }
    let flags = ["nix", "--extra-experimental-features", "nix-command", "store", "repair"];
    let command: Vec<&str> = flags.into_iter().chain(damaged.iter().map(|path| path.as_str())).collect();
    let problem = with_paths(Problem::new(format!("{} paths of the store were changed", damaged.len())), damaged);
    Ok(Verdict::Warn(problem.fix(Fix::run_as_root("Fetch or build them again", &command, None))))
}

fn is_small(facts: &Facts) -> Look {
    let bytes = *facts.store.bytes.get()?;
    let size = format!("{} GiB", bytes >> 30);
    if bytes <= LARGE {
        return Ok(Verdict::Pass(size));
    }
    let problem = Problem::new(format!("the store takes up {size}"))
        .fix(Fix::by_hand("See what would be removed, then remove it", &["nix-store --gc --print-dead", "nix-collect-garbage"]));
    let optimises = facts.config.effective.known().is_none_or(|settings| settings.optimises_store);
    Ok(Verdict::Warn(if optimises {
        problem
    } else {
        problem.fix(Fix::by_hand("Keep equal files once", &["nix-store --optimise"]))
    }))
}

fn are_roots_used(facts: &Facts) -> Look {
    let stale = facts.store.stale_roots.get()?;
    if stale.is_empty() {
        return Ok(Verdict::Pass("every root leads somewhere".to_owned()));
    }
    let problem = with_paths(Problem::new(format!("{} roots lead nowhere", stale.len())), stale);
    Ok(Verdict::Warn(
        problem.fix(Fix::by_hand(
            "See what would be removed, then remove it",
            &["nix-store --gc --print-dead", "nix-collect-garbage"],
        )),
    ))
}

fn are_directories_own(facts: &Facts) -> Look {
    let foreign = facts.store.foreign.get()?;
    if foreign.is_empty() {
        return Ok(Verdict::Pass("all of them do".to_owned()));
    }
    let problem = with_paths(Problem::new("files of another user are in your directories of Nix"), foreign);
    let uid = facts.daemon.user.get()?.uid.to_string();
    let mut command = vec!["chown", "--recursive", "--no-dereference", uid.as_str()];
    if facts.nix.machine.known().is_some_and(|machine| machine.is_macos()) {
        command = vec!["chown", "-R", "-h", uid.as_str()];
    }
    command.extend(foreign.iter().map(|path| path.as_str()));
    let undo = "give the files back to root with `chown`";
    Ok(Verdict::Fail(problem.fix(Fix::run_as_root("Give them back to you", &command, Some(undo)))))
}

fn is_at_its_place(facts: &Facts) -> Look {
    let fix = || Fix::new("Get a store at `/nix`", Remedy::Setup);
    if let Some(chroot) = facts.store.chroot.get()? {
        let summary = if chroot.has_other {
            "a store of an earlier Nix is left below your directory"
        } else {
            "the store is below your directory, not at `/nix`"
        };
        let problem = Problem::new(summary).detail(chroot.path.as_str());
        let path = crate::template::escape::sh(chroot.path.as_str());
        let [loosen, delete] = [format!("chmod -R u+w {path}"), format!("rm -rf {path}")];
        let remove = || Fix::by_hand("Remove it, when nothing in it is needed", &[&loosen, &delete]);
        return Ok(Verdict::Warn(problem.fix(if chroot.has_other { remove() } else { fix() })));
    }
    Ok(match facts.nix.store_mode.get()? {
        StoreMode::Absent if facts.daemon.user.get()?.uid == 0 => {
            return Err(Unknown::Irrelevant("root's store is made at `/nix`".to_owned()));
        }
        StoreMode::Absent if !facts.nix.version.get()?.makes_store_below_home() => {
            return Err(Unknown::Irrelevant("this Nix makes no store below your directory".to_owned()));
        }
        StoreMode::Absent => {
            Verdict::Warn(Problem::new("there is no store yet; it would be made below your directory").fix(fix()))
        }
        StoreMode::Chroot(path) => {
            Verdict::Warn(Problem::new("the store is below your directory").detail(path.as_str()).fix(fix()))
        }
        StoreMode::MultiUser | StoreMode::SingleUser { .. } => Verdict::Pass("`/nix`".to_owned()),
    })
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::Example> {
    use super::Example;
    use crate::facts::daemon::User;
    use crate::facts::store::{ChrootStore, Store};

    let with = |change: fn(&mut Store)| {
        let mut facts = Facts::default();
        facts.nix.store_mode = StoreMode::MultiUser.into();
        facts.daemon.user = User { uid: 1000, ..User::default() }.into();
        change(&mut facts.store);
        facts
    };
    vec![
        Example {
            id: "store-probe-build",
            bad: with(|store| store.probe_build = ProbeBuild::Failed(vec!["error: no space left on device".into()]).into()),
            good: with(|store| store.probe_build = ProbeBuild::Built { seen: Vec::new() }.into()),
        },
        Example {
            id: "store-integrity",
            bad: with(|store| store.damaged = vec!["/nix/store/x".into()].into()),
            good: with(|store| store.damaged = Vec::new().into()),
        },
        Example {
            id: "store-size",
            bad: with(|store| store.bytes = (60 << 30).into()),
            good: with(|store| store.bytes = (40 << 30).into()),
        },
        Example {
            id: "gc-roots-stale",
            bad: with(|store| store.stale_roots = vec!["/home/ada/gone/result".into(); SHOWN + 2].into()),
            good: with(|store| store.stale_roots = Vec::new().into()),
        },
        Example {
            id: "cache-dir-owner",
            bad: with(|store| store.foreign = vec!["/home/ada/.cache/nix".into()].into()),
            good: with(|store| store.foreign = Vec::new().into()),
        },
        Example {
            id: "chroot-store-in-use",
            bad: with(|store| {
                store.chroot = Some(ChrootStore { path: "/home/ada/.local/share/nix/root".into(), has_other: false }).into();
            }),
            good: with(|store| store.chroot = None.into()),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::daemon::User;
    use crate::nix::NixVersion;

    /// What is said on a machine where Nix has no store yet.
    fn without_store(version: &str, uid: u32) -> Look {
        let mut facts = Facts::default();
        facts.nix.version = NixVersion::parse(&format!("nix (Nix) {version}")).unwrap().into();
        facts.nix.store_mode = StoreMode::Absent.into();
        facts.store.chroot = None.into();
        facts.daemon.user = User { uid, ..User::default() }.into();
        is_at_its_place(&facts)
    }

    #[test]
    fn only_a_nix_that_would_make_a_store_below_home_is_warned_of() {
        assert!(matches!(without_store("2.26.3", 1000), Ok(Verdict::Warn(_))));
        assert!(matches!(without_store("2.10.0", 1000), Ok(Verdict::Warn(_))));
        assert!(matches!(without_store("2.8.0", 1000), Err(Unknown::Irrelevant(_))));
        assert!(matches!(without_store("2.26.3", 0), Err(Unknown::Irrelevant(_))));
    }
}
