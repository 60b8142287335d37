//! From the DIR of a command line to the directory and the name of a project.

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::{Error, Result};
use crate::host::paths;
use crate::project::ProjectName;

/// The directory of a project as an absolute path, and its last component as the project's name.
pub(super) fn resolve(directory: &Utf8Path) -> Result<(Utf8PathBuf, ProjectName)> {
    if directory.as_str().trim().is_empty() {
        return Err(Error::usage("the directory is empty").hint("name a directory, such as `my-bot`"));
    }
    // The name is checked as it was typed: a path that is too long cannot be resolved.
    if let Some(name) = directory.file_name() {
        parse(name)?;
    }
    let path = paths::absolute(directory)?;
    let name = path.file_name().ok_or_else(|| {
        Error::usage("the root of the file system cannot be a project").hint("name a directory, such as `my-bot`")
    })?;
    let name = parse(name)?;
    Ok((path, name))
}

fn parse(name: &str) -> Result<ProjectName> {
    ProjectName::parse(name).map_err(|error| Error::usage(error).hint("choose another name, such as `my-bot`"))
}
