//! Connects to a program of this machine: over a socket that belongs to this user, or over a port of the loopback interface.
//! Nobody is spoken to whose owner is somebody else, and no connection is waited for longer than a moment.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where a program answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// At a socket on disk.
    Socket(Utf8PathBuf),
    /// At a port.
    Port(SocketAddr),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(formatter, "{path}"),
            Self::Port(address) => write!(formatter, "{address}"),
        }
    }
}

/// Why nobody is spoken to.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// There is nothing.
    #[error("there is no `{place}`")]
    Absent {
        /// Where.
        place: String,
    },
    /// There is a socket, and whoever made it is gone.
    #[error("nobody answers at `{place}`")]
    Refused {
        /// Where.
        place: String,
    },
    /// It is not ours.
    #[error("`{place}` belongs to another user")]
    Foreign {
        /// Where.
        place: String,
    },
    /// Anything else.
    #[error("`{place}` takes no connection: {}", super::paths::reason(.source))]
    Unreachable {
        /// Where.
        place: String,
        /// What the system says.
        source: io::Error,
    },
}

impl PeerError {
    /// Whether the program has ended, as far as a connection can tell.
    pub const fn is_gone(&self) -> bool {
        matches!(self, Self::Absent { .. } | Self::Refused { .. })
    }

    fn of(endpoint: &Endpoint, source: io::Error) -> Self {
        let place = endpoint.to_string();
        match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::Absent { place },
            ErrorKind::ConnectionRefused => Self::Refused { place },
            ErrorKind::PermissionDenied => Self::Foreign { place },
            _ => Self::Unreachable { place, source },
        }
    }
}

/// A connection.
#[derive(Debug)]
pub enum Peer {
    /// Over a socket on disk.
    Socket(UnixStream),
    /// Over a port.
    Port(TcpStream),
}

impl Peer {
    /// Connects.
    pub fn connect(endpoint: &Endpoint) -> Result<Self, PeerError> {
        match endpoint {
            Endpoint::Port(address) => TcpStream::connect_timeout(address, PATIENCE).map(Self::Port),
            Endpoint::Socket(path) => {
                refuse_foreign(path)?;
                connect_socket(path).map(Self::Socket)
            }
        }
        .map_err(|error| PeerError::of(endpoint, error))
        .and_then(|peer| peer.of_this_user(endpoint))
    }

    /// The process that listens, where the system tells.
    pub fn process(&self) -> Option<u32> {
        self.credentials().map(|(process, _)| process)
    }

    /// How long reading and writing may wait.
    pub fn set_timeouts(&self, read: Option<Duration>, write: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Socket(stream) => stream.set_read_timeout(read).and_then(|()| stream.set_write_timeout(write)),
            Self::Port(stream) => stream.set_read_timeout(read).and_then(|()| stream.set_write_timeout(write)),
        }
    }

    /// Another handle of the same connection.
    pub fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Socket(stream) => stream.try_clone().map(Self::Socket),
            Self::Port(stream) => stream.try_clone().map(Self::Port),
        }
    }

    /// Ends the connection for every handle of it.
    pub fn shut_down(&self) {
        let _ended_already = match self {
            Self::Socket(stream) => stream.shutdown(Shutdown::Both),
            Self::Port(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    fn of_this_user(self, endpoint: &Endpoint) -> Result<Self, PeerError> {
        match self.credentials() {
            Some((_, user)) if user != rustix::process::geteuid().as_raw() => {
                Err(PeerError::Foreign { place: endpoint.to_string() })
            }
            _ => Ok(self),
        }
    }

    #[cfg(target_os = "linux")]
    fn credentials(&self) -> Option<(u32, u32)> {
        let Self::Socket(stream) = self else { return None };
        let found = sockopt::socket_peercred(stream).ok()?;
        Some((u32::try_from(found.pid.as_raw_nonzero().get()).ok()?, found.uid.as_raw()))
    }

    #[cfg(not(target_os = "linux"))]
    fn credentials(&self) -> Option<(u32, u32)> {
        None
    }
}

/// A socket of another user is one that somebody has put where ours would be, and so is one in a directory of theirs. Root and
/// its `/tmp` are nobody's.
fn refuse_foreign(path: &Utf8Path) -> Result<(), PeerError> {
    let user = rustix::process::geteuid().as_raw();
    let foreign = || PeerError::Foreign { place: path.to_string() };
    let endpoint = || Endpoint::Socket(path.to_owned());
    let metadata = std::fs::symlink_metadata(path).map_err(|error| PeerError::of(&endpoint(), error))?;
    if metadata.uid() != user {
        return Err(foreign());
    }
    if !metadata.file_type().is_socket() {
        return Err(PeerError::Absent { place: path.to_string() });
    }
    let directory = path.parent().map(std::fs::metadata).and_then(Result::ok);
    match directory {
        Some(directory) if ![user, 0].contains(&directory.uid()) => Err(foreign()),
        _ => Ok(()),
    }
}

/// Connecting waits while the queue of whoever listens is full; the timeout of writing limits that, too.
fn connect_socket(path: &Utf8Path) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(path.as_std_path())?;
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    sockopt::set_socket_timeout(&socket, Timeout::Send, Some(PATIENCE))?;
    rustix::net::connect(&socket, &address)?;
    Ok(UnixStream::from(socket))
}

impl Read for Peer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Socket(stream) => stream.read(buffer),
            Self::Port(stream) => stream.read(buffer),
        }
    }
}

impl Write for Peer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Socket(stream) => stream.write(bytes),
            Self::Port(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn socket(name: &str) -> (tempfile::TempDir, Endpoint, UnixListener) {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(directory.path().join(name)).unwrap();
        let listener = UnixListener::bind(&path).unwrap();
        (directory, Endpoint::Socket(path), listener)
    }

    #[test]
    fn whoever_listens_is_known_by_number() {
        let (_directory, endpoint, _listener) = socket("a");
        let peer = Peer::connect(&endpoint).unwrap();
        assert_eq!(peer.process(), cfg!(target_os = "linux").then(std::process::id));
    }

    #[test]
    fn what_is_gone_is_told_from_what_never_was() {
        let (directory, endpoint, listener) = socket("a");
        drop(listener);
        assert!(matches!(Peer::connect(&endpoint).unwrap_err(), PeerError::Refused { .. }));
        drop(directory);
        assert!(matches!(Peer::connect(&endpoint).unwrap_err(), PeerError::Absent { .. }));
    }

    #[test]
    fn a_file_in_place_of_a_socket_is_not_spoken_to() {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(directory.path().join("a")).unwrap();
        fs_err::write(&path, "").unwrap();
        assert!(Peer::connect(&Endpoint::Socket(path)).unwrap_err().is_gone());
    }

    #[test]
    fn a_path_that_no_address_can_hold_is_an_error() {
        let path = Utf8PathBuf::from(format!("/tmp/{}", "x".repeat(120)));
        assert!(Peer::connect(&Endpoint::Socket(path)).is_err());
    }

    #[test]
    fn a_full_queue_is_not_waited_for() {
        let (_directory, endpoint, listener) = socket("a");
        rustix::net::listen(&listener, 0).unwrap();
        let mut held = Vec::new();
        let refused = (0..64).find_map(|_| match Peer::connect(&endpoint) {
            Ok(peer) => {
                held.push(peer);
                None
            }
            Err(error) => Some(error),
        });
        assert!(!matches!(refused, Some(PeerError::Absent { .. }) | None), "{refused:?}");
    }
}
