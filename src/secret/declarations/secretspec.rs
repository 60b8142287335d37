//! Reads `secretspec.toml`, revision 1.0: profiles that inherit field by field from `default`, and scopes.

use toml::de::{DeTable, DeValue};

use super::located::{self, Fields};
use super::{DEFAULT_PROFILE, Found, Need, TextFile, UNKNOWN_PROFILE, Variable};
use crate::diagnostic::{Diagnostic, Place};
use crate::error::did_you_mean;
use crate::facts::secrets::format::shown_name;
use crate::secret::schema::Generate;

/// The table of a profile that is no variable.
const DEFAULTS: &str = "defaults";
/// How many characters a generated password has when nothing says so.
const USUAL_SIZE: usize = 32;

pub(super) fn read(file: &TextFile, profile: &str, found: &mut Found) {
    let document = match located::parse(file) {
        Ok(document) => document,
        Err(diagnostic) => return found.diagnostics.push(diagnostic),
    };
    let document = document.get_ref();
    if let Some(parents) = located::table(document, "project").and_then(|project| project.get("extends")) {
        let place = located::place(file, parents.span().start);
        let message = "`extends` is not followed, so the declarations of other files are missing";
        found.diagnostics.push(Diagnostic::warning(place, "extends-not-followed", message));
    }
    let Some(profiles) = located::table(document, "profiles") else {
        let message = "there is no table `[profiles.default]`, so nothing is declared";
        return found.diagnostics.push(Diagnostic::error(Place::new(&file.name, 0), "no-profiles", message));
    };
    let default = located::table(profiles, DEFAULT_PROFILE);
    let own = located::table(profiles, profile).filter(|_| profile != DEFAULT_PROFILE);
    if own.is_none() && profile != DEFAULT_PROFILE {
        found.diagnostics.push(unknown_profile(file, profile, profiles));
    }
    let scopes = scopes(document);
    let inherits = own.and_then(|own| located::table(own, DEFAULTS)?.get("inherit")?.get_ref().as_bool()).unwrap_or(true);
    for layer in own.into_iter().chain(default.filter(|_| inherits || own.is_none())) {
        // The profile comes first, so that what `default` says only fills what it leaves out.
        add_profile(file, layer, &scopes, found);
    }
    found
        .variables
        .iter_mut()
        .filter(|variable| variable.need.is_none())
        .for_each(|variable| variable.need = Some(Need::Required));
    in_order_of(default, found);
}

fn unknown_profile(file: &TextFile, profile: &str, profiles: &DeTable<'_>) -> Diagnostic {
    let names: Vec<&str> = profiles.keys().map(|key| key.get_ref().as_ref()).collect();
    let hint = did_you_mean(profile, names.iter().copied()).unwrap_or_else(|| format!("it has {}", names.join(", ")));
    let message = format!("there is no profile `{profile}`; what `default` says is taken");
    Diagnostic::error(Place::new(&file.name, 0), UNKNOWN_PROFILE, message).hint(hint)
}

/// Which scopes each variable is in.
fn scopes(document: &DeTable<'_>) -> Vec<(String, Vec<String>)> {
    let tables = located::table(document, "scopes").into_iter().flatten();
    let scope = |(name, scope): (&toml::Spanned<toml::de::DeString<'_>>, &toml::Spanned<DeValue<'_>>)| {
        let members = located::texts(scope.get_ref().as_table()?.get("secrets")?.get_ref())?;
        Some((name.get_ref().to_string(), members))
    };
    tables.filter_map(scope).collect()
}

fn add_profile(file: &TextFile, profile: &DeTable<'_>, scopes: &[(String, Vec<String>)], found: &mut Found) {
    let common = located::table(profile, DEFAULTS);
    let common_need = common.and_then(|defaults| need(defaults.get("required")?.get_ref()));
    let common_default = common.and_then(|defaults| defaults.get("default")?.get_ref().as_str().map(str::to_owned));
    for (name, entry) in profile.iter().filter(|(name, _)| name.get_ref() != DEFAULTS) {
        let place = located::place(file, name.span().start);
        let owner = shown_name(name.get_ref()).unwrap_or_else(|| "an entry".to_owned());
        let Some(table) = entry.get_ref().as_table() else {
            let message = format!("`{owner}` should be a table, such as `{{ description = \"…\" }}`");
            found.diagnostics.push(Diagnostic::error(place, "wrong-entry", message));
            continue;
        };
        let mut fields = Fields { file, owner: &owner, table, diagnostics: &mut found.diagnostics };
        let mut variable = Variable::new(name.get_ref(), place);
        variable.description = fields.text("description");
        variable.default = fields.text("default").or_else(|| common_default.clone());
        variable.need = fields.get("required").and_then(need).or(common_need);
        variable.generate = generate(&mut fields);
        let of: Vec<String> = scopes
            .iter()
            .filter(|(_, members)| members.iter().any(|member| member == name.get_ref()))
            .map(|(scope, _)| scope.clone())
            .collect();
        variable.scopes = (!of.is_empty()).then_some(of);
        found.add_inherited(variable);
    }
}

impl Found {
    /// Adds what `default` says to what a profile says. The profile decides whether a value is given or made.
    fn add_inherited(&mut self, mut variable: Variable) {
        if let Some(known) = self.places.get(&variable.name).and_then(|place| self.variables.get(*place))
            && (known.default.is_some() || known.generate.is_some())
        {
            variable.default = None;
            variable.generate = None;
        }
        self.add(variable);
    }
}

/// `required` is yes or no, or names groups of which some must be there.
fn need(value: &DeValue<'_>) -> Option<Need> {
    match value.as_bool() {
        Some(true) => Some(Need::Required),
        Some(false) => Some(Need::Optional),
        None => value.is_table().then_some(Need::Optional),
    }
}

/// How a value is made. What runs a command or needs a tool is left to secretspec.
fn generate(fields: &mut Fields<'_>) -> Option<Generate> {
    let options = fields.get("generate")?;
    if options.as_bool() == Some(false) {
        return None;
    }
    let option = |key: &str| located::number(options.as_table()?.get(key)?.get_ref()).filter(|size| (1..=4096).contains(size));
    let bytes = option("bytes").unwrap_or(USUAL_SIZE);
    match fields.text("type")?.as_str() {
        "password" => Some(Generate::Password { length: option("length").unwrap_or(USUAL_SIZE) }),
        "hex" => Some(Generate::Hex { bytes }),
        "base64" => Some(Generate::Base64 { bytes }),
        "uuid" => Some(Generate::Uuid),
        _ => None,
    }
}

/// Puts the variables of `default` first, as they stand there; a profile adds its own behind them.
fn in_order_of(default: Option<&DeTable<'_>>, found: &mut Found) {
    let names: Vec<&str> = default.into_iter().flat_map(|table| table.keys()).map(|key| key.get_ref().as_ref()).collect();
    let place = |name: &str| names.iter().position(|known| *known == name).unwrap_or(names.len());
    found.variables.sort_by_key(|variable| place(&variable.name));
    found.places = found.variables.iter().enumerate().map(|(index, variable)| (variable.name.clone(), index)).collect();
}
