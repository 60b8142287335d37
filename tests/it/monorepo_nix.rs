//! The Nix side of the generated web-monorepo: its shells, packages and images in the offline world, its images in a real
//! registry and as running programs, its scripts and its workflows.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use pretty_assertions::assert_eq;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::nix_project;
use crate::support::nix_world::{can_run, every_mutation_is_caught, passed, verify};
use crate::support::process::{Running, free_port};
use crate::support::registry::{Access, Registry};
use crate::support::{Run, Sandbox, canary, files_below, run, tools};

const STEPS: [&str; 10] =
    ["shipped lock", "lock", "check", "show", "shell default", "shell dev-api", "shell dev-web", "processes", "store", "direnv"];

fn project(sandbox: &Sandbox, name: &str, answers: &[&str]) -> PathBuf {
    let mut arguments = vec!["new", "web-monorepo", name, "--no-input"];
    arguments.extend(answers.iter().flat_map(|answer| ["--set", answer]));
    sandbox.run(&arguments).expect(0);
    sandbox.work().join(name)
}

fn shells_work(test: &str, name: &str, answers: &[&str]) {
    if !can_run(&format!("monorepo_nix::{test}")) {
        return;
    }
    let sandbox = Sandbox::new();
    passed(&verify(&sandbox, &project(&sandbox, name, answers), &[]), &STEPS);
}

#[test]
fn shells_without_services() {
    shells_work("shells_without_services", "shop", &["ci=none"]);
}

#[test]
fn shells_with_a_database() {
    shells_work("shells_with_a_database", "my \"shop\" ${x} 'it'", &["database=postgres"]);
}

#[test]
fn shells_with_a_cache() {
    shells_work("shells_with_a_cache", "shop", &["cache=redis", "registry=ghcr.io/example"]);
}

#[test]
fn shells_with_both() {
    shells_work("shells_with_both", "shop", &["database=postgres", "cache=redis"]);
}

#[test]
fn shells_packages_and_images_of_apps_that_were_added() {
    if !can_run("monorepo_nix::shells_packages_and_images_of_apps_that_were_added") {
        return;
    }
    let sandbox = Sandbox::new();
    let project = project(&sandbox, "shop", &["database=postgres"]);
    for (name, kind) in [("admin", "web"), ("orders", "api"), ("zone-2", "empty")] {
        sandbox.run(&["-C", "shop", "add", "app", name, "--kind", kind, "--yes"]).expect(0);
    }
    let outcome = verify(&sandbox, &project, &["--package"]);
    passed(&outcome, &STEPS);
    let more =
        ["shell dev-admin", "shell dev-orders", "shell dev-zone-2", "sources", "image", "package", "image build", "collection"];
    passed(&outcome, &more);
}

/// Breaks the project in four dozen ways. This shows that the tests above can fail.
#[test]
fn every_mutation_is_noticed() {
    if !can_run("monorepo_nix::every_mutation_is_noticed") {
        return;
    }
    let sandbox = Sandbox::new();
    every_mutation_is_caught(&sandbox, &project(&sandbox, "shop", &["database=postgres", "cache=redis"]), 45);
}

/// The commands of nixstart on the project as it comes: the hash of the dependencies is found out and written, and everything
/// is built. (Without real tools behind the stubs, the packages are empty.)
#[test]
fn build_finds_the_hash_out_and_builds_everything() {
    if !can_run("monorepo_nix::build_finds_the_hash_out_and_builds_everything") {
        return;
    }
    let sandbox = nix_project::sandbox();
    sandbox.offline_project(&["web-monorepo"]);
    sandbox.nix(&["-C", "p", "build", "--no-link"]).expect(5).says("nix/hashes.json");
    let built = sandbox.nix(&["-C", "p", "build", "--no-link", "--yes"]).expect(0).says("Write the hash `pnpmDeps`");
    assert!(built.stdout.starts_with("/nix/store/"), "{}", built.stdout);
    let hashes: Value = serde_json::from_str(&sandbox.read("p/nix/hashes.json")).unwrap();
    assert_eq!(hashes["pnpmLock"].as_str().unwrap().len(), 64, "{hashes}");
    // Another lock file: the flake itself says that the hash is not for it, and so does doctor.
    let lock = sandbox.read("p/pnpm-lock.yaml");
    sandbox.write("p/pnpm-lock.yaml", &format!("{lock}# changed\n"));
    sandbox.nix(&["-C", "p", "build", "--no-link"]).expect(5).says("has changed since the hash");
    sandbox.nix(&["-C", "p", "build", "--no-link", "--yes"]).expect(0);
    sandbox.run(&["-C", "p", "doctor", "--offline", "--check", "dependency-hash", "--strict"]).expect(0);
    let shells = sandbox.nix(&["-C", "p/apps/web", "shell", "--list"]).expect(0);
    assert_eq!(shells.stdout, "default\ndev-api\ndev-web\n");
}

// ── Images ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn images_are_built_pushed_and_run() {
    let test = "monorepo_nix::images_are_built_pushed_and_run";
    if !can_run(test) || !tools::have(test, &["node", "pnpm", "skopeo", "umoci", "docker-registry", "unshare", "setpriv", "curl"])
    {
        return;
    }
    let sandbox = Sandbox::new();
    let project = project(&sandbox, "shop", &["database=postgres", "cache=redis"]);
    let built = sandbox.work().join("built");
    fs::create_dir(&built).unwrap();
    let folder = tools::find("pnpm").unwrap().parent().unwrap().to_owned();
    let options = ["--package", "--tools", folder.to_str().unwrap(), "--keep", built.to_str().unwrap()];
    passed(&verify(&sandbox, &project, &options), &["package", "image build", "collection", "check again"]);

    let registry = Registry::start(&sandbox, Access::Open);
    for app in ["web", "api"] {
        symlink(built.join(format!("image-{app}")), project.join(format!("result-image-{app}"))).unwrap();
        let digest = is_pushed_with_one_digest(&sandbox, &project, &registry, app);
        let bundle = unpack(&sandbox, &registry, app, &digest);
        let port = free_port();
        let mut program = bundle.start(port, &sandbox.work().join(format!("{app}.log")));
        // (The API says 503 when its database is away: it runs, and says so.)
        program.wait_for(&format!("http://127.0.0.1:{port}/health"), if app == "web" { 200 } else { 503 });
        // (Next.js closes its connections and then ends as if it had not caught the signal.)
        assert_eq!(program.end_with(Signal::TERM).code(), Some(if app == "web" { 143 } else { 0 }), "{app} and SIGTERM");
    }
    migrates(&sandbox, &registry, &project);
}

/// Pushed by the project's script, copied by skopeo, asked for again: always the same digest, which it returns.
fn is_pushed_with_one_digest(sandbox: &Sandbox, project: &Path, registry: &Registry, app: &str) -> String {
    let pushed = push(sandbox, project, registry, app).expect(0);
    let digest = pushed.stdout.trim().to_owned();
    assert!(digest.starts_with("sha256:") && digest.len() == 71, "{digest}");
    assert_eq!(fs::read_to_string(project.join(".image-digest")).unwrap(), pushed.stdout);
    assert_eq!(push(sandbox, project, registry, app).expect(0).stdout.trim(), digest, "pushed again");

    let asked = registry.script(sandbox, project, "print-digest.sh").arg(app).output().unwrap();
    assert_eq!(String::from_utf8(asked.stdout).unwrap().trim(), digest, "{}", String::from_utf8_lossy(&asked.stderr));

    let image = format!("docker://{}/team/shop-{app}:v1", registry.address);
    let seen = skopeo(&["inspect", "--tls-verify=false", &image]);
    let seen: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!((&seen["Digest"], &seen["Os"]), (&Value::from(digest.clone()), &Value::from("linux")));
    assert!(seen["Layers"].as_array().unwrap().len() >= 3, "{seen}");

    let (archive, layout) = (sandbox.work().join(format!("{app}.tar")), sandbox.work().join(format!("oci-{app}")));
    let program = project.join(format!("result-image-{app}"));
    let status = Command::new(program).stdout(fs::File::create(&archive).unwrap()).status().unwrap();
    assert!(status.success());
    let noted = sandbox.work().join("digest");
    let (from, to) = (format!("docker-archive:{}", archive.display()), format!("oci:{}:v1", layout.display()));
    skopeo(&["--insecure-policy", "copy", "--digestfile", noted.to_str().unwrap(), &from, &to]);
    assert_eq!(fs::read_to_string(noted).unwrap(), digest, "the digest in an OCI directory");
    digest
}

fn push(sandbox: &Sandbox, project: &Path, registry: &Registry, app: &str) -> Run {
    run(registry.script(sandbox, project, "push-image.sh").arg(app), "")
}

#[track_caller]
fn skopeo(arguments: &[&str]) -> Run {
    run(Command::new("skopeo").args(arguments), "").expect(0)
}

/// The image's own way to bring the database up to date starts, and says what it needs.
fn migrates(sandbox: &Sandbox, registry: &Registry, project: &Path) {
    let digest = fs::read_to_string(project.join(".image-digest")).unwrap();
    let mut bundle = unpack(sandbox, registry, "api", digest.trim());
    bundle.arguments = vec![bundle.arguments[0].clone(), format!("{}/dist/migrate.js", bundle.folder)];
    let outcome = run(&mut bundle.command(), "");
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("DATABASE_URL") && !outcome.stderr.contains("    at "), "{}", outcome.stderr);
}

/// An image as a runtime would unpack it.
struct Bundle {
    root: PathBuf,
    folder: String,
    arguments: Vec<String>,
    environment: Vec<String>,
}

/// Takes an image by its digest out of the registry and unpacks it.
fn unpack(sandbox: &Sandbox, registry: &Registry, app: &str, digest: &str) -> Bundle {
    let place = sandbox.work().join(format!("unpacked-{app}-{}", fs::read_dir(sandbox.work()).unwrap().count()));
    let layout = place.with_extension("oci");
    let image = format!("docker://{}/team/shop-{app}@{digest}", registry.address);
    skopeo(&["--insecure-policy", "copy", "--src-tls-verify=false", &image, &format!("oci:{}:v1", layout.display())]);
    let unpacking = ["unpack", "--image", &format!("{}:v1", layout.display()), place.to_str().unwrap()];
    run(Command::new("umoci").args(unpacking), "").expect(0);

    let config: Value = serde_json::from_slice(&fs::read(place.join("config.json")).unwrap()).unwrap();
    let process = &config["process"];
    assert_eq!((&process["user"]["uid"], &process["user"]["gid"]), (&Value::from(65534), &Value::from(65534)));
    let texts = |value: &Value| value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
    Bundle {
        root: place.join("rootfs"),
        folder: process["cwd"].as_str().unwrap().to_owned(),
        arguments: texts(&process["args"]),
        environment: texts(&process["env"]),
    }
}

impl Bundle {
    /// The image's command in its root, as its user and with its environment.
    fn command(&self) -> Command {
        let mut command = Command::new(tools::find("unshare").unwrap());
        command.env_clear().envs(self.environment.iter().filter_map(|variable| variable.split_once('=')));
        command.arg("--root").arg(&self.root).args(["--setgid", "65534", "--setuid", "65534", "--"]).args(&self.arguments);
        command
    }

    /// Starts it on the loopback interface only, with addresses where nobody is.
    fn start(&self, port: u16, log: &Path) -> Running {
        let mut command = self.command();
        command.env("PORT", port.to_string()).env("HOST", "127.0.0.1").env("HOSTNAME", "127.0.0.1");
        command.env("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/app").env("REDIS_URL", "redis://127.0.0.1:9");
        command.env("API_URL", "http://127.0.0.1:9");
        Running::start(&mut command, log)
    }
}

// ── A registry ──────────────────────────────────────────────────────────────────────────────────────────────────────────

impl Registry {
    /// A script of the project, told of this registry.
    fn script(&self, sandbox: &Sandbox, project: &Path, name: &str) -> Command {
        let mut command = script(sandbox, project, name);
        command.env("REGISTRY", format!("{}/team", self.address)).env("TAG", "v1");
        command
    }
}

fn script(sandbox: &Sandbox, project: &Path, name: &str) -> Command {
    let mut command = Command::new(project.join("scripts").join(name));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", sandbox.home());
    command
}

/// A small archive in the place of an image that Nix has built.
fn small_image(sandbox: &Sandbox, project: &Path) {
    let layout = sandbox.work().join("layout");
    let image = format!("{}:v1", layout.display());
    run(Command::new("umoci").args(["init", "--layout", layout.to_str().unwrap()]), "").expect(0);
    run(Command::new("umoci").args(["new", "--image", &image]), "").expect(0);
    run(Command::new("umoci").args(["insert", "--image", &image, project.join("flake.nix").to_str().unwrap(), "/file"]), "")
        .expect(0);
    let archive = format!("docker-archive:{}:shop-web:latest", project.join("result-image-web").display());
    skopeo(&["--insecure-policy", "copy", &format!("oci:{image}"), &archive]);
}

#[test]
fn what_keeps_an_image_from_being_pushed_has_a_name() {
    let test = "monorepo_nix::what_keeps_an_image_from_being_pushed_has_a_name";
    if !tools::have(test, &["skopeo", "umoci", "docker-registry", "htpasswd"]) {
        return;
    }
    let sandbox = Sandbox::new();
    let project = project(&sandbox, "shop", &[]);
    let registry = Registry::start(&sandbox, Access::Only("ci", canary()));
    let push = |app: &str| {
        let mut command = registry.script(&sandbox, &project, "push-image.sh");
        command.arg(app);
        command
    };
    let says = |command: &mut Command, text: &str| {
        let outcome = run(command, "").expect(1).says(text);
        assert_eq!(outcome.stdout, "");
        assert!(!outcome.stderr.contains(&canary()), "the password is shown");
    };

    says(&mut push(""), "which app?");
    says(&mut push("wep"), "there is no app wep hint: apps: api web");
    says(push("web").env_remove("REGISTRY"), "REGISTRY is not set");
    says(push("web").env_remove("TAG"), "TAG is not set");
    says(push("web").env("TAG", "a b"), "TAG is no tag: a b");
    says(&mut push("web"), "the image of web is not built hint: nix build .#image-web --out-link result-image-web");

    small_image(&sandbox, &project);
    says(push("web").env("PATH", without_skopeo(&sandbox)), "skopeo is not installed");
    says(push("web").env("REGISTRY_USER", "ci"), "REGISTRY_USER is set, REGISTRY_PASSWORD is not");
    says(push("web").env("REGISTRY_PASSWORD", canary()), "REGISTRY_PASSWORD is set, REGISTRY_USER is not");
    says(&mut push("web"), &format!("{} refuses", registry.address));
    says(push("web").env("REGISTRY_USER", "ci").env("REGISTRY_PASSWORD", "wrong"), &format!("{} refuses", registry.address));
    let nobody = format!("127.0.0.1:{}", free_port());
    says(push("web").env("REGISTRY", format!("{nobody}/team")), &format!("{nobody} cannot be reached"));

    let with_password = |command: &mut Command| {
        command.env("REGISTRY_USER", "ci").env("REGISTRY_PASSWORD", canary());
        run(command, "")
    };
    let mut print = registry.script(&sandbox, &project, "print-digest.sh");
    with_password(print.arg("web")).expect(1).says("shop-web:v1 is not in the registry");
    let pushed = with_password(&mut push("web")).expect(0);
    assert_eq!(with_password(&mut print).expect(0).stdout, pushed.stdout);
    let left = files_below(&sandbox.home());
    assert!(!left.keys().any(|name| name.contains("auth.json")), "a login was kept: {:?}", left.keys());
}

/// A PATH with what the scripts use but for skopeo.
fn without_skopeo(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.work().join("without-skopeo");
    fs::create_dir(&folder).unwrap();
    for program in ["bash", "env", "dirname", "basename", "mktemp", "rm", "tr"] {
        symlink(tools::find(program).unwrap(), folder.join(program)).unwrap();
    }
    folder
}

// ── Scripts and workflows ───────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn scripts_and_workflows_are_sound() {
    let test = "monorepo_nix::scripts_and_workflows_are_sound";
    if !tools::have(test, &["actionlint", "shellcheck"]) {
        return;
    }
    let sandbox = Sandbox::new();
    for (name, answers) in [("plain", vec![]), ("full", vec!["database=postgres", "cache=redis", "registry=ghcr.io/example"])] {
        let project = project(&sandbox, name, &answers);
        // (It hands the steps of the workflows to shellcheck.)
        run(Command::new(tools::find("actionlint").unwrap()).current_dir(&project), "").expect(0);
        let scripts = ["scripts/push-image.sh", "scripts/print-digest.sh", "scripts/registry.sh", ".github/changes.sh"];
        run(Command::new("shellcheck").arg("--external-sources").args(scripts).current_dir(&project), "").expect(0);
    }
    let without = project(&sandbox, "without", &["ci=none"]);
    assert!(!without.join(".github").exists());
}

#[test]
fn continuous_integration_builds_what_has_changed() {
    let test = "monorepo_nix::continuous_integration_builds_what_has_changed";
    if !tools::have(test, &["git", "jq", "bash"]) {
        return;
    }
    let sandbox = Sandbox::new();
    let project = project(&sandbox, "shop", &[]);
    let changes = |base: &str| {
        let mut command = Command::new("bash");
        command.args([".github/changes.sh", base]).current_dir(&project);
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", sandbox.home());
        run(&mut command, "").expect(0).stdout
    };
    let commit = |path: &str| {
        let before = fs::read_to_string(project.join(path)).unwrap_or_default();
        fs::create_dir_all(project.join(path).parent().unwrap()).unwrap();
        fs::write(project.join(path), before + "\n").unwrap();
        sandbox.git("shop", &["add", "--all"]);
        sandbox.git("shop", &["commit", "--quiet", "--message", path]);
        sandbox.git("shop", &["rev-parse", "HEAD"]).trim().to_owned()
    };
    let everything = "base=\napps=[\"api\",\"web\"]\nhas-hash=false\n";

    let first = commit("README.md");
    assert_eq!(changes(""), everything, "at the first push");
    assert_eq!(changes(&first), format!("base={first}\napps=[]\nhas-hash=false\n"));
    let documented = commit("docs/deployment.md");
    assert_eq!(changes(&first), format!("base={first}\napps=[]\nhas-hash=false\n"), "after a change of the documentation");
    let web = commit("apps/web/app/a file with spaces.css");
    assert_eq!(changes(&documented), format!("base={documented}\napps=[\"web\"]\nhas-hash=false\n"));
    commit("apps/api/src/other.ts");
    assert_eq!(changes(&web), format!("base={web}\napps=[\"api\"]\nhas-hash=false\n"));
    assert_eq!(changes(&documented), format!("base={documented}\napps=[\"api\",\"web\"]\nhas-hash=false\n"));
    let last = commit("pnpm-lock.yaml");
    assert_eq!(changes(&web), format!("base={web}\napps=[\"api\",\"web\"]\nhas-hash=false\n"), "after a change for everybody");

    sandbox.git("shop", &["reset", "--quiet", "--hard", &first]);
    fs::write(project.join("nix/hashes.json"), "{ \"pnpmDeps\": \"sha256-x\" }\n").unwrap();
    let forced = commit("apps/web/app/page.tsx");
    assert_eq!(changes(&last), everything.replace("false", "true"), "after a forced push that has left {last} behind");
    assert_eq!(changes(&"0".repeat(40)), everything.replace("false", "true"), "after the first push of a branch");

    fs::create_dir_all(project.join("apps/jobs")).unwrap();
    fs::write(project.join("apps/jobs/package.json"), "{ \"scripts\": { \"test\": \"true\" } }\n").unwrap();
    let before = sandbox.git("shop", &["rev-parse", "HEAD"]).trim().to_owned();
    commit("apps/jobs/index.ts");
    assert_eq!(changes(&before), format!("base={before}\napps=[]\nhas-hash=true\n"), "of an app without an image");

    fs::remove_dir_all(project.join("apps/api")).unwrap();
    sandbox.git("shop", &["commit", "--quiet", "--all", "--message", "without an API"]);
    assert_eq!(changes(&forced), format!("base={forced}\napps=[]\nhas-hash=true\n"), "after an app has gone");
}
