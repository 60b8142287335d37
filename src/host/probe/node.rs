//! Looks at Node, pnpm and Turborepo. Versions are read from files where they are; programs are asked only then.

mod lock;
mod turbo;

use std::thread;

use camino::{Utf8Path, Utf8PathBuf};
use semver::Version;
use serde_json::Value;

use super::Vantage;
use crate::facts::node::{NodeOnPath, Origin, Pnpm, Wish, manager_of, wish};
use crate::facts::{Fact, Node};
use crate::nix::hashes::{self, Freshness, Hashes};

pub(super) fn look(vantage: &Vantage) -> Node {
    let text = match vantage.read(&vantage.directory.join("package.json")) {
        Fact::Known(Some(text)) => text,
        Fact::Known(None) => return without("there is no `package.json`"),
        Fact::Unknown(_) => return without("`package.json` cannot be read"),
    };
    let Ok(package) = serde_json::from_str::<Value>(&text) else {
        return Node { wish: Fact::failed("`package.json` is no JSON"), ..without("`package.json` is no JSON") };
    };
    let workspace = read(vantage, "pnpm-workspace.yaml");
    let package_manager = wish::package_manager(&package, &workspace);
    let on_path = on_path(vantage);
    thread::scope(|scope| {
        let version = scope.spawn(|| version(vantage, on_path.first()));
        let pnpm = scope.spawn(|| pnpm(vantage));
        let turbo = scope.spawn(|| turbo::look(vantage));
        Node {
            wish: wish_of(vantage, &package).into(),
            lock: lock::look(vantage, &package, package_manager.as_ref()),
            package_manager: package_manager.into(),
            hash: hash(vantage),
            version: version.join().unwrap_or_default(),
            pnpm: pnpm.join().map_or_else(|_| Fact::default(), Fact::Known),
            turbo: turbo.join().unwrap_or_default(),
            on_path: on_path.clone().into(),
        }
    })
}

fn without(why: &str) -> Node {
    Node {
        wish: Fact::irrelevant(why),
        on_path: Fact::irrelevant(why),
        version: Fact::irrelevant(why),
        package_manager: Fact::irrelevant(why),
        pnpm: Fact::irrelevant(why),
        lock: Fact::irrelevant(why),
        turbo: Fact::irrelevant(why),
        hash: Fact::irrelevant(why),
    }
}

/// How the hash that Nix has of the dependencies stands to the lock file. Nix itself is not asked: what it has built once with
/// an old hash, it builds again without a word.
fn hash(vantage: &Vantage) -> Fact<Option<Freshness>> {
    let hashes = Hashes::parse(&read(vantage, hashes::PATH));
    let freshness = hashes.and_then(|hashes| hashes.freshness(read(vantage, hashes::PNPM_LOCK).as_bytes()));
    Fact::Known(freshness)
}

/// The text of a file of the project; empty when there is none.
fn read(vantage: &Vantage, name: &str) -> String {
    vantage.read(&vantage.directory.join(name)).known().cloned().flatten().unwrap_or_default()
}

fn wish_of(vantage: &Vantage, package: &Value) -> Wish {
    let mut ranges = wish::of_package(package);
    for name in [".nvmrc", ".node-version"] {
        ranges.extend(wish::of_version_file(&read(vantage, name)).map(|range| (format!("`{name}`"), range)));
    }
    let nix_files = ["flake.nix", "devenv.nix", "shell.nix"];
    for name in nix_files {
        ranges.extend(wish::of_nix_file(&read(vantage, name)).map(|range| (format!("`{name}`"), range)));
    }
    let has_nix_shell = nix_files.iter().any(|name| vantage.directory.join(name).is_file());
    Wish { ranges, has_nix_shell }
}

/// Every `node` on PATH, in order, each directory once.
fn on_path(vantage: &Vantage) -> Vec<NodeOnPath> {
    let mut found: Vec<NodeOnPath> = Vec::new();
    for directory in vantage.variable("PATH").unwrap_or_default().split(':').filter(|directory| directory.starts_with('/')) {
        let path = Utf8Path::new(directory).join("node");
        if path.is_file() && !found.iter().any(|known| known.path == path) {
            let origin = origin(vantage, directory, &path);
            found.push(NodeOnPath { path, origin });
        }
    }
    found
}

fn origin(vantage: &Vantage, directory: &str, path: &Utf8Path) -> Origin {
    let real = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
    if in_store(vantage, &real) {
        return Origin::Nix;
    }
    match manager_of(directory).or_else(|| manager_of(real.parent().map_or("", Utf8Path::as_str))) {
        Some(manager) => Origin::Manager(manager),
        None => Origin::Other,
    }
}

fn in_store(vantage: &Vantage, path: &Utf8Path) -> bool {
    path.starts_with("/nix/store") || path.starts_with(vantage.system("/nix/store"))
}

fn version(vantage: &Vantage, node: Option<&NodeOnPath>) -> Fact<Version> {
    let Some(node) = node else { return Fact::irrelevant("`node` is not on PATH") };
    let real = node.path.canonicalize_utf8().unwrap_or_else(|_| node.path.clone());
    if let Some(version) = version_in_store_path(&real, "nodejs").or_else(|| version_in_header(vantage, &real)) {
        return version.into();
    }
    asked(vantage, node.path.as_str())
}

/// What a program says to `--version`.
fn asked(vantage: &Vantage, program: &str) -> Fact<Version> {
    match vantage.run(program, &["--version"]) {
        Fact::Known(output) => {
            let text = output.stdout.trim();
            match Version::parse(text.strip_prefix('v').unwrap_or(text)) {
                Ok(version) if output.is_success() => version.into(),
                _ => Fact::failed(format!("`{program} --version` says nothing that can be read")),
            }
        }
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// The version in a path like `/nix/store/…-nodejs-24.1.0/bin/node`.
fn version_in_store_path(path: &Utf8Path, name: &str) -> Option<Version> {
    let mut parts = path.components().map(|part| part.as_str());
    let package = parts.by_ref().skip_while(|part| *part != "store").nth(1)?;
    let (_, name_and_version) = package.split_once('-')?;
    let rest = name_and_version.strip_prefix(name)?;
    Version::parse(rest.strip_prefix("-slim").unwrap_or(rest).strip_prefix('-')?).ok()
}

/// The version in the header that comes with Node, beside its `bin`.
fn version_in_header(vantage: &Vantage, path: &Utf8Path) -> Option<Version> {
    let header = path.parent()?.parent()?.join("include/node/node_version.h");
    let text = vantage.read(&header).known()?.clone()?;
    let number = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix("#define ")?.strip_prefix(name))?;
        line.trim().parse::<u64>().ok()
    };
    Some(Version::new(number("NODE_MAJOR_VERSION")?, number("NODE_MINOR_VERSION")?, number("NODE_PATCH_VERSION")?))
}

fn pnpm(vantage: &Vantage) -> Option<Pnpm> {
    let path = vantage.find("pnpm")?;
    let real = path.canonicalize_utf8().unwrap_or_else(|_| path.clone());
    let is_corepack = real.as_str().contains("/corepack/");
    let version = if is_corepack {
        Fact::not_looked("corepack would download it")
    } else {
        match version_in_store_path(&real, "pnpm").or_else(|| version_in_package(vantage, &real)) {
            Some(version) => version.into(),
            None => asked_outside(vantage, path.as_str()),
        }
    };
    Some(Pnpm { path, is_corepack, version })
}

/// Asks outside the project: inside, pnpm may download the version that `packageManager` names.
fn asked_outside(vantage: &Vantage, program: &str) -> Fact<Version> {
    let outside = Vantage { directory: vantage.system("/"), ..vantage.clone() };
    asked(&outside, program)
}

/// The version in the `package.json` of pnpm, two folders above its script.
fn version_in_package(vantage: &Vantage, script: &Utf8Path) -> Option<Version> {
    let package: Utf8PathBuf = script.parent()?.parent()?.join("package.json");
    let package: Value = serde_json::from_str(vantage.read(&package).known()?.as_deref()?).ok()?;
    let is_pnpm = matches!(package.get("name")?.as_str()?, "pnpm" | "@pnpm/exe");
    Version::parse(package.get("version")?.as_str()?).ok().filter(|_| is_pnpm)
}

#[cfg(test)]
mod tests;
