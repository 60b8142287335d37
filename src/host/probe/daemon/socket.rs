//! Knocks at the socket of the Nix daemon.

use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::Access;

use crate::facts::Fact;
use crate::facts::daemon::accounts::groups;
use crate::facts::daemon::{Socket, SocketDirectory};
use crate::host::probe::Vantage;

/// How long somebody may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the socket does; irrelevant where Nix writes to the store itself, by the rule of its store `auto`.
pub(super) fn look(vantage: &Vantage) -> Fact<Socket> {
    let remote = vantage.variable("NIX_REMOTE").unwrap_or("auto");
    let is_asked_for = remote == "daemon" || remote.starts_with("unix://");
    if !is_asked_for && remote != "auto" {
        return Fact::irrelevant("NIX_REMOTE names another store");
    }
    let state = vantage.system("/nix/var/nix");
    if !is_asked_for && !state.is_dir() {
        return Fact::irrelevant("there is no store at `/nix`");
    }
    if !is_asked_for && rustix::fs::access(state.as_std_path(), Access::READ_OK | Access::WRITE_OK).is_ok() {
        return Fact::irrelevant("this user writes to the store without the daemon");
    }
    knock(path(vantage)).into()
}

fn path(vantage: &Vantage) -> Utf8PathBuf {
    let named = vantage.variable("NIX_REMOTE").and_then(|remote| remote.strip_prefix("unix://"));
    let named = named.map(|rest| rest.split('?').next().unwrap_or(rest)).filter(|path| !path.is_empty());
    let set = named.or_else(|| vantage.variable("NIX_DAEMON_SOCKET_PATH"));
    set.map_or_else(|| vantage.system("/nix/var/nix/daemon-socket/socket"), Utf8PathBuf::from)
}

fn knock(path: Utf8PathBuf) -> Socket {
    let (sender, answer) = mpsc::channel();
    let target = path.clone();
    thread::spawn(move || {
        // Nobody waits any more when it took too long.
        let _late = sender.send(UnixStream::connect(target).map(drop));
    });
    match answer.recv_timeout(PATIENCE) {
        Ok(Ok(())) => Socket::Answers(path),
        Ok(Err(error)) => match error.kind() {
            ErrorKind::PermissionDenied => Socket::Denied(path),
            ErrorKind::NotFound | ErrorKind::NotADirectory => Socket::Missing(path),
            _ => Socket::Refused(path),
        },
        Err(_) => Socket::Silent(path),
    }
}

/// The directory of the socket.
pub(super) fn directory(vantage: &Vantage) -> Fact<SocketDirectory> {
    let socket = path(vantage);
    let directory = socket.parent().map_or_else(|| Utf8PathBuf::from("/"), Utf8Path::to_owned);
    let metadata = match std::fs::metadata(&directory) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Fact::irrelevant("there is no directory for a socket"),
        Err(error) => return Fact::failed(format!("`{directory}`: {error}")),
    };
    let text = vantage.read(&vantage.system("/etc/group")).known().cloned().flatten().unwrap_or_default();
    let group = groups(&text).into_iter().find(|group| group.gid == metadata.gid());
    let group = group.map_or_else(|| metadata.gid().to_string(), |group| group.name.to_owned());
    SocketDirectory { path: directory, group, mode: metadata.permissions().mode() & 0o7777 }.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::super::super::tests::vantage;
    use super::*;

    #[test]
    fn tells_what_a_socket_does() {
        let (root, mut vantage) = vantage();
        vantage.environment.insert("NIX_REMOTE".into(), "daemon".into());
        let place = root.join("nix/var/nix/daemon-socket/socket");
        assert_eq!(look(&vantage), Socket::Missing(place.clone()).into());
        fs_err::create_dir_all(place.parent().unwrap()).unwrap();
        let listener = UnixListener::bind(&place).unwrap();
        assert_eq!(look(&vantage), Socket::Answers(place.clone()).into());
        drop(listener);
        assert_eq!(look(&vantage), Socket::Refused(place).into());
    }

    #[test]
    fn says_nothing_where_no_daemon_is_needed() {
        let (root, mut vantage) = vantage();
        assert!(matches!(look(&vantage), Fact::Unknown(_)));
        fs_err::create_dir_all(root.join("nix/var/nix")).unwrap();
        assert_eq!(look(&vantage).get().unwrap_err().to_string(), "this user writes to the store without the daemon");
        vantage.environment.insert("NIX_REMOTE".into(), "unix:///no/such/socket?root=/".into());
        assert_eq!(look(&vantage), Socket::Missing("/no/such/socket".into()).into());
    }

    #[test]
    fn names_the_group_of_the_directory() {
        let (root, vantage) = vantage();
        let place = root.join("nix/var/nix/daemon-socket");
        fs_err::create_dir_all(&place).unwrap();
        fs_err::create_dir_all(root.join("etc")).unwrap();
        let gid = std::fs::metadata(&place).unwrap().gid();
        fs_err::write(root.join("etc/group"), format!("nix-users:x:{gid}:\n")).unwrap();
        fs_err::set_permissions(&place, std::fs::Permissions::from_mode(0o770)).unwrap();
        let expected = SocketDirectory { path: place, group: "nix-users".into(), mode: 0o770 };
        assert_eq!(directory(&vantage), expected.into());
    }
}
