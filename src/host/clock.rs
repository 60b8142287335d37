//! The time.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Milliseconds since 1970.
pub fn now_milliseconds() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0)
}

/// How long the machine has been up, also while it slept; where it does not say, how long this program has been running. It only
/// grows, whatever somebody sets the clock to.
pub fn uptime() -> Duration {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = fs_err::read_to_string("/proc/uptime").ok();
    let seconds = told.and_then(|told| told.split(' ').next()?.parse().ok());
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or_else(|| BEGAN.elapsed())
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

/// The time zone of whoever looks: that of `TZ`, else that of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// The local one; UTC when nobody knows which it is.
    pub fn local() -> Self {
        TimeZone::try_system().map(Self).unwrap_or_default()
    }

    /// The time of day at a moment in milliseconds since 1970, to the millisecond; that of UTC ends with a `Z`.
    pub fn time_of_day(&self, milliseconds: u64) -> String {
        let moment = i64::try_from(milliseconds).ok().and_then(|moment| Timestamp::from_millisecond(moment).ok());
        let Some(moment) = moment else { return String::new() };
        let mark = if self.0 == TimeZone::UTC { "Z" } else { "" };
        format!("{}{mark}", moment.to_zoned(self.0.clone()).strftime("%H:%M:%S.%3f"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_that_of_the_zone_also_in_summer() {
        let zone = Zone(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        // 2026-01-15 and 2026-07-15, both at 23:30:00.007 in UTC.
        let times = [1_768_519_800_007, 1_784_158_200_007];
        assert_eq!(times.map(|time| zone.time_of_day(time)), ["00:30:00.007", "01:30:00.007"]);
        assert_eq!(times.map(|time| Zone::default().time_of_day(time)), ["23:30:00.007Z", "23:30:00.007Z"]);
        assert_eq!(Zone::default().time_of_day(u64::MAX), "");
    }
}
