//! What arrives at the runner, whoever sends it.

use super::outbox::Teller;
use super::protocol::Request;
use crate::process::supervision::{Input, Run};

/// A message to the runner.
#[derive(Debug)]
pub(super) enum Message {
    /// Something has happened to a process.
    Happened(Input),
    /// The command that stops a program has ended, and everything that it had left running.
    StopCommandEnded(Run),
    /// Somebody asks.
    Asked(Request, Client),
    /// Somebody who was told has gone.
    Gone(u64),
}

/// Somebody who is connected.
#[derive(Debug)]
pub(super) struct Client {
    /// Who.
    pub(super) id: u64,
    /// Takes what is said to them.
    pub(super) answers: Teller,
}
