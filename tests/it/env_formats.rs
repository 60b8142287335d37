//! What `nixstart env export` writes, the programs it is written for read back: each is really run.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use nixstart::dotenv::export::{ExportError, Format, Options, export};
use nixstart::dotenv::{Entry, Writer};
use secrecy::ExposeSecret;
use tempfile::TempDir;

use crate::env_readers::{SYSTEMD, systemd};
use crate::support::hostile::values;
use crate::support::tools;

/// What only formats without a `.env` in between can carry.
const MORE: [&str; 9] =
    ["a\rb", "end\r", "\u{1b}[31m", "\u{7f}", "\u{85}", "\u{F600}\u{F6FF}", "\u{FDD0}", "\u{FFFE}", "‘it’ ‚is‛"];

/// Variables that a format carries, with its text in a file named `exported`.
fn exported(format: Format) -> (TempDir, BTreeMap<String, String>) {
    let values = values(250).into_iter().chain(MORE.map(str::to_owned));
    let all: Vec<Entry> =
        values.enumerate().map(|(index, value)| Entry { key: format!("K{index}"), value: value.into() }).collect();
    let writer = Writer::default();
    let options = Options { name: "app", writer: &writer };
    let refused = match export(&all, format, &options) {
        Ok(_) => Vec::new(),
        Err(ExportError::Refused { refusals, .. }) => refusals.into_iter().map(|refusal| refusal.key).collect(),
        Err(other) => panic!("{other}"),
    };
    let carried: Vec<Entry> = all.into_iter().filter(|entry| !refused.contains(&entry.key)).collect();
    assert!(carried.len() > 250, "{} are carried", carried.len());
    let directory = TempDir::new().unwrap();
    let text = export(&carried, format, &options).unwrap();
    std::fs::write(directory.path().join("exported"), text.expose_secret()).unwrap();
    (directory, carried.into_iter().map(|entry| (entry.key, entry.value.expose_secret().to_owned())).collect())
}

/// What a program prints for the exported file.
#[track_caller]
fn printed(directory: &Path, program: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new(program);
    command.current_dir(directory).env_clear().env("PATH", tools::tool_path()).env("HOME", directory);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[track_caller]
fn same(found: &BTreeMap<String, String>, expected: &BTreeMap<String, String>) {
    for (key, value) in expected {
        assert_eq!(found.get(key), Some(value), "{key}");
    }
}

#[test]
fn shells_read_what_is_exported_for_them() {
    let test = "env_formats::shells_read_what_is_exported_for_them";
    for (shell, arguments, format) in [
        ("bash", ["--norc", "-c", ". ./exported; env -0"].as_slice(), Format::Shell),
        ("bash", ["--norc", "-c", "eval \"$(cat exported)\"; env -0"].as_slice(), Format::Shell),
        ("dash", ["-c", ". ./exported; env -0"].as_slice(), Format::Shell),
        ("zsh", ["-f", "-c", ". ./exported; env -0"].as_slice(), Format::Shell),
        ("fish", ["-c", "source exported; env -0"].as_slice(), Format::Fish),
    ] {
        if !tools::have(test, &[shell]) {
            continue;
        }
        let (directory, expected) = exported(format);
        let environment = String::from_utf8(printed(directory.path(), &tools::find(shell).unwrap(), arguments)).unwrap();
        let pairs = environment.split('\0').filter_map(|pair| pair.split_once('='));
        let found = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        same(&found, &expected);
    }
}

#[test]
fn node_reads_exported_json() {
    if tools::have("env_formats::node_reads_exported_json", &["node"]) {
        let (directory, expected) = exported(Format::Json);
        // Node writes it again, in its own spelling.
        let script = "console.log(JSON.stringify(JSON.parse(require('fs').readFileSync('exported', 'utf8'))))";
        let text = printed(directory.path(), &tools::find("node").unwrap(), &["-e", script]);
        assert_eq!(serde_json::from_slice::<BTreeMap<String, String>>(&text).unwrap(), expected);
    }
}

#[test]
fn systemd_reads_what_is_exported_for_it() {
    if let Some(python) = systemd("env_formats::systemd_reads_what_is_exported_for_it") {
        let (directory, expected) = exported(Format::Systemd);
        let text = printed(directory.path(), &python, &["-c", SYSTEMD, "exported"]);
        assert_eq!(serde_json::from_slice::<BTreeMap<String, String>>(&text).unwrap(), expected);
    }
}

/// The names that are refused for a shell are those that it does not keep, and only those.
#[test]
fn shells_keep_what_is_not_refused() {
    let test = "env_formats::shells_keep_what_is_not_refused";
    for (shell, key, is_kept) in [
        ("bash", "UID", false),
        ("bash", "SHLVL", false),
        ("bash", "GROUPS", false),
        ("bash", "HOSTNAME", true),
        ("zsh", "path", false),
        ("zsh", "USERNAME", false),
        ("zsh", "HOST", true),
        ("fish", "status", false),
        ("fish", "PWD", false),
        ("fish", "UID", true),
    ] {
        if !tools::have(test, &[shell]) {
            continue;
        }
        let format = if shell == "fish" { Format::Fish } else { Format::Shell };
        let entries = [Entry { key: key.to_owned(), value: "Vx1".to_owned().into() }];
        let writer = Writer::default();
        let carried = export(&entries, format, &Options { name: "app", writer: &writer });
        assert_eq!(carried.is_ok(), is_kept, "{shell} {key}");
        let assignment = if shell == "fish" { format!("set -gx {key} Vx1") } else { format!("export {key}=Vx1") };
        let mut command = Command::new(tools::find(shell).unwrap());
        command.env_clear().env("PATH", "/usr/bin:/bin").args(["-c", &format!("{assignment}\n/usr/bin/env")]);
        let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert_eq!(output.lines().any(|line| line == format!("{key}=Vx1")), is_kept, "{shell} {key}");
    }
}
