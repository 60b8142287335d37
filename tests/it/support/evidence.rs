//! What the tests leave to be looked through for secrets when they are over (`tests/canary`): what the program said and what
//! it remembers. Only `tests/run` asks for it.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Words of commands that are there to show a secret, or to give it to a program that may.
const SHOWING: [&str; 6] = ["get", "export", "exec", "--reveal", "-c", "--insecure-argv"];

/// Keeps what was said, in a file that the name of the test is in.
pub(crate) fn keep(what: &str, bytes: &[u8]) {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let Some(place) = std::env::var_os("NIXSTART_TEST_EVIDENCE").filter(|_| !bytes.is_empty()) else { return };
    let test = std::thread::current().name().unwrap_or("thread").replace("::", "-");
    let name = format!("{test}-{what}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let _when_the_disk_is_full = std::fs::write(PathBuf::from(place).join(name), bytes);
}

/// Keeps the output of a command that shows no secret.
pub(crate) fn keep_output(command: &Command, output: &Output) {
    let shows = command.get_args().any(|argument| SHOWING.iter().any(|word| argument == *word));
    if !shows {
        keep("output", &[output.stdout.as_slice(), &output.stderr].concat());
    }
}
