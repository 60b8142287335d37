//! What proves a step: checks of `doctor`, because an exit code of an installer is no proof.

use crate::plan::Step;

/// The check that builds something.
pub const BUILD: &str = "store-probe-build";

/// The ids of the checks that prove a step; none when the disk tells.
pub const fn checks(step: &str) -> &'static [&'static str] {
    match step.as_bytes() {
        b"nix" | b"nix-path" => &["nix-present", "nix-version-min", "daemon-access", BUILD],
        b"nix-group" => &["daemon-access", "daemon-socket"],
        b"flakes" => &["flakes-enabled", "nix-conf-parse"],
        b"caches" => &["nix-conf-parse"],
        b"daemon-restart" | b"nix-socket" => &["daemon-socket"],
        b"git" => &["git-present"],
        b"direnv" => &["direnv-present", "direnv-version"],
        b"direnv-hook" => &["direnv-hook"],
        b"nix-direnv" | b"nix-direnv-load" => &["nix-direnv-present"],
        _ => &[],
    }
}

/// Says at every step how it is proven.
pub(super) fn announce<'a>(steps: impl Iterator<Item = &'a mut Step>) {
    for step in steps {
        let checks = checks(&step.id);
        if !checks.is_empty() {
            let builds = if checks.contains(&BUILD) { "a build of a few bytes, and " } else { "" };
            step.proof = Some(format!("by {builds}`nixstart doctor` on {}", checks.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::STEPS;
    use super::*;
    use crate::doctor;

    #[test]
    fn every_check_that_proves_something_exists() {
        for id in STEPS.iter().flat_map(|step| checks(step)) {
            assert!(doctor::checks().any(|check| check.id == *id), "{id}");
        }
    }
}
