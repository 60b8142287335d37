//! Looks for nix-direnv: where it is installed, what loads it, and the file that would.

use camino::{Utf8Path, Utf8PathBuf};

use crate::facts::text_file::TextFile;
use crate::host::probe::Vantage;
use crate::host::probe::nix::places;
use crate::host::probe::shell::text_file;

/// The file of nix-direnv, in a profile or below `/usr`.
const SCRIPT: &str = "share/nix-direnv/direnvrc";
/// The first mark of the lines that nixstart adds.
const MARK: &str = "# >>> nixstart nix-direnv >>>";

/// The directory of direnv's own settings.
pub(super) fn configuration(vantage: &Vantage) -> Option<Utf8PathBuf> {
    if let Some(set) = vantage.variable("DIRENV_CONFIG") {
        return Some(set.into());
    }
    Some(
        vantage
            .variable("XDG_CONFIG_HOME")
            .map_or_else(|| vantage.home().map(|home| home.join(".config")), |set| Some(set.into()))?
            .join("direnv"),
    )
}

/// The file that direnv reads before each `.envrc`. The older one is read only while the newer one is not there, so it is
/// taken where it exists: a new file would switch it off (direnv `stdlib.sh`, 2.32 and later).
pub(super) fn direnvrc(vantage: &Vantage) -> Option<TextFile> {
    let new = configuration(vantage)?.join("direnvrc");
    let old = vantage.home().map(|home| home.join(".direnvrc"));
    let is_there = |path: &Utf8PathBuf| path.symlink_metadata().is_ok();
    let path = if is_there(&new) { new } else { old.filter(is_there).unwrap_or(new) };
    Some(text_file(vantage, &path))
}

/// The file of an installed nix-direnv.
pub(super) fn script(vantage: &Vantage) -> Option<Utf8PathBuf> {
    let user = vantage.variable("USER").unwrap_or_default();
    let of_user = vantage.system(&format!("/etc/profiles/per-user/{user}"));
    let system = ["/run/current-system/sw", "/nix/var/nix/profiles/default", "/usr", "/usr/local", "/opt/homebrew"];
    let system = system.into_iter().map(|prefix| vantage.system(prefix));
    let mut places = places::profiles(vantage).chain([of_user]).chain(system).map(|prefix| prefix.join(SCRIPT));
    places.find(|path| path.is_file())
}

/// The file that loads nix-direnv for every project.
pub(super) fn loaded_by(vantage: &Vantage, script: Option<&Utf8Path>) -> Option<Utf8PathBuf> {
    let config = configuration(vantage)?;
    let mut files: Vec<Utf8PathBuf> = direnvrc(vantage).map(|file| file.path).into_iter().collect();
    files.push(vantage.system("/etc/direnv/direnvrc"));
    for folder in [config.join("lib"), vantage.system("/etc/direnv/lib")] {
        let entries = folder.read_dir_utf8().into_iter().flatten().flatten().map(|entry| entry.path().to_owned());
        files.extend(entries.filter(|path| path.extension() == Some("sh")));
    }
    let loads = |path: &Utf8PathBuf| {
        // home-manager links the file of nix-direnv itself.
        path.is_file()
            && (path.canonicalize_utf8().is_ok_and(|path| path.as_str().contains("nix-direnv"))
                || vantage
                    .read(path)
                    .known()
                    .is_some_and(|text| text.as_deref().is_some_and(|text| says_nix_direnv(text, script))))
    };
    files.into_iter().find(loads)
}

/// Whether a text loads nix-direnv. Our own lines do nothing where none is installed.
fn says_nix_direnv(text: &str, script: Option<&Utf8Path>) -> bool {
    if script.is_none() && text.contains(MARK) {
        return false;
    }
    let is_code = |line: &&str| !line.trim_start().starts_with('#');
    text.lines().filter(is_code).any(|line| line.contains("nix-direnv") || line.contains("nix_direnv"))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::vantage;
    use super::*;

    fn write(path: &Utf8Path, text: &str) {
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    #[test]
    fn the_older_file_is_taken_where_a_new_one_would_switch_it_off() {
        let (root, vantage) = vantage();
        let home = root.join("home/user");
        let path = || direnvrc(&vantage).unwrap().path;
        assert_eq!(path(), home.join(".config/direnv/direnvrc"));
        write(&home.join(".direnvrc"), "mine() { :; }\n");
        assert_eq!(path(), home.join(".direnvrc"));
        write(&home.join(".config/direnv/direnvrc"), "");
        assert_eq!(path(), home.join(".config/direnv/direnvrc"));
    }

    #[test]
    fn an_installed_one_is_found_and_our_lines_count_only_with_it() {
        let (root, vantage) = vantage();
        let home = root.join("home/user");
        let rc = home.join(".config/direnv/direnvrc");
        write(&rc, &format!("{MARK}\nsource \"$HOME/.nix-profile/{SCRIPT}\"\n"));
        assert_eq!((script(&vantage), loaded_by(&vantage, None)), (None, None));
        let installed = home.join(".nix-profile").join(SCRIPT);
        write(&installed, "use_flake() { :; }\n");
        assert_eq!(script(&vantage).as_ref(), Some(&installed));
        assert_eq!(loaded_by(&vantage, Some(&installed)), Some(rc.clone()));
        write(&rc, "# nix-direnv\n");
        assert_eq!(loaded_by(&vantage, Some(&installed)), None);
    }
}
