//! What a person says to direnv about an `.envrc`: that it may be loaded, as they have just read it, or that it must not.

use std::time::Duration;

use camino::Utf8Path;

use super::exec::{self, Request};
use super::probe::{Reach, Vantage, direnv};
use crate::error::{Error, Result};
use crate::facts::direnv::standing::Standing;

/// How long direnv may take; it does not load anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// Nobody reads more bytes than these.
const LONGEST: u64 = 1 << 20;

/// How the `.envrc` files of a project stand, seen from where nixstart was started.
pub fn standings(directory: &Utf8Path) -> Result<Vec<Standing>> {
    let vantage = Vantage::here(Reach { network: false, deep: false })?;
    Ok(direnv::standings(&Vantage { directory: directory.to_owned(), ..vantage }))
}

/// What an `.envrc` says.
pub fn read(path: &Utf8Path) -> Result<Vec<u8>> {
    let metadata = fs_err::metadata(path)?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(Error::refused(format!("`{path}` is nothing that can be read before it is allowed")));
    }
    Ok(fs_err::read(path)?)
}

/// Lets direnv load an `.envrc`, provided that it still says what was `seen`.
pub fn allow(path: &Utf8Path, seen: &[u8]) -> Result<()> {
    refuse_another(path, seen)?;
    tell("allow", path)?;
    // Somebody may have written it at that very moment; then direnv has allowed what nobody has read.
    refuse_another(path, seen).inspect_err(|_| drop(tell("deny", path)))
}

fn refuse_another(path: &Utf8Path, seen: &[u8]) -> Result<()> {
    if read(path)? == seen {
        return Ok(());
    }
    Err(Error::refused(format!("`{path}` was changed since you have read it")).hint("read it again"))
}

/// Keeps direnv from loading an `.envrc`, whatever it says.
pub fn deny(path: &Utf8Path) -> Result<()> {
    tell("deny", path)
}

fn tell(verb: &str, path: &Utf8Path) -> Result<()> {
    let directory = path.parent().unwrap_or(path);
    let arguments = [verb.to_owned(), path.to_string()];
    let request = Request { directory, program: "direnv", arguments: &arguments, timeout: Some(PATIENCE) };
    exec::perform(request, &mut |_| {})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_after_it_was_read_is_not_allowed() {
        let directory = tempfile::tempdir().unwrap();
        let path = camino::Utf8PathBuf::from_path_buf(directory.path().join(".envrc")).unwrap();
        fs_err::write(&path, "export A=2\n").unwrap();
        let refused = allow(&path, b"export A=1\n").unwrap_err();
        assert_eq!(refused.message(), format!("`{path}` was changed since you have read it"));
    }
}
