//! A `.env` that somebody edited as a whole, compared with what it was: which keys are different, and what is wrong with
//! those. It names lines and keys, never a value.

use secrecy::ExposeSecret;

use super::check::check_as_it_is;
use super::form::Difference;
use super::schema::SecretSpec;
use crate::dotenv::{Assignment, Document, Style, Writer};

/// What is to be said of an edit.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Edited {
    /// The keys that are different, in the order of the new document, and then those that are gone.
    pub differences: Vec<(String, Difference)>,
    /// What must not stay so.
    pub faults: Vec<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Compares an edited document with what it was. `now` is Unix time in milliseconds.
pub fn compare(
    (before, after): (&Document, &Document),
    spec: &dyn Fn(&str) -> Option<SecretSpec>,
    (writer, now): (&Writer, u64),
) -> Edited {
    let mut edited = Edited { differences: differences(before, after), ..Edited::default() };
    edited.faults.extend(after.fault().map(ToString::to_string));
    let old = before.unread_lines().len();
    let unread = after.unread_lines();
    if unread.len() > old {
        edited.warnings.extend(unread.iter().map(|line| format!("line {line} is no assignment, so no program reads it")));
    }
    for (key, difference) in &edited.differences {
        let Some(found) = after.find(key).filter(|_| *difference != Difference::Removed) else { continue };
        let place = format!("line {}: {key}", found.line);
        if let Some(rejection) = spec(key).and_then(|spec| rejection(&spec, found, now)) {
            edited.faults.push(format!("{place}: {rejection}"));
        }
        match misread(found, writer) {
            Misread::Nobody => {}
            Misread::Unquoted => edited.warnings.push(format!("{place}: programs read it differently without quotes")),
            Misread::Anyhow(why) => edited.warnings.push(format!("{place}: {why}")),
        }
    }
    edited
}

fn differences(before: &Document, after: &Document) -> Vec<(String, Difference)> {
    let mut differences: Vec<(String, Difference)> = Vec::new();
    let mut add = |key: &str, difference: Option<Difference>| {
        if let Some(difference) = difference.filter(|_| !differences.iter().any(|(known, _)| known == key)) {
            differences.push((key.to_owned(), difference));
        }
    };
    for Assignment { key, .. } in after.assignments() {
        let value = |document: &Document| document.find(key).map(|found| found.value.expose_secret().to_owned());
        add(
            key,
            match value(before) {
                None => Some(Difference::Added),
                Some(old) if Some(&old) != value(after).as_ref() => Some(Difference::Changed),
                Some(_) => None,
            },
        );
    }
    for Assignment { key, .. } in before.assignments() {
        add(key, after.find(key).is_none().then_some(Difference::Removed));
    }
    differences
}

fn rejection(spec: &SecretSpec, found: &Assignment, now: u64) -> Option<String> {
    let value = found.value.expose_secret();
    if value.is_empty() {
        return None;
    }
    match check_as_it_is(spec, value, now) {
        // What has to be cleaned up is written as it is.
        Ok(accepted) if accepted.value() != value => {
            let notes = accepted.notes.join(", ").replace("took off", "take off");
            Some(if notes.is_empty() { "it has something around it that is no part of the value".to_owned() } else { notes })
        }
        Ok(_) => None,
        Err(rejection) => Some(rejection.to_string()),
    }
}

/// Who would read something else than Node does.
enum Misread {
    Nobody,
    Unquoted,
    Anyhow(String),
}

fn misread(found: &Assignment, writer: &Writer) -> Misread {
    let value = found.value.expose_secret();
    match writer.quote_like(value, found.style) {
        Ok(written) if found.style == Style::Bare && written != value => Misread::Unquoted,
        Ok(_) => Misread::Nobody,
        Err(why) => Misread::Anyhow(why.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    fn compared(before: &str, after: &str) -> Edited {
        let spec = |name: &str| toml::from_str(&format!("name = '{name}'\nkind = 'port'\ndescription = 'x'")).ok();
        let (before, after) = (Document::parse(before.as_bytes()), Document::parse(after.as_bytes()));
        compare((&before, &after), &|name| spec(name).filter(|_| name == "PORT"), (&Writer::default(), 0))
    }

    #[test]
    fn keys_are_compared_and_comments_are_nobodys_business() {
        assert_eq!(compared("A=1\n# a\n", "# b\nexport A='1'"), Edited::default());
        let differences =
            vec![("B".into(), Difference::Changed), ("C".into(), Difference::Added), ("A".into(), Difference::Removed)];
        assert_eq!(compared("A=1\nB=1\nB=2\n", "B=2\nB=3\nC=1\n").differences, differences);
    }

    #[test]
    fn what_is_wrong_is_named_with_line_and_key() {
        let secret = ["99", "999"].concat();
        let edited = compared("PORT=1\n", &format!("\nPORT={secret}\nA=two words\nB='x\n"));
        assert_eq!(edited.faults.first().map(String::as_str), Some("line 4, column 3: the quote of `B` is not closed"));
        assert!(edited.faults[1].starts_with("line 2: PORT: "), "{edited:?}");
        assert_eq!(edited.warnings[0], "line 3: A: programs read it differently without quotes");
        assert!(!format!("{edited:?}").contains(&secret));
        assert_eq!(compared("junk\n", "junk\n").warnings, [""; 0]);
        assert_eq!(compared("", "junk\n").warnings, ["line 1 is no assignment, so no program reads it"]);
    }
}
