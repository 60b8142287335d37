//! Reads workflows (GitHub, Forgejo) for lines that push an image, and for what they log in with.
//!
//! A line is read as text: a workflow that YAML would refuse is still looked at, and lines keep their numbers.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex_lite::Regex;

use super::auth::{host_of_image, parse_host};
use crate::facts::secrets::format::shown_name;

/// A workflow that pushes an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workflow {
    /// The file, from the project's directory.
    pub file: String,
    /// Lines that push, from 1, with the registry when the line names it.
    pub pushes: Vec<(usize, Option<String>)>,
    /// The names of the secrets it uses.
    pub secrets: Vec<String>,
    /// Whether it uses the token that every run has (`github.token`, `secrets.GITHUB_TOKEN`).
    pub uses_run_token: bool,
    /// Whether an action of a cloud logs in without a secret (`id-token: write`).
    pub uses_identity: bool,
    /// Whether it may write packages.
    pub may_write_packages: bool,
    /// Lines that log in with a variable that no secret provides, with its name where it may be shown.
    pub unprovided: Vec<(usize, Option<String>)>,
}

/// How programs and actions push.
const PUSHES: [(&str, &str, &str); 11] = [
    ("skopeo", "copy", "skopeo"),
    ("skopeo", "sync", "skopeo"),
    ("docker", " push", "docker"),
    ("docker", "--push", "docker"),
    ("podman", " push", "podman"),
    ("buildah", " push", "buildah"),
    ("crane", " push", "crane"),
    ("oras", " push", "oras"),
    ("nixstart", " push", "nixstart"),
    ("nix run", "#push", "nix"),
    ("devenv", "container copy", "devenv"),
];

#[expect(clippy::expect_used, reason = "the expressions are constants that every test compiles")]
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?").expect("a valid expression"));
#[expect(clippy::expect_used, reason = "the expressions are constants that every test compiles")]
static SECRET: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"secrets\.([A-Za-z_][A-Za-z0-9_-]*)").expect("a valid expression"));

/// The program that a line pushes an image with.
pub fn pushing_tool(line: &str) -> Option<&'static str> {
    let code = code_of(line);
    if code.contains("oci:") && !code.contains("docker://") || code.contains("docker-daemon:") && !code.contains("docker://") {
        return None;
    }
    let push = PUSHES.iter().find(|(program, verb, _)| {
        code.split_once(program).is_some_and(|(before, after)| {
            let is_word = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            is_word && after.split(['&', ';', '|']).next().unwrap_or_default().contains(verb)
        })
    });
    push.map(|(.., tool)| *tool)
}

/// The registry that a pushing line names.
pub fn host_of_line(line: &str) -> Option<String> {
    let code = code_of(line);
    if let Some((_, image)) = code.rsplit_once("docker://") {
        return host_of_image(image.split_whitespace().next().unwrap_or_default());
    }
    if pushing_tool(line)? == "nix" {
        return None;
    }
    let (_, after) = code.split_once("push")?;
    let image = after.split_whitespace().find(|word| !word.starts_with('-'))?;
    host_of_image(image)
}

/// The lines of a text; one that ends in a backslash has those that continue it behind it, and they are empty.
pub fn commands(text: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut start: Option<usize> = None;
    for line in text.lines() {
        let (line, is_continued) = line.strip_suffix('\\').map_or((line, false), |line| (line, true));
        match start.and_then(|start| commands.get_mut(start)) {
            Some(command) => {
                command.push(' ');
                command.push_str(line.trim());
                commands.push(String::new());
            }
            None => commands.push(line.to_owned()),
        }
        start = if is_continued { start.or(commands.len().checked_sub(1)) } else { None };
    }
    commands
}

fn code_of(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with('#') { "" } else { line.split(" #").next().unwrap_or_default() }
}

/// What a workflow does with images; `None` when it pushes none.
pub fn read(file: &str, text: &str) -> Option<Workflow> {
    let commands = commands(text);
    let lines: Vec<&str> = commands.iter().map(|line| code_of(line)).collect();
    let pushes = pushes(&lines);
    if pushes.is_empty() {
        return None;
    }
    let all = lines.join("\n");
    let names: BTreeSet<String> =
        SECRET.captures_iter(&all).filter_map(|found| Some(found.get(1)?.as_str().to_owned())).collect();
    let uses_run_token = names.contains("GITHUB_TOKEN") || all.contains("github.token") || all.contains("forgejo.token");
    let is_login = |part: &str| lines.iter().any(|line| line.contains(part));
    Some(Workflow {
        file: file.to_owned(),
        pushes,
        uses_run_token,
        uses_identity: is_login("id-token: write"),
        may_write_packages: is_login("packages: write") || is_login("permissions: write-all"),
        unprovided: unprovided(&lines),
        secrets: names.iter().filter(|name| *name != "GITHUB_TOKEN").filter_map(|name| shown_name(name)).collect(),
    })
}

fn pushes(lines: &[&str]) -> Vec<(usize, Option<String>)> {
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let is_action = line.contains("docker/build-push-action") || line.contains("redhat-actions/push-to-registry");
        let step = lines.iter().skip(index + 1).take_while(|line| !line.starts_with("- "));
        let pushes_in_step = || step.clone().any(|line| line.starts_with("push:") && !line.contains("false"));
        if pushing_tool(line).is_some() || (is_action && (line.contains("push-to-registry") || pushes_in_step())) {
            let named = step.clone().find_map(|line| line.strip_prefix("tags:").or_else(|| line.strip_prefix("registry:")));
            let host = if is_action { named.and_then(|image| image_host(image.trim())) } else { host_of_line(line) };
            found.push((index + 1, host));
        }
    }
    found
}

fn image_host(image: &str) -> Option<String> {
    parse_host(image.trim_matches(['"', '\''])).or_else(|| host_of_image(image))
}

/// Variables of every run, and those a shell sets itself.
fn is_always_set(name: &str) -> bool {
    let is_of_run = (name.starts_with("GITHUB_") && name != "GITHUB_TOKEN") || name.starts_with("RUNNER_");
    is_of_run || matches!(name, "HOME" | "PATH" | "PWD" | "USER" | "TMPDIR" | "CI")
}

/// Lines that log in with a variable that neither a secret nor the shell provides.
fn unprovided(lines: &[&str]) -> Vec<(usize, Option<String>)> {
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if let Some(value) = line.strip_prefix("password:") {
            let is_provided =
                value.contains("secrets.") || value.contains(".token") || value.contains("steps.") || value.contains("inputs.");
            if !is_provided {
                found.push((index + 1, expression_name(value).and_then(shown_name)));
            }
            continue;
        }
        if !logs_in(line) {
            continue;
        }
        let names = VARIABLE.captures_iter(line).filter_map(|found| found.get(1)).map(|name| name.as_str());
        for name in names.filter(|name| is_credential(name) && !is_always_set(name)) {
            if !is_provided(lines, name) {
                found.push((index + 1, shown_name(name)));
            }
        }
    }
    found.dedup();
    found
}

/// The name in an expression like `${{ vars.NAME }}`.
fn expression_name(value: &str) -> Option<&str> {
    let inner = value.split_once("${{")?.1.split_once("}}")?.0.trim();
    inner.split_once('.').map(|(_, name)| name)
}

fn logs_in(line: &str) -> bool {
    let logs_in = line.contains(" login")
        && ["skopeo", "docker", "podman", "buildah", "crane", "oras", "helm"].iter().any(|tool| line.contains(tool));
    logs_in || ["--creds", "--dest-creds", "--dest-registry-token", "--password"].iter().any(|option| line.contains(option))
}

fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["TOKEN", "PASS", "SECRET", "CRED", "KEY", "PAT", "AUTH"].iter().any(|word| name.contains(word))
}

/// Whether an `env:` gives the variable a secret, or a line of the shell sets it.
fn is_provided(lines: &[&str], name: &str) -> bool {
    let gives = |line: &&str| {
        let rest = line.trim_start_matches("- ").strip_prefix(name);
        let from_expression = rest.and_then(|rest| rest.strip_prefix(':')).is_some_and(|value| {
            value.contains("secrets.") || value.contains(".token") || value.contains("steps.") || value.contains("inputs.")
        });
        from_expression || sets_in_shell(line, name)
    };
    lines.iter().any(gives)
}

fn sets_in_shell(line: &str, name: &str) -> bool {
    let assignment = format!("{name}=");
    let Some((before, after)) = line.split_once(&assignment) else { return false };
    // `NAME=$NAME` says nothing; `NAME=$(…)` and a value do.
    let is_start = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || c == '{');
    is_start && !after.is_empty()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "permissions:\n  packages: write\njobs:\n  push:\n    steps:\n      - env:\n          TOKEN: ${{ secrets.GITHUB_TOKEN }}\n        run: |\n          echo \"$TOKEN\" | skopeo login ghcr.io -u \"$GITHUB_ACTOR\" --password-stdin\n          skopeo copy docker-archive:result docker://ghcr.io/me/bot:1\n";

    #[test]
    fn a_workflow_that_names_its_secrets_is_well() {
        let found = read("ci.yml", GOOD).unwrap();
        assert_eq!(found.pushes, [(10, Some("ghcr.io".to_owned()))]);
        assert!(found.uses_run_token && found.may_write_packages && found.unprovided.is_empty());
    }

    #[test]
    fn names_variables_that_no_secret_provides() {
        let without = GOOD.replace("          TOKEN: ${{ secrets.GITHUB_TOKEN }}\n", "");
        assert_eq!(read("ci.yml", &without).unwrap().unprovided, [(8, Some("TOKEN".to_owned()))]);
        let plain = GOOD.replace("secrets.GITHUB_TOKEN", "vars.TOKEN");
        assert_eq!(read("ci.yml", &plain).unwrap().unprovided, [(9, Some("TOKEN".to_owned()))]);
        let action = "steps:\n  - uses: docker/login-action@v3\n    with:\n      password: ${{ env.REGISTRY_PASSWORD }}\n  - uses: docker/build-push-action@v6\n    with:\n      push: true\n      tags: me/bot:1\n";
        let found = read("ci.yml", action).unwrap();
        assert_eq!(found.unprovided, [(4, Some("REGISTRY_PASSWORD".to_owned()))]);
        assert_eq!(found.pushes, [(5, Some("docker.io".to_owned()))]);
    }

    #[test]
    fn a_shell_may_set_the_variable_itself() {
        let text = "run: |\n  TOKEN=$(gcloud auth print-access-token)\n  skopeo copy --dest-creds=oauth2:$TOKEN docker-archive:x docker://gcr.io/p/i\n";
        assert!(read("ci.yml", text).unwrap().unprovided.is_empty());
    }

    #[test]
    fn what_stays_on_this_machine_is_no_push() {
        for line in [
            "skopeo copy docker-archive:result docker-daemon:bot:latest",
            "skopeo inspect docker://ghcr.io/me/bot",
            "# skopeo copy x docker://ghcr.io/me/bot",
            "docker build -t bot .",
            "git push origin main",
            "docker build . && git push",
            "uses: docker/build-push-action@v6",
        ] {
            assert_eq!(pushing_tool(line), None, "{line}");
        }
        assert_eq!(pushing_tool("docker buildx build --push -t x ."), Some("docker"));
        assert_eq!(commands("a \\\n  b\\\n c\nd"), ["a  b c", "", "", "d"]);
        assert_eq!(host_of_line("docker push ghcr.io/me/bot:1"), Some("ghcr.io".to_owned()));
    }

    proptest! {
        #[test]
        fn no_workflow_breaks_it(text in "(skopeo copy |docker push|docker://|\\$\\{?|TOKEN=?|password:|--creds|[ \n#-]|[a-z./]{0,9}){0,20}|\\PC{0,40}") {
            read("a", &text);
            text.lines().for_each(|line| { host_of_line(line); });
        }
    }
}
