//! Looks at what the project asks of Nix's settings.

use std::thread;

use serde_json::Value;

use super::super::network::without_network;
use super::{has_flakes, places};
use crate::facts::{Fact, Unknown};
use crate::host::probe::Vantage;
use crate::nix::conf::{Setting, holds_secrets, words_of};
use crate::nix::flake_config::{Asked, STACK, caches_of_devenv, of_flake};

pub(super) fn flake(vantage: &Vantage) -> Fact<Vec<Asked>> {
    match vantage.read(&vantage.directory.join("flake.nix")) {
        Fact::Known(Some(text)) if text.contains("nixConfig") => with_stack(|| of_flake(&text)).into(),
        Fact::Known(Some(_)) => Vec::new().into(),
        Fact::Known(None) => Fact::irrelevant("there is no `flake.nix` here"),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// Reads a file of the project, which may nest as deep as it likes.
fn with_stack<T: Default + Send>(read: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read);
        reader.ok().and_then(|reader| reader.join().ok()).unwrap_or_default()
    })
}

/// The caches that the project asks for: those of its flake, and those of devenv.
pub(super) fn caches(vantage: &Vantage, flake: &[Asked]) -> Vec<String> {
    let text = |name: &str| vantage.read(&vantage.directory.join(name)).known().cloned().flatten();
    let of_flake = flake.iter().filter(|asked| asked.names_caches()).flat_map(|asked| asked.words.clone());
    let devenv = text("devenv.yaml").map(|_| "https://devenv.cachix.org".to_owned());
    let pulled = text("devenv.nix").filter(|text| text.contains("cachix"));
    let pulled = pulled.map(|text| with_stack(|| caches_of_devenv(&text))).unwrap_or_default();
    let mut caches: Vec<String> = of_flake.chain(devenv).chain(pulled).map(|url| url.trim_end_matches('/').to_owned()).collect();
    caches.sort_unstable();
    caches.dedup();
    caches
}

/// What the user has agreed to, from the file that Nix keeps.
pub(super) fn agreed(vantage: &Vantage) -> Fact<Vec<(String, String)>> {
    let Some(share) = places::share(vantage) else { return Vec::new().into() };
    let text = match vantage.read(&share.join("nix/trusted-settings.json")) {
        Fact::Known(text) => text.unwrap_or_default(),
        Fact::Unknown(why) => return Fact::Unknown(why),
    };
    let settings: Value = serde_json::from_str(&text).unwrap_or_default();
    let is_agreed = |agreed: &Value| agreed.as_bool() == Some(true);
    let values = |(name, values): (&String, &Value)| {
        let agreed = values.as_object().into_iter().flatten().filter(|(_, agreed)| is_agreed(agreed));
        agreed.map(|(value, _)| (name.clone(), value.clone())).collect::<Vec<_>>()
    };
    let settings = settings.as_object().into_iter().flatten().filter(|(name, _)| !holds_secrets(name));
    settings.flat_map(values).collect::<Vec<_>>().into()
}

/// Why something in the project needs flakes switched on in a file: `use flake` of a direnv before 2.35 does not pass flags.
pub(super) fn flakes_needed_by(vantage: &Vantage) -> Fact<Option<String>> {
    let envrc = match vantage.read(&vantage.directory.join(".envrc")) {
        Fact::Known(text) => text.unwrap_or_default(),
        Fact::Unknown(why) => return Fact::Unknown(why),
    };
    let uses_flake = envrc.lines().any(|line| line.trim_start().starts_with("use flake"));
    if !uses_flake || loads_nix_direnv(vantage, &envrc) || has_flakes(vantage) {
        return None.into();
    }
    match vantage.run("direnv", &["version"]) {
        Fact::Known(output) => {
            let version = output.stdout.trim().to_owned();
            let mut numbers = version.split('.').map(str::parse::<u32>);
            let is_older =
                matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) < (2, 35));
            is_older.then(|| format!("direnv {version} runs `use flake` without switching flakes on")).into()
        }
        Fact::Unknown(Unknown::Irrelevant(_)) => None.into(),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// Whether nix-direnv, which passes the flags, takes the place of direnv's own `use flake`.
fn loads_nix_direnv(vantage: &Vantage, envrc: &str) -> bool {
    let names_it = |text: &str| text.contains("nix-direnv") || text.contains("nix_direnv");
    if names_it(envrc) {
        return true;
    }
    let config = places::config(vantage).map(|config| config.join("direnv"));
    let library = config.iter().flat_map(|config| config.join("lib").read_dir_utf8()).flatten().flatten();
    let files = config.iter().map(|config| config.join("direnvrc")).chain(vantage.home().map(|home| home.join(".direnvrc")));
    let files = files.chain(library.map(|entry| entry.path().to_owned()));
    files.into_iter().any(|path| {
        names_it(path.file_name().unwrap_or_default())
            || vantage.read(&path).known().is_some_and(|text| text.as_deref().is_some_and(names_it))
    })
}

/// How many requests GitHub still answers without a token, when the project fetches from there. Asking costs none.
pub(super) fn github_requests_left(vantage: &Vantage, settings: &[Setting]) -> Fact<u64> {
    if words_of(settings, "access-tokens").is_some_and(|hosts| hosts.iter().any(|host| host.starts_with("github.com"))) {
        return Fact::irrelevant("Nix has a token for github.com");
    }
    let lock = vantage.read(&vantage.directory.join("flake.lock")).known().cloned().flatten().unwrap_or_default();
    if !lock.contains("\"type\": \"github\"") {
        return Fact::irrelevant("nothing is fetched from github.com here");
    }
    if !vantage.reach.network {
        return without_network();
    }
    let limits = ["--connect-timeout", "2", "--max-time", "3"];
    let request = ["--silent", "--fail", "--proto", "=https", "https://api.github.com/rate_limit"];
    match vantage.run("curl", &[["-q"].as_slice(), &limits, &request].concat()) {
        Fact::Known(output) => {
            requests_left(&output.stdout).map_or_else(|| Fact::not_looked("GitHub did not answer"), Fact::Known)
        }
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

fn requests_left(json: &str) -> Option<u64> {
    let limits: Value = serde_json::from_str(json).ok()?;
    limits.pointer("/resources/core/remaining")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::vantage;
    use super::*;

    #[test]
    fn reads_what_the_project_asks_for() {
        let (root, vantage) = vantage();
        let home = root.join("home/user");
        assert!(matches!(flake(&vantage), Fact::Unknown(_)));
        fs_err::write(home.join("flake.nix"), "{ nixConfig.extra-substituters = [ \"https://a.example/\" ]; outputs = _: { }; }")
            .unwrap();
        fs_err::write(home.join("devenv.nix"), "{ cachix.pull = [ \"b\" ]; }").unwrap();
        fs_err::write(home.join("devenv.yaml"), "inputs: {}\n").unwrap();
        let asked = flake(&vantage);
        assert_eq!(
            caches(&vantage, asked.known().unwrap()),
            ["https://a.example", "https://b.cachix.org", "https://devenv.cachix.org"]
        );
    }

    #[test]
    fn a_flake_that_only_nests_breaks_nothing() {
        let (root, vantage) = vantage();
        for nested in ["[", "x: "] {
            let text = format!("{}nixConfig", nested.repeat(16_000 / nested.len()));
            fs_err::write(root.join("home/user/flake.nix"), text).unwrap();
            assert_eq!(flake(&vantage), Vec::new().into());
        }
    }

    #[test]
    fn reads_what_was_agreed_to() {
        let (root, vantage) = vantage();
        assert_eq!(agreed(&vantage), Vec::new().into());
        let share = root.join("home/user/.local/share/nix");
        fs_err::create_dir_all(&share).unwrap();
        fs_err::write(share.join("trusted-settings.json"), r#"{"extra-substituters":{"https://a":true,"https://b":false}}"#)
            .unwrap();
        assert_eq!(agreed(&vantage), vec![("extra-substituters".to_owned(), "https://a".to_owned())].into());
    }

    #[test]
    fn flakes_are_needed_by_an_old_direnv() {
        use std::os::unix::fs::PermissionsExt as _;
        let (root, mut vantage) = vantage();
        let home = root.join("home/user");
        fs_err::write(home.join("direnv"), "#!/bin/sh\necho 2.32.1\n").unwrap();
        fs_err::set_permissions(home.join("direnv"), std::fs::Permissions::from_mode(0o755)).unwrap();
        vantage.environment.insert("PATH".into(), home.to_string());
        assert_eq!(flakes_needed_by(&vantage), None.into());
        fs_err::write(home.join(".envrc"), "use flake . --impure\n").unwrap();
        let why = "direnv 2.32.1 runs `use flake` without switching flakes on";
        assert_eq!(flakes_needed_by(&vantage), Some(why.to_owned()).into());
        fs_err::create_dir_all(home.join(".config/nix")).unwrap();
        fs_err::write(home.join(".config/nix/nix.conf"), "extra-experimental-features = nix-command flakes\n").unwrap();
        assert_eq!(flakes_needed_by(&vantage), None.into());
        fs_err::remove_file(home.join(".config/nix/nix.conf")).unwrap();
        fs_err::create_dir_all(home.join(".config/direnv/lib")).unwrap();
        fs_err::write(home.join(".config/direnv/lib/hm-nix-direnv.sh"), "").unwrap();
        assert_eq!(flakes_needed_by(&vantage), None.into());
    }

    #[test]
    fn asks_github_only_when_it_matters() {
        let (root, vantage) = vantage();
        let why = |settings: &[Setting]| github_requests_left(&vantage, settings).get().unwrap_err().to_string();
        assert_eq!(why(&[]), "nothing is fetched from github.com here");
        fs_err::write(root.join("home/user/flake.lock"), "{\"type\": \"github\"}").unwrap();
        assert_eq!(why(&[]), "not without a network");
        assert_eq!(requests_left(r#"{"resources":{"core":{"limit":60,"remaining":3}}}"#), Some(3));
    }
}
