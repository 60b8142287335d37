//! Reads a log of Nix from a file as `nixstart build` does, as often as it takes to come to a gigabyte, and prints how fast
//! that is. The file has to have the events of a real run.

use std::io::Write;
use std::time::{Duration, Instant};

use nixstart::nix::build::BuildState;
use nixstart::nix::log::{self, Line};

const GIGABYTE: usize = 1_000_000_000;

fn main() -> std::io::Result<()> {
    let path = std::env::args_os().nth(1).unwrap_or_default();
    let text = fs_err::read(std::path::PathBuf::from(path))?;
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let (mut read, mut events) = (0, 0_u64);
    let begun = Instant::now();
    while read < GIGABYTE {
        events += lines.iter().map(|line| u64::from(matches!(log::read(line), Line::Event(_)))).sum::<u64>();
        read += text.len();
    }
    let parsed = begun.elapsed();
    let (mut folded, mut state) = (0, BuildState::default());
    let begun = Instant::now();
    while folded < GIGABYTE / 10 {
        for line in &lines {
            if let Line::Event(event) = log::read(line) {
                state.apply(&event, Duration::ZERO);
            }
        }
        state = BuildState::default();
        folded += text.len();
    }
    let speed = |bytes: usize, time: Duration| u128::try_from(bytes).unwrap_or(0) / time.as_micros().max(1);
    // Megabytes in a second: read alone, and read and folded.
    writeln!(std::io::stdout(), "{} {} {events} {}", speed(read, parsed), speed(folded, begun.elapsed()), state.builds.len())
}
