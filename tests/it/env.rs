//! `env list`, `get`, `set` and `unset`: the file on disk byte for byte, what is said, and what is never said.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use pretty_assertions::assert_eq;

use crate::support::pty::Terminal;
use crate::support::{Sandbox, token};

fn mode(sandbox: &Sandbox, path: &str) -> u32 {
    fs::metadata(sandbox.work().join(path)).unwrap().permissions().mode() & 0o7777
}

/// What nobody would write, and somebody did.
const ODD: &str = "\u{FEFF}# head\r\n\r\nexport A = 'old' # why\r\nB=\"x y\"\r\n#C=\r\njunk\r\nA=second\r\n\tD: d";

#[test]
fn only_the_value_changes() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", ODD);
    sandbox.run_with_input(&["env", "--file", ".env", "set", "A", "--stdin"], "new").expect(0);
    assert_eq!(
        sandbox.read(".env"),
        "\u{FEFF}# head\r\n\r\nexport A = 'new' # why\r\nB=\"x y\"\r\n#C=\r\njunk\r\nA=new\r\n\tD: d"
    );
    sandbox.run_with_input(&["env", "set", "C", "-"], "it is\n").expect(0);
    sandbox.run_with_input(&["env", "set", "E", "--stdin"], "").expect(0);
    assert_eq!(
        sandbox.read(".env"),
        "\u{FEFF}# head\r\n\r\nexport A = 'new' # why\r\nB=\"x y\"\r\n#C=\r\nC='it is'\r\njunk\r\nA=new\r\n\tD: d\r\nE=\r\n"
    );
    let shown = sandbox.run(&["env", "--dry-run", "unset", "A", "A"]).expect(0);
    assert!(format!("{}{}", shown.stdout, shown.stderr).contains("Take A out of `.env`"), "{}", shown.stderr);
    sandbox.run(&["env", "--file", ".env", "unset", "A", "C", "E"]).expect(0);
    assert_eq!(sandbox.read(".env"), "\u{FEFF}# head\r\n\r\nB=\"x y\"\r\n#C=\r\njunk\r\n\tD: d\r\n");
}

#[test]
fn a_new_file_is_private_whatever_the_umask() {
    let sandbox = Sandbox::new();
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", "umask 000; exec \"$0\" env set A --stdin", crate::support::binary()]).current_dir(sandbox.work());
    shell.env_clear().envs(sandbox.environment());
    crate::support::run(&mut shell, "v").expect(0);
    assert_eq!((sandbox.read(".env").as_str(), mode(&sandbox, ".env")), ("A=v\n", 0o600));
    fs::set_permissions(sandbox.work().join(".env"), fs::Permissions::from_mode(0o664)).unwrap();
    let ended = sandbox.run_with_input(&["env", "set", "A", "--stdin"], "w").expect(0);
    assert!(ended.stderr.contains("others could read `.env`; from now on only you can (mode 0600)"), "{}", ended.stderr);
    assert_eq!(mode(&sandbox, ".env"), 0o600);
}

#[test]
fn the_same_value_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "A='v'\n");
    let stamp = |sandbox: &Sandbox| {
        let metadata = fs::metadata(sandbox.work().join(".env")).unwrap();
        (metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.ctime_nsec())
    };
    let before = stamp(&sandbox);
    let ended = sandbox.run_with_input(&["env", "set", "A", "--stdin"], "v\n").expect(0);
    assert_eq!(ended.stderr, "A is as it should be already; `.env` was not touched\n");
    assert_eq!((stamp(&sandbox), sandbox.receipts().len()), (before, 0));
}

#[test]
fn a_link_stays_a_link_and_leads_out_only_when_asked() {
    let sandbox = Sandbox::new();
    sandbox.write("project/secretspec.toml", "[project]\nname = 'x'\n");
    sandbox.write("project/config/real.env", "A=1\n");
    sandbox.write("outside.env", "A=1\n");
    let project = sandbox.work().join("project");
    symlink("config/real.env", project.join(".env")).unwrap();
    sandbox.run_with_input(&["-C", "project", "env", "set", "A", "--stdin"], "2").expect(0);
    assert!(project.join(".env").symlink_metadata().unwrap().is_symlink());
    assert_eq!(sandbox.read("project/config/real.env"), "A=2\n");
    symlink("../outside.env", project.join("out.env")).unwrap();
    let arguments = ["-C", "project", "env", "--file", "out.env", "set", "A", "--stdin"];
    let refused = sandbox.run_with_input(&arguments, "2").expect(10);
    assert!(refused.stderr.contains("`out.env` is a link that leads out of the project"), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: add `--follow`"), "{}", refused.stderr);
    assert_eq!(sandbox.read("outside.env"), "A=1\n");
    sandbox.run_with_input(&[arguments.as_slice(), &["--follow"]].concat(), "2").expect(0);
    assert_eq!(sandbox.read("outside.env"), "A=2\n");
}

#[test]
fn a_value_without_a_form_is_refused_with_who_misreads_it() {
    let sandbox = Sandbox::new();
    let value = ["pa", "$word"].concat();
    let refused = sandbox.run_with_input(&["env", "set", "A", "--stdin"], &value).expect(10);
    let refused = refused.says("it has a `$` that Next.js, Vite and bun would expand, even in quotes");
    assert!(!refused.stderr.contains(&value) && !sandbox.work().join(".env").exists());
    sandbox.run_with_input(&["env", "set", "A", "--stdin", "--consumers", "node,direnv"], &value).expect(0);
    assert_eq!(sandbox.read(".env"), format!("A='{value}'\n"));
    let usage = sandbox.run(&["env", "list", "--consumers", "nod"]).expect(2);
    assert!(usage.stderr.contains("did you mean `node`?"), "{}", usage.stderr);
}

#[test]
fn a_declared_variable_is_checked_and_a_secret_never_comes_from_the_command_line() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "my-bot", "--defaults"]).expect(0);
    let secret = token();
    for wrong in [vec!["env", "set", "BOT_TOKEN=x"], vec!["env", "set", "UNKNOWN=x"]] {
        let refused = sandbox.run(&[&["-C", "my-bot"], wrong.as_slice()].concat()).expect(2);
        assert!(refused.stderr.contains("a secret is not taken from the command line"), "{}", refused.stderr);
    }
    sandbox.run(&["-C", "my-bot", "env", "set", "GUILD_ID=1100000000000000002"]).expect(0);
    let refused = sandbox.run_with_input(&["-C", "my-bot", "env", "set", "BOT_TOKEN", "--stdin"], "123456789").expect(1);
    assert!(refused.stderr.contains("the value of BOT_TOKEN is not accepted"), "{}", refused.stderr);
    let quoted = format!("\"{secret}\"\n");
    sandbox.run_with_input(&["-C", "my-bot", "env", "set", "BOT_TOKEN", "--stdin"], &quoted).expect(0);
    assert!(sandbox.read("my-bot/.env").contains(&format!("\nBOT_TOKEN={secret}\n")));
    let listed = sandbox.run(&["-C", "my-bot", "env", "list"]).expect(0);
    assert!(listed.stdout.contains("BOT_TOKEN  set      ******** (long)"), "{}", listed.stdout);
    assert!(listed.stdout.contains("1100000000000000002"), "{}", listed.stdout);
    let json: serde_json::Value = serde_json::from_str(&sandbox.run(&["-C", "my-bot", "env", "list", "--json"]).stdout).unwrap();
    let row = |key: &str| json["variables"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap().clone();
    assert_eq!((&row("BOT_TOKEN")["state"], row("BOT_TOKEN").get("value")), (&"set".into(), None));
    assert_eq!(row("CLIENT_ID")["state"], "missing");
    for said in [listed.stdout, listed.stderr, json.to_string()] {
        assert!(!said.contains(&secret));
    }
    let remembered = sandbox.remembered();
    assert!(!remembered.contains(&secret) && remembered.contains("BOT_TOKEN"));
}

#[test]
fn a_value_is_printed_for_programs_and_not_on_a_terminal() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "A=\"a\\nb\"\nB=\n");
    assert_eq!(sandbox.run(&["env", "get", "A"]).expect(0).stdout, "a\nb\n");
    assert_eq!(sandbox.run(&["env", "get", "A", "-n"]).expect(0).stdout, "a\nb");
    assert_eq!(sandbox.run(&["env", "get", "B"]).expect(0).stdout, "\n");
    let missing = sandbox.run(&["env", "get", "C"]).expect(1);
    assert_eq!((missing.stdout.as_str(), missing.stderr.contains("`.env` has no variable `C`")), ("", true));
    let terminal = Terminal::start(&sandbox, &["env", "get", "A"], (24, 80));
    let ended = terminal.end();
    assert_eq!(ended.code, 10, "{}", ended.text);
    assert!(ended.text.contains("A is a secret and is not printed on a terminal"), "{}", ended.text);
    let ended = Terminal::start(&sandbox, &["env", "get", "A", "--reveal"], (24, 80)).end();
    assert_eq!((ended.code, ended.text.contains("a\r\nb")), (0, true), "{}", ended.text);
}

#[test]
fn the_prompt_hides_what_is_typed() {
    for flags in [vec![], vec!["--plain"]] {
        let sandbox = Sandbox::new();
        let mut terminal = Terminal::start(&sandbox, &[flags.as_slice(), &["env", "set", "A"]].concat(), (24, 80));
        terminal.wait_for("A").wait_for(":").send("hidden-value\r");
        let ended = terminal.end();
        assert_eq!(ended.code, 0, "{}", ended.text);
        assert!(!ended.text.contains("hidden-value"), "{}", ended.text);
        assert_eq!(sandbox.read(".env"), "A=hidden-value\n");
    }
}

#[test]
fn what_the_project_needs_goes_only_with_a_yes() {
    let sandbox = Sandbox::new();
    sandbox.write("secrets.env", &format!("BOT_TOKEN={}\n", token()));
    sandbox.run(&["new", "discord-bot", "my-bot", "--env-file", "secrets.env"]).expect(0);
    let before = sandbox.read("my-bot/.env");
    let refused = sandbox.run(&["-C", "my-bot", "env", "unset", "BOT_TOKEN"]).expect(4);
    assert!(refused.stderr.contains("the project needs BOT_TOKEN"), "{}", refused.stderr);
    let mut terminal = Terminal::start(&sandbox, &["-C", "my-bot", "env", "unset", "BOT_TOKEN"], (24, 80));
    terminal.wait_for("Take it out?").send("n\r");
    assert_eq!(terminal.end().code, 7);
    assert_eq!(sandbox.read("my-bot/.env"), before);
    sandbox.run(&["-C", "my-bot", "env", "unset", "BOT_TOKEN", "--yes"]).expect(0);
    assert!(!sandbox.read("my-bot/.env").contains("BOT_TOKEN="));
}

#[test]
fn a_monorepo_has_a_file_for_each_app() {
    let sandbox = Sandbox::new();
    sandbox.write("nixstart.toml", "[secrets.DATABASE_URL]\nscopes = ['api']\n[secrets.NEXT_PUBLIC_API]\nscopes = ['web']\n");
    sandbox.write(
        "secretspec.toml",
        "[project]\nname = 'x'\nrevision = '1.0'\n[profiles.default]\nDATABASE_URL = { description = 'db' }\nNEXT_PUBLIC_API = { description = 'api' }\n",
    );
    sandbox.write("apps/api/package.json", "{}");
    sandbox.write("apps/web/package.json", r#"{"dependencies":{"next":"16.0.0"}}"#);
    sandbox.run_with_input(&["env", "--app", "api", "set", "A", "--stdin"], "1").expect(0);
    sandbox.run_with_input(&["-C", "apps/web", "env", "set", "B", "--stdin"], "2").expect(0);
    assert_eq!((sandbox.read("apps/api/.env"), sandbox.read("apps/web/.env.local")), ("A=1\n".into(), "B=2\n".into()));
    sandbox.write("apps/web/.env", "B=3\nC=4\n");
    let keys = |app: &str| -> Vec<(String, String)> {
        let text = sandbox.run(&["env", "--app", app, "list", "--json"]).expect(0).stdout;
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let name = |row: &serde_json::Value| {
            row["file"].as_str().map_or(String::new(), |file| file.rsplit('/').next().unwrap().to_owned())
        };
        json["variables"].as_array().unwrap().iter().map(|row| (row["key"].as_str().unwrap().to_owned(), name(row))).collect()
    };
    let pairs =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(key, file)| ((*key).to_owned(), (*file).to_owned())).collect::<Vec<_>>();
    assert_eq!(keys("api"), pairs(&[("DATABASE_URL", ""), ("A", ".env")]));
    assert_eq!(keys("web"), pairs(&[("NEXT_PUBLIC_API", ""), ("B", ".env.local"), ("C", ".env")]));
    let listed = sandbox.run(&["env", "--app", "web", "list"]).expect(0).stdout;
    assert!(listed.contains("also in `apps/web/.env`, which counts less"), "{listed}");
    let elsewhere = sandbox.run(&["env", "--app", "web", "unset", "C"]).expect(1);
    elsewhere.says("`apps/web/.env.local` has no variable `C`").says("it is in `apps/web/.env`");
    let unknown = sandbox.run(&["env", "--app", "wbe", "list"]).expect(1);
    assert!(unknown.stderr.contains("did you mean `web`?"), "{}", unknown.stderr);
}

#[test]
fn git_keeps_secrets_out_or_nothing_is_written() {
    let sandbox = Sandbox::new();
    git2::Repository::init(sandbox.work()).unwrap();
    let refused = sandbox.run_with_input(&["env", "set", "A", "--stdin"], "1").expect(10);
    refused.says("no ignore rule of its repository covers it").says("add `.env` to a `.gitignore`");
    sandbox.write(".gitignore", ".env\n");
    sandbox.run_with_input(&["env", "set", "A", "--stdin"], "1").expect(0);
    let repository = git2::Repository::open(sandbox.work()).unwrap();
    let mut index = repository.index().unwrap();
    index.add_path(".env".as_ref()).unwrap();
    index.write().unwrap();
    let refused = sandbox.run_with_input(&["env", "set", "A", "--stdin"], "2").expect(10);
    refused.says("git tracks it").says("git rm --cached .env");
    assert_eq!(sandbox.read(".env"), "A=1\n");
}

#[test]
fn the_first_value_of_a_file_comes_with_what_git_has_of_it() {
    let sandbox = Sandbox::new();
    let repository = git2::Repository::init(sandbox.work()).unwrap();
    sandbox.write(".git/info/exclude", ".env*\n");
    let set = || sandbox.run_with_input(&["env", "set", "A", "--stdin"], "1").expect(0);
    let said = set().says("only a rule of this machine ignores it, which nobody else has");
    said.says("to a `.gitignore` and commit it");
    assert!(!set().stderr.contains("of this machine"));
    let mut index = repository.index().unwrap();
    index.add_path(".env".as_ref()).unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let somebody = git2::Signature::now("a", "a@b.c").unwrap();
    repository.commit(Some("HEAD"), &somebody, &somebody, "x", &tree, &[]).unwrap();
    fs::remove_file(sandbox.work().join(".env")).unwrap();
    sandbox.write(".gitignore", ".env*\n");
    // Without the program of git the history is not looked at.
    let mut command = sandbox.command();
    command.args(["env", "set", "A", "--stdin"]).env("PATH", std::env::var_os("PATH").unwrap());
    let said = crate::support::run(&mut command, "1").expect(0);
    said.says("holds it, so its secrets are in the history").says("change what it held: A");
}

#[test]
fn a_copy_is_kept_when_asked_and_undo_removes_only_what_it_made() {
    let sandbox = Sandbox::new();
    sandbox.run_with_input(&["env", "set", "A", "--stdin"], "1").expect(0);
    sandbox.run_with_input(&["env", "set", "A", "--stdin", "--backup"], "2").expect(0);
    let copies: Vec<_> = sandbox.files().into_keys().filter(|name| name.starts_with(".env.backup-")).collect();
    assert_eq!((copies.len(), sandbox.read(&copies[0]).as_str(), mode(&sandbox, &copies[0])), (1, "A=1\n", 0o600));
    let undone = sandbox.run(&["undo", "--yes"]).expect(0);
    assert!(undone.stderr.contains("the old values are kept nowhere"), "{}", undone.stderr);
    assert_eq!(sandbox.read(".env"), "A=2\n");
    fs::remove_file(sandbox.work().join(".env")).unwrap();
    sandbox.run_with_input(&["env", "set", "A", "--stdin"], "1").expect(0);
    sandbox.run(&["undo", "--yes"]).expect(0);
    assert!(!sandbox.work().join(".env").exists());
}

#[test]
fn dry_run_and_json_say_what_changes_and_no_value() {
    let sandbox = Sandbox::new();
    let shown = sandbox.run_with_input(&["env", "set", "A", "--stdin", "--dry-run"], "hidden-value").expect(0);
    assert!(shown.stderr.contains("Set A in `.env`") && !sandbox.work().join(".env").exists(), "{}", shown.stderr);
    let done = sandbox.run_with_input(&["env", "set", "A", "--stdin", "--json"], "hidden-value").expect(0);
    let json: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((&json["applied"], &json["plan"]["steps"][0]["action"]), (&true.into(), &"change-secrets".into()));
    assert!(![&shown.stderr, &done.stdout, &done.stderr].iter().any(|text| text.contains("hidden-value")));
}

#[test]
fn a_secret_that_is_typed_as_an_argument_is_not_repeated() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "A=1\n");
    let secret = ["hunter2", "-plain", "pass"].concat();
    let pair = format!("A={secret}");
    let key = ["AGE-SECRET-", "KEY-1QQQQQQQQ"].concat();
    let option = format!("--{secret}");
    let cases: [(&[&str], &str); 14] = [
        (&["set", "API_KEY", &secret], "a secret is not taken from the command line"),
        (&["set", "API_KEY", "=", &secret], "a secret is not taken from the command line"),
        (&["set", "API_KEY", "-", &secret], "a secret is not taken from the command line"),
        (&["set", &format!("A: {secret}")], "is no name of a variable"),
        (&["set", "A", &option], "unexpected argument '…' found"),
        (&["rotate", "A", &secret], "unexpected argument '…' found"),
        (&["identity", &key], "unrecognized subcommand '…'"),
        (&[&secret], "unrecognized subcommand '…'"),
        (&["get", &pair], "has no variable of that name"),
        (&["unset", &pair], "has no variable of that name"),
        (&["export", &pair], "has no variable of that name"),
        (&["share", "--keys", &pair, "--to", "x"], "has no value for that name"),
        (&["exec", "--only", &pair, "--", "true"], "has no variable of that name"),
        (&["list", "--consumers", &secret], "invalid value '…' for '--consumers <PROGRAMS>': known programs"),
    ];
    for (arguments, message) in cases {
        let ended = sandbox.run(&[&["env"], arguments].concat());
        assert!(matches!(ended.code, 1 | 2), "{arguments:?}: {}", ended.code);
        let ended = ended.says(message);
        assert!(!ended.stderr.contains(&secret) && !ended.stderr.contains(&key), "{arguments:?}: {}", ended.stderr);
    }
    // What helps is still there.
    sandbox.run(&["env", "lst"]).expect(2).says("a similar subcommand exists: 'list'");
    sandbox.run(&["env", "set", "A", "--stdn"]).expect(2).says("a similar argument exists: '--stdin'");
}

#[test]
fn a_linked_directory_leads_out_of_the_project_only_when_asked() {
    let sandbox = Sandbox::new();
    sandbox.write("project/secretspec.toml", "[project]\nname = 'x'\n");
    sandbox.write("outside/.env", "A=1\n");
    fs::create_dir(sandbox.work().join("project/apps")).unwrap();
    symlink("../../outside", sandbox.work().join("project/apps/api")).unwrap();
    for place in [["--app", "api"], ["--file", "apps/api/.env"], ["--file", "apps/api/new.env"]] {
        let arguments = [&["-C", "project", "env"], place.as_slice(), &["set", "A", "--stdin"]].concat();
        let refused = sandbox.run_with_input(&arguments, "2").expect(10);
        let refused = refused.says("is in a linked directory, which leads out of the project, to").says("hint: add `--follow`");
        assert!(refused.stderr.contains("`apps/api/"), "{}", refused.stderr);
        assert!(sandbox.read("outside/.env") == "A=1\n" && !sandbox.exists("outside/new.env"));
    }
    sandbox.run_with_input(&["-C", "project", "env", "--app", "api", "set", "A", "--stdin", "--follow"], "2").expect(0);
    assert_eq!(sandbox.read("outside/.env"), "A=2\n");
    // A linked directory of the project itself is one of its own.
    fs::create_dir(sandbox.work().join("project/real")).unwrap();
    symlink("../real", sandbox.work().join("project/apps/web")).unwrap();
    sandbox.run_with_input(&["-C", "project", "env", "--app", "web", "set", "A", "--stdin"], "3").expect(0);
    assert_eq!(sandbox.read("project/real/.env"), "A=3\n");
}

#[test]
fn the_profile_chooses_which_files_of_next_count() {
    let sandbox = Sandbox::new();
    sandbox.write("package.json", r#"{"dependencies":{"next":"16.0.0"}}"#);
    for (file, value) in [(".env", "plain"), (".env.local", "local"), (".env.production", "made"), (".env.test", "tested")] {
        sandbox.write(file, &format!("A={value}\nB{}=1\n", value.to_uppercase()));
    }
    let get = |arguments: &[&str]| sandbox.run(&[&["env", "get"], arguments].concat()).expect(0).stdout;
    assert_eq!(get(&["A"]), "local\n");
    assert_eq!(get(&["A", "--profile", "production"]), "local\n");
    assert_eq!(get(&["BMADE", "--profile", "production"]), "1\n");
    assert_eq!(get(&["A", "--profile", "test"]), "tested\n");
    sandbox.run(&["env", "get", "BLOCAL", "--profile", "test"]).expect(1).says("has no variable");
    sandbox.run_with_input(&["env", "set", "A", "--stdin", "--profile", "test"], "new").expect(0);
    assert_eq!((get(&["A", "--profile", "test"]).as_str(), sandbox.read(".env.test.local").as_str()), ("new\n", "A=new\n"));
}

#[test]
fn an_open_quote_is_said_once_whoever_uses_the_values() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "A=1\nB=\"open\nC=2\n");
    for arguments in [&["get", "A"][..], &["list"], &["exec", "--", "/bin/true"]] {
        let ended = sandbox.run(&[&["env"], arguments].concat()).expect(0);
        let said = "`.env` is read as far as it goes: line 2, column 3: the quote of `B` is";
        assert_eq!(ended.stderr.matches("warning: ").count(), 1, "{}", ended.stderr);
        ended.says(said);
    }
}

#[test]
fn a_profile_that_nobody_declares_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("secretspec.toml", "[profiles.default]\nA = { description = 'x' }\n[profiles.production]\n");
    for arguments in [&["set", "A", "--stdin"][..], &["list"], &["get", "A"], &["exec", "--", "/bin/true"]] {
        let said = sandbox.run_with_input(&[&["env", "--profile", "prodution"], arguments].concat(), "1").expect(0);
        said.says("there is no profile `prodution`").says("did you mean `production`?");
        let fine = sandbox.run_with_input(&[&["env", "--profile", "production"], arguments].concat(), "1").expect(0);
        assert!(!fine.stderr.contains("profile"), "{}", fine.stderr);
    }
}

#[test]
fn an_ordinary_word_in_the_file_garbles_no_message() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "X=variable\nAPI_TOKEN=nothing\n");
    sandbox.run(&["env", "get", "NOPE"]).expect(1).says("`.env` has no variable `NOPE`");
}

#[test]
fn what_a_program_would_get_is_told_to_programs_too() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "A=hidden-value\nB=2\n");
    let told = sandbox.run(&["env", "exec", "--dry-run", "--json", "--", "node", "x.js"]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(json, serde_json::json!({ "schema": 1, "program": "node", "variables": ["A", "B"], "started": false }));
}

#[test]
fn the_prompt_does_not_show_how_long_the_value_is() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["env", "set", "A"], (24, 80));
    terminal.wait_for("what you type is not shown").send("hidden-value\r");
    let ended = terminal.end();
    assert_eq!((ended.code, sandbox.read(".env").as_str()), (0, "A=hidden-value\n"));
    let stars = ended.raw.split(|byte| *byte != b'*').map(<[u8]>::len).filter(|length| *length > 0);
    assert!(stars.into_iter().all(|length| length == 8), "{}", ended.text);
}
