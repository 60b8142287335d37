//! Tests with real files and real repositories, and the promise that no value leaves the probe.

use camino::Utf8PathBuf;
use git2::{IndexAddOption, Repository, Signature};
use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::super::tests::vantage;
use super::*;
use crate::doctor;
use crate::facts::Facts;
use crate::facts::secrets::{GapKind, ImageCopy, Privacy, Shape};
use crate::secret::shapes;

fn project(files: &[(&str, &str)]) -> (Utf8PathBuf, Vantage) {
    let (root, mut vantage) = vantage();
    vantage.directory = root.join("project").clone();
    vantage.environment.insert("PATH".into(), "/usr/bin:/bin".into());
    write(&vantage, files);
    (root, vantage)
}

fn write(vantage: &Vantage, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = vantage.directory.join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
}

fn commit(vantage: &Vantage) {
    let repository = Repository::init(&vantage.directory).unwrap();
    let mut index = repository.index().unwrap();
    index.add_all(["*"], IndexAddOption::FORCE, None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let signature = Signature::now("A", "a@example.org").unwrap();
    let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some("HEAD"), &signature, &signature, "x", &tree, &parents).unwrap();
}

fn untrack(vantage: &Vantage, name: &str) {
    let repository = Repository::open(&vantage.directory).unwrap();
    let mut index = repository.index().unwrap();
    index.remove_path(name.as_ref()).unwrap();
    index.write().unwrap();
}

fn privacy(vantage: &Vantage) -> Privacy {
    *look(vantage).files.known().unwrap()[0].privacy.known().unwrap()
}

#[test]
fn a_directory_that_is_no_project_is_left_alone() {
    let (_root, vantage) = vantage();
    assert_eq!(look(&vantage), elsewhere());
}

#[test]
fn says_what_a_missing_file_should_have() {
    let (_root, vantage) = project(&[(".env.example", "BOT_TOKEN=\n"), ("apps/web/.env.example", "API_URL=\n")]);
    let found = look(&vantage);
    let files = found.files.known().unwrap();
    assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), [".env", "apps/web/.env"]);
    assert!(files.iter().all(|file| file.content == Fact::Known(None) && file.gaps[0].kind == GapKind::Missing));
    assert_eq!(files[0].declared_in, [".env.example"]);
}

#[test]
fn what_is_only_in_env_local_counts() {
    let (_root, vantage) = project(&[(".env.example", "A=\nB=\n"), (".env", "A=1\n"), (".env.local", "B=2\n")]);
    let found = look(&vantage);
    assert!(found.files.known().unwrap().iter().all(|file| file.gaps.is_empty()));
}

#[test]
fn tells_modes_and_faults() {
    use std::os::unix::fs::PermissionsExt;
    let (_root, vantage) = project(&[(".env", "A=1\r\nA=two words\r\n")]);
    let path = vantage.directory.join(".env");
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let found = look(&vantage);
    let content = found.files.known().unwrap()[0].content.known().unwrap().clone().unwrap();
    assert_eq!((content.mode, content.is_own, content.faults.len()), (0o640, true, 3));
}

#[test]
fn knows_what_an_image_takes_along() {
    let image = |files: &[(&str, &str)]| {
        let env: &[(&str, &str)] = &[(".env", "A=1\n"), ("apps/api/.env", "A=1\n"), ("Dockerfile", "FROM scratch\nCOPY . .\n")];
        let (_root, vantage) = project(&[env, files].concat());
        look(&vantage).image
    };
    let taken = |files: &[(&str, &str)]| match image(files) {
        Fact::Known(ImageCopy::Copied { files, place, ignore }) => {
            assert_eq!((place.as_str(), ignore.file_name()), ("Dockerfile:2", Some(".dockerignore")));
            files
        }
        Fact::Known(ImageCopy::KeptOut) => Vec::new(),
        Fact::Unknown(why) => panic!("{why:?}"),
    };
    assert_eq!(taken(&[]), [".env", "apps/api/.env"]);
    // Its rules begin at the top, other than git's.
    assert_eq!(taken(&[(".dockerignore", ".env\n.env.*\n")]), ["apps/api/.env"]);
    assert_eq!(taken(&[(".dockerignore", "**/.env*\n!.env\n")]), [".env"]);
    assert_eq!(taken(&[(".dockerignore", "**/.env\n")]), [""; 0]);
    assert_eq!(taken(&[(".dockerignore", "*\n!src\n")]), [""; 0]);
    assert!(matches!(image(&[("Dockerfile", "FROM scratch\nCOPY src .\n")]), Fact::Unknown(_)));
}

#[test]
fn knows_which_rule_ignores_a_file() {
    let (_root, vantage) = project(&[(".env", "A=1\n"), ("a.txt", "x")]);
    Repository::init(&vantage.directory).unwrap();
    assert_eq!(privacy(&vantage), Privacy::NotIgnored);
    write(&vantage, &[(".gitignore", ".env*\n!.env\n")]);
    assert_eq!(privacy(&vantage), Privacy::NotIgnored);
    write(&vantage, &[(".gitignore", ".env\n")]);
    assert_eq!(privacy(&vantage), Privacy::IgnoredFromNextCommit);
    commit(&vantage);
    assert_eq!(privacy(&vantage), Privacy::Tracked);
    untrack(&vantage, ".env");
    assert_eq!(privacy(&vantage), Privacy::Ignored);
}

#[test]
fn a_file_that_frameworks_expect_in_git_is_public_without_a_secret() {
    let (_root, vantage) = project(&[(".env.production", "NEXT_PUBLIC_URL=https://example.org\n"), ("package.json", "{}")]);
    assert!(look(&vantage).files.known().unwrap()[0].is_public());
    write(&vantage, &[(".env.production", "API_TOKEN=a1b2c3d4\n")]);
    assert!(!look(&vantage).files.known().unwrap()[0].is_public());
}

#[test]
fn a_rule_of_this_machine_only_is_told_apart() {
    let (_root, vantage) = project(&[(".env", "A=1\n")]);
    Repository::init(&vantage.directory).unwrap();
    if vantage.find("git").is_some() {
        write(&vantage, &[(".git/info/exclude", ".env\n")]);
        assert_eq!(privacy(&vantage), Privacy::IgnoredHereOnly);
    }
}

#[test]
fn finds_a_file_that_was_committed_and_removed() {
    let (_root, vantage) = project(&[("apps/web/.env", "API_TOKEN=a1b2c3\nPORT=1\n"), (".env.example", "A=\n")]);
    commit(&vantage);
    untrack(&vantage, "apps/web/.env");
    fs_err::remove_file(vantage.directory.join("apps/web/.env")).unwrap();
    commit(&vantage);
    let found = look(&vantage);
    let history = found.history.known().unwrap();
    assert_eq!((history.commits, history.is_complete), (2, true));
    assert_eq!(history.files[0].name, "apps/web/.env");
    assert_eq!(history.files[0].variables, ["API_TOKEN", "PORT"]);
    assert!(history.files[0].holds_secret);
    assert!(matches!(found.history_tokens.get(), Err(crate::facts::Unknown::NotLooked(_))));
}

#[test]
fn an_example_in_history_is_no_leak() {
    let (_root, vantage) = project(&[(".env", "TOKEN=\nKEY=your-key\n"), (".env.example", "TOKEN=x\n")]);
    commit(&vantage);
    assert!(look(&vantage).history.known().unwrap().files.is_empty());
}

#[test]
fn a_deep_look_finds_tokens_of_every_commit() {
    let (_, token) = shapes::synthetic().swap_remove(1);
    let (_root, mut vantage) = project(&[("src/a.js", &format!("// a\nlogin('{token}')\n"))]);
    commit(&vantage);
    write(&vantage, &[("src/a.js", "login(process.env.TOKEN)\n"), ("package.json", "{}")]);
    commit(&vantage);
    vantage.reach.deep = true;
    let found = look(&vantage);
    let leaks = found.history_tokens.known().unwrap();
    assert_eq!(leaks.len(), 1);
    assert!(leaks[0].describe().ends_with(":src/a.js:2: a GitHub token"), "{}", leaks[0].describe());
}

#[test]
fn a_flake_outside_git_is_copied_whole() {
    let (_root, vantage) = project(&[("flake.nix", "{}"), (".env", "A=1\n"), (".envrc", "use flake 'path:.'\n")]);
    assert_eq!(look(&vantage).store.known(), Some(&StoreCopy::WholeDirectory { files: vec![".env".into()] }));
    Repository::init(&vantage.directory).unwrap();
    let expected = StoreCopy::PathReference { place: ".envrc:1".into(), files: vec![".env".into()] };
    assert_eq!(look(&vantage).store.known(), Some(&expected));
}

#[test]
fn finds_tokens_and_values_in_nix_files() {
    let (_, token) = shapes::synthetic().swap_remove(0);
    let value = ["s3cr3t", "-words", "-abc-9"].concat();
    let (_root, vantage) = project(&[
        (".env", &format!("DB_PASSWORD={value}\n")),
        ("nix/bot.nix", &format!("{{\n  token = \"{token}\";\n}}")),
        (".envrc", &format!("use flake\nexport X={value}\n")),
        ("node_modules/x/a.nix", &token),
    ]);
    let found = look(&vantage);
    let places: Vec<_> =
        found.in_nix_files.known().unwrap().iter().map(|leak| (leak.file.as_str(), leak.line, leak.shape)).collect();
    assert_eq!(places, [(".envrc", 2, Shape::EnvValue), ("nix/bot.nix", 2, Shape::DiscordBotToken)]);
}

#[test]
fn a_glance_at_an_ordinary_project_is_short() {
    let (_root, vantage) = project(&[(".env.example", "A=\n"), (".env", "A=1\n"), ("flake.nix", "{}"), (".gitignore", ".env\n")]);
    commit(&vantage);
    let before = std::time::Instant::now();
    look(&vantage);
    assert!(before.elapsed().as_millis() < 1000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever file holds a token in whatever way, no fact and no finding repeats it.
    #[test]
    fn no_value_leaves_the_probe(
        index in 0_usize..11,
        file in prop::sample::select(vec![
            ".env", ".env.example", ".env.local", ".env.production", "nixstart.toml", "secretspec.toml", "flake.nix",
            ".envrc", "apps/web/.env", ".gitignore",
        ]),
        around in prop::sample::select(vec![
            "{}\n", "A={}\n", "{}=1\n", "export {}=\n", "A=\"{}\n", "A='Bot {}'\n", "A={} #\n", "# {}\nA=\n", "A: {}\n",
            "[secrets.{}]\nkind = 'text'\n", "[secrets.BOT_TOKEN]\nkind = '{}'\n", "[profiles.default.'{}']\n", "[secrets.BOT_TOKEN]\nexample = \"{}\"\n",
            "use flake path:. {}\n", "BOT_TOKEN={}\nCLIENT_ID={}\n",
        ]),
    ) {
        let (_, token) = shapes::synthetic().swap_remove(index);
        let (_root, mut vantage) = project(&[
            (".env", "BOT_TOKEN=\nCLIENT_ID=1\n"),
            (".env.example", "BOT_TOKEN=\nCLIENT_ID=\n"),
            ("nixstart.toml", "[secrets.BOT_TOKEN]\nkind = 'discord/bot-token'\n[secrets.CLIENT_ID]\nkind = 'discord/application-id'\n"),
            ("flake.nix", "{}"),
            (file, &around.replace("{}", &token)),
        ]);
        commit(&vantage);
        vantage.reach.deep = true;
        let facts = Facts { secrets: look(&vantage), ..Facts::default() };
        let findings = doctor::examine(&facts, |check| check.group == doctor::Group::Secrets);
        let said = format!("{:?}", findings.iter().map(|finding| &finding.status).collect::<Vec<_>>());
        prop_assert!(!said.contains(&token), "{said}");
        let said = format!("{facts:?}");
        prop_assert!(!said.contains(&token));
    }
}
