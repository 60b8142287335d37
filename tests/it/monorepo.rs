//! The generated web-monorepo for real: installed, linted, type-checked, tested and built by its own tools, then run against
//! a real Postgres and a real Redis and looked at with a real browser.

use std::path::{Path, PathBuf};
use std::process::Command;

use pretty_assertions::assert_eq;
use rustix::process::Signal;

use crate::support::process::{Running, free_port, get, post};
use crate::support::pty::Terminal;
use crate::support::stores::{POSTGRES, Postgres, Redis};
use crate::support::{Run, Sandbox, checkout, files_below, run, tools};

/// A generated workspace with its dependencies.
struct Workspace {
    sandbox: Sandbox,
    root: PathBuf,
}

impl Workspace {
    /// Makes one and installs exactly what its lock file says.
    fn new(database: &str, cache: &str) -> Self {
        let sandbox = Sandbox::new();
        let (database, cache) = (format!("database={database}"), format!("cache={cache}"));
        sandbox.run(&["new", "web-monorepo", "my-shop", "--set", &database, "--set", &cache]).expect(0);
        let root = sandbox.work().join("my-shop");
        let workspace = Self { sandbox, root };
        workspace.check("pnpm", &["install", "--frozen-lockfile"]);
        workspace
    }

    fn command(&self, folder: &str, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(tools::find(program).unwrap());
        command.args(arguments).current_dir(self.root.join(folder)).env_clear();
        command.envs(tools::package_manager_environment()).env("HOME", self.sandbox.home()).env("CI", "1");
        command.env("NEXT_TELEMETRY_DISABLED", "1").env("TURBO_TELEMETRY_DISABLED", "1");
        command
    }

    /// Runs a program that has to succeed.
    #[track_caller]
    fn check(&self, program: &str, arguments: &[&str]) -> Run {
        let outcome = run(&mut self.command("", program, arguments), "");
        assert_eq!(outcome.code, 0, "{program} {arguments:?}\n{}\n{}", outcome.stdout, outcome.stderr);
        outcome
    }

    /// Every script of the workspace works, and afterwards nothing is to be done again.
    fn check_scripts(&self) {
        let scripts = ["lint", "typecheck", "test", "build"];
        // All at once is faster than one after the other.
        self.check("pnpm", &[&["exec", "turbo", "run"], scripts.as_slice()].concat());
        for script in scripts {
            let again = self.check("pnpm", &["run", script]);
            assert!(again.stdout.contains("FULL TURBO"), "`pnpm {script}` is done again:\n{}", again.stdout);
        }
        self.assert_clean("lint, typecheck, test or build");
        self.check_that_a_shared_change_is_noticed(&scripts);
    }

    /// What uses a package is done again when the package changes, and nothing else is.
    fn check_that_a_shared_change_is_noticed(&self, scripts: &[&str]) {
        let file = self.root.join("packages/ui/src/index.ts");
        let original = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{original}// changed\n")).unwrap();
        let plan = self.check("pnpm", &[&["exec", "turbo", "run"], scripts, &["--dry-run=json"]].concat()).stdout;
        std::fs::write(&file, original).unwrap();
        for task in json(&plan)["tasks"].as_array().unwrap().iter().filter(|task| task["command"] != "<NONEXISTENT>") {
            let is_expected = if task["directory"] == "apps/api" { "HIT" } else { "MISS" };
            assert_eq!(task["cache"]["status"], is_expected, "{}", task["taskId"]);
        }
    }

    #[track_caller]
    fn assert_clean(&self, what: &str) {
        let status = self.sandbox.git("my-shop", &["status", "--porcelain"]);
        let left: Vec<&str> = status.lines().filter(|line| !line.starts_with("A  ")).collect();
        assert_eq!(left, Vec::<&str>::new(), "{what} left or changed files");
    }

    /// Starts a server of the workspace; its port is in the address that comes back.
    fn start(&self, folder: &str, arguments: &[&str], variables: &[(&str, &str)]) -> (Running, String) {
        let port = free_port();
        let (program, arguments) = arguments.split_first().unwrap();
        let mut command = self.command(folder, program, arguments);
        command.env("PORT", port.to_string()).envs(variables.iter().copied());
        let log = self.sandbox.home().join(format!("{}-{port}.log", folder.replace('/', "-")));
        (Running::start(&mut command, &log), format!("http://127.0.0.1:{port}"))
    }

    fn start_api(&self, variables: &[(&str, &str)]) -> (Running, String) {
        self.start("apps/api", &["node", "dist/index.js"], &[&[("NODE_ENV", "production")], variables].concat())
    }

    fn start_web(&self, api: &str) -> (Running, String) {
        let variables = [("HOSTNAME", "127.0.0.1"), ("API_URL", api)];
        self.start("apps/web/.next/standalone/apps/web", &["node", "server.js"], &variables)
    }

    /// Opens a page in a browser, keeps a picture of it, and returns what it holds then.
    fn look_at(&self, url: &str, picture: &str) -> String {
        let folder = tools::cache().join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let picture = folder.join(picture);
        let _not_there = std::fs::remove_file(&picture);
        let browse = |what: &str| {
            let mut command = self.command("", "chromium", &["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]);
            command.arg("--disable-dev-shm-usage").arg("--window-size=800,600").arg(what).arg(url);
            run(&mut command, "")
        };
        browse(&format!("--screenshot={}", picture.display()));
        let bytes = std::fs::read(&picture).unwrap();
        assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 5_000, "the picture of {url} has {} bytes", bytes.len());
        browse("--dump-dom").stdout
    }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn without_a_database_everything_works() {
    if !tools::have("monorepo::without_a_database", &["node", "pnpm", "chromium"]) {
        return;
    }
    let workspace = Workspace::new("none", "none");
    workspace.check_scripts();

    let (mut api, api_url) = workspace.start_api(&[]);
    assert_eq!(
        json(&api.wait_for(&format!("{api_url}/health"), 200)),
        serde_json::json!({ "status": "ready", "dependencies": {} })
    );
    let (mut web, web_url) = workspace.start_web(&api_url);
    web.wait_for(&format!("{web_url}/health"), 200);
    let page = workspace.look_at(&web_url, "web-monorepo-none-none.png");
    assert!(page.contains("Hello from my-shop."), "{page}");
    assert_eq!(get(&format!("{web_url}/robots.txt")).unwrap().0, 200);
    // The component of the shared package, with its styles.
    assert!(page.contains("status-card-badge-up"), "{page}");
    let style = page.split('"').find(|text| text.ends_with(".css")).unwrap();
    assert!(get(&format!("{web_url}{style}")).unwrap().1.contains("status-card"));

    assert_eq!(api.end_with(Signal::TERM).code(), Some(0));
    let page = web.wait_for(&web_url, 200);
    assert!(page.contains("The API does not answer.") && page.contains("status-card-badge-down"), "{page}");

    the_development_server_changes_no_file(&workspace);
    says_in_one_line_that_a_port_is_in_use(&workspace, &web_url);
    drop(web);
    clean_removes_what_was_built(&workspace);
}

/// `next dev` likes to rewrite settings of TypeScript.
fn the_development_server_changes_no_file(workspace: &Workspace) {
    let (mut api, api_url) = workspace.start("apps/api", &["pnpm", "run", "dev"], &[]);
    let (mut web, web_url) = workspace.start("apps/web", &["pnpm", "run", "dev"], &[("API_URL", &api_url)]);
    api.wait_for(&format!("{api_url}/health"), 200);
    let page = web.wait_for(&web_url, 200);
    assert!(page.contains("Hello from my-shop."), "{page}");
    workspace.assert_clean("next dev");
}

fn says_in_one_line_that_a_port_is_in_use(workspace: &Workspace, taken: &str) {
    let port = taken.rsplit(':').next().unwrap();
    for app in ["apps/web", "apps/api"] {
        let outcome = run(workspace.command(app, "pnpm", &["run", "--silent", "start"]).env("PORT", port), "");
        assert_eq!(outcome.code, 1, "{outcome:?}");
        let expected = format!("Port {port} is in use. End the program that has it, or choose another with PORT=…\n");
        assert_eq!(outcome.stderr, expected);
    }
}

fn clean_removes_what_was_built(workspace: &Workspace) {
    for link in ["result", "result-image-web"] {
        std::os::unix::fs::symlink("/nowhere", workspace.root.join(link)).unwrap();
    }
    std::fs::write(workspace.root.join(".image-digest"), "sha256:0\n").unwrap();
    workspace.check("pnpm", &["run", "clean"]);
    let ignored = workspace.sandbox.git("my-shop", &["status", "--porcelain", "--ignored"]);
    let left: Vec<&str> = ignored.lines().filter(|line| !line.starts_with("A  ")).collect();
    let expected = ["", "apps/api/", "apps/web/", "packages/ui/"].map(|folder| format!("!! {folder}node_modules/"));
    let mut left: Vec<String> = left.into_iter().map(str::to_owned).collect();
    left.sort();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(left, expected);
}

/// An app of each kind that was added later, to a project with a database: what is installed is what was locked, every script
/// works, and the apps answer.
#[test]
fn apps_that_were_added_work_like_the_first_two() {
    if !tools::have("monorepo::apps_that_were_added", &["node", "pnpm"]) {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "web-monorepo", "my-shop", "--set", "database=postgres"]).expect(0);
    for (name, kind) in [("admin", "web"), ("orders", "api"), ("zone-2", "empty")] {
        sandbox.run(&["-C", "my-shop", "add", "app", name, "--kind", kind, "--yes"]).expect(0);
    }
    sandbox.git("my-shop", &["add", "--all"]);
    let root = sandbox.work().join("my-shop");
    let workspace = Workspace { sandbox, root };
    let lock = workspace.sandbox.read("my-shop/pnpm-lock.yaml");
    workspace.check("pnpm", &["install", "--lockfile-only", "--no-frozen-lockfile"]);
    assert_eq!(workspace.sandbox.read("my-shop/pnpm-lock.yaml"), lock, "it is the lock file that pnpm would write");
    workspace.check("pnpm", &["install", "--frozen-lockfile"]);
    let added = ["./apps/admin", "./apps/orders", "./apps/zone-2"].map(|app| format!("--filter={app}"));
    let added: Vec<&str> = added.iter().map(String::as_str).collect();
    workspace.check("pnpm", &[&["exec", "turbo", "run", "lint", "typecheck", "test", "build"], added.as_slice()].concat());
    workspace.assert_clean("lint, typecheck, test or build");

    let (mut api, api_url) = workspace.start("apps/orders", &["node", "dist/index.js"], &[("NODE_ENV", "production")]);
    assert_eq!(json(&api.wait_for(&format!("{api_url}/health"), 200))["status"], "ready");
    let variables = [("HOSTNAME", "127.0.0.1"), ("API_URL", api_url.as_str())];
    let (mut web, web_url) = workspace.start("apps/admin/.next/standalone/apps/admin", &["node", "server.js"], &variables);
    web.wait_for(&format!("{web_url}/health"), 200);
    let page = web.wait_for(&web_url, 200);
    assert!(page.contains("Hello from orders.") && page.contains("status-card-badge-up"), "{page}");
    assert_eq!(api.end_with(Signal::TERM).code(), Some(0));
    let program = run(&mut workspace.command("apps/zone-2", "pnpm", &["run", "--silent", "start"]), "").expect(0);
    assert_eq!(program.stdout, "Hello from zone-2.\n");
}

#[test]
fn with_postgresql_and_redis_everything_works() {
    let needed = [["node", "pnpm", "chromium", "redis-server"].as_slice(), &POSTGRES].concat();
    if !tools::have("monorepo::with_postgresql_and_redis", &needed) {
        return;
    }
    let workspace = Workspace::new("postgres", "redis");
    let (postgres, redis) = (Postgres::start(), Redis::start());
    let (database_url, redis_url) = (postgres.url(), redis.url());
    workspace.check_scripts();
    migrates_once(&workspace, &database_url);
    tests_of_the_project_reach_the_stores(&workspace, &database_url, &redis_url);

    let (mut api, api_url) = workspace.start_api(&[("DATABASE_URL", &database_url), ("REDIS_URL", &redis_url)]);
    let health = json(&api.wait_for(&format!("{api_url}/health"), 200));
    assert_eq!(health, serde_json::json!({ "status": "ready", "dependencies": { "database": "up", "cache": "up" } }));
    let (mut web, web_url) = workspace.start_web(&api_url);
    web.wait_for(&web_url, 200);
    takes_notes(&workspace, &api_url, &web_url);

    postgres.stop();
    let health = json(&api.wait_for(&format!("{api_url}/health"), 503));
    assert_eq!(health, serde_json::json!({ "status": "not ready", "dependencies": { "database": "down", "cache": "up" } }));
    assert_eq!(json(&get(&format!("{api_url}/notes")).unwrap().1)["error"], "The database is not available.");
    assert!(web.wait_for(&web_url, 200).contains("The database is not available."));
    redis.stop();
    assert_eq!(json(&post(&format!("{api_url}/visits"), "text/plain", "").unwrap().1)["error"], "The cache is not available.");
    let said = api.said();
    for store in ["database", "cache"] {
        assert!(said.contains(&format!("The {store} at 127.0.0.1:")) && said.contains("ECONNREFUSED"), "{said}");
    }
    assert!(!said.contains("    at "), "a stack trace is logged:\n{said}");
    assert_eq!(api.end_with(Signal::TERM).code(), Some(0));
    workspace.assert_clean("running");
    production_guesses_no_address(&workspace);
}

/// The migration as a person in development runs it, then as the image does, and what stops it.
fn migrates_once(workspace: &Workspace, database_url: &str) {
    let migrate = |arguments: &[&str]| {
        let mut command = workspace.command("apps/api", arguments[0], &arguments[1..]);
        run(command.env("DATABASE_URL", database_url), "")
    };
    let first = migrate(&["pnpm", "run", "migrate"]).expect(0);
    assert!(first.stdout.ends_with("Ran 1 of 1 migrations.\n"), "{}", first.stdout);
    let second = migrate(&["node", "dist/migrate.js"]).expect(0);
    assert_eq!(second.stdout, "The database is up to date.\n");

    let file = workspace.root.join("apps/api/migrations/0001-notes.sql");
    let original = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{original}-- changed\n")).unwrap();
    let changed = migrate(&["node", "dist/migrate.js"]).expect(1);
    assert!(changed.stderr.starts_with("migrations/0001-notes.sql was changed after it had run."), "{}", changed.stderr);
    std::fs::write(&file, original).unwrap();

    let broken = file.with_file_name("0002-broken.sql");
    std::fs::write(&broken, "CREATE TABLE half (id int);\nSELECT nothing FROM nowhere;\n").unwrap();
    let failed = migrate(&["node", "dist/migrate.js"]).expect(1);
    let expected = "migrations/0002-broken.sql failed, and nothing of it remains: relation \"nowhere\" does not exist\n";
    assert_eq!(failed.stderr, expected);
    std::fs::write(&broken, "CREATE TABLE half (id int);\n").unwrap();
    migrate(&["node", "dist/migrate.js"]).expect(0);
    std::fs::remove_file(&broken).unwrap();
    let gone = migrate(&["node", "dist/migrate.js"]).expect(0);
    assert_eq!(gone.stdout, "The database is up to date.\n");
}

/// The tests that are skipped without a store, through Turborepo, which hands on the variables they need.
fn tests_of_the_project_reach_the_stores(workspace: &Workspace, database_url: &str, redis_url: &str) {
    let mut command = workspace.command("", "pnpm", &["exec", "turbo", "run", "test", "--filter=./apps/api"]);
    let outcome = run(command.env("TEST_DATABASE_URL", database_url).env("TEST_REDIS_URL", redis_url), "").expect(0);
    assert!(!outcome.stdout.contains("skipped"), "{}", outcome.stdout);
}

/// A note that comes in through the API is on the page, and one of the page's form is in the API.
fn takes_notes(workspace: &Workspace, api_url: &str, web_url: &str) {
    let notes = format!("{api_url}/notes");
    let (status, added) = post(&notes, "application/json", r#"{ "text": "Buy <milk> 'now'" }"#).unwrap();
    assert_eq!((status, &json(&added)["text"]), (201, &"Buy <milk> 'now'".into()));
    assert_eq!(post(&notes, "application/json", r#"{ "text": "" }"#).unwrap().0, 400);

    let page = workspace.look_at(web_url, "web-monorepo-postgres-redis.png");
    assert!(page.contains("<li>Buy &lt;milk&gt; 'now'</li>"), "{page}");
    assert!(page.contains("Visits so far: "), "{page}");

    // The form works without JavaScript, too: this is all that a browser sends then.
    let html = get(web_url).unwrap().1;
    let action = html.split('"').find(|text| text.starts_with("$ACTION_ID_")).unwrap();
    let field = |name: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let form = format!("{}{}--x--\r\n", field(action, ""), field("text", "From the form"));
    let (status, page) = post(web_url, "multipart/form-data; boundary=x", &form).unwrap();
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("From the form"), "{page}");
    assert_eq!(json(&get(&notes).unwrap().1)[0]["text"], "From the form");
}

fn production_guesses_no_address(workspace: &Workspace) {
    let outcome = run(workspace.command("apps/api", "node", &["dist/index.js"]).env("NODE_ENV", "production"), "");
    assert_eq!(outcome.code, 1);
    let expected = "The configuration needs attention:\n  DATABASE_URL is missing: the address of the database, postgresql://…\n  REDIS_URL is missing: the address of Redis, redis://…\nSet the variables in apps/api/.env or in the environment; README.md explains each.\n";
    assert_eq!(outcome.stderr, expected);
    // `nixstart env` writes where the API reads.
    let set = ["-C", "my-shop", "env", "set", "DATABASE_URL", "--app", "api", "--stdin", "--yes"];
    workspace.sandbox.run_with_input(&set, "postgresql://127.0.0.1:1/app").expect(0);
    let outcome = run(workspace.command("apps/api", "node", &["dist/index.js"]).env("NODE_ENV", "production"), "");
    assert!(!outcome.stderr.contains("DATABASE_URL") && outcome.stderr.contains("REDIS_URL"), "{}", outcome.stderr);
    workspace.assert_clean("a secret of the API");
}

/// The lock file is exactly what pnpm would write, whatever the answers: it fits `package.json`, and no `pnpm install`
/// changes it. No host of a registry is in it.
#[test]
fn every_combination_has_the_lock_file_that_pnpm_would_write() {
    if !tools::have("monorepo::lock_files", &["node", "pnpm"]) {
        return;
    }
    let sandbox = Sandbox::new();
    for database in ["none", "postgres"] {
        for cache in ["none", "redis"] {
            for scope in ["@0", "@zz.z"] {
                let name = format!("{database}-{cache}-{}", &scope[1..]);
                let answers = [format!("database={database}"), format!("cache={cache}"), format!("scope={scope}")];
                let [database, cache, scope] = answers.each_ref().map(String::as_str);
                sandbox.run(&["new", "web-monorepo", &name, "--set", database, "--set", cache, "--set", scope]).expect(0);
                let lock = format!("{name}/pnpm-lock.yaml");
                let before = sandbox.read(&lock);
                for host in ["http:", "https:", "tarball:"] {
                    assert!(!before.contains(host), "the lock file of {name} has `{host}`");
                }
                let mut install = Command::new(tools::find("pnpm").unwrap());
                install.args(["install", "--lockfile-only", "--no-frozen-lockfile"]).current_dir(sandbox.work().join(&name));
                install.env_clear().envs(tools::package_manager_environment()).env("HOME", sandbox.home());
                run(&mut install, "").expect(0);
                assert_eq!(sandbox.read(&lock), before, "{name}");
            }
        }
    }
}

#[test]
fn the_tree_of_every_combination_of_answers() {
    let sandbox = Sandbox::new();
    let tree = |name: &str, answers: &[&str]| {
        let flags: Vec<&str> = answers.iter().flat_map(|answer| ["--set", answer]).collect();
        sandbox.run(&[["new", "web-monorepo", name].as_slice(), &flags].concat()).expect(0);
        files_below(&sandbox.work().join(name)).into_keys().collect::<Vec<_>>()
    };
    let least = tree("least", &["ci=none"]);
    let mut trees = format!("== database=none cache=none ci=none\n{}\n", least.join("\n"));
    for answer in ["database=postgres", "cache=redis", "ci=github"] {
        let ci = if answer == "ci=github" { answer } else { "ci=none" };
        let more: Vec<String> = tree(&answer.replace('=', "-"), &[answer, ci]);
        assert!(least.iter().all(|file| more.contains(file)), "{answer} takes files away");
        let added: Vec<String> = more.into_iter().filter(|file| !least.contains(file)).collect();
        trees += &format!("== and with {answer}\n{}\n", added.join("\n"));
    }
    insta::assert_snapshot!(trees);
}

#[test]
fn a_person_is_asked_for_the_database_and_nothing_else() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["new", "web-monorepo", "My Shop"], (40, 100));
    terminal.wait_for("Which database?").send("\u{1b}[B\r");
    terminal.wait_for("Apply this plan?").send("\r");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{}", ended.text);
    let said = ended.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let defaults = "Not asked: cache = none, scope = @my-shop, registry = nothing, ci = github, cachix = nothing";
    assert!(said.contains(defaults), "{said}");
    assert!(!said.contains("Left for later"), "{said}");
    assert!(sandbox.read("My Shop/nixstart.toml").contains("database = \"postgres\""));
    assert!(!sandbox.exists("My Shop/.env"));
}

#[test]
fn only_what_the_answers_need_is_declared() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "web-monorepo", "none", "--set", "DATABASE_URL=x"]).expect(2).says("DATABASE_URL is a secret");
    sandbox.run(&["new", "web-monorepo", "none"]).expect(0);
    sandbox.run(&["new", "web-monorepo", "both", "--set", "database=postgres", "--set", "cache=redis"]).expect(0);
    let services = |project: &str| {
        let record: toml::Table = sandbox.read(&format!("{project}/nixstart.toml")).parse().unwrap();
        let dependencies = |fields: &toml::Value| {
            let names = fields.get("depends_on").and_then(toml::Value::as_table);
            names.map(|names| names.keys().cloned().collect::<Vec<_>>().join("+")).unwrap_or_default()
        };
        let services = record["services"].as_table().unwrap();
        services.iter().map(|(name, fields)| format!("{name}<{}", dependencies(fields))).collect::<Vec<_>>()
    };
    assert_eq!(services("none"), ["install<", "api<install", "web<install+api"]);
    assert_eq!(
        services("both"),
        ["install<", "postgres<", "redis<", "migrate<install+postgres", "api<install+migrate+redis", "web<install+api"]
    );
    assert!(!sandbox.read("none/.env.example").contains("DATABASE_URL"));
    assert!(
        sandbox.read("both/.env.example").contains("# Where the API finds PostgreSQL; unset, the one of devenv.nix (optional)\n")
    );
    // What `env example` would write is what is there.
    sandbox.run(&["-C", "both", "env", "example", "--check"]).expect(0);

    sandbox.run(&["-C", "both", "env", "check", "--app", "api"]).expect(0);
    let production = sandbox.run(&["-C", "both", "env", "check", "--app", "api", "--profile", "production"]).expect(3);
    let said = format!("{}{}", production.stdout, production.stderr);
    assert!(said.contains("DATABASE_URL") && said.contains("REDIS_URL") && !said.contains("API_URL"), "{said}");
}

#[test]
fn a_scope_and_a_registry_are_held_to_their_rules() {
    let sandbox = Sandbox::new();
    for answer in ["scope=acme", "scope=@Acme", "scope=@a/b", "registry=https://ghcr.io/acme", "registry=ghcr.io/Acme"] {
        sandbox.run(&["new", "web-monorepo", "shop", "--set", answer]).expect(2).says("is not accepted");
    }
    sandbox
        .run(&["new", "web-monorepo", "shop", "--set", "scope=@acme", "--set", "registry=registry.example.org:5000/acme"])
        .expect(0);
    assert!(sandbox.read("shop/apps/web/package.json").contains("\"@acme/ui\": \"workspace:*\""));
}

/// Each row of the troubleshooting table names a check that exists, and nothing leads nowhere.
#[test]
fn the_documents_name_checks_and_files_that_exist() {
    let sandbox = Sandbox::new();
    let answers = ["--set", "database=postgres", "--set", "cache=redis"];
    sandbox.run(&[["new", "web-monorepo", "shop"].as_slice(), &answers].concat()).expect(0);
    let checks = std::fs::read_to_string(checkout().join("docs/checks.md")).unwrap();
    let lessons = sandbox.read("shop/LESSONS.md");
    let rows: Vec<&str> = lessons
        .lines()
        .skip_while(|line| !line.ends_with("| Check |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 15, "{rows:?}");
    for row in rows {
        let id = row.trim_end_matches(" |").rsplit("| ").next().unwrap().trim_matches('`');
        assert!(checks.contains(&format!("| {id} |")), "there is no check `{id}`: {row}");
    }
    let readme = sandbox.read("shop/README.md");
    for (name, text) in [("README.md", &readme), ("LESSONS.md", &lessons)] {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            if file.starts_with("http") {
                continue;
            }
            let linked = if file.is_empty() { text.clone() } else { read_linked(&sandbox, file) };
            let is_there = anchor.is_empty() || linked.lines().any(|line| line.starts_with('#') && slug(line) == anchor);
            assert!(is_there, "{name} links to `{target}`, which is not there");
        }
    }
    let layout = readme.split("```text").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut folder = Path::new("");
    for line in layout.lines().filter(|line| !line.trim().is_empty()) {
        let names = line.trim_start().split("   ").next().unwrap();
        let is_nested = line.starts_with(' ');
        for path in names.split(", ").map(|name| name.split_whitespace().next().unwrap()) {
            let path = if is_nested { folder.join(path) } else { Path::new(path).to_owned() };
            assert!(sandbox.work().join("shop").join(&path).exists(), "README.md names `{}`", path.display());
        }
        if !is_nested {
            folder = Path::new(names.split_whitespace().next().unwrap());
        }
    }
}

fn read_linked(sandbox: &Sandbox, file: &str) -> String {
    sandbox.read(&format!("shop/{file}"))
}

/// The anchor that GitHub gives a heading.
fn slug(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-')).map(|c| if c == ' ' { '-' } else { c }).collect()
}
