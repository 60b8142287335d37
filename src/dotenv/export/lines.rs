//! Files of lines that a program reads by rules of its own.

use super::Reason;

/// The longest line that docker reads, its end included (`bufio.MaxScanTokenSize`).
const DOCKER_LINE: usize = 64 * 1024;

/// `K=…`, which docker takes as it stands up to the line end.
pub(super) fn docker(key: &str, value: &str) -> Result<String, Reason> {
    if value.contains('\n') {
        return Err(Reason::Lines);
    }
    if value.ends_with('\r') {
        return Err(Reason::CarriageReturn);
    }
    let line = format!("{key}={value}\n");
    if line.len() > DOCKER_LINE { Err(Reason::Long) } else { Ok(line) }
}

/// `K="…"`, in which systemd gives a backslash a meaning before `"`, `\`, `` ` `` and `$` only, and line ends stay.
///
/// systemd drops a variable with one of Unicode's noncharacters and says so in its log alone.
pub(super) fn systemd(key: &str, value: &str) -> Result<String, Reason> {
    if value.chars().any(is_noncharacter) {
        return Err(Reason::Noncharacter);
    }
    let mut quoted = String::with_capacity(value.len() + 2);
    for character in value.chars() {
        if matches!(character, '"' | '\\' | '`' | '$') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    Ok(format!("{key}=\"{quoted}\"\n"))
}

/// `K<<DELIMITER`, the value, and a line with the delimiter, which is nowhere in the value.
pub(super) fn github(key: &str, value: &str) -> Result<String, Reason> {
    // A runner on Windows takes it for a part of the line end.
    if value.ends_with('\r') {
        return Err(Reason::CarriageReturn);
    }
    let mut delimiter = "NIXSTART_END".to_owned();
    while value.contains(&delimiter) {
        delimiter.push('_');
    }
    Ok(format!("{key}<<{delimiter}\n{value}\n{delimiter}\n"))
}

const fn is_noncharacter(character: char) -> bool {
    let code = character as u32;
    matches!(code, 0xFDD0..=0xFDEF) || code & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    /// The runner's `EnvFileKeyValuePairs` for one block.
    fn read_github(text: &str) -> Option<String> {
        let (head, mut rest) = text.split_once('\n')?;
        let (_, delimiter) = head.split_once("<<")?;
        let mut lines = Vec::new();
        loop {
            let (line, after) = rest.split_once('\n')?;
            if line == delimiter {
                return after.is_empty().then(|| lines.join("\n"));
            }
            lines.push(line);
            rest = after;
        }
    }

    /// The states of systemd's `parse_env_file` that a double-quoted value goes through.
    fn read_systemd(text: &str) -> Option<String> {
        let mut value = String::new();
        let mut characters = text.strip_prefix("K=\"")?.chars();
        loop {
            match characters.next()? {
                '"' => return (characters.as_str() == "\n").then_some(value),
                '\\' => match characters.next()? {
                    escaped @ ('"' | '\\' | '`' | '$') => value.push(escaped),
                    '\n' => {}
                    other => value.extend(['\\', other]),
                },
                character => value.push(character),
            }
        }
    }

    #[test]
    fn a_delimiter_is_never_in_the_value() {
        assert_eq!(github("K", "").unwrap(), "K<<NIXSTART_END\n\nNIXSTART_END\n");
        let value = "a\nNIXSTART_END\nNIXSTART_END_";
        assert_eq!(read_github(&github("K", value).unwrap()).as_deref(), Some(value));
    }

    #[test]
    fn what_a_line_cannot_carry_is_refused() {
        assert_eq!(docker("K", "a b # 'c'").unwrap(), "K=a b # 'c'\n");
        assert_eq!(docker("K", "a\nb"), Err(Reason::Lines));
        assert_eq!(docker("K", "a\r"), Err(Reason::CarriageReturn));
        assert_eq!(docker("K", &"x".repeat(DOCKER_LINE - 3)).map(|line| line.len()), Ok(DOCKER_LINE));
        assert_eq!(docker("K", &"x".repeat(DOCKER_LINE - 2)), Err(Reason::Long));
        assert_eq!(systemd("K", "a\u{FFFE}"), Err(Reason::Noncharacter));
        assert_eq!(systemd("K", "a\u{FDD0}"), Err(Reason::Noncharacter));
        assert_eq!(github("K", "a\r"), Err(Reason::CarriageReturn));
    }

    proptest! {
        #[test]
        fn each_program_reads_the_value_back(value in "([A-Z_'\"`$\\\\ #;=<\n\té]|NIXSTART_END|\\PC){0,30}") {
            prop_assert_eq!(read_github(&github("K", &value).unwrap()), Some(value.clone()));
            if let Ok(written) = systemd("K", &value) {
                prop_assert_eq!(read_systemd(&written), Some(value));
            }
        }
    }
}
