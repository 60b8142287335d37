//! The house rules that a reader relies on: which room may use which, and how big a file may be.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::checkout;

/// Modules that take values and return values.
const DOMAIN: [&str; 18] = [
    "changeset",
    "diagnostic",
    "doctor",
    "dotenv",
    "error",
    "facts",
    "file_tree",
    "image",
    "line_edit",
    "nix",
    "plain_text",
    "plan",
    "process",
    "project",
    "question",
    "secret",
    "service",
    "setup",
];
/// `template` is domain too; it is named apart because it brings the heavier parsers.
const TEMPLATE: &str = "template";

/// What domain modules may import from outside: collections, formatting, text, paths as values, and pure libraries.
const PURE: [&str; 34] = [
    "std::borrow",
    "std::collections",
    "std::error",
    "std::fmt",
    "std::iter",
    "std::ops::Range",
    "std::panic",
    "std::str",
    "std::string",
    "std::sync::Arc",
    "std::sync::LazyLock",
    "std::sync::OnceLock",
    "std::time::Duration",
    "core",
    "base64",
    "bech32",
    "camino",
    "diffy",
    "handlebars",
    "ignore::gitignore",
    "include_dir",
    "memchr",
    "percent_encoding",
    "regex",
    "regex_lite",
    "rnix",
    "secrecy",
    "semver",
    "serde",
    "serde_json",
    "sha1",
    "sha2",
    "thiserror",
    "url",
];
const PURE_TOO: [&str; 5] = ["toml", "toml_edit", "serde_saphyr", "strsim", "clap::ValueEnum"];

/// The most lines a file may have without its tests.
const LONGEST_FILE: usize = 400;

fn sources() -> Vec<(PathBuf, String)> {
    let root = checkout().join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(&root).unwrap().to_owned(), text));
            }
        }
    }
    found.sort();
    found
}

fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests").next().unwrap()
}

fn module(path: &Path) -> &str {
    path.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs")
}

fn is_domain(path: &Path) -> bool {
    DOMAIN.contains(&module(path)) || module(path) == TEMPLATE
}

#[test]
fn the_domain_uses_only_itself_and_pure_libraries() {
    let mut wrong = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| is_domain(path) && !path.ends_with("tests.rs")) {
        for line in without_tests(text)
            .lines()
            .map(str::trim_start)
            .filter_map(|line| line.strip_prefix("use ").or_else(|| line.strip_prefix("pub use ")))
        {
            let is_own = line.starts_with("super::") || line.starts_with("self::") || local_module(line, text);
            let from_domain =
                line.strip_prefix("crate::").is_some_and(|rest| is_domain(Path::new(rest.split([':', ';']).next().unwrap())));
            let is_pure = PURE.iter().chain(&PURE_TOO).any(|allowed| line.starts_with(allowed));
            if !(is_own || from_domain || is_pure) {
                wrong.push(format!("{}: {line}", path.display()));
            }
        }
        for forbidden in [
            "std::fs",
            "std::env",
            "std::process",
            "std::net",
            "std::thread",
            "std::time::Instant",
            "std::time::System",
            "fs_err",
            "crate::host",
            "crate::ui",
            "crate::ask",
            "crate::cli",
        ] {
            if without_tests(text).contains(forbidden) {
                wrong.push(format!("{}: {forbidden}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "domain modules reach out:\n{}", wrong.join("\n"));
}

/// `pub use name::…` of a module declared in the same file.
fn local_module(line: &str, text: &str) -> bool {
    let name = line.split(':').next().unwrap();
    text.contains(&format!("mod {name};"))
}

#[test]
fn only_the_host_and_backends_touch_files_and_processes() {
    let mut wrong = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| !matches!(module(path), "host" | "backend")) {
        for forbidden in
            ["fs_err::write", "fs_err::remove", "fs_err::create", "fs_err::rename", "process::Command", "OpenOptions"]
        {
            if without_tests(text).contains(forbidden) {
                wrong.push(format!("{}: {forbidden}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "writes outside `host` and `backend`:\n{}", wrong.join("\n"));
}

#[test]
fn only_ui_prints() {
    let mut wrong = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| !matches!(module(path), "ui" | "ask")) {
        for forbidden in ["println!", "eprintln!", "print!(", "io::stdout", "io::stderr"] {
            if without_tests(text).contains(forbidden) {
                wrong.push(format!("{}: {forbidden}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "prints outside `ui`:\n{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_begin_with_what_they_are_for() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let lines = without_tests(&text).lines().count();
        if lines > LONGEST_FILE {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
        if !text.starts_with("//! ") {
            wrong.push(format!("{}: no module documentation", path.display()));
        }
        if path.ends_with("mod.rs") {
            wrong.push(format!("{}: name it after its folder", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_is_one_crossterm() {
    let lock = fs::read_to_string(checkout().join("Cargo.lock")).unwrap();
    assert_eq!(lock.matches("name = \"crossterm\"\n").count(), 1);
}
