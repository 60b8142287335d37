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
    document.insert("profiles", Item::Table(profiles));
    document.to_string()
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
