//! `nixstart new` without a terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use pretty_assertions::assert_eq;

use crate::support::{APPLICATION_ID, GUILD_ID, Sandbox, files_below, token};

#[test]
fn scaffolds_with_defaults_and_says_which() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0);
    let run =
        run.says("language: typescript (default; `--set language=…` chooses another)").says("package_manager: pnpm (default;");
    run.says("Left for later: BOT_TOKEN, CLIENT_ID; copy `.env.example` to `.env`").says("Nix is not installed on this machine");
    for file in [
        "flake.nix",
        "flake.lock",
        "devenv.nix",
        ".envrc",
        "package.json",
        "src/index.ts",
        "nixstart.toml",
        "secretspec.toml",
        ".env.example",
        "INSTALLING-NIX.md",
    ] {
        assert!(sandbox.exists(&format!("my-bot/{file}")), "{file} is missing");
    }
    assert!(!sandbox.exists("my-bot/.env"));
}

#[test]
fn stages_every_file_and_never_env() {
    let sandbox = Sandbox::new();
    sandbox.write("secrets.env", &format!("BOT_TOKEN={}\nCLIENT_ID={APPLICATION_ID}\nGUILD_ID={GUILD_ID}\n", token()));
    sandbox.run(&["new", "discord-bot", "my-bot", "--env-file", "secrets.env"]).expect(0);
    let staged = sandbox.git("my-bot", &["diff", "--cached", "--name-only"]);
    assert!(staged.contains("flake.nix") && staged.contains("src/index.ts"));
    assert!(!staged.lines().any(|path| path == ".env"));
    assert_eq!(
        sandbox.git("my-bot", &["status", "--porcelain", "--untracked-files"]).lines().find(|line| !line.starts_with("A ")),
        None
    );
    assert_eq!(fs::metadata(sandbox.work().join("my-bot/.env")).unwrap().permissions().mode() & 0o7777, 0o600);
    let env = sandbox.read("my-bot/.env");
    assert!(env.contains(&format!("\nBOT_TOKEN={}\n", token())) && env.contains(&format!("\nGUILD_ID={GUILD_ID}\n")));
}

#[test]
fn values_never_show() {
    let sandbox = Sandbox::new();
    let env = format!("BOT_TOKEN={}\nCLIENT_ID={APPLICATION_ID}\n", token());
    for arguments in [
        ["new", "discord-bot", "a", "--env-file", "-", "--dry-run", "--verbose"].as_slice(),
        &["new", "discord-bot", "b", "--env-file", "-", "--json"],
        &["new", "discord-bot", "c", "--env-file", "-", "--verbose"],
    ] {
        let run = sandbox.run_with_input(arguments, &env).expect(0);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains(&token()), "{arguments:?} shows the token");
    }
    assert!(sandbox.read("c/.env").contains(&token()));
    assert!(!sandbox.remembered().contains(&token()), "the receipt holds the token");
    assert!(!sandbox.read("c/nixstart.toml").contains(&token()));
}

#[test]
fn the_second_time_changes_nothing() {
    let sandbox = Sandbox::new();
    let arguments = ["new", "discord-bot", "my-bot", "--set", "language=javascript", "--set", "package_manager=npm"];
    sandbox.run(&arguments).expect(0);
    let before = sandbox.files();
    sandbox.run(&arguments).expect(0).says("Nothing to do");
    // The answers of the first time are the defaults of the second.
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0).says("language: javascript").says("Nothing to do");
    assert_eq!(sandbox.files(), before);
    assert_eq!(sandbox.receipts().len(), 1);
}

#[test]
fn a_dry_run_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "my-bot", "--dry-run"]).expect(0).says("Create the directory with").says("src/commands/");
    assert!(!sandbox.exists("my-bot"));
    assert!(!sandbox.state().join("nixstart").exists());
    sandbox.run(&["new", "discord-bot", "my-bot", "--dry-run", "--defaults"]).expect(0);
    assert!(!sandbox.exists("my-bot"));
}

#[test]
fn json_prints_the_plan_and_applies_it_only_with_yes() {
    let sandbox = Sandbox::new();
    let shown = sandbox.run(&["new", "discord-bot", "my-bot", "--json"]).expect(0);
    let plan: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!((plan["schema"].as_u64(), plan["applied"].as_bool()), (Some(1), Some(false)));
    let steps: Vec<_> = plan["plan"]["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap()).collect();
    assert_eq!(steps, ["files", "repository", "stage"]);
    assert!(!sandbox.exists("my-bot"));
    let applied = sandbox.run(&["new", "discord-bot", "my-bot", "--json", "--yes"]).expect(0);
    let result: serde_json::Value = serde_json::from_str(&applied.stdout).unwrap();
    assert_eq!(result["receipt"].as_str(), sandbox.receipts().first().map(String::as_str));
    assert!(sandbox.exists("my-bot/flake.nix"));
}

#[test]
fn a_directory_that_exists_needs_consent_and_keeps_every_byte() {
    let sandbox = Sandbox::new();
    sandbox.write("my-bot/README.md", "mine\n");
    sandbox.write("my-bot/.gitignore", "mine.txt");
    let run = sandbox.run(&["new", "discord-bot", "my-bot"]).expect(4);
    run.says("the plan needs your consent, because it writes into a directory that exists").says("consent with `--yes`");
    assert_eq!(sandbox.files().len(), 2);
    sandbox
        .run(&["new", "discord-bot", "my-bot", "--yes"])
        .expect(0)
        .says("`README.md` stays as it is")
        .says("Add lines to `.gitignore`");
    assert_eq!(sandbox.read("my-bot/README.md"), "mine\n");
    let ignored = sandbox.read("my-bot/.gitignore");
    assert!(ignored.starts_with("mine.txt\n") && ignored.lines().any(|line| line == ".env"));
    let before = sandbox.files();
    sandbox.run(&["new", "discord-bot", "my-bot", "--yes"]).expect(0).says("Nothing to do");
    assert_eq!(sandbox.files(), before);
}

#[test]
fn an_env_that_exists_only_gains_what_it_lacks() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0);
    sandbox.write("my-bot/.env", "# mine\nCLIENT_ID = 'x' # odd\nOTHER=1");
    sandbox.write("secrets.env", &format!("BOT_TOKEN={}\nCLIENT_ID={APPLICATION_ID}\n", token()));
    sandbox
        .run(&["new", "discord-bot", "my-bot", "--env-file", "secrets.env", "--yes"])
        .expect(0)
        .says("Add BOT_TOKEN to `.env`");
    let env = sandbox.read("my-bot/.env");
    assert!(env.starts_with("# mine\nCLIENT_ID = 'x' # odd\nOTHER=1\n\n"), "{env}");
    assert!(env.ends_with(&format!("BOT_TOKEN={}\n", token())));
}

#[test]
fn secrets_are_held_back_where_no_repository_ignores_them() {
    let sandbox = Sandbox::new();
    sandbox.write("secrets.env", &format!("BOT_TOKEN={}\n", token()));
    sandbox
        .run(&["new", "discord-bot", "my-bot", "--no-git", "--env-file", "secrets.env"])
        .expect(0)
        .says("it is held back, and nothing you brought is written")
        .says("Left for later: BOT_TOKEN, CLIENT_ID");
    assert!(!sandbox.exists("my-bot/.env") && !sandbox.exists("my-bot/.git"));
}

#[test]
fn inside_another_work_tree_it_becomes_a_repository_of_its_own() {
    let sandbox = Sandbox::new();
    sandbox.git(".", &["init", "-q"]);
    sandbox
        .run(&["new", "discord-bot", "my-bot"])
        .expect(0)
        .says("it becomes a repository of its own")
        .says(sandbox.work().to_str().unwrap());
    assert!(sandbox.exists("my-bot/.git/HEAD"));
}

#[test]
fn without_git_inside_a_work_tree_secrets_follow_its_ignore_rules() {
    let sandbox = Sandbox::new();
    sandbox.git(".", &["init", "-q"]);
    sandbox.write("secrets.env", &format!("BOT_TOKEN={}\n", token()));
    sandbox.run(&["new", "discord-bot", "my-bot", "--no-git", "--env-file", "secrets.env"]).expect(0);
    assert!(sandbox.exists("my-bot/.env") && !sandbox.exists("my-bot/.git"));
    assert_eq!(sandbox.git(".", &["status", "--porcelain", "my-bot/.env"]), "");
}

#[test]
fn commits_when_asked() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&["new", "discord-bot", "my-bot", "--commit"])
        .expect(1)
        .says("git does not know who you are")
        .says("git config --global user.name");
    assert!(!sandbox.exists("my-bot"));
    fs::write(sandbox.home().join(".gitconfig"), "[user]\nname = A\nemail = a@example.org\n[init]\ndefaultBranch = trunk\n")
        .unwrap();
    sandbox.run(&["new", "discord-bot", "my-bot", "--commit"]).expect(0);
    assert_eq!(sandbox.git("my-bot", &["log", "--format=%an %s"]), "A Start from the discord-bot template\n");
    assert_eq!(sandbox.git("my-bot", &["branch", "--show-current"]), "trunk\n");
    assert_eq!(sandbox.git("my-bot", &["status", "--porcelain"]), "");
}

#[test]
fn records_the_blob_ids_that_git_has() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0);
    let record: toml::Table = sandbox.read("my-bot/nixstart.toml").parse().unwrap();
    let staged = sandbox.git("my-bot", &["ls-files", "--stage"]);
    let of_git: std::collections::BTreeMap<&str, &str> = staged
        .lines()
        .map(|line| (line.split_once('\t').unwrap().1, line.split(' ').nth(1).unwrap()))
        .filter(|(path, _)| *path != "nixstart.toml")
        .collect();
    let of_record: std::collections::BTreeMap<&str, &str> = record["template"]["files"]
        .as_table()
        .unwrap()
        .iter()
        .map(|(path, blob)| (path.as_str(), blob.as_str().unwrap()))
        .collect();
    assert_eq!(of_record, of_git);
    assert_eq!(record["template"]["answers"]["language"].as_str(), Some("typescript"));
    assert!(record["secrets"].as_table().unwrap().contains_key("BOT_TOKEN"));
    assert!(record["services"].as_table().unwrap().contains_key("bot"));
}

#[test]
fn only_the_last_component_is_the_name() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "deep/down/My Bot!"]).expect(0).says("it becomes npm: my-bot, Nix: my-bot, DNS: my-bot");
    let package: serde_json::Value = serde_json::from_str(&sandbox.read("deep/down/My Bot!/package.json")).unwrap();
    assert_eq!(package["name"], "my-bot");
    sandbox.run(&["-C", "deep", "new", "discord-bot"]).expect(0);
    assert!(sandbox.exists("deep/discord-bot/flake.nix"));
    fs::create_dir(sandbox.work().join("here")).unwrap();
    sandbox.run(&["-C", "here", "new", "discord-bot", ".", "--yes"]).expect(0);
    assert!(sandbox.read("here/nixstart.toml").contains("name = \"here\""));
}

#[test]
fn the_cd_at_the_end_is_right_for_the_shell_of_the_user() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.work().join("deep/here")).unwrap();
    sandbox.run(&["-C", "deep", "new", "discord-bot", "my bot"]).expect(0).says("cd 'deep/my bot'");
    sandbox.run(&["-C", "deep/here", "new", "discord-bot", ".", "--yes"]).expect(0).says("cd deep/here");
    let outside = sandbox.home().canonicalize().unwrap();
    let run = sandbox.run(&["-C", outside.to_str().unwrap(), "new", "discord-bot", "bot"]).expect(0);
    run.says(&format!("cd {}/bot", outside.display()));
    fs::create_dir(sandbox.work().join("now")).unwrap();
    let run = crate::support::run(
        sandbox.command().current_dir(sandbox.work().join("now")).args(["new", "discord-bot", ".", "--yes"]),
        "",
    );
    assert!(!run.expect(0).stderr.contains("  cd "));
}

#[test]
fn answers_come_from_flags_and_files() {
    let sandbox = Sandbox::new();
    sandbox.write("answers.toml", "language = \"javascript\"\npackage_manager = \"npm\"\n");
    sandbox.run(&["new", "discord-bot", "a", "--answers", "answers.toml", "--set", "package_manager=pnpm"]).expect(0);
    assert!(sandbox.exists("a/src/index.js") && sandbox.exists("a/pnpm-lock.yaml"));
    sandbox.write("answers.json", "{ \"language\": \"javascript\", \"package_manager\": \"npm\" }");
    sandbox.run(&["new", "discord-bot", "b", "--answers", "answers.json"]).expect(0);
    assert!(!sandbox.exists("b/pnpm-lock.yaml"));
}

#[test]
fn a_template_from_a_folder_works_too() {
    let sandbox = Sandbox::new();
    let head = "schema = 1\nname = \"tiny\"\ntitle = \"Tiny\"\ndescription = \"x\"\nversion = \"1.0.0\"\n";
    sandbox.write("tiny/template.toml", &format!("{head}[[file]]\npath = \"run.sh.hbs\"\nexecutable = true\n"));
    sandbox.write("tiny/files/run.sh.hbs", "echo {{sh project.name}}\n");
    sandbox.run(&["new", "./tiny", "out"]).expect(0);
    assert_eq!(sandbox.read("out/run.sh"), "echo out\n");
    assert_eq!(fs::metadata(sandbox.work().join("out/run.sh")).unwrap().permissions().mode() & 0o111, 0o111);
    sandbox.run(&["new", "tiny", "out2"]).expect(1).says("to use the folder of that name, write `./tiny`");
}

#[test]
fn a_template_can_generate_secrets() {
    let sandbox = Sandbox::new();
    let head = "schema = 1\nname = \"tiny\"\ntitle = \"Tiny\"\ndescription = \"x\"\nversion = \"1.0.0\"\n";
    let secret =
        "[[secret]]\nname = \"SESSION_KEY\"\ndescription = \"signs sessions\"\ngenerate = { type = \"hex\", bytes = 16 }\n";
    sandbox.write("tiny/template.toml", &format!("{head}{secret}"));
    sandbox.write("tiny/files/.gitignore", ".env\n.env.*\n!.env.example\n");
    sandbox.run(&["new", "./tiny", "out"]).expect(0).says("SESSION_KEY generated");
    let env = sandbox.read("out/.env");
    let value = env.lines().find_map(|line| line.strip_prefix("SESSION_KEY=")).unwrap().to_owned();
    assert!(value.len() == 32 && value.chars().all(|c| c.is_ascii_hexdigit()), "{env}");
    assert!(!sandbox.remembered().contains(&value));
    assert!(sandbox.read("out/secretspec.toml").contains("generate = { bytes = 16 }"));
}

#[test]
fn new_files_in_an_existing_directory_follow_the_umask_and_modes() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "fresh"]).expect(0);
    fs::create_dir(sandbox.work().join("old")).unwrap();
    sandbox.run(&["new", "discord-bot", "old", "--yes"]).expect(0);
    let mode = |path: &str| fs::metadata(sandbox.work().join(path)).unwrap().permissions().mode() & 0o777;
    let (fresh, old) = (files_below(&sandbox.work().join("fresh")), files_below(&sandbox.work().join("old")));
    assert_eq!(fresh.keys().collect::<Vec<_>>(), old.keys().collect::<Vec<_>>());
    for path in fresh.keys() {
        assert_eq!(mode(&format!("fresh/{path}")), mode(&format!("old/{path}")), "{path}");
    }
}

#[test]
fn other_answers_do_not_mix_two_projects() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0);
    let before = sandbox.files();
    let run = sandbox.run(&["new", "discord-bot", "my-bot", "--set", "language=javascript", "--defaults"]).expect(10);
    run.says("`my-bot` was made with language = typescript; anything else would mix two projects");
    assert_eq!(sandbox.files(), before);
}

#[test]
fn a_kept_ignore_file_that_misses_env_is_named_before_and_after() {
    let sandbox = Sandbox::new();
    let head = "schema = 1\nname = \"tiny\"\ntitle = \"Tiny\"\ndescription = \"x\"\nversion = \"1.0.0\"\n";
    sandbox.write("tiny/template.toml", &format!("{head}[[secret]]\nname = \"KEY\"\ndescription = \"x\"\n"));
    let run = sandbox.run_with_input(&["new", "./tiny", "out", "--env-file", "-"], "KEY=value\n").expect(0);
    run.says("`.env` would not be private, because no ignore rule covers it; it is held back")
        .says("a `.env` here would not be private");
    assert!(!sandbox.exists("out/.env"));
    let check = sandbox.run(&["template", "check", "tiny"]).expect(3);
    assert!(check.stdout.contains("[env-not-ignored]"), "{}", check.stdout);
}

#[test]
fn files_that_stayed_yours_are_named_at_the_end() {
    let sandbox = Sandbox::new();
    sandbox.write("my-bot/package.json", "{}\n");
    let run = sandbox.run(&["new", "discord-bot", "my-bot", "--yes"]).expect(0);
    run.says("these files stayed yours: package.json").says("Nix sees them only after `git add package.json`");
}

#[test]
fn values_that_are_not_taken_are_named() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0);
    sandbox.write("my-bot/.env", "BOT_TOKEN=old\n");
    let env = format!("BOT_TOKEN={}\nnonsense\nCLIENT_IDS=1\nCLIENT_ID={APPLICATION_ID}\n", token());
    let run = sandbox.run_with_input(&["new", "discord-bot", "my-bot", "--yes", "--env-file", "-"], &env).expect(0);
    let run = run.says("BOT_TOKEN stays as it is in `.env`").says("line 2 of `-` is no assignment");
    run.says("the template has no `CLIENT_IDS`; did you mean `CLIENT_ID`?");
    assert!(sandbox.read("my-bot/.env").starts_with("BOT_TOKEN=old\n"));
}

#[test]
fn json_is_alone_with_its_plan() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["new", "discord-bot", "my-bot", "--dry-run", "--json"]).expect(0);
    assert!(serde_json::from_str::<serde_json::Value>(&run.stdout).is_ok());
    assert!(!run.stderr.contains("Create the directory"), "{}", run.stderr);
}

#[test]
fn two_templates_of_one_name_do_not_mix() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0);
    let head = "schema = 1\nname = \"discord-bot\"\ntitle = \"Other\"\ndescription = \"x\"\nversion = \"1.0.0\"\n";
    sandbox.write("other/template.toml", head);
    sandbox.run(&["new", "./other", "my-bot", "--yes"]).expect(10).says("made with the built-in template `discord-bot`");
}

#[test]
fn several_choices_are_the_same_answer_in_the_order_of_an_older_record() {
    let sandbox = Sandbox::new();
    let head = "schema = 1\nname = \"tiny\"\ntitle = \"Tiny\"\ndescription = \"x\"\nversion = \"1.0.0\"\n";
    let question = "[[question]]\nname = \"extras\"\ntype = \"multiselect\"\ndefault = []\nchoices = [{ value = \"a\" }, { value = \"b\" }]\n";
    sandbox.write("tiny/template.toml", &format!("{head}{question}"));
    sandbox.write("tiny/files/x.hbs", "{{extras}}\n");
    sandbox.run(&["new", "./tiny", "out", "--set", "extras=a,b"]).expect(0);
    let record = sandbox.read("out/nixstart.toml");
    sandbox.write("out/nixstart.toml", &record.replace("[\"a\", \"b\"]", "[\"b\", \"a\"]"));
    sandbox.run(&["new", "./tiny", "out", "--set", "extras=b,a", "--yes"]).expect(0);
}
