//! Random bytes from the operating system.

use std::io::Read;

/// Bytes that are fit to be secrets.
pub fn bytes(count: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    fs_err::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A few hexadecimal digits that make a name unique.
pub fn suffix() -> std::io::Result<String> {
    Ok(crate::file_tree::hex(&bytes(4)?))
}
