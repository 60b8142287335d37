//! Reads the files that the user's shell reads when it starts. The shell itself is not started.

use camino::{Utf8Path, Utf8PathBuf};

use super::places;
use crate::facts::nix::{StartUp, StartUpFile};
use crate::host::probe::Vantage;
use crate::nix::start_up::read;

pub(super) fn look(vantage: &Vantage) -> StartUp {
    let shell = Utf8Path::new(vantage.variable("SHELL").unwrap_or("/bin/sh")).file_name().unwrap_or("sh").to_owned();
    let system = system_files(&shell).iter().map(|path| file(vantage, vantage.system(path), true));
    let user = user_files(vantage, &shell).into_iter().map(|path| file(vantage, path, false));
    let files = system.chain(user).collect();
    StartUp { shell, files }
}

const fn system_files(shell: &str) -> &'static [&'static str] {
    match shell.as_bytes() {
        b"bash" => &["/etc/profile", "/etc/profile.d/nix.sh", "/etc/profile.d/nix-daemon.sh", "/etc/bashrc", "/etc/bash.bashrc"],
        b"zsh" => &["/etc/zshenv", "/etc/zsh/zshenv", "/etc/zprofile", "/etc/zshrc", "/etc/zsh/zshrc"],
        b"fish" => &["/etc/fish/config.fish", "/etc/fish/conf.d/nix.fish", "/usr/share/fish/vendor_conf.d/nix.fish"],
        _ => &["/etc/profile", "/etc/profile.d/nix.sh", "/etc/profile.d/nix-daemon.sh"],
    }
}

/// The files of the user; where a line for Nix belongs is the last.
fn user_files(vantage: &Vantage, shell: &str) -> Vec<Utf8PathBuf> {
    let home = vantage.home().map(Utf8Path::to_owned);
    let (directory, names): (_, &[&str]) = match shell {
        "bash" => (home, &[".bash_profile", ".bash_login", ".profile", ".bashrc"]),
        "zsh" => {
            let directory = vantage.variable("ZDOTDIR").map(Utf8PathBuf::from).or(home);
            (directory, &[".zshenv", ".zprofile", ".zlogin", ".zshrc"])
        }
        "fish" => (places::config(vantage).map(|config| config.join("fish")), &["conf.d/nix.fish", "config.fish"]),
        _ => (home, &[".profile"]),
    };
    directory.map(|directory| names.iter().map(|name| directory.join(name)).collect()).unwrap_or_default()
}

fn file(vantage: &Vantage, path: Utf8PathBuf, is_system: bool) -> StartUpFile {
    let text = vantage.read(&path).known().cloned().flatten().map(|text| read(&text));
    let real = path.canonicalize_utf8();
    let is_generated = real.is_ok_and(|real| real.starts_with(vantage.system("/nix/store")));
    StartUpFile { path, is_system, is_generated, text }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::vantage;
    use super::*;

    #[test]
    fn reads_the_files_of_the_shell() {
        let (root, mut vantage) = vantage();
        vantage.environment.insert("SHELL".into(), "/usr/bin/zsh".into());
        fs_err::create_dir_all(root.join("etc")).unwrap();
        fs_err::write(root.join("etc/zshrc"), ". /nix/var/nix/profiles/default/etc/profile.d/nix-daemon.sh\n").unwrap();
        fs_err::write(root.join("home/user/.zshrc"), "export PATH=/usr/bin\n").unwrap();
        let found = look(&vantage);
        assert_eq!((found.shell.as_str(), found.files.len()), ("zsh", 9));
        let text = |path: &str| found.files.iter().find(|file| file.path == root.join(path)).unwrap().text.clone();
        assert_eq!(text("etc/zshrc").unwrap().sources_nix, Some(1));
        assert_eq!(text("home/user/.zshenv"), None);
    }
}
