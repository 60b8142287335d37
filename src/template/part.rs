//! Parts: what a project can have any number of, such as the apps of a workspace. The manifest says of which kinds, the record
//! of a project which it has. Names and ports that something else has are refused here.

use serde::Deserialize;

use super::Template;
use crate::error::did_you_mean;
use crate::project::record::Part;

/// A longer name does not fit everywhere that names are made from it.
const LONGEST_NAME: usize = 40;

/// What a project can have any number of, as a manifest declares it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartSpec {
    /// The word for one, which is also the word behind `nixstart add`.
    pub name: String,
    /// What it is, as a fragment.
    pub about: String,
    /// The kinds there are. No kind belongs to two parts.
    pub kinds: Vec<PartKind>,
    /// The port of the first one; each further one has the next that is free.
    #[serde(default)]
    pub first_port: Option<u16>,
    /// Names that no part can have; one that ends in `*` stands for all that begin so.
    #[serde(default)]
    pub reserved: Vec<String>,
}

/// A kind of part.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartKind {
    /// The value the template sees, and what `each` of files and services names.
    pub value: String,
    /// What is shown; the value when left out.
    #[serde(default)]
    pub label: Option<String>,
    /// Why one would choose it.
    #[serde(default)]
    pub help: Option<String>,
    /// Whether parts of it listen on a port of their own.
    #[serde(default)]
    pub listens: bool,
}

/// A part that somebody wants.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What it is, such as `app`.
    pub part: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// Its port; the next that is free when left out.
    pub port: Option<u16>,
}

/// Why a project cannot have a part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// The template knows no such part.
    #[error("the template `{template}` has no place for another {part}")]
    NoSuchPart {
        /// Name of the template.
        template: String,
        /// What was wanted.
        part: String,
    },
    /// The template knows no such kind.
    #[error("there is no kind `{kind}`; {}", hint.clone().unwrap_or_else(|| format!("the kinds are {}", known.join(", "))))]
    NoSuchKind {
        /// What was wanted.
        kind: String,
        /// The kinds there are.
        known: Vec<String>,
        /// A kind with a similar name.
        hint: Option<String>,
    },
    /// The name does not fit everywhere it is written to.
    #[error("`{0}` is no name for it: take lower-case words joined by dashes, 40 characters at most")]
    BadName(String),
    /// The template has something else of this name.
    #[error("`{0}` is the name of something else in the project")]
    Reserved(String),
    /// The project has another part of this name.
    #[error("`{name}` is there already, of kind `{kind}`{}", port.map(|port| format!(" on port {port}")).unwrap_or_default())]
    NameTaken {
        /// The name.
        name: String,
        /// The kind of the one that has it.
        kind: String,
        /// The port of the one that has it.
        port: Option<u16>,
    },
    /// Something else listens on the port.
    #[error("port {port} is that of `{by}`")]
    PortTaken {
        /// The port.
        port: u16,
        /// What has it.
        by: String,
    },
    /// A part of this kind does not listen.
    #[error("what is of kind `{0}` listens on no port")]
    NoPort(String),
    /// There is no port left.
    #[error("no port is free")]
    NoPortLeft,
}

impl Template {
    /// The part that a project gets besides those it has. One that is there already is that one.
    pub fn new_part(&self, wanted: Wanted<'_>, existing: &[Part]) -> Result<Part, PartError> {
        let Wanted { part, name, kind, port } = wanted;
        let spec = self
            .manifest
            .parts
            .iter()
            .find(|spec| spec.name == part)
            .ok_or_else(|| PartError::NoSuchPart { template: self.manifest.name.clone(), part: part.to_owned() })?;
        let kind = spec.kind(kind)?;
        if !is_name(name) {
            return Err(PartError::BadName(name.to_owned()));
        }
        if let Some(other) = existing.iter().find(|other| other.name == name) {
            let is_same = other.part == part && other.kind == kind.value && port.is_none_or(|port| other.port == Some(port));
            return if is_same { Ok(other.clone()) } else { Err(PartError::taken_by(other)) };
        }
        if spec.reserves(name) {
            return Err(PartError::Reserved(name.to_owned()));
        }
        let port = self.port_for(spec, kind, port, existing)?;
        Ok(Part { part: part.to_owned(), name: name.to_owned(), kind: kind.value.clone(), port })
    }

    /// The port of a part that is new.
    fn port_for(
        &self,
        spec: &PartSpec,
        kind: &PartKind,
        wanted: Option<u16>,
        existing: &[Part],
    ) -> Result<Option<u16>, PartError> {
        if !kind.listens {
            return if wanted.is_some() { Err(PartError::NoPort(kind.value.clone())) } else { Ok(None) };
        }
        let holder = |port: u16| {
            let part = existing.iter().find(|part| part.port == Some(port)).map(|part| part.name.clone());
            part.or_else(|| self.manifest.service_on(port))
        };
        let Some(port) = wanted else {
            let mut ports = spec.first_port.unwrap_or(1024)..=u16::MAX;
            return ports.find(|port| holder(*port).is_none()).map(Some).ok_or(PartError::NoPortLeft);
        };
        match holder(port) {
            Some(by) => Err(PartError::PortTaken { port, by }),
            None => Ok(Some(port)),
        }
    }

    /// One part of each kind, to see what becomes of them.
    pub fn sample_parts(&self) -> Vec<Part> {
        let mut samples: Vec<Part> = Vec::new();
        for spec in &self.manifest.parts {
            for kind in &spec.kinds {
                let name = format!("sample-{}", kind.value);
                let wanted = Wanted { part: &spec.name, name: &name, kind: &kind.value, port: None };
                samples.extend(self.new_part(wanted, &samples));
            }
        }
        samples
    }
}

impl PartSpec {
    fn kind(&self, name: &str) -> Result<&PartKind, PartError> {
        let known = || self.kinds.iter().map(|kind| kind.value.as_str());
        self.kinds.iter().find(|kind| kind.value == name).ok_or_else(|| PartError::NoSuchKind {
            kind: name.to_owned(),
            known: known().map(str::to_owned).collect(),
            hint: did_you_mean(name, known()),
        })
    }

    fn reserves(&self, name: &str) -> bool {
        self.reserved.iter().any(|reserved| match reserved.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == reserved,
        })
    }
}

impl PartError {
    fn taken_by(other: &Part) -> Self {
        Self::NameTaken { name: other.name.clone(), kind: other.kind.clone(), port: other.port }
    }
}

/// Whether a text can be the name of a folder, a package of npm, an attribute of Nix, an image and a host alike.
fn is_name(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.len() <= LONGEST_NAME && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('-').all(is_word)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::super::SourceFile;
    use super::*;

    const MANIFEST: &str = "schema = 1\nname = 'x'\ntitle = 'X'\ndescription = 'x'\nversion = '1.0.0'\n\
        [[part]]\nname = 'app'\nabout = 'an app'\nfirst_port = 3000\nreserved = ['web', 'image-*']\n\
        kinds = [{ value = 'site', listens = true }, { value = 'empty' }]\n\
        [services.web]\ncommand = 'x'\nports.http = { port = 3000 }\n";

    fn template() -> Template {
        let file = SourceFile { contents: MANIFEST.as_bytes().to_vec(), executable: false };
        Template::parse([("template.toml".to_owned(), file)].into()).unwrap()
    }

    fn wanted<'a>(name: &'a str, kind: &'a str, port: Option<u16>) -> Wanted<'a> {
        Wanted { part: "app", name, kind, port }
    }

    #[test]
    fn each_part_that_listens_has_a_port_of_its_own() {
        let mut parts: Vec<Part> = Vec::new();
        for (name, kind) in [("admin", "site"), ("jobs", "empty"), ("shop-2", "site")] {
            parts.push(template().new_part(wanted(name, kind, None), &parts).unwrap());
        }
        assert_eq!(parts.iter().map(|part| part.port).collect::<Vec<_>>(), [Some(3001), None, Some(3002)]);
        assert_eq!(template().new_part(wanted("other", "site", Some(4000)), &parts).unwrap().port, Some(4000));
        assert_eq!(template().new_part(wanted("admin", "site", None), &parts).unwrap(), parts[0], "it is there already");
        assert_eq!(template().new_part(wanted("admin", "site", Some(3001)), &parts).unwrap(), parts[0]);
    }

    #[test]
    fn refuses_what_is_taken_or_not_known() {
        let existing = [Part { part: "app".into(), name: "admin".into(), kind: "site".into(), port: Some(3001) }];
        let message = |wanted| template().new_part(wanted, &existing).unwrap_err().to_string();
        assert_eq!(message(wanted("a", "sites", None)), "there is no kind `sites`; did you mean `site`?");
        assert_eq!(message(wanted("a", "lambda", None)), "there is no kind `lambda`; the kinds are site, empty");
        let long = "a".repeat(41);
        for name in ["", "Admin", "a b", "-a", "a-", "a--b", "2a", "a/b", "ä", &long] {
            let expected = format!("`{name}` is no name for it: take lower-case words joined by dashes, 40 characters at most");
            assert_eq!(message(wanted(name, "site", None)), expected);
        }
        for name in ["web", "image-x"] {
            assert_eq!(message(wanted(name, "site", None)), format!("`{name}` is the name of something else in the project"));
        }
        assert_eq!(message(wanted("admin", "empty", None)), "`admin` is there already, of kind `site` on port 3001");
        assert_eq!(message(wanted("admin", "site", Some(1))), "`admin` is there already, of kind `site` on port 3001");
        assert_eq!(message(wanted("b", "site", Some(3000))), "port 3000 is that of `web`");
        assert_eq!(message(wanted("b", "site", Some(3001))), "port 3001 is that of `admin`");
        assert_eq!(message(wanted("b", "empty", Some(4000))), "what is of kind `empty` listens on no port");
        let job = Wanted { part: "job", ..wanted("b", "site", None) };
        assert_eq!(message(job), "the template `x` has no place for another job");
    }
}
