//! `nixstart image` and `push` with a real Nix, Debian's skopeo and a registry on loopback.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use pretty_assertions::assert_eq;

use crate::support::nix_project::{can_run, sandbox};
use crate::support::registry::{Access, Registry};
use crate::support::{Sandbox, canary, tools};

/// A program that writes an image with one layer, of a name.
const MAKE_IMAGE: &str = r#"set -eu
work=$(mktemp -d)
mkdir -p "$work/root/bin" "$work/out/layer"
echo "hello from $1" > "$work/root/bin/hello"
plain() { tar --sort=name --mtime=@1 --owner=0 --group=0 -C "$1" -cf "$2" "${@:3}"; }
plain "$work/root" "$work/out/layer/layer.tar" .
digest=$(sha256sum < "$work/out/layer/layer.tar" | cut -d' ' -f1)
printf '{"architecture":"amd64","os":"linux","config":{"User":"65534:65534","Cmd":["/bin/hello"],"ExposedPorts":{"3000/tcp":{}}},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$digest" > "$work/out/config.json"
printf '[{"Config":"config.json","RepoTags":["%s:latest"],"Layers":["layer/layer.tar"]}]' "$1" > "$work/out/manifest.json"
plain "$work/out" - config.json manifest.json layer
rm -rf "$work"
"#;

/// One image as an archive and one as a program that writes it.
fn images(sandbox: &Sandbox) {
    sandbox.write("make-image.sh", MAKE_IMAGE);
    sandbox.flake(
        r#"
        image-web = drv "image-web.tar" "bash ${./make-image.sh} demo-web > $out" {};
        image-api = drv "stream-demo-api" "printf '#!/bin/bash\nexec /bin/bash ${./make-image.sh} demo-api\n' > $out; chmod +x $out" {};"#,
    );
    sandbox.git(".", &["commit", "-qm", "start"]);
}

#[test]
fn an_image_is_built_and_looked_into_without_docker() {
    if !can_run("image::an_image_is_built_and_looked_into_without_docker", &["skopeo"]) {
        return;
    }
    let sandbox = sandbox();
    images(&sandbox);
    let outcome = sandbox.nix(&["image"]).expect(0).says("image: demo-web:latest").says("image: demo-api:latest");
    let outcome = outcome.says("for linux/amd64, 1 layer").says("as 65534:65534").says("listens 3000/tcp");
    assert_eq!(outcome.stdout.lines().filter(|line| line.starts_with("/nix/store/")).count(), 2, "{}", outcome.stdout);
    let json = sandbox.nix(&["image", "api", "--json"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["images"][0]["image"]["command"], serde_json::json!(["/bin/hello"]));
    sandbox.nix(&["image", "wep"]).expect(1).says("no image of an app `wep`").says("did you mean `web`?");
    sandbox.nix(&["image", "--platform", "linux/arm64"]).expect(1).says("for aarch64-linux");
    if tools::find("podman").is_none() {
        sandbox.nix(&["image", "web", "--load", "podman"]).expect(6).says("`podman` is not installed");
    }
}

#[test]
fn what_is_missing_is_said_before_anything_is_built() {
    if !can_run("image::what_is_missing_is_said_before_anything_is_built", &["skopeo"]) {
        return;
    }
    let sandbox = sandbox();
    images(&sandbox);
    sandbox.nix(&["push"]).expect(4).says("nobody says which registry").says("--registry");
    sandbox.nix(&["push", "--registry", "ftp://ghcr.io/x"]).expect(2).says("is no registry");
    sandbox.nix(&["push", "--registry", "ghcr.io/x", "--tag", "-x"]).expect(2).says("`-x` is no tag");
    let half = sandbox.nix_with(&["push", "--registry", "ghcr.io/x"], &[("REGISTRY_USER", "me")]).expect(2);
    half.says("`REGISTRY_USER` is set and `REGISTRY_PASSWORD` is not");
    // Without skopeo on PATH.
    let only_nix = sandbox.home().join("only-nix");
    fs::create_dir_all(&only_nix).unwrap();
    std::os::unix::fs::symlink(tools::find("nix").unwrap(), only_nix.join("nix")).unwrap();
    let outcome = sandbox.nix_with(&["image"], &[("PATH", only_nix.to_str().unwrap())]).expect(6);
    let outcome = outcome.says("`skopeo` is not installed");
    assert!(!outcome.stderr.contains("building"), "{}", outcome.stderr);
}

#[test]
fn an_image_is_pushed_by_consent_and_its_digest_printed() {
    let needed = ["skopeo", "docker-registry", "curl"];
    if !can_run("image::an_image_is_pushed_by_consent_and_its_digest_printed", &needed) {
        return;
    }
    let sandbox = sandbox();
    images(&sandbox);
    let registry = Registry::start(&sandbox, Access::Open);
    let place = format!("{}/acme", registry.address);
    sandbox.nix(&["push", "--registry", &place]).expect(4).says("--yes").says("cannot be undone");
    let commit = sandbox.git(".", &["rev-parse", "HEAD"]);
    let pushed = sandbox.nix(&["push", "--registry", &place, "--yes"]).expect(0).stdout;
    let lines: Vec<&str> = pushed.lines().collect();
    assert_eq!(lines.len(), 2, "{pushed}");
    for (line, name) in lines.iter().zip(["demo-api", "demo-web"]) {
        let digest = line.strip_prefix(&format!("{place}/{name}@")).unwrap();
        assert_eq!(digest_of(&registry, name, commit.trim()), digest);
        // The same digest when it is copied on, into a directory of the OCI layout.
        let layout = sandbox.home().join(format!("oci-{name}"));
        let copied = Command::new("skopeo")
            .args(["--insecure-policy", "copy", "-q", "--preserve-digests", "--src-tls-verify=false"])
            .arg(format!("docker://{place}/{name}@{digest}"))
            .arg(format!("oci:{}:x", layout.display()))
            .status()
            .unwrap();
        assert!(copied.success());
        let index: serde_json::Value = serde_json::from_str(&fs::read_to_string(layout.join("index.json")).unwrap()).unwrap();
        assert!(index["manifests"][0]["digest"].as_str().is_some());
    }
    // A work tree with changes is said in the tag; the digest also goes to a file.
    sandbox.write("make-image.sh", &format!("{MAKE_IMAGE}# changed\n"));
    let arguments = ["push", "web", "--registry", &place, "--yes", "--json", "--digest-file", ".image-digest"];
    let json: serde_json::Value = serde_json::from_str(&sandbox.nix(&arguments).expect(0).stdout).unwrap();
    assert_eq!(json["pushed"][0]["image"], format!("{place}/demo-web:{}-dirty", commit.trim()));
    assert_eq!(json["pushed"][0]["digest"], sandbox.read(".image-digest").trim());
}

fn digest_of(registry: &Registry, name: &str, tag: &str) -> String {
    let accept = "Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json";
    let address = format!("http://{}/v2/acme/{name}/manifests/{tag}", registry.address);
    let answer = Command::new("curl").args(["-sI", "--noproxy", "*", "-H", accept, &address]).output().unwrap();
    let answer = String::from_utf8(answer.stdout).unwrap();
    let line = answer
        .lines()
        .find(|line| line.to_lowercase().starts_with("docker-content-digest:"))
        .unwrap_or_else(|| panic!("{answer}"));
    line.split_once(": ").unwrap().1.trim().to_owned()
}

#[test]
fn a_registry_gets_the_password_and_nobody_else() {
    let needed = ["skopeo", "docker-registry", "htpasswd"];
    if !can_run("image::a_registry_gets_the_password_and_nobody_else", &needed) {
        return;
    }
    let sandbox = sandbox();
    images(&sandbox);
    let password = canary();
    let registry = Registry::start(&sandbox, Access::Only("me", password.clone()));
    let place = format!("{}/acme", registry.address);
    let arguments = ["push", "web", "--registry", &place, "--yes"];
    sandbox.nix(&arguments).expect(5).says("log in");
    let wrong = sandbox.nix_with(&arguments, &[("REGISTRY_USER", "me"), ("REGISTRY_PASSWORD", "another")]).expect(5);
    assert!(!wrong.stderr.contains("another"), "{}", wrong.stderr);
    let variables = [("REGISTRY_USER", "me"), ("REGISTRY_PASSWORD", password.as_str())];
    sandbox.nix_with(&arguments, &variables).expect(0);
    // Nothing of it stays: neither in receipts nor in temporary files.
    assert!(!sandbox.remembered().contains(&password));
}

#[test]
fn a_registry_that_does_not_answer_is_explained() {
    if !can_run("image::a_registry_that_does_not_answer_is_explained", &["skopeo"]) {
        return;
    }
    let sandbox = sandbox();
    images(&sandbox);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = format!("127.0.0.1:{port}/acme");
    sandbox.nix(&["push", "web", "--registry", &place, "--yes"]).expect(5).says("the registry does not answer");
}
