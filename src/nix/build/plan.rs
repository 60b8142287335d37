//! What Nix says it is going to do. `nix build` says so since 2.10; before, only a dry run does.

use crate::plain_text::strip_escapes;

/// What was announced.
#[derive(Debug, Default)]
pub struct Plan {
    /// Derivations to build, dependencies first.
    pub builds: Vec<String>,
    /// Paths to fetch, by name.
    pub fetches: Vec<String>,
    /// How much that is, in Nix's words: `12.3 MiB download, 45.6 MiB unpacked`.
    pub size: Option<String>,
    reading: Option<Announced>,
}

/// What a list of the announcement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced {
    /// Derivations that will be built.
    Builds,
    /// Paths that will be fetched.
    Fetches,
    /// Paths that nobody can make.
    Unknown,
}

impl Plan {
    /// Takes in a message and says whether it was part of an announcement.
    pub(super) fn read(&mut self, message: &str) -> bool {
        if let Some(path) = message.strip_prefix("  /").filter(|_| self.reading.is_some()) {
            let path = format!("/{}", strip_escapes(path));
            match self.reading {
                Some(Announced::Builds) => self.builds.push(path),
                Some(Announced::Fetches) => self.fetches.push(path),
                Some(Announced::Unknown) | None => {}
            }
            return true;
        }
        self.reading = headline(message);
        if self.reading == Some(Announced::Fetches) {
            let size = message.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(size, _)| strip_escapes(size));
            self.size = size.or(self.size.take());
        }
        self.reading.is_some()
    }
}

fn headline(message: &str) -> Option<Announced> {
    if !message.ends_with(':') {
        return None;
    }
    if message.starts_with("this derivation will be built")
        || message.starts_with("these ") && message.contains("derivations will be built")
    {
        return Some(Announced::Builds);
    }
    if message.starts_with("this path will be fetched")
        || message.starts_with("these ") && message.contains("paths will be fetched")
    {
        return Some(Announced::Fetches);
    }
    message.starts_with("don't know how to build these paths").then_some(Announced::Unknown)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn reads_lists_and_sizes() {
        let mut plan = Plan::default();
        let said = [
            "these 2 derivations will be built:",
            "  /nix/store/a.drv",
            "  /nix/store/b.drv",
            "this path will be fetched (0.1 MiB download, 0.4 MiB unpacked):",
            "  /nix/store/c",
        ];
        assert!(said.iter().all(|line| plan.read(line)));
        assert!(!plan.read("copying path"));
        assert!(!plan.read("  /nix/store/not-announced"));
        assert_eq!(plan.builds, ["/nix/store/a.drv", "/nix/store/b.drv"]);
        assert_eq!(plan.fetches, ["/nix/store/c"]);
        assert_eq!(plan.size.as_deref(), Some("0.1 MiB download, 0.4 MiB unpacked"));
    }
}
