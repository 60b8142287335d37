//! Where a process works, seen from a project: whoever answers at a place that is not the project's own may belong to another one.

use camino::{Utf8Path, Utf8PathBuf};

use crate::facts::processes::listeners;

/// The name of process-compose in the table of processes, which Linux cuts at 15 characters.
const PROCESS_COMPOSE: &str = "process-compose";

/// Where a process works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// In the directory of the project.
    Here,
    /// In a directory below it.
    Below,
    /// In a directory above it.
    Above,
    /// In none of these.
    Elsewhere,
    /// The system does not tell.
    Untold,
}

impl Whereabouts {
    /// Those of a process.
    pub(super) fn of(process: Option<u32>, root: &Utf8Path) -> Self {
        process.and_then(works_in).map_or(Self::Untold, |directory| Self::between(&directory, root))
    }

    fn between(directory: &Utf8Path, root: &Utf8Path) -> Self {
        if directory == root {
            Self::Here
        } else if directory.starts_with(root) {
            Self::Below
        } else if root.starts_with(directory) {
            Self::Above
        } else {
            Self::Elsewhere
        }
    }
}

/// The directory a process works in, where the system tells.
fn works_in(process: u32) -> Option<Utf8PathBuf> {
    Utf8Path::new("/proc").join(process.to_string()).join("cwd").read_link_utf8().ok()
}

/// The process that listens at a port, where the system tells and we may look into it.
pub(super) fn listener(port: u16) -> Option<u32> {
    let tables = ["tcp", "tcp6"].into_iter().filter_map(|table| fs_err::read_to_string(format!("/proc/net/{table}")).ok());
    let listening = tables.flat_map(|table| listeners::parse_table(&table)).filter(|(listened, _)| *listened == port);
    let sockets: Vec<String> = listening.map(|(_, inode)| format!("socket:[{inode}]")).collect();
    if sockets.is_empty() {
        return None;
    }
    let processes = Utf8Path::new("/proc").read_dir_utf8().ok()?.flatten().filter_map(|entry| entry.file_name().parse().ok());
    processes.into_iter().find(|process| holds(*process, &sockets))
}

fn holds(process: u32, sockets: &[String]) -> bool {
    let files = Utf8Path::new("/proc").join(process.to_string()).join("fd").read_dir_utf8();
    let mut targets = files.into_iter().flatten().flatten().filter_map(|entry| entry.path().read_link_utf8().ok());
    targets.any(|target| sockets.iter().any(|socket| target == *socket))
}

/// Whether a process is a process-compose, by its name.
pub(super) fn is_process_compose(process: u32) -> bool {
    fs_err::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.trim_end() == PROCESS_COMPOSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_seen_from_the_project() {
        let seen = |directory: &str| Whereabouts::between(directory.into(), "/a/shop".into());
        assert_eq!((seen("/a/shop"), seen("/a/shop/api")), (Whereabouts::Here, Whereabouts::Below));
        assert_eq!((seen("/a"), seen("/a/shopping")), (Whereabouts::Above, Whereabouts::Elsewhere));
        assert_eq!(Whereabouts::of(None, "/a".into()), Whereabouts::Untold);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn who_listens_at_a_port_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(super::listener(port), Some(std::process::id()));
        drop(listener);
        assert_eq!(super::listener(port), None);
        assert!(!is_process_compose(std::process::id()));
    }
}
