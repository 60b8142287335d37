//! Assignments for shells to evaluate. Each is one quoted word, in which nothing is expanded.

/// `export K='…'` of POSIX: a single quote ends the word, stands escaped, and begins the next.
pub(super) fn posix(key: &str, value: &str) -> String {
    format!("export {key}='{}'\n", value.replace('\'', r"'\''"))
}

/// `set -gx K '…'`: in fish's single quotes a backslash escapes a single quote and itself.
pub(super) fn fish(key: &str, value: &str) -> String {
    format!("set -gx {key} '{}'\n", value.replace('\\', r"\\").replace('\'', r"\'"))
}

/// `$env:K = '…'`: PowerShell takes typographic single quotes for single quotes, and two of them for one.
///
/// PowerShell reads what a program prints line by line, so a line end is written as a sum of one-line strings.
pub(super) fn powershell(key: &str, value: &str) -> String {
    let mut quoted = String::new();
    for character in value.chars() {
        match character {
            '\n' | '\r' => quoted.push_str(&format!("' + [char]{} + '", u32::from(character))),
            '\'' | '\u{2018}'..='\u{201B}' => quoted.extend([character, character]),
            _ => quoted.push(character),
        }
    }
    format!("$env:{key} = '{quoted}'\n")
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    /// A sum of single-quoted strings and `[char]N`, as PowerShell's tokenizer reads it.
    fn read_powershell(text: &str) -> Option<String> {
        let is_quote = |character: &char| matches!(character, '\'' | '\u{2018}'..='\u{201B}');
        let mut rest = text.strip_prefix("$env:K = ")?.strip_suffix('\n')?.to_owned();
        let mut value = String::new();
        loop {
            if let Some(number) = rest.strip_prefix("[char]") {
                let end = number.find(' ').unwrap_or(number.len());
                let (digits, after) = number.split_at(end);
                value.push(char::from_u32(digits.parse().ok()?)?);
                rest = after.to_owned();
            } else {
                let mut characters = rest.chars().peekable();
                characters.next().filter(is_quote)?;
                loop {
                    let character = characters.next()?;
                    if is_quote(&character) && characters.next_if(is_quote).is_none() {
                        break;
                    }
                    value.push(character);
                }
                rest = characters.collect();
            }
            match rest.strip_prefix(" + ") {
                Some(next) => rest = next.to_owned(),
                None => return rest.is_empty().then_some(value),
            }
        }
    }

    #[test]
    fn quotes_as_each_shell_does() {
        assert_eq!(posix("K", "it's $5"), "export K='it'\\''s $5'\n");
        assert_eq!(fish("K", "it's \\ $5"), "set -gx K 'it\\'s \\\\ $5'\n");
        assert_eq!(powershell("K", "it's $5\nx"), "$env:K = 'it''s $5' + [char]10 + 'x'\n");
    }

    proptest! {
        #[test]
        fn powershell_reads_one_line_with_the_value(value in "([a-z'\"`$\\\\ #\n\r\u{2018}\u{2019}\u{201A}\u{201B}é]|\\PC){0,20}") {
            // Of two different quotes in a row PowerShell keeps the second, and ours are always pairs of the same.
            let written = powershell("K", &value);
            prop_assert_eq!(written.lines().count(), 1);
            prop_assert_eq!(read_powershell(&written), Some(value));
        }
    }
}
