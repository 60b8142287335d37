//! Ports that a project's files declare.

use serde_json::Value;

use crate::service::{Protocol, ServiceSet};

/// A port and what declares it.
pub type Declared = (u16, String);

/// Where the enabled services of `nixstart.toml` listen. What else is wrong with them does not matter.
pub fn of_manifest(toml: &str) -> Vec<Declared> {
    let manifest = toml.parse::<toml::Table>().unwrap_or_default();
    let services = manifest.get("services").and_then(toml::Value::as_table);
    let (services, _) = ServiceSet::read(services.unwrap_or(&toml::Table::new()));
    let enabled = services.iter().filter(|service| service.enabled);
    each_once(enabled.flat_map(|service| {
        let ports = service.ports.values().filter(|port| port.protocol == Protocol::Tcp);
        ports.map(|port| (port.port, format!("service `{}`", service.name)))
    }))
}

/// Ports of a process-compose file: where probes look, and `PORT` of an environment.
pub fn of_process_compose(yaml: &str, file: &str) -> Vec<Declared> {
    let Ok(whole) = serde_saphyr::from_str::<Value>(yaml) else { return Vec::new() };
    let processes = whole.get("processes").and_then(Value::as_object);
    let ports = processes.into_iter().flatten().flat_map(|(name, process)| {
        let probes = ["readiness_probe", "liveness_probe"].into_iter().filter_map(|probe| {
            let request = process.get(probe)?.get("http_get")?;
            let host = request.get("host").and_then(Value::as_str).unwrap_or("localhost");
            number(request.get("port")?).filter(|_| matches!(host, "localhost" | "127.0.0.1" | "::1" | "0.0.0.0"))
        });
        let environment = process.get("environment").and_then(Value::as_array);
        let variable = environment.into_iter().flatten().filter_map(|line| line.as_str()?.strip_prefix("PORT=")?.parse().ok());
        let all: Vec<u16> = probes.chain(variable).collect();
        all.into_iter().map(move |port| (port, format!("`{name}` in `{file}`")))
    });
    each_once(ports)
}

fn number(port: &Value) -> Option<u16> {
    let number = match port {
        Value::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|number| *number != 0)
}

fn each_once(ports: impl Iterator<Item = Declared>) -> Vec<Declared> {
    let mut seen = std::collections::BTreeSet::new();
    ports.filter(|(port, _)| seen.insert(*port)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_where_enabled_services_listen() {
        let toml = "[services.web]\nports = { http = 3000, admin = { port = 3001, host_port = 1 } }\nunknown = 1\n\
                    [services.api]\ncommand = 'x'\nports = { a = '4000', b = 3000, c = { port = 53, protocol = 'udp' } }\n\
                    [services.off]\nenabled = false\nports.http = 5000\n[services.bot]\nports.http = 70000\n";
        let ports: Vec<u16> = of_manifest(toml).into_iter().map(|(port, _)| port).collect();
        assert_eq!(ports, [3001, 3000, 4000]);
        assert_eq!(of_manifest(toml)[2].1, "service `api`");
        assert_eq!(of_manifest("[services"), []);
    }

    #[test]
    fn reads_probes_of_process_compose() {
        let yaml = "processes:\n  web:\n    environment: ['PORT=5173', 'X=1']\n    readiness_probe:\n      http_get: {host: 127.0.0.1, port: '8081'}\n  far:\n    readiness_probe:\n      http_get: {host: example.org, port: 443}\n";
        let ports = of_process_compose(yaml, "process-compose.yaml");
        assert_eq!(ports.iter().map(|(port, _)| *port).collect::<Vec<_>>(), [8081, 5173]);
        assert_eq!(ports[0].1, "`web` in `process-compose.yaml`");
    }

    proptest! {
        #[test]
        fn no_file_breaks_a_reader(text in "[a-z:\\[\\]{}'=0-9 \n&*-]{0,120}") {
            let _manifest = of_manifest(&text);
            let _file = of_process_compose(&text, "process-compose.yaml");
        }
    }
}
