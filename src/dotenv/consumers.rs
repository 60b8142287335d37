//! Tells from the files of a project which programs read its `.env`. Each comes with the file that says so.
//!
//! A program that is named in vain costs a form of quoting; one that is missed misreads a value. So what is not certain
//! counts.

use std::sync::LazyLock;

use regex::Regex;
use semver::Version;
use serde_json::Value;

use super::consumer::Consumer;

/// The files of a project that tell who reads its `.env`, and the versions of what is installed.
#[derive(Debug, Default)]
pub struct Clues {
    /// Names, as messages show them, and texts. A file whose text does not matter has an empty one.
    pub files: Vec<(String, String)>,
    /// The version of devenv, when it is installed.
    pub devenv: Option<Version>,
}

/// A program that reads the `.env`, and what says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// The program.
    pub consumer: Consumer,
    /// The file that says so.
    pub file: String,
    /// What in it does, as a fragment.
    pub why: &'static str,
}

/// The names of the files that tell something, in a directory.
pub const TELLING: [&str; 34] = [
    ".envrc",
    ".justfile",
    ".mise.toml",
    ".sops.yaml",
    "Cargo.toml",
    "Justfile",
    "Makefile",
    "Pipfile",
    "Procfile",
    "Procfile.dev",
    "bun.lock",
    "bun.lockb",
    "bunfig.toml",
    "compose.override.yaml",
    "compose.override.yml",
    "compose.yaml",
    "compose.yml",
    "deno.json",
    "deno.jsonc",
    "deno.lock",
    "devenv.nix",
    "devenv.yaml",
    "docker-compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
    "flake.nix",
    "justfile",
    "mise.toml",
    "package.json",
    "process-compose.yaml",
    "process-compose.yml",
    "pyproject.toml",
    "uv.lock",
];

/// Whether a file of a name may tell something.
pub fn is_telling(name: &str) -> bool {
    let is_python = name.starts_with("requirements") && name.ends_with(".txt");
    TELLING.contains(&name) || is_python || name.ends_with(".service") || name.ends_with(".sh")
}

/// Whether somebody would have to look for devenv's version.
pub fn wants_devenv_version(clues: &Clues) -> bool {
    clues.files.iter().any(|(name, text)| base(name) == "devenv.nix" && enables_dotenv(text))
}

/// The programs that read the `.env`, each with everything that says so.
pub fn evidence(clues: &Clues) -> Vec<Evidence> {
    let mut found: Vec<Evidence> = clues.files.iter().flat_map(|(name, text)| of_file(name, text, clues)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn of_file(name: &str, text: &str, clues: &Clues) -> Vec<Evidence> {
    let mut found = match base(name) {
        "package.json" => of_package(text),
        "bun.lock" | "bun.lockb" | "bunfig.toml" => vec![(Consumer::Bun, "it belongs to bun")],
        "deno.json" | "deno.jsonc" | "deno.lock" => vec![(Consumer::Deno, "it belongs to deno")],
        ".envrc" => of_envrc(text),
        "devenv.nix" | "flake.nix" => of_devenv(text, clues.devenv.as_ref()),
        "devenv.yaml" if enables_secretspec(text) => vec![(Consumer::Devenv, "`secretspec.enable` reads it by dotenv-ng")],
        "Procfile" | "Procfile.dev" => vec![
            (Consumer::ProcessCompose, "overmind and hivemind read `.env` beside it"),
            (Consumer::Honcho, "honcho reads `.env` beside it"),
        ],
        "process-compose.yaml" | "process-compose.yml" => {
            vec![(Consumer::ProcessCompose, "process-compose reads `.env` beside it")]
        }
        "pyproject.toml" | "Pipfile" => of_python(text),
        "uv.lock" => vec![(Consumer::Rust, "uv reads environment files by dotenvy")],
        "Cargo.toml" if names_crate(text) => vec![(Consumer::Rust, "it depends on dotenvy")],
        "mise.toml" | ".mise.toml" if mentions_file(text) => vec![(Consumer::Rust, "mise reads it by dotenvy")],
        "justfile" | ".justfile" | "Justfile" if loads_dotenv(text) => {
            vec![(Consumer::Rust, "`set dotenv-load` reads it by dotenvy")]
        }
        ".sops.yaml" if text.contains(".env") => vec![(Consumer::Sops, "it has a rule for `.env`")],
        other if other.starts_with("requirements") => of_python(text),
        other if other.ends_with(".service") && text.contains("EnvironmentFile=") => {
            vec![(Consumer::Systemd, "it has an `EnvironmentFile=`")]
        }
        other if is_compose(other) => of_compose(text),
        _ => Vec::new(),
    };
    // An expression takes as long to be made as all of these files to be read, and most have none of its words.
    let may_run = |words: &str| !is_data(base(name)) && text.contains(words);
    if may_run(".env") && SOURCED.is_match(text) {
        found.push((Consumer::Shell, "a shell reads it with `.` or `source`"));
    }
    if may_run("--env-file") && DOCKER_RUN.is_match(text) {
        found.push((Consumer::Docker, "it runs a container with `--env-file`"));
    }
    found.into_iter().map(|(consumer, why)| Evidence { consumer, file: name.to_owned(), why }).collect()
}

/// What is found in one file.
type Found = Vec<(Consumer, &'static str)>;

fn of_package(text: &str) -> Found {
    let package: Value = serde_json::from_str(text).unwrap_or_default();
    let depends_on = |name: &str| {
        let fields = ["dependencies", "devDependencies", "optionalDependencies"];
        fields.iter().any(|field| package.get(field).is_some_and(|found| found.get(name).is_some()))
    };
    let scripts = package.get("scripts").and_then(Value::as_object);
    let runs = |word: &str| {
        let mut commands = scripts.into_iter().flatten().filter_map(|(_, command)| command.as_str());
        commands.any(|command| command.split_whitespace().any(|found| found == word || found.starts_with(&format!("{word}="))))
    };
    let manager = package.get("packageManager").and_then(Value::as_str).unwrap_or_default();
    let all = [
        (depends_on("next"), Consumer::Next, "it depends on Next.js"),
        (depends_on("vite") || depends_on("astro") || depends_on("vitest"), Consumer::Vite, "it depends on Vite"),
        (depends_on("dotenv-expand"), Consumer::Vite, "it depends on dotenv-expand, as Vite does"),
        (depends_on("varlock"), Consumer::Varlock, "it depends on varlock"),
        (depends_on("dotenv"), Consumer::Node, "it depends on dotenv"),
        (runs("--env-file") || runs("--env-file-if-exists"), Consumer::Node, "a script runs node with `--env-file`"),
        (runs("bun") || runs("bunx") || manager.starts_with("bun@"), Consumer::Bun, "a script runs bun"),
        (runs("deno"), Consumer::Deno, "a script runs deno"),
    ];
    all.into_iter().filter(|(holds, _, _)| *holds).map(|(_, consumer, why)| (consumer, why)).collect()
}

fn of_envrc(text: &str) -> Found {
    let mut commands = code_lines(text).flat_map(|line| line.split(['&', ';', '|']).map(str::trim).collect::<Vec<_>>());
    let reads = commands.any(|command| matches!(command.split_whitespace().next(), Some("dotenv" | "dotenv_if_exists")));
    if reads { vec![(Consumer::Direnv, "it has `dotenv`")] } else { Vec::new() }
}

/// devenv of an unknown version may be one that takes quotes for a part of the value.
fn of_devenv(text: &str, version: Option<&Version>) -> Found {
    if !enables_dotenv(text) {
        return Vec::new();
    }
    match version {
        Some(version) if (version.major, version.minor) >= (2, 3) => vec![(Consumer::Devenv, "it has `dotenv.enable`")],
        Some(_) => vec![(Consumer::OldDevenv, "it has `dotenv.enable`, and this devenv takes quotes for a part of the value")],
        None => vec![
            (Consumer::OldDevenv, "it has `dotenv.enable`; devenv up to 2.2 takes quotes for a part of the value"),
            (Consumer::Devenv, "it has `dotenv.enable`"),
        ],
    }
}

fn enables_dotenv(text: &str) -> bool {
    text.contains("dotenv") && DOTENV_ENABLED.is_match(&code_lines(text).collect::<Vec<_>>().join("\n"))
}

fn enables_secretspec(text: &str) -> bool {
    let whole: Value = serde_saphyr::from_str(text).unwrap_or_default();
    whole.pointer("/secretspec/enable").and_then(Value::as_bool) == Some(true)
}

/// Compose reads `.env` for its own variables, whatever a service reads.
fn of_compose(text: &str) -> Found {
    let whole: Value = serde_saphyr::from_str(text).unwrap_or_default();
    let services = whole.get("services").and_then(Value::as_object);
    let mut entries = services.into_iter().flatten().filter_map(|(_, service)| service.get("env_file")?.as_array()).flatten();
    let is_raw = entries.any(|entry| entry.get("format").and_then(Value::as_str) == Some("raw"));
    let raw = is_raw.then_some((Consumer::Docker, "an `env_file` says `format: raw`"));
    std::iter::once((Consumer::Compose, "compose reads `.env` beside it")).chain(raw).collect()
}

fn of_python(text: &str) -> Found {
    let packages = ["python-dotenv", "pydantic-settings", "python_dotenv", "pydantic_settings", "environs", "uvicorn[standard]"];
    let lower = text.to_lowercase();
    let mut found = Found::new();
    if packages.iter().any(|package| lower.contains(package)) {
        found.push((Consumer::Python, "it depends on python-dotenv"));
    }
    if lower.contains("honcho") {
        found.push((Consumer::Honcho, "it depends on honcho"));
    }
    if lower.contains("[tool.uv") {
        found.push((Consumer::Rust, "uv reads environment files by dotenvy"));
    }
    found
}

fn names_crate(text: &str) -> bool {
    let Ok(manifest) = text.parse::<toml::Table>() else { return false };
    let has = |table: &toml::Table| {
        let fields = ["dependencies", "dev-dependencies", "build-dependencies"];
        let mut tables = fields.iter().filter_map(|field| table.get(*field)?.as_table());
        tables.any(|dependencies| dependencies.contains_key("dotenvy") || dependencies.contains_key("dotenv"))
    };
    has(&manifest) || manifest.get("workspace").and_then(toml::Value::as_table).is_some_and(has)
}

/// Whether mise is told to read a file: `_.file`, `env_file`, or a `file` below `_`.
fn mentions_file(text: &str) -> bool {
    let mut lines = code_lines(text);
    lines.any(|line| {
        let key = line.split('=').next().unwrap_or_default().trim();
        (key.ends_with("_.file") || key == "env_file" || key == "file") && line.contains(".env")
    })
}

fn loads_dotenv(text: &str) -> bool {
    code_lines(text).any(|line| {
        let setting = line.strip_prefix("set ").map(str::trim_start);
        setting.is_some_and(|setting| setting.starts_with("dotenv-") && !setting.ends_with("false"))
    })
}

fn is_compose(name: &str) -> bool {
    (name.starts_with("compose.") || name.starts_with("docker-compose.")) && (name.ends_with(".yaml") || name.ends_with(".yml"))
}

/// Lock files and the like run nothing.
fn is_data(name: &str) -> bool {
    name.contains("lock") || name.starts_with("requirements") || matches!(name, "pyproject.toml" | "Cargo.toml")
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The lines that are no comment, without what stands behind a `#`.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|line| line.split(" #").next().unwrap_or(line).trim())
        .filter(|line| !line.starts_with('#') && !line.is_empty())
}

#[expect(clippy::expect_used, reason = "the expressions are constants that every test compiles")]
fn expression(text: &str) -> Regex {
    Regex::new(text).expect("a valid expression")
}

static SOURCED: LazyLock<Regex> = LazyLock::new(|| {
    expression(r#"(?m)(?:^|[ \t;&"'(])(?:source|\.)[ \t]+["']?(?:\./|\$PWD/)?\.env(?:\.local)?(?:$|[ \t;&|"')])"#)
});
static DOCKER_RUN: LazyLock<Regex> = LazyLock::new(|| expression(r"(?:docker|podman|nerdctl) run (?:[^\n]* )?--env-file"));
static DOTENV_ENABLED: LazyLock<Regex> =
    LazyLock::new(|| expression(r"dotenv(?:\.enable|[ \t\n]*=[ \t\n]*\{[^}]*[ \t\n;{]enable)[ \t\n]*=[ \t\n]*true"));

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    fn consumers(files: &[(&str, &str)], devenv: Option<&str>) -> Vec<Consumer> {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let clues = Clues { files, devenv: devenv.map(|version| version.parse().unwrap()) };
        let mut found: Vec<Consumer> = evidence(&clues).into_iter().map(|evidence| evidence.consumer).collect();
        found.dedup();
        found
    }

    #[test]
    fn every_file_that_tells_something_is_understood() {
        use Consumer::*;
        let cases: &[(&str, &str, &[Consumer])] = &[
            (
                "package.json",
                r#"{"dependencies":{"next":"16","dotenv":"17"},"devDependencies":{"vite":"7"}}"#,
                &[Node, Next, Vite],
            ),
            ("package.json", r#"{"scripts":{"dev":"node --env-file=.env ."},"packageManager":"bun@1.4.0"}"#, &[Node, Bun]),
            ("package.json", r#"{"dependencies":{"nextra":"1"}}"#, &[]),
            ("apps/web/bun.lock", "", &[Bun]),
            ("deno.json", "{}", &[Deno]),
            (".envrc", "use flake\ndotenv_if_exists .env\n", &[Direnv]),
            (".envrc", "# dotenv\nuse flake\n", &[]),
            (".envrc", "set -a; . ./.env\n", &[Shell]),
            ("devenv.yaml", "secretspec:\n  enable: true\n", &[Devenv]),
            ("compose.yaml", "services:\n  a:\n    env_file: .env\n", &[Compose]),
            ("compose.yml", "services:\n  a:\n    env_file:\n      - path: .env\n        format: raw\n", &[Compose, Docker]),
            ("deploy/bot.service", "[Service]\nEnvironmentFile=/etc/bot.env\n", &[Systemd]),
            ("Procfile", "web: node .\n", &[ProcessCompose, Honcho]),
            ("requirements-dev.txt", "python-dotenv==1.2\n", &[Python]),
            ("pyproject.toml", "[project]\ndependencies = ['pydantic-settings']\n[tool.uv]\n", &[Python, Rust]),
            ("Cargo.toml", "[dependencies]\ndotenvy = '0.15'\n", &[Rust]),
            ("Cargo.toml", "[workspace.dependencies]\ndotenv = '0.15'\n", &[Rust]),
            ("mise.toml", "[env]\n_.file = '.env'\n", &[Rust]),
            ("justfile", "set dotenv-load\n\nrun:\n  docker run --rm --env-file .env img\n", &[Docker, Rust]),
            ("justfile", "set dotenv-load := false\n", &[]),
            ("scripts/run.sh", "source .env\n", &[Shell]),
            ("scripts/run.sh", "cp .env.example .env\n", &[]),
            (".sops.yaml", "creation_rules:\n  - path_regex: \\.env$\n", &[Sops]),
        ];
        for (name, text, expected) in cases {
            assert_eq!(consumers(&[(name, text)], None), *expected, "{name}: {text}");
        }
    }

    #[test]
    fn the_version_of_devenv_decides() {
        let nix = "{ pkgs, ... }: {\n  # dotenv.enable = false\n  dotenv = {\n    enable = true;\n  };\n}\n";
        assert_eq!(consumers(&[("devenv.nix", nix)], None), [Consumer::OldDevenv, Consumer::Devenv]);
        assert_eq!(consumers(&[("devenv.nix", nix)], Some("2.2.2")), [Consumer::OldDevenv]);
        assert_eq!(consumers(&[("devenv.nix", nix)], Some("2.3.0")), [Consumer::Devenv]);
        assert_eq!(consumers(&[("devenv.nix", "{ # dotenv.enable = true;\n }")], None), []);
        assert_eq!(consumers(&[("devenv.nix", "{ dotenv.enable = true; }")], Some("2.0.0")), [Consumer::OldDevenv]);
    }

    #[test]
    fn what_says_so_is_named() {
        let files = vec![("apps/web/package.json".to_owned(), r#"{"dependencies":{"next":"16"}}"#.to_owned())];
        let found = evidence(&Clues { files, devenv: None });
        let expected = Evidence { consumer: Consumer::Next, file: "apps/web/package.json".into(), why: "it depends on Next.js" };
        assert_eq!(found, [expected]);
    }
}
