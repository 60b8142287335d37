//! What a start-up file of a shell does to PATH and Nix, read without running it.

/// What a start-up file says, as line numbers from 1; its lines are not kept, they may hold secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartUpText {
    /// The last line that sources a profile script of Nix or names a `bin` directory of it.
    pub sources_nix: Option<usize>,
    /// The first line that installs with `nix-env`.
    pub calls_nix_env: Option<usize>,
}

/// Words that put Nix on PATH, wherever they stand.
const SOURCES: [&str; 7] = [
    "/etc/profile.d/nix.sh",
    "/etc/profile.d/nix.fish",
    "nix-daemon.sh",
    "nix-daemon.fish",
    ".nix-profile/bin",
    "/nix/var/nix/profiles/default/bin",
    "/nix/profile/bin",
];

/// Reads a start-up file of a shell of the Bourne family, of zsh or of fish.
pub fn read(text: &str) -> StartUpText {
    let lines = || text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())).filter(|(_, line)| !line.starts_with('#'));
    let last = |says: fn(&str) -> bool| lines().filter(|(_, line)| says(line)).map(|(number, _)| number).last();
    StartUpText {
        sources_nix: last(|line| SOURCES.iter().any(|source| line.contains(source))),
        calls_nix_env: lines().find(|(_, line)| installs_with_nix_env(line)).map(|(number, _)| number),
    }
}

fn installs_with_nix_env(line: &str) -> bool {
    let Some((_, arguments)) = line.split_once("nix-env ") else { return false };
    arguments.split_whitespace().any(|word| matches!(word, "-i" | "-iA" | "-if" | "--install" | "-e" | "--uninstall" | "-u"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_the_lines_that_put_nix_on_path() {
        for line in [
            "if [ -e /home/a/.nix-profile/etc/profile.d/nix.sh ]; then . /home/a/.nix-profile/etc/profile.d/nix.sh; fi",
            ". '/nix/var/nix/profiles/default/etc/profile.d/nix-daemon.sh'",
            "source /nix/var/nix/profiles/default/etc/profile.d/nix-daemon.fish",
            "export PATH=$HOME/.nix-profile/bin:$PATH",
        ] {
            assert_eq!(read(&format!("# Nix\n{line}\n")).sources_nix, Some(2), "{line}");
        }
        assert_eq!(read("# . /nix/var/nix/profiles/default/etc/profile.d/nix-daemon.sh").sources_nix, None);
    }

    #[test]
    fn finds_calls_of_nix_env() {
        assert_eq!(read("alias i='nix-env -qa'").calls_nix_env, None);
        assert_eq!(read("\nnix-env -iA nixpkgs.jq\n").calls_nix_env, Some(2));
        assert_eq!(read("nix-env --version").calls_nix_env, None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "(set |export |PATH=|[\"' ;&$#]|\\PC){0,40}") {
            read(&text);
        }
    }
}
