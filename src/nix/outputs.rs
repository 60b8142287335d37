//! What `nix build --json` and `nix path-info --json` print. The shapes differ between versions of Nix; unknown ones are read
//! as far as they go.

use std::collections::BTreeMap;

use serde_json::Value;

/// Something that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The derivation; nothing for a path that was asked for as such.
    pub derivation: Option<String>,
    /// Store paths by the name of their output.
    pub outputs: BTreeMap<String, String>,
}

/// Reads what `nix build --json` prints: one entry for each installable.
pub fn built(json: &str) -> Option<Vec<Built>> {
    let Value::Array(entries) = serde_json::from_str(json).ok()? else { return None };
    Some(entries.iter().filter_map(entry).collect())
}

fn entry(value: &Value) -> Option<Built> {
    if let Some(path) = value.as_str() {
        return Some(Built { derivation: None, outputs: BTreeMap::from([("out".to_owned(), path.to_owned())]) });
    }
    let outputs = value.get("outputs")?.as_object()?;
    let outputs = outputs.iter().filter_map(|(name, path)| Some((name.clone(), path.as_str()?.to_owned()))).collect();
    Some(Built { derivation: value.get("drvPath").and_then(Value::as_str).map(str::to_owned), outputs })
}

/// Reads the sizes of closures in bytes out of what `nix path-info --json --closure-size` prints, by base name.
///
/// Nix up to 2.18 and Lix print an array, later ones an object, and format 2 of Nix 2.33 one below `info`.
pub fn closure_sizes(json: &str) -> BTreeMap<String, u64> {
    let Ok(value) = serde_json::from_str::<Value>(json) else { return BTreeMap::new() };
    let size = |entry: &Value| entry.get("closureSize").and_then(Value::as_u64);
    match &value {
        Value::Array(entries) => {
            let named = entries.iter().filter_map(|entry| Some((base(entry.get("path")?.as_str()?), size(entry)?)));
            named.collect()
        }
        Value::Object(object) => {
            let entries = object.get("info").and_then(Value::as_object).unwrap_or(object);
            entries.iter().filter_map(|(path, entry)| Some((base(path), size(entry)?))).collect()
        }
        _ => BTreeMap::new(),
    }
}

fn base(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    const BOT: &str = "qyzghjb79yl56ayfznkxa6glv0v45hki-demo-bot-1.2.0";

    #[test]
    fn reads_what_every_version_prints_of_builds() {
        for json in [
            include_str!("../../tests/fixtures/nix/nix-2.8.0-cmd-build-json.json"),
            include_str!("../../tests/fixtures/nix/nix-2.26.3-cmd-build-json.json"),
            include_str!("../../tests/fixtures/nix/nix-2.34.8-cmd-build-json.json"),
        ] {
            let built = built(json).unwrap();
            assert_eq!(built.len(), 2);
            assert_eq!(built[0].outputs["out"], format!("/nix/store/{BOT}"));
        }
        let opaque = built(r#"["/nix/store/x-a"]"#).unwrap();
        assert_eq!((opaque[0].derivation.as_deref(), opaque[0].outputs["out"].as_str()), (None, "/nix/store/x-a"));
        assert_eq!(built("nothing"), None);
    }

    #[test]
    fn reads_what_every_version_prints_of_sizes() {
        for json in [
            include_str!("../../tests/fixtures/nix/nix-2.8.0-cmd-path-info.json"),
            include_str!("../../tests/fixtures/nix/nix-2.26.3-cmd-path-info.json"),
            include_str!("../../tests/fixtures/nix/nix-2.34.8-cmd-path-info.json"),
            include_str!("../../tests/fixtures/nix/nix-2.34.8-cmd-path-info-fmt2.json"),
        ] {
            assert_eq!(closure_sizes(json), BTreeMap::from([(BOT.to_owned(), 296)]));
        }
        let missing = include_str!("../../tests/fixtures/nix/nix-2.34.8-cmd-path-info-missing.json");
        assert_eq!(closure_sizes(missing), BTreeMap::new());
        assert_eq!(closure_sizes("error"), BTreeMap::new());
    }
}
