//! `env check`: what it finds, how it says so, and that it asks nobody unless told to.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::thread;

use pretty_assertions::assert_eq;

use crate::support::{APPLICATION_ID, GUILD_ID, Run, Sandbox, run, token};

const SPEC: &str = "[project]\nname = 'x'\nrevision = '1.0'\n\n[profiles.default]\n\
                    BOT_TOKEN = { description = 'Logs in', required = true }\n\
                    CLIENT_ID = { description = 'Application', required = true }\n\
                    GUILD_ID = { description = 'Server', required = false }\n\
                    PORT = { description = 'Listens', default = '3000' }\n\
                    [profiles.production]\nGUILD_ID = { required = true }\n";
const SIDECAR: &str = "[secrets.BOT_TOKEN]\nkind = 'discord/bot-token'\nobtain = { url = 'https://a.example/bot', steps = [] }\n\
                       [secrets.CLIENT_ID]\nkind = 'discord/application-id'\nsensitive = false\n\
                       [secrets.GUILD_ID]\nkind = 'discord/guild-id'\n[secrets.PORT]\nkind = 'port'\n";

fn project(env: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("secretspec.toml", SPEC);
    sandbox.write("nixstart.toml", SIDECAR);
    sandbox.write(".env", env);
    close(&sandbox);
    sandbox
}

fn close(sandbox: &Sandbox) {
    fs::set_permissions(sandbox.work().join(".env"), fs::Permissions::from_mode(0o600)).unwrap();
}

fn right() -> String {
    format!("BOT_TOKEN={}\nCLIENT_ID={APPLICATION_ID}\nGUILD_ID={GUILD_ID}\n", token())
}

/// The findings as `place code`.
fn codes(ended: &Run) -> Vec<String> {
    let lines = ended.stdout.lines().filter(|line| !line.starts_with("  hint:"));
    lines
        .map(|line| {
            let place = line.split(": ").next().unwrap();
            let code = line.rsplit('[').next().unwrap().trim_end_matches(']');
            format!("{place} {code}")
        })
        .collect()
}

#[test]
fn a_file_that_is_right_passes() {
    let sandbox = project(&right());
    let ended = sandbox.run(&["env", "check", "--strict"]).expect(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", "Nothing is wrong\n"));
}

#[test]
fn what_is_missing_invalid_or_a_placeholder_is_named_without_its_value() {
    let (secret, odd) = (["hunter", "2-hunter2"].concat(), "80000");
    let sandbox = project(&format!("BOT_TOKEN={secret}\nCLIENT_ID=your-client-id\nPORT={odd}\n"));
    let ended = sandbox.run(&["env", "check"]).expect(3);
    assert_eq!(codes(&ended), [".env:1 invalid", ".env:2 placeholder", ".env:3 invalid"]);
    let all = format!("{}{}", ended.stdout, ended.stderr);
    assert!(!all.contains(&secret) && !all.contains(odd), "{all}");
    assert!(ended.stderr.contains("the check found 3 errors"), "{}", ended.stderr);
    let empty = project("");
    let ended = empty.run(&["env", "check"]).expect(3);
    assert_eq!(codes(&ended), [".env missing", ".env missing"]);
    assert!(ended.stdout.contains("get it: https://a.example/bot"), "{}", ended.stdout);
    let ended = empty.run(&["env", "check", "--profile", "production"]).expect(3);
    assert_eq!(codes(&ended).len(), 3);
}

#[test]
fn the_environment_provides_what_the_file_lacks() {
    let sandbox = project(&format!("BOT_TOKEN={}\n", token()));
    run(sandbox.command().args(["env", "check"]).env("CLIENT_ID", APPLICATION_ID), "").expect(0);
}

#[test]
fn hazards_depend_on_who_reads_the_file() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "A='a $b'\nexport B=1\nC= # why\nA=2\n");
    close(&sandbox);
    let found = |consumers: &str| codes(&sandbox.run(&["env", "check", "--consumers", consumers]).expect(0));
    assert_eq!(found("node"), [".env:4 duplicate"]);
    assert_eq!(found("next"), [".env:1 dollar", ".env:4 duplicate"]);
    assert_eq!(found("systemd"), [".env:2 export", ".env:3 comment-as-value", ".env:4 duplicate"]);
    sandbox.run(&["env", "check", "--consumers", "node", "--strict"]).expect(3);
    sandbox.run(&["env", "check", "--consumers", "nodejs"]).expect(2);
    sandbox.write(".env", "A=two words\nB=x\\y\n");
    assert_eq!(found("node"), Vec::<String>::new());
    assert_eq!(found("rust"), [".env:1 unquoted-space"]);
    sandbox.write(".env", "B='x\\'\n");
    assert_eq!(found("rust"), [".env:1 dotenvy"]);
}

#[test]
fn who_reads_the_file_is_found_out() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "A='a $b'\n");
    close(&sandbox);
    sandbox.write("Cargo.toml", "[dependencies]\ndotenvy = '0.15'\n");
    let ended = sandbox.run(&["env", "check", "--json"]).expect(0);
    let found: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(found["consumers"][1]["name"], "rust");
    assert_eq!(found["consumers"][1]["because"][0], "Cargo.toml: it depends on dotenvy");
    assert_eq!((&found["errors"], &found["warnings"]), (&0.into(), &0.into()));
    sandbox.write("package.json", r#"{"dependencies":{"next":"16.0.0"}}"#);
    let ended = sandbox.run(&["env", "--file", ".env", "check", "--json"]).expect(0);
    let found: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&found["findings"][0]["code"], &found["findings"][0]["place"]["line"]), (&"dollar".into(), &1.into()));
}

#[test]
fn an_open_quote_is_an_error_and_github_shows_it_beside_the_line() {
    let sandbox = Sandbox::new();
    let secret = ["hunter", "2"].concat();
    sandbox.write(".env", &format!("A=1\nB=\"{secret}\n"));
    close(&sandbox);
    let ended = sandbox.run(&["env", "check", "--format", "github"]).expect(3);
    assert_eq!(
        ended.stdout,
        "::error file=.env,line=2,col=3,title=env check%3A open-quote::the quote of `B` is not closed, so where its value ends is \
         everybody's guess; close the quote; until then nothing is written to the file\n"
    );
    assert!(!ended.stderr.contains(&secret));
}

#[test]
fn a_file_that_is_not_there_is_said_to_be_missing() {
    let sandbox = Sandbox::new();
    assert_eq!(codes(&sandbox.run(&["env", "check"]).expect(0)), [".env no-file"]);
    assert_eq!(codes(&sandbox.run(&["env", "--file", "typo.env", "check"]).expect(3)), ["typo.env no-file"]);
}

#[test]
fn git_and_permissions_are_looked_at() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "A=1\n");
    fs::set_permissions(sandbox.work().join(".env"), fs::Permissions::from_mode(0o644)).unwrap();
    sandbox.git(".", &["init", "-q"]);
    assert_eq!(codes(&sandbox.run(&["env", "check"]).expect(3)), [".env permissions", ".env not-ignored"]);
    sandbox.git(".", &["add", "-f", ".env"]);
    sandbox.git(".", &["commit", "-qm", "x"]);
    close(&sandbox);
    let ended = sandbox.run(&["env", "check"]).expect(3);
    assert_eq!(codes(&ended), [".env in-history", ".env tracked"]);
    assert!(ended.stdout.contains("git rm --cached .env"), "{}", ended.stdout);
    sandbox.git(".", &["rm", "-q", "--cached", ".env"]);
    sandbox.write(".gitignore", ".env\n");
    sandbox.git(".", &["add", ".gitignore"]);
    assert_eq!(codes(&sandbox.run(&["env", "check"]).expect(0)), [".env in-history"]);
}

#[test]
fn a_broken_declaration_is_named() {
    let sandbox = project(&right());
    let secret = ["hunter", "2"].concat();
    sandbox.write("nixstart.toml", &format!("{SIDECAR}[secrets.GONE]\nkind = 'url'\n[secrets.PORT2]\nkind = '{secret}'\n"));
    let ended = sandbox.run(&["env", "check"]).expect(3);
    let found = codes(&ended);
    assert!(found.contains(&"nixstart.toml:11 sidecar-without-declaration".to_owned()), "{found:?}");
    assert!(found.contains(&"nixstart.toml:14 unknown-kind".to_owned()), "{found:?}");
    assert!(!ended.stdout.contains(&secret));
}

/// What the stand-in answers: path, status, further header, body.
type Answer = (&'static str, u16, &'static str, String);

/// A path that was asked for, and the lines of the request's head.
type Asked = (String, Vec<String>);

/// A stand-in for Discord's API that notes what it is asked.
struct Api {
    url: String,
    seen: Arc<Mutex<Vec<Asked>>>,
}

impl Api {
    fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/api/v10", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let notes = Arc::clone(&seen);
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let path = head[0].split(' ').nth(1).unwrap().trim_start_matches("/api/v10").to_owned();
                let found = answers.iter().find(|(known, ..)| *known == path);
                let (status, further, body) = found.map_or((500, "", ""), |(_, status, further, body)| (*status, *further, body));
                notes.lock().unwrap().push((path, head));
                let _client_is_gone = write!(
                    stream,
                    "HTTP/1.1 {status} X\r\n{further}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Self { url, seen }
    }

    fn check(&self, sandbox: &Sandbox, arguments: &[&str]) -> Run {
        run(sandbox.command().args(["env", "check"]).args(arguments).env("NIXSTART_DISCORD_API", &self.url), "")
    }

    fn paths(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(path, _)| path.clone()).collect()
    }
}

fn user() -> Answer {
    ("/users/@me", 200, "", format!(r#"{{"id":"{APPLICATION_ID}","username":"ping","bot":true}}"#))
}

fn application(id: &str) -> Answer {
    ("/applications/@me", 200, "", format!(r#"{{"id":"{id}","name":"ping"}}"#))
}

const GUILD: &str = "/guilds/1100000000000000002";

#[test]
fn discord_is_asked_once_each_and_only_when_told_to() {
    let sandbox = project(&right());
    let api = Api::start(vec![user(), application(APPLICATION_ID), (GUILD, 200, "", "{}".into())]);
    api.check(&sandbox, &["--strict"]).expect(0);
    assert_eq!(api.paths(), Vec::<String>::new());
    let ended = api.check(&sandbox, &["--online"]).expect(0);
    assert_eq!(api.paths(), ["/users/@me", "/applications/@me", GUILD]);
    for (_, head) in api.seen.lock().unwrap().iter() {
        let header = |name: &str| head.iter().find(|line| line.to_lowercase().starts_with(name)).cloned().unwrap_or_default();
        assert!(header("authorization:").ends_with(&format!("Bot {}", token())), "the header is not right");
        assert!(header("user-agent:").contains("DiscordBot ("), "{}", header("user-agent:"));
        assert!(!head[0].contains(&token()));
    }
    assert!(ended.stderr.contains("Online: BOT_TOKEN belongs to the bot `ping`"), "{}", ended.stderr);
    assert!(!ended.stderr.contains(&token()) && !ended.stdout.contains(&token()));
}

#[test]
fn nothing_is_asked_after_a_refusal() {
    let sandbox = project(&right());
    let api = Api::start(vec![("/users/@me", 401, "", r#"{"code":0}"#.into())]);
    let ended = api.check(&sandbox, &["--online"]).expect(3);
    assert_eq!((codes(&ended), api.paths()), (vec![".env:1 online".to_owned()], vec!["/users/@me".to_owned()]));
    let busy = Api::start(vec![("/users/@me", 429, "Retry-After: 7\r\n", "{}".into())]);
    let ended = busy.check(&sandbox, &["--online"]).expect(5);
    assert_eq!(busy.paths(), ["/users/@me"]);
    ended.says("not checked online: Discord asks to be left alone; try again in 7 s");
}

#[test]
fn what_does_not_belong_together_is_told_with_the_way_out() {
    let sandbox = project(&right());
    let absent = (GUILD, 404, "", r#"{"code":10004}"#.to_owned());
    let api = Api::start(vec![user(), application("1100000000000000009"), absent]);
    let ended = api.check(&sandbox, &["--online"]).expect(3);
    assert_eq!(codes(&ended), [".env:2 online", ".env:3 online"]);
    assert!(ended.stdout.contains("https://discord.com/oauth2/authorize?client_id="), "{}", ended.stdout);
}

#[test]
fn a_redirect_is_not_followed_and_a_token_that_cannot_be_right_goes_nowhere() {
    let sandbox = project(&right());
    let other = Api::start(vec![user()]);
    let location: &'static str = Box::leak(format!("Location: {}/users/@me\r\n", other.url).into_boxed_str());
    let api = Api::start(vec![("/users/@me", 302, location, String::new())]);
    api.check(&sandbox, &["--online"]).expect(5).says("which is not followed");
    assert_eq!((api.paths().len(), other.paths().len()), (1, 0));
    sandbox.write(".env", "BOT_TOKEN=\nCLIENT_ID=\n");
    // What was not asked is said beside what is wrong.
    let not_asked = "not checked online: BOT_TOKEN has no value that could be a token";
    api.check(&sandbox, &["--online"]).expect(3).says(not_asked);
    assert!(api.check(&sandbox, &["--online", "--format", "github"]).expect(3).stdout.contains(not_asked));
    assert_eq!(api.paths().len(), 1);
}

#[test]
fn only_this_machine_is_asked_without_encryption() {
    let sandbox = project(&right());
    let command = |url: &str| run(sandbox.command().args(["env", "check", "--online"]).env("NIXSTART_DISCORD_API", url), "");
    command("http://discord.example/api").expect(10).says("because it is not HTTPS");
    command("http://127.0.0.1:1/api").expect(5).says("not checked online");
}

#[test]
fn a_declared_text_of_several_lines_is_taken_from_a_file_and_every_verb_agrees_on_it() {
    let sandbox = Sandbox::new();
    sandbox.write("secretspec.toml", "[profiles.default]\nKEY = { description = 'x' }\n");
    let key = ["-----BEGIN CERT", "IFICATE-----\nabc\n-----END CERT", "IFICATE-----\n"].concat();
    sandbox.write("key.pem", &key);
    let set = |arguments: &[&str]| sandbox.run(&[&["env", "set", "KEY", "--from-file", "key.pem"], arguments].concat());
    set(&["--consumers", "direnv"]).expect(10).says("it has more than one line, which direnv up to 2.37 cannot read");
    set(&["--consumers", "node"]).expect(0);
    assert_eq!(sandbox.run(&["env", "get", "KEY"]).expect(0).stdout, key);
    let listed = sandbox.run(&["env", "list", "--consumers", "node"]).expect(0);
    assert!(listed.stdout.starts_with("KEY  set "), "{}", listed.stdout);
    sandbox.run(&["env", "check", "--strict", "--consumers", "node"]).expect(0);
    // What the one refuses, the other refuses.
    sandbox.write(".env", "KEY='a\u{7}b'\n");
    let listed = sandbox.run(&["env", "list"]).expect(0);
    assert!(listed.stdout.starts_with("KEY  invalid "), "{}", listed.stdout);
    let checked = sandbox.run(&["env", "check"]).expect(3);
    assert!(checked.stdout.contains("`KEY` cannot be right: it has more than one line or a control character"));
}

#[test]
fn what_was_copied_from_the_wrong_place_is_found_without_the_other_id() {
    let sandbox = project(&format!("BOT_TOKEN={}\nGUILD_ID={APPLICATION_ID}\n", token()));
    let checked = sandbox.run(&["env", "check"]).expect(3);
    assert!(checked.stdout.contains("GUILD_ID is the id of the bot of BOT_TOKEN"), "{}", checked.stdout);
    sandbox.write(".env", &right().replace(APPLICATION_ID, "1100000000000000009"));
    let checked = sandbox.run(&["env", "check"]).expect(0);
    assert!(checked.stdout.contains("(`nixstart env check --online` asks Discord)"), "{}", checked.stdout);
}

#[test]
fn a_database_on_this_machine_is_odd_in_production() {
    let sandbox = Sandbox::new();
    sandbox.write("secretspec.toml", "[profiles.default]\nDATABASE_URL = { description = 'x' }\n[profiles.production]\n");
    sandbox.write("nixstart.toml", "[secrets.DATABASE_URL]\nkind = 'database/url'\n");
    let address = |host: &str| format!("DATABASE_URL=postgres://{}@{host}/app\n", ["ada", "hunter22"].join(":"));
    sandbox.write(".env", &address("localhost:5432"));
    close(&sandbox);
    sandbox.run(&["env", "check", "--strict"]).expect(0);
    let checked = sandbox.run(&["env", "check", "--strict", "--profile", "production"]).expect(3);
    let message = "`DATABASE_URL`: it leads to this machine, and the profile is `production` [odd-value]";
    assert!(checked.stdout.contains(message), "{}", checked.stdout);
    sandbox.write(
        ".env",
        &format!("DATABASE_URL='{}'\n", address("db").trim().replace("hunter", "#").trim_start_matches("DATABASE_URL=")),
    );
    let checked = sandbox.run(&["env", "check"]).expect(3);
    assert!(checked.stdout.contains("`DATABASE_URL` cannot be right: it has a raw `#`"), "{}", checked.stdout);
}

#[test]
fn a_flake_without_git_would_copy_the_file_into_the_store() {
    let sandbox = Sandbox::new();
    sandbox.write("flake.nix", "{ outputs = _: { }; }\n");
    let message = "the flake is in no git repository, so Nix copies this file into the store";
    let set = |value: &str| sandbox.run_with_input(&["env", "set", "A", "--stdin"], value).expect(0);
    set("1").says(message).says("then run `git init && git add .`");
    let checked = sandbox.run(&["env", "check", "--strict"]).expect(3);
    assert!(checked.stdout.contains(message) && checked.stdout.contains("[in-store]"), "{}", checked.stdout);
    git2::Repository::init(sandbox.work()).unwrap();
    sandbox.write(".gitignore", ".env*\n");
    assert!(!set("2").stderr.contains(message));
    assert!(!sandbox.run(&["env", "check"]).stdout.contains("in-store"));
}

#[test]
fn a_directory_that_others_may_change_is_found() {
    let sandbox = project(&right());
    let open = |mode| fs::set_permissions(sandbox.work(), fs::Permissions::from_mode(mode)).unwrap();
    open(0o777);
    let checked = sandbox.run(&["env", "check", "--strict"]).expect(3);
    assert!(checked.stdout.contains("others can put another file in its place"), "{}", checked.stdout);
    assert!(checked.stdout.contains("hint: run `chmod go-w .`"), "{}", checked.stdout);
    open(0o755);
    sandbox.run(&["env", "check", "--strict"]).expect(0);
}
