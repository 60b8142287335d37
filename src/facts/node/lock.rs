//! Compares lock files with `package.json`: which dependencies one has and the other has not, by name.

use std::collections::BTreeMap;

use serde_json::Value;

/// A dependency in which lock file and `package.json` differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The directory of the `package.json`, `.` for the root.
    pub importer: String,
    /// The dependency.
    pub name: String,
    /// How they differ.
    pub kind: MismatchKind,
}

/// How lock file and `package.json` differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MismatchKind {
    /// The lock file lacks it.
    NotLocked,
    /// `package.json` lacks it.
    NotDeclared,
    /// They ask for different versions.
    OtherRange,
}

impl MismatchKind {
    /// What is wrong, as a fragment.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NotLocked => "is not in the lock file",
            Self::NotDeclared => "is in the lock file only",
            Self::OtherRange => "is locked for another range",
        }
    }
}

/// What a lock file was made for: by importer, the ranges by name.
pub type Specifiers = BTreeMap<String, BTreeMap<String, String>>;

const GROUPS: [&str; 3] = ["dependencies", "devDependencies", "optionalDependencies"];

/// The importers of a `pnpm-lock.yaml` (format 6 and 9), and the names that `overrides` decides.
pub fn pnpm_specifiers(text: &str) -> Option<(Specifiers, Vec<String>)> {
    let mut section = "";
    let (mut importer, mut name) = (String::new(), String::new());
    let mut specifiers = Specifiers::new();
    let mut overrides = Vec::new();
    let mut in_group = false;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (key, value) = split_pair(content);
        match (indent, section) {
            (0, _) => section = content.split(':').next().unwrap_or_default(),
            (2, "overrides") => overrides.push(overridden(&key)),
            (2, "importers") => {
                importer = key;
                specifiers.entry(importer.clone()).or_default();
            }
            (4, "importers") => in_group = GROUPS.contains(&key.as_str()),
            (6, "importers") if in_group => name = key,
            (8, "importers") if in_group && key == "specifier" => {
                specifiers.entry(importer.clone()).or_default().insert(name.clone(), value);
            }
            _ => {}
        }
    }
    (!specifiers.is_empty()).then_some((specifiers, overrides))
}

/// The name that an override like `a>b@1` decides.
fn overridden(key: &str) -> String {
    let last = key.rsplit('>').next().unwrap_or_default();
    let is_scoped = last.starts_with('@');
    let mut parts = last.split('@');
    if is_scoped {
        parts.nth(1).map(|name| format!("@{name}")).unwrap_or_default()
    } else {
        parts.next().unwrap_or_default().into()
    }
}

fn split_pair(content: &str) -> (String, String) {
    let (key, value) = content.split_once(": ").unwrap_or((content.trim_end_matches(':'), ""));
    (unquoted(key.trim_end_matches(':')), unquoted(value))
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inner = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner('\'').or_else(|| inner('"')).unwrap_or(text).to_owned()
}

/// The importers of a `package-lock.json` (format 2 and 3): the root and its workspaces.
pub fn npm_specifiers(lock: &Value) -> Option<Specifiers> {
    let packages = lock.get("packages")?.as_object()?;
    let own = packages.iter().filter(|(path, _)| !path.contains("node_modules/"));
    let importer = |path: &str| if path.is_empty() { ".".to_owned() } else { path.to_owned() };
    Some(own.map(|(path, package)| (importer(path), declared(package))).collect())
}

/// The dependencies that a `package.json` declares, with their ranges.
pub fn declared(package: &Value) -> BTreeMap<String, String> {
    let groups = GROUPS.iter().rev().filter_map(|group| package.get(*group)?.as_object());
    let pairs = groups.flatten().filter_map(|(name, range)| Some((name.clone(), range.as_str()?.to_owned())));
    // The order of GROUPS is reversed, so that a plain dependency wins over an optional one.
    pairs.collect()
}

/// Where an importer's `package.json` and the lock file differ. `free` are names whose ranges something else decides.
pub fn compare(importer: &str, package: &Value, locked: &BTreeMap<String, String>, free: &[String]) -> Vec<Mismatch> {
    let declared = declared(package);
    let is_peer = |name: &str| package.pointer("/peerDependencies").is_some_and(|peers| peers.get(name).is_some());
    let is_free = |name: &str| free.iter().any(|known| known == name);
    let mut kinds: Vec<(&String, MismatchKind)> = Vec::new();
    for (name, range) in &declared {
        match locked.get(name) {
            None if range.starts_with("link:") || is_free(name) => {}
            None => kinds.push((name, MismatchKind::NotLocked)),
            Some(other) if other != range && !is_free(name) => kinds.push((name, MismatchKind::OtherRange)),
            Some(_) => {}
        }
    }
    let extra = locked.keys().filter(|name| !declared.contains_key(*name) && !is_peer(name) && !is_free(name));
    kinds.extend(extra.map(|name| (name, MismatchKind::NotDeclared)));
    let mismatch = |(name, kind): (&String, MismatchKind)| Mismatch { importer: importer.to_owned(), name: shown(name), kind };
    kinds.into_iter().map(mismatch).collect()
}

/// A package's name, unless it cannot be one.
fn shown(name: &str) -> String {
    let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "@/._-".contains(c));
    let is_shown = is_name && name.len() <= 80 && crate::secret::shapes::shape_of_word(name).is_none();
    if is_shown { name.to_owned() } else { "a dependency".to_owned() }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const LOCK: &str = "lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n\noverrides:\n  '@a/b@1': 2.0.0\n  x>c: ^3\n\nimporters:\n\n  .:\n    dependencies:\n      discord.js:\n        specifier: ^14.28.1\n        version: 14.28.1\n    devDependencies:\n      '@eslint/js':\n        specifier: ^10.0.1\n        version: 10.0.1(eslint@10.15.0)\n      c:\n        specifier: ^3\n        version: 3.0.0\n\n  apps/web:\n    dependencies:\n      next:\n        specifier: 'catalog:'\n        version: 16.0.0\n\npackages:\n\n  next@16.0.0:\n    resolution: {integrity: x}\n";

    #[test]
    fn reads_importers_and_overrides_of_pnpm() {
        let (specifiers, overrides) = pnpm_specifiers(LOCK).unwrap();
        assert_eq!(overrides, ["@a/b", "c"]);
        assert_eq!(specifiers.keys().collect::<Vec<_>>(), [".", "apps/web"]);
        assert_eq!(specifiers["."]["@eslint/js"], "^10.0.1");
        assert_eq!(specifiers["apps/web"]["next"], "catalog:");
    }

    #[test]
    fn names_what_differs() {
        let (specifiers, overrides) = pnpm_specifiers(LOCK).unwrap();
        let package = json!({
            "dependencies": { "discord.js": "^14.29.0", "new": "1", "local": "link:../x" },
            "devDependencies": { "c": "^2" },
        });
        let found = compare(".", &package, &specifiers["."], &overrides);
        let kinds: Vec<_> = found.iter().map(|mismatch| (mismatch.name.as_str(), mismatch.kind)).collect();
        let expected = [
            ("discord.js", MismatchKind::OtherRange),
            ("new", MismatchKind::NotLocked),
            ("@eslint/js", MismatchKind::NotDeclared),
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn reads_the_lock_file_of_npm() {
        let lock = json!({ "packages": { "": { "dependencies": { "a": "^1" } }, "node_modules/a": {}, "apps/web": {} } });
        let specifiers = npm_specifiers(&lock).unwrap();
        assert_eq!(specifiers.keys().collect::<Vec<_>>(), [".", "apps/web"]);
        assert_eq!(compare(".", &json!({ "dependencies": { "a": "^1" } }), &specifiers["."], &[]), []);
    }

    proptest! {
        #[test]
        fn no_lock_file_breaks_it(text in "(importers:|overrides:|[ ]{0,8}[a-z@'\":>.]{0,9}|\n){0,20}|\\PC{0,40}") {
            pnpm_specifiers(&text);
        }
    }
}
