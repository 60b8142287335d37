//! The variables of a service: those of whoever has started it, over them its files, its secrets, its ports, its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8Path;
use secrecy::{ExposeSecret, SecretString};

use crate::dotenv;
use crate::host::env_file::{EnvFile, Links};
use crate::host::project_secrets;
use crate::service::{SecretUse, Service};
use crate::ui::redaction;

/// The port that most programs ask for.
const PORT: &str = "PORT";
/// The name of a port that is the one when there are several.
const MAIN_PORT: &str = "http";

/// What a service gets beyond what the runner itself has; its secrets are kept out of what is said from now on. An error names a
/// file or a variable, never a value.
pub(super) fn variables(service: &Service, root: &Utf8Path) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    for file in &service.env_files {
        let found = read(root, &file.path)?;
        if found.is_none() && file.required {
            return Err(format!("`{}` is missing; it has variables that it needs", file.path));
        }
        variables.extend(found.unwrap_or_default());
    }
    variables.extend(secrets(service, root)?);
    variables.extend(ports(service));
    variables.extend(service.env.clone());
    Ok(variables)
}

/// Secrets are in the `.env` of the project unless whoever started us has them.
fn secrets(service: &Service, root: &Utf8Path) -> Result<BTreeMap<String, String>, String> {
    let given = service.secrets.keys().filter_map(|name| Some((name.clone(), SecretString::from(std::env::var(name).ok()?))));
    redaction::keep_out(given);
    let wanted: Vec<&String> = service.secrets.iter().filter(|(_, how)| **how == SecretUse::Env).map(|(name, _)| name).collect();
    let missing: Vec<&String> = wanted.into_iter().filter(|name| std::env::var_os(name).is_none()).collect();
    if missing.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut known = read(root, Utf8Path::new(".env"))?.unwrap_or_default();
    known.retain(|name, _| missing.contains(&name));
    redaction::keep_out(known.iter().map(|(name, value)| (name.clone(), SecretString::from(value.as_str()))));
    Ok(known)
}

fn ports(service: &Service) -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for (name, port) in &service.ports {
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        variables.insert(format!("{PORT}_{name}"), port.port.to_string());
    }
    let main = service.ports.get(MAIN_PORT).or_else(|| service.ports.values().next().filter(|_| service.ports.len() == 1));
    variables.extend(main.map(|port| (PORT.to_owned(), port.port.to_string())));
    variables
}

/// The variables of a file of the project; `None` when it is not there.
fn read(root: &Utf8Path, path: &Utf8Path) -> Result<Option<BTreeMap<String, String>>, String> {
    let place = root.join(path);
    let file = EnvFile::read(&place, Links::Within(root)).map_err(|error| error.to_string())?;
    if !file.exists() {
        return Ok(None);
    }
    let document = file.document();
    project_secrets::keep_out_file(root, (&place, Arc::clone(&document)));
    if let Some(fault) = document.fault() {
        return Err(format!("`{path}` cannot be read to its end: {fault}"));
    }
    let entries = dotenv::entries(&document).into_iter();
    Ok(Some(entries.map(|entry| (entry.key, entry.value.expose_secret().to_owned())).collect()))
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::*;
    use crate::service::ServiceSet;

    fn variables_of(toml: &str, files: &[(&str, &str)]) -> Result<BTreeMap<String, String>, String> {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
        for (name, text) in files {
            fs_err::write(root.join(name), text).unwrap();
        }
        let services = ServiceSet::parse(&toml.parse().unwrap()).unwrap();
        variables(services.get("web").unwrap(), &root)
    }

    fn pairs(variables: &BTreeMap<String, String>) -> Vec<String> {
        variables.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn its_own_variables_win_over_ports_secrets_and_files() {
        let toml = "[web]\ncommand = 'x'\nenv_files = ['a.env']\nsecrets.NS_TEST_TOKEN = { as = 'env' }\n\
                    ports.http = 3000\nports.admin-api = 3001\nenv = { OWN = '1', BOTH = 'env' }";
        let files = [("a.env", "BOTH=file\nFILE='a b'\n"), (".env", "NS_TEST_TOKEN=t0ken\nOTHER=x\n")];
        let found = variables_of(toml, &files).unwrap();
        let expected =
            ["BOTH=env", "FILE=a b", "NS_TEST_TOKEN=t0ken", "OWN=1", "PORT=3000", "PORT_ADMIN_API=3001", "PORT_HTTP=3000"];
        assert_eq!(pairs(&found), expected);
    }

    #[test]
    fn a_missing_file_is_named_unless_it_may_be_missing() {
        let missing = variables_of("[web]\ncommand = 'x'\nenv_files = ['a.env']", &[]);
        assert_eq!(missing.unwrap_err(), "`a.env` is missing; it has variables that it needs");
        let optional = "[web]\ncommand = 'x'\nenv_files = [{ path = 'a.env', required = false }]";
        assert!(variables_of(optional, &[]).unwrap().is_empty());
    }
}
