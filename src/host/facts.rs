//! What is known about this machine: which tools are installed, and who we are.

use camino::Utf8PathBuf;
use serde_json::{Map, Value};

use crate::env_vars;
use crate::template::check::HOST_TOOLS;

/// The tools found on PATH.
#[derive(Debug, Clone)]
pub struct Tools(Vec<&'static str>);

impl Tools {
    /// Looks for every tool a next step can ask for.
    pub fn find() -> Self {
        Self(HOST_TOOLS.into_iter().filter(|tool| find(tool).is_some()).collect())
    }

    /// Whether a tool is there.
    pub fn has(&self, tool: &str) -> bool {
        self.0.contains(&tool)
    }

    /// The tools as the value `host` of a template.
    pub fn to_value(&self) -> Value {
        HOST_TOOLS.into_iter().map(|tool| (tool.to_owned(), Value::Bool(self.has(tool)))).collect::<Map<_, _>>().into()
    }
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
