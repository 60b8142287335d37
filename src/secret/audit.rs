//! What is wrong with the values of a `.env`, by what a project declares and by the programs that read it.
//!
//! Findings name files, lines, variables and rules, never a value.

use secrecy::{ExposeSecret, SecretString};

use super::check::{check_as_it_is, warning_in};
use super::declarations::{Declarations, Need};
use super::kind::Kind;
use super::lint::{self, Hazard};
use super::schema::SecretSpec;
use super::{cross_check, discord, online};
use crate::diagnostic::{Diagnostic, Place};
use crate::dotenv::{Consumer, Document, Entry, Fault};
use crate::error::did_you_mean;
use crate::facts::secrets::declared::{self, is_placeholder};
use crate::facts::secrets::format::shown_name;
use crate::facts::secrets::{Gap, GapKind};

/// A file of variables and how findings name it.
pub struct Layer {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub document: Document,
}

/// What is looked at.
pub struct Subject<'a> {
    /// The files; what an earlier one says of a variable counts.
    pub layers: &'a [Layer],
    /// What the project declares.
    pub declarations: &'a Declarations,
    /// The profile whose declarations these are.
    pub profile: &'a str,
    /// A command of `env` about the files, as it can be typed.
    pub command: &'a dyn Fn(&str) -> String,
    /// Whether the environment has a variable.
    pub is_provided: &'a dyn Fn(&str) -> bool,
    /// Unix time in milliseconds.
    pub now: u64,
}

impl Subject<'_> {
    /// Every variable with the value that counts.
    pub fn entries(&self) -> Vec<Entry> {
        let mut found: Vec<Entry> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for layer in self.layers {
            found.extend(crate::dotenv::entries(&layer.document).into_iter().filter(|entry| seen.insert(entry.key.clone())));
        }
        found
    }

    /// Where a variable stands; the first file as a whole when it is nowhere.
    pub fn place(&self, key: &str) -> Place {
        let found = self.layers.iter().find_map(|layer| Some(Place::new(&layer.name, layer.document.find(key)?.line)));
        found.unwrap_or_else(|| Place::new(self.layers.first().map_or(".env", |layer| layer.name.as_str()), 0))
    }

    /// What is wrong with values: missing, invalid, a placeholder, or from the wrong place.
    pub fn values(&self) -> Vec<Diagnostic> {
        let entries = self.entries();
        let gaps = self.gaps(&entries);
        let mut found: Vec<Diagnostic> = gaps.iter().map(|gap| self.of_gap(gap, &entries)).collect();
        let known: Vec<(&SecretSpec, &SecretString)> = entries
            .iter()
            .filter(|entry| entry.has_value() && !is_placeholder(entry.value.expose_secret()))
            .filter_map(|entry| Some((self.declarations.spec(&entry.key)?, &entry.value)))
            .collect();
        for (spec, value) in &known {
            found.extend(self.oddities(spec, value));
        }
        let cross = cross_check(&known).into_iter().map(|message| Diagnostic::warning(self.place(""), "cross-check", message));
        found.extend(cross);
        found.extend(self.near_misses(&entries, &gaps));
        found
    }

    /// Whether a variable has no value that a team has in common.
    pub fn lacks_what_can_be_shared(&self) -> bool {
        self.gaps(&self.entries()).iter().any(|gap| {
            let is_personal = self.declarations.spec(&gap.key).is_some_and(|spec| spec.personal);
            matches!(gap.kind, GapKind::Missing | GapKind::Empty) && !is_personal
        })
    }

    fn gaps(&self, entries: &[Entry]) -> Vec<Gap> {
        declared::gaps(self.declarations, entries, self.is_provided, self.now)
    }

    fn of_gap(&self, gap: &Gap, entries: &[Entry]) -> Diagnostic {
        let spec = self.declarations.spec(&gap.key);
        let (code, message) = match &gap.kind {
            GapKind::Missing => ("missing", format!("`{}` is missing", gap.key)),
            GapKind::Empty => ("missing", format!("`{}` is empty", gap.key)),
            GapKind::Placeholder => ("placeholder", format!("`{}` still has the text of an example", gap.key)),
            GapKind::Rejected(why) => ("invalid", format!("`{}` cannot be right: {why}", gap.key)),
        };
        // Source that asks for a variable may do without it.
        let is_asked_for_only = self.declarations.need(&gap.key) == Need::Unsaid
            && self.declarations.example(&gap.key).is_none()
            && spec.is_some_and(|spec| spec.kind == Kind::Text);
        let make = if gap.blocks && !is_asked_for_only { Diagnostic::error } else { Diagnostic::warning };
        let value = entries.iter().find(|entry| entry.key == gap.key).map(|entry| entry.value.expose_secret());
        let way = spec.zip(value).and_then(|(spec, value)| Some(check_as_it_is(spec, value, self.now).err()?.hint));
        let url = spec.and_then(|spec| spec.obtain.as_ref()).map(|obtain| format!("get it: {}", obtain.url));
        let option = if spec.is_some_and(|spec| spec.generate.is_some()) { " --generate" } else { "" };
        let command = format!("set it with `{}`", (self.command)(&format!("set {}{option}", gap.key)));
        let hint = match gap.kind {
            GapKind::Rejected(_) => way.or(url).unwrap_or(command),
            GapKind::Missing | GapKind::Empty | GapKind::Placeholder => {
                url.map_or_else(|| command.clone(), |url| format!("{command}; {url}"))
            }
        };
        make(self.place(&gap.key), code, message).hint(hint)
    }

    /// What looks odd about a value that may be right.
    fn oddities(&self, spec: &SecretSpec, value: &SecretString) -> Vec<Diagnostic> {
        let Ok(accepted) = check_as_it_is(spec, value.expose_secret(), self.now) else { return Vec::new() };
        let name = shown_name(&spec.name).unwrap_or_else(|| "a variable".to_owned());
        let in_profile = warning_in(self.profile, spec, value.expose_secret());
        let warnings = accepted.warnings.iter().cloned().chain(in_profile);
        let odd = warnings.map(|warning| ("odd-value", format!("`{name}`: {warning}")));
        let around = accepted
            .notes
            .iter()
            .map(|note| ("copied-along", format!("`{name}` has something around its value; nixstart would have it {note}")));
        odd.chain(around).map(|(code, message)| Diagnostic::warning(self.place(&spec.name), code, message)).collect()
    }

    /// Names that nobody declares and that are nearly those of a variable that is missing.
    fn near_misses(&self, entries: &[Entry], gaps: &[Gap]) -> Vec<Diagnostic> {
        let missing: Vec<&str> = gaps.iter().filter(|gap| gap.kind == GapKind::Missing).map(|gap| gap.key.as_str()).collect();
        let unknown = entries.iter().filter(|entry| self.declarations.spec(&entry.key).is_none());
        let near = |entry: &Entry| {
            let (name, hint) = (shown_name(&entry.key)?, did_you_mean(&entry.key, missing.iter().copied())?);
            Some(Diagnostic::warning(self.place(&entry.key), "undeclared-name", format!("`{name}` is not declared")).hint(hint))
        };
        unknown.filter_map(near).collect()
    }

    /// The bot token and the ids beside it that Discord can be asked about; `None` when there is no variable for a token, and
    /// a token that cannot be right is not sent anywhere.
    pub fn discord(&self) -> Option<(Option<SecretString>, online::Expected)> {
        let entries = self.entries();
        let named = |kind: Kind, names: &[&str]| -> Option<String> {
            let declared = self.declarations.specs.iter().find(|spec| spec.kind == kind).map(|spec| spec.name.clone());
            declared.or_else(|| entries.iter().find(|entry| names.contains(&entry.key.as_str())).map(|entry| entry.key.clone()))
        };
        let value = |name: &str| entries.iter().find(|entry| entry.key == name).map(|entry| entry.value.expose_secret());
        let token = named(Kind::DiscordBotToken, &["BOT_TOKEN", "DISCORD_TOKEN", "DISCORD_BOT_TOKEN"])?;
        let id = |kind: Kind, names: &[&str], check: Check| {
            let name = named(kind, names)?;
            let id = check(value(&name)?, self.now).ok()?.value().to_owned();
            Some((name, id))
        };
        let clients = ["CLIENT_ID", "APPLICATION_ID", "DISCORD_CLIENT_ID", "DISCORD_APPLICATION_ID"];
        let expected = online::Expected {
            application: id(Kind::DiscordApplicationId, &clients, discord::check_application_id),
            guild: id(Kind::DiscordGuildId, &["GUILD_ID", "DISCORD_GUILD_ID"], discord::check_guild_id),
            token: token.clone(),
        };
        let valid = value(&token).filter(|value| discord::check_bot_token(value, self.now).is_ok());
        Some((valid.map(|value| SecretString::from(value.to_owned())), expected))
    }
}

type Check = fn(&str, u64) -> Result<super::Accepted, super::Rejection>;

/// What is wrong with a file, whatever it declares.
pub fn of_file(layer: &Layer, consumers: &[Consumer]) -> Vec<Diagnostic> {
    if let Some(fault) = layer.document.fault() {
        return vec![of_fault(fault, &layer.name)];
    }
    lint::hazards(&layer.document, consumers).into_iter().map(|hazard| of_hazard(hazard, &layer.name)).collect()
}

fn of_fault(fault: &Fault, file: &str) -> Diagnostic {
    let (line, column, code, message) = match fault {
        Fault::Unterminated { line, column, key } => {
            let key = key.as_ref().map_or_else(|| "a variable".to_owned(), |key| format!("`{key}`"));
            (
                *line,
                *column,
                "open-quote",
                format!("the quote of {key} is not closed, so where its value ends is everybody's guess"),
            )
        }
        Fault::Utf16 => (0, 0, "no-text", "it is UTF-16 text".to_owned()),
        Fault::NotUtf8 { line, column } => (*line, *column, "no-text", "this is no UTF-8 text".to_owned()),
        Fault::Nul { line, column } => (*line, *column, "no-text", "this is a zero byte".to_owned()),
    };
    let hint =
        if code == "open-quote" { "close the quote; until then nothing is written to the file" } else { "save it as UTF-8 text" };
    Diagnostic::error(Place::new(file, line).at(column), code, message).hint(hint)
}

fn of_hazard(hazard: Hazard, file: &str) -> Diagnostic {
    let subject = match &hazard.key {
        Some(key) => format!("`{key}` "),
        None if hazard.is_of_variable => "a variable ".to_owned(),
        None => String::new(),
    };
    let who = match hazard.consumers.as_slice() {
        [] => String::new(),
        consumers => format!(" (read differently by {})", listed(consumers)),
    };
    let message = format!("{subject}{}{who}", hazard.what);
    Diagnostic::warning(Place::new(file, hazard.line), hazard.code, message).hint(hazard.hint)
}

fn listed(consumers: &[Consumer]) -> String {
    consumers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::secret::declarations::Texts;

    const NOW: u64 = 1_767_225_600_000;

    fn command(words: &str) -> String {
        format!("nixstart env {words}")
    }

    fn subject<'a>(layers: &'a [Layer], declarations: &'a Declarations) -> Subject<'a> {
        Subject { layers, declarations, profile: "default", command: &command, is_provided: &|_| false, now: NOW }
    }

    fn said(env: &str, files: &[(&str, &str)]) -> Vec<String> {
        let text = |name: &str| files.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
        let declarations = Declarations::read(&Texts::gather(&text), "default");
        let layers = [Layer { name: ".env".into(), document: Document::parse(env.as_bytes()) }];
        let subject = subject(&layers, &declarations);
        let found = subject.values().into_iter().chain(of_file(&layers[0], &[Consumer::Node]));
        found.map(|found| format!("{} {}: {} [{}]", found.severity.word(), found.place, found.message, found.code)).collect()
    }

    #[test]
    fn values_are_held_against_their_declarations() {
        let spec = "[profiles.default]\nTOKEN = { description = 'x' }\nPORT = { description = 'x' }\nKEY = { description = 'x' }\nMAYBE = { description = 'x', required = false }\n";
        let sidecar = "[secrets.PORT]\nkind = 'port'\n";
        let found = said("TOKE=1\nPORT=80000\nKEY=changeme\n", &[("secretspec.toml", spec), ("nixstart.toml", sidecar)]);
        assert_eq!(
            found,
            [
                "error .env: `TOKEN` is missing [missing]",
                "error .env:2: `PORT` cannot be right: it is no port [invalid]",
                "error .env:3: `KEY` still has the text of an example [placeholder]",
                "warning .env:1: `TOKE` is not declared [undeclared-name]",
            ]
        );
    }

    #[test]
    fn an_open_quote_is_an_error() {
        assert_eq!(
            said("A=1\nB=\"open\n", &[]),
            ["error .env:2:3: the quote of `B` is not closed, so where its value ends is everybody's guess [open-quote]"]
        );
    }

    #[test]
    fn a_token_that_cannot_be_right_is_not_sent() {
        let layers =
            [Layer { name: ".env".into(), document: Document::parse(b"BOT_TOKEN=abc\nCLIENT_ID=1100000000000000001\n") }];
        let declarations = Declarations::default();
        let subject = subject(&layers, &declarations);
        let (token, expected) = subject.discord().unwrap();
        assert!(token.is_none());
        assert_eq!(expected.application, Some(("CLIENT_ID".to_owned(), "1100000000000000001".to_owned())));
        let nothing = Subject { layers: &[], ..subject };
        assert!(nothing.discord().is_none());
    }
}
