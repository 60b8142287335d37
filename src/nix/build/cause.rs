//! What is known of why a build failed: its reason and its log in the words that the index of errors knows.

use super::Build;
use crate::nix::failure::Reason;

/// What a failed build said, for the index of errors.
pub fn said(build: &Build, reason: &Reason) -> String {
    let log = build.log.lines().collect::<Vec<_>>().join("\n");
    format!("{log}\nerror: {}", wording(reason))
}

/// A reason in the words that the index of errors knows.
fn wording(reason: &Reason) -> String {
    match reason {
        Reason::HashMismatch(_) => "hash mismatch in fixed-output derivation".to_owned(),
        Reason::Signal(name) => format!("failed due to signal ({name})"),
        Reason::TimedOut { seconds } => format!("timed out after {seconds} seconds"),
        other => other.to_string(),
    }
}
