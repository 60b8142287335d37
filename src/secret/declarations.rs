//! What a project declares about its variables, in whatever form it does: `secretspec.toml` with nixstart's own table beside
//! it, a `.env.schema`, a `.env.example`, or only the names that its source asks for.
//!
//! What an earlier file says of a variable stands; a later one adds what is missing. Nothing is evaluated. Somebody may have
//! put a secret into an example, so nothing here prints what a file gives as a value.

mod comment;
mod env_schema;
mod example;
mod located;
mod secretspec;
mod sidecar;
pub mod source;

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::kind::Kind;
use super::schema::{Generate, Obtain, Required, SecretSpec};
use crate::diagnostic::{Diagnostic, Place};
pub use source::Mention;

/// The code of the finding that no file declares the profile.
pub const UNKNOWN_PROFILE: &str = "unknown-profile";
/// The codes of findings that leave something unknown.
const UNREAD: [&str; 4] = ["unreadable-file", "wrong-entry", "wrong-field", "no-profiles"];
/// The profile of a developer's machine.
pub const DEFAULT_PROFILE: &str = "default";
/// The files that declare variables, in the order of their say; of the examples the first one counts.
const FILES: [&str; 3] = ["secretspec.toml", "nixstart.toml", ".env.schema"];
/// The names that examples have.
pub const EXAMPLES: [&str; 4] = [".env.example", ".env.sample", ".env.template", ".env.dist"];

/// The texts of the files that declare variables.
#[derive(Default)]
pub struct Texts {
    /// The files, those that have a say first.
    pub files: Vec<TextFile>,
    /// The variables that source code asks for. They count where no file declares anything.
    pub in_source: Vec<Mention>,
}

/// A file that declares variables.
pub struct TextFile {
    /// Its path as messages show it.
    pub name: String,
    /// What it says.
    pub text: String,
}

impl Texts {
    /// Reads the files of a directory. `read` returns the text of the file of a name, when there is one.
    pub fn gather(read: &dyn Fn(&str) -> Option<String>) -> Self {
        let file = |name: &str| Some(TextFile { name: name.to_owned(), text: read(name)? });
        let example = EXAMPLES.into_iter().find_map(file);
        Self { files: FILES.into_iter().filter_map(file).chain(example).collect(), in_source: Vec::new() }
    }

    fn named<'t>(&'t self, names: &'t [&str]) -> impl Iterator<Item = &'t TextFile> {
        self.files.iter().filter(|file| file.name.rsplit('/').next().is_some_and(|name| names.contains(&name)))
    }
}

/// Whether a project runs without a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It does not.
    Required,
    /// It does.
    Optional,
    /// Nobody says so.
    Unsaid,
}

/// What a project declares about its variables.
#[derive(Clone, Default)]
pub struct Declarations {
    /// The variables, in the order in which they are declared. `required` and `default` are those of the profile.
    pub specs: Vec<SecretSpec>,
    /// What is wrong with the files. It names files, lines and variables, never a value.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that declare something.
    pub files: Vec<String>,
    details: BTreeMap<String, Detail>,
}

impl fmt::Debug for Declarations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.specs.iter().map(|spec| spec.name.as_str()).collect();
        formatter.debug_struct("Declarations").field("specs", &names).field("files", &self.files).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Detail {
    origin: Place,
    need: Need,
    example: Option<SecretString>,
}

impl Declarations {
    /// Reads what files declare for a profile.
    pub fn read(texts: &Texts, profile: &str) -> Self {
        let mut found = Found::default();
        for file in texts.named(&["secretspec.toml"]) {
            secretspec::read(file, profile, &mut found);
        }
        let has_secretspec = !found.variables.is_empty();
        for file in texts.named(&["nixstart.toml"]) {
            sidecar::read(file, &mut found);
        }
        for file in texts.named(&[".env.schema"]) {
            env_schema::read(file, &mut found);
        }
        for file in texts.named(&EXAMPLES) {
            example::read(file, &mut found);
        }
        if found.variables.is_empty() {
            texts.in_source.iter().for_each(|mention| found.add(mention.variable()));
        }
        found.finish(profile, has_secretspec)
    }

    /// What keeps a part of the declarations from being known, so that nobody can rely on them as a whole.
    pub fn unread(&self) -> Option<&Diagnostic> {
        self.diagnostics.iter().find(|found| UNREAD.contains(&found.code))
    }

    /// The declaration of a variable.
    pub fn spec(&self, name: &str) -> Option<&SecretSpec> {
        self.specs.iter().find(|spec| spec.name == name)
    }

    /// The file and the line where a variable is declared first.
    pub fn origin(&self, name: &str) -> Option<&Place> {
        self.details.get(name).map(|detail| &detail.origin)
    }

    /// Whether the project runs without a variable.
    pub fn need(&self, name: &str) -> Need {
        self.details.get(name).map_or(Need::Unsaid, |detail| detail.need)
    }

    /// What the example gives as the value of a variable. It may be a secret that somebody left there.
    pub fn example(&self, name: &str) -> Option<&str> {
        self.details.get(name)?.example.as_ref().map(SecretString::expose_secret)
    }

    /// The declarations that belong to a part of a project: those that name it as a scope, and those that name none.
    #[must_use]
    pub fn in_scope(mut self, scope: &str) -> Self {
        self.specs.retain(|spec| spec.scopes.is_empty() || spec.scopes.iter().any(|known| known == scope));
        self
    }
}

/// What one file says of a variable. What it leaves out, another may say.
struct Variable {
    name: String,
    origin: Place,
    description: Option<String>,
    need: Option<Need>,
    sensitive: Option<bool>,
    kind: Option<Kind>,
    obtain: Option<Obtain>,
    pattern: Option<String>,
    looks_like: Option<String>,
    default: Option<String>,
    generate: Option<Generate>,
    profiles: Option<Vec<String>>,
    scopes: Option<Vec<String>>,
    verify: Option<String>,
    personal: Option<bool>,
    /// Its value in the example.
    example: Option<SecretString>,
}

impl Variable {
    fn new(name: &str, origin: Place) -> Self {
        Self {
            name: name.to_owned(),
            origin,
            description: None,
            need: None,
            sensitive: None,
            kind: None,
            obtain: None,
            pattern: None,
            looks_like: None,
            default: None,
            generate: None,
            profiles: None,
            scopes: None,
            verify: None,
            personal: None,
            example: None,
        }
    }

    /// Takes from another file what is not known yet.
    fn add(&mut self, other: Self) {
        fn fill<T>(own: &mut Option<T>, other: Option<T>) {
            if own.is_none() {
                *own = other;
            }
        }
        fill(&mut self.description, other.description.filter(|text| !text.is_empty()));
        fill(&mut self.need, other.need);
        fill(&mut self.sensitive, other.sensitive);
        fill(&mut self.kind, other.kind);
        fill(&mut self.obtain, other.obtain);
        fill(&mut self.pattern, other.pattern);
        fill(&mut self.looks_like, other.looks_like);
        fill(&mut self.default, other.default);
        fill(&mut self.generate, other.generate);
        fill(&mut self.profiles, other.profiles);
        fill(&mut self.scopes, other.scopes);
        fill(&mut self.verify, other.verify);
        fill(&mut self.personal, other.personal);
        fill(&mut self.example, other.example);
    }

    fn need_in(&self, profile: &str) -> Need {
        let is_elsewhere =
            self.profiles.as_ref().is_some_and(|profiles| !profiles.is_empty() && !profiles.iter().any(|known| known == profile));
        match self.need {
            Some(Need::Required) if self.default.is_none() && !is_elsewhere => Need::Required,
            Some(_) => Need::Optional,
            None if self.default.is_some() || is_elsewhere => Need::Optional,
            None => Need::Unsaid,
        }
    }

    fn into_spec(self, need: Need) -> SecretSpec {
        let is_public = || is_public_by_name(&self.name);
        SecretSpec {
            sensitive: self.sensitive.unwrap_or_else(|| !is_public()),
            name: self.name,
            kind: self.kind.unwrap_or_default(),
            description: self.description.unwrap_or_default(),
            when: None,
            required: Required::Everywhere(need == Need::Required),
            obtain: self.obtain,
            pattern: self.pattern,
            example: self.looks_like,
            // A value that is made is not also given.
            default: self.default.filter(|_| self.generate.is_none()),
            generate: self.generate,
            profiles: self.profiles.unwrap_or_default(),
            scopes: self.scopes.unwrap_or_default(),
            after: Vec::new(),
            verify: self.verify,
            personal: self.personal.unwrap_or_default(),
        }
    }
}

/// Whether a name says that its value is public: bundlers put it into the code that browsers get.
fn is_public_by_name(name: &str) -> bool {
    ["NEXT_PUBLIC_", "VITE_", "PUBLIC_", "NUXT_PUBLIC_", "EXPO_PUBLIC_"].iter().any(|prefix| name.starts_with(prefix))
        || matches!(name, "PORT" | "HOST" | "NODE_ENV" | "LOG_LEVEL" | "TZ")
}

/// What the files said so far.
#[derive(Default)]
struct Found {
    variables: Vec<Variable>,
    places: BTreeMap<String, usize>,
    diagnostics: Vec<Diagnostic>,
    files: Vec<String>,
    /// What the sidecar says beyond `secretspec.toml`, with the place.
    beside: Vec<(String, Place)>,
}

impl Found {
    fn add(&mut self, variable: Variable) {
        if !self.files.contains(&variable.origin.file) {
            self.files.push(variable.origin.file.clone());
        }
        let known = self.places.get(&variable.name).and_then(|place| self.variables.get_mut(*place));
        if let Some(known) = known {
            known.add(variable);
        } else {
            self.places.insert(variable.name.clone(), self.variables.len());
            self.variables.push(variable);
        }
    }

    fn knows(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    fn finish(self, profile: &str, has_secretspec: bool) -> Declarations {
        let Self { variables, mut diagnostics, files, beside, .. } = self;
        for (name, place) in beside {
            let hint = if has_secretspec {
                format!("add an entry to `secretspec.toml`, or take `[secrets.{name}]` out")
            } else {
                format!("add a `secretspec.toml` with an entry `[profiles.default.{name}]`")
            };
            let message = format!("`{name}` is not declared in `secretspec.toml`");
            diagnostics.push(Diagnostic::error(place, "sidecar-without-declaration", message).hint(hint));
        }
        diagnostics.sort_unstable();
        let mut declarations = Declarations { diagnostics, files, ..Declarations::default() };
        for mut variable in variables {
            let need = variable.need_in(profile);
            let detail = Detail { origin: variable.origin.clone(), need, example: variable.example.take() };
            declarations.details.insert(variable.name.clone(), detail);
            declarations.specs.push(variable.into_spec(need));
        }
        declarations
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::project::record::Record;
    use crate::secret::example::env_example;

    fn texts(files: &[(&str, &str)]) -> Texts {
        let files = files.iter().map(|(name, text)| TextFile { name: (*name).to_owned(), text: (*text).to_owned() }).collect();
        Texts { files, in_source: Vec::new() }
    }

    fn read(profile: &str, files: &[(&str, &str)]) -> Declarations {
        Declarations::read(&texts(files), profile)
    }

    fn said(declarations: &Declarations) -> Vec<String> {
        declarations
            .diagnostics
            .iter()
            .map(|found| format!("{} {}: {}", found.severity.word(), found.place, found.message))
            .collect()
    }

    const SPEC: &str = "[project]
name = 'x'
[profiles.default]
TOKEN = { description = 'Logs in', required = true }
URL = { description = 'Address', default = 'http://localhost' }
KEY = { description = 'Signs', type = 'hex', generate = { bytes = 8 } }
MAYBE = { description = 'Or not', required = false }
[profiles.production]
URL = { required = true }
MAYBE = { required = true }
DSN = { description = 'Errors' }
[profiles.alone.defaults]
inherit = false
required = false
[profiles.alone]
DEPLOY = { description = 'Ships' }
[scopes.web]
secrets = ['URL']
";

    #[test]
    fn secretspec_says_what_a_profile_needs() {
        let declared = |profile: &str| -> Vec<(String, bool)> {
            let declarations = read(profile, &[("secretspec.toml", SPEC)]);
            assert_eq!(said(&declarations), Vec::<String>::new());
            declarations.specs.iter().map(|spec| (spec.name.clone(), spec.required.in_default_profile())).collect()
        };
        let pairs =
            |expected: &[(&str, bool)]| expected.iter().map(|(name, need)| ((*name).to_owned(), *need)).collect::<Vec<_>>();
        assert_eq!(declared("default"), pairs(&[("TOKEN", true), ("URL", false), ("KEY", true), ("MAYBE", false)]));
        assert_eq!(
            declared("production"),
            pairs(&[("TOKEN", true), ("URL", false), ("KEY", true), ("MAYBE", true), ("DSN", true)])
        );
        assert_eq!(declared("alone"), pairs(&[("DEPLOY", false)]));
        let production = read("production", &[("secretspec.toml", SPEC)]);
        assert_eq!(production.spec("URL").unwrap().description, "Address");
        assert_eq!(production.spec("KEY").unwrap().generate, Some(Generate::Hex { bytes: 8 }));
        let web: Vec<_> = production.in_scope("api").specs.into_iter().map(|spec| spec.name).collect();
        assert_eq!(web, ["TOKEN", "KEY", "MAYBE", "DSN"]);
    }

    #[test]
    fn the_sidecar_adds_what_secretspec_has_no_field_for() {
        let sidecar = "[secrets.TOKEN]\nkind = 'discord/bot-token'\nobtain = { url = 'https://a.example', steps = ['One'] }\n\
                       [secrets.URL]\nsensitive = false\n[secrets.GONE]\nkind = 'url'\n";
        let declarations = read("default", &[("secretspec.toml", SPEC), ("nixstart.toml", sidecar)]);
        let token = declarations.spec("TOKEN").unwrap();
        assert_eq!((token.kind, token.description.as_str(), token.sensitive), (Kind::DiscordBotToken, "Logs in", true));
        assert_eq!(token.obtain.as_ref().unwrap().steps, ["One"]);
        assert!(!declarations.spec("URL").unwrap().sensitive);
        assert_eq!(said(&declarations), ["error nixstart.toml:6: `GONE` is not declared in `secretspec.toml`"]);
        assert_eq!(declarations.origin("TOKEN"), Some(&Place::new("secretspec.toml", 4)));
        assert_eq!(declarations.files, ["secretspec.toml", "nixstart.toml"]);
    }

    #[test]
    fn every_field_that_nixstart_writes_is_one_that_it_knows() {
        let spec: SecretSpec = toml::from_str(
            "name = 'TOKEN'\ndescription = 't'\nkind = 'url'\npersonal = true\npattern = 'a'\nexample = 'a'\nverify = 'a'\n\
             profiles = ['default']\nscopes = ['api']\nobtain = { url = 'https://a.example', steps = ['One'] }",
        )
        .unwrap();
        let record =
            Record::parse("[project]\nname = 'x'\n[template]\nname = 'x'\nversion = '1.0.0'\nnixstart = '0.1.0'\n").unwrap();
        let sidecar = record.to_toml(&[spec], &toml::Table::new());
        let declarations = read("default", &[("secretspec.toml", SPEC), ("nixstart.toml", &sidecar)]);
        assert!(sidecar.contains("[secrets.TOKEN]") && sidecar.contains("scopes"), "{sidecar}");
        assert_eq!(said(&declarations), Vec::<String>::new());
    }

    #[test]
    fn a_field_that_nobody_knows_is_told_of_and_stops_nothing() {
        let sidecar = "[secrets.TOKEN]\nkind = 'discord/bot-token'\nsensitiv = true\nrequired = false\n";
        let declarations = read("default", &[("secretspec.toml", SPEC), ("nixstart.toml", sidecar)]);
        assert_eq!(declarations.spec("TOKEN").unwrap().kind, Kind::DiscordBotToken);
        assert_eq!(
            said(&declarations),
            [
                "warning nixstart.toml:3: `sensitiv` of `TOKEN` is no field that nixstart knows, so it says nothing",
                "warning nixstart.toml:4: `required` of `TOKEN` is no field that nixstart knows, so it says nothing"
            ]
        );
        let hints: Vec<_> = declarations.diagnostics.iter().filter_map(|found| found.hint.as_deref()).collect();
        assert_eq!(hints, ["did you mean `sensitive`?", "`required` is a field of `secretspec.toml`"]);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_by_place_and_key() {
        let secret = ["hunter", "2-hunter2"].concat();
        let broken = format!("[profiles.default]\nTOKEN = {{ description = 7, default = ['{secret}'] }}\nB = '{secret}'\n");
        let sidecar =
            format!("[secrets.TOKEN]\nkind = '{secret}'\nsensitive = '{secret}'\npattern = '(((('\nobtain = '{secret}'\n");
        let declarations = read("prod", &[("secretspec.toml", &broken), ("nixstart.toml", &sidecar)]);
        let said = said(&declarations);
        assert!(!said.join("\n").contains(&secret), "{said:?}");
        for (expected, place) in [
            ("`description` of `TOKEN` should be a text", "secretspec.toml:2"),
            ("`default` of `TOKEN` should be a text", "secretspec.toml:2"),
            ("`B` should be a table", "secretspec.toml:3"),
            ("there is no profile `prod`", "secretspec.toml"),
            ("`kind` of `TOKEN` should be a kind that nixstart knows", "nixstart.toml:2"),
            ("`sensitive` of `TOKEN` should be `true` or `false`", "nixstart.toml:3"),
            ("`pattern` of `TOKEN` should be a regular expression", "nixstart.toml:4"),
            ("`obtain` of `TOKEN` should be a table with a `url`", "nixstart.toml:5"),
        ] {
            assert!(said.iter().any(|line| line.contains(expected) && line.contains(place)), "{expected}: {said:#?}");
        }
        let unreadable = read("default", &[("secretspec.toml", &format!("[profiles.default]\nA = {secret}\n"))]);
        assert_eq!(self::said(&unreadable), ["error secretspec.toml:2: this is no valid TOML from column 5 on"]);
    }

    #[test]
    fn decorators_are_read_and_calls_are_not_made() {
        let schema = "# @defaultRequired=true @defaultSensitive=inferFromPrefix(PUBLIC_)\n# ---\n\n\
                      # The key of the shop\n# @type=string(startsWith=sk-) @docs(\"Keys\", https://a.example/keys)\n# @example=\"sk-…\"\nSHOP_KEY=\n\
                      # @type=port @public\nPORT=3000\n\
                      # @optional @sensitive=forEnv(prod)\nMAYBE=\n\
                      PUBLIC_URL=https://a.example # @type=url\n\
                      DB=exec('op read \"op://a/b\"')\nREF=http://$HOST\n# @type=enum(a, b) @required=forEnv(x)\nMODE=a\n";
        let declarations = read("default", &[(".env.schema", schema)]);
        let shown = |name: &str| {
            let spec = declarations.spec(name).unwrap();
            (declarations.need(name), spec.sensitive, spec.kind, spec.default.as_deref().unwrap_or("-").to_owned())
        };
        assert_eq!(shown("SHOP_KEY"), (Need::Required, true, Kind::Text, "-".into()));
        assert_eq!(shown("PORT"), (Need::Optional, false, Kind::Port, "3000".into()));
        assert_eq!(shown("MAYBE"), (Need::Optional, true, Kind::Text, "-".into()));
        assert_eq!(shown("PUBLIC_URL"), (Need::Optional, false, Kind::Url, "https://a.example".into()));
        assert_eq!(shown("DB"), (Need::Optional, true, Kind::Text, "-".into()));
        assert_eq!(shown("REF"), (Need::Optional, true, Kind::Text, "-".into()));
        assert_eq!(declarations.spec("MODE").unwrap().pattern.as_deref(), Some("^(?:a|b)$"));
        let key = declarations.spec("SHOP_KEY").unwrap();
        assert_eq!((key.description.as_str(), key.pattern.as_deref()), ("The key of the shop", Some(r"^sk\-")));
        assert_eq!((key.obtain.as_ref().unwrap().url.as_str(), key.example.as_deref()), ("https://a.example/keys", Some("sk-…")));
    }

    #[test]
    fn an_example_that_nixstart_wrote_is_understood() {
        let fields = "name = 'KEY'\ndescription = 'Signs things'\nexample = 'ab12'\nobtain = { url = 'https://a.example', steps = ['Open it', 'Copy it'] }";
        let spec: SecretSpec = toml::from_str(fields).unwrap();
        let other: SecretSpec =
            toml::from_str("name = 'PORT'\ndescription = 'Listens'\nrequired = false\ndefault = '3000'").unwrap();
        let declarations = read("default", &[(".env.example", &env_example(&[spec, other]))]);
        let read = declarations.spec("KEY").unwrap();
        assert_eq!((read.description.as_str(), declarations.need("KEY")), ("Signs things", Need::Required));
        assert_eq!((read.example.as_deref(), read.obtain.as_ref().unwrap().steps.len()), (Some("ab12"), 2));
        assert_eq!((declarations.need("PORT"), declarations.example("PORT")), (Need::Optional, Some("3000")));
        assert_eq!(declarations.spec("PORT").unwrap().default, None);
    }

    #[test]
    fn source_counts_only_where_no_file_declares_anything() {
        let mentions = source::mentions("src/a.ts", "process.env.API_KEY");
        let alone = Declarations::read(&Texts { in_source: mentions.clone(), ..Texts::default() }, "default");
        assert_eq!(alone.spec("API_KEY").unwrap().description, "Used in src/a.ts:1");
        assert_eq!(alone.need("API_KEY"), Need::Unsaid);
        let beside = Declarations::read(&Texts { in_source: mentions, ..texts(&[(".env.example", "A=\n")]) }, "default");
        assert_eq!(beside.specs.len(), 1);
    }

    #[test]
    fn the_first_example_of_a_directory_counts() {
        let found = Texts::gather(&|name| matches!(name, ".env.dist" | ".env.sample" | "nixstart.toml").then(String::new));
        assert_eq!(found.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["nixstart.toml", ".env.sample"]);
    }
}
