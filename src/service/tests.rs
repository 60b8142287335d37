//! Reading services, and every message about what is wrong with one; tests of single nouns are beside them.

use std::time::Duration;

use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::field::FIELDS;
use super::*;

pub(super) fn table(toml: &str) -> Table {
    toml.parse().unwrap_or_else(|error| panic!("{error}: {toml}"))
}

pub(super) fn set(toml: &str) -> ServiceSet {
    ServiceSet::parse(&table(toml)).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// What is said of services.
pub(super) fn messages(toml: &str) -> Vec<String> {
    ServiceSet::parse(&table(toml)).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// What is said of a service `web` that runs something and has these fields.
pub(super) fn of_web(fields: &str) -> Vec<String> {
    messages(&format!("[web]\ncommand = 'x'\n{fields}"))
}

pub(super) fn must_be(field: &str, expected: &str) -> Vec<String> {
    vec![format!("`{field}` of service `web` must be {expected}")]
}

/// What is said of the services of a template.
fn of_template(toml: &str) -> Vec<String> {
    check(&table(toml)).iter().map(ToString::to_string).collect()
}

pub(super) const NONE: [String; 0] = [];

const WHOLE: &str = r#"
[db]
package = "nixpkgs#postgresql_16"
command = ["postgres", "-D", "/var/lib/db"]
volumes.data = { path = "/var/lib/db", persist = true, size = "1Gi", mode = "0700" }
readiness = { exec = ["pg_isready"], period = "5s", timeout = "3s", retries = 3 }
stop = { signal = "SIGINT", grace_period = "30s" }

[migrate]
type = "oneshot"
package = ".\u0023web"
command = "web migrate"
depends_on = { db = "healthy" }

[web]
package = ".\u0023web"
main_program = "web"
args = ["--listen", "0.0.0.0:8080"]
env = { LOG_LEVEL = "info", WORKERS = 4, DEBUG = false }
env_files = [".env", { path = "apps/../web.env", required = false }]
secrets = { BOT_TOKEN = { as = "env" }, KEY = { as = "file" } }
working_dir = "apps/web"
ports.http = { port = 8080, host_port = 80, expose = "public" }
ports.metrics = 9090
config_files."web.conf" = { text = "root = public\n", mode = "0644" }
depends_on = { migrate = "completed", db = { condition = "healthy", required = false } }
readiness = { http = { scheme = "https", host = "localhost", port = 8080, path = "/health?full=1", status = 204 }, initial_delay = "500ms", start_period = "1m" }
restart = { policy = "on-failure", max_attempts = 7, window = "60s", delay = "2s" }
pre_start = ["mkdir -p x", ["touch", "x/y"]]
autostart = false
required = false
silence = ["procfile:depends_on"]
targets.compose = { init = true }
"#;

#[test]
fn every_field_comes_into_its_own_type() {
    let set = set(WHOLE);
    assert_eq!(set.names().collect::<Vec<_>>(), ["db", "migrate", "web"]);
    let web = set.get("web").unwrap();
    assert_eq!(web.argv().unwrap(), ["web", "--listen", "0.0.0.0:8080"]);
    assert_eq!(
        web.env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
        ["DEBUG=false", "LOG_LEVEL=info", "WORKERS=4"]
    );
    assert_eq!(
        web.env_files,
        [EnvFile { path: ".env".into(), required: true }, EnvFile { path: "apps/../web.env".into(), required: false }]
    );
    assert_eq!(web.secrets, BTreeMap::from([("BOT_TOKEN".into(), SecretUse::Env), ("KEY".into(), SecretUse::File)]));
    assert_eq!(web.working_dir.as_deref().map(camino::Utf8Path::as_str), Some("apps/web"));
    let http = Port { port: 8080, host_port: Some(80), protocol: Protocol::Tcp, expose: Expose::Public };
    let metrics = Port { port: 9090, host_port: None, protocol: Protocol::Tcp, expose: Expose::Local };
    assert_eq!(web.ports, BTreeMap::from([("http".into(), http), ("metrics".into(), metrics)]));
    let completed = Dependency { condition: Condition::Completed, required: true };
    let healthy = Dependency { condition: Condition::Healthy, required: false };
    assert_eq!(web.depends_on, BTreeMap::from([("db".into(), healthy), ("migrate".into(), completed)]));
    let check = Check::Http {
        scheme: Scheme::Https,
        host: "localhost".into(),
        port: 8080,
        path: "/health?full=1".into(),
        status: Some(204),
    };
    let readiness =
        Probe { initial_delay: Duration::from_millis(500), start_period: Duration::from_secs(60), ..Probe::new(check) };
    assert_eq!(web.readiness, Some(readiness));
    let restart = Restart {
        policy: Policy::OnFailure,
        delay: Duration::from_secs(2),
        max_attempts: Some(7),
        window: Some(Duration::from_secs(60)),
    };
    assert_eq!(web.restart, restart);
    let commands = [Command::Shell("mkdir -p x".into()), Command::Words(vec!["touch".into(), "x/y".into()])];
    assert_eq!(web.pre_start, commands);
    assert_eq!((web.enabled, web.autostart, web.required), (true, false, false));
    let config = &web.deployment.config_files["web.conf"];
    assert_eq!((&config.contents, config.mode), (&Contents::Text("root = public\n".into()), Some(0o644)));
    assert_eq!(web.deployment.targets["compose"]["init"], serde_json::Value::Bool(true));
    let db = set.get("db").unwrap();
    let probe = Probe {
        period: Duration::from_secs(5),
        timeout: Duration::from_secs(3),
        ..Probe::new(Check::Exec(Command::Words(vec!["pg_isready".into()])))
    };
    assert_eq!(db.readiness, Some(probe));
    assert_eq!((db.stop.signal.name(), db.stop.grace_period), ("SIGINT", Duration::from_secs(30)));
    assert_eq!(db.deployment.volumes["data"].size.map(Size::bytes), Some(1 << 30));
    assert_eq!((set.get("migrate").unwrap().kind, set.get("gone")), (Kind::Oneshot, None));
}

#[test]
fn what_is_left_out_has_the_usual_value() {
    let set = set("[web]\ncommand = ['node', '.']");
    let web = set.get("web").unwrap();
    assert_eq!((web.kind, web.enabled, web.autostart, web.required), (Kind::Service, true, true, true));
    let restart = (web.restart.policy, web.restart.delay, web.restart.max_attempts, web.restart.window);
    assert_eq!(restart, (Policy::Never, Duration::from_secs(1), Some(5), None));
    assert_eq!((web.stop.signal, web.stop.grace_period, &web.stop.command), (Signal::TERM, Duration::from_secs(10), &None));
    assert_eq!((&web.readiness, &web.working_dir, web.deployment.replicas), (&None, &None, 1));
    let probe = Probe::new(Check::Notify);
    assert_eq!((probe.period, probe.timeout, probe.retries), (Duration::from_secs(10), Duration::from_secs(1), 3));
    let unlimited = self::set("[web]\ncommand = 'x'\nrestart = { policy = 'always', max_attempts = 'unlimited' }");
    assert_eq!(unlimited.get("web").unwrap().restart.max_attempts, None);
    assert!(ServiceSet::default().is_empty() && !unlimited.is_empty());
}

/// The fields around a row, and a value that no field takes.
fn wrong_value(row: &str) -> String {
    let keys: Vec<&str> = row.split('.').map(|key| if key == "*" { "x" } else { key }).collect();
    match keys.as_slice() {
        ["env_files", key] => {
            format!("env_files = [{{ path = 'x', {key} = 2026-12-01 }}]").replacen("path = 'x', path", "path", 1)
        }
        _ => format!("{} = 2026-12-01", keys.join(".")),
    }
}

#[test]
fn every_field_of_the_table_is_read_and_checked() {
    for field in FIELDS {
        let toml = wrong_value(field.row);
        let service = format!("[web]\ndepends_on.x = 'started'\n{toml}\n[x]\ncommand = 'x'")
            .replace("depends_on.x = 'started'\ndepends_on", "depends_on");
        let shown = field.row.replace('*', "x");
        let said = messages(&service);
        let is_said = said.iter().any(|message| message.starts_with(&format!("`{shown}` of service `web` must be ")));
        assert!(is_said, "{toml}: {said:?}");
    }
}

/// A field around others that it cannot be without, with its default written out; `None` when no value is.
fn with_default(row: &str, default: &str) -> Option<(String, String)> {
    let value = match default.strip_prefix('`').and_then(|word| word.strip_suffix('`')) {
        Some("true" | "false") => default.trim_matches('`').to_owned(),
        Some(word) => format!("'{word}'"),
        None => default.parse::<u32>().ok()?.to_string(),
    };
    let base = match row.split('.').collect::<Vec<_>>().as_slice() {
        ["readiness" | "liveness", check @ ("http" | "tcp"), _] => format!("{}.{check}.port = 1", row.split('.').next()?),
        [probe @ ("readiness" | "liveness"), _] => format!("{probe}.tcp.port = 1"),
        ["secrets", ..] => "secrets.x = {}".to_owned(),
        ["depends_on", "*", "required"] => "depends_on.x.condition = 'started'".to_owned(),
        ["depends_on", ..] => "depends_on.x.required = true".to_owned(),
        ["env_files", ..] => {
            return Some(("env_files = ['x']".into(), format!("env_files = [{{ path = 'x', required = {value} }}]")));
        }
        ["ports", ..] => "ports.x.port = 1".to_owned(),
        ["volumes", ..] => "volumes.x.path = '/x'".to_owned(),
        _ => String::new(),
    };
    let field = format!("{} = {value}", row.replace('*', "x"));
    let whole = if base.ends_with("{}") { field } else { format!("{base}\n{field}") };
    Some((base, whole))
}

#[test]
fn the_defaults_of_the_table_are_those_of_the_reader() {
    let read = |fields: &str| {
        let set = set(&format!("[x]\ncommand = 'x'\n[web]\ncommand = 'x'\n{fields}"));
        Service { declared: BTreeSet::new(), ..set.get("web").unwrap().clone() }
    };
    let mut compared = 0;
    for field in FIELDS {
        let Some((without, with)) = with_default(field.row, field.default) else { continue };
        assert_eq!(read(&without), read(&with), "{with}");
        compared += 1;
    }
    assert!(compared > 30, "{compared}");
}

#[test]
fn unknown_fields_are_named_with_the_nearest_at_every_level() {
    let unknown = |field: &str, hint: &str| vec![format!("service `web` has the unknown field `{field}`{hint}")];
    assert_eq!(of_web("zzz = 1"), unknown("zzz", ""));
    assert_eq!(
        of_web("enviroment = 1\nenv_file = 'x'"),
        [
            "service `web` has the unknown field `enviroment`",
            "service `web` has the unknown field `env_file`; did you mean `env_files`?"
        ]
    );
    assert_eq!(of_web("restart = { polcy = 'never' }"), unknown("restart.polcy", "; did you mean `policy`?"));
    assert_eq!(of_web("readiness.http = { port = 1, paht = '/' }"), unknown("readiness.http.paht", "; did you mean `path`?"));
    assert_eq!(of_web("ports.http = { port = 1, hostport = 2 }"), unknown("ports.http.hostport", "; did you mean `host_port`?"));
    assert_eq!(
        of_web("env_files = [{ path = 'x', require = true }]"),
        unknown("env_files.require", "; did you mean `required`?")
    );
    assert_eq!(of_web("volumes.a = { path = '/x', sice = '1Gi' }"), unknown("volumes.a.sice", "; did you mean `size`?"));
    assert_eq!(of_web("hardening.cap_dorp = []"), unknown("hardening.cap_dorp", "; did you mean `cap_drop`?"));
    assert_eq!(of_web("when = 'x'"), unknown("when", ""));
}

#[test]
fn a_service_has_a_name_a_table_and_something_to_run() {
    assert_eq!(messages("[web]\n"), ["service `web` has neither `command` nor `package`"]);
    assert_eq!(messages("web = 1"), ["service `web` must be a table such as `[services.web]`"]);
    let named = |name: &str| {
        format!("a service cannot be named `{name}`; use letters, digits, `-`, `_` and `.`, and begin with a letter or a digit")
    };
    assert_eq!(messages("['a b']\ncommand = 'x'\n['-x']\ncommand = 'x'\n['']\ncommand = 'x'"), ["a b", "-x", ""].map(named));
    assert_eq!(messages("[web]\nmain_program = 'y'\npackage = 'z'"), NONE);
}

#[test]
fn commands_run_something() {
    let wrong = |command: &str| messages(&format!("[web]\ncommand = {command}"));
    for command in ["3", "''", "' '", "[]", "['']", "['a', 1]", "\"a\\u0000\"", "{}"] {
        assert_eq!(wrong(command), must_be("command", "a string or a list of strings"), "{command}");
    }
    assert_eq!(of_web("args = ['a', 1]"), must_be("args", "a list of strings"));
    assert_eq!(of_web("pre_start = [1]"), must_be("pre_start", "a string or a list of strings"));
    assert_eq!(of_web("stop.command = 1"), must_be("stop.command", "a string or a list of strings"));
}

#[test]
fn numbers_times_and_words_have_their_form() {
    let duration = "a duration of at most a year such as `500ms`, `10s`, `2m` or `1h`";
    let positive = "a duration of more than nothing and at most a year such as `500ms`, `10s`, `2m` or `1h`";
    let tcp = "readiness.tcp.port = 1\nreadiness";
    assert_eq!(of_web(&format!("{tcp}.initial_delay = '5'")), must_be("readiness.initial_delay", duration));
    assert_eq!(of_web(&format!("{tcp}.period = '0s'")), must_be("readiness.period", positive));
    assert_eq!(of_web(&format!("{tcp}.timeout = 5")), must_be("readiness.timeout", positive));
    assert_eq!(of_web(&format!("{tcp}.retries = 0")), must_be("readiness.retries", "a number from 1"));
    assert_eq!(of_web("stop.grace_period = 10"), must_be("stop.grace_period", duration));
    assert_eq!(of_web("stop.signal = 15"), must_be("stop.signal", "the name of a signal such as `SIGTERM` or `SIGINT`"));
    assert_eq!(of_web("restart.policy = 'sometimes'"), must_be("restart.policy", "`never`, `on-failure` or `always`"));
    assert_eq!(of_web("restart.max_attempts = 0"), must_be("restart.max_attempts", "a number from 1, or `unlimited`"));
    assert_eq!(of_web("restart = 'always'"), must_be("restart", "a table"));
    assert_eq!(of_web("type = 'daemon'"), must_be("type", "`service`, `oneshot` or `scheduled`"));
    assert_eq!(of_web("enabled = 'no'"), must_be("enabled", "`true` or `false`"));
    assert_eq!(of_web("description = ''"), must_be("description", "a string"));
    assert_eq!(of_web("user = -1"), must_be("user", "a name or a number"));
    assert_eq!(of_web("resources.memory = '1G'"), must_be("resources.memory", "a size such as `512Ki`, `64Mi` or `1Gi`"));
    assert_eq!(
        of_web("resources.cpus = 0"),
        must_be("resources.cpus", "a number of processors such as `2`, `0.5` or `\"500m\"`")
    );
    assert_eq!(of_web("volumes.a = { path = '/x', mode = '9' }"), must_be("volumes.a.mode", "permission bits such as `0700`"));
    assert_eq!(of_web("volumes.a = {}"), must_be("volumes.a.path", "a string"));
    assert_eq!(of_web("silence = ['user']"), must_be("silence", "texts such as `builtin:user`"));
    assert_eq!(of_web("secrets.A = { as = 'argv' }"), must_be("secrets.A.as", "`env` or `file`"));
}

#[test]
fn a_schedule_and_its_type_go_together() {
    assert_eq!(of_web("type = 'scheduled'\nschedule = '@daily'"), NONE);
    assert_eq!(of_web("type = 'scheduled'"), must_be("schedule", "there, as its type is `scheduled`"));
    assert_eq!(of_web("schedule = '@daily'"), must_be("type", "`scheduled`, as it has a `schedule`"));
    assert_eq!(
        of_web("type = 'oneshot'\nrestart.policy = 'always'"),
        must_be("restart.policy", "`never` or `on-failure`, as its type is `oneshot`")
    );
    assert_eq!(of_web("reload = {}"), must_be("reload", "a table with one of `command` and `signal`"));
    assert_eq!(of_web("config_files.a = {}"), must_be("config_files.a", "a table with one of `text` and `source`"));
}

#[test]
fn variables_have_names_and_values() {
    let named = |field: &str| vec![format!("`{field}` of service `web` is no name for a variable; use `[A-Za-z_][A-Za-z0-9_]*`")];
    for name in ["1A", "A-B", "Ä", "A=B", ""] {
        assert_eq!(of_web(&format!("env.'{name}' = 'x'")), named(&format!("env.{name}")));
    }
    assert_eq!(of_web("secrets.'A B' = {}"), named("secrets.A B"));
    let plain = "a string, a whole number, `true` or `false`";
    for value in ["1.5", "[]", "{}", "\"a\\u0000b\""] {
        assert_eq!(of_web(&format!("env.A = {value}")), must_be("env.A", plain), "{value}");
    }
    assert_eq!(of_web("env = { http_proxy = '', _x = 1 }"), NONE);
}

#[test]
fn paths_stay_in_the_project() {
    let leaves = |field: &str, path: &str| vec![format!("`{field}` of service `web` leaves the project: `{path}`")];
    for path in ["..", "../x", "a/../../b", "/etc", "./../x"] {
        assert_eq!(of_web(&format!("working_dir = '{path}'")), leaves("working_dir", path));
    }
    assert_eq!(of_web("env_files = ['/etc/environment']"), leaves("env_files", "/etc/environment"));
    assert_eq!(of_web("env_files = { path = '../.env' }"), leaves("env_files.path", "../.env"));
    assert_eq!(of_web("env_files = [{}]"), must_be("env_files.path", "a path"));
    assert_eq!(of_web("watch = ['../src']"), leaves("watch", "../src"));
    assert_eq!(of_web("working_dir = 'a/b/../c'\nenv_files = '.env'"), NONE);
}

#[test]
fn a_template_can_have_an_expression_wherever_a_value_is() {
    let any = "[web]\ncommand = 'x'\ntype = '{{kind}}'\nports = { a = { port = '{{part.port}}', protocol = '{{x}}' }, b = '{{x}}' }\nreadiness = { http = { port = '{{part.port}}', path = '{{x}}' }, period = '{{x}}' }\nrestart = '{{x}}'\nenabled = '{{x}}'\nargs = ['{{x}}']\nworking_dir = '../{{x}}'\nenv = { A = '{{x}}' }\nreplicas = '{{x}}'";
    assert_eq!(of_template(any), NONE);
    assert!(!messages(any).is_empty());
    assert_eq!(
        of_template("[web]\ncommand = 'x'\nports.a = { prot = '{{x}}' }"),
        [
            "service `web` has the unknown field `ports.a.prot`; did you mean `port`?",
            "`ports.a.port` of service `web` must be a port from 1 to 65535"
        ]
    );
    assert_eq!(
        of_template("[web]\ncommand = 'x'\ndepends_on = { db = '{{x}}' , cache = 'started' }"),
        ["service `web` depends on `cache`, which is not declared"]
    );
    // Conditions may keep these apart.
    assert_eq!(of_template("[a]\ncommand = 'x'\nports.a = 1\n[b]\ncommand = 'x'\nports.a = 1"), NONE);
}

/// Values with the words of the fields in them.
fn values() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "\\PC{0,12}",
        "[0-9]{1,22}(ms|s|m|h|Ki|Gi|)",
        prop::sample::select(vec!["healthy", "always", "oneshot", "SIGTERM", "../x", "/", "{{x}}", "a:b", "(", "0700"])
            .prop_map(str::to_owned)
    ];
    let plain = prop_oneof![
        text.prop_map(Value::String),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Float),
        any::<bool>().prop_map(Value::Boolean),
    ];
    let keys: Vec<&str> = FIELDS.iter().flat_map(|field| field.row.split('.')).chain(["a", "b", "c", "A"]).collect();
    plain.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((prop::sample::select(keys.clone()), inner), 0..8)
                .prop_map(|fields| Value::Table(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_table_breaks_the_reader(services in prop::collection::vec(("[a-c]", values()), 0..4)) {
        let table: Table = services.into_iter().collect();
        let _errors = check(&table);
        let (set, errors) = ServiceSet::read(&table);
        for error in &errors {
            prop_assert!(!error.to_string().is_empty());
            let _diagnostic = error.diagnostic(&table.to_string());
        }
        prop_assert_eq!(set.start_order().len(), set.len());
        for service in &set {
            let _findings = unhonoured(service);
        }
        if let Ok(parsed) = ServiceSet::parse(&table) {
            prop_assert_eq!(errors, []);
            prop_assert_eq!(parsed.names().collect::<Vec<_>>(), table.keys().map(String::as_str).collect::<Vec<_>>());
        }
    }
}
