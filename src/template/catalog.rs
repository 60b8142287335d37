//! The templates that are built into the program, and the files it carries for every project.

use include_dir::{Dir, include_dir};

use super::{ManifestError, Source, SourceFile, Template};
use crate::error::did_you_mean;

static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// The lock of every generated flake: devenv v2.2.2 and the nixpkgs it was released with.
static FLAKE_LOCK: &[u8] = include_bytes!("../../assets/project/flake.lock");
/// How to install Nix, which every project brings along.
static INSTALLING_NIX: &[u8] = include_bytes!("../../INSTALLING-NIX.md");

/// A file nixstart carries for every project, by name.
pub fn carried(name: &str) -> Option<&'static [u8]> {
    match name {
        "flake.lock" => Some(FLAKE_LOCK),
        "INSTALLING-NIX.md" => Some(INSTALLING_NIX),
        _ => None,
    }
}

/// The names of the built-in templates, sorted.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = TEMPLATES.dirs().filter_map(|dir| dir.path().to_str()).collect();
    names.sort_unstable();
    names
}

/// A built-in template; `None` when there is none of the name.
pub fn find(name: &str) -> Option<Result<Template, ManifestError>> {
    TEMPLATES.get_dir(name).filter(|dir| dir.path().components().count() == 1).map(|dir| Template::parse(source(dir)))
}

/// Every built-in template, in the order of names.
pub fn all() -> Vec<Result<Template, ManifestError>> {
    names().into_iter().filter_map(find).collect()
}

/// What to do about a name that no template has.
pub fn hint_for(name: &str) -> String {
    did_you_mean(name, names()).unwrap_or_else(|| format!("built-in templates: {}", names().join(", ")))
}

fn source(dir: &'static Dir<'static>) -> Source {
    let root = dir.path();
    let mut source = Source::new();
    let mut folders = vec![dir];
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        for file in folder.files() {
            if let Some(path) = file.path().strip_prefix(root).ok().and_then(|path| path.to_str()) {
                source.insert(path.to_owned(), SourceFile { contents: file.contents().to_vec(), executable: false });
            }
        }
    }
    source
}
