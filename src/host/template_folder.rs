//! Reads a template from a folder on disk.

use std::os::unix::fs::PermissionsExt;

use camino::Utf8Path;

use super::paths;
use crate::error::{Error, Result};
use crate::template::{MANIFEST, Source, SourceFile, Template};

/// A template bigger than this is a mistake, such as a folder that holds `node_modules`.
const MOST_BYTES: u64 = 32 * 1024 * 1024;

/// Reads a template from its folder. Links are refused, because they could lead outside.
pub fn read(folder: &Utf8Path) -> Result<Template> {
    if !folder.is_dir() {
        return Err(Error::failed(format!("there is no template folder `{folder}`"))
            .hint("`nixstart template list` shows the built-in templates"));
    }
    if !folder.join(MANIFEST).is_file() {
        return Err(Error::failed(format!("`{folder}` is no template: it has no `{MANIFEST}`"))
            .hint("name the folder that holds `template.toml`"));
    }
    let mut source = Source::new();
    let mut size = 0;
    collect(folder, folder, &mut source, &mut size)?;
    let template = Template::parse(source).map_err(|error| {
        Error::failed(error).hint("`docs/templates.md` and `assets/template.schema.json` describe the manifest")
    })?;
    Ok(Template { folder: Some(paths::absolute(folder)?), ..template })
}

fn collect(root: &Utf8Path, folder: &Utf8Path, source: &mut Source, size: &mut u64) -> Result<()> {
    for entry in folder.read_dir_utf8()? {
        let path = entry?.into_path();
        let metadata = fs_err::symlink_metadata(&path)?;
        let relative = path.strip_prefix(root).unwrap_or(&path);
        if metadata.is_symlink() {
            return Err(Error::refused(format!("the template has a link: `{relative}`")).hint("put the file itself there"));
        }
        if metadata.is_dir() {
            if relative != ".git" {
                collect(root, &path, source, size)?;
            }
            continue;
        }
        *size += metadata.len();
        if *size > MOST_BYTES || !metadata.is_file() {
            let what = if metadata.is_file() { "is bigger than 32 MiB" } else { "has a file that is not plain" };
            return Err(Error::failed(format!("the template {what}; stopped at `{relative}`")));
        }
        let executable = metadata.permissions().mode() & 0o111 != 0;
        source.insert(relative.to_string(), SourceFile { contents: fs_err::read(&path)?, executable });
    }
    Ok(())
}
