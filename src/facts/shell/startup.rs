//! Reads the text of a start-up file without running it: which hooks it has, what it sources, where it replaces PATH.
//!
//! This is a guess about a program, made from its text. Where the guess is wrong, starting the shell tells the truth.

use std::sync::LazyLock;

use regex_lite::Regex;

use super::ShellKind;

/// What a start-up file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// The line with direnv's hook, and whether it is a plugin list that names it.
    pub direnv: Option<(usize, bool)>,
    /// The line with devenv's hook.
    pub devenv: Option<usize>,
    /// What comes after direnv's hook and rewrites the prompt.
    pub after_hook: Vec<(usize, String)>,
    /// Files that it sources, as written.
    pub sources: Vec<String>,
    /// Folders of which it sources every file, as written.
    pub folders: Vec<String>,
    /// Lines that replace PATH and are not followed by one that puts Nix on it.
    pub clobbers: Vec<usize>,
}

fn regex(pattern: &str) -> Option<Regex> {
    // The patterns are constants that the tests below use.
    Regex::new(pattern).ok()
}

macro_rules! pattern {
    ($name:ident, $text:literal) => {
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| regex($text));
    };
}

pattern!(HOOK, r#"\b(direnv|devenv)["']?\s+hook(?:\s+["']?(\w+))?"#);
pattern!(PLUGINS, r"\bplugins\+?=\(([^)]*)\)");
pattern!(OTHER_PLUGIN, r"plugins/direnv\b|OMZP::direnv\b|\b(?:antigen|antibody) bundle direnv\b");
pattern!(SOURCE, r#"(?:^|[;&|{(]|\bthen|\bdo|\belse)\s*(?:builtin\s+)?(?:source|\.)\s+("[^"]*"|'[^']*'|[^\s;&|)"']+)"#);
pattern!(EACH, r#"\bfor\s+\w+\s+in\s+["']?([^\s"'*;]+)/["']?\*"#);
pattern!(
    PROMPT,
    r"oh-my-zsh\.sh|oh-my-bash\.sh|bash_it\.sh|starship init|oh-my-posh init|powerlevel10k\.zsh-theme|git-prompt\.sh|scripts/rvm\b"
);
pattern!(NIX, r"nix-daemon\.(?:sh|fish)|profile\.d/nix\.(?:sh|fish)|\.nix-profile|/nix/var/nix/profiles|/run/current-system");
pattern!(
    POSIX_PATH,
    r#"^(?:export\s+|typeset\s+-x\s+|declare\s+-x\s+)?PATH=("[^"]*"|'[^']*'|[^\s;&"']+)\s*(?:$|;|&&|#|export\b)"#
);
pattern!(ZSH_PATH, r"^(?:typeset\s+-\w+\s+)?path=\(([^)]*)\)");
pattern!(FISH_PATH, r"^set\s+((?:-\S+\s+)*)PATH\s+(.+)$");
pattern!(TCSH_PATH, r"^(?:set\s+path\s*=\s*\(([^)]*)\)|setenv\s+PATH\s+(\S+))");

/// Reads the text of a start-up file of a shell.
pub fn scan(shell: ShellKind, text: &str) -> Scan {
    let lines: Vec<(usize, &str)> = (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| is_code(line)).collect();
    let hook_line = |program| lines.iter().find(|(_, line)| is_hook(shell, program, line)).map(|(number, _)| *number);
    let direnv = hook_line("direnv").map(|line| (line, false)).or_else(|| plugin_line(text).map(|line| (line, true)));
    let first_after = direnv.map_or(usize::MAX, |(line, _)| line);
    let captured = |pattern: &LazyLock<Option<Regex>>| -> Vec<String> {
        let Some(regex) = pattern.as_ref() else { return Vec::new() };
        let of_line =
            |line: &str| regex.captures_iter(line).filter_map(|found| Some(unquoted(found.get(1)?.as_str()))).collect::<Vec<_>>();
        lines.iter().flat_map(|(_, line)| of_line(line)).collect()
    };
    let is_plugin = direnv.is_some_and(|(_, is_plugin)| is_plugin);
    Scan {
        direnv,
        devenv: hook_line("devenv"),
        after_hook: if is_plugin { Vec::new() } else { rewriters(&lines, first_after) },
        sources: captured(&SOURCE),
        folders: captured(&EACH),
        clobbers: clobbers(shell, &lines),
    }
}

fn is_code(line: &str) -> bool {
    !line.is_empty() && !line.starts_with('#')
}

fn unquoted(text: &str) -> String {
    text.trim_matches(['"', '\'']).to_owned()
}

fn is_match(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|regex| regex.is_match(text))
}

/// Whether a line hooks a program into this shell; a hook for another shell does nothing here.
fn is_hook(shell: ShellKind, program: &str, line: &str) -> bool {
    match (shell, program) {
        (ShellKind::Nushell, "direnv") if line.contains("direnv export json") => return true,
        (ShellKind::Nushell, "devenv") if line.contains("devenv/hook.nu") => return true,
        (ShellKind::Elvish, "direnv") if line == "use direnv" || line.contains("direnv export elvish") => return true,
        _ => {}
    }
    let Some(regex) = HOOK.as_ref() else { return false };
    regex.captures_iter(line).any(|found| {
        let is_program = found.get(1).is_some_and(|word| word.as_str() == program);
        let named = found.get(2).and_then(|word| ShellKind::of_program(word.as_str()));
        is_program && named.is_none_or(|named| named == shell)
    })
}

/// The line of a plugin list that names direnv. Lists run over several lines.
fn plugin_line(text: &str) -> Option<usize> {
    let code: String =
        text.lines().map(|line| if is_code(line.trim()) { format!("{line}\n") } else { "\n".to_owned() }).collect();
    let named = |list: &str| {
        list.lines().flat_map(|line| line.split('#').next().unwrap_or_default().split_whitespace()).any(|word| word == "direnv")
    };
    let lists = PLUGINS.as_ref().into_iter().flat_map(|regex| regex.captures_iter(&code));
    let in_list =
        lists.filter(|found| found.get(1).is_some_and(|list| named(list.as_str()))).find_map(|found| Some(found.get(0)?.start()));
    let start = in_list.or_else(|| Some(OTHER_PLUGIN.as_ref()?.find(&code)?.start()))?;
    Some(code.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1)
}

fn rewriters(lines: &[(usize, &str)], after: usize) -> Vec<(usize, String)> {
    let named = |line: &str| -> Option<String> {
        if let Some(found) = PROMPT.as_ref().and_then(|regex| regex.find(line)) {
            return Some(found.as_str().to_owned());
        }
        let replaces = line.trim_start_matches("export ").starts_with("PROMPT_COMMAND=")
            && !line.contains("$PROMPT_COMMAND")
            && !line.contains("${PROMPT_COMMAND");
        replaces.then(|| "PROMPT_COMMAND=".to_owned())
    };
    lines.iter().filter(|(number, _)| *number > after).filter_map(|(number, line)| Some((*number, named(line)?))).collect()
}

fn clobbers(shell: ShellKind, lines: &[(usize, &str)]) -> Vec<usize> {
    let last_nix = lines.iter().filter(|(_, line)| is_match(&NIX, line)).map(|(number, _)| *number).max().unwrap_or(0);
    lines.iter().filter(|(number, line)| *number > last_nix && replaces_path(shell, line)).map(|(number, _)| *number).collect()
}

fn replaces_path(shell: ShellKind, line: &str) -> bool {
    let group = |pattern: &LazyLock<Option<Regex>>, number: usize| -> Option<String> {
        Some(pattern.as_ref()?.captures(line)?.get(number)?.as_str().to_owned())
    };
    match shell {
        ShellKind::Bash => group(&POSIX_PATH, 1).is_some_and(|value| is_fixed(&value)),
        ShellKind::Zsh => group(&POSIX_PATH, 1).or_else(|| group(&ZSH_PATH, 1)).is_some_and(|value| is_fixed(&value)),
        ShellKind::Fish => {
            let flags = group(&FISH_PATH, 1).unwrap_or_default();
            let adds = flags.split_whitespace().any(|flag| {
                matches!(flag, "--append" | "--prepend" | "--erase")
                    || (!flag.starts_with("--") && flag.contains(['a', 'p', 'e']))
            });
            !adds && group(&FISH_PATH, 2).is_some_and(|value| is_fixed(&value))
        }
        ShellKind::Tcsh => group(&TCSH_PATH, 1).or_else(|| group(&TCSH_PATH, 2)).is_some_and(|value| is_fixed(&value)),
        ShellKind::Nushell | ShellKind::Elvish | ShellKind::Pwsh | ShellKind::Murex => false,
    }
}

/// Whether a value names folders and nothing that may hold the old PATH.
fn is_fixed(value: &str) -> bool {
    let rest = value.replace("${HOME}", "").replace("$HOME", "");
    rest.contains('/') && !rest.contains(['$', '`', '('])
}

/// What a path in a start-up file stands for; `None` when it takes more than a few variables to know.
pub fn expand(path: &str, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let home = variable("HOME")?;
    let config = variable("XDG_CONFIG_HOME").unwrap_or_else(|| format!("{home}/.config"));
    let zsh = variable("ZDOTDIR").unwrap_or_else(|| home.clone());
    let expanded = match path.strip_prefix("~/") {
        Some(rest) => format!("{home}/{rest}"),
        None => path.to_owned(),
    };
    let expanded = [
        ("${ZDOTDIR:-$HOME}", &zsh),
        ("${ZDOTDIR:-~}", &zsh),
        ("${XDG_CONFIG_HOME:-$HOME/.config}", &config),
        ("${XDG_CONFIG_HOME:-~/.config}", &config),
        ("${HOME}", &home),
        ("$HOME", &home),
        ("${ZDOTDIR}", &zsh),
        ("$ZDOTDIR", &zsh),
        ("${XDG_CONFIG_HOME}", &config),
        ("$XDG_CONFIG_HOME", &config),
    ]
    .into_iter()
    .fold(expanded, |text, (name, value)| text.replace(name, value));
    (expanded.starts_with('/') && !expanded.contains(['$', '*', '`', '('])).then_some(expanded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_the_hook_of_each_shell() {
        for shell in ShellKind::ALL {
            let text = shell.direnv_lines().join("\n");
            assert!(scan(shell, &text).direnv.is_some(), "{shell}");
            let off = format!("# {}", shell.direnv_lines().join("\n# "));
            assert_eq!(scan(shell, &off).direnv, None, "{shell}");
        }
        let generated = "eval \"$(/nix/store/abc-direnv-2.36.0/bin/direnv hook bash)\"";
        assert_eq!(scan(ShellKind::Bash, generated).direnv, Some((1, false)));
        assert_eq!(scan(ShellKind::Zsh, "\neval \"$(devenv hook zsh)\"").devenv, Some(2));
        assert_eq!(scan(ShellKind::Zsh, "eval \"$(devenv hook zsh)\"").direnv, None);
    }

    #[test]
    fn a_hook_for_another_shell_is_none() {
        assert_eq!(scan(ShellKind::Bash, "eval \"$(direnv hook zsh)\"").direnv, None);
        assert_eq!(scan(ShellKind::Bash, "eval \"$(direnv hook $(basename $SHELL))\"").direnv, Some((1, false)));
    }

    #[test]
    fn finds_direnv_in_plugin_lists() {
        let text = "export ZSH=~/.oh-my-zsh\nplugins=(\n  git\n  # direnv later\n  direnv\n)\nsource $ZSH/oh-my-zsh.sh\n";
        assert_eq!(scan(ShellKind::Zsh, text).direnv, Some((2, true)));
        assert_eq!(scan(ShellKind::Zsh, "plugins=(git # direnv\n)").direnv, None);
        assert_eq!(scan(ShellKind::Zsh, "# plugins=(direnv)").direnv, None);
        assert_eq!(scan(ShellKind::Zsh, "\nzinit snippet OMZP::direnv").direnv, Some((2, true)));
    }

    #[test]
    fn names_what_rewrites_the_prompt_after_the_hook() {
        let text = "eval \"$(direnv hook bash)\"\neval \"$(starship init bash)\"\nPROMPT_COMMAND=history\nPROMPT_COMMAND=\"x;$PROMPT_COMMAND\"\n";
        let found = scan(ShellKind::Bash, text).after_hook;
        assert_eq!(found, [(2, "starship init".to_owned()), (3, "PROMPT_COMMAND=".to_owned())]);
        assert_eq!(scan(ShellKind::Bash, "eval \"$(starship init bash)\"\neval \"$(direnv hook bash)\"").after_hook, []);
    }

    #[test]
    fn finds_what_is_sourced() {
        let text = "[ -f ~/.aliases ] && . ~/.aliases\nsource \"$HOME/.config/sh/direnv.sh\"\nif true; then . /etc/x; fi\nfor rc in ~/.bashrc.d/*; do . \"$rc\"; done\n";
        let found = scan(ShellKind::Bash, text);
        assert_eq!(found.sources, ["~/.aliases", "$HOME/.config/sh/direnv.sh", "/etc/x", "$rc"]);
        assert_eq!(found.folders, ["~/.bashrc.d"]);
        let variable = |name: &str| (name == "HOME").then(|| "/home/ada".to_owned());
        assert_eq!(expand("~/.aliases", variable).unwrap(), "/home/ada/.aliases");
        assert_eq!(expand("${ZDOTDIR:-$HOME}/.zsh/x", variable).unwrap(), "/home/ada/.zsh/x");
        assert_eq!(expand("$rc", variable), None);
    }

    #[test]
    fn finds_lines_that_replace_path() {
        let bad = [
            (ShellKind::Bash, "export PATH=/usr/bin:/bin"),
            (ShellKind::Bash, "PATH=\"$HOME/bin:/usr/bin\""),
            (ShellKind::Zsh, "path=(/usr/local/bin /usr/bin)"),
            (ShellKind::Fish, "set -gx PATH /usr/bin /bin"),
            (ShellKind::Tcsh, "set path = (/usr/bin /bin)"),
            (ShellKind::Tcsh, "setenv PATH /usr/bin"),
        ];
        for (shell, line) in bad {
            assert_eq!(scan(shell, line).clobbers, [1], "{line}");
        }
        let good = [
            (ShellKind::Bash, "export PATH=$HOME/bin:$PATH"),
            (ShellKind::Bash, "PATH=/usr/bin make"),
            (ShellKind::Bash, "PATH=\"$(getconf PATH)\""),
            (ShellKind::Bash, "export PATH=/usr/bin\n. /nix/var/nix/profiles/default/etc/profile.d/nix-daemon.sh"),
            (ShellKind::Bash, "export PATH=/nix/var/nix/profiles/default/bin:/usr/bin"),
            (ShellKind::Zsh, "path=(~/bin $path)"),
            (ShellKind::Fish, "set -gxp PATH ~/bin/x"),
            (ShellKind::Fish, "set -gx PATH ~/bin $PATH"),
        ];
        for (shell, line) in good {
            assert_eq!(scan(shell, line).clobbers, [] as [usize; 0], "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(?s)[ -~\n\t\r\u{0}é(){}$\"'#;&|.]{0,200}", pick in 0..8_usize) {
            let _scan = scan(ShellKind::ALL[pick], &text);
            let _path = expand(&text, |_| Some(text.clone()));
        }
    }
}
