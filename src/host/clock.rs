//! The time.

use jiff::Timestamp;

/// Milliseconds since 1970.
pub fn now_milliseconds() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0)
}

/// The present moment to the millisecond, as digits with a `t` between date and time; sorts by time.
pub fn compact_timestamp() -> String {
    let milliseconds = now_milliseconds();
    let moment: String = timestamp().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{}{:03}", moment.trim_end_matches('Z').to_lowercase(), milliseconds % 1000)
}

/// The present moment as an RFC 3339 timestamp in UTC, to the second.
pub fn timestamp() -> String {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}
