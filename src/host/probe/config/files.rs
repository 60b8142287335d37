//! Reads the files of settings in the order in which Nix does, with those they include.

use std::os::unix::fs::PermissionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::places;
use crate::facts::config::{ConfigFault, ConfigFile, made_by};
use crate::facts::nix::Machine;
use crate::host::probe::Vantage;
use crate::nix::conf::{Content, Place, Setting, included, parse};

/// How deep files may include files; Nix has no limit of its own and would not end.
const DEEPEST: usize = 16;

/// Everything that files and `NIX_CONFIG` say.
#[derive(Debug, Default)]
pub(in crate::host::probe) struct Read {
    pub(in crate::host::probe) files: Vec<ConfigFile>,
    pub(in crate::host::probe) faults: Vec<ConfigFault>,
    pub(in crate::host::probe) system: Vec<Setting>,
    pub(in crate::host::probe) user: Vec<Setting>,
    pub(in crate::host::probe) system_file: Utf8PathBuf,
    pub(in crate::host::probe) user_file: Option<Utf8PathBuf>,
}

/// Reads all of them.
pub(in crate::host::probe) fn read(vantage: &Vantage, machine: Machine) -> Read {
    let directory = vantage.variable("NIX_CONF_DIR").map_or_else(|| vantage.system("/etc/nix"), Utf8PathBuf::from);
    let system_file = directory.join("nix.conf");
    let mut reader = Reader { vantage, machine, is_system: true, found: Read::default() };
    reader.file(&system_file, DEEPEST);
    reader.is_system = false;
    for file in user_files(vantage) {
        reader.file(&file, DEEPEST);
    }
    if let Some(text) = vantage.variable("NIX_CONFIG") {
        reader.text(None, text, DEEPEST);
    }
    Read { system_file, user_file: super::user_file(vantage), ..reader.found }
}

/// The files of the user, those that others override first.
fn user_files(vantage: &Vantage) -> Vec<Utf8PathBuf> {
    let mut files: Vec<Utf8PathBuf> = if let Some(files) = vantage.variable("NIX_USER_CONF_FILES") {
        files.split(':').filter(|file| !file.is_empty()).map(Utf8PathBuf::from).collect()
    } else {
        let system = vantage.variable("XDG_CONFIG_DIRS").map_or_else(
            || vec![vantage.system("/etc/xdg")],
            |directories| directories.split(':').filter(|path| !path.is_empty()).map(Utf8PathBuf::from).collect(),
        );
        places::config(vantage).into_iter().chain(system).map(|directory| directory.join("nix/nix.conf")).collect()
    };
    files.reverse();
    files
}

struct Reader<'a> {
    vantage: &'a Vantage,
    machine: Machine,
    is_system: bool,
    found: Read,
}

impl Reader<'_> {
    /// Reads a file; whether there is one. Nix passes over files that it may not read.
    fn file(&mut self, path: &Utf8Path, depth: usize) -> bool {
        let Some(text) = self.vantage.read(path).known().cloned().flatten() else { return path.exists() };
        let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode() & 0o7777);
        let at = self.found.files.len();
        let made_by = self.made_by(path, &text);
        self.found.files.push(ConfigFile {
            path: path.to_owned(),
            is_system: self.is_system,
            mode,
            holds_tokens: false,
            made_by,
        });
        let holds_tokens = self.text(Some(path), &text, depth);
        if let Some(file) = self.found.files.get_mut(at) {
            file.holds_tokens = holds_tokens;
        }
        true
    }

    /// Takes what a text says; whether there are access tokens in it.
    fn text(&mut self, path: Option<&Utf8Path>, text: &str, depth: usize) -> bool {
        let mut holds_tokens = false;
        for line in parse(text) {
            match line.content {
                Content::Setting { name, words, raw } => {
                    holds_tokens |= name.ends_with("access-tokens") && !words.is_empty();
                    let place = path.map_or(Place::Variable, |path| Place::File { path: path.to_owned(), line: line.number });
                    let setting = Setting { name, words, place, raw };
                    if self.is_system { self.found.system.push(setting) } else { self.found.user.push(setting) }
                }
                Content::Include { path: target, is_optional } => {
                    let target = path.map_or_else(|| Utf8PathBuf::from(&target), |path| included(path, &target));
                    let is_there = depth > 0 && self.file(&target, depth - 1);
                    if !is_there && !is_optional {
                        self.fault(path, line.number, None, format!("it includes `{target}`, which is not there"));
                    }
                }
                Content::Fault { raw } => self.fault(path, line.number, raw, "it is no `name = value`".to_owned()),
            }
        }
        holds_tokens
    }

    fn fault(&mut self, path: Option<&Utf8Path>, number: usize, raw: Option<String>, what: String) {
        let place = path.map_or_else(|| format!("line {number} of NIX_CONFIG"), |path| format!("line {number} of `{path}`"));
        self.found.faults.push(ConfigFault { place, path: path.map(Utf8Path::to_owned), is_system: self.is_system, raw, what });
    }

    /// What makes a file, when it is not kept by hand.
    fn made_by(&self, path: &Utf8Path, text: &str) -> Option<String> {
        let is_in_store = path.canonicalize_utf8().is_ok_and(|real| real.starts_with(self.vantage.system("/nix/store")));
        let configuration = self.machine.configuration().filter(|_| self.is_system);
        if is_in_store {
            let by = configuration.unwrap_or(if self.is_system { "a configuration in Nix" } else { "home-manager" });
            return Some(by.to_owned());
        }
        configuration.or_else(|| made_by(text)).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::vantage;
    use super::*;
    use crate::nix::conf::words_of;

    #[test]
    fn reads_files_in_the_order_of_nix() {
        let (root, mut vantage) = vantage();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        };
        write("etc/nix/nix.conf", "max-jobs = 1\n!include nixstart.conf\n!include missing.conf\n");
        write("etc/nix/nixstart.conf", "max-jobs = 2\nextra-substituters = https://a\n");
        write("etc/xdg/nix/nix.conf", "cores = 1\nmax-jobs = 3\n");
        write("home/user/.config/nix/nix.conf", "max-jobs = 4\naccess-tokens = github.com=ghp_x\n");
        vantage.environment.insert("NIX_CONFIG".into(), "extra-substituters = https://b\nbroken".into());
        let found = read(&vantage, Machine::Linux { has_systemd: false });
        assert_eq!(words_of(&found.system, "max-jobs"), Some(vec!["2"]));
        assert_eq!(words_of(&found.user, "max-jobs"), Some(vec!["4"]));
        assert_eq!(words_of(&found.user, "extra-substituters"), Some(vec!["https://b"]));
        assert_eq!(found.faults.iter().map(|fault| fault.place.as_str()).collect::<Vec<_>>(), ["line 2 of NIX_CONFIG"]);
        let with_tokens: Vec<_> = found.files.iter().filter(|file| file.holds_tokens).map(|file| &file.path).collect();
        assert_eq!(with_tokens, [&root.join("home/user/.config/nix/nix.conf")]);
        assert_eq!(found.files.len(), 4);
        assert!(!format!("{found:?}").contains("ghp_x"));
    }

    #[test]
    fn a_file_that_includes_itself_ends() {
        let (root, vantage) = vantage();
        fs_err::create_dir_all(root.join("etc/nix")).unwrap();
        fs_err::write(root.join("etc/nix/nix.conf"), "!include nix.conf\n").unwrap();
        assert_eq!(read(&vantage, Machine::NixOs).files.len(), DEEPEST + 1);
    }

    #[test]
    fn tells_files_that_are_made() {
        let (root, vantage) = vantage();
        let store = root.join("nix/store/0123-nix.conf");
        fs_err::create_dir_all(store.parent().unwrap()).unwrap();
        fs_err::create_dir_all(root.join("home/user/.config/nix")).unwrap();
        fs_err::create_dir_all(root.join("etc/nix")).unwrap();
        fs_err::write(&store, "cores = 1\n").unwrap();
        std::os::unix::fs::symlink(&store, root.join("home/user/.config/nix/nix.conf")).unwrap();
        fs_err::write(root.join("etc/nix/nix.conf"), "cores = 1\n").unwrap();
        let made = |machine| read(&vantage, machine).files.into_iter().map(|file| file.made_by).collect::<Vec<_>>();
        assert_eq!(made(Machine::Linux { has_systemd: true }), [None, Some("home-manager".to_owned())]);
        assert_eq!(made(Machine::NixOs), [Some("NixOS".to_owned()), Some("home-manager".to_owned())]);
    }
}
