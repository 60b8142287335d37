//! An image as a file that skopeo, docker and podman take. What Nix builds is either such a file or a program that writes
//! one.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::NamedTempFile;

use super::{exec, facts};
use crate::error::{Error, ErrorKind, Result};
use crate::image::{Inspection, only_name};

/// How long skopeo may take to look into an archive.
const PATIENCE: Duration = Duration::from_secs(120);
/// Without one of these, skopeo takes no image from anywhere.
const POLICIES: [&str; 2] = ["/etc/containers/policy.json", ".config/containers/policy.json"];

/// An archive in docker's format.
#[derive(Debug)]
pub struct Archive {
    path: Utf8PathBuf,
    /// What the program wrote; gone when nobody needs it any more.
    _written: Option<NamedTempFile>,
}

impl Archive {
    /// The archive that a built image is, or that the built program writes.
    pub fn of(built: &Utf8Path) -> Result<Self> {
        if is_program(built)? {
            let written = tempfile::Builder::new().prefix("nixstart-image.").suffix(".tar").tempfile()?;
            stream(built, &written)?;
            let path = Utf8PathBuf::from_path_buf(written.path().to_owned())
                .map_err(|path| Error::failed(format!("`{}` is no UTF-8 text", path.display())))?;
            return Ok(Self { path, _written: Some(written) });
        }
        if !built.is_file() {
            return Err(Error::failed(format!("`{built}` is no image: neither an archive nor a program that writes one")));
        }
        Ok(Self { path: built.to_owned(), _written: None })
    }

    /// Where it is.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// What is in it, as skopeo tells. Nothing of it runs, and no Docker is needed.
    pub fn inspect(&self) -> Result<Inspection> {
        let source = format!("docker-archive:{}", self.path);
        let summary = skopeo(&["inspect", &source])?;
        let config = skopeo(&["inspect", "--config", &source])?;
        let name = self.name(&source)?;
        Inspection::read(&name, &summary, &config)
            .ok_or_else(|| Error::new(ErrorKind::Tool, "`skopeo inspect` printed something else than JSON"))
    }

    /// The name with the tag that the image was built with.
    fn name(&self, source: &str) -> Result<String> {
        only_name(&skopeo(&["list-tags", source])?)
            .ok_or_else(|| Error::failed(format!("`{}` does not say what its image is called", self.path)))
    }
}

/// Arguments that skopeo needs on this machine before all others.
pub fn skopeo_options() -> Vec<String> {
    let home = super::paths::home_directory().unwrap_or_default();
    let has_policy = POLICIES.iter().any(|policy| home.join(policy).exists());
    // It is our own image: who signed what is not the question.
    if has_policy { Vec::new() } else { vec!["--insecure-policy".to_owned()] }
}

/// Says that skopeo is missing before anything is built that needs it.
pub fn require_skopeo() -> Result<()> {
    facts::find("skopeo").map(drop).ok_or_else(|| {
        Error::new(ErrorKind::MissingTool, "`skopeo` is not installed")
            .hint("it is in the dev shell of the project: `nixstart shell -- nixstart …`")
            .hint("or install it, such as with `nix profile install nixpkgs#skopeo`")
    })
}

fn skopeo(arguments: &[&str]) -> Result<String> {
    let arguments: Vec<String> = skopeo_options().into_iter().chain(arguments.iter().map(|word| (*word).to_owned())).collect();
    let mut printed = String::new();
    let request =
        exec::Request { directory: Utf8Path::new("/"), program: "skopeo", arguments: &arguments, timeout: Some(PATIENCE) };
    exec::perform(request, &mut |line| {
        printed += line;
        printed.push('\n');
    })?;
    Ok(printed)
}

fn is_program(path: &Utf8Path) -> Result<bool> {
    let metadata = fs_err::metadata(path)?;
    if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
        return Ok(false);
    }
    let mut first = [0; 2];
    let read = fs_err::File::open(path)?.read(&mut first)?;
    Ok(first.get(..read) == Some(b"#!"))
}

/// Lets the program write the archive; what it says on the way is told only when it fails.
fn stream(program: &Utf8Path, written: &NamedTempFile) -> Result<()> {
    let file = written.as_file().try_clone()?;
    let output = Command::new(program).stdin(Stdio::null()).stdout(file).stderr(Stdio::piped()).output()?;
    written.as_file().flush()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<String> = said.lines().map(crate::ui::printable).collect();
    Err(Error::new(ErrorKind::Tool, format!("`{program}` could not write the image ({})", output.status))
        .with_output(said.join("\n")))
}
