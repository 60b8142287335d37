//! `nixstart image`: builds images of a flake without Docker, says what is in them, and hands them to Docker or Podman.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;

use super::build::{self, HashConsent, Request, Watcher};
use super::{PlanFlags, Session, carry_out};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::host::image_archive::{self, Archive};
use crate::host::lock::Lock;
use crate::host::nix::{self, Copies, Invocation};
use crate::host::vault::Vault;
use crate::host::{facts, paths};
use crate::image::Inspection;
use crate::nix::installable::Installable;
use crate::nix::outputs;
use crate::plan::{Action, Plan, Step, Undo};
use crate::ui::style::Role;

/// Build images without Docker and say what is in them
///
/// An image is a package of the flake that is called `image` or `image-APP`. Without an app every image is built.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The app whose image is meant, such as `web` for `image-web`
    app: Option<String>,
    /// Hand the image to a program that runs it
    #[arg(long, value_name = "PROGRAM", value_enum)]
    load: Option<Loader>,
    /// The system it is for; that of this machine when left out
    #[arg(long, value_name = "PLATFORM", value_enum)]
    platform: Option<Platform>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Answer yes to every question
    #[arg(short, long)]
    yes: bool,
}

/// Programs that run images.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Loader {
    Docker,
    Podman,
}

impl Loader {
    const fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

/// Systems that images are built for, in the words of registries.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Platform {
    #[value(name = "linux/amd64")]
    Amd64,
    #[value(name = "linux/arm64")]
    Arm64,
}

impl Platform {
    /// The system in Nix's words: an image always holds Linux.
    pub(super) fn system(platform: Option<Self>) -> String {
        match platform {
            Some(Self::Amd64) => "x86_64-linux".to_owned(),
            Some(Self::Arm64) => "aarch64-linux".to_owned(),
            None => nix::system().replace("-darwin", "-linux"),
        }
    }
}

/// An image that was built.
pub(super) struct Image {
    /// The package, such as `image-web`.
    pub(super) package: String,
    /// What was built.
    pub(super) path: Utf8PathBuf,
    /// The same as a file.
    pub(super) archive: Archive,
    /// What is in it.
    pub(super) inspection: Inspection,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<()> {
    let root = build::flake_around(&paths::current_directory()?)?;
    if let Some(loader) = args.load {
        require(loader)?;
    }
    let images =
        images(session, &root, &Wanted { app: args.app.as_deref(), platform: args.platform, hashes: HashConsent::of(args.yes) })?;
    if args.json {
        let images: Vec<_> = images
            .iter()
            .map(|image| json!({ "package": image.package, "path": image.path, "image": image.inspection }))
            .collect();
        session.print_json(&json!({ "schema": 1, "images": images }))?;
    } else {
        for image in &images {
            show(session, image)?;
        }
    }
    match args.load {
        Some(loader) => load(session, &root, loader, &images, args.yes),
        None => Ok(()),
    }
}

fn show(session: &mut Session, image: &Image) -> Result<()> {
    let Inspection { name, layers, platform, user, command, ports } = &image.inspection;
    let ui = &mut session.ui;
    ui.say(&format!("{} {}", Role::Success.paint("image:"), Role::Name.paint(name)));
    ui.say(&format!("  for      {platform}, {layers} {}", if *layers == 1 { "layer" } else { "layers" }));
    ui.say_beside(&format!("  runs     {}", command.join(" ")), LABEL);
    ui.say(&format!("  as       {}", if user.is_empty() { "root" } else { user }));
    if !ports.is_empty() {
        ui.say(&format!("  listens  {}", ports.join(", ")));
    }
    ui.data(&format!("{}\n", image.path))?;
    Ok(())
}

/// How many columns the words before a text take.
const LABEL: usize = 9;

/// Which images are asked for.
pub(super) struct Wanted<'a> {
    /// The app; every image when there is none.
    pub(super) app: Option<&'a str>,
    /// The system they are for.
    pub(super) platform: Option<Platform>,
    /// What is done about a hash that is not right.
    pub(super) hashes: HashConsent,
}

/// Builds images and looks into them.
pub(super) fn images(session: &mut Session, root: &Utf8Path, wanted: &Wanted<'_>) -> Result<Vec<Image>> {
    image_archive::require_skopeo()?;
    nix::refuse_to_copy_secrets(root, Copies::KnownToGit)?;
    let system = Platform::system(wanted.platform);
    let packages = packages(root, &system, wanted.app)?;
    let installable = |package: &String| Installable::of_this_flake(&format!("packages.{system}.{package}"));
    let request = Request::without_link(root, packages.iter().map(installable).collect(), wanted.hashes);
    let mut watcher = Watcher::new(session, false);
    build::realise(session, &request, &mut watcher)?;
    packages.iter().map(|package| image(root, package.clone(), &installable(package))).collect()
}

/// Looks into an image that was just built. Of several at once Nix does not say which path is whose.
fn image(root: &Utf8Path, package: String, installable: &Installable) -> Result<Image> {
    let program = nix::program()?;
    let words = ["build", "--json", "--no-link", &installable.to_string()].map(str::to_owned);
    let json = nix::ask(Invocation { program: &program, directory: root, arguments: &words }, PATIENCE)?;
    let built = outputs::built(&json).and_then(|built| built.into_iter().next()?.outputs.remove("out"));
    let path = built.ok_or_else(|| Error::new(ErrorKind::Tool, format!("`nix build` does not say what `{package}` became")))?;
    let archive = Archive::of(Utf8Path::new(&path))?;
    let inspection = archive.inspect()?;
    Ok(Image { package, path: path.into(), archive, inspection })
}

/// How long Nix may take to name the packages; the first time it downloads what they are made of.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(600);

/// The packages that are images.
fn packages(root: &Utf8Path, system: &str, app: Option<&str>) -> Result<Vec<String>> {
    let program = nix::program()?;
    let words = ["eval", "--json", &format!(".#packages.{system}"), "--apply", "builtins.attrNames"].map(str::to_owned);
    let json = match nix::ask(Invocation { program: &program, directory: root, arguments: &words }, PATIENCE) {
        Err(error) if nix::is_missing_attribute(&error) => "[]".to_owned(),
        asked => asked?,
    };
    let names: Vec<String> = serde_json::from_str(&json).map_err(Error::failed)?;
    choose(names, system, app)
}

/// Of the packages of a flake those that are images, or the one of an app.
fn choose(names: Vec<String>, system: &str, app: Option<&str>) -> Result<Vec<String>> {
    let images: Vec<String> = names.into_iter().filter(|name| name == "image" || name.starts_with("image-")).collect();
    if images.is_empty() {
        return Err(Error::failed(format!("this flake has no package `image` or `image-APP` for {system}"))
            .hint("images are built for Linux; `--platform` names another one"));
    }
    let Some(app) = app else { return Ok(images) };
    let apps: Vec<&str> = images.iter().filter_map(|name| name.strip_prefix("image-")).collect();
    if let Some(found) = images.iter().find(|name| name.strip_prefix("image-") == Some(app)) {
        return Ok(vec![found.clone()]);
    }
    let all = || {
        if apps.is_empty() { "it has one image; leave the name out".to_owned() } else { format!("there are {}", apps.join(", ")) }
    };
    let hint = did_you_mean(app, apps.iter().copied()).unwrap_or_else(all);
    Err(Error::failed(format!("this flake has no image of an app `{app}`")).hint(hint))
}

fn require(loader: Loader) -> Result<()> {
    let program = loader.program();
    facts::find(program).map(drop).ok_or_else(|| {
        Error::new(ErrorKind::MissingTool, format!("`{program}` is not installed"))
            .hint("leave `--load` out: the image is built and can be pushed without it")
    })
}

fn load(session: &mut Session, root: &Utf8Path, loader: Loader, images: &[Image], yes: bool) -> Result<()> {
    let program = loader.program();
    let step = |image: &Image| {
        let name = &image.inspection.name;
        let action = Action::Run {
            directory: root.to_owned(),
            program: program.to_owned(),
            arguments: vec!["load".to_owned(), "--input".to_owned(), image.archive.path().to_string()],
            produces: Vec::new(),
            takes_back: Vec::new(),
            settles: Vec::new(),
        };
        let undo = Undo::Manual { instruction: format!("run `{program} rmi {name}`") };
        Step::new(&image.package, format!("Hand `{name}` to {program}"), "An image of the same name is replaced.", action, undo)
    };
    let plan = Plan {
        command: "image".to_owned(),
        title: format!("Load images into {program}"),
        root: root.to_owned(),
        steps: images.iter().map(step).collect(),
        notes: Vec::new(),
    };
    let _lock = Lock::acquire(root)?;
    let flags = PlanFlags { yes, ..PlanFlags::default() };
    carry_out::carry_out(session, &plan, &Vault::default(), flags).map(drop)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn images_are_known_by_their_names() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let all = || names(&["api", "default", "image-api", "image-web", "web"]);
        assert_eq!(choose(all(), "x", None).unwrap(), ["image-api", "image-web"]);
        assert_eq!(choose(all(), "x", Some("web")).unwrap(), ["image-web"]);
        let error = choose(all(), "x", Some("wep")).unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.hints()[0].as_str()),
            ("this flake has no image of an app `wep`", "did you mean `web`?")
        );
        assert_eq!(choose(names(&["default", "image"]), "x", None).unwrap(), ["image"]);
        assert!(choose(names(&["default"]), "x", None).is_err());
    }
}
