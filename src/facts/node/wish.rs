//! What a project asks of Node and its package manager, read from its files, and whether a version grants it.

use semver::{Version, VersionReq};
use serde_json::Value;

/// What a project asks of Node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Ranges or versions, each with the place that names it.
    pub ranges: Vec<(String, String)>,
    /// Whether the project has a Nix shell that brings Node along.
    pub has_nix_shell: bool,
}

/// The package manager that `package.json` names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageManager {
    /// Its name.
    pub name: String,
    /// The version or range it asks for.
    pub range: String,
    /// The field that names it.
    pub field: String,
    /// Whether another version is accepted (`onFail` is `ignore` or `warn`, or pnpm is told not to manage versions).
    pub is_lenient: bool,
}

impl Wish {
    /// The first place whose range a version does not meet. Words like `lts/*` are met by anything.
    pub fn unmet_by(&self, version: &Version) -> Option<&(String, String)> {
        self.ranges.iter().find(|(_, range)| matches(range, version) == Some(false))
    }
}

/// The ranges for Node that `package.json` names.
pub fn of_package(package: &Value) -> Vec<(String, String)> {
    let text = |pointer: &str| package.pointer(pointer).and_then(Value::as_str).filter(|range| is_range(range));
    let places = [
        ("/engines/node", "`engines.node` of `package.json`"),
        ("/devEngines/runtime/version", "`devEngines.runtime` of `package.json`"),
        ("/volta/node", "`volta.node` of `package.json`"),
    ];
    places.into_iter().filter_map(|(pointer, place)| Some((place.to_owned(), text(pointer)?.to_owned()))).collect()
}

/// The version that `.nvmrc` or `.node-version` names, when it is a number.
pub fn of_version_file(text: &str) -> Option<String> {
    let word = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let number = word.strip_prefix('v').unwrap_or(word);
    (number.starts_with(|c: char| c.is_ascii_digit()) && is_range(number)).then(|| number.to_owned())
}

/// The major versions of Node that Nix files name (`nodejs_24`, `nodejs-slim_24`), when they agree.
pub fn of_nix_file(text: &str) -> Option<String> {
    let pieces = text.split("nodejs").skip(1);
    let majors = pieces.filter_map(|rest| {
        let rest = rest.strip_prefix("-slim").unwrap_or(rest).strip_prefix('_')?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).take(3).collect();
        (!digits.is_empty()).then_some(digits)
    });
    let mut majors: Vec<String> = majors.collect();
    majors.sort_unstable();
    majors.dedup();
    if majors.len() == 1 { majors.pop() } else { None }
}

/// The package manager that `package.json` names, the newer field first.
pub fn package_manager(package: &Value, workspace: &str) -> Option<PackageManager> {
    let is_off = ["managePackageManagerVersions: false", "pmOnFail: ignore", "pmOnFail: warn"];
    let is_unmanaged = workspace.lines().any(|line| is_off.iter().any(|setting| line.trim() == *setting));
    if let Some(wish) = package.pointer("/devEngines/packageManager") {
        let text = |key: &str| wish.get(key).and_then(Value::as_str).unwrap_or_default();
        let field = "devEngines.packageManager".to_owned();
        let is_lenient = matches!(text("onFail"), "ignore" | "warn");
        return named(text("name"), text("version"), field, is_lenient);
    }
    let (name, version) = package.get("packageManager")?.as_str()?.split_once('@')?;
    let version = version.split('+').next().unwrap_or_default();
    named(name, version, "packageManager".to_owned(), is_unmanaged)
}

fn named(name: &str, range: &str, field: String, is_lenient: bool) -> Option<PackageManager> {
    let known = ["pnpm", "npm", "yarn", "bun"].into_iter().find(|known| *known == name)?;
    let range = if is_range(range) { range } else { "*" };
    Some(PackageManager { name: known.to_owned(), range: range.to_owned(), field, is_lenient })
}

/// Whether a text can be a range of versions; anything else, which might be a secret, is not repeated.
fn is_range(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_digit() || " .<>=^~|*xX-".contains(c);
    !text.trim().is_empty() && text.len() <= 60 && text.chars().all(is_part)
}

/// Whether a version is within a range of npm's; `None` when the range cannot be read.
pub fn matches(range: &str, version: &Version) -> Option<bool> {
    let mut met = false;
    for alternative in range.split("||") {
        met |= comparators(alternative)?.matches(version);
    }
    Some(met)
}

/// The comparators of a range without `||`, in the form of cargo: commas between them, `=` before a bare version.
fn comparators(range: &str) -> Option<VersionReq> {
    let range = range.trim();
    if let Some((from, to)) = range.split_once(" - ") {
        return VersionReq::parse(&format!(">={}, <={}", from.trim(), to.trim())).ok();
    }
    let mut parts: Vec<String> = Vec::new();
    let mut operator = String::new();
    for word in range.split_whitespace() {
        let word = format!("{operator}{word}");
        if word.chars().all(|c| "<>=^~".contains(c)) {
            operator = word;
            continue;
        }
        operator.clear();
        let word = word.replace('X', "x").replace(".x", ".*");
        let is_bare = word.starts_with(|c: char| c.is_ascii_digit()) && !word.contains('*');
        parts.push(if is_bare { format!("={word}") } else { word });
    }
    match parts.first().map(String::as_str) {
        None | Some("x" | "*") => Some(VersionReq::STAR),
        Some(_) => VersionReq::parse(&parts.join(", ")).ok(),
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_the_ranges_of_npm() {
        let version = |text: &str| Version::parse(text).unwrap();
        let cases = [
            (">=24", "24.1.0", Some(true)),
            (">= 20.9", "20.8.0", Some(false)),
            ("^20.19 || ^22.13 || >=24", "22.12.0", Some(false)),
            ("^20.19 || ^22.13 || >=24", "22.13.1", Some(true)),
            ("24.x", "24.21.0", Some(true)),
            ("24", "25.0.0", Some(false)),
            ("18.1.2", "18.1.3", Some(false)),
            (">=18 <21", "20.0.0", Some(true)),
            ("18 - 20", "21.0.0", Some(false)),
            ("~22.3.0", "22.3.9", Some(true)),
            ("*", "1.0.0", Some(true)),
            ("lts", "1.0.0", None),
        ];
        for (range, found, expected) in cases {
            assert_eq!(matches(range, &version(found)), expected, "{range} {found}");
        }
    }

    #[test]
    fn reads_wishes_from_every_place() {
        let package = json!({ "engines": { "node": ">=24" }, "volta": { "node": "24.1.0" } });
        assert_eq!(of_package(&package).len(), 2);
        assert_eq!(of_version_file("# x\nv24.1\n"), Some("24.1".into()));
        assert_eq!(of_version_file("lts/krypton\n"), None);
        assert_eq!(of_nix_file("package = pkgs.nodejs_24;\nx = pkgs.nodejs-slim_24;"), Some("24".into()));
        assert_eq!(of_nix_file("pkgs.nodejs_22 pkgs.nodejs_24"), None);
        assert_eq!(of_nix_file("pkgs.nodejs"), None);
    }

    #[test]
    fn reads_the_package_manager_of_both_fields() {
        let new = json!({ "devEngines": { "packageManager": { "name": "pnpm", "version": "^10.0.0", "onFail": "ignore" } } });
        let old = json!({ "packageManager": "pnpm@9.1.0+sha512.abc" });
        let manager = package_manager(&new, "").unwrap();
        assert_eq!((manager.range.as_str(), manager.is_lenient), ("^10.0.0", true));
        let manager = package_manager(&old, "").unwrap();
        assert_eq!((manager.range.as_str(), manager.is_lenient), ("9.1.0", false));
        assert!(package_manager(&old, "packages:\n  - x\nmanagePackageManagerVersions: false\n").unwrap().is_lenient);
        assert_eq!(package_manager(&json!({ "packageManager": "token@x" }), ""), None);
    }

    proptest! {
        #[test]
        fn no_range_breaks_it(range in "\\PC{0,20}|[0-9.<>=^~| x*-]{0,20}") {
            matches(&range, &Version::new(24, 1, 0));
            of_nix_file(&range);
            of_version_file(&range);
        }
    }
}
