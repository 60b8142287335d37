//! Where Nix keeps what belongs to a user.

use camino::Utf8PathBuf;

use crate::host::probe::Vantage;

/// A directory of the XDG specification: the variable, else a place below the user's directory.
fn base(vantage: &Vantage, variable: &str, below_home: &str) -> Option<Utf8PathBuf> {
    let set = vantage.variable(variable).filter(|path| path.starts_with('/')).map(Utf8PathBuf::from);
    set.or_else(|| Some(vantage.home()?.join(below_home)))
}

/// `~/.config`.
pub(in crate::host::probe) fn config(vantage: &Vantage) -> Option<Utf8PathBuf> {
    base(vantage, "XDG_CONFIG_HOME", ".config")
}

/// `~/.local/state`.
pub(in crate::host::probe) fn state(vantage: &Vantage) -> Option<Utf8PathBuf> {
    base(vantage, "XDG_STATE_HOME", ".local/state")
}

/// `~/.local/share`.
pub(in crate::host::probe) fn share(vantage: &Vantage) -> Option<Utf8PathBuf> {
    base(vantage, "XDG_DATA_HOME", ".local/share")
}

/// `~/.cache`.
pub(in crate::host::probe) fn cache(vantage: &Vantage) -> Option<Utf8PathBuf> {
    base(vantage, "XDG_CACHE_HOME", ".cache")
}

/// The profiles of the user, the older place first, whether they exist or not.
pub(in crate::host::probe) fn profiles(vantage: &Vantage) -> impl Iterator<Item = Utf8PathBuf> {
    let legacy = vantage.home().map(|home| home.join(".nix-profile"));
    let xdg = state(vantage).map(|state| state.join("nix/profile"));
    legacy.into_iter().chain(xdg)
}

/// The directory that stands for `/` when Nix keeps its store below the user's directory.
pub(in crate::host::probe) fn chroot_store(vantage: &Vantage) -> Option<Utf8PathBuf> {
    Some(share(vantage)?.join("nix/root"))
}

/// The scripts that put Nix on PATH and exist.
pub(super) fn profile_scripts(vantage: &Vantage) -> Vec<Utf8PathBuf> {
    let system = vantage.system("/nix/var/nix/profiles/default/etc/profile.d/nix-daemon.sh");
    let user = profiles(vantage).map(|profile| profile.join("etc/profile.d/nix.sh"));
    std::iter::once(system).chain(user).filter(|path| path.is_file()).collect()
}
