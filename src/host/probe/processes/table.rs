//! Linux's table of processes. Of an environment only names of variables are looked at.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::super::Vantage;
use super::Places;
use crate::facts::Fact;
use crate::facts::processes::{Holder, Socket, SocketState};

/// What process-compose gives everything it starts.
const MARK: &[u8] = b"PC_PROC_NAME=";

/// Every process, by its directory in the table.
fn all(vantage: &Vantage) -> impl Iterator<Item = (u32, Utf8PathBuf)> {
    let entries = vantage.system("/proc").read_dir_utf8().into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.file_name().parse().ok()?, entry.path().to_owned())))
}

fn describe(directory: &Utf8Path, pid: u32, places: &Places) -> Holder {
    let name = fs_err::read_to_string(directory.join("comm")).ok();
    Holder {
        pid: Some(pid),
        name: name.map(|name| name.trim().chars().filter(|c| !c.is_control()).collect()),
        is_own: works_in(directory, &places.project),
    }
}

fn works_in(directory: &Utf8Path, project: &Utf8Path) -> bool {
    directory.join("cwd").read_link_utf8().is_ok_and(|cwd| cwd.starts_with(project))
}

/// Whose sockets these are. A socket whose process cannot be looked into is held by somebody all the same.
pub(super) fn holders(vantage: &Vantage, places: &Places, listening: &BTreeMap<u64, u16>) -> BTreeMap<u16, Holder> {
    let mut found: BTreeMap<u16, Holder> = listening.values().map(|port| (*port, Holder::default())).collect();
    if listening.is_empty() {
        return found;
    }
    for (pid, directory) in all(vantage) {
        let Ok(open) = directory.join("fd").read_dir_utf8() else { continue };
        let inode = |link: Utf8PathBuf| link.as_str().strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok();
        let links = open.flatten().filter_map(|entry| inode(entry.path().read_link_utf8().ok()?));
        for port in links.filter_map(|inode| listening.get(&inode)) {
            found.insert(*port, describe(&directory, pid, places));
        }
        if found.values().all(|holder| holder.pid.is_some()) {
            break;
        }
    }
    found
}

/// Processes of the project that process-compose started and that have no parent any more. They are looked for only when
/// something says that a manager is gone.
pub(super) fn orphans(vantage: &Vantage, places: &Places, sockets: &[Socket], has_file: bool) -> Fact<Vec<Holder>> {
    if !places.has_devenv && !has_file {
        return Fact::irrelevant("the project has no process manager");
    }
    if !cfg!(target_os = "linux") {
        return Fact::irrelevant("only Linux says what a process was started for");
    }
    let is_dead = |socket: &Socket| socket.state == SocketState::Dead;
    if !(sockets.iter().any(is_dead) || is_recorded_manager_gone(vantage, places)) {
        return Fact::Known(Vec::new());
    }
    let left = all(vantage)
        .filter(|(_, directory)| works_in(directory, &places.project) && parent(directory) == Some(1) && is_marked(directory));
    Fact::Known(left.map(|(pid, directory)| describe(&directory, pid, places)).collect())
}

/// Whether a file has the id of a manager that does not run.
fn is_recorded_manager_gone(vantage: &Vantage, places: &Places) -> bool {
    let of_runtime = places.runtime.iter().map(|runtime| runtime.join("processes/native-manager.pid"));
    let mut files = std::iter::once(places.project.join(".devenv/processes.pid")).chain(of_runtime);
    files.any(|file| {
        let recorded = vantage.read(&file).known().cloned().flatten();
        let pid = recorded.and_then(|text| text.trim().parse::<i32>().ok()).and_then(rustix::process::Pid::from_raw);
        pid.is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
    })
}

fn parent(directory: &Utf8Path) -> Option<u32> {
    let status = fs_err::read_to_string(directory.join("status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok())
}

fn is_marked(directory: &Utf8Path) -> bool {
    let environment = fs_err::read(directory.join("environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|assignment| assignment.starts_with(MARK))
}
