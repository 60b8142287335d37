//! What a version of process-compose can do.

/// A version; nobody knows it when whoever built it did not put it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version(Option<(u64, u64, u64)>);

/// How lines of a log are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// So many lines before the last so many (≥ 1.78).
    FromEnd,
    /// From so many lines before the end on (≤ 1.76).
    FromStart,
    /// One of the two.
    Unknown,
}

impl Version {
    /// Reads `v1.122.0`.
    pub(super) fn parse(text: &str) -> Self {
        let parsed = semver::Version::parse(text.trim().trim_start_matches('v')).ok();
        Self(parsed.map(|version| (version.major, version.minor, version.patch)))
    }

    pub(super) fn counting(self) -> Counting {
        match self.0 {
            None => Counting::Unknown,
            Some(version) if version >= (1, 77, 0) => Counting::FromEnd,
            Some(_) => Counting::FromStart,
        }
    }

    /// Whether changes of state may come as a stream; one that is not known is asked.
    pub(super) fn may_stream_states(self) -> bool {
        self.0.is_none_or(|version| version >= (1, 110, 0))
    }

    /// Whether the stream of a log has every line. Those after it cut bursts.
    pub(super) fn streams_every_line(self) -> bool {
        self.0.is_some_and(|version| version <= (1, 110, 0))
    }

    /// How it is said to people; nothing when it is not known.
    pub(super) fn shown(self) -> Option<String> {
        self.0.map(|(major, minor, patch)| format!("{major}.{minor}.{patch}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_version_can_do_follows_from_its_number() {
        let can = |text| (Version::parse(text).counting(), Version::parse(text).may_stream_states());
        assert_eq!(can("v1.122.0"), (Counting::FromEnd, true));
        assert_eq!(can("1.94.0"), (Counting::FromEnd, false));
        assert_eq!(can("v1.78.0"), (Counting::FromEnd, false));
        assert_eq!(can("v1.76.1"), (Counting::FromStart, false));
        assert_eq!(can("undefined"), (Counting::Unknown, true));
        let whole = ["v1.64.1", "v1.110.0", "v1.116.0", "undefined"].map(|text| Version::parse(text).streams_every_line());
        assert_eq!(whole, [true, true, false, false]);
        assert_eq!(Version::parse("v1.64.1").shown().as_deref(), Some("1.64.1"));
    }
}
