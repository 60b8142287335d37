//! Recordings of real Nix for tests: what 2.8, 2.26 and 2.34 wrote to standard error, line by line.

use fs_err as fs;

/// Every recording of internal-json on standard error, by name.
pub(crate) fn all() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/nix");
    let mut found: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .filter(|(name, _)| !name.contains("json-log-path"))
        .collect();
    found.sort();
    assert!(found.len() > 50, "{}", found.len());
    found
}
