//! Writes `secretspec.toml`, the public schema that devenv and secretspec read (format revision 1.0).

use toml_edit::{DocumentMut, Item, Table, value};

use super::schema::{Generate, SecretSpec};

/// The text of `secretspec.toml`. It holds only keys of the published format; the rest is in `nixstart.toml`.
pub fn secretspec(project: &str, specs: &[SecretSpec]) -> String {
    let mut document = DocumentMut::new();
    let mut head = Table::new();
    head.insert("name", value(project));
    head.insert("revision", value("1.0"));
    document.insert("project", Item::Table(head));
    let mut default = Table::new();
    for spec in specs {
        default.insert(&spec.name, Item::Table(entry(spec)));
    }
    let mut profiles = Table::new();
    profiles.set_implicit(true);
    profiles.insert("default", Item::Table(default));
    for spec in specs {
        for profile in spec.required.elsewhere() {
            let profile = profiles.entry(profile).or_insert_with(|| Item::Table(Table::new()));
            if let Some(profile) = profile.as_table_mut() {
                profile.insert(&spec.name, Item::Table(needed(spec)));
            }
        }
    }
    document.insert("profiles", Item::Table(profiles));
    document.to_string()
}

/// What a profile says that needs what `default` does not; the rest is inherited.
fn needed(spec: &SecretSpec) -> Table {
    let mut entry = Table::new();
    entry.insert("description", value(&spec.description));
    entry.insert("required", value(true));
    entry
}

fn entry(spec: &SecretSpec) -> Table {
    let mut entry = Table::new();
    entry.insert("description", value(&spec.description));
    entry.insert("required", value(spec.required.in_default_profile() && spec.default.is_none()));
    if let Some(default) = &spec.default {
        entry.insert("default", value(default));
    }
    if let Some(generate) = &spec.generate {
        let (kind, options) = generated(generate);
        entry.insert("type", value(kind));
        entry.insert("generate", options);
    }
    entry
}

fn generated(generate: &Generate) -> (&'static str, Item) {
    let with = |key: &str, amount: usize| {
        let mut table = toml_edit::InlineTable::new();
        table.insert(key, i64::try_from(amount).unwrap_or(i64::MAX).into());
        value(table)
    };
    match generate {
        Generate::Password { length } => ("password", with("length", *length)),
        Generate::Hex { bytes } => ("hex", with("bytes", *bytes)),
        Generate::Base64 { bytes } => ("base64", with("bytes", *bytes)),
        Generate::Uuid => ("uuid", value(true)),
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn an_environment_that_needs_more_says_so_itself() {
        let spec: SecretSpec =
            toml::from_str("name = 'KEY'\ndescription = 'x'\nrequired = { profiles = ['production'] }").unwrap();
        assert_eq!(
            secretspec("p", &[spec]),
            "[project]\nname = \"p\"\nrevision = \"1.0\"\n\n[profiles.default]\n\n[profiles.default.KEY]\ndescription = \"x\"\nrequired = false\n\n[profiles.production]\n\n[profiles.production.KEY]\ndescription = \"x\"\nrequired = true\n"
        );
    }
}
