//! Fetches over HTTPS: capped in size and in time, whole or not at all, and never the page that a network puts in place
//! of what was asked for. Nothing that comes is run here.

mod agent;
mod call;
mod error;
pub mod local;
mod place;
mod redirect;
mod status;
mod transfer;
mod trust;

use std::time::Duration;

use camino::Utf8Path;
use fs_err::OpenOptions;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use sha2::Digest as _;

use super::{files, interrupt};
use crate::plan::Sha256;
pub use call::{Call, Reply, call};
pub use error::{CertificateFault, HttpError};
pub(in crate::host) use place::{Place, missing};
pub use status::status;
pub use trust::Trust;
pub(in crate::host) use trust::{BUNDLES, VARIABLES_OF_AUTHORITIES};

/// How long a transfer may take in all.
const DEADLINE: Duration = Duration::from_secs(30 * 60);
/// How long it may be silent.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// What is fetched, and how far it may go.
#[derive(Debug, Clone)]
pub struct Request {
    /// From where.
    pub url: String,
    /// An answer with more bytes is refused.
    pub most_bytes: u64,
    /// How long the transfer may take in all, redirects included.
    pub deadline: Duration,
    /// How long it may be silent.
    pub longest_silence: Duration,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Says whether somebody asked to stop.
    pub is_stopped: fn() -> bool,
}

impl Request {
    /// A request with the usual limits of time, which Ctrl-C ends.
    pub fn new(url: &str, most_bytes: u64, trust: &Trust) -> Self {
        Self {
            url: url.to_owned(),
            most_bytes,
            deadline: DEADLINE,
            longest_silence: LONGEST_SILENCE,
            trust: trust.clone(),
            is_stopped: interrupt::is_interrupted,
        }
    }
}

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a file turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The digest of its bytes.
    pub sha256: Sha256,
    /// How many there are.
    pub bytes: u64,
    /// The address that redirects led to.
    pub url: String,
}

/// How far a transfer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that have come.
    pub received: u64,
    /// Bytes that the server says there are.
    pub total: Option<u64>,
}

/// Fetches something small into memory.
pub fn get(request: &Request) -> Result<Body, HttpError> {
    let mut bytes = Vec::new();
    transfer::run(request, &mut |piece, _| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(Body { bytes })
}

/// Fetches into a new file that only its owner may read, in a directory that only its owner may look into. When anything
/// goes wrong, neither the file nor a directory that was made for it stays.
pub fn download(request: &Request, into: &Utf8Path, on_progress: &mut dyn FnMut(Progress)) -> Result<Digest, HttpError> {
    let mut place = Place::open(into.parent().unwrap_or(Utf8Path::new(".")))?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(files::PRIVATE).open(into)?;
    place.holds(into);
    let mut digest = sha2::Sha256::new();
    let mut received = 0;
    let url = transfer::run(request, &mut |piece, total| {
        std::io::Write::write_all(&mut file, piece)?;
        digest.update(piece);
        received += piece.len() as u64;
        on_progress(Progress { received, total });
        Ok(())
    })?;
    file.sync_all()?;
    place.keep();
    Ok(Digest { sha256: Sha256::of_bytes(digest.finalize().into()), bytes: received, url })
}
