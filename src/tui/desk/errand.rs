//! What is done in the foreground, with the dashboard gone meanwhile: this very program with other words, so that it is the same as
//! if a person had typed them.

use camino::Utf8Path;

use crate::error::Result;
use crate::host::exec::foreground;
use crate::ui::pause;

/// Something that needs the terminal to itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// A dev shell is entered.
    Shell(String),
    /// What a check found is mended: the plan is reviewed and carried out.
    Fix(&'static str),
}

impl Errand {
    /// What a person would type behind `nixstart`.
    pub fn words(&self) -> Vec<String> {
        let words: Vec<&str> = match self {
            Self::Shell(name) => vec!["shell", name],
            Self::Fix(check) => vec!["doctor", "--fix", "--check", check],
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// What is said when it has ended.
    pub fn said(&self, outcome: &std::result::Result<i32, String>) -> String {
        match (self, outcome) {
            (_, Err(why)) => format!("It could not be done: {why}"),
            (Self::Shell(name), Ok(0)) => format!("The shell {name} ended"),
            (Self::Shell(name), Ok(code)) => format!("The shell {name} ended with exit code {code}"),
            (Self::Fix(check), Ok(0)) => format!("{check} is mended"),
            (Self::Fix(check), Ok(7)) => format!("{check}: you said no; nothing was changed"),
            (Self::Fix(check), Ok(code)) => format!("{check}: ended with exit code {code}; it is checked again"),
        }
    }

    /// Does it, and waits until what was printed is read, where something was; returns the exit code.
    pub(super) fn run(&self, directory: &Utf8Path) -> Result<i32> {
        let code = foreground::exit_code(foreground::run_own(directory, &self.words())?);
        if code != 0 || matches!(self, Self::Fix(_)) {
            let ended = if code == 0 { String::new() } else { format!("It ended with exit code {code}. ") };
            pause::until_enter(&format!("{ended}Press enter to go back to the dashboard."));
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errand_is_what_a_person_would_type() {
        assert_eq!(Errand::Shell("web".into()).words(), ["shell", "web"]);
        assert_eq!(Errand::Fix("disk-space").words(), ["doctor", "--fix", "--check", "disk-space"]);
    }

    #[test]
    fn how_it_ended_is_said() {
        let shell = Errand::Shell("web".into());
        assert_eq!(shell.said(&Ok(0)), "The shell web ended");
        assert_eq!(shell.said(&Ok(3)), "The shell web ended with exit code 3");
        assert_eq!(shell.said(&Err("no such file".into())), "It could not be done: no such file");
    }
}
