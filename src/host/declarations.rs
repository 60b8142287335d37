//! Reads the files that declare a project's variables, and looks for names in its source where no file declares any.

use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use ignore::WalkBuilder;

use crate::secret::declarations::source::{self, Mention};
use crate::secret::declarations::{Declarations, TextFile, Texts};

/// No declaration is larger.
const LARGEST_FILE: u64 = 1 << 20;
/// So many files of source are looked at, and so many bytes of them.
const MOST_FILES: usize = 5_000;
const MOST_BYTES: u64 = 32 << 20;
/// So long source is looked at.
const BUDGET: Duration = Duration::from_secs(2);
/// What source files end in.
const ENDINGS: [&str; 16] =
    ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "vue", "svelte", "astro", "py", "rs", "rb", "go", "deno"];
/// Folders that hold other people's source, or what was made of our own.
const FOREIGN: [&str; 12] =
    ["node_modules", ".git", "target", "dist", "build", ".next", ".nuxt", ".venv", "venv", "vendor", ".devenv", ".direnv"];

/// Reads what a part of a project declares for a profile; what its root says of all parts comes behind.
pub fn read(root: &Utf8Path, directory: &Utf8Path, profile: &str) -> Declarations {
    Declarations::read(&texts(root, directory), profile)
}

/// The same; where no file declares any variable, those that the source asks for. That may take a second.
pub fn read_with_source(root: &Utf8Path, directory: &Utf8Path, profile: &str) -> Declarations {
    let declarations = read(root, directory, profile);
    if !declarations.specs.is_empty() || !declarations.diagnostics.is_empty() {
        return declarations;
    }
    let texts = Texts { in_source: mentions(directory), ..Texts::default() };
    Declarations::read(&texts, profile)
}

fn texts(root: &Utf8Path, directory: &Utf8Path) -> Texts {
    let mut texts = Texts::gather(&|name| text(&directory.join(name)));
    if root == directory {
        return texts;
    }
    let part = directory.strip_prefix(root).unwrap_or(directory);
    for file in &mut texts.files {
        file.name = part.join(&file.name).into_string();
    }
    // The example of the root is about the root; its schema may be about every part.
    let shared = |name: &str| Some(TextFile { name: name.to_owned(), text: text(&root.join(name))? });
    texts.files.extend(["secretspec.toml", "nixstart.toml"].into_iter().filter_map(shared));
    texts
}

/// The text of a plain file that is not too large.
fn text(path: &Utf8Path) -> Option<String> {
    let metadata = path.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST_FILE {
        return None;
    }
    Some(String::from_utf8_lossy(&fs_err::read(path).ok()?).into_owned())
}

/// The variables that the source below a directory asks for, each once.
pub fn mentions(directory: &Utf8Path) -> Vec<Mention> {
    let deadline = Instant::now() + BUDGET;
    let mut found: Vec<Mention> = Vec::new();
    let mut bytes = 0;
    for path in source_files(directory).take(MOST_FILES) {
        let size = path.metadata().map_or(0, |metadata| metadata.len());
        if Instant::now() > deadline || bytes + size > MOST_BYTES {
            break;
        }
        bytes += size;
        let Some(text) = text(&path) else { continue };
        let name = path.strip_prefix(directory).unwrap_or(&path);
        let new = source::mentions(name.as_str(), &text).into_iter();
        let new: Vec<Mention> = new.filter(|mention| !found.iter().any(|known| known.name == mention.name)).collect();
        found.extend(new);
    }
    found
}

fn source_files(directory: &Utf8Path) -> impl Iterator<Item = Utf8PathBuf> {
    let is_own = |entry: &ignore::DirEntry| entry.file_name().to_str().is_some_and(|name| !FOREIGN.contains(&name));
    let walk = WalkBuilder::new(directory)
        .git_global(false)
        .parents(true)
        .max_depth(Some(12))
        .sort_by_file_name(std::ffi::OsStr::cmp)
        .filter_entry(is_own)
        .build();
    walk.flatten()
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .filter_map(|entry| Utf8PathBuf::from_path_buf(entry.into_path()).ok())
        .filter(|path| path.extension().is_some_and(|ending| ENDINGS.contains(&ending)))
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, Utf8PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
        for (name, text) in files {
            let path = root.join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        (directory, root)
    }

    fn names(declarations: &Declarations) -> Vec<&str> {
        declarations.specs.iter().map(|spec| spec.name.as_str()).collect()
    }

    #[test]
    fn source_is_looked_at_where_nothing_is_declared() {
        let files = [
            ("src/a.ts", "process.env.API_KEY; process.env.SHOP"),
            ("src/b.py", "os.environ['SHOP']; os.getenv('REGION')"),
            ("node_modules/x/index.js", "process.env.FOREIGN"),
            ("notes.txt", "process.env.NOT_CODE"),
        ];
        let (_keep, root) = project(&files);
        let declarations = read_with_source(&root, &root, "default");
        assert_eq!(names(&declarations), ["API_KEY", "SHOP", "REGION"]);
        assert_eq!(declarations.origin("REGION").unwrap().to_string(), "src/b.py:1");
        fs_err::write(root.join(".env.example"), "ONLY=\n").unwrap();
        assert_eq!(names(&read_with_source(&root, &root, "default")), ["ONLY"]);
    }

    #[test]
    fn a_part_of_a_monorepo_has_the_schema_of_the_root_too() {
        let (_keep, root) = project(&[
            ("secretspec.toml", "[profiles.default]\nSHARED = { description = 'x' }\n"),
            (".env.example", "OF_THE_ROOT=\n"),
            ("apps/web/.env.example", "OWN=\n"),
        ]);
        let declarations = read(&root, &root.join("apps/web"), "default");
        assert_eq!(names(&declarations), ["SHARED", "OWN"]);
        assert_eq!(declarations.origin("OWN").unwrap().to_string(), "apps/web/.env.example:1");
    }
}
