//! What the editor writes, the programs that read a `.env` return: each is really run, over hundreds of hostile values at once.
//! A value that one of them would misread is refused for it, by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use nixstart::dotenv::{Consumer, Writer};
use secrecy::ExposeSecret;
use tempfile::TempDir;

use crate::support::hostile::{EnvFile, documents, env_file, values};
use crate::support::tools;

/// How many random values each reader gets.
const RANDOM: usize = 250;

type Variables = BTreeMap<String, String>;

/// Where `tests/run` puts the libraries that read a `.env`.
fn libraries() -> PathBuf {
    tools::cache().join("env-readers")
}

/// Whether a library is there; a note for the account of `tests/run` when it is not.
fn has_library(test: &str, path: &str) -> bool {
    let is_there = libraries().join(path).exists();
    if !is_there {
        tools::note_missing(test, path);
    }
    is_there
}

/// Writes the file for the reader alone and for all consumers, and has both read.
fn check(consumer: Consumer, read: impl Fn(&Path) -> Variables) {
    let everybody = if consumer == Consumer::Systemd { Writer::new([consumer]) } else { Writer::default() };
    for writer in [Writer::new([consumer]), everybody] {
        let EnvFile { document, expected, refused } = env_file(&values(RANDOM), &writer);
        assert!(expected.len() > 90, "{} written, {} refused", expected.len(), refused.len());
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join(".env"), document.as_bytes()).unwrap();
        let found = read(directory.path());
        let misread: Vec<String> = expected
            .iter()
            .filter(|(key, value)| found.get(key) != Some(value))
            .map(|(key, value)| format!("{key}: {value:?} is read as {:?}", found.get(key)))
            .collect();
        assert!(misread.is_empty(), "{consumer} misreads what is written for {:?}\n{}", writer.consumers(), misread.join("\n"));
        assert!(found.keys().filter(|key| is_ours(key)).count() == expected.len(), "{consumer} sees more than there is");
    }
}

fn is_ours(key: &str) -> bool {
    key.strip_prefix('K').is_some_and(|rest| rest.parse::<usize>().is_ok())
}

/// Runs a program in a directory, with PATH and HOME alone.
#[track_caller]
fn output(directory: &Path, program: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new(program);
    command.current_dir(directory).env_clear().env("PATH", tools::tool_path()).env("HOME", directory);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What a program prints as a JSON object.
#[track_caller]
fn json(directory: &Path, program: &Path, arguments: &[&str]) -> Variables {
    let printed = output(directory, program, arguments);
    let object: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&printed).unwrap();
    object.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned()))).collect()
}

/// What a program prints as `env -0` does.
#[track_caller]
fn environment(directory: &Path, program: &Path, arguments: &[&str]) -> Variables {
    let printed = String::from_utf8(output(directory, program, arguments)).unwrap();
    let pairs = printed.split('\0').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// A script of Node that finds the libraries.
fn node(directory: &Path, script: &str) -> Variables {
    let modules = libraries().join("node_modules");
    let require = format!("const library = name => require({:?} + '/' + name); ", modules.to_str().unwrap());
    json(directory, &tools::find("node").unwrap(), &["-e", &format!("{require}{script}")])
}

#[test]
fn node_parses_what_is_written() {
    if tools::have("env_readers::node_parses_what_is_written", &["node"]) {
        let script = "console.log(JSON.stringify(require('util').parseEnv(require('fs').readFileSync('.env', 'utf8'))))";
        check(Consumer::Node, |directory| node(directory, script));
    }
}

#[test]
fn node_starts_with_what_is_written() {
    if tools::have("env_readers::node_starts_with_what_is_written", &["node"]) {
        let arguments = ["--env-file=.env", "-e", "console.log(JSON.stringify(process.env))"];
        check(Consumer::Node, |directory| json(directory, &tools::find("node").unwrap(), &arguments));
    }
}

#[test]
fn dotenv_reads_what_is_written() {
    let test = "env_readers::dotenv_reads_what_is_written";
    if tools::have(test, &["node"]) && has_library(test, "node_modules/dotenv") {
        let script = "console.log(JSON.stringify(library('dotenv').parse(require('fs').readFileSync('.env'))))";
        check(Consumer::Node, |directory| node(directory, script));
    }
}

/// What we see in each document, dotenv sees, too, whatever it is.
#[test]
fn dotenv_reads_every_document_as_we_do() {
    let test = "env_readers::dotenv_reads_every_document_as_we_do";
    if !tools::have(test, &["node"]) || !has_library(test, "node_modules/dotenv") {
        return;
    }
    let documents = documents(600);
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("documents.json"), serde_json::to_vec(&documents).unwrap()).unwrap();
    let modules = libraries().join("node_modules/dotenv");
    let script = format!(
        "const documents = JSON.parse(require('fs').readFileSync('documents.json', 'utf8'));
        console.log(JSON.stringify(documents.map(text => require({:?}).parse(Buffer.from(text)))))",
        modules.to_str().unwrap()
    );
    let printed = output(directory.path(), &tools::find("node").unwrap(), &["-e", &script]);
    let theirs: Vec<Variables> = serde_json::from_slice(&printed).unwrap();
    let ours = |text: &String| -> Variables {
        let entries = nixstart::dotenv::read(text).into_iter();
        entries.map(|entry| (entry.key, entry.value.expose_secret().to_owned())).collect()
    };
    let differing = documents.iter().zip(&theirs).filter(|(text, theirs)| ours(text) != **theirs);
    let differing: Vec<String> =
        differing.map(|(text, theirs)| format!("{text:?}\n  ours: {:?}\n  theirs: {theirs:?}", ours(text))).collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    // The documents are worth the trouble.
    let variables: usize = theirs.iter().map(BTreeMap::len).sum();
    assert!(theirs.len() == documents.len() && variables > 600, "{variables}");
}

#[test]
fn next_reads_what_is_written() {
    let test = "env_readers::next_reads_what_is_written";
    if tools::have(test, &["node"]) && has_library(test, "node_modules/@next/env") {
        let script = "const quiet = { info() {}, error(error) { throw error } };
            console.log(JSON.stringify(library('@next/env').loadEnvConfig('.', true, quiet).combinedEnv))";
        check(Consumer::Next, |directory| node(directory, script));
    }
}

#[test]
fn vite_reads_what_is_written() {
    let test = "env_readers::vite_reads_what_is_written";
    for expand in ["dotenv-expand", "dotenv-expand-1000"] {
        if tools::have(test, &["node"]) && has_library(test, &format!("node_modules/{expand}")) {
            // As Vite does it: nothing goes to the environment, and nothing comes from there.
            let script = format!(
                "const parsed = library('dotenv').parse(require('fs').readFileSync('.env'));
                console.log(JSON.stringify(library('{expand}').expand({{ parsed, processEnv: {{}} }}).parsed))"
            );
            check(Consumer::Vite, |directory| node(directory, &script));
        }
    }
}

#[test]
fn python_reads_what_is_written() {
    let test = "env_readers::python_reads_what_is_written";
    if has_library(test, "python/bin/python") {
        let script = "import dotenv, json; print(json.dumps(dotenv.dotenv_values('.env')))";
        let python = libraries().join("python/bin/python");
        check(Consumer::Python, |directory| json(directory, &python, &["-c", script]));
    }
}

#[test]
fn dotenvy_reads_what_is_written() {
    check(Consumer::Rust, |directory| {
        dotenvy::from_path_iter(directory.join(".env")).unwrap().map(std::result::Result::unwrap).collect()
    });
}

#[test]
fn shells_read_what_is_written() {
    let test = "env_readers::shells_read_what_is_written";
    for shell in ["bash", "dash", "zsh"] {
        if tools::have(test, &[shell]) {
            let shell = tools::find(shell).unwrap();
            check(Consumer::Shell, |directory| environment(directory, &shell, &["-c", "set -a; . ./.env; env -0"]));
        }
    }
}

#[test]
fn direnv_reads_what_is_written() {
    if tools::have("env_readers::direnv_reads_what_is_written", &["direnv"]) {
        let direnv = tools::find("direnv").unwrap();
        check(Consumer::Direnv, |directory| json(directory, &direnv, &["dotenv", "json", ".env"]));
    }
}

#[test]
fn systemd_reads_what_is_written() {
    if let Some(python) = systemd("env_readers::systemd_reads_what_is_written") {
        check(Consumer::Systemd, |directory| json(directory, &python, &["-c", SYSTEMD, ".env"]));
    }
}

/// The reader of `EnvironmentFile=`, in systemd's own library: it needs no systemd that runs.
pub(crate) const SYSTEMD: &str = r#"
import ctypes, glob, json, sys
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
[path] = glob.glob("/usr/lib/*/systemd/libsystemd-shared-*.so") + glob.glob("/usr/lib/systemd/libsystemd-shared-*.so")
library = ctypes.CDLL(path)
library.load_env_file.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.POINTER(ctypes.c_char_p))]
pairs = ctypes.POINTER(ctypes.c_char_p)()
name = sys.argv[1].encode()
assert library.load_env_file(libc.fopen(name, b"r"), name, ctypes.byref(pairs)) >= 0
found, index = {}, 0
while pairs and pairs[index] is not None:
    key, _, value = pairs[index].decode().partition("=")
    found[key] = value
    index += 1
print(json.dumps(found))
"#;

/// A python that can ask systemd's library.
pub(crate) fn systemd(test: &str) -> Option<PathBuf> {
    let has_systemd = tools::have(test, &["systemd-analyze"]) && has_library(test, "python/bin/python");
    has_systemd.then(|| libraries().join("python/bin/python"))
}

#[test]
fn a_refusal_names_who_would_misread_the_value() {
    let values = values(RANDOM);
    for consumer in Consumer::ALL {
        let EnvFile { refused, .. } = env_file(&values, &Writer::new([consumer]));
        for (value, why) in refused {
            let named = [consumer, Consumer::Node];
            assert!(!why.consumers.is_empty(), "{value:?}: {why}");
            assert!(why.consumers.iter().all(|found| named.contains(found)), "{value:?}: {why}");
            assert!(!why.way_out().is_empty());
        }
    }
}
