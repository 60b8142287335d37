//! The generated discord-bot for real: installed, linted, type-checked, tested and built by its own tools, then run as a
//! process against a stand-in for Discord.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pretty_assertions::assert_eq;

use crate::support::discord::{Discord, Seen};
use crate::support::{APPLICATION_ID, GUILD_ID, Run, Sandbox, run, token, tools};

fn tool(sandbox: &Sandbox, directory: &Path, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(tools::find(program).unwrap());
    command.args(arguments).current_dir(directory).env_clear();
    command.envs(tools::package_manager_environment()).env("HOME", sandbox.home()).env("CI", "1");
    command
}

fn check(sandbox: &Sandbox, directory: &Path, program: &str, arguments: &[&str]) -> Run {
    let outcome = run(&mut tool(sandbox, directory, program, arguments), "");
    assert_eq!(outcome.code, 0, "{program} {arguments:?}\n{}\n{}", outcome.stdout, outcome.stderr);
    outcome
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _reaped_already = self.0.wait();
    }
}

impl Running {
    fn terminate(mut self) -> Option<i32> {
        let process = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            std::thread::yield_now();
        }
        None
    }
}

fn start(sandbox: &Sandbox, directory: &Path, arguments: &[&str]) -> Running {
    Running(
        tool(sandbox, directory, "node", arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap(),
    )
}

fn everything_works(language: &str, package_manager: &str) {
    let test = format!("bot::{language}_{package_manager}");
    if !tools::have(&test, &["node", package_manager]) {
        return;
    }
    let sandbox = Sandbox::new();
    let discord = Discord::start();
    let secrets =
        format!("BOT_TOKEN={}\nCLIENT_ID={APPLICATION_ID}\nGUILD_ID={GUILD_ID}\nDISCORD_API={}\n", token(), discord.api());
    let (language_flag, manager_flag) = (format!("language={language}"), format!("package_manager={package_manager}"));
    let arguments = ["new", "discord-bot", "my-bot", "--set", &language_flag, "--set", &manager_flag, "--env-file", "-"];
    sandbox.run_with_input(&arguments, &secrets).expect(0);
    let project = sandbox.work().join("my-bot");

    let install: &[&str] =
        if package_manager == "pnpm" { &["install", "--frozen-lockfile"] } else { &["install", "--no-audit", "--no-fund"] };
    check(&sandbox, &project, package_manager, install);
    for script in ["lint", "typecheck", "test", "build"] {
        check(&sandbox, &project, package_manager, &["run", script]);
    }
    let untracked = sandbox.git("my-bot", &["status", "--porcelain"]);
    let left: Vec<&str> =
        untracked.lines().filter(|line| !line.starts_with("A  ") && !line.ends_with("package-lock.json")).collect();
    assert_eq!(left, Vec::<&str>::new(), "install, test or build left files that git does not ignore");

    bot_answers(&sandbox, &project, &discord, &["."]);
    bot_answers(&sandbox, &project, &discord, &["dist/index.js"]);
    registers(&sandbox, &project, &discord, language);
    names_what_is_missing(&sandbox, &project);
}

/// Logs in with the token of `.env`, answers `/ping` and ends cleanly when it is told to.
fn bot_answers(sandbox: &Sandbox, project: &Path, discord: &Discord, arguments: &[&str]) {
    let bot = start(sandbox, project, arguments);
    let identified = discord.wait_for("logged in", |seen| if let Seen::Identified(token) = seen { Some(token) } else { None });
    assert_eq!(identified, token());
    discord.wait_for("answered /ping", |seen| match seen {
        Seen::Request { method, path, .. }
            if method == "POST" && path.contains("/interactions/1100000000000000003/interaction/callback") =>
        {
            Some(())
        }
        _ => None,
    });
    assert_eq!(bot.terminate(), Some(0), "SIGTERM should end the bot cleanly");
}

fn registers(sandbox: &Sandbox, project: &Path, discord: &Discord, language: &str) {
    let script = if language == "typescript" { "src/register.ts" } else { "src/register.js" };
    for (arguments, path) in
        [(vec![script], format!("/guilds/{GUILD_ID}/commands")), (vec![script, "--global"], "/commands".to_owned())]
    {
        check(sandbox, project, "node", &arguments);
        let expected = format!("/api/v10/applications/{APPLICATION_ID}{path}");
        let (authorization, names) = discord.wait_for("registered its commands", |seen| match seen {
            Seen::Request { method, path, authorization, body } if method == "PUT" && path == expected => {
                let mut names: Vec<String> =
                    body.as_array()?.iter().filter_map(|command| Some(command["name"].as_str()?.to_owned())).collect();
                names.sort();
                Some((authorization, names))
            }
            _ => None,
        });
        assert_eq!(authorization, format!("Bot {}", token()));
        assert_eq!(names, ["ping", "server", "user"]);
    }
}

fn names_what_is_missing(sandbox: &Sandbox, project: &Path) {
    fs::remove_file(project.join(".env")).unwrap();
    let outcome = run(&mut tool(sandbox, project, "node", &["."]), "");
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("BOT_TOKEN") && outcome.stderr.contains("CLIENT_ID"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("    at "), "a stack trace is shown:\n{}", outcome.stderr);
}

#[test]
fn typescript_with_pnpm() {
    everything_works("typescript", "pnpm");
}

#[test]
fn typescript_with_npm() {
    everything_works("typescript", "npm");
}

#[test]
fn javascript_with_pnpm() {
    everything_works("javascript", "pnpm");
}

#[test]
fn javascript_with_npm() {
    everything_works("javascript", "npm");
}
