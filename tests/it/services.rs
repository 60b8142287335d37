//! What the built-in templates declare as `[services.*]`: it is understood, and `devenv.nix` says the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use nixstart::project::name::ProjectName;
use nixstart::project::record::Part;
use nixstart::question::{Answer, Answers};
use nixstart::service::{Check, Condition, Policy, Service, ServiceSet, unhonoured};
use nixstart::template::catalog;
use nixstart::template::scaffold::{Given, Scaffold};
use pretty_assertions::assert_eq;
use regex::Regex;
use rustix::process::Signal;

use crate::support::process::{Running, free_port};
use crate::support::stores::{NOBODY, POSTGRES, program};
use crate::support::{run, tools};

fn scaffold(template: &str, answers: &[(&str, &str)], parts: &[Part]) -> Scaffold {
    let template = catalog::find(template).unwrap().unwrap();
    let answers: Answers =
        answers.iter().map(|(name, answer)| ((*name).to_owned(), Answer::Text((*answer).to_owned()))).collect();
    let name = ProjectName::parse("my-project").unwrap();
    let answers = {
        let context = template.context(&name, &answers);
        let defaults = template.manifest.questions.iter().filter_map(|question| {
            let default = nixstart::template::Template::default_of(question, &context).unwrap()?;
            Some((question.name.clone(), default))
        });
        defaults.chain(answers.clone()).collect::<Answers>()
    };
    template.scaffold(Given { name: &name, answers: &answers, parts }, catalog::carried).unwrap()
}

/// Projects of every template with answers that change services.
fn projects() -> Vec<(String, Scaffold)> {
    let mut projects = Vec::new();
    for language in ["typescript", "javascript"] {
        for manager in ["pnpm", "npm"] {
            let answers = [("language", language), ("package_manager", manager)];
            projects.push((format!("discord-bot {language} {manager}"), scaffold("discord-bot", &answers, &[])));
        }
    }
    let part = |name: &str, kind: &str, port| Part { part: "app".into(), name: name.into(), kind: kind.into(), port };
    let parts = [part("admin", "web", Some(3002)), part("jobs", "empty", None), part("mail", "api", Some(3003))];
    for database in ["none", "postgres"] {
        for cache in ["none", "redis"] {
            for parts in [&[], parts.as_slice()] {
                let answers = [("database", database), ("cache", cache)];
                let label = format!("web-monorepo {database} {cache} {}", parts.len());
                projects.push((label, scaffold("web-monorepo", &answers, parts)));
            }
        }
    }
    projects
}

fn text(scaffold: &Scaffold, path: &str) -> String {
    String::from_utf8(scaffold.tree.get(path).unwrap_or_else(|| panic!("{path} is missing")).contents.clone()).unwrap()
}

fn services(scaffold: &Scaffold) -> ServiceSet {
    let manifest: toml::Table = text(scaffold, "nixstart.toml").parse().unwrap();
    ServiceSet::parse(manifest["services"].as_table().unwrap()).unwrap()
}

#[test]
fn the_services_of_every_project_are_understood_and_honoured() {
    for (label, scaffold) in projects() {
        let services = services(&scaffold);
        assert!(!services.is_empty(), "{label}");
        assert_eq!(services.findings(), [], "{label}");
        for service in &services {
            assert_eq!(unhonoured(service), [], "{label}");
            assert!(service.argv().is_some(), "{label}");
        }
    }
}

/// A process, as both files can say it.
#[derive(Debug, PartialEq, Eq)]
struct Process {
    command: String,
    folder: String,
    waits: BTreeMap<String, &'static str>,
    restarts: bool,
    /// Port, path, period and failures of the check.
    ready: Option<(u16, String, Duration, u32)>,
    env: BTreeMap<String, String>,
}

/// The script behind `pnpm run NAME`, as package.json says it; options for a file of variables are left out.
fn resolved(scaffold: &Scaffold, folder: &str, command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().filter(|word| !word.starts_with("--env-file")).collect();
    let [_, "run", script] = words.as_slice() else { return words.join(" ") };
    let path = if folder.is_empty() { "package.json".to_owned() } else { format!("{folder}/package.json") };
    let manifest: serde_json::Value = serde_json::from_str(&text(scaffold, &path)).unwrap();
    manifest["scripts"][script].as_str().unwrap_or_else(|| panic!("{path} has no script {script}")).to_owned()
}

fn of_service(scaffold: &Scaffold, service: &Service) -> Process {
    let folder = service.working_dir.as_ref().map(ToString::to_string).unwrap_or_default();
    let ready = service.readiness.as_ref().map(|probe| match &probe.check {
        Check::Http { port, path, .. } => (*port, path.clone(), probe.period, probe.retries),
        other => panic!("{other:?}"),
    });
    Process {
        command: resolved(scaffold, &folder, &service.argv().unwrap().join(" ")),
        folder,
        waits: service.depends_on.iter().map(|(name, dependency)| (name.clone(), dependency.condition.word())).collect(),
        restarts: service.restart.policy != Policy::Never,
        ready,
        env: service.env.clone(),
    }
}

/// What is between the braces of every `PREFIX.NAME = {` of a Nix file.
fn blocks(nix: &str, prefix: &str) -> BTreeMap<String, String> {
    let start = Regex::new(&format!(r"(?m)^  {prefix}\.([\w-]+) = \{{$")).unwrap();
    let block = |found: regex::Captures<'_>| {
        let rest = &nix[found.get(0).unwrap().end()..];
        (found[1].to_owned(), rest[..rest.find("\n  };").unwrap()].to_owned())
    };
    start.captures_iter(nix).map(block).collect()
}

fn captured<'a>(text: &'a str, pattern: &str) -> Option<&'a str> {
    Regex::new(pattern).unwrap().captures(text)?.get(1).map(|found| found.as_str())
}

/// The numbers in the `ports` of a `devenv.nix`.
fn ports(nix: &str) -> BTreeMap<String, u16> {
    let Some(block) = captured(nix, r"(?s)\n  ports = \{(.*?)\n  \};") else { return BTreeMap::new() };
    let port = Regex::new(r"(?m)^    ([\w-]+) = (\d+);$").unwrap();
    port.captures_iter(block).map(|found| (found[1].to_owned(), found[2].parse().unwrap())).collect()
}

/// A Nix text with the names between `let` and `in` put in; `${root}` stays.
fn with_names(nix: &str, text: &str) -> String {
    let mut text = text.to_owned();
    let names = Regex::new(r"\$\{([a-z]+)\}").unwrap();
    for _ in 0..3 {
        let value = |found: &regex::Captures<'_>| {
            let value = captured(nix, &format!(r#"(?m)^  {} = "(.*)";$"#, &found[1]));
            value.map_or_else(|| found[0].to_owned(), str::to_owned)
        };
        text = names.replace_all(&text, value).into_owned();
    }
    text
}

fn of_devenv(scaffold: &Scaffold, nix: &str, block: &str) -> Process {
    let ports = ports(nix);
    let exec = captured(block, r"(?m)^    exec = (.*);$").unwrap();
    let exec = if exec.starts_with('"') { exec.trim_matches('"').to_owned() } else { format!("${{{exec}}}") };
    let command = with_names(nix, &exec);
    let folder = captured(block, r#"(?m)^    cwd = "?(?:\$\{root\}/|root)([^";]*)"?;$"#).unwrap().to_owned();
    let install = Regex::new(r#""\w+:install""#).unwrap();
    let mut waits = BTreeMap::new();
    if install.is_match(block) {
        waits.insert("install".to_owned(), Condition::Completed.word());
    }
    for found in Regex::new(r#""devenv:processes:([\w-]+)(@completed)?""#).unwrap().captures_iter(block) {
        let condition = if found.get(2).is_some() { Condition::Completed } else { Condition::Healthy };
        waits.insert(found[1].to_owned(), condition.word());
    }
    let ready = captured(block, r"(?m)^    ready = healthy ports\.([\w-]+);$").map(|port| {
        let number = |pattern: &str| captured(nix, pattern).unwrap().parse::<u32>().unwrap();
        let period = Duration::from_secs(number(r"(?m)^    period = (\d+);$").into());
        let path = captured(nix, r#"(?m)^      path = "(.*)";$"#).unwrap().to_owned();
        (ports[port], path, period, number(r"(?m)^    failure_threshold = (\d+);$"))
    });
    let variable = Regex::new(r#"(?m)^      ([A-Z_]+) = (?:"(.*)"|toString ports\.([\w-]+));$"#).unwrap();
    let number = Regex::new(r"\$\{toString ports\.([\w-]+)\}").unwrap();
    let env = variable.captures_iter(block).map(|found| {
        let value = match found.get(3) {
            Some(port) => ports[port.as_str()].to_string(),
            None => number.replace_all(&found[2], |port: &regex::Captures<'_>| ports[&port[1]].to_string()).into_owned(),
        };
        (found[1].to_owned(), value)
    });
    Process {
        command: resolved(scaffold, &folder, command.strip_prefix("exec ").unwrap()),
        folder,
        waits,
        restarts: !block.contains("restart.on = \"never\";"),
        ready,
        env: env.collect(),
    }
}

/// A command of a service in a folder, with a port of the test's own.
fn command(argv: &[String], declared: u16, port: u16, folder: &Path) -> Command {
    let words: Vec<String> = argv.iter().map(|word| word.replace(&declared.to_string(), &port.to_string())).collect();
    let mut command = program(&words[0], folder);
    command.args(&words[1..]);
    command
}

#[test]
fn the_stores_start_in_a_fresh_project_and_again_in_one_that_has_files() {
    let needed = [POSTGRES.as_slice(), &["pg_isready", "redis-server", "redis-cli"]].concat();
    if !tools::have("services::stores", &needed) {
        return;
    }
    let scaffold = scaffold("web-monorepo", &[("database", "postgres"), ("cache", "redis")], &[]);
    let services = services(&scaffold);
    for name in ["postgres", "redis"] {
        let service = services.get(name).unwrap();
        let project = tempfile::Builder::new().prefix("nixstart-services-").tempdir().unwrap();
        if tools::is_root() {
            std::os::unix::fs::chown(project.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let log = tempfile::NamedTempFile::new().unwrap();
        for _ in ["fresh", "again"] {
            let declared = service.ports[name].port;
            let port = free_port();
            for before in &service.pre_start {
                let ended = run(&mut command(&before.argv(&[]), declared, port, project.path()), "");
                assert_eq!(ended.code, 0, "{before:?}: {}", ended.stderr);
            }
            let server = Running::start(&mut command(&service.argv().unwrap(), declared, port, project.path()), log.path());
            let Some(Check::Exec(ready)) = service.readiness.as_ref().map(|probe| &probe.check) else { panic!("{service:?}") };
            let deadline = Instant::now() + Duration::from_secs(60);
            while run(&mut command(&ready.argv(&[]), declared, port, project.path()), "").code != 0 {
                assert!(Instant::now() < deadline, "{name} is not ready:\n{}", server.said());
            }
            if name == "postgres" {
                let arguments = ["--host=127.0.0.1", "--port", &port.to_string(), "app"];
                let twice = run(program("createdb", project.path()).args(arguments), "");
                assert!(twice.stderr.contains("database \"app\" already exists"), "{}", twice.stderr);
            }
            let signal = if name == "postgres" { Signal::INT } else { Signal::TERM };
            assert_eq!(service.stop.signal.name(), if name == "postgres" { "SIGINT" } else { "SIGTERM" });
            assert!(server.end_with(signal).success(), "{name}");
        }
        let files = std::fs::read_dir(project.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        assert_eq!(files, [".devenv"], "{name}");
    }
}

#[test]
fn devenv_runs_the_processes_that_are_declared_as_services() {
    for (label, scaffold) in projects() {
        let services = services(&scaffold);
        let nix = text(&scaffold, "devenv.nix");
        let processes = blocks(&nix, "processes");
        let of_devenv_itself = blocks(&nix, "services");
        // (The dependencies are a task there, which starts before the processes.)
        let mut names: Vec<&str> =
            processes.keys().chain(of_devenv_itself.keys()).map(String::as_str).chain(["install"]).collect();
        names.sort_unstable();
        let mut declared: Vec<&str> = services.names().collect();
        declared.sort_unstable();
        assert_eq!(declared, names, "{label}");

        let listening = services.iter().flat_map(|service| service.ports.values().map(|port| (service.name.clone(), port.port)));
        assert_eq!(listening.collect::<BTreeMap<_, _>>(), ports(&nix), "{label}");

        for (name, block) in &processes {
            let service = services.get(name).unwrap();
            assert_eq!(of_service(&scaffold, service), of_devenv(&scaffold, &nix, block), "{label}: {name}");
        }
        for (name, block) in &of_devenv_itself {
            let command = services.get(name).unwrap().argv().unwrap().join(" ");
            let address = captured(block, r#"(?m)^    (?:bind|listen_addresses) = "(.*)";$"#).unwrap();
            let port = ports(&nix)[name].to_string();
            assert!(block.contains(&format!("port = ports.{name};")), "{label}: {name}");
            assert!(command.contains(address) && command.contains(&port), "{label}: {command}");
        }
        let install = captured(&nix, r#"(?m)^    exec = "(.*install.*)";$"#).unwrap();
        let installs = services.get("install").unwrap().argv().unwrap().join(" ");
        assert!(install.contains(&installs), "{label}: `{installs}` is not in `{install}`");
    }
}
