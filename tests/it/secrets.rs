//! Secrets that come without a terminal: what is accepted, what is refused, and that no message holds a value.

use pretty_assertions::assert_eq;

use crate::support::{APPLICATION_ID, GUILD_ID, Sandbox, leaked, token};

#[test]
fn a_sensitive_key_on_the_command_line_is_refused_with_the_safe_way() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["new", "discord-bot", "my-bot", "--set", &format!("BOT_TOKEN={}", leaked())]).expect(2);
    assert!(!run.stderr.contains(&leaked()));
    run.says("BOT_TOKEN is a secret").says("`--env-file FILE`").says("`--env-file -`");
    sandbox.write("answers.toml", "BOT_TOKEN = \"x\"\n");
    sandbox
        .run(&["new", "discord-bot", "my-bot", "--answers", "answers.toml"])
        .expect(2)
        .says("an answers file is no place for one");
    assert!(!sandbox.exists("my-bot"));
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let sandbox = Sandbox::new();
    let (with_name, set) = (format!("language={}", leaked()), format!("{}=x", leaked()));
    sandbox.write("choice.toml", &format!("language = '{}'\n", leaked()));
    sandbox.write("name.toml", &format!("'{}' = 'typescript'\n", leaked()));
    sandbox.write("bare.json", &format!("\"{}\"", leaked()));
    for (flag, value, message) in [
        ("--set", with_name.as_str(), "what was given is no choice for `language`; it takes `typescript`, `javascript`"),
        ("--set", &set, "unknown answer"),
        ("--set", &leaked(), "what was given with `--set` has no `=`"),
        ("--answers", "choice.toml", "what was given is no choice for `language`"),
        ("--answers", "name.toml", "unknown answer"),
        ("--answers", "bare.json", "cannot read `bare.json`: it is no object"),
    ] {
        let run = sandbox.run(&["new", "discord-bot", "my-bot", flag, value]);
        assert!(!run.stderr.contains(&leaked()), "{}", run.stderr);
        assert_ne!(run.code, 0);
        run.says(message);
    }
}

#[test]
fn an_id_on_the_command_line_is_fine() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&["new", "discord-bot", "my-bot", "--set", &format!("CLIENT_ID={APPLICATION_ID}")])
        .expect(0)
        .says("Left for later: BOT_TOKEN; fill in `.env`");
    assert!(sandbox.read("my-bot/.env").contains(&format!("CLIENT_ID={APPLICATION_ID}\n")));
}

#[test]
fn refuses_what_is_no_token_and_says_what_it_is() {
    let cases = [
        ("a".repeat(32), "this is the OAuth2 client secret, not a bot token"),
        ("0a".repeat(32), "this is the application's public key, not a bot token"),
        (APPLICATION_ID.to_owned(), "this is an id, not a bot token"),
        (["mfa", &"x".repeat(84)].join("."), "this is a user's token or a session, not a bot token"),
    ];
    for (value, message) in cases {
        let sandbox = Sandbox::new();
        let run = sandbox
            .run_with_input(&["new", "discord-bot", "my-bot", "--env-file", "-"], &format!("BOT_TOKEN={value}\n"))
            .expect(1);
        assert!(!run.stderr.contains(&value), "the message holds the value");
        run.says("the value of BOT_TOKEN is not accepted").says(message);
        assert!(!sandbox.exists("my-bot"));
    }
}

#[test]
fn cleans_up_and_warns() {
    let sandbox = Sandbox::new();
    let env =
        format!("BOT_TOKEN=\"Bot {}\"\nCLIENT_ID={GUILD_ID}\nGUILD_ID=https://discord.com/channels/{GUILD_ID}/1\n", token());
    let run = sandbox.run_with_input(&["new", "discord-bot", "my-bot", "--env-file", "-"], &env).expect(0);
    let run = run.says("took off `Bot`").says("took the server's id from the link");
    run.says(&format!("BOT_TOKEN belongs to the bot {APPLICATION_ID}, but CLIENT_ID is {GUILD_ID}"))
        .says("GUILD_ID is the same as CLIENT_ID");
    let env = sandbox.read("my-bot/.env");
    assert!(env.contains(&format!("\nGUILD_ID={GUILD_ID}\n")) && env.contains(&format!("\nBOT_TOKEN={}\n", token())));
}

#[test]
fn an_id_from_the_future_is_refused() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&["new", "discord-bot", "my-bot", "--set", "GUILD_ID=9000000000000000000"])
        .expect(1)
        .says("would be from the future");
}

#[test]
fn other_variables_of_the_file_come_along_when_they_can_be_written() {
    let sandbox = Sandbox::new();
    sandbox.run_with_input(&["new", "discord-bot", "a", "--env-file", "-"], "DISCORD_API='http://127.0.0.1:1/a b'\n").expect(0);
    assert!(sandbox.read("a/.env").ends_with("DISCORD_API='http://127.0.0.1:1/a b'\n"));
    let secret = ["pa", "$word"].concat();
    let run = sandbox.run_with_input(&["new", "discord-bot", "b", "--env-file", "-"], &format!("OTHER='{secret}'\n")).expect(1);
    assert!(!run.stderr.contains(&secret));
    run.says("the value of OTHER is not accepted: it cannot be written to `.env`").says("%24");
}

#[test]
fn the_example_has_comments_on_lines_of_their_own() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0);
    let example = sandbox.read("my-bot/.env.example");
    let variables: Vec<&str> = example.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(variables, ["BOT_TOKEN=", "CLIENT_ID=", "GUILD_ID="]);
    assert!(
        example.contains("# Token the bot logs in with (required)\n")
            && example.contains("# Get it: https://discord.com/developers/applications\n")
    );
    let schema: toml::Table = sandbox.read("my-bot/secretspec.toml").parse().unwrap();
    assert_eq!(schema["project"]["revision"].as_str(), Some("1.0"));
    assert_eq!(schema["profiles"]["default"]["GUILD_ID"]["required"].as_bool(), Some(false));
}

#[test]
fn a_tracked_env_is_refused_with_the_remedy() {
    let sandbox = Sandbox::new();
    sandbox.write("my-bot/.env", "X=1\n");
    sandbox.git("my-bot", &["init", "-q"]);
    sandbox.git("my-bot", &["add", ".env"]);
    let run = sandbox
        .run_with_input(&["new", "discord-bot", "my-bot", "--yes", "--env-file", "-"], &format!("BOT_TOKEN={}\n", token()))
        .expect(10);
    run.says("git tracks `.env`, so no secret is written to it").says("git rm --cached .env");
    assert_eq!(sandbox.read("my-bot/.env"), "X=1\n");
}

#[test]
fn what_was_typed_before_a_crash_is_left_empty_and_filled_in_later() {
    let sandbox = Sandbox::new();
    let arguments = ["new", "discord-bot", "my-bot", "--yes", "--env-file", "-"];
    let brought = format!("BOT_TOKEN={}\n", token());
    sandbox.run_with_input(&arguments, &brought).expect(0);
    // The journal and the directory as a crash before the last step would have left them.
    let path = sandbox.state().join(format!("nixstart/receipts/{}.jsonl", sandbox.receipts()[0]));
    let journal = std::fs::read_to_string(&path).unwrap();
    let is_before = |line: &&str| !line.contains("\"step\":\"secrets\"") && !line.contains("\"completed\"");
    std::fs::write(&path, journal.lines().filter(is_before).fold(String::new(), |text, line| text + line + "\n")).unwrap();
    std::fs::remove_file(sandbox.work().join("my-bot/.env")).unwrap();
    sandbox
        .run(&["new", "discord-bot", "my-bot", "--resume"])
        .expect(0)
        .says("Left for later, because what was typed is not kept: BOT_TOKEN");
    assert!(sandbox.read("my-bot/.env").contains("\nBOT_TOKEN=\n"));
    sandbox.run_with_input(&arguments, &brought).expect(0);
    assert!(sandbox.read("my-bot/.env").contains(&format!("\nBOT_TOKEN={}\n", token())));
}

#[test]
fn a_variable_left_empty_is_filled_in_where_it_stands() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "my-bot"]).expect(0);
    let env = |token: &str, id: &str| {
        format!("\u{feff}# mine\r\nexport BOT_TOKEN = {token} # from the portal\r\nOTHER='a\r\nb'\r\nCLIENT_ID={id}\r\nGUILD_ID=")
    };
    sandbox.write("my-bot/.env", &env("''", ""));
    let arguments = ["new", "discord-bot", "my-bot", "--yes", "--env-file", "-"];
    let brought = format!("BOT_TOKEN={}\n", token());
    sandbox
        .run_with_input(&arguments, &brought)
        .expect(0)
        .says("Add BOT_TOKEN to `.env`")
        .says("Left for later: CLIENT_ID; fill in `.env`");
    assert_eq!(sandbox.read("my-bot/.env"), env(&token(), ""));
    sandbox.run_with_input(&arguments, &format!("{brought}CLIENT_ID={APPLICATION_ID}\n")).expect(0);
    assert_eq!(sandbox.read("my-bot/.env"), env(&token(), APPLICATION_ID));
    sandbox.run_with_input(&arguments, &brought).expect(0).says("Nothing to do");
}

#[test]
fn a_rule_for_env_alone_is_enough() {
    let sandbox = Sandbox::new();
    let head = "schema = 1\nname = \"tiny\"\ntitle = \"Tiny\"\ndescription = \"x\"\nversion = \"1.0.0\"\n";
    sandbox.write("tiny/template.toml", &format!("{head}[[secret]]\nname = \"KEY\"\ndescription = \"x\"\n"));
    sandbox.write("tiny/files/.gitignore", "/.env\n");
    sandbox.run_with_input(&["new", "./tiny", "out", "--env-file", "-"], "KEY=value\n").expect(0);
    assert!(sandbox.read("out/.env").ends_with("\nKEY=value\n"));
    let left = |folder: &str| {
        let names = std::fs::read_dir(sandbox.work().join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().contains("nixstart-")).count()
    };
    assert_eq!((left("out"), left("out/.git")), (0, 0));
    sandbox.run(&["-C", "out", "undo", "--yes"]).expect(0);
    assert!(!sandbox.exists("out"));
}

#[test]
fn a_bare_secret_in_a_file_never_becomes_a_name() {
    let sandbox = Sandbox::new();
    let bare = ["c2VjcmV0", "c2VjcmV0"].concat();
    let run = sandbox.run_with_input(&["new", "discord-bot", "my-bot", "--env-file", "-"], &format!("{bare}==\n")).expect(0);
    assert!(!run.stderr.contains(&bare) && !sandbox.remembered().contains(&bare));
    run.says("names that are no variables");
}

#[test]
fn secrets_that_are_held_back_are_said_however_quiet() {
    let sandbox = Sandbox::new();
    sandbox.write("secrets.env", "FOO=1\n");
    let arguments = ["-q", "new", "discord-bot", "my-bot", "--defaults", "--no-git", "--env-file", "secrets.env"];
    sandbox.run(&arguments).expect(0).says("nothing you brought is written");
    assert!(!sandbox.exists("my-bot/.env"));
}

#[test]
fn the_rules_of_the_repository_around_count_for_a_directory_that_is_not_there_yet() {
    let sandbox = Sandbox::new();
    let head = "schema = 1\nname = \"tiny\"\ntitle = \"Tiny\"\ndescription = \"x\"\nversion = \"1.0.0\"\n";
    sandbox.write("tiny/template.toml", head);
    sandbox.write("tiny/files/a", "a\n");
    sandbox.write("secrets.env", "FOO=1\n");
    sandbox.write("repo/.gitignore", ".env\n.env.*\n");
    sandbox.git("repo", &["init", "-q"]);
    sandbox.run(&["new", "./tiny", "repo/sub", "--yes", "--no-git", "--env-file", "secrets.env"]).expect(0);
    assert_eq!(sandbox.read("repo/sub/.env"), "FOO=1\n");
}
