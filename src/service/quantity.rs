//! Durations and sizes, as texts with a unit.

use std::time::Duration;

/// What a duration has to be.
pub(super) const DURATION: &str = "a duration of at most a year such as `500ms`, `10s`, `2m` or `1h`";
/// What a duration has to be that cannot be none.
pub(super) const POSITIVE_DURATION: &str =
    "a duration of more than nothing and at most a year such as `500ms`, `10s`, `2m` or `1h`";
/// What a size has to be.
pub(super) const SIZE: &str = "a size such as `512Ki`, `64Mi` or `1Gi`";

/// More than this nobody means, and less than this no clock overflows.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

impl Size {
    /// Reads `512Ki`, `64Mi` or `1Gi`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = split(text)?;
        let factor = match unit {
            "Ki" => 1 << 10,
            "Mi" => 1 << 20,
            "Gi" => 1 << 30,
            _ => return None,
        };
        number.checked_mul(factor).filter(|bytes| *bytes > 0).map(Self)
    }

    /// How many bytes it is.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

/// Reads `500ms`, `10s`, `2m` or `1h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis).filter(|duration| *duration <= LONGEST)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let (number, unit) = text.split_at_checked(text.find(|c: char| !c.is_ascii_digit())?)?;
    Some((number.parse().ok()?, unit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_and_sizes_have_a_number_and_a_unit() {
        let seconds = |text: &str| duration(text).map(|duration| duration.as_secs_f64());
        assert_eq!([seconds("500ms"), seconds("10s"), seconds("2m"), seconds("1h")], [0.5, 10.0, 120.0, 3600.0].map(Some));
        assert_eq!(seconds("0s"), Some(0.0));
        for text in ["", "10", "s", "10 s", "-1s", "1.5s", "1d", "10S", "9000h", "99999999999999999999s", "1h30m", "١s"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        let bytes = |text: &str| Size::parse(text).map(Size::bytes);
        assert_eq!([bytes("1Ki"), bytes("64Mi"), bytes("2Gi")], [1 << 10, 64 << 20, 2 << 30].map(Some));
        for text in ["", "1", "0Gi", "1G", "1GiB", "1gi", "99999999999999Gi"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_them(text in "[0-9]{0,30}\\PC{0,4}") {
            let _duration = duration(&text);
            let _size = Size::parse(&text);
        }
    }
}
