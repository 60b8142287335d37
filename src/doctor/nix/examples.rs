//! Facts with which the checks of the `nix` programs find something, and facts with which they do not.

use camino::Utf8PathBuf;

use crate::doctor::Example;
use crate::facts::Facts;
use crate::facts::nix::{
    Installer, Leftover, Machine, Nix, NixVolume, Origin, Profiles, StartUp, StartUpFile, StoreMode, SystemZshrc,
};
use crate::nix::NixVersion;
use crate::nix::start_up::{StartUpText, read};

fn with(change: impl FnOnce(&mut Nix)) -> Facts {
    let mut facts = Facts::default();
    change(&mut facts.nix);
    facts
}

fn found(on_path: Option<&str>, elsewhere: &[&str], start_up: StartUp) -> Facts {
    with(|nix| {
        nix.machine = Machine::Linux { has_systemd: true }.into();
        nix.on_path = on_path.map(Utf8PathBuf::from).into();
        nix.elsewhere = elsewhere.iter().map(|path| Utf8PathBuf::from(*path)).collect::<Vec<_>>().into();
        nix.profile_scripts = vec!["/home/ada/.nix-profile/etc/profile.d/nix.sh".into()].into();
        nix.start_up = start_up.into();
    })
}

fn shell(shell: &str, path: &str, text: &str) -> StartUp {
    let file = StartUpFile { path: path.into(), text: Some(read(text)), ..StartUpFile::default() };
    StartUp { shell: shell.into(), files: vec![file] }
}

fn version(line: &str, installer: Installer) -> Facts {
    with(|nix| {
        nix.version = NixVersion::parse(line).unwrap().into();
        nix.store_mode = StoreMode::MultiUser.into();
        nix.origin = Origin { installer, evidence: Vec::new() }.into();
    })
}

fn profiles(change: impl FnOnce(&mut Profiles)) -> Facts {
    let mut profiles = Profiles::default();
    change(&mut profiles);
    with(|nix| {
        nix.profiles = profiles.into();
        nix.start_up = shell("bash", "/home/ada/.bashrc", "nix-env -iA nixpkgs.jq\n").into();
    })
}

fn macos(sources_nix: bool, is_mounted: bool) -> Facts {
    with(|nix| {
        nix.machine = Machine::MacOs { has_nix_darwin: false }.into();
        nix.zshrc = SystemZshrc { sources_nix, has_backup: true }.into();
        nix.volume = NixVolume { exists: true, is_mounted }.into();
    })
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    let default = "/nix/var/nix/profiles/default/bin/nix";
    let on_path = || found(Some("/usr/bin/nix"), &[], StartUp::default());
    let directories = |paths: &[&str]| {
        with(|nix| nix.directories = paths.iter().map(|path| Utf8PathBuf::from(*path)).collect::<Vec<_>>().into())
    };
    let leftovers = |leftovers: Vec<Leftover>| with(|nix| nix.leftovers = leftovers.into());
    let new = || version("nix (Nix) 2.26.3", Installer::Script);
    vec![
        Example { id: "nix-present", bad: found(None, &[], StartUp::default()), good: on_path() },
        Example {
            id: "nix-on-path",
            bad: found(None, &[default], shell("zsh", "/home/ada/.zshrc", "# nothing\n")),
            good: on_path(),
        },
        Example {
            id: "nix-on-path",
            bad: found(None, &[default], shell("fish", "/home/ada/.config/fish/config.fish", "source ~/x/nix-daemon.fish\n")),
            good: on_path(),
        },
        Example { id: "macos-rc-wiped", bad: macos(false, true), good: macos(true, true) },
        Example { id: "macos-volume", bad: macos(true, false), good: macos(true, true) },
        Example { id: "nix-version-min", bad: version("nix (Nix) 2.8.0", Installer::Package { manager: "dpkg" }), good: new() },
        Example { id: "nix-version-min", bad: version("nix (Nix) 2.18.1", Installer::Script), good: new() },
        Example {
            id: "nix-version-min",
            bad: version("nix (Lix, like Nix) 2.18.1", Installer::Lix),
            good: version("nix (Lix, like Nix) 2.90.0", Installer::Lix),
        },
        Example {
            id: "nix-flavour",
            bad: version("nix (Other) 2.26.3", Installer::Script),
            good: version("nix (Determinate Nix 3.8.0) 2.30.2", Installer::Determinate),
        },
        Example {
            id: "nix-multiple",
            bad: directories(&["/usr/bin", "/nix/store/x-nix-2.26.3/bin"]),
            good: directories(&["/usr/bin"]),
        },
        Example {
            id: "profile-dual",
            bad: profiles(|profiles| {
                (profiles.legacy, profiles.xdg) = (Some("/nix/store/a".into()), Some("/nix/store/b".into()));
            }),
            good: profiles(|profiles| {
                (profiles.legacy, profiles.xdg) = (Some("/nix/store/a".into()), Some("/nix/store/a".into()));
            }),
        },
        Example {
            id: "profile-roots",
            bad: profiles(|profiles| profiles.without_root = vec!["/home/ada/mine/bin".into()]),
            good: profiles(|_| {}),
        },
        Example {
            id: "nix-profile-env-mix",
            bad: profiles(|profiles| profiles.is_of_nix_profile = true),
            good: profiles(|_| {}),
        },
        Example {
            id: "nix-path-leftovers",
            bad: leftovers(vec![Leftover::NixPath("nixpkgs=/gone".into())]),
            good: leftovers(Vec::new()),
        },
        Example {
            id: "nix-path-leftovers",
            bad: leftovers(vec![
                Leftover::Link("/home/ada/.nix-defexpr/channels".into()),
                Leftover::Channels("/home/ada/.nix-channels".into()),
            ]),
            good: leftovers(Vec::new()),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::remedy::FileEdit;
    use crate::doctor::{Remedy, Verdict, nix};

    #[test]
    fn says_which_file_lacks_nix_and_adds_the_line_there() {
        let facts = found(None, &["/x/nix"], shell("zsh", "/home/ada/.zshrc", "# nothing\n"));
        let Ok(Verdict::Fail(problem)) = nix::start_up::is_on_path(&facts) else { panic!("it passes") };
        assert_eq!(problem.details, ["/x/nix", "`/home/ada/.zshrc` does not put it there"]);
        let script = "/home/ada/.nix-profile/etc/profile.d/nix.sh";
        let lines = vec![format!("[ -e {script} ] && . {script}")];
        let edits = vec![FileEdit::add("/home/ada/.zshrc", lines)];
        assert_eq!(problem.fixes[1].remedy, Remedy::Edit { edits, as_root: false });
    }

    #[test]
    fn a_shell_that_was_started_before_needs_only_a_new_one() {
        let facts = found(
            None,
            &["/x/nix"],
            shell("bash", "/home/ada/.bashrc", ". /nix/var/nix/profiles/default/etc/profile.d/nix-daemon.sh\n"),
        );
        let Ok(Verdict::Fail(problem)) = nix::start_up::is_on_path(&facts) else { panic!("it passes") };
        assert_eq!(problem.fixes[1].remedy, Remedy::ByHand { commands: vec!["exec bash -l".into()] });
    }

    #[test]
    fn no_line_is_added_to_a_generated_file() {
        let mut start_up = shell("bash", "/home/ada/.bashrc", "");
        start_up.files[0].is_generated = true;
        start_up.files[0].text = Some(StartUpText::default());
        let Ok(Verdict::Fail(problem)) = nix::start_up::is_on_path(&found(None, &["/x/nix"], start_up)) else {
            panic!("it passes")
        };
        assert!(problem.fixes.iter().all(|fix| matches!(fix.remedy, Remedy::ByHand { .. })));
    }
}
