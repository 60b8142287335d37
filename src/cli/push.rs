//! `nixstart push`: puts images into a registry with skopeo and prints their digests.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use camino::{Utf8Path, Utf8PathBuf};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tempfile::NamedTempFile;

use super::build::{self, HashConsent};
use super::carry_out::{self, Outcome};
use super::image::{self, Image, Platform, Wanted};
use super::{PlanFlags, Session};
use crate::env_vars;
use crate::error::{Error, ErrorKind, Result};
use crate::host::lock::Lock;
use crate::host::vault::Vault;
use crate::host::{git, image_archive, paths, target};
use crate::image::{Registry, is_tag, split_tag};
use crate::plan::{Action, Plan, Step, Undo};
use crate::question::Answer;
use crate::ui::redaction;

/// Push images to a registry without Docker and print their digests
///
/// Builds the images first. The name of an image is its own; the tag is that of the commit unless you say another. Who logs in
/// is said by `REGISTRY_USER` and `REGISTRY_PASSWORD`, or by an earlier `skopeo login`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The app whose image is meant, such as `web` for `image-web`; every image when left out
    app: Option<String>,
    /// The registry with its path, such as `ghcr.io/acme`
    #[arg(long, value_name = "REGISTRY")]
    registry: Option<String>,
    /// The tag; the commit when left out
    #[arg(long, value_name = "TAG", allow_hyphen_values = true)]
    tag: Option<String>,
    /// Write the digest to this file, too
    #[arg(long, value_name = "FILE", requires = "app")]
    digest_file: Option<Utf8PathBuf>,
    /// The system the image is for; that of this machine when left out
    #[arg(long, value_name = "PLATFORM", value_enum)]
    platform: Option<Platform>,
    #[command(flatten)]
    plan: PlanFlags,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let root = build::flake_around(&paths::current_directory()?)?;
    // What is missing is said before anything is built.
    let registry = registry(args, &root)?;
    let tag = tag(args, &root)?;
    let login = Login::find(&registry)?;
    args.digest_file.as_deref().map_or(Ok(()), require_directory_of)?;
    let only_shows = args.plan.dry_run || (args.plan.json && !args.plan.yes);
    let hashes = if only_shows { HashConsent::Never } else { HashConsent::of(args.plan.yes) };
    let wanted = Wanted { app: args.app.as_deref(), platform: args.platform, hashes };
    let images = image::images(session, &root, &wanted)?;
    let push = |image| Push::new(image, &registry, tag.as_deref(), args.digest_file.as_deref());
    let pushes = images.iter().map(push).collect::<Result<Vec<_>>>()?;
    let plan = plan(&root, &registry, &pushes, login.as_ref());
    let _lock = if args.plan.dry_run { None } else { Some(Lock::acquire(&root)?) };
    let flags = PlanFlags { json: args.plan.json && !args.plan.yes, ..args.plan };
    if carry_out::carry_out(session, &plan, &Vault::default(), flags)? != Outcome::Applied {
        return Ok(());
    }
    report(session, args, &pushes)
}

/// What skopeo cannot write after the push is said before it.
fn require_directory_of(file: &Utf8Path) -> Result<()> {
    let path = paths::absolute(file)?;
    let directory = path.parent().unwrap_or(&path);
    if directory.is_dir() && !path.is_dir() {
        return Ok(());
    }
    Err(Error::failed(format!("`{file}` cannot be written: there is no such directory, or it is one itself"))
        .hint("name a file in a directory that exists"))
}

/// One image on its way.
struct Push<'a> {
    image: &'a Image,
    place: String,
    /// Where skopeo writes the digest.
    digest_file: Utf8PathBuf,
    _temporary: Option<NamedTempFile>,
}

impl<'a> Push<'a> {
    fn new(image: &'a Image, registry: &Registry, tag: Option<&str>, digest_file: Option<&Utf8Path>) -> Result<Self> {
        let (name, own_tag) = split_tag(&image.inspection.name);
        let place = registry.place_of(name, tag.or(own_tag).unwrap_or("latest"));
        if let Some(file) = digest_file {
            return Ok(Self { image, place, digest_file: paths::absolute(file)?, _temporary: None });
        }
        let temporary = NamedTempFile::new()?;
        Ok(Self { image, place, digest_file: path_of(&temporary)?, _temporary: Some(temporary) })
    }

    fn digest(&self) -> Result<String> {
        let digest = fs_err::read_to_string(&self.digest_file)?;
        let digest = digest.trim();
        if digest.starts_with("sha256:") {
            return Ok(digest.to_owned());
        }
        Err(Error::new(ErrorKind::Tool, format!("`skopeo` pushed `{}` and wrote no digest", self.place)))
    }
}

fn report(session: &mut Session, args: &Args, pushes: &[Push<'_>]) -> Result<()> {
    let mut documents = Vec::new();
    for push in pushes {
        let digest = push.digest()?;
        if !args.plan.json {
            let place = push.place.rsplit_once(':').map_or(push.place.as_str(), |(place, _)| place);
            session.ui.data(&format!("{place}@{digest}\n"))?;
        }
        documents.push(json!({ "package": push.image.package, "image": push.place, "digest": digest }));
    }
    if args.plan.json { session.print_json(&json!({ "schema": 1, "pushed": documents })) } else { Ok(()) }
}

/// The registry: by flag, by variable, or as the project was made with.
fn registry(args: &Args, root: &Utf8Path) -> Result<Registry> {
    let recorded = || {
        let record = target::survey(root).ok()?.record?;
        let Some(Answer::Text(registry)) = record.answers.get("registry") else { return None };
        Some(registry.clone()).filter(|registry| !registry.is_empty())
    };
    let said = args.registry.clone().or_else(|| env_vars::get(env_vars::REGISTRY)).or_else(recorded);
    let said = said.ok_or_else(|| {
        Error::new(ErrorKind::NeedsInput, "nobody says which registry the image goes to")
            .hint("name one with `--registry ghcr.io/NAME`, or set `REGISTRY`")
    })?;
    Registry::parse(&said).map_err(|error| Error::usage(error).hint("a registry is a host with a path, such as `ghcr.io/acme`"))
}

/// The tag: by flag, by variable, or that of the commit; nothing where nothing is committed yet.
fn tag(args: &Args, root: &Utf8Path) -> Result<Option<String>> {
    let of_commit = || {
        let commit = git::head(root).ok().flatten()?;
        let changed = git::has_changes(root).unwrap_or(false);
        Some(if changed { format!("{commit}-dirty") } else { commit })
    };
    let Some(tag) = args.tag.clone().or_else(|| env_vars::get(env_vars::TAG)).or_else(of_commit) else { return Ok(None) };
    if is_tag(&tag) {
        return Ok(Some(tag));
    }
    Err(Error::usage(format!("`{tag}` is no tag"))
        .hint("a tag has up to 128 letters, digits, `.`, `_` and `-`, the first no `.` or `-`"))
}

/// Who logs in, in a private file that skopeo reads; so the password is no argument.
struct Login {
    path: Utf8PathBuf,
    _file: NamedTempFile,
}

impl Login {
    fn find(registry: &Registry) -> Result<Option<Self>> {
        let (user, password) = (env_vars::get(env_vars::REGISTRY_USER), env_vars::get(env_vars::REGISTRY_PASSWORD));
        let (user, password) = match (user, password.map(SecretString::from)) {
            (None, None) => return Ok(None),
            (Some(user), Some(password)) => (user, password),
            (Some(_), None) => return Err(half(env_vars::REGISTRY_USER, env_vars::REGISTRY_PASSWORD)),
            (None, Some(_)) => return Err(half(env_vars::REGISTRY_PASSWORD, env_vars::REGISTRY_USER)),
        };
        redaction::keep_out([(env_vars::REGISTRY_PASSWORD.to_owned(), password.clone())]);
        let encoded = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
        let document = json!({ "auths": { registry.host(): { "auth": encoded } } });
        // Only we can read it, and it is gone when we are.
        let mut file = NamedTempFile::new()?;
        file.write_all(document.to_string().as_bytes())?;
        Ok(Some(Self { path: path_of(&file)?, _file: file }))
    }
}

fn path_of(file: &NamedTempFile) -> Result<Utf8PathBuf> {
    let path = Utf8PathBuf::from_path_buf(file.path().to_owned());
    path.map_err(|path| Error::failed(format!("the temporary directory is no UTF-8 text: `{}`", path.display())))
}

fn half(given: &str, missing: &str) -> Error {
    Error::usage(format!("`{given}` is set and `{missing}` is not"))
        .hint("set both, or neither to use the login that skopeo knows")
}

fn plan(root: &Utf8Path, registry: &Registry, pushes: &[Push<'_>], login: Option<&Login>) -> Plan {
    let step = |push: &Push<'_>| {
        let action = Action::Run {
            directory: root.to_owned(),
            program: "skopeo".to_owned(),
            arguments: arguments(push, registry, login),
            produces: Vec::new(),
            takes_back: Vec::new(),
            settles: Vec::new(),
        };
        let undo = Undo::Irreversible { reason: "whoever may read the registry may have it then; delete it there".to_owned() };
        let title = format!("Push `{}`", push.place);
        Step::new(
            &push.image.package,
            title,
            "An image with this tag is replaced; one that is named by its digest stays.",
            action,
            undo,
        )
    };
    Plan {
        command: "push".to_owned(),
        title: format!("Push to {registry}"),
        root: root.to_owned(),
        steps: pushes.iter().map(step).collect(),
        notes: Vec::new(),
    }
}

fn arguments(push: &Push<'_>, registry: &Registry, login: Option<&Login>) -> Vec<String> {
    let mut words = image_archive::skopeo_options();
    // The format decides the digest; registries turn others into it.
    words.extend(["copy".to_owned(), "--format".to_owned(), "oci".to_owned()]);
    words.extend(["--digestfile".to_owned(), push.digest_file.to_string()]);
    if let Some(login) = login {
        words.extend(["--dest-authfile".to_owned(), login.path.to_string()]);
    }
    if registry.is_local() {
        words.push("--dest-tls-verify=false".to_owned());
    }
    words.push(format!("docker-archive:{}", push.image.archive.path()));
    words.push(format!("docker://{}", push.place));
    words
}
