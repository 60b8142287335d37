//! Checks of container images and registries.

#[cfg(test)]
mod examples;

use super::{Check, Cost, Fix, Group, Look, Platform, Problem, Remedy, Severity, Verdict};
use crate::facts::images::{Push, Registry, Workflow};
use crate::facts::{Facts, Unknown};
#[cfg(test)]
pub(super) use examples::examples;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "skopeo-present",
        group: Group::Images,
        severity: Severity::Degrades,
        title: "skopeo is there for the scripts that push images",
        symptom: "`skopeo: command not found`",
        cause: "a script pushes with skopeo, and the dev shell does not bring it",
        fix: "add `pkgs.skopeo` to the dev shell, or run it with `nix run nixpkgs#skopeo --`",
        source: "scripts, workflows and flake of the project",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: has_skopeo,
    },
    Check {
        id: "registry-auth",
        group: Group::Images,
        severity: Severity::Degrades,
        title: "There is a login for every registry the project pushes to",
        symptom: "`unauthorized: authentication required`, `denied: permission_denied` or `denied: requested access to the \
         resource is denied`",
        cause: "nobody has logged in to the registry on this machine",
        fix: "log in with `skopeo login --username NAME --password-stdin HOST`",
        source: "containers-auth.json(5), `docker login`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: has_logins,
    },
    Check {
        id: "registry-auth-ci",
        group: Group::Images,
        severity: Severity::Degrades,
        title: "Workflows that push images name the secrets they log in with",
        symptom: "`Username and password required`, `Cannot perform an interactive login from a non TTY device` or `denied: \
         permission_denied: write_package`",
        cause: "the workflow uses a variable that no `secrets.…` provides, or may not write packages",
        fix: "give the variable in `env:` as `${{ secrets.NAME }}`; for ghcr.io use `GITHUB_TOKEN` with `permissions: \
         packages: write`",
        source: "GitHub Actions, contexts and `permissions`; docker/login-action#331",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: workflows_log_in,
    },
    Check {
        id: "registry-auth-perms",
        group: Group::Images,
        severity: Severity::Degrades,
        title: "Only you can read the logins of registries",
        symptom: "none; other users of the machine can push in your name",
        cause: "the file holds passwords in base64, which is no encryption, and its mode lets others read it",
        fix: "take the permissions of others away with `chmod 600`",
        source: "containers-auth.json(5)",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: are_logins_private,
    },
    Check {
        id: "linux-builder",
        group: Group::Images,
        severity: Severity::Degrades,
        title: "This Mac can build images for Linux",
        symptom: "`a 'x86_64-linux' with features {} is required to build`",
        cause: "an image holds Linux programs, and macOS cannot build them",
        fix: "set up a Linux builder, or build the image in CI",
        source: "nixpkgs `darwin.linux-builder`; not tried on a Mac",
        platform: Platform::MacOs,
        cost: Cost::Local,
        needs: &[],
        look: can_build_for_linux,
    },
];

fn pushing<'a>(pushes: &'a [Push], tool: &str) -> Result<Vec<&'a Push>, Unknown> {
    let found: Vec<&Push> = pushes.iter().filter(|push| push.tool == tool && !push.is_workflow).collect();
    if found.is_empty() {
        Err(Unknown::Irrelevant(format!("no script of the project pushes images with {tool}")))
    } else {
        Ok(found)
    }
}

fn has_skopeo(facts: &Facts) -> Look {
    let pushes = pushing(facts.images.pushes.get()?, "skopeo")?;
    if let Some(path) = facts.images.skopeo.get()? {
        return Ok(Verdict::Pass(format!("`{path}`")));
    }
    let problem =
        pushes.iter().take(5).fold(Problem::new("`skopeo` is not on PATH"), |problem, push| problem.detail(push.place()));
    Ok(Verdict::Warn(
        problem
            .fix(Fix::by_hand("Enter the shell of the project, if it brings skopeo", &["direnv allow", "nix develop --impure"]))
            .fix(Fix::by_hand("Open a shell that has it", &["nix shell nixpkgs#skopeo"])),
    ))
}

fn has_logins(facts: &Facts) -> Look {
    let registries = facts.images.registries.get()?;
    if registries.is_empty() {
        return Err(Unknown::Irrelevant("no script of the project names a registry to push to".to_owned()));
    }
    let mut without: Vec<&Registry> = Vec::new();
    for registry in registries {
        if registry.login.get()?.is_none() {
            without.push(registry);
        }
    }
    let hosts = |registries: &[&Registry]| {
        registries.iter().map(|registry| format!("`{}`", registry.host)).collect::<Vec<_>>().join(", ")
    };
    if without.is_empty() {
        return Ok(Verdict::Pass(hosts(&registries.iter().collect::<Vec<_>>())));
    }
    let mut problem = Problem::new(format!("there is no login for {}", hosts(&without)));
    for push in facts.images.pushes.known().into_iter().flatten() {
        if !push.is_workflow && without.iter().any(|registry| push.host.as_deref() == Some(&registry.host)) {
            problem = problem.detail(format!("{} pushes there", push.place()));
        }
    }
    let has_token = facts.images.has_github_token.known() == Some(&true);
    for Registry { host, .. } in without {
        problem = problem.fix(log_in(host, has_token));
    }
    Ok(Verdict::Warn(problem))
}

fn log_in(host: &str, has_github_token: bool) -> Fix {
    match (host, has_github_token) {
        ("ghcr.io", true) => Fix::by_hand(
            "Log in to `ghcr.io` with the token that is set here; it must be a classic one with `write:packages`",
            &["printenv GITHUB_TOKEN | skopeo login --username YOUR_NAME --password-stdin ghcr.io"],
        ),
        ("ghcr.io", false) => Fix::by_hand(
            "Log in to `ghcr.io`; make a classic token with `write:packages` at https://github.com/settings/tokens and \
             paste it when asked",
            &["skopeo login --username YOUR_NAME ghcr.io"],
        ),
        _ => Fix::by_hand(
            &format!("Log in to `{host}`; the password is asked for"),
            &[&format!("skopeo login --username YOUR_NAME {host}")],
        ),
    }
}

fn workflows_log_in(facts: &Facts) -> Look {
    let workflows = facts.images.workflows.get()?;
    if workflows.is_empty() {
        return Err(Unknown::Irrelevant("no workflow pushes an image".to_owned()));
    }
    let details: Vec<String> = workflows.iter().flat_map(faults).collect();
    if details.is_empty() {
        return Ok(Verdict::Pass(workflows.iter().map(describe).collect::<Vec<_>>().join("; ")));
    }
    let needs_packages = workflows.iter().any(lacks_packages);
    let problem = Problem::new("a workflow pushes an image without saying what it logs in with");
    let mut problem = details.into_iter().fold(problem, Problem::detail);
    problem = problem.fix(Fix::by_hand(
        "Add the secret in the settings of the repository, and give it to the step",
        &["gh secret set NAME", "env: { NAME: ${{ secrets.NAME }} }"],
    ));
    if needs_packages {
        problem = problem.fix(Fix::by_hand(
            "For ghcr.io let the run's own token write packages",
            &["permissions: { contents: read, packages: write }"],
        ));
    }
    Ok(Verdict::Warn(problem))
}

/// A workflow with what it logs in with.
fn describe(workflow: &Workflow) -> String {
    let own = workflow.uses_run_token.then_some("GITHUB_TOKEN");
    let secrets: Vec<&str> = own.into_iter().chain(workflow.secrets.iter().map(String::as_str)).collect();
    let with = if secrets.is_empty() { "the identity of the run".to_owned() } else { secrets.join(", ") };
    format!("`{}` with {with}", workflow.file)
}

fn faults(workflow: &Workflow) -> Vec<String> {
    let Workflow { file, .. } = workflow;
    let mut found: Vec<String> = workflow
        .unprovided
        .iter()
        .map(|(line, name)| match name {
            Some(name) => format!("{file}:{line}: no `secrets.…` provides {name}"),
            None => format!("{file}:{line}: no `secrets.…` provides what it logs in with"),
        })
        .collect();
    let names_any = !workflow.secrets.is_empty() || workflow.uses_run_token || workflow.uses_identity;
    if !names_any && found.is_empty() {
        found.extend(workflow.pushes.iter().take(1).map(|(line, _)| format!("{file}:{line}: it pushes, but uses no secret")));
    }
    if lacks_packages(workflow) {
        found.push(format!("{file}: it pushes to ghcr.io with the run's own token, but without `packages: write`"));
    }
    found
}

fn lacks_packages(workflow: &Workflow) -> bool {
    let to_github = workflow.pushes.iter().any(|(_, host)| host.as_deref() == Some("ghcr.io"));
    to_github && workflow.uses_run_token && workflow.secrets.is_empty() && !workflow.may_write_packages
}

fn are_logins_private(facts: &Facts) -> Look {
    let files = facts.images.auth_files.get()?;
    let mut with_passwords = files.iter().filter(|file| file.holds_passwords).peekable();
    if with_passwords.peek().is_none() {
        return Err(Unknown::Irrelevant("no file holds passwords of registries".to_owned()));
    }
    let open: Vec<_> = with_passwords.filter(|file| file.mode & 0o077 != 0).collect();
    if open.is_empty() {
        return Ok(Verdict::Pass("others have no permissions".to_owned()));
    }
    let problem = Problem::new("others can read your logins of registries");
    Ok(Verdict::Warn(open.into_iter().fold(problem, |problem, file| {
        problem.detail(format!("`{}` has the mode {:o}", file.path, file.mode)).fix(Fix::new(
            &format!("Take the permissions of others on `{}` away", file.path),
            Remedy::SetMode { path: file.path.clone(), mode: 0o600 },
        ))
    })))
}

fn can_build_for_linux(facts: &Facts) -> Look {
    let builder = facts.images.linux_builder.get()?;
    if !builder.is_needed {
        return Err(Unknown::Irrelevant("the project builds nothing for Linux".to_owned()));
    }
    if builder.is_set_up {
        return Ok(Verdict::Pass("a builder for Linux is set up".to_owned()));
    }
    Ok(Verdict::Warn(
        Problem::new("the project builds for Linux, and no builder for it is set up")
            .fix(Fix::by_hand(
                "Start a builder in a virtual machine (not tried by nixstart)",
                &["nix run nixpkgs#darwin.linux-builder"],
            ))
            .fix(Fix::by_hand("Or build the image in CI", &[])),
    ))
}
