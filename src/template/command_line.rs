//! Splits a command into words as a shell does, and refuses what only a shell can do: nixstart runs programs without one.

use std::iter::Peekable;
use std::str::Chars;

/// Why a command cannot be run without a shell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// A character that a shell does something about.
    #[error("`{0}` needs a shell, and nixstart runs programs without one")]
    NeedsShell(char),
    /// A quote or a backslash with nothing behind it.
    #[error("a quote in it is not closed")]
    OpenQuote,
    /// No word at all.
    #[error("there is no program in it")]
    Empty,
}

/// Characters that a shell does something about wherever they stand outside quotes.
const OPERATORS: &str = "|&;<>()$`*?[\n\r";
/// Characters that it does something about at the start of a word.
const AT_THE_START: &str = "#~";

/// Splits a command into the program and its arguments. Quotes and backslashes mean what they mean to a POSIX shell.
pub fn words(command: &str) -> Result<Vec<String>, CommandError> {
    let mut rest = command.chars().peekable();
    let mut words = Vec::new();
    while let Some(start) = rest.find(|character| !matches!(character, ' ' | '\t')) {
        if AT_THE_START.contains(start) {
            return Err(CommandError::NeedsShell(start));
        }
        words.push(word(start, &mut rest)?);
    }
    match words.first() {
        None => Err(CommandError::Empty),
        // `NAME=value program` sets a variable, which is the shell's doing, too.
        Some(program) if program.contains('=') => Err(CommandError::NeedsShell('=')),
        Some(_) => Ok(words),
    }
}

fn word(start: char, rest: &mut Peekable<Chars<'_>>) -> Result<String, CommandError> {
    let mut word = String::new();
    let mut next = Some(start);
    while let Some(character) = next {
        match character {
            '\'' => quoted(rest, &mut word)?,
            '"' => double_quoted(rest, &mut word)?,
            '\\' => word.push(rest.next().ok_or(CommandError::OpenQuote)?),
            operator if OPERATORS.contains(operator) => return Err(CommandError::NeedsShell(operator)),
            plain => word.push(plain),
        }
        next = rest.next_if(|character| !matches!(character, ' ' | '\t'));
    }
    Ok(word)
}

fn quoted(rest: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), CommandError> {
    loop {
        match rest.next().ok_or(CommandError::OpenQuote)? {
            '\'' => return Ok(()),
            character => word.push(character),
        }
    }
}

fn double_quoted(rest: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), CommandError> {
    loop {
        match rest.next().ok_or(CommandError::OpenQuote)? {
            '"' => return Ok(()),
            expanded @ ('$' | '`') => return Err(CommandError::NeedsShell(expanded)),
            '\\' => match rest.next_if(|character| matches!(character, '"' | '\\' | '$' | '`')) {
                Some(escaped) => word.push(escaped),
                None => word.push('\\'),
            },
            character => word.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::super::escape;
    use super::*;

    #[test]
    fn splits_words_as_a_shell_does() {
        let cases: [(&str, &[&str]); 5] = [
            ("npm install", &["npm", "install"]),
            ("  nix  run nixpkgs#hello -- --a=1\t", &["nix", "run", "nixpkgs#hello", "--", "--a=1"]),
            ("git commit -m 'it is # \"one\"' ''", &["git", "commit", "-m", "it is # \"one\"", ""]),
            ("echo \"a \\\"b\\\" \\n\" c\\ d'e'\"f\"", &["echo", "a \"b\" \\n", "c def"]),
            ("echo 'it'\\''s'", &["echo", "it's"]),
        ];
        for (command, expected) in cases {
            assert_eq!(words(command).unwrap(), expected, "{command}");
        }
    }

    #[test]
    fn refuses_what_needs_a_shell() {
        for (command, character) in [
            ("a | b", '|'),
            ("a && b", '&'),
            ("a; b", ';'),
            ("a >b", '>'),
            ("a $HOME", '$'),
            ("a \"$HOME\"", '$'),
            ("a `b`", '`'),
            ("a \"`b`\"", '`'),
            ("ls *.js", '*'),
            ("ls ~", '~'),
            ("a # b", '#'),
            ("A=1 b", '='),
        ] {
            assert_eq!(words(command), Err(CommandError::NeedsShell(character)), "{command}");
        }
        assert_eq!(words("a 'b"), Err(CommandError::OpenQuote));
        assert_eq!(words("a \\"), Err(CommandError::OpenQuote));
        assert_eq!(words(" "), Err(CommandError::Empty));
    }

    proptest! {
        #[test]
        fn a_quoted_word_is_one_word(text in "[ -~]{0,30}|[\"'$\\{}\\\\\t`#~*-]{0,10}") {
            prop_assert_eq!(words(&format!("echo {}", escape::sh(&text))), Ok(vec!["echo".to_owned(), text]));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_shell_sees_the_same_words(rest in "[ab'\"\\\\#~=%{} -]{0,12}") {
            let Ok(words) = words(&format!("printf '<%s>' {rest} .")) else { return Ok(()) };
            let expected = format!("<{}>", words[2..].join("><"));
            let output = Command::new("sh").arg("-c").arg(format!("printf '<%s>' {rest} .")).output().unwrap();
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        }
    }
}
