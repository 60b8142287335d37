//! Looks at container images and registries: where the project pushes, with which program and which login.

use std::os::unix::fs::MetadataExt;

use camino::{Utf8Path, Utf8PathBuf};

use super::Vantage;
use crate::facts::images::auth::{self, Login};
use crate::facts::images::workflow::{self, Workflow};
use crate::facts::images::{AuthFile, LinuxBuilder, Push, Registry};
use crate::facts::{Fact, Images};

/// Where workflows are.
const WORKFLOWS: [&str; 3] = [".github/workflows", ".forgejo/workflows", ".gitea/workflows"];
/// Files and folders in which projects keep what they push with.
const SCRIPTS: [&str; 9] =
    ["package.json", "Makefile", "makefile", "justfile", "Justfile", "Taskfile.yml", "flake.nix", "devenv.nix", ".gitlab-ci.yml"];
const FOLDERS: [&str; 5] = [".", "scripts", "script", "bin", "nix"];
const LARGEST_FILE: u64 = 1 << 20;

pub(super) fn look(vantage: &Vantage) -> Images {
    let workflows = workflow_files(vantage);
    let pushes = pushes(vantage, &workflows);
    let auth_files = auth_files(vantage);
    let skopeo = vantage.find("skopeo");
    Images {
        registries: registries(vantage, &pushes, &auth_files, skopeo.is_some()).into(),
        pushes: pushes.into(),
        skopeo: skopeo.into(),
        auth_files: auth_files.into(),
        has_github_token: vantage.variable("GITHUB_TOKEN").is_some().into(),
        workflows: workflows.iter().filter_map(|(name, text)| workflow::read(name, text)).collect::<Vec<Workflow>>().into(),
        linux_builder: linux_builder(vantage),
    }
}

/// Names and texts of the project's workflows.
pub(super) fn workflow_files(vantage: &Vantage) -> Vec<(String, String)> {
    let is_workflow = |name: &str| name.ends_with(".yml") || name.ends_with(".yaml");
    WORKFLOWS.iter().flat_map(|folder| texts(vantage, folder, is_workflow)).collect()
}

/// The files of a folder of the project, by name.
fn texts(vantage: &Vantage, folder: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let entries = vantage.directory.join(folder).read_dir_utf8().into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_owned()).filter(|name| is_wanted(name)).collect();
    names.sort_unstable();
    let with_text = |name: String| {
        let path = if folder == "." { name } else { format!("{folder}/{name}") };
        Some((path.clone(), text(vantage, &path)?))
    };
    names.into_iter().take(100).filter_map(with_text).collect()
}

fn text(vantage: &Vantage, name: &str) -> Option<String> {
    let path = vantage.directory.join(name);
    path.metadata().ok().filter(|metadata| metadata.is_file() && metadata.len() <= LARGEST_FILE)?;
    vantage.read(&path).known()?.clone()
}

fn pushes(vantage: &Vantage, workflows: &[(String, String)]) -> Vec<Push> {
    let named = SCRIPTS.iter().filter_map(|name| Some(((*name).to_owned(), text(vantage, name)?)));
    let scripts = FOLDERS.iter().flat_map(|folder| texts(vantage, folder, |name| is_script(folder, name)));
    let mut found: Vec<Push> = named.chain(scripts).flat_map(|(file, text)| lines(&file, &text, false)).collect();
    found.extend(workflows.iter().flat_map(|(file, text)| lines(file, text, true)));
    found.dedup();
    found
}

fn is_script(folder: &str, name: &str) -> bool {
    name.ends_with(".sh") || (folder == "nix" && name.ends_with(".nix")) || (folder != "." && !name.contains('.'))
}

fn lines(file: &str, text: &str, is_workflow: bool) -> Vec<Push> {
    let push = |(index, line): (usize, &String)| {
        let tool = workflow::pushing_tool(line)?.to_owned();
        // A program that the line itself takes from Nix need not be on PATH.
        let brings_its_own = line.contains("nixpkgs#") || line.contains("${pkgs.") || line.contains("/bin/");
        let tool = if brings_its_own { "nix".to_owned() } else { tool };
        Some(Push { file: file.to_owned(), line: index + 1, tool, host: workflow::host_of_line(line), is_workflow })
    };
    workflow::commands(text).iter().enumerate().filter_map(push).collect()
}

fn auth_files(vantage: &Vantage) -> Vec<AuthFile> {
    let mut paths: Vec<Utf8PathBuf> = Vec::new();
    match (vantage.variable("REGISTRY_AUTH_FILE"), vantage.variable("XDG_RUNTIME_DIR")) {
        (Some(file), _) => paths.push(vantage.directory.join(file)),
        (None, Some(runtime)) => paths.push(Utf8Path::new(runtime).join("containers/auth.json")),
        (None, None) => {}
    }
    if let Some(home) = vantage.home() {
        let config = vantage.variable("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), Utf8PathBuf::from);
        paths.push(config.join("containers/auth.json"));
        let docker = vantage.variable("DOCKER_CONFIG").map_or_else(|| home.join(".docker"), Utf8PathBuf::from);
        paths.push(docker.join("config.json"));
    }
    paths.dedup();
    paths.iter().filter_map(|path| auth_file(vantage, path)).collect()
}

fn auth_file(vantage: &Vantage, path: &Utf8Path) -> Option<AuthFile> {
    let text = vantage.read(path).known()?.clone()?;
    let logins = auth::logins(&text).unwrap_or_default();
    let mode = path.metadata().ok()?.mode() & 0o7777;
    let holds_passwords = logins.iter().any(|(_, login)| *login == Login::InFile);
    Some(AuthFile { path: path.to_owned(), mode, holds_passwords, logins })
}

fn registries(vantage: &Vantage, pushes: &[Push], files: &[AuthFile], has_skopeo: bool) -> Vec<Registry> {
    let mut hosts: Vec<&str> = pushes.iter().filter(|push| !push.is_workflow).filter_map(|push| push.host.as_deref()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let is_remote = |host: &&str| !host.starts_with("localhost") && !host.starts_with("127.");
    hosts
        .into_iter()
        .filter(is_remote)
        .map(|host| {
            let kept = files.iter().flat_map(|file| &file.logins).find(|(known, _)| known == host).map(|(_, login)| *login);
            let login = if kept.is_none() && has_skopeo && vantage.reach.network { asked(vantage, host) } else { kept.into() };
            Registry { host: host.to_owned(), login }
        })
        .collect()
}

/// Asks skopeo, which also knows helpers that are set up elsewhere. What it prints, a user's name, is dropped.
fn asked(vantage: &Vantage, host: &str) -> Fact<Option<Login>> {
    vantage.run("skopeo", &["login", "--get-login", host]).map(|output| output.is_success().then_some(Login::Helper))
}

fn linux_builder(vantage: &Vantage) -> Fact<LinuxBuilder> {
    if !vantage.system("/System/Library/CoreServices/SystemVersion.plist").is_file() {
        return Fact::irrelevant("this is not macOS");
    }
    let nix_files = ["flake.nix", "devenv.nix"].into_iter().filter_map(|name| text(vantage, name));
    let mut nix_files = nix_files.chain(texts(vantage, "nix", |name| name.ends_with(".nix")).into_iter().map(|(_, text)| text));
    let builds = ["dockerTools", "nix2container", "streamLayeredImage", "buildLayeredImage", "nixosSystem", "containers."];
    let is_needed = nix_files.any(|text| builds.iter().any(|word| text.contains(word)));
    let settings = ["/etc/nix/nix.conf", "/etc/nix/nix.custom.conf", "/etc/nix/nixstart.conf", "/etc/nix/machines"];
    let texts = settings.into_iter().filter_map(|path| vantage.read(&vantage.system(path)).known().cloned().flatten());
    let is_configured = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).any(|line| names_linux(&line));
    let service = vantage.system("/Library/LaunchDaemons/org.nixos.linux-builder.plist").is_file();
    LinuxBuilder { is_needed, is_set_up: is_configured || service }.into()
}

/// Whether a line of settings, or of `/etc/nix/machines`, names a builder for Linux.
fn names_linux(line: &str) -> bool {
    let line = line.trim();
    let is_builder = line.starts_with("builders") || line.starts_with("external-builders") || line.contains("://");
    !line.starts_with('#') && is_builder && line.contains("-linux")
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::super::tests::vantage;
    use super::*;
    use crate::doctor;
    use crate::facts::{Facts, Unknown};
    use crate::secret::shapes;

    fn project(files: &[(&str, &str)]) -> (Utf8PathBuf, Vantage) {
        let (root, mut vantage) = vantage();
        vantage.directory = root.join("project");
        write(&vantage.directory, files);
        (root, vantage)
    }

    fn write(directory: &Utf8Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = directory.join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
    }

    #[test]
    fn finds_where_images_are_pushed() {
        let (_root, vantage) = project(&[
            ("scripts/push.sh", "#!/bin/sh\nskopeo copy docker-archive:result docker://ghcr.io/me/bot:1\n"),
            ("flake.nix", "text = ''\n  ${pkgs.skopeo}/bin/skopeo copy x docker://quay.io/me/bot\n'';"),
            (".github/workflows/ci.yml", "run: docker push registry.example.org/bot\n"),
        ]);
        let found = look(&vantage);
        let places: Vec<_> =
            found.pushes.known().unwrap().iter().map(|push| (push.place(), push.tool.as_str(), push.is_workflow)).collect();
        let expected = [
            ("flake.nix:2", "nix", false),
            ("scripts/push.sh:2", "skopeo", false),
            (".github/workflows/ci.yml:1", "docker", true),
        ];
        assert_eq!(places, expected.map(|(place, tool, is_workflow)| (place.to_owned(), tool, is_workflow)));
        let hosts: Vec<_> = found.registries.known().unwrap().iter().map(|registry| registry.host.as_str()).collect();
        assert_eq!(hosts, ["ghcr.io", "quay.io"]);
        assert_eq!(found.workflows.known().unwrap().len(), 1);
    }

    #[test]
    fn finds_logins_where_the_tools_keep_them() {
        let (root, mut vantage) = project(&[("push.sh", "skopeo copy x docker://ghcr.io/me/bot\n")]);
        write(
            &root,
            &[
                ("run/containers/auth.json", r#"{"auths":{"quay.io":{"auth":"eA=="}}}"#),
                ("home/user/.docker/config.json", r#"{"auths":{"ghcr.io":{}},"credsStore":"pass"}"#),
            ],
        );
        vantage.environment.insert("XDG_RUNTIME_DIR".into(), root.join("run").to_string());
        let found = look(&vantage);
        assert_eq!(found.registries.known().unwrap()[0].login, Some(Login::Helper).into());
        let files = found.auth_files.known().unwrap();
        assert_eq!(files.iter().map(|file| file.holds_passwords).collect::<Vec<_>>(), [true, false]);
        vantage.environment.insert("REGISTRY_AUTH_FILE".into(), root.join("none.json").to_string());
        assert_eq!(look(&vantage).auth_files.known().unwrap().len(), 1);
    }

    #[test]
    fn a_mac_needs_a_builder_for_images() {
        let (root, vantage) = project(&[("flake.nix", "pkgs.dockerTools.streamLayeredImage {}")]);
        assert!(matches!(look(&vantage).linux_builder.get(), Err(Unknown::Irrelevant(_))));
        write(
            &root,
            &[("System/Library/CoreServices/SystemVersion.plist", ""), ("etc/nix/machines", "# ssh://a x86_64-linux\n")],
        );
        let expected = LinuxBuilder { is_needed: true, is_set_up: false };
        assert_eq!(look(&vantage).linux_builder, expected.into());
        write(&root, &[("etc/nix/machines", "ssh-ng://builder@linux-builder aarch64-linux /etc/nix/key 4\n")]);
        assert!(look(&vantage).linux_builder.known().unwrap().is_set_up);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever file holds a token in whatever way, no fact and no finding repeats it.
        #[test]
        fn no_credential_leaves_the_probe(
            index in 0_usize..11,
            file in prop::sample::select(vec![
                ".github/workflows/ci.yml", "scripts/push.sh", "Makefile", "package.json", "../home/user/.docker/config.json",
                "../home/user/.config/containers/auth.json",
            ]),
            around in prop::sample::select(vec![
                "run: skopeo copy --dest-creds=me:{} x docker://ghcr.io/me/bot\n", "skopeo copy x docker://{}/bot\n", "docker push {}\n",
                "docker push me:{}@ghcr.io/x\n", "docker push {}.example.org/x\n", "password: {}\ndocker push ghcr.io/x/y\n", "docker login -p ${}\ndocker push a/b\n",
                "password: ${{ vars.{} }}\ndocker push a/b\n", "X: ${{ secrets.{} }}\ndocker push a/b\n", "{\"auths\":{\"{}\":{\"auth\":\"{}\"}}}",
                "{\"auths\":{\"ghcr.io\":{\"auth\":\"{}\"}}}", "{\"credHelpers\":{\"{}.io\":\"{}\"}}",
            ]),
        ) {
            let (_, token) = shapes::synthetic().swap_remove(index);
            let (_root, vantage) = project(&[("package.json", "{}"), (file, &around.replace("{}", &token))]);
            let facts = Facts { images: look(&vantage), ..Facts::default() };
            let findings = doctor::examine(&facts, |check| check.group == doctor::Group::Images);
            let said = format!("{:?} {facts:?}", findings.iter().map(|finding| &finding.status).collect::<Vec<_>>());
            prop_assert!(!said.contains(&token), "{said}");
        }
    }
}
