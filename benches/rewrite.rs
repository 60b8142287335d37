//! The least that can be done to change a file and be sure of it: read it, write it, fsync it.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let path = std::env::args_os().nth(1).unwrap_or_default();
    let bytes = std::fs::read(&path)?;
    let mut file = std::fs::File::create(&path)?;
    file.write_all(&bytes)?;
    file.sync_all()
}
