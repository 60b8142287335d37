//! What is known about this machine: which tools are installed, and who we are.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use super::exec;
use crate::env_vars;
use crate::nix::NixVersion;
use crate::template::check::HOST_TOOLS;

/// The tools found on PATH that can be used.
#[derive(Debug, Clone)]
pub struct Tools {
    usable: Vec<&'static str>,
    /// A Nix that is there and too old for what nixstart generates.
    pub outdated_nix: Option<NixVersion>,
}

impl Tools {
    /// Looks for every tool a next step can ask for.
    pub fn find(versions: Versions) -> Self {
        let outdated_nix = find("nix").and_then(|path| nix_version(&path, versions)).filter(|version| !version.is_new_enough());
        let is_usable = |tool: &&str| find(tool).is_some() && !(*tool == "nix" && outdated_nix.is_some());
        Self { usable: HOST_TOOLS.into_iter().filter(is_usable).collect(), outdated_nix }
    }

    /// Whether a tool is there.
    pub fn has(&self, tool: &str) -> bool {
        self.usable.contains(&tool)
    }

    /// The tools as the value `host` of a template.
    pub fn to_value(&self) -> Value {
        HOST_TOOLS.into_iter().map(|tool| (tool.to_owned(), Value::Bool(self.has(tool)))).collect::<Map<_, _>>().into()
    }
}

/// How versions are found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// From what costs nothing: the name of a program's store path.
    FromPaths,
    /// By running the program, when its path says nothing. Debian's Nix takes 30 ms to say its version, which a person
    /// does not notice and a script does.
    Asked,
}

fn nix_version(program: &Utf8Path, versions: Versions) -> Option<NixVersion> {
    let from_path = program.canonicalize_utf8().ok().and_then(|path| NixVersion::of_store_path(path.as_str()));
    from_path.or_else(|| if versions == Versions::Asked { asked_nix_version() } else { None })
}

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// What `nix --version` says; `None` when it says nothing that can be read.
fn asked_nix_version() -> Option<NixVersion> {
    let mut first_line = None;
    let arguments = ["--version".to_owned()];
    let mut keep_first = |line: &str| first_line = first_line.take().or_else(|| Some(line.to_owned()));
    let request = exec::Request { directory: Utf8Path::new("/"), program: "nix", arguments: &arguments, timeout: Some(PATIENCE) };
    exec::perform(request, &mut keep_first).ok()?;
    NixVersion::parse(&first_line?)
}

/// Where a program is, when it is on PATH.
pub fn find(program: &str) -> Option<Utf8PathBuf> {
    which::which(program).ok().and_then(|path| Utf8PathBuf::from_path_buf(path).ok())
}

/// The user behind sudo, when nixstart was started by it.
pub fn sudo_user() -> Option<String> {
    let is_root = rustix::process::geteuid().is_root();
    env_vars::get(env_vars::SUDO_USER).filter(|user| is_root && user != "root")
}
