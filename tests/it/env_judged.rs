//! `env` where declarations, programs and values do not fit together: nothing is skipped in silence, no finding holds a value,
//! and what a hint says can be typed where it was said.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use pretty_assertions::assert_eq;

use crate::support::pty::Terminal;
use crate::support::{Sandbox, run, token};

const SPEC: &str = "[project]\nname = 'x'\nrevision = '1.0'\n\n[profiles.default]\n\
                    BOT_TOKEN = { description = 'Logs in', required = true }\n\
                    CLIENT_ID = { description = 'Application', required = false }\n\
                    PORT = { description = 'Listens', required = false }\n\
                    LEVEL = { description = 'Says more', required = false }\n";
const SIDECAR: &str = "[secrets.BOT_TOKEN]\nkind = 'discord/bot-token'\npersonal = true\n\
                       [secrets.CLIENT_ID]\nkind = 'discord/application-id'\n[secrets.PORT]\nkind = 'port'\nsensitive = false\n\
                       [secrets.LEVEL]\npattern = '^(?:low|high)$'\nsensitive = false\n";

fn project(env: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("secretspec.toml", SPEC);
    sandbox.write("nixstart.toml", SIDECAR);
    sandbox.write(".env", env);
    fs::set_permissions(sandbox.work().join(".env"), fs::Permissions::from_mode(0o600)).unwrap();
    sandbox
}

#[test]
fn what_cannot_be_read_of_the_declarations_is_said_by_every_verb() {
    let sandbox = project(&format!("BOT_TOKEN={}\n", token()));
    sandbox.write("nixstart.toml", &format!("{SIDECAR}<<<<<<< HEAD\n"));
    for words in [&["env", "list"][..], &["env", "set", "LEVEL", "--stdin"], &["env", "export", "--reveal"]] {
        let ended = sandbox.run_with_input(words, "high").expect(0);
        assert!(ended.stderr.contains("warning: nixstart.toml:12: this is no valid TOML"), "{words:?}: {}", ended.stderr);
    }
}

#[test]
fn nothing_is_shared_or_started_while_a_declaration_cannot_be_read() {
    let env = format!("BOT_TOKEN={}\nLEVEL=high\n", token());
    for broken in [format!("{SIDECAR}<<<<<<< HEAD\n"), SIDECAR.replace("personal = true", "personal = 'yes'")] {
        let sandbox = project(&env);
        sandbox.write("nixstart.toml", &broken);
        let shared = sandbox.run(&["env", "share", "--to", "age1x", "--yes"]).expect(1);
        assert!(shared.stderr.contains("error: nothing is shared, because what is personal stays here"), "{}", shared.stderr);
        assert!(!sandbox.work().join("team").exists());
        let started = sandbox.run(&["env", "exec", "--", "/bin/echo", "ran"]).expect(1);
        assert_eq!(started.stdout, "");
        assert!(started.stderr.contains("`nixstart env check` names everything"), "{}", started.stderr);
    }
    // A kind of a newer nixstart is none of its business.
    let sandbox = project(&env);
    sandbox.write("nixstart.toml", &SIDECAR.replace("'port'", "'harbour'"));
    assert_eq!(sandbox.run(&["env", "exec", "--", "/bin/echo", "ran"]).expect(0).stdout, "ran\n");
}

#[test]
fn what_others_give_out_is_not_made_at_random() {
    let env = format!("BOT_TOKEN={}\nPORT=3000\n", token());
    let sandbox = project(&env);
    for words in [["env", "set", "PORT", "--generate"], ["env", "rotate", "BOT_TOKEN", "--generate"]] {
        let refused = sandbox.run(&words).expect(1);
        assert!(refused.stderr.contains("cannot be made at random"), "{}", refused.stderr);
    }
    // A pattern that chance does not meet.
    let refused = sandbox.run(&["env", "set", "LEVEL", "--generate"]).expect(1);
    assert!(refused.stderr.contains("hint: it is one of `low`, `high`"), "{}", refused.stderr);
    assert_eq!(sandbox.read(".env"), env);
    let asked = sandbox.run(&["env", "rotate", "BOT_TOKEN", "--no-input"]).expect(4);
    assert!(asked.stderr.contains("the same command with `--stdin`") && !asked.stderr.contains("--generate"), "{}", asked.stderr);
    sandbox.run(&["env", "set", "OTHER", "--generate"]).expect(0);
    assert_eq!(sandbox.read(".env").lines().last().unwrap().len(), "OTHER=".len() + 44);
}

#[test]
fn a_secret_in_the_place_of_an_id_is_shown_by_no_verb() {
    let secret = ["Zq8vT3kLm0pR7s", "Xw2yB5nD1fGhJ4cA6e"].concat();
    let sandbox = project(&format!("BOT_TOKEN={}\nCLIENT_ID={secret}\n", token()));
    sandbox.write("nixstart.toml", &SIDECAR.replace("application-id'", "application-id'\nsensitive = false"));
    for words in [
        &["env", "check"][..],
        &["env", "check", "--json"],
        &["env", "check", "--format", "github"],
        &["env", "list"],
        &["env", "list", "--json"],
    ] {
        let ended = sandbox.run(words);
        assert!(!format!("{}{}", ended.stdout, ended.stderr).contains(&secret), "{words:?}");
    }
    let listed = sandbox.run(&["env", "list", "--json", "--reveal"]).expect(0);
    assert!(listed.stdout.contains(&secret));
}

#[test]
fn a_prompt_knows_the_programs_of_the_project() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "");
    let typed = ["pa$word", "12"].concat();
    let mut terminal = Terminal::start(&sandbox, &["env", "set", "DB_PASSWORD", "--consumers", "node"], (24, 80));
    terminal.wait_for("DB_PASSWORD");
    terminal.send(&format!("{typed}\r"));
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert_eq!(sandbox.read(".env"), format!("DB_PASSWORD='{typed}'\n"));
    let mut terminal = Terminal::start(&sandbox, &["env", "set", "OTHER", "--consumers", "docker"], (24, 80));
    terminal.wait_for("OTHER");
    terminal.send("two words\r");
    terminal.wait_for("it needs quotes, which");
    terminal.send("\u{3}");
    terminal.end();
}

#[test]
fn a_refusal_names_who_would_misread_the_value() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "");
    let set = |value: &str| sandbox.run_with_input(&["env", "set", "K", "--stdin", "--consumers", "python,compose"], value);
    let refused = set("end \\").expect(10);
    assert!(refused.stderr.contains("python-dotenv"), "{}", refused.stderr);
    assert!(refused.stderr.contains("or name only the programs that read it"), "{}", refused.stderr);
    let control = set("a\u{7}b").expect(10);
    assert!(!control.stderr.contains("--consumers"), "{}", control.stderr);
}

#[test]
fn the_rule_that_ignores_the_file_has_to_be_committed() {
    let sandbox = Sandbox::new();
    sandbox.git(".", &["init"]);
    sandbox.write(".gitignore", ".env\n.env.*\n");
    sandbox.run_with_input(&["env", "set", "A", "--stdin"], "1").expect(0);
    let check = || sandbox.run(&["env", "check"]).expect(0);
    let found = check();
    assert!(found.stdout.contains("the rule that ignores it is not committed") && found.stdout.contains("[rule-not-committed]"));
    sandbox.git(".", &["add", ".gitignore"]);
    assert_eq!(check().stderr, "Nothing is wrong\n");
    // A rule that was taken out of what is committed does not count either.
    sandbox.write(".gitignore", "# nothing\n");
    sandbox.git(".", &["add", ".gitignore"]);
    sandbox.write(".gitignore", ".env\n");
    assert!(check().stdout.contains("[rule-not-committed]"));
}

#[test]
fn hints_can_be_typed_where_they_were_said() {
    let sandbox = Sandbox::new();
    sandbox.write("secretspec.toml", SPEC);
    sandbox.write("package.json", "{ \"workspaces\": [\"apps/*\"] }");
    sandbox.write("apps/api/.env", "LEVEL=high\n");
    let of_app = sandbox.run(&["env", "--app", "api", "check"]).expect(3);
    assert!(of_app.stdout.contains("`nixstart env --app api set BOT_TOKEN`"), "{}", of_app.stdout);
    let get = sandbox.run(&["env", "--file", "apps/api/.env", "get", "BOT_TOKEN"]).expect(1);
    let said: Vec<&str> = get.stderr.split_whitespace().collect();
    assert!(said.join(" ").contains("`nixstart env --file apps/api/.env set BOT_TOKEN`"), "{}", get.stderr);
    // From inside the app, files are named as they are there.
    let inside = run(sandbox.command().current_dir(sandbox.work().join("apps/api")).args(["env", "check"]), "").expect(3);
    assert!(inside.stdout.contains("hint: run `chmod 600 .env`"), "{}", inside.stdout);
    assert!(inside.stdout.lines().any(|line| line.starts_with(".env: ")), "{}", inside.stdout);
}

#[test]
fn the_list_and_the_check_name_the_same_misreaders() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "A=$(id)\nB = two words\nC=it's\nD=a#b\nE=\"x$Y\"\nF=fine\nG=\"q\\\"q\"\n");
    fs::set_permissions(sandbox.work().join(".env"), fs::Permissions::from_mode(0o600)).unwrap();
    let json = |words: &[&str]| -> serde_json::Value { serde_json::from_str(&sandbox.run(words).stdout).unwrap() };
    let listed = json(&["env", "list", "--json"]);
    let checked = json(&["env", "check", "--json"]);
    for (line, variable) in listed["variables"].as_array().unwrap().iter().enumerate() {
        let found = checked["findings"].as_array().unwrap().iter().filter(|found| found["place"]["line"] == line + 1);
        let said: String = found.map(|found| found["message"].as_str().unwrap().to_owned()).collect();
        let by = variable["misread_by"].as_array().unwrap();
        assert_eq!(by.is_empty(), !said.contains("read differently by"), "{variable} {said}");
    }
    let shown = sandbox.run(&["env", "list"]).expect(0);
    assert!(shown.stderr.contains("7 set, 0 missing"), "{}", shown.stderr);
}

#[test]
fn an_error_in_the_file_is_told_with_line_and_column() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "A=1\nexport  BB = \"open value\n");
    fs::set_permissions(sandbox.work().join(".env"), fs::Permissions::from_mode(0o600)).unwrap();
    let ended = sandbox.run(&["env", "check"]).expect(3);
    assert!(ended.stdout.starts_with(".env:2:14: error: the quote of `BB` is not closed"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("open value"));
    let github = sandbox.run(&["env", "check", "--format", "github"]).expect(3);
    assert!(github.stdout.contains(",line=2,col=14,"), "{}", github.stdout);
    fs::write(sandbox.work().join(".env"), b"A=\xc3\xa91\nB=\xff\n").unwrap();
    let ended = sandbox.run(&["env", "check"]).expect(3);
    assert!(ended.stdout.starts_with(".env:2:3: error: this is no UTF-8 text"), "{}", ended.stdout);
}

#[test]
fn the_text_of_an_example_is_no_secret() {
    let sandbox = Sandbox::new();
    let text = "API_SECRET=super-secret-thing\nMODE=development\n";
    sandbox.write(".env.example", text);
    sandbox.write(".env", text);
    fs::set_permissions(sandbox.work().join(".env"), fs::Permissions::from_mode(0o600)).unwrap();
    let ended = sandbox.run(&["env", "check"]).expect(0);
    assert!(ended.stdout.contains("`API_SECRET` still has the text of an example"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("MODE") && !ended.stdout.contains("super-secret"), "{}", ended.stdout);
}

#[test]
fn files_that_are_not_there_are_said_to_be_so() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "");
    for words in [&["env", "import", "nope"][..], &["env", "set", "A", "--from-file", "nope"], &["env", "share", "--to", "nope"]]
    {
        sandbox.write(".env", "A=1\n");
        let ended = sandbox.run(words).expect(1);
        assert!(ended.stderr.starts_with("error: cannot read `nope`: no such file or directory\nhint: "), "{}", ended.stderr);
    }
}

#[test]
fn an_empty_value_stands_for_the_default_in_every_verb() {
    let sandbox = project("PORT=\n");
    sandbox.write("secretspec.toml", &SPEC.replace("'Listens', required = false", "'Listens', default = '4000'"));
    sandbox.write("nixstart.toml", &SIDECAR.replace("'discord/bot-token'", "'text'"));
    let exec = |own: &[(&str, &str)]| {
        run(sandbox.command().envs(own.iter().copied()).args(["env", "exec", "--", "/bin/sh", "-c", "echo \"<$PORT>\""]), "")
    };
    let token = ("BOT_TOKEN", "x");
    assert_eq!(exec(&[token]).expect(0).stdout, "<4000>\n");
    assert_eq!(exec(&[token, ("PORT", "1")]).expect(0).stdout, "<1>\n");
    let list = |own: &str| run(sandbox.command().env("PORT", own).args(["env", "list"]), "").expect(0).stdout;
    assert!(list("4000").contains("PORT       default  4000               .env:1\n"), "{}", list("4000"));
    assert!(!list("4000").contains("which wins"));
    // One that is set to nothing is set, as for every program that reads a `.env`.
    assert!(list("").contains("the environment has another value, which wins"), "{}", list(""));
}

#[test]
fn the_last_line_of_a_key_without_quotes_is_no_name_to_show() {
    let sandbox = project("");
    let last = ["Zq7Vb2Kd", "9xQw3Er5"].concat();
    sandbox.write(".env", &format!("LEVEL=high\nKEY=-----BEGIN PRIVATE KEY-----\nabcd\n{last}==\n-----END PRIVATE KEY-----\n"));
    sandbox.write("other.env", "LEVEL=high\n");
    for words in [
        &["env", "list"][..],
        &["env", "--json", "list"],
        &["env", "diff", ".env", "other.env"],
        &["env", "--json", "diff", ".env", "other.env"],
        &["env", "check"],
        &["env", "exec", "--dry-run", "--", "true"],
        &["env", "unset", "LEVLE"],
        &["env", "get", "LEVLE"],
    ] {
        let said = run(sandbox.command().env("BOT_TOKEN", "x").args(words), "");
        let said = format!("{}{}", said.stdout, said.stderr);
        assert!(!said.contains(&last), "{words:?}: {said}");
        assert!(!words.contains(&"list") || said.contains("(hidden name)"), "{words:?}: {said}");
    }
    assert!(sandbox.run(&["env", "list", "--reveal"]).expect(0).stdout.contains(&last));
    assert!(sandbox.run(&["env", "diff", ".env", "other.env", "--reveal"]).expect(3).stdout.contains(&last));
}

#[test]
fn the_list_tells_of_variables_that_are_there_twice_and_of_what_dotenvy_sees() {
    let sandbox = project("LEVEL=low\nNAME=$USER\nLEVEL=high\n");
    let list = || sandbox.run(&["env", "list"]).expect(0).stdout;
    assert!(list().contains("also on line 1; which one counts differs by program"), "{}", list());
    let asked = sandbox.run(&["env", "--consumers", "rust", "list"]).expect(0).stdout;
    assert_eq!(asked.matches("read differently by Rust's dotenvy").count(), 1, "{asked}");
    sandbox.write(".env", "A.B=1\n1A=2\n");
    let asked = sandbox.run(&["env", "--consumers", "rust", "list"]).expect(0).stdout;
    assert_eq!(asked.matches("read differently by Rust's dotenvy").count(), 1, "{asked}");
}
