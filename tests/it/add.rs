//! `nixstart add`: a project that is given something is the one that would have been made with it, and what somebody has
//! changed since stays.

use std::collections::BTreeMap;
use std::fs;

use pretty_assertions::assert_eq;

use crate::support::Sandbox;

/// Makes a project of the monorepo with answers in a directory, and returns its files.
fn make(sandbox: &Sandbox, directory: &str, answers: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let set = answers.iter().flat_map(|answer| ["--set", answer]);
    let arguments: Vec<&str> = ["new", "web-monorepo", directory].into_iter().chain(set).collect();
    sandbox.run(&arguments).expect(0);
    files(sandbox, directory)
}

fn files(sandbox: &Sandbox, directory: &str) -> BTreeMap<String, Vec<u8>> {
    crate::support::files_below(&sandbox.work().join(directory))
}

/// The paths at which two projects differ.
fn differing(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let paths = one.keys().chain(other.keys()).filter(|path| one.get(*path) != other.get(*path));
    paths.cloned().collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

fn add(sandbox: &Sandbox, arguments: &[&str]) -> crate::support::Run {
    let all: Vec<&str> = ["-C", "demo", "add"].iter().chain(arguments).copied().collect();
    sandbox.run(&all)
}

#[test]
fn what_is_added_is_what_new_would_have_made() {
    let key = format!("acme.cachix.org-1:{}=", "a".repeat(43));
    let cases: [(&[&str], &[&str], &[&str]); 5] = [
        (&[], &["service", "postgres"], &["database=postgres"]),
        (&["database=postgres"], &["service", "redis"], &["database=postgres", "cache=redis"]),
        (&["ci=none"], &["ci"], &["ci=github"]),
        (&[], &["cachix", "acme"], &["cachix=acme"]),
        (&[], &["cachix", "acme", "--public-key", &key], &["cachix=acme", &format!("cachix_key={key}")]),
    ];
    for (before, added, after) in cases {
        let sandbox = Sandbox::new();
        let was = make(&sandbox, "demo", before);
        let shown = add(&sandbox, &[added, &["--dry-run"]].concat()).expect(0);
        assert!(shown.stderr.contains("--- a/nixstart.toml"), "{}", shown.stderr);
        assert_eq!(files(&sandbox, "demo"), was, "a look changes nothing");
        add(&sandbox, added).expect(4).says("--yes");
        add(&sandbox, &[added, &["--yes"]].concat()).expect(0);
        let now = files(&sandbox, "demo");
        let twin = Sandbox::new();
        let wanted = make(&twin, "demo", after);
        assert_eq!(differing(&now, &wanted), Vec::<String>::new(), "{added:?}");
        // Git knows all of it, so Nix sees it.
        assert!(!sandbox.git("demo", &["status", "--porcelain"]).contains("??"), "{added:?}");
        add(&sandbox, &[added, &["--yes"]].concat()).expect(0).says("everything of it is there already");
        sandbox.run(&["-C", "demo", "undo", "--yes"]).expect(0);
        assert_eq!(differing(&files(&sandbox, "demo"), &was), Vec::<String>::new(), "{added:?} taken back");
    }
}

#[test]
fn what_somebody_has_changed_stays() {
    let sandbox = Sandbox::new();
    make(&sandbox, "demo", &[]);
    let change = |path: &str, from: &str, to: &str| {
        let text = sandbox.read(&format!("demo/{path}"));
        assert!(text.contains(from), "{path}");
        sandbox.write(&format!("demo/{path}"), &text.replacen(from, to, 1));
    };
    change("devenv.nix", "  packages = [\n", "  packages = [\n    pkgs.hello # mine\n");
    change("README.md", "# ", "# My own ");
    sandbox.write("demo/notes.txt", "mine\n");
    add(&sandbox, &["service", "postgres", "--yes"]).expect(0).says("New variables: DATABASE_URL");
    let devenv = sandbox.read("demo/devenv.nix");
    assert!(devenv.contains("pkgs.hello # mine") && devenv.contains("services.postgres"), "{devenv}");
    assert!(sandbox.read("demo/README.md").starts_with("# My own "));
    assert!(sandbox.exists("demo/apps/api/migrations") && sandbox.exists("demo/notes.txt"));
}

#[test]
fn what_cannot_be_merged_is_shown_and_nothing_is_changed() {
    let sandbox = Sandbox::new();
    make(&sandbox, "demo", &[]);
    let text = sandbox
        .read("demo/devenv.nix")
        .replace("  ports = {\n    web = 3000;\n    api = 3001;\n  };\n", "  ports = { web = 4000; api = 4001; };\n");
    sandbox.write("demo/devenv.nix", &text);
    sandbox.write("demo/apps/api/src/database.ts", "// mine\n");
    let before = files(&sandbox, "demo");
    let refused = add(&sandbox, &["service", "postgres", "--yes"]).expect(10);
    let refused = refused
        .says("`devenv.nix` is not changed: it was changed in the same place")
        .says("2 files cannot be merged, so nothing was changed");
    let refused = refused.says("`apps/api/src/database.ts` is not changed: there is another file of this name");
    assert!(refused.stderr.contains("\n+    postgres = 5433;\n"), "{}", refused.stderr);
    assert_eq!(files(&sandbox, "demo"), before);
    assert_eq!(sandbox.receipts().len(), 1, "only that of `new`");
    add(&sandbox, &["service", "postgres", "--yes", "--skip-conflicts"]).expect(0);
    assert_eq!(sandbox.read("demo/devenv.nix"), text);
    assert_eq!(sandbox.read("demo/apps/api/src/database.ts"), "// mine\n");
    assert!(sandbox.exists("demo/apps/api/src/migrate.ts"));
}

#[test]
fn what_was_made_by_hand_as_it_was_shown_is_there() {
    let sandbox = Sandbox::new();
    make(&sandbox, "demo", &[]);
    let with_port = |text: &str| text.replace("    api = 3001;\n", "    api = 4001;\n");
    let mine = with_port(&sandbox.read("demo/devenv.nix"));
    sandbox.write("demo/devenv.nix", &mine);
    add(&sandbox, &["service", "postgres", "--yes"]).expect(10).says("make the changes that are shown by hand");
    let twin = Sandbox::new();
    make(&twin, "demo", &["database=postgres"]);
    let by_hand = with_port(&twin.read("demo/devenv.nix"));
    sandbox.write("demo/devenv.nix", &by_hand);
    add(&sandbox, &["service", "postgres", "--yes"]).expect(0);
    assert_eq!(sandbox.read("demo/devenv.nix"), by_hand);
    assert!(sandbox.exists("demo/apps/api/src/migrate.ts"));
}

#[test]
fn what_a_template_does_not_know_is_refused_with_what_it_knows() {
    let sandbox = Sandbox::new();
    make(&sandbox, "demo", &[]);
    add(&sandbox, &["service", "postgre"]).expect(1).says("knows no service `postgre`").says("did you mean `postgres`?");
    add(&sandbox, &["service", "kafka"]).expect(1).says("it knows postgres, redis");
    add(&sandbox, &["cachix", "Not A Name"]).expect(2).says("lower-case letters");
    sandbox.run(&["new", "discord-bot", "bot"]).expect(0);
    sandbox.run(&["-C", "bot", "add", "ci"]).expect(1).says("knows no ci");
    fs::create_dir(sandbox.work().join("empty")).unwrap();
    sandbox.run(&["-C", "empty", "add", "ci"]).expect(1).says("nixstart has not made this project");
    let record = sandbox.read("demo/nixstart.toml").replace("version = \"0.1.0\"", "version = \"0.0.9\"");
    sandbox.write("demo/nixstart.toml", &record);
    add(&sandbox, &["service", "redis"]).expect(1).says("was made with version 0.0.9 of its template");
}

#[test]
fn a_package_goes_into_the_list_of_the_dev_shell() {
    let sandbox = Sandbox::new();
    sandbox.run(&["new", "discord-bot", "demo"]).expect(0);
    let before = sandbox.read("demo/devenv.nix");
    add(&sandbox, &["package", "ripgrep", "--yes"]).expect(0);
    assert_eq!(sandbox.read("demo/devenv.nix"), before.replace("    pkgs.jq\n", "    pkgs.jq\n    pkgs.ripgrep\n"));
    add(&sandbox, &["package", "ripgrep", "--yes"]).expect(0).says("`pkgs.ripgrep` is in `devenv.nix` already");
    // From a folder below, too.
    fs::create_dir_all(sandbox.work().join("demo/src/deep")).unwrap();
    sandbox.run(&["-C", "demo/src/deep", "add", "package", "python3Packages.black", "--yes"]).expect(0);
    assert!(sandbox.read("demo/devenv.nix").contains("    pkgs.ripgrep\n    pkgs.python3Packages.black\n"));
    for _ in 0..2 {
        sandbox.run(&["-C", "demo", "undo", "--yes"]).expect(0);
    }
    assert_eq!(sandbox.read("demo/devenv.nix"), before);
    add(&sandbox, &["package", "nixpkgs#jq"]).expect(2).says("leave out what is before `jq`");
    sandbox.write("demo/devenv.nix", "{ pkgs, ... }: { packages = with pkgs; [ git ]; }\n");
    add(&sandbox, &["package", "jq"]).expect(10).says("write `pkgs.jq` into the list `packages` by hand");
    assert_eq!(sandbox.read("demo/devenv.nix"), "{ pkgs, ... }: { packages = with pkgs; [ git ]; }\n");
}

#[test]
fn an_app_is_a_folder_and_a_line_wherever_apps_are_listed() {
    let sandbox = Sandbox::new();
    let was = make(&sandbox, "demo", &[]);
    for (name, kind) in [("shop-2", "web"), ("orders", "api"), ("jobs", "empty")] {
        let arguments = ["app", name, "--kind", kind];
        add(&sandbox, &arguments).expect(4).says("--yes");
        add(&sandbox, &[&arguments[..], &["--yes"]].concat()).expect(0);
        add(&sandbox, &[&arguments[..], &["--yes"]].concat()).expect(0).says("everything of it is there already");
    }
    let changed = differing(&was, &files(&sandbox, "demo"));
    let others: Vec<&str> = changed.iter().map(String::as_str).filter(|path| !path.starts_with("apps/")).collect();
    assert_eq!(
        others,
        [
            ".github/workflows/ci.yml",
            "README.md",
            "devenv.nix",
            "eslint.config.mjs",
            "flake.nix",
            "nixstart.toml",
            "pnpm-lock.yaml",
        ]
    );
    assert!(changed.iter().all(|path| !path.starts_with("apps/web/") && !path.starts_with("apps/api/")), "{changed:?}");
    let record: toml::Table = sandbox.read("demo/nixstart.toml").parse().unwrap();
    assert_eq!(record["services"]["shop-2"]["ports"]["http"]["port"].as_integer(), Some(3002));
    assert_eq!(record["services"]["orders"]["env"]["PORT"].as_str(), Some("3003"));
    assert_eq!(record["secrets"]["API_URL"]["scopes"].as_array().unwrap().len(), 2);
    assert!(!record["services"].as_table().unwrap().contains_key("jobs"));
    // What is set for the app is where the app reads it.
    let set = ["-C", "demo", "env", "set", "API_URL=http://api:3001", "--app", "shop-2", "--yes"];
    sandbox.run(&set).expect(0);
    assert!(sandbox.read("demo/apps/shop-2/.env.local").contains("API_URL"));
    fs::remove_file(sandbox.work().join("demo/apps/shop-2/.env.local")).unwrap();
    // A service that comes later leaves the apps as they are.
    add(&sandbox, &["service", "postgres", "--yes"]).expect(0);
    assert!(
        sandbox.read("demo/flake.nix").contains("\"shop-2\"") && sandbox.read("demo/devenv.nix").contains("processes.orders")
    );
    let scopes = sandbox.read("demo/nixstart.toml");
    assert!(scopes.contains("scopes = [\"api\", \"orders\"]"), "{scopes}");
    for _ in 0..5 {
        sandbox.run(&["-C", "demo", "undo", "--yes"]).expect(0);
    }
    assert_eq!(differing(&files(&sandbox, "demo"), &was), Vec::<String>::new());
}

#[test]
fn an_app_comes_to_a_project_that_somebody_has_changed() {
    let sandbox = Sandbox::new();
    make(&sandbox, "demo", &["database=postgres", "cache=redis"]);
    let change = |path: &str, from: &str, to: &str| {
        let text = sandbox.read(&format!("demo/{path}"));
        assert!(text.contains(from), "{path}");
        sandbox.write(&format!("demo/{path}"), &text.replacen(from, to, 1));
    };
    change("flake.nix", "        \"aarch64-darwin\"\n", "");
    change("devenv.nix", "    pkgs.skopeo\n", "    pkgs.skopeo\n    pkgs.hello # mine\n");
    change("README.md", "# ", "# My own ");
    change("eslint.config.mjs", "  js.configs.recommended,\n", "  js.configs.recommended, // mine\n");
    change("nixstart.toml", "[project]\n", "[project]\nmine = true\n");
    add(&sandbox, &["app", "admin", "--kind", "web", "--port", "4000", "--yes"]).expect(0);
    assert!(
        sandbox.read("demo/devenv.nix").contains("pkgs.hello # mine") && sandbox.read("demo/README.md").starts_with("# My own ")
    );
    assert!(
        sandbox.read("demo/eslint.config.mjs").contains("// mine") && sandbox.read("demo/nixstart.toml").contains("mine = true")
    );
    assert!(
        !sandbox.read("demo/flake.nix").contains("darwin") && sandbox.read("demo/flake.nix").contains("image \"admin\" 4000")
    );
}

#[test]
fn an_app_needs_a_kind_a_name_and_a_port_of_its_own() {
    let sandbox = Sandbox::new();
    let was = make(&sandbox, "demo", &[]);
    add(&sandbox, &["app", "admin"]).expect(2).says("--kind");
    add(&sandbox, &["app", "admin", "--kind", "wep"]).expect(2).says("there is no kind `wep`; did you mean `web`?");
    add(&sandbox, &["app", "Admin", "--kind", "web"]).expect(2).says("`Admin` is no name for it");
    for taken in ["web", "api", "ui", "postgres", "image-web", "inherit"] {
        add(&sandbox, &["app", taken, "--kind", "web"]).expect(2).says("is the name of something else in the project");
    }
    add(&sandbox, &["app", "admin", "--kind", "web", "--port", "3000"]).expect(2).says("port 3000 is that of `web`");
    add(&sandbox, &["app", "admin", "--kind", "empty", "--port", "4000"]).expect(2).says("listens on no port");
    assert_eq!(files(&sandbox, "demo"), was);
    add(&sandbox, &["app", "admin", "--kind", "web", "--yes"]).expect(0);
    add(&sandbox, &["app", "admin", "--kind", "api"]).expect(2).says("`admin` is there already, of kind `web` on port 3002");
    add(&sandbox, &["app", "other", "--kind", "api", "--port", "3002"]).expect(2).says("port 3002 is that of `admin`");
    sandbox.write("demo/apps/orders/package.json", "{}\n");
    add(&sandbox, &["app", "orders", "--kind", "api", "--yes"]).expect(10).says("there is another file of this name");
    sandbox.run(&["new", "discord-bot", "bot"]).expect(0);
    sandbox.run(&["-C", "bot", "add", "app", "x", "--kind", "web"]).expect(1).says("has no place for another app");
}
