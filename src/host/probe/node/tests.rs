//! Tests with real files, a real repository and, where it is there, a real Node.

use camino::Utf8PathBuf;
use git2::Repository;
use pretty_assertions::assert_eq;

use super::super::tests::vantage;
use super::*;
use crate::facts::Unknown;
use crate::facts::node::lock::MismatchKind;

fn project(files: &[(&str, &str)]) -> (Utf8PathBuf, Vantage) {
    let (root, mut vantage) = vantage();
    vantage.directory = root.join("project");
    for (name, text) in files {
        let path = vantage.directory.join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
    (root, vantage)
}

fn program(path: &Utf8Path) {
    use std::os::unix::fs::PermissionsExt;
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, "#!/bin/sh\necho v18.20.4\n").unwrap();
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn says_nothing_of_other_projects() {
    let (_root, vantage) = project(&[("flake.nix", "{}")]);
    assert!(matches!(look(&vantage).lock.get(), Err(Unknown::Irrelevant(_))));
}

#[test]
fn tells_who_brought_each_node_and_reads_its_version_from_files() {
    let (root, mut vantage) = project(&[("package.json", "{\"engines\":{\"node\":\">=24\"}}"), ("flake.nix", "pkgs.nodejs_24")]);
    let nix = root.join("nix/store/abc-nodejs-24.1.0/bin");
    let nvm = root.join("home/user/.nvm/versions/node/v18.20.4/bin");
    for directory in [&nix, &nvm] {
        program(&directory.join("node"));
    }
    vantage.environment.insert("PATH".into(), format!("{nvm}:{nix}:{nvm}"));
    let found = look(&vantage);
    let origins: Vec<_> = found.on_path.known().unwrap().iter().map(|node| node.origin.clone()).collect();
    assert_eq!(origins, [Origin::Manager("nvm"), Origin::Nix]);
    assert_eq!(found.version, Version::new(18, 20, 4).into());
    vantage.environment.insert("PATH".into(), nix.to_string());
    assert_eq!(look(&vantage).version, Version::new(24, 1, 0).into());
    let wish = found.wish.known().unwrap();
    assert_eq!((wish.ranges.len(), wish.has_nix_shell), (2, true));
}

#[test]
fn reads_the_version_of_pnpm_without_starting_it() {
    let (root, mut vantage) = project(&[("package.json", "{}")]);
    let pnpm = root.join("tools/pnpm");
    program(&pnpm.join("bin/pnpm"));
    fs_err::write(pnpm.join("package.json"), "{\"name\":\"pnpm\",\"version\":\"10.34.9\"}").unwrap();
    vantage.environment.insert("PATH".into(), pnpm.join("bin").to_string());
    let found = look(&vantage).pnpm.known().unwrap().clone().unwrap();
    assert_eq!((found.is_corepack, found.version), (false, Version::new(10, 34, 9).into()));
}

#[test]
fn corepack_is_never_started() {
    let (root, mut vantage) = project(&[("package.json", "{}")]);
    program(&root.join("lib/corepack/dist/pnpm"));
    vantage.environment.insert("PATH".into(), root.join("lib/corepack/dist").to_string());
    let found = look(&vantage).pnpm.known().unwrap().clone().unwrap();
    assert!(found.is_corepack && found.version.known().is_none());
}

#[test]
fn compares_every_importer_with_the_lock_file() {
    let lock = "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n\n  apps/web:\n    dependencies:\n      next:\n        specifier: ^16.0.0\n        version: 16.4.6\n";
    let (_root, vantage) = project(&[
        ("package.json", "{\"packageManager\":\"pnpm@10.0.0\"}"),
        ("pnpm-lock.yaml", lock),
        ("package-lock.json", "{}"),
        ("apps/web/package.json", "{\"dependencies\":{\"next\":\"^16.4.0\"}}"),
    ]);
    let found = look(&vantage);
    let lock = found.lock.known().unwrap();
    assert_eq!(
        (lock.file.as_str(), lock.is_tracked, lock.others.as_slice()),
        ("pnpm-lock.yaml", None, &["package-lock.json".to_owned()][..])
    );
    assert_eq!(lock.mismatches[0].kind, MismatchKind::OtherRange);
}

#[test]
fn a_lock_file_that_git_does_not_know_is_told() {
    let (_root, vantage) =
        project(&[("package.json", "{\"dependencies\":{\"a\":\"1\"}}"), ("package-lock.json", "<<<<<<< ours\n")]);
    let repository = Repository::init(&vantage.directory).unwrap();
    let lock = look(&vantage).lock.known().unwrap().clone();
    assert_eq!((lock.is_tracked, lock.has_conflict, lock.exists), (Some(false), true, true));
    repository.index().unwrap().add_path("package-lock.json".as_ref()).unwrap();
}

#[test]
fn finds_what_turborepo_compares_with() {
    let workflow = "steps:\n  - uses: actions/checkout@v7\n  - run: pnpm turbo run build --affected\n";
    let (_root, mut vantage) = project(&[("package.json", "{}"), ("turbo.json", "{}"), (".github/workflows/ci.yml", workflow)]);
    let mut options = git2::RepositoryInitOptions::new();
    let repository = Repository::init_opts(&vantage.directory, options.initial_head("master")).unwrap();
    assert!(!look(&vantage).turbo.known().unwrap().has_commits);
    let tree = repository.find_tree(repository.index().unwrap().write_tree().unwrap()).unwrap();
    let signature = git2::Signature::now("A", "a@example.org").unwrap();
    repository.commit(Some("HEAD"), &signature, &signature, "x", &tree, &[]).unwrap();
    let turbo = look(&vantage).turbo.known().unwrap().clone();
    assert_eq!((turbo.has_base, turbo.is_shallow, turbo.branches), (false, false, vec!["master".to_owned()]));
    assert_eq!(turbo.shallow_workflows, [".github/workflows/ci.yml:3"]);
    vantage.environment.insert("TURBO_SCM_BASE".into(), "master".into());
    assert!(look(&vantage).turbo.known().unwrap().has_base);
}
