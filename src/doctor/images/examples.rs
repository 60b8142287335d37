//! Facts with which the checks of images find something, and facts with which they do not.

use crate::doctor::Example;
use crate::facts::images::{AuthFile, LinuxBuilder, Login, Push, Registry, Workflow};
use crate::facts::{Facts, Images};

fn images(change: impl FnOnce(&mut Images)) -> Facts {
    let push =
        Push { file: "scripts/push.sh".into(), line: 2, tool: "skopeo".into(), host: Some("ghcr.io".into()), is_workflow: false };
    let mut images = Images {
        pushes: vec![push].into(),
        skopeo: Some("/usr/bin/skopeo".into()).into(),
        auth_files: vec![auth_file(0o600)].into(),
        registries: vec![Registry { host: "ghcr.io".into(), login: Some(Login::InFile).into() }].into(),
        has_github_token: false.into(),
        workflows: vec![workflow()].into(),
        linux_builder: LinuxBuilder { is_needed: true, is_set_up: true }.into(),
    };
    change(&mut images);
    Facts { images, ..Facts::default() }
}

fn auth_file(mode: u32) -> AuthFile {
    let logins = vec![("ghcr.io".to_owned(), Login::InFile)];
    AuthFile { path: "/run/user/1000/containers/auth.json".into(), mode, holds_passwords: true, logins }
}

fn workflow() -> Workflow {
    Workflow {
        file: ".github/workflows/ci.yml".into(),
        pushes: vec![(9, Some("ghcr.io".into()))],
        uses_run_token: true,
        may_write_packages: true,
        ..Workflow::default()
    }
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    let without_login = || vec![Registry { host: "ghcr.io".into(), login: None.into() }];
    let with = |workflow: Workflow| images(|images| images.workflows = vec![workflow].into());
    let example = |id, bad| Example { id, bad, good: images(|_| {}) };
    vec![
        example("skopeo-present", images(|images| images.skopeo = None.into())),
        example("registry-auth", images(|images| images.registries = without_login().into())),
        example("registry-auth-ci", with(Workflow { unprovided: vec![(7, Some("TOKEN".into()))], ..workflow() })),
        example("registry-auth-ci", with(Workflow { uses_run_token: false, ..workflow() })),
        example("registry-auth-ci", with(Workflow { may_write_packages: false, ..workflow() })),
        example("registry-auth-perms", images(|images| images.auth_files = vec![auth_file(0o644)].into())),
        example(
            "linux-builder",
            images(|images| images.linux_builder = LinuxBuilder { is_needed: true, is_set_up: false }.into()),
        ),
    ]
}
