//! Why nothing can be run as root: what sudo and doas say, each in words of its own with what helps. The texts are those of
//! sudo 1.9.13 and 1.9.16 and of doas 6.8, seen on Debian.

/// Why root steps cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The program is not there.
    #[error("some steps need root, and `{0}` is not installed")]
    NotInstalled(String),
    /// Nobody could type the password.
    #[error("`{0}` wants a password, and none was given")]
    NeedsPassword(String),
    /// The program wants a terminal to ask on.
    #[error("`{0}` wants a password, and has no terminal to ask on")]
    NoTerminal(String),
    /// The password was wrong.
    #[error("`{0}` did not accept the password")]
    WrongPassword(String),
    /// The user is not named in its rules.
    #[error("some steps need root, and you are not in the rules of `{0}`")]
    NotListed(String),
    /// The user is named, and may do nothing here.
    #[error("some steps need root, and `{0}` lets you run nothing on this machine")]
    MayNot(String),
    /// Some of the commands are not allowed.
    #[error("`{program}` lets you run not all of the commands: {}", in_marks(.commands))]
    Commands {
        /// The program.
        program: String,
        /// What it does not let the user run.
        commands: Vec<String>,
    },
    /// The password would be asked for at each step, where nobody could type it.
    #[error("`{0}` does not remember the password from one step to the next")]
    Forgets(String),
    /// Something else.
    #[error("some steps need root, and `{program}` refuses: {said}")]
    Unclear {
        /// The program.
        program: String,
        /// What it said.
        said: String,
    },
}

fn in_marks(commands: &[String]) -> String {
    commands.iter().map(|command| format!("`{command}`")).collect::<Vec<_>>().join(", ")
}

impl Denial {
    /// What a program meant.
    pub fn of(program: &str, said: &str) -> Self {
        let program = program.to_owned();
        let has = |fragments: &[&str]| fragments.iter().any(|fragment| said.contains(fragment));
        if has(&["incorrect password attempt", "Authentication failed"]) {
            Self::WrongPassword(program)
        } else if has(&["is not in the sudoers file"]) {
            Self::NotListed(program)
        } else if has(&["may not run sudo on", "Operation not permitted"]) {
            Self::MayNot(program)
        } else if has(&["a terminal is required to read the password", "no tty present", "must have a tty"]) {
            Self::NoTerminal(program)
        } else if has(&["a password is required", "Authentication required"]) {
            Self::NeedsPassword(program)
        } else {
            let said = said.lines().next().unwrap_or("it gives no reason").to_owned();
            Self::Unclear { program, said: crate::ui::printable(&said) }
        }
    }

    /// What helps.
    pub fn hint(&self) -> String {
        match self {
            Self::NotInstalled(_) => "install it as root, or name another program in `NIXSTART_SUDO`".to_owned(),
            Self::NeedsPassword(program) | Self::NoTerminal(program) => {
                format!("run the same command on a terminal, where `{program}` asks for it")
            }
            Self::WrongPassword(_) => "it is your own password, not that of root; run the same command again".to_owned(),
            Self::NotListed(_) | Self::MayNot(_) => {
                "ask whoever administers this machine, or look what works without root: `nixstart setup --no-root`".to_owned()
            }
            Self::Commands { .. } => {
                "let somebody else run them, or leave their steps out: `nixstart setup --plan` shows the steps".to_owned()
            }
            Self::Forgets(program) => format!("add `persist` to your rule of `{program}`, or use sudo"),
            Self::Unclear { program, .. } => format!("`{program} true` has to work first"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_sudo_and_doas_has_its_own_meaning() {
        let program = || "sudo".to_owned();
        let cases = [
            ("sudo: a password is required\n", Denial::NeedsPassword(program())),
            (
                "sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper\nsudo: a password is required\n",
                Denial::NoTerminal(program()),
            ),
            (
                "ada is not in the sudoers file.\nThis incident has been reported to the administrator.\n",
                Denial::NotListed(program()),
            ),
            ("Sorry, user ada may not run sudo on localhost.\n", Denial::MayNot(program())),
            ("Sorry, try again.\nsudo: 3 incorrect password attempts\n", Denial::WrongPassword(program())),
            ("doas: Authentication required\n", Denial::NeedsPassword(program())),
            ("doas: Operation not permitted\n", Denial::MayNot(program())),
            ("doas: Authentication failed\n", Denial::WrongPassword(program())),
            ("", Denial::Unclear { program: program(), said: "it gives no reason".into() }),
            (
                "doas: doas is not enabled, /etc/doas.conf: No such file or directory\n",
                Denial::Unclear {
                    program: program(),
                    said: "doas: doas is not enabled, /etc/doas.conf: No such file or directory".into(),
                },
            ),
        ];
        for (said, denial) in cases {
            assert_eq!(Denial::of("sudo", said), denial);
            assert!(!denial.hint().is_empty());
        }
    }
}
