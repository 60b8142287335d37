//! The projects that templates make, started by `nixstart up` with nothing installed yet: what they declare is enough for
//! nixstart itself and for process-compose, and the dashboard shows them.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::support::discord::{Discord, Seen};
use crate::support::nix_project;
use crate::support::nix_world;
use crate::support::process::get;
use crate::support::pty::Terminal;
use crate::support::services::{Services, wait_until};
use crate::support::{APPLICATION_ID, GUILD_ID, Sandbox, token, tools};

/// What package managers need to say little and ask nothing.
fn environment() -> Vec<(String, OsString)> {
    let quiet = [("CI", "1"), ("NEXT_TELEMETRY_DISABLED", "1"), ("TURBO_TELEMETRY_DISABLED", "1")];
    let quiet = quiet.map(|(name, value)| (name.to_owned(), value.into()));
    tools::package_manager_environment().into_iter().chain(quiet).collect()
}

/// The secrets of a bot that knows no other Discord than this one.
fn bot_secrets(discord: &Discord) -> String {
    format!("BOT_TOKEN={}\nCLIENT_ID={APPLICATION_ID}\nGUILD_ID={GUILD_ID}\nDISCORD_API={}\n", token(), discord.api())
}

fn logs_in(discord: &Discord) {
    let identified = discord.wait_for("logged in", |seen| if let Seen::Identified(token) = seen { Some(token) } else { None });
    assert_eq!(identified, token());
}

/// The ports of the monorepo, which are the same in every test.
static PORTS: Mutex<()> = Mutex::new(());

fn ports() -> MutexGuard<'static, ()> {
    PORTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Both apps answer, and what one needs of the other is there. The first answer has to be compiled; and `node --watch` begins
/// anew when another project takes the same file from pnpm's store.
fn answers(project: &Services) {
    let mut page = String::new();
    let mut is_answered = |url: &str, text: &str| {
        wait_until(|| {
            page = get(url).filter(|(status, _)| *status == 200).map(|(_, body)| body).unwrap_or_default();
            !page.is_empty() && page.contains(text)
        })
    };
    assert!(is_answered("http://127.0.0.1:3000/", "<html"), "{}", project.run(&["logs", "web", "-n", "100"]).stdout);
    assert!(is_answered("http://127.0.0.1:3001/health", ""), "{}", project.run(&["logs", "api", "-n", "100"]).stdout);
}

/// The dashboard shows every process with its state, and what one of them says; leaving it stops nothing.
fn is_shown(project: &Services, runner: &str, processes: &[(&str, &str)], (name, line): (&str, &str)) {
    let mut terminal = Terminal::of(&project.command(&["dash"]), (30, 120));
    terminal.send("2").wait_for(runner);
    for (name, state) in processes {
        let row = |line: &str| line.contains(&format!(" {name} ")) && line.contains(state);
        terminal.wait_until(&format!("{name} {state}"), |terminal| terminal.screen().lines().any(row));
    }
    terminal.send("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    let mut terminal = Terminal::of(&project.command(&["dash", name]), (30, 120));
    terminal.wait_for(line).send("q");
    let ended = terminal.end();
    assert!(ended.code == 0 && !ended.text.contains(&token()), "{}", ended.text);
}

fn state(project: &Services, name: &str) -> Value {
    project.process(name)["state"].clone()
}

#[test]
fn the_bot_installs_itself_registers_its_commands_and_logs_in() {
    if !tools::have("up_templates::the_bot_installs_itself", &["node", "pnpm"]) {
        return;
    }
    let discord = Discord::start();
    let sandbox = Sandbox::new();
    sandbox.run_with_input(&["new", "discord-bot", "p", "--env-file", "-"], &bot_secrets(&discord)).expect(0);
    let project = Services::of(sandbox, environment());
    project
        .run(&["up", "-d", "--backend", "builtin"])
        .expect(0)
        .says("+ install is done")
        .says("+ register is done")
        .says("+ bot runs");
    logs_in(&discord);
    let states = [("install", "completed"), ("register", "completed"), ("bot", "running")];
    is_shown(&project, "builtin", &states, ("bot", "Logged in as bot"));
    let logs = project.run(&["logs"]).expect(0).stdout;
    assert!(logs.contains("install  |") && logs.contains("bot") && !logs.contains(&token()), "{logs}");
    project.run(&["down"]).expect(0);
    assert_eq!(state(&project, "bot"), "stopped");
    project.expect_nobody();
}

#[test]
fn the_monorepo_comes_up_with_its_cache_and_answers() {
    if !tools::have("up_templates::the_monorepo_comes_up", &["node", "pnpm", "redis-server", "redis-cli"]) {
        return;
    }
    let _ports = ports();
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "web-monorepo", "p", "--set", "database=none", "--set", "cache=redis"]).expect(0);
    let project = Services::of(sandbox, environment());
    project
        .run(&["up", "-d", "--backend", "builtin"])
        .expect(0)
        .says("+ install is done")
        .says("+ redis is ready")
        .says("+ web is ready");
    answers(&project);
    let states = [("install", "completed"), ("redis", "ready"), ("api", "ready"), ("web", "ready")];
    is_shown(&project, "builtin", &states, ("web", "GET /health 200"));
    project.run(&["restart", "api"]).expect(0);
    assert!(wait_until(|| state(&project, "api") == "ready"));
    let usage = project.process("web")["usage"]["memory"].as_u64().unwrap();
    assert!(usage > 50 << 20, "the memory of the whole tree of a dev server, not of its shell: {usage}");
    project.run(&["down"]).expect(0);
    project.expect_nobody();
}

/// Programs for the shells of flakes, in a place that stays the same: what is built with them is there the next time.
fn shell_tools(test: &str, more: &[&str]) -> Option<PathBuf> {
    let process_compose = tools::cache().join("process-compose/1.120.0/process-compose");
    if !process_compose.is_file() {
        tools::note_missing(test, "process-compose 1.120.0");
        return None;
    }
    if !nix_project::can_run(test, &["jq"]) || !tools::have(test, more) {
        return None;
    }
    let place = tools::cache().join("shell-tools");
    fs::create_dir_all(&place).unwrap();
    let _alone = nix_world::alone();
    for program in std::iter::once(process_compose).chain(more.iter().map(|name| tools::find(name).unwrap())) {
        let link = place.join(program.file_name().unwrap());
        if fs::read_link(&link).ok().as_ref() != Some(&program) {
            let _was_not_there = fs::remove_file(&link);
            symlink(&program, &link).unwrap();
        }
    }
    Some(place)
}

/// A generated project in whose shell process-compose runs it, with these programs of devenv's own.
fn in_shell(arguments: &[&str], tools: &Path, scripts: &[(&str, &str)]) -> Services {
    let sandbox = nix_project::sandbox();
    sandbox.offline_project_with(arguments, Some(tools));
    let bin = sandbox.home().join("bin");
    fs::create_dir(&bin).unwrap();
    for (name, script) in scripts {
        fs::write(bin.join(name), script).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    // Its postgres has to get to its files.
    fs::set_permissions(sandbox.home().parent().unwrap(), fs::Permissions::from_mode(0o711)).unwrap();
    let inherited = tools::tool_path();
    let path = std::iter::once(bin).chain(std::env::split_paths(&inherited));
    let own = [
        ("PATH", std::env::join_paths(path).unwrap()),
        ("XDG_CACHE_HOME", sandbox.home().join(".cache").into()),
        // Whom Postgres is asked by.
        ("USER", "tester".into()),
    ];
    let environment = environment().into_iter().chain(own.map(|(name, value)| (name.to_owned(), value))).collect();
    Services::of(sandbox, environment)
}

/// Starts everything in the shell.
fn up_in_shell(project: &Services) -> crate::support::Run {
    let _alone = nix_world::alone();
    project.run(&["up", "-d"]).expect(0).says("the shell of the flake runs them")
}

#[test]
fn the_shell_of_a_flake_runs_the_bot_by_process_compose() {
    let Some(tools) = shell_tools("up_templates::the_shell_of_a_flake_runs_the_bot", &["node", "pnpm"]) else { return };
    let discord = Discord::start();
    let project = in_shell(&["discord-bot"], &tools, &[]);
    project.sandbox.write("p/.env", &bot_secrets(&discord));
    up_in_shell(&project).says("+ register is done").says("+ bot runs");
    logs_in(&discord);
    is_shown(&project, "process-compose", &[("register", "completed"), ("bot", "running")], ("bot", "Logged in as bot"));
    project.run(&["restart", "bot"]).expect(0);
    logs_in(&discord);
    assert!(wait_until(|| state(&project, "bot") == "running"));
    project.run(&["down"]).expect(0);
    project.expect_nobody();
    let logs = project.run(&["logs"]).stdout;
    assert!(logs.contains("bot") && !logs.contains(&token()), "{logs}");
}

/// What devenv makes of `services.redis`.
const START_REDIS: &str = "#!/bin/sh\nexec redis-server --bind 127.0.0.1 --port 6380 --save ''\n";
/// What devenv makes of `services.postgres`, as nobody when root runs the tests: Postgres refuses root.
const START_POSTGRES: &str = r#"#!/bin/bash
set -e
mkdir -p "$DEVENV_STATE/postgres"
cd "$DEVENV_STATE/postgres"
as=()
if [ "$(id -u)" = 0 ]; then chown 65534:65534 .; as=(setpriv --reuid 65534 --regid 65534 --clear-groups); fi
"${as[@]}" initdb --auth=trust --username="$USER" --encoding=UTF8 --locale=C --no-sync --pgdata data
"${as[@]}" postgres --single -D data postgres <<< 'CREATE DATABASE app;'
exec "${as[@]}" postgres -D data -c listen_addresses=127.0.0.1 -c port="$PGPORT" -c unix_socket_directories= -c fsync=off
"#;

#[test]
fn the_shell_of_a_flake_runs_the_monorepo_by_process_compose() {
    let needed = ["node", "pnpm", "redis-server", "redis-cli", "initdb", "postgres", "pg_isready"];
    let Some(tools) = shell_tools("up_templates::the_shell_of_a_flake_runs_the_monorepo", &needed) else { return };
    let _ports = ports();
    let arguments = ["web-monorepo", "--set", "database=postgres", "--set", "cache=redis"];
    let project = in_shell(&arguments, &tools, &[("start-redis", START_REDIS), ("start-postgres", START_POSTGRES)]);
    up_in_shell(&project).says("+ postgres is ready").says("+ migrate is done").says("+ web is ready");
    answers(&project);
    let ready = ["postgres", "redis", "api", "web"].map(|name| (name, "ready"));
    let states = [ready.as_slice(), &[("migrate", "completed")]].concat();
    is_shown(&project, "process-compose", &states, ("web", "GET /health 200"));
    project.run(&["restart", "api"]).expect(0);
    assert!(wait_until(|| state(&project, "api") == "ready"));
    project.run(&["down"]).expect(0);
    project.expect_nobody();
}
