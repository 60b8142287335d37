//! A derivation, read from its `.drv` file. Its environment may hold what nobody should read aloud: `Debug` shows names only.

mod aterm;

use std::collections::BTreeMap;
use std::fmt;

use aterm::Reader;

/// What the file of a derivation says.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Derivation {
    /// What it makes, by the names of its outputs.
    pub outputs: BTreeMap<String, Output>,
    /// The derivations it needs, by path, and which of their outputs.
    pub input_derivations: BTreeMap<String, Vec<String>>,
    /// The paths it needs that nobody builds.
    pub input_sources: Vec<String>,
    /// The system that it is built on.
    pub system: String,
    /// The program that builds it.
    pub builder: String,
    /// The arguments of that program.
    pub arguments: Vec<String>,
    /// The environment of that program.
    pub environment: BTreeMap<String, String>,
}

/// An output of a derivation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Where it goes; empty when that follows from what is in it.
    pub path: String,
    /// How it is hashed; empty unless its hash is known before.
    pub hash_algorithm: String,
    /// Its hash; empty unless it is known before.
    pub hash: String,
}

/// A file that is no derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a derivation: what is expected is not at byte {at}")]
pub struct NoDerivation {
    /// Where it stops making sense.
    pub at: usize,
}

impl Derivation {
    /// Reads the text of a `.drv` file. What is no UTF-8 is replaced.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoDerivation> {
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader::new(&text);
        read(&mut reader).filter(|_| reader.is_at_end()).ok_or_else(|| NoDerivation { at: reader.at() })
    }

    /// The hash of what it makes, when that is known before: then it does not matter how it is made.
    pub fn fixed_hash(&self) -> Option<&str> {
        self.outputs.values().map(|output| output.hash.as_str()).find(|hash| !hash.is_empty())
    }

    /// The version, when its environment has one.
    pub fn version(&self) -> Option<&str> {
        self.environment.get("version").map(String::as_str).filter(|version| !version.is_empty())
    }
}

impl fmt::Debug for Derivation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Derivation")
            .field("outputs", &self.outputs)
            .field("input_derivations", &self.input_derivations)
            .field("input_sources", &self.input_sources)
            .field("system", &self.system)
            .field("builder", &self.builder)
            .field("environment", &self.environment.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The word before the fields, and before them the version of the format where there is one.
fn read(reader: &mut Reader<'_>) -> Option<Derivation> {
    if reader.skip("DrvWithVersion(").is_some() {
        reader.string()?;
        reader.skip(",")?;
    } else {
        reader.skip("Derive(")?;
    }
    let outputs = reader.list(output)?;
    reader.skip(",")?;
    let input_derivations = reader.list(input)?;
    reader.skip(",")?;
    let input_sources = reader.list(Reader::string)?;
    reader.skip(",")?;
    let system = reader.string()?;
    reader.skip(",")?;
    let builder = reader.string()?;
    reader.skip(",")?;
    let arguments = reader.list(Reader::string)?;
    reader.skip(",")?;
    let environment = reader.list(variable)?;
    reader.skip(")")?;
    Some(Derivation {
        outputs: outputs.into_iter().collect(),
        input_derivations: input_derivations.into_iter().collect(),
        input_sources,
        system,
        builder,
        arguments,
        environment: environment.into_iter().collect(),
    })
}

fn output(reader: &mut Reader<'_>) -> Option<(String, Output)> {
    reader.skip("(")?;
    let name = reader.string()?;
    reader.skip(",")?;
    let path = reader.string()?;
    reader.skip(",")?;
    let hash_algorithm = reader.string()?;
    reader.skip(",")?;
    let hash = reader.string()?;
    reader.skip(")")?;
    Some((name, Output { path, hash_algorithm, hash }))
}

fn input(reader: &mut Reader<'_>) -> Option<(String, Vec<String>)> {
    reader.skip("(")?;
    let path = reader.string()?;
    reader.skip(",")?;
    let outputs = reader.outputs()?;
    reader.skip(")")?;
    Some((path, outputs))
}

fn variable(reader: &mut Reader<'_>) -> Option<(String, String)> {
    reader.skip("(")?;
    let name = reader.string()?;
    reader.skip(",")?;
    let value = reader.string()?;
    reader.skip(")")?;
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    /// The same in the words of the format.
    fn written(derivation: &Derivation) -> String {
        let quoted = |text: &str| {
            let escaped = text.chars().map(|character| match character {
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                '\n' => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                '\t' => "\\t".to_owned(),
                other => other.to_string(),
            });
            format!("\"{}\"", escaped.collect::<String>())
        };
        let strings = |all: &[String]| format!("[{}]", all.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(","));
        let joined = |all: Vec<String>| format!("[{}]", all.join(","));
        let outputs = derivation.outputs.iter().map(|(name, output)| {
            let parts = [name, &output.path, &output.hash_algorithm, &output.hash].map(|text| quoted(text));
            format!("({})", parts.join(","))
        });
        let inputs = derivation.input_derivations.iter().map(|(path, names)| format!("({},{})", quoted(path), strings(names)));
        let variables = derivation.environment.iter().map(|(name, value)| format!("({},{})", quoted(name), quoted(value)));
        let mut text = format!("Derive({},{}", joined(outputs.collect()), joined(inputs.collect()));
        write!(text, ",{},{}", strings(&derivation.input_sources), quoted(&derivation.system)).unwrap();
        write!(text, ",{},{}", quoted(&derivation.builder), strings(&derivation.arguments)).unwrap();
        text + &format!(",{})", joined(variables.collect()))
    }

    #[test]
    fn reads_what_nix_writes() {
        let text = r#"Derive([("out","/nix/store/q-bench","r:sha256","00ab")],[("/nix/store/a.drv",["dev","out"])],["/nix/store/s"],"x86_64-linux","/bin/bash",["-c","echo \"hi\" > $out\n\texit 0"],[("name","bench"),("version","1.2")])"#;
        let derivation = Derivation::parse(text.as_bytes()).unwrap();
        assert_eq!(derivation.outputs["out"].path, "/nix/store/q-bench");
        assert_eq!(derivation.input_derivations["/nix/store/a.drv"], ["dev", "out"]);
        assert_eq!(derivation.arguments[1], "echo \"hi\" > $out\n\texit 0");
        assert_eq!((derivation.fixed_hash(), derivation.version()), (Some("00ab"), Some("1.2")));
        assert_eq!(written(&derivation), text);
    }

    #[test]
    fn reads_dynamic_derivations() {
        let text = r#"DrvWithVersion("xp-dyn-drv",[("out","","","")],[("/nix/store/a.drv",(["out"],[("made",["out"]),("more",([],[]))])),("/nix/store/b.drv",["out"])],[],"s","b",[],[])"#;
        let derivation = Derivation::parse(text.as_bytes()).unwrap();
        assert_eq!(derivation.input_derivations["/nix/store/a.drv"], ["out"]);
        assert_eq!(derivation.input_derivations.len(), 2);
    }

    #[test]
    fn what_is_no_derivation_is_told_by_its_place() {
        for (text, at) in [("", 0), ("Derive([],[],[],\"s\",\"b\",[],[]", 29), ("Derive([],[],[],\"s\",\"b\",[],[]) ", 30)] {
            assert_eq!(Derivation::parse(text.as_bytes()), Err(NoDerivation { at }), "{text}");
        }
        let deep = format!("DrvWithVersion(\"x\",[],[(\"a\",{}", "([],[(\"b\",".repeat(100_000));
        assert!(Derivation::parse(deep.as_bytes()).is_err());
    }

    #[test]
    fn values_of_the_environment_are_not_shown() {
        let mut derivation = Derivation::default();
        derivation.environment.insert("API_TOKEN".into(), "hunter2".into());
        let shown = format!("{derivation:?}");
        assert!(shown.contains("API_TOKEN") && !shown.contains("hunter2"), "{shown}");
    }

    fn text() -> impl Strategy<Value = String> {
        "(\\PC|[\"\\\\\n\r\t(),\\[\\]]){0,12}"
    }

    prop_compose! {
        fn derivation()(
            outputs in prop::collection::btree_map(text(), (text(), text(), text()), 0..3),
            input_derivations in prop::collection::btree_map(text(), prop::collection::vec(text(), 0..3), 0..3),
            input_sources in prop::collection::vec(text(), 0..3),
            (system, builder) in (text(), text()),
            arguments in prop::collection::vec(text(), 0..3),
            environment in prop::collection::btree_map(text(), text(), 0..4),
        ) -> Derivation {
            let outputs = outputs.into_iter().map(|(name, (path, hash_algorithm, hash))| (name, Output { path, hash_algorithm, hash }));
            Derivation { outputs: outputs.collect(), input_derivations, input_sources, system, builder, arguments, environment }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(derivation in derivation()) {
            prop_assert_eq!(Derivation::parse(written(&derivation).as_bytes()), Ok(derivation));
        }

        #[test]
        fn a_part_of_a_derivation_is_none_and_nothing_breaks(derivation in derivation(), cut in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let text = written(&derivation);
            prop_assert!(Derivation::parse(&text.as_bytes()[..cut.index(text.len())]).is_err());
            let _none_of_these = Derivation::parse(&[b"Derive([", bytes.as_slice()].concat());
        }
    }
}
