//! What is in a sealed file: a few comment lines that say where it comes from, and a `.env` below them. So whoever opens it
//! with plain `age` has a `.env` in hand, and any `.env` that somebody else has sealed can be read.

use secrecy::{ExposeSecret, SecretString};

use super::schema::SecretSpec;
use crate::dotenv::{self, Consumer, Document, Entry, Fault, Unportable, Writer};

const FIRST: &str = "# nixstart invitation ";
/// The newest format that is understood.
const FORMAT: u32 = 1;

/// Where a sealed file comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What the list of recipients calls the project.
    pub project: String,
    /// The environment that the values are for.
    pub profile: String,
    /// When it was sealed.
    pub created: String,
    /// Digest of the keys it was sealed to.
    pub recipients: String,
}

/// An opened file.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Where it comes from; `None` is a `.env` that was sealed by hand.
    pub origin: Option<Origin>,
    /// The variables.
    pub entries: Vec<Entry>,
}

/// Why an opened file cannot be used. Names a line or a key, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// It was written by a later nixstart.
    #[error("it was written in format {0}, which this nixstart does not know")]
    Newer(String),
    /// Its text is no whole `.env`.
    #[error("what is sealed in it is no `.env`: {0}")]
    Fault(#[from] Fault),
    /// There is nothing in it.
    #[error("no variable is sealed in it")]
    Empty,
}

/// The text that is sealed. A value is written for every program where there is such a form, else for Node and us.
pub fn to_text(origin: &Origin, entries: &[Entry]) -> Result<SecretString, (String, Unportable)> {
    let (portable, own) = (Writer::default(), Writer::new([Consumer::Node]));
    let line = |text: &str| text.split(char::is_control).collect::<Vec<_>>().join(" ");
    let mut text = format!(
        "{FIRST}{FORMAT}\n# project: {}\n# profile: {}\n# created: {}\n# recipients: sha256:{}\n",
        line(&origin.project),
        line(&origin.profile),
        line(&origin.created),
        line(&origin.recipients)
    );
    for Entry { key, value } in entries {
        let value = value.expose_secret();
        let written = portable.quote(value).or_else(|_| own.quote(value)).map_err(|why| (key.clone(), why))?;
        text.push_str(&format!("{key}={written}\n"));
    }
    Ok(text.into())
}

/// Reads a text that was sealed.
pub fn parse(text: &SecretString) -> Result<Invitation, InvitationError> {
    let text = text.expose_secret();
    let document = Document::parse(text.as_bytes());
    if let Some(fault) = document.fault() {
        return Err(fault.clone().into());
    }
    let entries = dotenv::entries(&document);
    if entries.is_empty() {
        return Err(InvitationError::Empty);
    }
    Ok(Invitation { origin: origin(text)?, entries })
}

fn origin(text: &str) -> Result<Option<Origin>, InvitationError> {
    let Some(format) = text.lines().next().and_then(|line| line.strip_prefix(FIRST)) else { return Ok(None) };
    if format.trim().parse::<u32>().is_ok_and(|format| format > FORMAT) {
        return Err(InvitationError::Newer(format.trim().to_owned()));
    }
    let field = |name: &str| {
        let mut head = text.lines().take_while(|line| line.starts_with('#'));
        let value = head.find_map(|line| line.strip_prefix("# ")?.strip_prefix(name)?.strip_prefix(": "));
        value.unwrap_or_default().trim().to_owned()
    };
    let recipients = field("recipients");
    Ok(Some(Origin {
        project: field("project"),
        profile: field("profile"),
        created: field("created"),
        recipients: recipients.strip_prefix("sha256:").unwrap_or(&recipients).to_owned(),
    }))
}

/// What becomes of a sealed file when variables are sealed again.
#[derive(Debug, Default)]
pub struct Merged {
    /// What is sealed now, in the order of the file.
    pub entries: Vec<Entry>,
    /// Names that come in.
    pub added: Vec<String>,
    /// Names that get another value.
    pub changed: Vec<String>,
    /// Names that nobody shared now and that stay as they are.
    pub kept: Vec<String>,
    /// Names that go, because they are not for the team.
    pub taken_out: Vec<String>,
}

/// Puts variables into what is sealed already. What one person does not have, the others still need; it goes only when it is
/// `unwanted` there.
pub fn merge(sealed: Vec<Entry>, shared: Vec<Entry>, unwanted: &[String]) -> Merged {
    let mut merged = Merged::default();
    let mut shared: Vec<Option<Entry>> = shared.into_iter().map(Some).collect();
    for entry in sealed {
        let now = shared.iter_mut().find(|new| new.as_ref().is_some_and(|new| new.key == entry.key)).and_then(Option::take);
        match now {
            Some(new) => {
                if new.value.expose_secret() != entry.value.expose_secret() {
                    merged.changed.push(entry.key);
                }
                merged.entries.push(new);
            }
            None if unwanted.contains(&entry.key) => merged.taken_out.push(entry.key),
            None => {
                merged.kept.push(entry.key.clone());
                merged.entries.push(entry);
            }
        }
    }
    for new in shared.into_iter().flatten() {
        merged.added.push(new.key.clone());
        merged.entries.push(new);
    }
    merged
}

/// What somebody wants to share.
#[derive(Debug, Clone, Copy)]
pub enum Wish<'a> {
    /// What a team usually shares.
    Usual,
    /// Everything that has a value.
    All,
    /// These variables.
    Keys(&'a [String]),
}

/// Why a variable stays at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// Everybody has one of their own.
    Personal,
    /// It belongs to other environments.
    OtherProfile,
    /// Nothing declares it.
    Undeclared,
}

impl Withheld {
    /// The reason as a fragment.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Personal => "personal: everybody has one of their own",
            Self::OtherProfile => "it belongs to another profile",
            Self::Undeclared => "nothing declares it",
        }
    }
}

/// What is shared and what is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Names of variables.
    pub shared: Vec<String>,
    /// Names of variables that have a value, and why they are not shared.
    pub withheld: Vec<(String, Withheld)>,
}

impl Selection {
    /// Names that the project says are no business of the team.
    pub fn not_for_the_team(&self) -> Vec<String> {
        let foreign = self.withheld.iter().filter(|(_, why)| *why != Withheld::Undeclared);
        foreign.map(|(name, _)| name.clone()).collect()
    }
}

/// Chooses among variables that have a value. Without any declaration there is nothing to choose by, and all are shared.
/// `Err` is a wished-for variable that has no value.
pub fn select(names: &[&str], specs: &[SecretSpec], profile: &str, wish: Wish<'_>) -> Result<Selection, String> {
    if let Wish::Keys(keys) = wish {
        if let Some(missing) = keys.iter().find(|key| !names.contains(&key.as_str())) {
            return Err(missing.clone());
        }
        let shared = names.iter().filter(|name| keys.iter().any(|key| key == *name)).map(|name| (*name).to_owned()).collect();
        return Ok(Selection { shared, withheld: Vec::new() });
    }
    let mut selection = Selection::default();
    for name in names {
        let why = specs.iter().find(|spec| spec.name == **name).map_or_else(
            || (!specs.is_empty()).then_some(Withheld::Undeclared),
            |spec| {
                let is_elsewhere = !spec.profiles.is_empty() && !spec.profiles.iter().any(|known| known == profile);
                spec.personal.then_some(Withheld::Personal).or_else(|| is_elsewhere.then_some(Withheld::OtherProfile))
            },
        );
        match why.filter(|_| matches!(wish, Wish::Usual)) {
            Some(why) => selection.withheld.push(((*name).to_owned(), why)),
            None => selection.shared.push((*name).to_owned()),
        }
    }
    Ok(selection)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    fn origin() -> Origin {
        Origin {
            project: "bot".into(),
            profile: "default".into(),
            created: "2026-11-21T19:00:00Z".into(),
            recipients: "ab12".into(),
        }
    }

    fn entry(key: &str, value: &str) -> Entry {
        Entry { key: key.into(), value: value.to_owned().into() }
    }

    fn pairs(entries: &[Entry]) -> Vec<(String, String)> {
        entries.iter().map(|entry| (entry.key.clone(), entry.value.expose_secret().to_owned())).collect()
    }

    #[test]
    fn what_one_person_lacks_stays_sealed() {
        let entries = |pairs: &[(&str, &str)]| -> Vec<Entry> {
            let entry = |(key, value): &(&str, &str)| Entry { key: (*key).to_owned(), value: (*value).to_owned().into() };
            pairs.iter().map(entry).collect()
        };
        let sealed = entries(&[("A", "1"), ("B", "2"), ("MINE", "3"), ("OLD", "4")]);
        let selection = Selection {
            shared: Vec::new(),
            withheld: vec![("MINE".to_owned(), Withheld::Personal), ("OLD".to_owned(), Withheld::Undeclared)],
        };
        let merged = merge(sealed, entries(&[("NEW", "5"), ("B", "6")]), &selection.not_for_the_team());
        let found: Vec<(&str, &str)> =
            merged.entries.iter().map(|entry| (entry.key.as_str(), entry.value.expose_secret())).collect();
        assert_eq!(found, [("A", "1"), ("B", "6"), ("OLD", "4"), ("NEW", "5")]);
        let names = [merged.added, merged.changed, merged.kept, merged.taken_out].map(|names| names.join(" "));
        assert_eq!(names, ["NEW", "B", "A OLD", "MINE"]);
    }

    #[test]
    fn is_a_dotenv_with_a_head() {
        let dollar = ["pa$", "word"].concat();
        let entries = [entry("A", "1"), entry("B", "two words"), entry("C", &dollar), entry("D", "a\nb")];
        let text = to_text(&origin(), &entries).unwrap();
        assert_eq!(
            text.expose_secret(),
            "# nixstart invitation 1\n# project: bot\n# profile: default\n# created: 2026-11-21T19:00:00Z\n# recipients: \
             sha256:ab12\nA=1\nB='two words'\nC='pa$word'\nD='a\nb'\n"
        );
        let read = parse(&text).unwrap();
        assert_eq!((read.origin, pairs(&read.entries)), (Some(origin()), pairs(&entries)));
    }

    #[test]
    fn a_head_cannot_be_left() {
        let hostile = Origin { project: "x\nA=1\r\n# profile: other".into(), ..origin() };
        let read = parse(&to_text(&hostile, &[entry("B", "2")]).unwrap()).unwrap();
        assert_eq!(pairs(&read.entries), [("B".to_owned(), "2".to_owned())]);
        assert_eq!(read.origin.unwrap().profile, "default");
    }

    #[test]
    fn what_somebody_else_sealed_is_read() {
        let read = parse(&"# mine\nexport A='1' # c\n".to_owned().into()).unwrap();
        assert_eq!((read.origin, pairs(&read.entries)), (None, vec![("A".to_owned(), "1".to_owned())]));
        let error = |text: &str| parse(&text.to_owned().into()).unwrap_err();
        assert_eq!(error(""), InvitationError::Empty);
        assert_eq!(error("# nixstart invitation 2\nA=1\n"), InvitationError::Newer("2".into()));
        assert!(matches!(error("A='open\n"), InvitationError::Fault(_)));
    }

    #[test]
    fn what_cannot_be_written_is_named_without_its_value() {
        let value = ["it's \"", "secret\""].concat();
        let (key, why) = to_text(&origin(), &[entry("A", &value)]).unwrap_err();
        assert!(key == "A" && !why.to_string().contains("secret"));
    }

    #[test]
    fn what_is_personal_or_for_elsewhere_stays_at_home() {
        let spec = |name: &str, rest: &str| toml::from_str(&format!("name = '{name}'\ndescription = ''\n{rest}")).unwrap();
        let specs = [
            spec("A", ""),
            spec("B", "personal = true"),
            spec("C", "profiles = ['production']"),
            spec("D", "profiles = ['default']"),
        ];
        let names = ["A", "B", "C", "D", "E"];
        let usual = select(&names, &specs, "default", Wish::Usual).unwrap();
        assert_eq!(usual.shared, ["A", "D"]);
        let withheld = [("B", Withheld::Personal), ("C", Withheld::OtherProfile), ("E", Withheld::Undeclared)];
        assert_eq!(usual.withheld, withheld.map(|(name, why)| (name.to_owned(), why)));
        assert_eq!(select(&names, &specs, "production", Wish::Usual).unwrap().shared, ["A", "C"]);
        assert_eq!(select(&names, &specs, "default", Wish::All).unwrap().shared, names);
        assert_eq!(select(&names, &specs, "default", Wish::Keys(&["B".into()])).unwrap().shared, ["B"]);
        assert_eq!(select(&names, &specs, "default", Wish::Keys(&["F".into()])), Err("F".to_owned()));
        assert_eq!(select(&names, &[], "default", Wish::Usual).unwrap().shared, names);
    }

    proptest! {
        #[test]
        fn every_value_that_is_sealed_comes_back(value in "\\PC{0,30}|[a-z'\"`$\\\\ #=\t\n]{0,12}") {
            let Ok(text) = to_text(&origin(), &[entry("A", &value), entry("B", "1")]) else { return Ok(()) };
            let Ok(read) = parse(&text) else { return Err(TestCaseError::fail("it is not read back")) };
            prop_assert_eq!(pairs(&read.entries), vec![("A".to_owned(), value), ("B".to_owned(), "1".to_owned())]);
        }
    }
}
