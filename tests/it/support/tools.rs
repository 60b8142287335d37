//! Tools of this machine that a test needs, and the account of tests that could not run without them.

use std::env;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Finds a program, first among those `tests/run` installed for generated projects.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    search_path().into_iter().map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn search_path() -> Vec<PathBuf> {
    env::split_paths(&tool_path()).collect()
}

/// PATH with the tools for generated projects in front.
pub(crate) fn tool_path() -> OsString {
    let tools = env::var_os("NIXSTART_TEST_TOOLS").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths(tools.into_iter().chain(env::split_paths(&path)).chain(postgres())).unwrap()
}

/// Where Debian keeps the programs of its Postgres, which are on nobody's PATH.
fn postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions.flatten().map(|version| version.path().join("bin")).max()
}

/// A folder for downloads that outlive a run.
pub(crate) fn cache() -> PathBuf {
    let base = env::var_os("NIXSTART_TEST_CACHE").map(PathBuf::from);
    base.unwrap_or_else(|| env::temp_dir().join("nixstart-test-cache"))
}

/// Variables for npm and pnpm in a home of a test's own: where their downloads are kept, and how this machine reaches the
/// registry, which is its own business.
pub(crate) fn package_manager_environment() -> Vec<(String, OsString)> {
    let own = [
        ("PATH", tool_path()),
        ("npm_config_cache", cache().join("npm").into()),
        ("npm_config_store_dir", cache().join("pnpm-store").into()),
        ("npm_config_update_notifier", "false".into()),
    ];
    let names =
        ["npm_config_registry", "NPM_CONFIG_REGISTRY", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy"];
    let inherited = names.into_iter().filter_map(|name| Some((name, env::var_os(name)?)));
    let settings = env::var_os("HOME").map(|home| Path::new(&home).join(".npmrc")).filter(|path| path.is_file());
    let settings = settings.map(|path| ("NPM_CONFIG_USERCONFIG", path.into_os_string()));
    own.into_iter().chain(inherited).chain(settings).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Whether every tool is there. When one is missing, the test and the tool are noted for the account that `tests/run`
/// prints, which makes a run under CI fail: nothing is skipped in silence.
pub(crate) fn have(test: &str, programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| find(program).is_none()).collect();
    for program in &missing {
        note_missing(test, program);
    }
    missing.is_empty()
}

/// Notes that a test could not run.
pub(crate) fn note_missing(test: &str, what: &str) {
    let Some(account) = env::var_os("NIXSTART_TEST_MISSING") else { return };
    let mut file = OpenOptions::new().create(true).append(true).open(Path::new(&account)).unwrap();
    writeln!(file, "{what}\t{test}").unwrap();
}

/// Whether the tests run as root, which ignores mode bits and may mount.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
