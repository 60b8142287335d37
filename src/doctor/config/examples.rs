//! Facts with which the checks of settings find something, and facts with which they do not.

use camino::Utf8PathBuf;

use crate::doctor::Example;
use crate::facts::Facts;
use crate::facts::config::{Config, ConfigFault, ConfigFile};
use crate::facts::daemon::User;
use crate::facts::nix::{Machine, StoreMode};
use crate::facts::store::ProbeBuild;
use crate::nix::conf::{Place, Setting};
use crate::nix::flake_config::Asked;
use crate::nix::settings::{Effective, Sandbox};

const SYSTEM: &str = "/etc/nix/nix.conf";

fn effective() -> Effective {
    Effective {
        sandbox: Sandbox::On,
        max_jobs: Some(4),
        cores: 0,
        substituters: vec!["https://cache.nixos.org/".into()],
        trusted_substituters: Vec::new(),
        key_names: vec!["cache.nixos.org-1".into()],
        requires_signatures: true,
        accepts_flake_config: false,
        optimises_store: true,
        build_users_group: "nixbld".into(),
        token_hosts: Vec::new(),
    }
}

fn with(change: impl FnOnce(&mut Config)) -> Facts {
    let mut facts = Facts::default();
    facts.nix.machine = Machine::Linux { has_systemd: true }.into();
    facts.nix.store_mode = StoreMode::MultiUser.into();
    facts.daemon.user = User { name: "ada".into(), uid: 1000, ..User::default() }.into();
    facts.store.probe_build = ProbeBuild::Built { seen: vec!["nix".into(), "usr".into()] }.into();
    facts.config = Config {
        files: vec![ConfigFile { path: SYSTEM.into(), is_system: true, mode: 0o644, ..ConfigFile::default() }].into(),
        faults: Vec::new().into(),
        system: Vec::new().into(),
        user: Vec::new().into(),
        effective: effective().into(),
        unknown: Vec::new().into(),
        system_file: Utf8PathBuf::from(SYSTEM).into(),
        user_file: Utf8PathBuf::from("/home/ada/.config/nix/nix.conf").into(),
        variables: Vec::new().into(),
        sandbox: Sandbox::On.into(),
        flakes_needed_by: None.into(),
        flake: Vec::new().into(),
        project_caches: Vec::new().into(),
        agreed: Vec::new().into(),
        github_requests_left: 60.into(),
        ..Config::default()
    };
    change(&mut facts.config);
    facts
}

fn setting(name: &str, value: &str) -> Setting {
    let words = value.split_whitespace().map(str::to_owned).collect();
    Setting {
        name: name.into(),
        words,
        place: Place::File { path: SYSTEM.into(), line: 1 },
        raw: Some(format!("{name} = {value}")),
    }
}

fn in_force(change: impl FnOnce(&mut Effective)) -> Facts {
    let mut effective = effective();
    change(&mut effective);
    with(|config| config.effective = effective.into())
}

fn asking(change: impl FnOnce(&mut Effective)) -> Facts {
    let mut facts = in_force(change);
    let (url, key) = ("https://a.cachix.org".to_owned(), "a.cachix.org-1:xyz=".to_owned());
    facts.config.project_caches = vec![url.clone()].into();
    facts.config.flake = vec![
        Asked { name: "extra-substituters".into(), words: vec![url] },
        Asked { name: "extra-trusted-public-keys".into(), words: vec![key] },
    ]
    .into();
    facts
}

fn allow(effective: &mut Effective) {
    effective.trusted_substituters.push("https://a.cachix.org/".into());
    effective.key_names.push("a.cachix.org-1".into());
}

fn use_always(effective: &mut Effective) {
    effective.substituters.push("https://a.cachix.org".into());
    effective.key_names.push("a.cachix.org-1".into());
}

fn sandboxed(seen: &[&str]) -> Facts {
    let mut facts = with(|_| {});
    facts.store.probe_build = ProbeBuild::Built { seen: seen.iter().map(ToString::to_string).collect() }.into();
    facts
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    let fault = |raw: Option<&str>| {
        let place = format!("line 3 of `{SYSTEM}`");
        let (raw, what) = (raw.map(str::to_owned), "it is no `name = value`".to_owned());
        with(|config| config.faults = vec![ConfigFault { place, path: Some(SYSTEM.into()), is_system: true, raw, what }].into())
    };
    let good = || with(|_| {});
    let system = |name: &str, value: &str| with(|config| config.system = vec![setting(name, value)].into());
    let flakes = || system("experimental-features", "nix-command flakes");
    let file = |mode: u32, made_by: Option<&str>| {
        let file = ConfigFile {
            path: SYSTEM.into(),
            is_system: made_by.is_some(),
            mode,
            holds_tokens: true,
            made_by: made_by.map(str::to_owned),
        };
        with(|config| config.files = vec![file].into())
    };
    vec![
        Example { id: "nix-conf-parse", bad: fault(Some("foo bar")), good: good() },
        Example { id: "nix-conf-parse", bad: fault(None), good: good() },
        Example { id: "flakes-enabled", bad: good(), good: flakes() },
        Example {
            id: "flakes-enabled",
            bad: with(|config| config.flakes_needed_by = Some("direnv 2.32.1 needs it".to_owned()).into()),
            good: flakes(),
        },
        Example { id: "nix-conf-unknown", bad: with(|config| config.unknown = vec!["foo".to_owned()].into()), good: good() },
        Example { id: "nix-conf-managed", bad: file(0o644, Some("NixOS")), good: good() },
        Example {
            id: "nix-config-env",
            bad: with(|config| config.variables = vec!["NIX_CONFIG".to_owned()].into()),
            good: good(),
        },
        Example {
            id: "sandbox-on",
            bad: with(|config| {
                config.sandbox = Sandbox::Off.into();
                config.system = vec![setting("sandbox", "false")].into();
            }),
            good: good(),
        },
        Example {
            id: "sandbox-effective",
            bad: sandboxed(&["nix", "usr"]),
            good: sandboxed(&["bin", "build", "dev", "etc", "nix", "proc", "tmp"]),
        },
        Example { id: "trusted-user", bad: system("trusted-users", "root ada"), good: good() },
        Example { id: "trusted-user", bad: system("trusted-users", "*"), good: good() },
        Example {
            id: "trusted-user",
            bad: with(|config| config.trust = true.into()),
            good: with(|config| config.trust = false.into()),
        },
        Example { id: "trusted-user", bad: asking(|_| {}), good: asking(allow) },
        Example { id: "flake-nixconfig", bad: asking(allow), good: asking(use_always) },
        Example { id: "accept-flake-config", bad: in_force(|effective| effective.accepts_flake_config = true), good: good() },
        Example {
            id: "cache-key-present",
            bad: in_force(|effective| effective.substituters.push("https://b.cachix.org".into())),
            good: in_force(|effective| {
                effective.substituters.push("https://b.cachix.org?priority=1".into());
                effective.key_names.push("b.cachix.org-1".into());
            }),
        },
        Example { id: "gh-rate-limit", bad: with(|config| config.github_requests_left = 0.into()), good: good() },
        Example { id: "nix-conf-secret-perms", bad: file(0o644, None), good: file(0o600, None) },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::config::{files, trust};
    use crate::doctor::remedy::FileEdit;
    use crate::doctor::{Look, Problem, Remedy, Verdict};

    fn problem(look: Look) -> Problem {
        match look {
            Ok(Verdict::Warn(problem) | Verdict::Fail(problem)) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_trusted_user_is_taken_out_of_the_list() {
        let facts = with(|config| config.system = vec![setting("trusted-users", "root ada @wheel")].into());
        let edits = vec![FileEdit::replace(SYSTEM, "trusted-users = root ada @wheel", "trusted-users = root @wheel")];
        let remedy = problem(trust::is_in_caches(&facts)).fixes.remove(0).remedy;
        assert_eq!(remedy, Remedy::Edit { edits, as_root: true });
    }

    #[test]
    fn caches_are_allowed_instead_of_trusting_users() {
        let remedy = problem(trust::is_in_caches(&asking(|_| {}))).fixes.remove(0).remedy;
        let lines = vec![
            "extra-trusted-substituters = https://a.cachix.org".to_owned(),
            "extra-trusted-public-keys = a.cachix.org-1:xyz=".to_owned(),
        ];
        let include = vec!["!include nixstart.conf".to_owned()];
        let edits = vec![FileEdit::add("/etc/nix/nixstart.conf", lines), FileEdit::add(SYSTEM, include)];
        assert_eq!(remedy, Remedy::Edit { edits, as_root: true });
    }

    #[test]
    fn a_broken_line_is_commented_out_only_when_it_may_be_shown() {
        let fault = |raw: Option<&str>| {
            let (place, raw) = ("line 1".to_owned(), raw.map(str::to_owned));
            with(|config| {
                config.faults =
                    vec![ConfigFault { place, path: Some(SYSTEM.into()), is_system: true, raw, what: String::new() }].into();
            })
        };
        let remedy = |raw| problem(files::are_readable(&fault(raw))).fixes.remove(0).remedy;
        let edits = vec![FileEdit::replace(SYSTEM, "foo bar", "# foo bar")];
        assert_eq!(remedy(Some("foo bar")), Remedy::Edit { edits, as_root: true });
        assert!(matches!(remedy(None), Remedy::ByHand { .. }));
    }

    #[test]
    fn root_and_the_owner_of_a_store_need_no_trust() {
        let mut facts = with(|config| config.system = vec![setting("trusted-users", "*")].into());
        facts.nix.store_mode = StoreMode::SingleUser { uid: 1000, is_own: true }.into();
        assert!(matches!(trust::is_in_caches(&facts), Ok(Verdict::Pass(_))));
    }
}
