//! What only matters where a service is deployed: limits, hardening, its image, its log.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::command::Command;
use super::config_file::ConfigFile;
use super::fields::{Fields, path_in_project, plain};
use super::probe::Probe;
use super::quantity::{SIZE, Size};
use super::signal::Signal;
use super::volume::Volume;

/// What only matters where a service is deployed. The field's words are those of Kubernetes and compose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployment {
    /// Configuration files, by name.
    pub config_files: BTreeMap<String, ConfigFile>,
    /// Where to read about it.
    pub documentation: Vec<String>,
    /// A script of one's own that starts it.
    pub entrypoint: Option<Command>,
    /// The group it runs as.
    pub group: Option<String>,
    /// What it may not do.
    pub hardening: Hardening,
    /// The image it is in.
    pub image: Image,
    /// Labels of its container or pod.
    pub labels: BTreeMap<String, String>,
    /// How one finds out whether it has to be started anew.
    pub liveness: Option<Probe>,
    /// How much of its log is kept.
    pub logging: Logging,
    /// Packages whose programs it finds.
    pub packages: Vec<String>,
    /// What runs after it has started.
    pub post_start: Vec<Command>,
    /// What runs after it has ended.
    pub post_stop: Vec<Command>,
    /// The sets of services it belongs to.
    pub profiles: Vec<String>,
    /// How it reads its configuration anew.
    pub reload: Option<Reload>,
    /// How many of it there are.
    pub replicas: u32,
    /// What it may use.
    pub resources: Resources,
    /// When a scheduled one runs.
    pub schedule: Option<String>,
    /// Warnings that are not wanted, as `target:field`.
    pub silence: Vec<String>,
    /// What single targets are given besides, unchecked.
    pub targets: BTreeMap<String, Map<String, Value>>,
    /// The user it runs as.
    pub user: Option<String>,
    /// Directories it keeps its files in, by name.
    pub volumes: BTreeMap<String, Volume>,
    /// Files and folders of the project after whose change it is started anew.
    pub watch: Vec<camino::Utf8PathBuf>,
}

/// What a service may not do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hardening {
    /// Whether it can write to its root file system.
    pub read_only_root: bool,
    /// Whether what it runs can have no more rights than itself.
    pub no_new_privileges: bool,
    /// Capabilities it is given.
    pub cap_add: Vec<String>,
    /// Capabilities that are taken from it.
    pub cap_drop: Vec<String>,
    /// Whether it sees only its own closure.
    pub confine: bool,
}

/// The image a service is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    /// Its name, with the registry.
    pub name: Option<String>,
    /// Its tag; that of its contents when there is none.
    pub tag: Option<String>,
    /// More tags.
    pub extra_tags: Vec<String>,
}

/// How much of a log is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logging {
    /// How big one file gets.
    pub max_size: Option<Size>,
    /// How many files there are.
    pub max_files: Option<u32>,
}

/// How a service reads its configuration anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reload {
    /// By a command.
    Command(Command),
    /// By a signal.
    Signal(Signal),
}

/// What a service may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources {
    /// Memory.
    pub memory: Option<Size>,
    /// Thousandths of a processor.
    pub milli_cpus: Option<u32>,
}

impl Deployment {
    /// Reads what of a service's table is here.
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Self {
        let probe = |fields: &mut Fields<'_, '_>| Probe::read(fields);
        Self {
            config_files: fields.map("config_files", |entry| entry.table(ConfigFile::read).flatten()),
            documentation: fields.texts("documentation"),
            entrypoint: fields.command("entrypoint"),
            group: fields.account("group"),
            hardening: fields.table("hardening", Hardening::read).unwrap_or_default(),
            image: fields.table("image", Image::read).unwrap_or_default(),
            labels: fields.map("labels", plain),
            liveness: fields.table("liveness", probe).flatten(),
            logging: fields.table("logging", Logging::read).unwrap_or_default(),
            packages: fields.texts("packages"),
            post_start: fields.commands("post_start"),
            post_stop: fields.commands("post_stop"),
            profiles: fields.texts("profiles"),
            reload: fields.table("reload", Reload::read).flatten(),
            replicas: fields.count("replicas").unwrap_or(1),
            resources: fields.table("resources", Resources::read).unwrap_or_default(),
            schedule: fields.text("schedule"),
            silence: fields.list("silence", |entry| entry.read("texts such as `builtin:user`", silenced)),
            targets: fields.map("targets", |entry| entry.read("a table", target)),
            user: fields.account("user"),
            volumes: fields.map("volumes", |entry| entry.table(Volume::read).flatten()),
            watch: fields.list("watch", path_in_project),
        }
    }
}

fn silenced(value: &toml::Value) -> Option<String> {
    let text = value.as_str()?;
    text.split_once(':').filter(|(target, field)| !target.is_empty() && !field.is_empty())?;
    Some(text.to_owned())
}

fn target(value: &toml::Value) -> Option<Map<String, Value>> {
    match serde_json::to_value(value.as_table()?) {
        Ok(Value::Object(fields)) => Some(fields),
        Ok(_) | Err(_) => None,
    }
}

impl Hardening {
    fn read(fields: &mut Fields<'_, '_>) -> Self {
        Self {
            read_only_root: fields.flag("read_only_root").unwrap_or_default(),
            no_new_privileges: fields.flag("no_new_privileges").unwrap_or_default(),
            cap_add: fields.texts("cap_add"),
            cap_drop: fields.texts("cap_drop"),
            confine: fields.flag("confine").unwrap_or_default(),
        }
    }
}

impl Image {
    fn read(fields: &mut Fields<'_, '_>) -> Self {
        Self { name: fields.text("name"), tag: fields.text("tag"), extra_tags: fields.texts("extra_tags") }
    }
}

impl Logging {
    fn read(fields: &mut Fields<'_, '_>) -> Self {
        Self { max_size: fields.word("max_size", SIZE, Size::parse), max_files: fields.count("max_files") }
    }
}

impl Reload {
    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        if fields.has("command") == fields.has("signal") {
            fields.wrong("a table with one of `command` and `signal`");
        }
        let command = fields.command("command").map(Self::Command);
        let signal = fields.word("signal", Signal::EXPECTED, Signal::parse).map(Self::Signal);
        command.or(signal)
    }
}

impl Resources {
    fn read(fields: &mut Fields<'_, '_>) -> Self {
        Self {
            memory: fields.word("memory", SIZE, Size::parse),
            milli_cpus: fields.get("cpus", "a number of processors such as `2`, `0.5` or `\"500m\"`", milli_cpus),
        }
    }
}

/// Reads `2`, `0.5`, `"0.5"` or `"500m"` as thousandths.
fn milli_cpus(value: &toml::Value) -> Option<u32> {
    let text = match value {
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::String(text) => text.clone(),
        toml::Value::Boolean(_) | toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => return None,
    };
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten();
    let thousandths = match (text.strip_suffix('m'), text.split_once('.')) {
        (Some(number), _) => digits(number)?,
        (None, None) => digits(&text)?.checked_mul(1000)?,
        (None, Some((whole, part))) if part.len() <= 3 => {
            digits(whole)?.checked_mul(1000)?.checked_add(digits(&format!("{part:0<3}"))?)?
        }
        (None, Some(_)) => return None,
    };
    (thousandths > 0).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_counted_in_thousandths() {
        let read = |toml: &str| milli_cpus(&format!("x = {toml}").parse::<toml::Table>().unwrap()["x"]);
        assert_eq!(["2", "0.5", "'1.25'", "'500m'"].map(read), [2000, 500, 1250, 500].map(Some));
        for wrong in ["0", "-1", "nan", "inf", "0.0001", "'x'", "''", "'m'", "true", "1e30", "5000000000"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
