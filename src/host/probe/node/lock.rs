//! Looks at the lock file of a project and compares it with what is declared.

use git2::Repository;
use serde_json::Value;

use super::{Vantage, read};
use crate::facts::Fact;
use crate::facts::node::lock::{self, Mismatch};
use crate::facts::node::{Lock, PackageManager};

/// Lock files and whose they are, in the order in which a project with several is taken to mean them.
const FILES: [(&str, &str); 6] = [
    ("pnpm-lock.yaml", "pnpm"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("yarn.lock", "yarn"),
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
];
/// A lock file this big is not compared.
const LARGEST: usize = 16 << 20;

pub(super) fn look(vantage: &Vantage, package: &Value, manager: Option<&PackageManager>) -> Fact<Lock> {
    if is_turned_off(&read(vantage, ".npmrc")) {
        return Fact::irrelevant("`.npmrc` turns lock files off");
    }
    let present: Vec<(&str, &str)> = FILES.into_iter().filter(|(file, _)| vantage.directory.join(file).is_file()).collect();
    let wanted = manager.map_or("npm", |manager| manager.name.as_str());
    let own = present.iter().find(|(_, owner)| manager.is_some() && *owner == wanted).or_else(|| {
        // Without a wish, the file that is there says whose it is.
        present.first().filter(|_| manager.is_none())
    });
    let absent = FILES.iter().find(|(_, owner)| *owner == wanted).unwrap_or(&("package-lock.json", "npm"));
    let (file, owner) = *own.unwrap_or(absent);
    let text = if own.is_some() { read(vantage, file) } else { String::new() };
    Lock {
        file: file.to_owned(),
        manager: owner.to_owned(),
        exists: own.is_some(),
        is_tracked: is_tracked(vantage, file),
        has_conflict: text.lines().any(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ")),
        is_needed: !lock::declared(package).is_empty() || package.get("workspaces").is_some(),
        mismatches: mismatches(vantage, package, file, &text),
        others: present
            .iter()
            .filter(|(other, theirs)| *other != file && *theirs != owner)
            .map(|(other, _)| (*other).to_owned())
            .collect(),
    }
    .into()
}

fn is_turned_off(settings: &str) -> bool {
    let setting = |line: &str| line.split('#').next().unwrap_or_default().replace(' ', "");
    settings.lines().map(setting).any(|line| line == "package-lock=false" || line == "lockfile=false")
}

fn is_tracked(vantage: &Vantage, file: &str) -> Option<bool> {
    let repository = Repository::discover(&vantage.directory).ok()?;
    let directory = vantage.directory.canonicalize_utf8().ok()?;
    let path = directory.as_std_path().strip_prefix(repository.workdir()?).ok()?.join(file);
    Some(repository.index().ok()?.get_path(&path, 0).is_some())
}

fn mismatches(vantage: &Vantage, package: &Value, file: &str, text: &str) -> Vec<Mismatch> {
    if text.len() > LARGEST {
        return Vec::new();
    }
    let (specifiers, free) = match file {
        "pnpm-lock.yaml" => lock::pnpm_specifiers(text).unwrap_or_default(),
        "package-lock.json" | "npm-shrinkwrap.json" => {
            let lock = serde_json::from_str::<Value>(text).ok();
            (lock.and_then(|lock| lock::npm_specifiers(&lock)).unwrap_or_default(), Vec::new())
        }
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    for (importer, locked) in &specifiers {
        if importer == "." {
            found.extend(lock::compare(importer, package, locked, &free));
        } else if let Ok(package) = serde_json::from_str::<Value>(&read(vantage, &format!("{importer}/package.json"))) {
            found.extend(lock::compare(importer, &package, locked, &free));
        }
    }
    found
}
