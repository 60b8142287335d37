//! Sockets of process managers, and the directory they are in.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::super::Vantage;
use super::Places;
use crate::facts::Fact;
use crate::facts::processes::{RuntimeDirectory, Socket, SocketState};

/// How long a socket may take to answer.
const PATIENCE: Duration = Duration::from_millis(500);
/// What fits into an address of a socket with its end: `sun_path` has 108 bytes on Linux, 104 on macOS.
const MOST_BYTES: usize = if cfg!(target_os = "macos") { 103 } else { 107 };

pub(super) fn look(vantage: &Vantage, places: &Places) -> Vec<Socket> {
    let is_own = vantage.variable("DEVENV_ROOT").is_some_and(|root| Utf8Path::new(root) == places.project);
    let named = vantage.variable("PC_SOCKET_PATH").filter(|_| is_own).map(Utf8PathBuf::from);
    let of_runtime = places.runtime.iter().flat_map(|runtime| [runtime.join("pc.sock"), runtime.join("processes/native.sock")]);
    let mut paths: Vec<Utf8PathBuf> = Vec::new();
    for path in of_runtime.chain(named) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths.into_iter().filter_map(socket).collect()
}

fn socket(path: Utf8PathBuf) -> Option<Socket> {
    let metadata = std::fs::symlink_metadata(&path).ok().filter(|metadata| metadata.file_type().is_socket())?;
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    Some(Socket { state: state(&path), path, is_own })
}

/// Connecting to a socket blocks while its owner's queue is full, so it is done on a thread that may be left behind.
fn state(path: &Utf8Path) -> SocketState {
    let (sender, receiver) = mpsc::channel();
    let path = path.to_owned();
    thread::spawn(move || {
        // Nobody listens any more when it took too long.
        let _late = sender.send(speak(&path));
    });
    receiver.recv_timeout(PATIENCE * 2).unwrap_or(SocketState::Silent)
}

fn speak(path: &Utf8Path) -> SocketState {
    let mut stream = match UnixStream::connect(path) {
        Ok(stream) => stream,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return SocketState::Forbidden,
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) => return SocketState::Dead,
        Err(_) => return SocketState::Silent,
    };
    // Only process-compose speaks HTTP. Taking the connection is answer enough from others.
    if path.file_name() != Some("pc.sock") {
        return SocketState::Answers;
    }
    if is_live(&mut stream).is_ok() { SocketState::Answers } else { SocketState::Silent }
}

/// `GET /live` is answered by every process-compose since 0.50; one with a token says 401, which is an answer.
fn is_live(stream: &mut UnixStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut first = [0; 5];
    stream.read_exact(&mut first)
}

pub(super) fn runtime_directory(places: &Places) -> Fact<RuntimeDirectory> {
    let Some(path) = places.runtime.first().filter(|_| places.has_devenv) else {
        return Fact::irrelevant("the project does not use devenv");
    };
    let metadata = std::fs::symlink_metadata(path).ok();
    Fact::Known(RuntimeDirectory {
        path: path.clone(),
        owner: metadata.as_ref().map(MetadataExt::uid),
        mode: metadata.as_ref().map(|metadata| metadata.mode() & 0o7777),
        is_link: metadata.is_some_and(|metadata| metadata.is_symlink()),
        user: rustix::process::geteuid().as_raw(),
        most_bytes: MOST_BYTES,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn listener(name: &str) -> (Utf8PathBuf, UnixListener) {
        let directory = Utf8PathBuf::from_path_buf(tempfile::tempdir().unwrap().keep()).unwrap();
        let path = directory.join(name);
        (path.clone(), UnixListener::bind(path).unwrap())
    }

    #[test]
    fn any_answer_of_process_compose_is_a_sign_of_life() {
        let (path, listener) = listener("pc.sock");
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 9];
            stream.read_exact(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 401 Unauthorized\r\n\r\n").unwrap();
            request
        });
        assert_eq!(state(&path), SocketState::Answers);
        assert_eq!(&server.join().unwrap(), b"GET /live");
    }

    #[test]
    fn a_process_compose_that_says_nothing_is_silent() {
        let (path, _listener) = listener("pc.sock");
        assert_eq!(state(&path), SocketState::Silent);
    }
}
