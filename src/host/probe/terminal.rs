//! Looks at the terminal: the only thing a probe asks the process it runs in about.

use std::io::{IsTerminal, stdin, stdout};

use super::Vantage;
use crate::facts::terminal::{Archive, Locale};
use crate::facts::{Fact, Terminal};

/// Where programs from Nix look besides `LOCALE_ARCHIVE`.
const ARCHIVE_OF_SYSTEM: &str = "/usr/lib/locale/locale-archive";

/// Variables and what they say stands between a program and the screen.
const BETWEEN: [(&str, &str); 4] = [("TMUX", "tmux"), ("STY", "GNU screen"), ("ZELLIJ", "Zellij"), ("SSH_CONNECTION", "ssh")];

pub(super) fn look(vantage: &Vantage) -> Terminal {
    let given = |name: &str| vantage.variable(name).map(str::to_owned);
    let between = BETWEEN.into_iter().filter(|(variable, _)| vantage.variable(variable).is_some());
    Terminal {
        is_input: stdin().is_terminal().into(),
        is_output: stdout().is_terminal().into(),
        size: size(),
        kind: given("TERM").into(),
        colours: given("COLORTERM").into(),
        is_colour_off: vantage.variable("NO_COLOR").is_some().into(),
        locale: locale(vantage).into(),
        between: between.map(|(_, name)| name.to_owned()).collect::<Vec<_>>().into(),
        archive: archive(vantage),
    }
}

fn size() -> Fact<(u16, u16)> {
    match rustix::termios::tcgetwinsize(stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => Fact::Known((size.ws_col, size.ws_row)),
        _ => Fact::irrelevant("the output goes to no terminal"),
    }
}

/// The first of the variables that is set and not empty decides, as POSIX has it.
fn locale(vantage: &Vantage) -> Locale {
    let mut set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|name| Some((name, vantage.variable(name)?)));
    let (variable, value) = set.next().map(|(name, value)| (name.to_owned(), value.to_owned())).unzip();
    Locale { variable, value }
}

fn archive(vantage: &Vantage) -> Fact<Archive> {
    let has = |path: &str| vantage.system(path).exists();
    if has("/etc/NIXOS") || has("/System/Library/CoreServices") {
        return Fact::irrelevant("the system brings its locales along");
    }
    if !has("/nix/store") {
        return Fact::irrelevant("there is no `/nix/store` yet");
    }
    let named = vantage.variable("LOCALE_ARCHIVE").or_else(|| vantage.variable("LOCALE_ARCHIVE_2_27")).map(str::to_owned);
    let is_there = named.as_deref().is_some_and(|path| vantage.directory.join(path).is_file());
    Fact::Known(Archive { named, is_there, has_systems: has(ARCHIVE_OF_SYSTEM) })
}

#[cfg(test)]
mod tests {
    use super::super::tests::vantage;
    use super::*;

    #[test]
    fn reads_the_environment_it_is_given() {
        let (root, mut vantage) = vantage();
        for (name, value) in [("TERM", "xterm"), ("LC_ALL", ""), ("LC_CTYPE", "C.UTF-8"), ("LANG", "C"), ("TMUX", "/tmp/x,1,0")] {
            vantage.environment.insert(name.into(), value.into());
        }
        let found = look(&vantage);
        assert_eq!(found.kind, Some("xterm".to_owned()).into());
        let locale = Locale { variable: Some("LC_CTYPE".into()), value: Some("C.UTF-8".into()) };
        assert_eq!(found.locale, locale.into());
        assert_eq!(found.between, vec!["tmux".to_owned()].into());
        assert!(found.archive.get().is_err());
        fs_err::create_dir_all(root.join("nix/store")).unwrap();
        vantage.environment.insert("LOCALE_ARCHIVE".into(), "/gone".into());
        let archive = Archive { named: Some("/gone".into()), is_there: false, has_systems: false };
        assert_eq!(look(&vantage).archive, archive.into());
    }
}
