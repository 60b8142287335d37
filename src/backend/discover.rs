//! Finds who runs the processes of a project, by speaking to whoever listens where a runner would be. A file that is there says
//! nothing. What belongs to another user or to another project is left alone and named.

mod places;
mod whereabouts;

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
use whereabouts::{Whereabouts, is_process_compose, listener};

/// The port of process-compose when nothing else is said. It is one of many programs.
const USUAL_PORT: u16 = 8080;
/// The files in which a project for process-compose may have a name.
const FILES: [&str; 4] = ["process-compose.yaml", "process-compose.yml", "compose.yaml", "compose.yml"];
/// Why a runner is left alone that has nothing to do with the project.
const ANOTHER: &str = "it runs the processes of another project";

/// What was found.
#[derive(Default)]
pub struct Found {
    /// Who answers, the one to believe first.
    pub live: Vec<Box<dyn Backend>>,
    /// Why runners of this project cannot be used that are there all the same: one hangs, or wants a token.
    pub unusable: Vec<RunnerError>,
    /// Sockets whose maker is gone.
    pub stale: Vec<Utf8PathBuf>,
    /// Who was passed over.
    pub passed_over: Vec<PassedOver>,
}

/// What says that a place is one of this project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// Its path follows from that of the project.
    Path,
    /// A link or a shell of the project. The link may have come with a copy.
    Link,
    /// The environment, which may have come from a shell of another project.
    Environment,
}

impl Claim {
    const fn of(runtime: &Runtime) -> Self {
        if runtime.is_computed { Self::Path } else { Self::Link }
    }
}

/// Whose a runner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// This project.
    Us,
    /// Another one.
    Another,
    /// It has to say so itself.
    Unsure,
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
        seeking.process_compose_at(socket, Claim::Path);
    }
    // process-compose is believed before devenv: until 2.3 each process that it runs for devenv opens devenv's socket for itself.
    for runtime in &runtimes {
        seeking.process_compose_at(&runtime.path.join("pc.sock"), Claim::of(runtime));
    }
    if let Some(socket) = places.named_socket() {
        seeking.process_compose_at(&socket, if places.is_inside() { Claim::Link } else { Claim::Environment });
    }
    if seeking.has_none() {
        for runtime in &runtimes {
            seeking.devenv_at(runtime);
        }
    }
    if seeking.has_none() {
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
    /// Whether no runner of this project was found, of which there is one.
    fn has_none(&self) -> bool {
        self.found.live.is_empty() && self.found.unusable.is_empty()
    }

    fn process_compose_at(&mut self, socket: &Utf8Path, claim: Claim) {
        let Some(owner) = self.owner(socket, claim) else { return };
        match (ProcessCompose::connect(Endpoint::Socket(socket.to_owned()), self.token()), owner) {
            (Ok(runner), Owner::Us) => self.take(runner),
            (Ok(runner), _) => {
                if let Err(error) = self.take_when_it_says_so(runner, socket.to_string()) {
                    self.pass_over(socket.to_string(), &error);
                }
            }
            (Err(error), Owner::Us) => self.note_unusable(error),
            (Err(error), _) => self.pass_over(socket.to_string(), &error),
        }
    }

    fn take(&mut self, runner: ProcessCompose) {
        self.found.live.push(Box::new(runner.of_project(self.place)));
    }

    /// Whoever answers has to name this project.
    fn take_when_it_says_so(&mut self, runner: ProcessCompose, place: String) -> Result<(), RunnerError> {
        match runner.is_of(self.root, self.project_name().as_deref())? {
            Some(true) => self.take(runner),
            Some(false) => self.say(place, ANOTHER),
            None => self.say(place, "this process-compose does not say whose processes it runs (1.73 does)"),
        }
        Ok(())
    }

    fn devenv_at(&mut self, runtime: &Runtime) {
        if self.owner(&devenv::socket(&runtime.path), Claim::of(runtime)).is_none() {
            return;
        }
        match Devenv::connect(&runtime.path) {
            Ok(runner) => self.found.live.push(Box::new(runner.of_project(self.place))),
            Err(error) => self.note_unusable(error),
        }
    }

    /// A port is anybody's. Whoever listens gets the token only from a user who has set one, and only on this machine.
    fn process_compose_at_port(&mut self) {
        let Some(address) = self.address() else { return };
        match ProcessCompose::connect(Endpoint::Port(address), self.token()) {
            Ok(runner) => match Whereabouts::of(listener(address.port()), self.root) {
                Whereabouts::Elsewhere => self.say(address.to_string(), ANOTHER),
                // One that works in a part of the project may be the part's.
                Whereabouts::Here | Whereabouts::Below | Whereabouts::Above | Whereabouts::Untold => {
                    if let Err(error) = self.take_when_it_says_so(runner, address.to_string()) {
                        self.note_unusable_at_port(address, error);
                    }
                }
            },
            Err(error) => self.note_unusable_at_port(address, error),
        }
    }

    /// It is a port of many programs: one that is something else, or somebody else's, is no news.
    fn note_unusable_at_port(&mut self, address: SocketAddr, error: RunnerError) {
        let is_locked = matches!(error, RunnerError::Unauthorized { .. });
        let is_named = self.surroundings.variable(env_vars::PC_PORT_NUM).is_some();
        let is_ours = match listener(address.port()) {
            Some(process) => is_process_compose(process) && Whereabouts::of(Some(process), self.root) == Whereabouts::Here,
            None => is_named && (is_locked || matches!(error, RunnerError::Silent { .. })),
        };
        if is_ours {
            self.note_unusable(error);
        } else if is_locked {
            self.pass_over(address.to_string(), &error);
        }
    }

    /// Whose it is when somebody listens; nothing when nobody does, or it is certain that we leave it alone.
    fn owner(&mut self, socket: &Utf8Path, claim: Claim) -> Option<Owner> {
        match Peer::connect(&Endpoint::Socket(socket.to_owned())) {
            Ok(peer) => {
                let owner = owner(claim, Whereabouts::of(peer.process(), self.root));
                if owner == Owner::Another {
                    self.say(socket.to_string(), ANOTHER);
                }
                Some(owner).filter(|owner| *owner != Owner::Another)
            }
            Err(PeerError::Absent { .. }) => None,
            Err(PeerError::Refused { .. }) => {
                self.found.stale.push(socket.to_owned());
                None
            }
            Err(error) if claim == Claim::Environment => {
                self.say(socket.to_string(), &error.to_string());
                None
            }
            Err(error) => {
                // Whoever need not know goes on without it.
                if matches!(error, PeerError::Foreign { .. }) {
                    self.say(socket.to_string(), &error.to_string());
                }
                self.note_unusable(error.into());
                None
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

    fn note_unusable(&mut self, error: RunnerError) {
        if !error.is_gone() {
            self.found.unusable.push(error);
        }
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

/// Whose somebody is who works somewhere and answers at a place of ours.
const fn owner(claim: Claim, whereabouts: Whereabouts) -> Owner {
    match (claim, whereabouts) {
        (Claim::Path, _)
        | (Claim::Environment, Whereabouts::Here)
        | (Claim::Link, Whereabouts::Here | Whereabouts::Below | Whereabouts::Untold) => Owner::Us,
        (Claim::Link, Whereabouts::Above | Whereabouts::Elsewhere) | (Claim::Environment, Whereabouts::Elsewhere) => {
            Owner::Another
        }
        (Claim::Environment, Whereabouts::Below | Whereabouts::Above | Whereabouts::Untold) => Owner::Unsure,
    }
}
