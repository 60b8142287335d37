//! What is run.

use toml::Value;

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A text for `sh -c`.
    Shell(String),
    /// A program and its arguments, exactly. There is at least one word, and the first is not empty.
    Words(Vec<String>),
}

impl Command {
    /// What a command has to be.
    pub(super) const EXPECTED: &'static str = "a string or a list of strings";

    /// Reads a command: a string goes through a shell, a list is the exact argv.
    pub(super) fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => (!text.trim().is_empty() && !text.contains('\0')).then(|| Self::Shell(text.clone())),
            Value::Array(words) => {
                let words = words.iter().map(|word| word.as_str().filter(|word| !word.contains('\0')).map(str::to_owned));
                let words = words.collect::<Option<Vec<String>>>()?;
                words.first().is_some_and(|program| !program.is_empty()).then_some(Self::Words(words))
            }
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => None,
        }
    }

    /// The program and its arguments, with more arguments behind. A text for the shell gets them, each as one word, at its end.
    pub fn argv(&self, more: &[String]) -> Vec<String> {
        match self {
            Self::Words(words) => words.iter().chain(more).cloned().collect(),
            Self::Shell(text) if more.is_empty() => vec!["sh".to_owned(), "-c".to_owned(), text.clone()],
            Self::Shell(text) => {
                let start = ["sh".to_owned(), "-c".to_owned(), format!("{} \"$@\"", text.trim_end()), "sh".to_owned()];
                start.into_iter().chain(more.iter().cloned()).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_the_argv_and_a_string_goes_through_a_shell_that_gets_more_arguments_as_words() {
        let more = ["a b".to_owned(), "$c".to_owned()];
        let words = Command::Words(vec!["node".into(), ".".into()]);
        assert_eq!(words.argv(&more), ["node", ".", "a b", "$c"]);
        let shell = Command::Shell("npm run dev\n".into());
        assert_eq!(shell.argv(&[]), ["sh", "-c", "npm run dev\n"]);
        assert_eq!(shell.argv(&more), ["sh", "-c", "npm run dev \"$@\"", "sh", "a b", "$c"]);
    }
}
