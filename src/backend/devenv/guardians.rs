//! The numbers of processes: devenv ≥ 2.3 keeps a file for each of them beside its socket. Its protocol does not tell them.

use camino::Utf8Path;
use serde_json::Value;

use crate::host::process_table;

/// A file is not larger.
const MOST_BYTES: u64 = 64 << 10;

/// The number of the first process of a process, and when it was started, in milliseconds since 1970. A number that somebody else has
/// by now is none.
pub(super) fn leader(directory: &Utf8Path, process: &str) -> Option<(u32, Option<u64>)> {
    let path = directory.join(format!("{:016x}.json", digest(process)));
    let length = path.metadata().ok()?.len();
    let file: Value = serde_json::from_slice(&fs_err::read(path).ok().filter(|_| length <= MOST_BYTES)?).ok()?;
    let number = |field: &str| file.get(field).and_then(Value::as_u64);
    let pid = u32::try_from(number("session_id")?).ok()?;
    let begun = process_table::begun(pid)?;
    let is_it = file.get("name").and_then(Value::as_str) == Some(process) && number("leader_start") == Some(begun);
    is_it.then(|| (pid, process_table::moment(begun)))
}

/// FNV-1a of the name, which names the file.
fn digest(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_those_of_devenv() {
        let digests = ["api", "web", "db"].map(|name| format!("{:016x}", digest(name)));
        assert_eq!(digests, ["e74fc019056aae07", "5ea0e11948721ef1", "08914e07b53ba1e3"]);
    }
}
