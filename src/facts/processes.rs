//! What is known about processes, ports and sockets of the project. A program is known by its short name, never by its
//! arguments, which may hold what must not be shown.

pub mod declared;
pub mod listeners;

use camino::Utf8PathBuf;

use super::Fact;

/// What is known about processes, ports and sockets of the project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Processes {
    /// Ports the project declares, and who listens on them.
    pub ports: Fact<Vec<Port>>,
    /// The port of process-compose's interface; irrelevant in a project that has none or uses a socket.
    pub interface: Fact<Port>,
    /// Sockets of process managers of the project that are on disk.
    pub sockets: Fact<Vec<Socket>>,
    /// Processes of the project that a process manager started which is gone.
    pub orphans: Fact<Vec<Holder>>,
    /// The directory for sockets of the project; irrelevant without devenv.
    pub runtime_directory: Fact<RuntimeDirectory>,
    /// Receipts of nixstart that are not whole. The caller fills it: a probe does not read them.
    pub receipts: Fact<Vec<OpenReceipt>>,
}

/// A port that is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The number.
    pub number: u16,
    /// What declares it (``service `web` ``, `process-compose.yaml`).
    pub declared_by: String,
    /// Who listens on it already.
    pub holder: Option<Holder>,
}

/// A process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its id; `None` when it belongs to another user and nobody says.
    pub pid: Option<u32>,
    /// Its short name.
    pub name: Option<String>,
    /// Whether it works in the project's directory.
    pub is_own: bool,
}

impl Holder {
    /// What a person calls it.
    pub fn label(&self) -> String {
        match (&self.name, self.pid) {
            (Some(name), Some(pid)) => format!("`{name}` (process {pid})"),
            (None, Some(pid)) => format!("process {pid}"),
            (Some(name), None) => format!("`{name}`"),
            (None, None) => "a process of another user".to_owned(),
        }
    }
}

/// A socket on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    /// Where.
    pub path: Utf8PathBuf,
    /// Whether it belongs to this user.
    pub is_own: bool,
    /// What happens when it is spoken to.
    pub state: SocketState,
}

/// What happens when a socket is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketState {
    /// Somebody answers.
    Answers,
    /// Somebody takes the connection and says nothing.
    Silent,
    /// Nobody takes the connection: whoever made it is gone.
    Dead,
    /// This user may not speak to it.
    Forbidden,
}

/// The directory for sockets of the project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuntimeDirectory {
    /// Where it is, or will be.
    pub path: Utf8PathBuf,
    /// Its owner, when it is there.
    pub owner: Option<u32>,
    /// Its permission bits, when it is there.
    pub mode: Option<u32>,
    /// Whether a link stands in its place.
    pub is_link: bool,
    /// This user.
    pub user: u32,
    /// The most bytes the path of a socket may have on this system.
    pub most_bytes: usize,
}

impl RuntimeDirectory {
    /// How many bytes the longest path of a socket in it has.
    pub fn longest(&self) -> usize {
        self.path.as_str().len() + "/processes/native.sock".len()
    }
}

/// A receipt that is not whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenReceipt {
    /// Its id.
    pub id: String,
    /// Steps that are done, and steps that there are; `None` when it cannot be read.
    pub steps: Option<(usize, usize)>,
}
