//! File systems: what is mounted where, how much room there is, and whether names fold case. Nothing is written to find out.

use std::os::unix::fs::MetadataExt;

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{Access, access, statvfs};

use super::super::Vantage;
use super::platform::text;
use crate::facts::Fact;
use crate::facts::system::mounts::{self, mount_of};
use crate::facts::system::{Mount, Place, Purpose, Room, Temporary};

pub(super) fn mounts(vantage: &Vantage) -> Fact<Vec<Mount>> {
    if let Some(table) = text(vantage, "/proc/self/mountinfo") {
        return Fact::Known(mounts::parse_mountinfo(&table));
    }
    vantage.run("mount", &[]).map(|output| mounts::parse_mount_of_macos(&output.stdout))
}

/// The mount that holds `/nix/store`, or will: the paths of the table are those of the machine, not below a test's root.
pub(super) fn nix_mount(vantage: &Vantage, mounts: &Fact<Vec<Mount>>) -> Fact<Option<Mount>> {
    if !vantage.system("/nix").exists() {
        return Fact::Known(None);
    }
    match mounts.get() {
        Ok(mounts) => Fact::Known(mount_of(mounts, "/nix/store".into()).cloned()),
        Err(why) => Fact::Unknown(why),
    }
}

pub(super) fn project(vantage: &Vantage, mounts: &Fact<Vec<Mount>>) -> Fact<Place> {
    let path = match vantage.directory.canonicalize_utf8() {
        Ok(path) => path,
        Err(error) => return Fact::failed(format!("`{}`: {error}", vantage.directory)),
    };
    let mount = mounts.known().and_then(|mounts| mount_of(mounts, &path)).cloned();
    Fact::Known(Place { path, mount })
}

pub(super) fn rooms(vantage: &Vantage) -> Fact<Vec<Room>> {
    let cache = vantage.variable("XDG_CACHE_HOME").map(Utf8PathBuf::from).or_else(|| Some(vantage.home()?.join(".cache")));
    let wanted = [
        (Purpose::Store, Some(vantage.system("/nix/store"))),
        (Purpose::Project, Some(vantage.directory.clone())),
        (Purpose::Temporary, Some(temporary_directory(vantage))),
        (Purpose::Cache, cache),
        (Purpose::Home, vantage.home().map(Utf8Path::to_owned)),
    ];
    let rooms = wanted.into_iter().filter_map(|(purpose, path)| Some(room(purpose, &path?)));
    match rooms.collect::<Result<Vec<Room>, String>>() {
        Ok(rooms) => Fact::Known(rooms),
        Err(why) => Fact::failed(why),
    }
}

fn room(purpose: Purpose, path: &Utf8Path) -> Result<Room, String> {
    let nearest = path.ancestors().find(|path| path.exists()).unwrap_or(Utf8Path::new("/"));
    let room = statvfs(nearest.as_std_path()).map_err(|error| format!("the room at `{nearest}` is not known: {error}"))?;
    Ok(Room {
        purpose,
        path: nearest.to_owned(),
        free_bytes: room.f_bavail.saturating_mul(room.f_frsize),
        // btrfs, and some network file systems, make room for names as they go and count none.
        free_files: (room.f_files > 0).then_some(room.f_favail),
        all_files: room.f_files,
    })
}

/// Whether a name with other case is the same file: the first entry with a letter in it is asked for under its swapped name;
/// a directory without one is asked for itself.
pub(super) fn folds_case(directory: &Utf8Path) -> Fact<bool> {
    let Ok(entries) = directory.read_dir_utf8() else { return Fact::irrelevant(format!("there is no `{directory}`")) };
    let inside = entries.flatten().map(|entry| entry.path().to_owned()).take(64);
    let candidates = inside.chain(std::iter::once(directory.to_owned()));
    candidates
        .into_iter()
        .find_map(|path| is_same_when_swapped(&path))
        .map_or_else(|| Fact::irrelevant("no name has letters"), Fact::Known)
}

fn is_same_when_swapped(path: &Utf8Path) -> Option<bool> {
    let name = path.file_name()?;
    let swapped: String =
        name.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect();
    if swapped == name {
        return None;
    }
    let own = std::fs::symlink_metadata(path).ok()?;
    let other = std::fs::symlink_metadata(path.with_file_name(swapped));
    Some(other.is_ok_and(|other| (other.dev(), other.ino()) == (own.dev(), own.ino())))
}

fn temporary_directory(vantage: &Vantage) -> Utf8PathBuf {
    vantage.variable("TMPDIR").map_or_else(|| vantage.system("/tmp"), |path| vantage.directory.join(path))
}

pub(super) fn temporary(vantage: &Vantage, mounts: &Fact<Vec<Mount>>) -> Temporary {
    let path = temporary_directory(vantage);
    let mount = path.canonicalize_utf8().ok().and_then(|path| mount_of(mounts.known()?, &path).cloned());
    Temporary {
        is_set: vantage.variable("TMPDIR").is_some(),
        exists: path.is_dir(),
        is_writable: access(path.as_std_path(), Access::WRITE_OK | Access::EXEC_OK).is_ok(),
        is_executable: !mount.is_some_and(|mount| mount.has("noexec")),
        path,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::vantage;
    use super::*;

    #[test]
    fn a_name_in_other_case_is_another_file_here() {
        let (root, _vantage) = vantage();
        fs_err::write(root.join("1"), "").unwrap();
        fs_err::write(root.join("Name"), "").unwrap();
        fs_err::write(root.join("nAME"), "").unwrap();
        assert_eq!(is_same_when_swapped(&root.join("1")), None);
        assert!(is_same_when_swapped(&root.join("Name")).is_some());
        assert!(folds_case(&root).known().is_some());
    }

    #[test]
    fn room_is_that_of_the_nearest_directory() {
        let (top, _vantage) = vantage();
        let found = room(Purpose::Store, &top.join("not/there")).unwrap();
        assert_eq!(found.path, top);
        assert!(found.free_bytes > 0);
    }

    #[test]
    fn a_temporary_directory_that_is_gone_is_seen() {
        let (root, mut vantage) = vantage();
        vantage.environment.insert("TMPDIR".into(), root.join("nix-shell.x/gone").to_string());
        let temporary = temporary(&vantage, &Fact::default());
        assert!(temporary.is_set && !temporary.exists && !temporary.is_writable);
        assert_eq!(temporary.depth(), 1);
    }
}
