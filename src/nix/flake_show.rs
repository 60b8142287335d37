//! What of a flake can be built on a system, read from what `nix flake show --json` prints.

use serde_json::Value;

/// Something that can be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Which kind of output it is: `packages`, `checks`, `devShells` and so on.
    pub output: String,
    /// Its name among them; empty where a system has only one.
    pub name: String,
    /// The name of the derivation.
    pub derivation: String,
    /// What it says of itself.
    pub description: String,
}

/// The kinds of outputs whose derivations people build, in the order in which they want to see them.
const KINDS: [&str; 4] = ["packages", "checks", "devShells", "formatter"];

impl Offer {
    /// What `nix build` takes for it, of the flake of the current directory.
    pub fn installable(&self, system: &str) -> String {
        match (self.output.as_str(), self.name.as_str()) {
            ("packages", "default") => ".".to_owned(),
            ("packages", name) => format!(".#{}", quoted(name)),
            (output, "") => format!(".#{output}.{system}"),
            (output, name) => format!(".#{output}.{system}.{}", quoted(name)),
        }
    }
}

/// A name of an attribute in a path of attributes: one with a dot is quoted.
fn quoted(name: &str) -> String {
    let is_plain = name.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '-' | '\''));
    if is_plain { name.to_owned() } else { format!("\"{name}\"") }
}

/// Reads the derivations of a system. What is no derivation, and what is for another system, is left out.
pub fn offers(json: &str, system: &str) -> Option<Vec<Offer>> {
    let value: Value = serde_json::from_str(json).ok()?;
    let root = value.get("inventory").unwrap_or(&value).as_object()?;
    let mut offers = Vec::new();
    for kind in KINDS {
        // Determinate Nix puts everything below `output` and `children`.
        let output = root.get(kind).map(|output| output.get("output").unwrap_or(output));
        let Some(of_system) = output.and_then(|output| below(output, system)) else { continue };
        if let Some(offer) = offer(kind, "", of_system) {
            offers.push(offer);
            continue;
        }
        let named = of_system.get("children").unwrap_or(of_system).as_object().into_iter().flatten();
        let mut found: Vec<Offer> = named.filter_map(|(name, value)| offer(kind, name, value)).collect();
        // What one gets without naming anything is what most want.
        found.sort_by_key(|offer| offer.name != "default");
        offers.extend(found);
    }
    Some(offers)
}

fn below<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get("children").unwrap_or(value).get(name)
}

fn offer(output: &str, name: &str, value: &Value) -> Option<Offer> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let of_nix = (value.get("type").and_then(Value::as_str) == Some("derivation")).then(|| text(value.get("name")));
    let derivation = of_nix.or_else(|| Some(text(value.get("derivation")?.get("name"))))?;
    let description = text(value.get("description").or_else(|| value.get("shortDescription")));
    Some(Offer { output: output.to_owned(), name: name.to_owned(), derivation, description })
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn every_version_offers_the_same() {
        for json in [
            include_str!("../../tests/fixtures/nix/nix-2.8.0-cmd-flake-show.json"),
            include_str!("../../tests/fixtures/nix/nix-2.26.3-cmd-flake-show.json"),
            include_str!("../../tests/fixtures/nix/nix-2.34.8-cmd-flake-show.json"),
        ] {
            let offers = offers(json, "x86_64-linux").unwrap();
            assert_eq!((offers.len(), offers[0].installable("x86_64-linux").as_str()), (23, "."));
            let installable = |name: &str| {
                let offer = offers.iter().find(|offer| offer.derivation == name).unwrap();
                offer.installable("x86_64-linux")
            };
            assert_eq!(installable("demo-multi"), ".#multi");
            assert_eq!(installable("demo-shell"), ".#devShells.x86_64-linux.default");
            assert_eq!(installable("demo-broken-0.1"), ".#broken");
            assert_eq!(offers.last().unwrap().installable("x86_64-linux"), ".#formatter.x86_64-linux");
        }
    }

    #[test]
    fn determinate_nix_is_understood_and_others_are_left_out() {
        let json = r#"{"version":2,"inventory":{"packages":{"doc":"x","output":{"children":{"aarch64-darwin":{"filtered":true},
            "x86_64-linux":{"children":{"web.app":{"what":"package","shortDescription":"A site","derivation":{"name":"web-1"}}}}}}}}}"#;
        let offers = offers(json, "x86_64-linux").unwrap();
        assert_eq!(offers.len(), 1);
        assert_eq!((offers[0].description.as_str(), offers[0].installable("x")), ("A site", ".#\"web.app\"".to_owned()));
        for nothing in ["", "[]", "3"] {
            assert_eq!(super::offers(nothing, "x86_64-linux"), None, "{nothing}");
        }
        assert_eq!(super::offers(r#"{"packages":{"aarch64-linux":{}}}"#, "x86_64-linux"), Some(vec![]));
    }
}
