//! A tree of files in memory: relative path → contents and mode. The pure result of rendering a template.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

/// Why a text is no path inside a project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// No text at all.
    #[error("the path is empty")]
    Empty,
    /// It starts at the root of a file system.
    #[error("the path `{0}` is absolute")]
    Absolute(String),
    /// It has a component that leaves the project or means nothing.
    #[error("the path `{0}` has the component `{1}`")]
    BadComponent(String, String),
    /// It has a character that paths should not have.
    #[error("the path `{0}` has a backslash or a control character")]
    BadCharacter(String),
}

/// A path inside a project: relative, `/`-separated, without `.`, `..` or `.git`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelativePath(String);

impl RelativePath {
    /// Accepts only paths that stay inside the folder they are joined to.
    pub fn parse(path: &str) -> Result<Self, PathError> {
        if path.is_empty() {
            return Err(PathError::Empty);
        }
        if path.starts_with('/') {
            return Err(PathError::Absolute(path.to_owned()));
        }
        if path.chars().any(|c| c == '\\' || c.is_control()) {
            return Err(PathError::BadCharacter(path.escape_debug().to_string()));
        }
        let is_bad =
            |part: &&str| part.is_empty() || matches!(*part, "." | "..") || part.eq_ignore_ascii_case(".git") || part.len() > 255;
        match path.split('/').find(is_bad) {
            Some(part) => Err(PathError::BadComponent(path.to_owned(), part.to_owned())),
            None => Ok(Self(path.to_owned())),
        }
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The text after the last dot of the last component, if there is one.
    pub fn extension(&self) -> Option<&str> {
        self.file_name().rsplit_once('.').map(|(_, extension)| extension)
    }

    /// The folders above it, outermost first.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').filter_map(|(at, _)| self.0.get(..at))
    }
}

impl TryFrom<String> for RelativePath {
    type Error = PathError;

    fn try_from(path: String) -> Result<Self, PathError> {
        Self::parse(&path)
    }
}

impl From<RelativePath> for String {
    fn from(path: RelativePath) -> Self {
        path.0
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A file: its bytes and whether it can be executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The bytes.
    #[serde(with = "bytes_as_text")]
    pub contents: Vec<u8>,
    /// Whether its mode has the executable bits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub executable: bool,
}

impl File {
    /// A plain file with text in it.
    pub fn text(text: impl Into<String>) -> Self {
        Self { contents: text.into().into_bytes(), executable: false }
    }

    /// The id git gives these bytes (SHA-1 object format).
    pub fn blob_id(&self) -> String {
        let mut hash = Sha1::new();
        hash.update(format!("blob {}\0", self.contents.len()));
        hash.update(&self.contents);
        hex(&hash.finalize())
    }

    /// The permission bits of a file that holds no secret.
    pub const fn mode(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}

/// Lower-case hexadecimal digits of bytes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// Files by path, in the order of their paths.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileTree(BTreeMap<RelativePath, File>);

impl FileTree {
    /// Adds a file and returns the one it takes the place of.
    pub fn insert(&mut self, path: RelativePath, file: File) -> Option<File> {
        self.0.insert(path, file)
    }

    /// The file at a path.
    pub fn get(&self, path: &str) -> Option<&File> {
        self.0.iter().find(|(key, _)| key.as_str() == path).map(|(_, file)| file)
    }

    /// Every file, in the order of paths.
    pub fn iter(&self) -> impl Iterator<Item = (&RelativePath, &File)> {
        self.0.iter()
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every folder that holds a file, parents before children.
    pub fn directories(&self) -> BTreeSet<&str> {
        self.0.keys().flat_map(RelativePath::parents).collect()
    }
}

impl FromIterator<(RelativePath, File)> for FileTree {
    fn from_iter<I: IntoIterator<Item = (RelativePath, File)>>(files: I) -> Self {
        Self(files.into_iter().collect())
    }
}

impl IntoIterator for FileTree {
    type Item = (RelativePath, File);
    type IntoIter = std::collections::btree_map::IntoIter<RelativePath, File>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Text stays readable in receipts; other bytes become `{ "hex": "…" }`.
mod bytes_as_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Form {
        Text(String),
        Bytes { hex: String },
    }

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Form::Bytes { hex: super::hex(bytes) }.serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let hex = match Form::deserialize(deserializer)? {
            Form::Text(text) => return Ok(text.into_bytes()),
            Form::Bytes { hex } => hex,
        };
        let digits: Vec<char> = hex.chars().collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16))
            .collect::<Result<_, _>>()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_paths_that_leave_the_project() {
        for path in ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", ".git/config", "a/.GIT/hooks", "a\\b", "a\nb"] {
            assert!(RelativePath::parse(path).is_err(), "{path:?} was accepted");
        }
        assert!(RelativePath::parse(".github/workflows/ci.yml").is_ok());
        assert!(RelativePath::parse("a..b/.gitignore").is_ok());
    }

    #[test]
    fn computes_the_blob_id_that_git_computes() {
        assert_eq!(File::text("hello\n").blob_id(), "ce013625030ba8dba906f756967f9e9ca394464a");
        assert_eq!(File::text("").blob_id(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    }

    #[test]
    fn a_tree_survives_json_byte_for_byte() {
        let file = |contents: &[u8]| File { contents: contents.to_vec(), executable: true };
        let tree: FileTree = [("a/text", file("grüße\r\n".as_bytes())), ("bytes", file(&[0, 255, 128]))]
            .into_iter()
            .map(|(path, file)| (RelativePath::parse(path).unwrap(), file))
            .collect();
        let json = serde_json::to_string(&tree).unwrap();
        assert_eq!(serde_json::from_str::<FileTree>(&json).unwrap(), tree);
        assert!(serde_json::from_str::<FileTree>(&json.replace("a/text", "../text")).is_err());
    }

    #[test]
    fn lists_folders_before_what_they_hold() {
        let tree: FileTree =
            ["a/b/c", "a/d", "e"].into_iter().map(|path| (RelativePath::parse(path).unwrap(), File::text(""))).collect();
        assert_eq!(tree.directories().into_iter().collect::<Vec<_>>(), ["a", "a/b"]);
    }
}
