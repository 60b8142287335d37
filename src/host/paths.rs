//! Where nixstart keeps what it must remember, and how paths of the command line become absolute.

use camino::{Utf8Path, Utf8PathBuf};

use crate::env_vars;
use crate::error::{Error, Result};

/// The directory for receipts and locks: `$NIXSTART_STATE_DIR`, `$XDG_STATE_HOME/nixstart` or `~/.local/state/nixstart`.
pub fn state_directory() -> Result<Utf8PathBuf> {
    if let Some(directory) = env_vars::get(env_vars::STATE_DIR) {
        return absolute(Utf8Path::new(&directory));
    }
    let base = match env_vars::get(env_vars::XDG_STATE_HOME).filter(|path| path.starts_with('/')) {
        Some(base) => Utf8PathBuf::from(base),
        None => home()?.join(".local/state"),
    };
    Ok(base.join("nixstart"))
}

/// The directory for programs that nixstart brings: `$XDG_DATA_HOME/nixstart` or `~/.local/share/nixstart`.
pub fn data_directory() -> Result<Utf8PathBuf> {
    let base = match env_vars::get(env_vars::XDG_DATA_HOME).filter(|path| path.starts_with('/')) {
        Some(base) => Utf8PathBuf::from(base),
        None => home()?.join(".local/share"),
    };
    Ok(base.join("nixstart"))
}

/// The directory for what belongs to the person and not to a machine: `$NIXSTART_CONFIG_DIR`, `$XDG_CONFIG_HOME/nixstart` or
/// `~/.config/nixstart`.
pub fn config_directory() -> Result<Utf8PathBuf> {
    if let Some(directory) = env_vars::get(env_vars::CONFIG_DIR) {
        return absolute(Utf8Path::new(&directory));
    }
    let base = match env_vars::get(env_vars::XDG_CONFIG_HOME).filter(|path| path.starts_with('/')) {
        Some(base) => Utf8PathBuf::from(base),
        None => home()?.join(".config"),
    };
    Ok(base.join("nixstart"))
}

/// The user's directory, as an absolute path without links.
pub fn home_directory() -> Result<Utf8PathBuf> {
    absolute(&home()?)
}

fn home() -> Result<Utf8PathBuf> {
    let from_system =
        || directories::BaseDirs::new().and_then(|dirs| Utf8PathBuf::from_path_buf(dirs.home_dir().to_owned()).ok());
    env_vars::get(env_vars::HOME).map(Utf8PathBuf::from).or_else(from_system).ok_or_else(|| {
        Error::failed("there is no home directory to keep receipts in")
            .hint(format!("set `{}` to a directory", env_vars::STATE_DIR))
    })
}

/// The directory nixstart was started in.
pub fn current_directory() -> Result<Utf8PathBuf> {
    let directory = std::env::current_dir()
        .map_err(|error| Error::failed(error).hint("the current directory does not exist any more; change to one that does"))?;
    Utf8PathBuf::from_path_buf(directory)
        .map_err(|path| Error::failed(format!("the current directory is no UTF-8 text: `{}`", path.display())))
}

/// Makes a path absolute and takes `.` and `..` out of it. Where a directory exists, links are resolved.
pub fn absolute(path: &Utf8Path) -> Result<Utf8PathBuf> {
    let joined = if path.is_absolute() { path.to_owned() } else { current_directory()?.join(path) };
    let mut existing = joined.as_path();
    let mut rest: Vec<&str> = Vec::new();
    let resolved = loop {
        match existing.canonicalize_utf8() {
            Ok(resolved) => break resolved,
            Err(_) => match (existing.parent(), existing.file_name()) {
                (Some(parent), Some(name)) => {
                    rest.push(name);
                    existing = parent;
                }
                _ => break lexically_clean(existing),
            },
        }
    };
    Ok(lexically_clean(&rest.iter().rev().fold(resolved, |path, name| path.join(name))))
}

fn lexically_clean(path: &Utf8Path) -> Utf8PathBuf {
    path.components().fold(Utf8PathBuf::new(), |mut clean, component| {
        match component.as_str() {
            "." => {}
            ".." => {
                clean.pop();
            }
            part => clean.push(part),
        }
        clean
    })
}

/// A path as a person would type it from the current directory.
pub fn shown(path: &Utf8Path) -> String {
    shown_from(current_directory().ok().as_deref(), path)
}

/// A path as a person would type it from a directory, when that is known.
pub fn shown_from(directory: Option<&Utf8Path>, path: &Utf8Path) -> String {
    match directory.and_then(|directory| path.strip_prefix(directory).ok()).map(Utf8Path::as_str) {
        Some("") => ".".to_owned(),
        Some(relative) => relative.to_owned(),
        None => path.to_string(),
    }
}

/// Why something could not be done with a path, in the words of the system and without its number. Whoever says it names the path.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    // What fs_err puts before it ends with the path.
    let of_system = text.rsplit_once("`: ").map_or(text.as_str(), |(_, of_system)| of_system);
    of_system.split(" (os error").next().unwrap_or(of_system).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_the_systems_and_names_no_path() {
        let missing = fs_err::read("/No/Where").unwrap_err();
        assert_eq!(reason(&missing), "no such file or directory");
        assert_eq!(reason(&std::io::Error::other("It is no file")), "it is no file");
    }

    #[test]
    fn shows_a_path_as_it_would_be_typed() {
        let shown = |directory| shown_from(directory, Utf8Path::new("/w/deep/bot"));
        let here = |directory| Some(Utf8Path::new(directory));
        assert_eq!([shown(here("/w")), shown(here("/w/deep/bot"))], ["deep/bot", "."]);
        assert_eq!([shown(here("/w/de")), shown(None)], ["/w/deep/bot", "/w/deep/bot"]);
    }
}
