//! What of a log tells why a build failed.

use super::LogTail;

/// So many of the last lines are shown.
const LAST: usize = 20;
/// So many lines from the first error on are shown, when that is further up.
const AROUND: usize = 8;

/// The first lines that speak of an error, when they are not among the last, and the last lines; a line `…` stands for what
/// is left out.
pub fn extract(log: &LogTail) -> Vec<&str> {
    let lines: Vec<&str> = log.lines().map(str::trim_end).collect();
    let start = lines.len().saturating_sub(LAST);
    let first = lines.iter().position(|line| speaks_of_an_error(line)).filter(|first| *first < start);
    let mut shown = Vec::new();
    if let Some(first) = first {
        let end = (first + AROUND).min(start);
        shown.extend(lines.get(first..end).unwrap_or_default());
        if end < start {
            shown.push("…");
        }
    }
    shown.extend(lines.get(start..).unwrap_or_default());
    shown
}

fn speaks_of_an_error(line: &str) -> bool {
    const WORDS: [&str; 6] = ["error:", "error[", " err!", "failed:", "fatal:", "panicked at"];
    let line = line.to_lowercase();
    WORDS.iter().any(|word| line.contains(word)) || line.starts_with("err_") || line.starts_with("error ")
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    fn log(lines: impl IntoIterator<Item = String>) -> LogTail {
        let mut log = LogTail::default();
        lines.into_iter().for_each(|line| log.push(&line));
        log
    }

    #[test]
    fn a_short_log_is_shown_whole() {
        let log = log(["one".to_owned(), "error: two".to_owned()]);
        assert_eq!(extract(&log), ["one", "error: two"]);
    }

    #[test]
    fn an_error_further_up_is_shown_first() {
        let log =
            log((0..100).map(|number| if number == 10 { "src/a.ts(3,4): error: TS1".into() } else { format!("line {number}") }));
        let shown = extract(&log);
        assert_eq!((shown.len(), shown[0], shown[AROUND]), (AROUND + 1 + LAST, "src/a.ts(3,4): error: TS1", "…"));
        assert_eq!((shown[AROUND + 1], shown.last()), ("line 80", Some(&"line 99")));
    }

    #[test]
    fn an_error_right_above_the_last_lines_leaves_no_gap() {
        let log = log((0..30).map(|number| if number == 5 { "error: x".into() } else { format!("line {number}") }));
        assert!(!extract(&log).contains(&"…"));
        assert_eq!(extract(&log).len(), 25);
    }
}
