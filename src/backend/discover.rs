//! Finds who runs the processes of a project, by speaking to whoever listens where a runner would be. A file that is there says
//! nothing. What belongs to another user or to another project is left alone and named.

mod places;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use camino::{Utf8Path, Utf8PathBuf};
use secrecy::SecretString;

use super::devenv::{self, Devenv};
use super::process_compose::ProcessCompose;
use super::{Backend, Place, RunnerError};
use crate::env_vars;
use crate::host::peer::{Endpoint, Peer, PeerError};
pub use places::Surroundings;
use places::{Places, Runtime};

/// The port of process-compose when nothing else is said. It is one of many programs.
const USUAL_PORT: u16 = 8080;
/// The files in which a project for process-compose may have a name.
const FILES: [&str; 4] = ["process-compose.yaml", "process-compose.yml", "compose.yaml", "compose.yml"];

/// What was found.
#[derive(Default)]
pub struct Found {
    /// Who answers, the one to believe first.
    pub live: Vec<Box<dyn Backend>>,
    /// Sockets whose maker is gone.
    pub stale: Vec<Utf8PathBuf>,
    /// Who was passed over.
    pub passed_over: Vec<PassedOver>,
}

/// A runner that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// Where it answers.
    pub place: String,
    /// Why it is left alone, as a lower-case fragment.
    pub why: String,
}

/// Seeks with the environment of this process.
pub fn discover(place: &Place) -> Found {
    discover_in(place, &Surroundings::of_this_process())
}

/// Seeks with another environment.
pub fn discover_in(place: &Place, surroundings: &Surroundings) -> Found {
    let places = Places::of(&place.root, surroundings);
    let mut seeking = Seeking { place, root: &place.root, surroundings, found: Found::default() };
    let runtimes = places.runtimes();
    // Our own runner is asked for before all of these (`builtin::Builtin::connect`); a process-compose that we have started comes
    // first here.
    if let Some(socket) = &place.own_socket {
        seeking.process_compose_at(socket, None);
    }
    // process-compose is believed before devenv: until 2.3 each process that it runs for devenv opens devenv's socket for itself.
    for runtime in &runtimes {
        seeking.process_compose_at(&runtime.path.join("pc.sock"), Some(runtime));
    }
    if let Some(socket) = places.named_socket() {
        seeking.process_compose_at(&socket, None);
    }
    if seeking.found.live.is_empty() {
        for runtime in &runtimes {
            seeking.devenv_at(runtime);
        }
    }
    if seeking.found.live.is_empty() {
        seeking.process_compose_at_port();
    }
    seeking.found
}

struct Seeking<'a> {
    place: &'a Place,
    root: &'a Utf8Path,
    surroundings: &'a Surroundings,
    found: Found,
}

impl Seeking<'_> {
    fn process_compose_at(&mut self, socket: &Utf8Path, runtime: Option<&Runtime>) {
        if !self.is_ours(socket, runtime) {
            return;
        }
        let token = self.token();
        match ProcessCompose::connect(Endpoint::Socket(socket.to_owned()), token) {
            Ok(runner) => self.take(runner),
            Err(error) => self.pass_over(socket.to_string(), &error),
        }
    }

    fn take(&mut self, runner: ProcessCompose) {
        let runner = match &self.place.memory {
            Some(memory) => runner.remembering(memory),
            None => runner,
        };
        self.found.live.push(Box::new(runner));
    }

    fn devenv_at(&mut self, runtime: &Runtime) {
        if !self.is_ours(&devenv::socket(&runtime.path), Some(runtime)) {
            return;
        }
        match Devenv::connect(&runtime.path) {
            Ok(runner) => self.found.live.push(Box::new(runner)),
            Err(error) => self.pass_over(devenv::socket(&runtime.path).to_string(), &error),
        }
    }

    /// A port is anybody's, so whoever answers has to name this project. It gets the token only from a user who has set one, and
    /// only on this machine.
    fn process_compose_at_port(&mut self) {
        let Some(address) = self.address() else { return };
        let place = address.to_string();
        let runner = match ProcessCompose::connect(Endpoint::Port(address), self.token()) {
            Ok(runner) => runner,
            // It is a port of many programs: one that is something else is no news.
            Err(error @ RunnerError::Unauthorized { .. }) => return self.pass_over(place, &error),
            Err(_) => return,
        };
        let name = self.project_name();
        match runner.is_of(self.root, name.as_deref()) {
            Ok(Some(true)) => self.take(runner),
            Ok(Some(false)) => self.say(place, "it runs the processes of another project"),
            Ok(None) => self.say(place, "this process-compose does not say whose processes it runs (1.73 does)"),
            Err(error) => self.pass_over(place, &error),
        }
    }

    /// Whether somebody of ours listens. A directory whose name does not follow from the project may be a copied link, so
    /// whoever listens there has to work in the project.
    fn is_ours(&mut self, socket: &Utf8Path, runtime: Option<&Runtime>) -> bool {
        match Peer::connect(&Endpoint::Socket(socket.to_owned())) {
            Ok(peer) => {
                let is_another = runtime.is_some_and(|runtime| !runtime.is_computed)
                    && peer.process().and_then(works_in).is_some_and(|directory| !directory.starts_with(self.root));
                if is_another {
                    self.say(socket.to_string(), "it runs the processes of another project");
                }
                !is_another
            }
            Err(PeerError::Absent { .. }) => false,
            Err(PeerError::Refused { .. }) => {
                self.found.stale.push(socket.to_owned());
                false
            }
            Err(error) => {
                self.say(socket.to_string(), &error.to_string());
                false
            }
        }
    }

    fn token(&self) -> Option<SecretString> {
        let given = self.surroundings.variable(env_vars::PC_API_TOKEN).map(SecretString::from);
        given.or_else(|| {
            let path = self.root.join(self.surroundings.variable(env_vars::PC_API_TOKEN_PATH)?);
            let text = fs_err::read_to_string(path).ok()?;
            Some(SecretString::from(text.trim())).filter(|_| !text.trim().is_empty())
        })
    }

    /// The address of process-compose, when it is one of this machine.
    fn address(&self) -> Option<SocketAddr> {
        let port = match self.surroundings.variable(env_vars::PC_PORT_NUM) {
            Some(port) => port.parse().ok()?,
            None => USUAL_PORT,
        };
        let host = match self.surroundings.variable(env_vars::PC_ADDRESS).unwrap_or("localhost") {
            // What it listens on may be every address.
            "localhost" | "0.0.0.0" | "::" => IpAddr::V4(Ipv4Addr::LOCALHOST),
            other => other.trim_matches(['[', ']']).parse().ok()?,
        };
        host.is_loopback().then(|| SocketAddr::new(host, port))
    }

    /// The name that a file of process-compose gives the project.
    fn project_name(&self) -> Option<String> {
        let text = FILES.into_iter().find_map(|file| fs_err::read_to_string(self.root.join(file)).ok())?;
        let named = text.lines().find_map(|line| line.strip_prefix("name:"))?;
        Some(named.trim().trim_matches(['"', '\'']).to_owned())
    }

    fn pass_over(&mut self, place: String, error: &RunnerError) {
        if error.is_gone() {
            return;
        }
        self.say(place, &error.to_string());
    }

    fn say(&mut self, place: String, why: &str) {
        self.found.passed_over.push(PassedOver { place, why: why.to_owned() });
    }
}

/// The directory a process works in, where the system tells.
fn works_in(process: u32) -> Option<Utf8PathBuf> {
    Utf8Path::new("/proc").join(process.to_string()).join("cwd").read_link_utf8().ok()
}
