//! How Nix counts builds, from which follows what came of each.

/// Nix's own count of finished builds. It rises before a build that succeeded stops, and on no version for others. Nix 2.8
/// lets a build that was asked for itself stop long after, so each rise stands for one stop to come.
#[derive(Debug, Default)]
pub(super) struct Counter {
    /// Builds that are done.
    pub(super) done: u64,
    /// Builds that have failed.
    pub(super) failed: u64,
    stopped: u64,
}

impl Counter {
    /// Whether a rise is left for a build that stops.
    pub(super) const fn stop(&mut self) -> bool {
        let has_risen = self.done > self.stopped;
        if has_risen {
            self.stopped += 1;
        }
        has_risen
    }
}
