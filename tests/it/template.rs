//! `nixstart template list | show | check`.

use pretty_assertions::assert_eq;

use crate::support::{Sandbox, files_below};

const HEAD: &str = "schema = 1\nname = \"t\"\ntitle = \"T\"\ndescription = \"x\"\nversion = \"1.0.0\"\n";

#[test]
fn lists_and_shows_the_built_in_templates() {
    let sandbox = Sandbox::new();
    let list = sandbox.run(&["template", "list"]).expect(0).stdout;
    let expected = "discord-bot   A Discord bot with slash commands, tests and an image, in TypeScript or JavaScript\n\
        web-monorepo  A Next.js app, an Express API and a shared package in one workspace, with images that need no Docker\n";
    assert_eq!(list, expected);
    let json: serde_json::Value = serde_json::from_str(&sandbox.run(&["template", "list", "--json"]).expect(0).stdout).unwrap();
    assert_eq!(json["templates"][0]["name"], "discord-bot");
    let shown = sandbox.run(&["template", "show", "discord-bot"]).expect(0).stdout;
    for text in [
        "language  Which language? [typescript, javascript] (default: typescript)",
        "BOT_TOKEN  Token the bot logs in with",
        "  register\n",
        "  flake.nix\n",
    ] {
        assert!(shown.contains(text), "`{text}` is not in:\n{shown}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["template", "show", "discord-bot", "--json"]).expect(0).stdout).unwrap();
    assert_eq!(json["questions"][1]["choices"], serde_json::json!(["pnpm", "npm"]));
    assert_eq!(json["questions"][1]["advanced"], false);
    let shown = sandbox.run(&["template", "show", "web-monorepo"]).expect(0).stdout;
    for text in [
        "database  Which database? [none, postgres] (default: none)\n",
        "scope  Which npm scope do the packages have? (default: @web-monorepo) (not asked; `--set scope=…`)\n",
        "registry  Where are images pushed? (default: nothing) (not asked; `--set registry=…`)\n",
        "DATABASE_URL  Where the API finds PostgreSQL; unset, the one of devenv.nix (required in production)\n",
        "  app  An app of the workspace, with a dev shell of its own [web, api, empty]\n",
        "  apps/web/app/page.tsx\n",
    ] {
        assert!(shown.contains(text), "`{text}` is not in:\n{shown}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["template", "show", "web-monorepo", "--json"]).expect(0).stdout).unwrap();
    assert_eq!(json["questions"][2]["default"], "@{{project.dns_name}}");
    assert_eq!(json["questions"][2]["advanced"], true);
    assert_eq!(json["parts"][0]["kinds"], serde_json::json!(["web", "api", "empty"]));
}

#[test]
fn the_built_in_templates_are_sound() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["template", "check"]).expect(0);
    assert_eq!(run.stdout, "");
    run.says("discord-bot: 4 combinations of answers").says("web-monorepo: 8 combinations of answers").says("0 findings");
}

#[test]
fn the_tree_of_every_combination_of_answers() {
    let sandbox = Sandbox::new();
    let mut trees = String::new();
    for language in ["typescript", "javascript"] {
        for manager in ["pnpm", "npm"] {
            let name = format!("{language}-{manager}");
            let (language, manager) = (format!("language={language}"), format!("package_manager={manager}"));
            sandbox.run(&["new", "discord-bot", &name, "--set", &language, "--set", &manager]).expect(0);
            let files = files_below(&sandbox.work().join(&name));
            trees += &format!("== {name}\n{}\n", files.into_keys().collect::<Vec<_>>().join("\n"));
        }
    }
    insta::assert_snapshot!(trees);
}

#[test]
fn names_file_and_line_of_every_mistake_and_exits_with_3() {
    let sandbox = Sandbox::new();
    let question = "[[question]]\nname = \"unused\"\ntype = \"confirm\"\ndefault = true\n";
    sandbox.write("t/template.toml", &format!("{HEAD}{question}[[file]]\npath = \"escape\"\nto = \"../escape\"\n"));
    sandbox.write("t/files/a.json.hbs", "{\n  \"name\": \"{{project.name}}\"\n}\n");
    sandbox.write("t/files/b.txt.hbs", "one\n{{missing}}\n");
    sandbox.write("t/files/c.md", "{{project.name}}\n");
    sandbox.write("t/files/escape", "");
    let run = sandbox.run(&["template", "check", "t"]).expect(3);
    let expected = [
        "t/files/b.txt.hbs:2: error: `missing` is not declared [cannot-render]",
        "t/files/b.txt.hbs:2: error: `missing` is not declared [undeclared-variable]",
        "t/template.toml:7: warning: nothing reads the answer to `unused` [unused-question]",
    ];
    for line in expected {
        assert!(run.stdout.contains(line), "`{line}` is not in:\n{}", run.stdout);
    }
    run.says("the check found 2 errors");
    sandbox.write("t/files/b.txt.hbs", "one\n");
    let run = sandbox.run(&["template", "check", "t"]).expect(3);
    assert!(
        run.stdout.contains("t/files/escape: error: the path `../escape` has the component `..` [path-escape]"),
        "{}",
        run.stdout
    );
    sandbox.write("t/template.toml", &format!("{HEAD}{question}"));
    let run = sandbox.run(&["template", "check", "t"]).expect(3);
    for line in ["t/files/a.json.hbs:2: error: `a.json` does not parse", "t/files/c.md:1: error: `c.md` keeps `{{project.name}}`"]
    {
        assert!(run.stdout.contains(line), "`{line}` is not in:\n{}", run.stdout);
    }
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["template", "check", "t", "--json"]).expect(3).stdout).unwrap();
    assert_eq!(json["templates"][0]["combinations"], 2);
}

#[test]
fn a_broken_template_is_refused_with_its_line() {
    let sandbox = Sandbox::new();
    sandbox.write("t/template.toml", &format!("{HEAD}colour = \"red\"\n"));
    sandbox.run(&["new", "./t", "out"]).expect(1).says("unknown field `colour`").says("at line 6");
    sandbox.write("t/template.toml", HEAD);
    sandbox.write("t/files/a.hbs", "\n\n{{missing}}");
    sandbox
        .run(&["new", "./t", "out"])
        .expect(1)
        .says("files/a.hbs:3: `missing` is not declared")
        .says("nixstart template check");
    sandbox.write("t/template.toml", &format!("{HEAD}[[file]]\npath = \"a.hbs\"\nto = \"/etc/x\"\n"));
    sandbox.write("t/files/a.hbs", "");
    sandbox.run(&["new", "./t", "out"]).expect(1).says("the path `/etc/x` is absolute");
    assert!(!sandbox.exists("out"));
}

#[test]
fn a_link_in_a_template_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("t/template.toml", HEAD);
    std::fs::create_dir(sandbox.work().join("t/files")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", sandbox.work().join("t/files/a")).unwrap();
    sandbox.run(&["new", "./t", "out"]).expect(10).says("the template has a link: `files/a`");
}

#[test]
fn a_project_and_its_template_share_no_folder() {
    let sandbox = Sandbox::new();
    sandbox.write("deep/t/template.toml", HEAD);
    sandbox.write("deep/t/files/a", "ours\n");
    std::os::unix::fs::symlink("deep/t", sandbox.work().join("link")).unwrap();
    let before = sandbox.files();
    for arguments in [
        ["-C", "deep", "new", "./t", "--defaults"].as_slice(),
        &["new", "./deep/t", "deep/t/files/new", "--defaults"],
        &["new", "./deep/t", "deep", "--defaults"],
        &["new", "./deep/t", "link", "--defaults"],
        &["new", "./link", "deep/t", "--defaults"],
    ] {
        sandbox
            .run(arguments)
            .expect(10)
            .says("would share files with the folder of its template")
            .says("name a directory apart from it: `nixstart new TEMPLATE DIR`");
    }
    assert_eq!(sandbox.files(), before);
    sandbox.run(&["new", "./deep/t", "deep/t2", "--defaults"]).expect(0);
}

/// What would retitle a terminal, ring its bell, blink, and go back over a line.
const HOSTILE: &str = "\\u001b]0;owned\\u0007\\u001b[5m\\b\\r\\u009b2K\\u007f";

/// A template with [`HOSTILE`] in each of its texts.
pub(crate) fn hostile_manifest() -> String {
    let text = r#"schema = 1
name = "t"
title = "HT"
description = "HD"
version = "1.0.0"
[[question]]
name = "kind"
type = "select"
prompt = "HPick"
help = "HHelp"
choices = [{ value = "Ha", label = "HLabel", help = "HWhy" }, { value = "b" }]
default = "Ha"
[[question]]
name = "title"
type = "text"
prompt = "HTitle"
help = "HHelp"
default = "x"
validate = { pattern = "^x", message = "Hstart with x" }
[[question]]
name = "several"
type = "multiselect"
prompt = "HSeveral"
choices = [{ value = "Hc", help = "HWhy" }]
default = ["Hc"]
[[question]]
name = "sure"
type = "confirm"
prompt = "HSure"
help = "HHelp"
default = true
[[secret]]
name = "KEY"
description = "HKey"
obtain = { url = "https://example.org/H", steps = ["HOpen"] }
[[secret]]
name = "ID"
description = "HId"
sensitive = false
pattern = "^H$"
[services.web]
command = "Hrun {{sure}}"
[[next_step]]
command = "echo H{{kind}}"
about = "Hechoes"
[[next_step]]
command = "sh -c 'exit 0' 'H'"
about = "Hends"
offer = { produces = ["made"] }
"#;
    // The letter stands before each text.
    text.replace("\"H", &format!("\"{HOSTILE}")).replace("H{{", &format!("{HOSTILE}{{{{")).replace("'H'", &format!("'{HOSTILE}'"))
}

#[test]
fn no_text_of_a_template_reaches_the_terminal_as_a_command() {
    let sandbox = Sandbox::new();
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[5m\u{8}\r\u{9b}2K\u{7f}";
    sandbox.write("t/template.toml", &hostile_manifest());
    sandbox.write("t/files/.gitignore", ".env\n.env.*\n!.env.example\n");
    sandbox.write("t/files/a.txt", &format!("{hostile}\n"));
    sandbox.write("t/files/b.txt.hbs", &format!("{hostile}{{{{title}}}}{{{{several}}}}\n"));
    sandbox.write("old/.gitignore", &format!("{hostile}\n"));
    let assert_clean = |arguments: &[&str], code: i32| {
        let run = sandbox.run(&[&["--color", "never"], arguments].concat()).expect(code);
        let found = format!("{}{}", run.stdout, run.stderr);
        assert!(!found.chars().any(|c| c.is_control() && c != '\n'), "{arguments:?} wrote {found:?}");
        assert!(found.contains("owned"), "{arguments:?} says nothing of the template: {found:?}");
        run
    };
    assert_clean(&["template", "show", "./t"], 0);
    assert_clean(&["new", "./t", "a", "--verbose"], 0);
    assert_clean(&["new", "./t", "b", "--dry-run", "--verbose"], 0);
    assert_clean(&["new", "./t", "old", "--yes"], 0);
    assert_clean(&["new", "./t", "c", "--set", "title=y"], 2);
    assert_clean(&["new", "./t", "c", "--set", "kind=y"], 2);
    sandbox.write("t/files/c.txt", &format!("{{{{project.{hostile}}}}}\n"));
    assert_clean(&["template", "check", "t"], 3);
    let shown = assert_clean(&["template", "show", "./t", "--json"], 0);
    let json: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(json["title"], format!("{hostile}T"));
    assert_eq!(json["questions"][0]["choices"][0], format!("{hostile}a"));
}

#[test]
fn suggests_the_nearest_template() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bit"]).expect(1).says("there is no template `discord-bit`").says("did you mean `discord-bot`?");
    sandbox.run(&["template", "show", "zzz"]).expect(1).says("built-in templates: discord-bot, web-monorepo");
    sandbox.run(&["new", "./nowhere"]).expect(1).says("there is no template folder `./nowhere`");
    sandbox.run(&["new"]).expect(4).says("`template` needs an answer").says("nixstart new discord-bot|web-monorepo");
}
