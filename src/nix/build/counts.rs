//! How many of everything there are in a run.

use super::{BuildState, Status};

/// Numbers of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Derivations that are being built.
    pub running: usize,
    /// Derivations that were built.
    pub built: usize,
    /// Derivations that failed by themselves.
    pub failed: usize,
    /// Derivations that were announced; 0 when nothing was.
    pub planned: usize,
    /// Paths that were fetched.
    pub fetched: usize,
    /// Paths that were, are or will be fetched.
    pub fetches: usize,
    /// Bytes that came over the wire.
    pub bytes: u64,
}

impl Counts {
    /// Counts.
    pub fn of(state: &BuildState) -> Self {
        let planned = state.plan.builds.len();
        Self {
            running: state.running().count(),
            built: state.builds.iter().filter(|build| build.status == Status::Succeeded).count(),
            failed: state.root_causes().count(),
            planned: if planned > 0 { planned.max(state.builds.len()) } else { 0 },
            fetched: state.fetches.iter().filter(|fetch| fetch.is_done).count(),
            fetches: state.fetches.len().max(state.plan.fetches.len()),
            bytes: state.downloaded(),
        }
    }
}
