//! Documents say what the program does: references are generated from it, and README's commands are those that run.

use std::fs;

use pretty_assertions::assert_eq;

use crate::support::{Sandbox, checkout};

pub(crate) fn document(path: &str) -> String {
    fs::read_to_string(checkout().join(path)).unwrap()
}

/// Compares a generated document with what it should be, or writes it when `NIXSTART_UPDATE_DOCS` is set.
fn compare(path: &str, expected: &str) {
    if std::env::var_os("NIXSTART_UPDATE_DOCS").is_some() {
        fs::write(checkout().join(path), expected).unwrap();
    }
    assert_eq!(document(path), expected, "run the tests with NIXSTART_UPDATE_DOCS=1 to write {path} anew");
}

#[test]
fn the_reference_of_commands_is_current() {
    let mut root = nixstart::cli::command();
    root.build();
    let mut text = "# Commands\n\nGenerated from the program; `nixstart help COMMAND` prints the same.\n".to_owned();
    add_command(&mut text, &mut root, "nixstart");
    compare("docs/commands.md", &text);
}

fn add_command(text: &mut String, command: &mut clap::Command, name: &str) {
    *text += &format!("\n## {name}\n\n```text\n{}```\n", command.clone().term_width(100).render_long_help());
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for sub in names {
        add_command(text, command.find_subcommand_mut(&sub).unwrap(), &format!("{name} {sub}"));
    }
}

#[test]
fn the_tables_of_exit_codes_and_variables_are_current() {
    let sandbox = Sandbox::new();
    let topic = |topic: &str| sandbox.run(&["help", topic]).expect(0).stdout;
    compare(
        "docs/exit-codes.md",
        &format!(
            "# Exit codes\n\nGenerated; `nixstart help exit-codes` prints the same.\n\n```text\n{}```\n",
            topic("exit-codes")
        ),
    );
    compare(
        "docs/environment.md",
        &format!(
            "# Environment variables\n\nGenerated; `nixstart help environment` prints the same.\n\n```text\n{}```\n",
            topic("environment")
        ),
    );
}

#[test]
fn the_readme_has_its_two_commands_on_the_first_screen_and_they_are_real() {
    let readme = document("README.md");
    let first_screen: String = readme.lines().take(40).collect::<Vec<_>>().join("\n");
    for command in ["cargo run --release -- new discord-bot my-bot", "tests/run"] {
        assert!(first_screen.lines().any(|line| line.trim() == command), "`{command}` is not on the first screen");
    }
    let sandbox = Sandbox::new();
    sandbox.write("error.txt", "error: experimental Nix feature 'nix-command' is disabled\n");
    let commands: Vec<&str> = readme.lines().map(str::trim).filter_map(|line| line.strip_prefix("nixstart ")).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        let words: Vec<&str> = command.split(" #").next().unwrap().split_whitespace().collect();
        let code = sandbox.run(&words).code;
        // A doctor that finds something is a doctor that works; what needs a project says here that there is none, and has
        // tests of its own.
        let needs_a_project = matches!(words.first(), Some(&("add" | "build" | "image" | "up" | "ps")));
        let is_fine = if needs_a_project { code == 1 } else { code == 0 || (code == 3 && words.first() == Some(&"doctor")) };
        assert!(is_fine, "`nixstart {command}` ends with {code}");
    }
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    for path in [
        "README.md",
        "CONTRIBUTING.md",
        "INSTALLING-NIX.md",
        "docs/architecture.md",
        "docs/templates.md",
        "docs/plans.md",
        "docs/processes.md",
        "docs/dashboard.md",
        "docs/services.md",
        "docs/doctor.md",
    ] {
        let text = document(path);
        let folder = checkout().join(path).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            let is_local = !file.is_empty() && !target.contains("://");
            assert!(!is_local || folder.join(file).exists(), "{path} links to `{target}`");
        }
    }
}

#[test]
fn the_schema_of_manifests_names_every_field() {
    let schema: serde_json::Value = serde_json::from_str(&document("assets/template.schema.json")).unwrap();
    let fields = |pointer: &str| -> Vec<String> {
        let object = schema.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is missing")).as_object().unwrap();
        object.keys().cloned().collect()
    };
    // The parser itself lists the fields it knows when it meets another one.
    let known = |toml: &str| -> Vec<String> {
        let message = nixstart::template::Manifest::parse(toml).unwrap_err().to_string();
        let list = message
            .split("expected one of ")
            .nth(1)
            .or_else(|| message.split("expected ").nth(1))
            .unwrap_or_else(|| panic!("{message}"));
        list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let cases = [
        ("/properties", "zzz = 1"),
        ("/$defs/question/properties", "[[question]]\nzzz = 1"),
        ("/$defs/file/properties", "[[file]]\nzzz = 1"),
        ("/$defs/part/properties", "[[part]]\nzzz = 1"),
        ("/$defs/part/properties/kinds/items/properties", "[[part]]\nkinds = [{ zzz = 1 }]"),
        ("/$defs/secret/properties", "[[secret]]\nzzz = 1"),
        ("/$defs/nextStep/properties", "[[next_step]]\nzzz = 1"),
    ];
    for (pointer, toml) in cases {
        assert_eq!(sorted(fields(pointer)), sorted(known(toml)), "{pointer}");
    }
    // In a manifest, a service has a condition besides, and can be for each part of a kind.
    let more = [nixstart::template::manifest::CONDITION, nixstart::template::manifest::EACH];
    let known = nixstart::service::field::names().chain(more).map(str::to_owned);
    assert_eq!(sorted(fields("/$defs/service/properties")), sorted(known.collect()));
}

#[test]
fn the_table_of_checks_is_current() {
    let mut text = "# Checks\n\nGenerated; `nixstart doctor --list` prints the ids. `nixstart doctor` runs all that need neither a build nor\nyour shell; `--offline` leaves out those that use the network, `--deep` adds the costly ones.\n".to_owned();
    for group in nixstart::doctor::Group::ALL {
        text += &format!(
            "\n## {}\n\n| id | severity | holds when it passes | you see | fix | source |\n| --- | --- | --- | --- | --- | --- |\n",
            group.word()
        );
        for check in nixstart::doctor::checks().filter(|check| check.group == group) {
            let severity = format!("{:?}", check.severity).to_lowercase();
            let cells = [check.id, &severity, check.title, check.symptom, check.fix, check.source];
            text += &format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
        }
    }
    compare("docs/checks.md", &text);
}

#[test]
fn the_table_of_keys_is_current() {
    compare("docs/keys.md", &nixstart::tui::keymap::markdown());
}

#[test]
fn the_table_of_fields_of_a_service_is_current() {
    const HEADING: &str = "\n## Fields\n";
    let path = "docs/services.md";
    let written = document(path);
    let (prose, _) = written.split_once(HEADING).unwrap();
    let mut text = format!(
        "{prose}{HEADING}\nGenerated from the program. `*` is a name of your own; an empty default means that there is none.\n\n\
         | field | takes | default | what it is for | built-in runner |\n| --- | --- | --- | --- | --- |\n"
    );
    for field in nixstart::service::field::FIELDS {
        let name = format!("`{}`", field.row);
        let cells = [&name, field.takes, field.default, field.meaning, field.runner.word()];
        text += &format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    compare(path, &text);
}

#[test]
fn the_services_in_the_manual_are_understood() {
    let manual = document("docs/services.md");
    let examples: Vec<&str> = manual.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(examples.len(), 1);
    for example in examples {
        let manifest: toml::Table = example.parse().unwrap();
        let services = nixstart::service::ServiceSet::parse(manifest["services"].as_table().unwrap()).unwrap();
        for service in &services {
            assert_eq!(nixstart::service::unhonoured(service), []);
        }
    }
}

#[test]
fn every_kind_of_secret_is_in_the_manual_of_templates() {
    let manual = document("docs/templates.md");
    for kind in nixstart::secret::Kind::ALL {
        assert!(manual.contains(&format!("`{}`", kind.name())), "{}", kind.name());
    }
}
