//! Reads `[secrets.NAME]` of `nixstart.toml`: what `secretspec.toml` has no field for.

use toml::de::DeTable;

use super::located::{self, Fields};
use super::{Found, TextFile, Variable};
use crate::diagnostic::Diagnostic;
use crate::error::did_you_mean;
use crate::facts::secrets::format::shown_name;
use crate::secret::Kind;
use crate::secret::schema::Obtain;

/// The fields of a variable.
const FIELDS: [&str; 9] = ["kind", "sensitive", "personal", "pattern", "example", "verify", "profiles", "scopes", "obtain"];
/// Fields that `secretspec.toml` has, and which are looked for only there.
const ELSEWHERE: [&str; 5] = ["description", "required", "default", "type", "generate"];

pub(super) fn read(file: &TextFile, found: &mut Found) {
    let document = match located::parse(file) {
        Ok(document) => document,
        Err(diagnostic) => return found.diagnostics.push(diagnostic),
    };
    let Some(secrets) = located::table(document.get_ref(), "secrets") else { return };
    for (name, entry) in secrets {
        let place = located::place(file, name.span().start);
        let owner = shown_name(name.get_ref()).unwrap_or_else(|| "an entry".to_owned());
        if !found.knows(name.get_ref()) {
            found.beside.push((owner.clone(), place.clone()));
        }
        let mut variable = Variable::new(name.get_ref(), place.clone());
        match entry.get_ref().as_table() {
            Some(table) => fill(&mut variable, file, &owner, table, &mut found.diagnostics),
            None => found.diagnostics.push(Diagnostic::error(place, "wrong-entry", format!("`{owner}` should be a table"))),
        }
        found.add(variable);
    }
}

fn fill(variable: &mut Variable, file: &TextFile, owner: &str, table: &DeTable<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut fields = Fields { file, owner, table, diagnostics };
    variable.kind = kind(&mut fields);
    variable.sensitive = fields.flag("sensitive");
    variable.personal = fields.flag("personal");
    variable.pattern = fields.text("pattern");
    if variable.pattern.as_deref().is_some_and(|pattern| regex_lite::Regex::new(pattern).is_err()) {
        fields.wrong("pattern", "a regular expression");
        variable.pattern = None;
    }
    variable.looks_like = fields.text("example");
    variable.verify = fields.text("verify");
    variable.profiles = fields.list("profiles");
    variable.scopes = fields.list("scopes");
    variable.obtain = obtain(&mut fields);
    warn_of_unknown(&mut fields);
}

/// A field that a newer nixstart knows stops nothing, and neither does a mistyped one; but somebody means something by it.
fn warn_of_unknown(fields: &mut Fields<'_>) {
    for (key, _) in fields.table.iter().filter(|(key, _)| !FIELDS.contains(&key.get_ref().as_ref())) {
        let shown = shown_name(key.get_ref()).map_or_else(|| "a field".to_owned(), |name| format!("`{name}`"));
        let hint = if ELSEWHERE.contains(&key.get_ref().as_ref()) {
            Some(format!("{shown} is a field of `secretspec.toml`"))
        } else {
            did_you_mean(key.get_ref(), FIELDS)
        };
        let message = format!("{shown} of `{}` is no field that nixstart knows, so it says nothing", fields.owner);
        let warning = Diagnostic::warning(located::place(fields.file, key.span().start), "unknown-field", message);
        fields.diagnostics.push(Diagnostic { hint, ..warning });
    }
}

/// A kind that a newer nixstart knows is not checked here.
fn kind(fields: &mut Fields<'_>) -> Option<Kind> {
    let word = fields.text("kind")?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == word);
    if kind.is_none() {
        let names = Kind::ALL.map(Kind::name);
        let nearest = did_you_mean(&word, names).unwrap_or_else(|| names.join(", "));
        fields.report(
            "kind",
            "unknown-kind",
            format!("`kind` of `{}` should be a kind that nixstart knows ({nearest})", fields.owner),
        );
    }
    kind
}

fn obtain(fields: &mut Fields<'_>) -> Option<Obtain> {
    let table = fields.get("obtain")?.as_table();
    let url = table.and_then(|table| table.get("url")?.get_ref().as_str().map(str::to_owned));
    let Some(url) = url else {
        fields.wrong("obtain", "a table with a `url`");
        return None;
    };
    let steps = table.and_then(|table| located::texts(table.get("steps")?.get_ref())).unwrap_or_default();
    Some(Obtain { url, steps })
}
