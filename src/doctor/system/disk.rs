//! Judges disks: room, mounts, case of names.

use super::super::{Fix, Look, Problem, Verdict};
use crate::facts::system::{Purpose, Room};
use crate::facts::{Facts, Unknown};
use crate::template::escape;

const GIB: u64 = 1 << 30;
/// What a first dev shell and its updates take.
const ENOUGH_BYTES: u64 = 5 * GIB;
/// What a first dev shell and `node_modules` take.
const ENOUGH_FILES: u64 = 50_000;

pub(super) fn has_space(facts: &Facts) -> Look {
    let rooms = facts.system.rooms.get()?;
    let grade = |room: &Room| grade(room.free_bytes, Room::LEAST_BYTES, ENOUGH_BYTES);
    Ok(judge(rooms, grade, |room| format!("{} free", gibibytes(room.free_bytes)), "space"))
}

pub(super) fn has_inodes(facts: &Facts) -> Look {
    let rooms = facts.system.rooms.get()?;
    if rooms.iter().all(|room| room.free_files.is_none()) {
        return Err(Unknown::Irrelevant("no file system here counts its files".to_owned()));
    }
    let grade = |room: &Room| {
        let Some(free) = room.free_files else { return Grade::Enough };
        let is_below_five_percent = free < room.all_files / 20;
        match grade(free, Room::LEAST_FILES, ENOUGH_FILES) {
            Grade::Enough if is_below_five_percent => Grade::Little,
            grade => grade,
        }
    };
    let say = |room: &Room| room.free_files.map_or("not counted".to_owned(), |free| format!("{free} more files"));
    Ok(judge(rooms, grade, say, "files"))
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Enough,
    Little,
    None,
}

const fn grade(free: u64, least: u64, enough: u64) -> Grade {
    if free < least {
        Grade::None
    } else if free < enough {
        Grade::Little
    } else {
        Grade::Enough
    }
}

/// The worst room decides. Only the store and the project block work: a small `/tmp` is common, and a cache can be moved.
fn judge(rooms: &[Room], grade: impl Fn(&Room) -> Grade, say: impl Fn(&Room) -> String, of: &str) -> Verdict {
    // A project and the cache are usually in the directory of the user, and are said by their own names.
    let short: Vec<&Room> = rooms.iter().filter(|room| room.purpose != Purpose::Home && grade(room) > Grade::Enough).collect();
    let Some(worst) = short.iter().max_by_key(|room| grade(room)) else {
        let store = rooms.iter().find(|room| room.purpose == Purpose::Store).or(rooms.first());
        return Verdict::Pass(
            store.map_or("nothing to measure".to_owned(), |room| format!("{} for {}", say(room), room.purpose)),
        );
    };
    let summary = format!("little room for {}: {}", worst.purpose, say(worst));
    let problem = short.iter().fold(Problem::new(summary), |problem, room| {
        problem.detail(format!("{} (`{}`): {}", room.purpose, room.path, say(room)))
    });
    let problem = short.iter().fold(problem, |problem, room| with_fix(problem, room, of));
    let blocks = |room: &&Room| grade(room) == Grade::None && matches!(room.purpose, Purpose::Store | Purpose::Project);
    if short.iter().any(blocks) { Verdict::Fail(problem) } else { Verdict::Warn(problem) }
}

fn with_fix(problem: Problem, room: &Room, of: &str) -> Problem {
    let path = escape::sh(room.path.as_str());
    problem.fix(match room.purpose {
        Purpose::Store => Fix::by_hand(
            "See what the store would free, then collect it; results that are linked and shells in use are kept",
            &["nix-store --gc --print-dead", "nix-collect-garbage"],
        ),
        Purpose::Project | Purpose::Cache | Purpose::Home if of == "files" => {
            Fix::by_hand("Find the directories with the most files", &[&format!("du --inodes -d 2 {path} | sort -n | tail")])
        }
        Purpose::Project | Purpose::Cache | Purpose::Home => {
            Fix::by_hand("Find the biggest directories", &[&format!("du -h -d 2 {path} | sort -h | tail")])
        }
        Purpose::Temporary => Fix::by_hand("Have temporary files go to a larger disk", &["export TMPDIR=/var/tmp"]),
    })
}

fn gibibytes(bytes: u64) -> String {
    let tenths = bytes / (GIB / 10);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

pub(super) fn is_nix_mounted_well(facts: &Facts) -> Look {
    let none = || Unknown::Irrelevant("there is no `/nix` yet".to_owned());
    let mount = facts.system.nix_mount.get()?.as_ref().ok_or_else(none)?;
    // A bind mount of the store itself may be read-only: the daemon makes it writable for itself, as on NixOS.
    let is_store = mount.at == "/nix/store";
    let is_read_only = mount.is_wholly_read_only() || (mount.has("ro") && !is_store);
    let wrong = if is_read_only {
        "read-only"
    } else if mount.has("noexec") {
        "`noexec`"
    } else {
        return Ok(Verdict::Pass(format!("on `{}` ({})", mount.at, mount.kind)));
    };
    let at = mount.at.as_str();
    // Without `bind`, the file system below is remounted, too, which others use and a mount of its own need not allow.
    let again = match (facts.system.macos.known(), is_read_only) {
        (Some(_), _) => format!("sudo mount -uw {at}"),
        (None, true) if mount.is_wholly_read_only() => format!("sudo mount -o remount,rw {at}"),
        (None, true) => format!("sudo mount -o remount,bind,rw {at}"),
        (None, false) => format!("sudo mount -o remount,bind,exec {at}"),
    };
    Ok(Verdict::Fail(
        Problem::new(format!("`/nix` is mounted {wrong}"))
            .detail(format!("`{at}` is `{}` ({}) with {}", mount.source, mount.kind, mount.options.join(",")))
            .fix(Fix::by_hand(
                "Mount it anew, and take the option out of `/etc/fstab` when it is there",
                &[&again, "grep -n /nix /etc/fstab"],
            )),
    ))
}

pub(super) fn tells_case_apart(facts: &Facts) -> Look {
    if *facts.system.folds_case.get()? {
        let path = facts.system.project.known().map(|project| format!("`{}`", project.path)).unwrap_or_default();
        let volume = ["diskutil list", "diskutil apfs addVolume <container> 'Case-sensitive APFS' Work"];
        let fix = if facts.system.macos.known().is_some() {
            Fix::by_hand("Move the project to a case-sensitive volume; this makes one in a container of the list", &volume)
        } else if facts.system.wsl.known().is_some() {
            Fix::by_hand("Move the project to Linux's own disk, below your home directory", &[])
        } else {
            Fix::by_hand("Move the project to a file system that tells them apart", &[])
        };
        return Ok(Verdict::Warn(
            Problem::new("names that differ in case only are one file in the project").detail(path).fix(fix),
        ));
    }
    let store = facts.system.store_folds_case.known().copied().unwrap_or(false);
    Ok(Verdict::Pass(if store {
        "told apart in the project; not in the store, where Nix works around it".to_owned()
    } else {
        "told apart".to_owned()
    }))
}
