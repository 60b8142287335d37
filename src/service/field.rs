//! The one table of the fields a service may have. `docs/services.md` is made from it, the reader knows no other names, and
//! what the built-in runner does not act on is said from it.

/// A field of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name, with those around it; `*` stands for a name that is up to the person.
    pub row: &'static str,
    /// What it takes.
    pub takes: &'static str,
    /// What it is when it is left out.
    pub default: &'static str,
    /// What it is for.
    pub meaning: &'static str,
    /// What the built-in runner makes of it.
    pub runner: Runner,
}

/// What the built-in runner makes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// It acts on it.
    Acts,
    /// There is nothing to act on where processes run directly: nothing is lost.
    Elsewhere,
    /// It cannot honour it, and says so.
    Ignores,
}

impl Runner {
    /// The word for it in the manual.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Acts => "yes",
            Self::Elsewhere => "no need",
            Self::Ignores => "no, and says so",
        }
    }
}

use self::Runner::{Acts, Elsewhere, Ignores};

const fn field(row: &'static str, takes: &'static str, default: &'static str, runner: Runner, meaning: &'static str) -> Field {
    Field { row, takes, default, meaning, runner }
}

/// Every field, in the order of the manual; what has fields of its own stands before them.
pub const FIELDS: &[Field] = &[
    field("description", "text", "", Acts, "what it is, for people"),
    field("documentation", "texts", "none", Elsewhere, "where to read about it"),
    field(
        "type",
        "`service`, `oneshot`, `scheduled`",
        "`service`",
        Acts,
        "whether it runs until it is stopped, or until it is done",
    ),
    field("schedule", "text", "", Ignores, "when a `scheduled` service runs"),
    field("command", "command", "the main program of `package`", Acts, "what is run"),
    field(
        "args",
        "list of texts",
        "none",
        Acts,
        "more arguments; a command that is a text gets them at its end, each as one word",
    ),
    field("package", "text", "", Elsewhere, "the flake or nixpkgs attribute it comes from; the runner takes programs from PATH"),
    field("main_program", "text", "what Nix knows", Acts, "the program of `package` that is run when there is no `command`"),
    field("packages", "texts", "none", Ignores, "packages whose programs it finds"),
    field("entrypoint", "command", "", Ignores, "a script of your own that starts it in every target"),
    field("env", "table", "none", Acts, "variables"),
    field("env.*", "text, whole number, `true`, `false`", "", Acts, "the value of one"),
    field("env_files", "list", "none", Acts, "files with variables; later ones win, and `env` wins over all"),
    field("env_files.path", "path in the project", "", Acts, "the file; a text alone is one that is required"),
    field("env_files.required", "`true`, `false`", "`true`", Acts, "whether it stays off without the file"),
    field("secrets", "table", "none", Acts, "secrets it gets, by the name of their variable"),
    field("secrets.*", "table", "", Acts, "one of them"),
    field(
        "secrets.*.as",
        "`env`, `file`",
        "`env`",
        Acts,
        "as what; the runner gives it as a variable, and says so when a file is wanted",
    ),
    field("working_dir", "path in the project", "the project", Acts, "where it runs"),
    field("depends_on", "table", "none", Acts, "services it waits for"),
    field("depends_on.*", "`started`, `healthy`, `completed`, or table", "", Acts, "how far one of them has to be"),
    field("depends_on.*.condition", "`started`, `healthy`, `completed`", "`started`", Acts, "how far it has to be"),
    field("depends_on.*.required", "`true`, `false`", "`true`", Acts, "whether to stay off when it cannot get that far"),
    field("readiness", "table", "", Acts, "how one finds out whether it is ready: one check, and times"),
    field("readiness.exec", "command", "", Acts, "a command that has to end with exit code 0"),
    field("readiness.http", "table", "", Acts, "a GET request that has to be answered"),
    field("readiness.http.scheme", "`http`, `https`", "`http`", Acts, "how it is asked"),
    field("readiness.http.host", "text", "`127.0.0.1`", Acts, "where it is asked"),
    field("readiness.http.port", "port", "", Acts, "where it is asked; needed"),
    field("readiness.http.path", "text", "`/`", Acts, "what is asked for"),
    field("readiness.http.status", "number", "200 to 399", Acts, "the answer that is wanted"),
    field("readiness.tcp", "table", "", Acts, "a connection that has to be taken"),
    field("readiness.tcp.host", "text", "`127.0.0.1`", Acts, "where"),
    field("readiness.tcp.port", "port", "", Acts, "where; needed"),
    field("readiness.log_line", "regular expression", "", Acts, "a line of its output"),
    field("readiness.notify", "`true`", "", Ignores, "it says so itself, as `sd_notify` does"),
    field("readiness.initial_delay", "duration", "`0s`", Acts, "time from the start to the first check"),
    field("readiness.period", "duration", "`10s`", Acts, "time from check to check"),
    field("readiness.timeout", "duration", "`1s`", Acts, "how long one check may take"),
    field("readiness.retries", "number", "3", Acts, "how many failures in a row say that it is not ready"),
    field("readiness.start_period", "duration", "`0s`", Acts, "time from the start in which failures do not count"),
    field("liveness", "table", "", Ignores, "how one finds out whether it has to be started anew; as `readiness`"),
    field("liveness.exec", "command", "", Ignores, "as in `readiness`"),
    field("liveness.http", "table", "", Ignores, "as in `readiness`"),
    field("liveness.http.scheme", "`http`, `https`", "`http`", Ignores, "as in `readiness`"),
    field("liveness.http.host", "text", "`127.0.0.1`", Ignores, "as in `readiness`"),
    field("liveness.http.port", "port", "", Ignores, "as in `readiness`"),
    field("liveness.http.path", "text", "`/`", Ignores, "as in `readiness`"),
    field("liveness.http.status", "number", "200 to 399", Ignores, "as in `readiness`"),
    field("liveness.tcp", "table", "", Ignores, "as in `readiness`"),
    field("liveness.tcp.host", "text", "`127.0.0.1`", Ignores, "as in `readiness`"),
    field("liveness.tcp.port", "port", "", Ignores, "as in `readiness`"),
    field("liveness.log_line", "regular expression", "", Ignores, "as in `readiness`"),
    field("liveness.notify", "`true`", "", Ignores, "as in `readiness`"),
    field("liveness.initial_delay", "duration", "`0s`", Ignores, "as in `readiness`"),
    field("liveness.period", "duration", "`10s`", Ignores, "as in `readiness`"),
    field("liveness.timeout", "duration", "`1s`", Ignores, "as in `readiness`"),
    field("liveness.retries", "number", "3", Ignores, "as in `readiness`"),
    field("liveness.start_period", "duration", "`0s`", Ignores, "as in `readiness`"),
    field("restart", "table", "", Acts, "what happens when it has ended by itself"),
    field("restart.policy", "`never`, `on-failure`, `always`", "`never`", Acts, "when it is started again"),
    field("restart.delay", "duration", "`1s`", Acts, "how long to wait before it"),
    field("restart.max_attempts", "number, `unlimited`", "5", Acts, "how many times"),
    field("restart.window", "duration", "since it was started", Acts, "only restarts this recent count"),
    field("stop", "table", "", Acts, "how it is stopped"),
    field("stop.signal", "signal", "`SIGTERM`", Acts, "what it is sent"),
    field("stop.grace_period", "duration", "`10s`", Acts, "how long it has to end before it is killed"),
    field("stop.command", "command", "", Acts, "what is run instead of sending the signal"),
    field("reload", "table", "", Ignores, "how it reads its configuration anew: one of"),
    field("reload.command", "command", "", Ignores, "by a command"),
    field("reload.signal", "signal", "", Ignores, "by a signal"),
    field("pre_start", "commands", "none", Acts, "what runs before each start, one after the other"),
    field("post_start", "commands", "none", Ignores, "what runs after it has started"),
    field("post_stop", "commands", "none", Ignores, "what runs after it has ended"),
    field("ports", "table", "none", Acts, "where it listens, by name"),
    field("ports.*", "port, or table", "", Acts, "one of them"),
    field("ports.*.port", "port", "", Acts, "where it listens; needed"),
    field(
        "ports.*.host_port",
        "port",
        "the same",
        Elsewhere,
        "where the machine listens for it, when it has a network of its own",
    ),
    field("ports.*.protocol", "`tcp`, `udp`", "`tcp`", Acts, "what carries the bytes"),
    field(
        "ports.*.expose",
        "`internal`, `local`, `public`",
        "`local`",
        Elsewhere,
        "who may connect: the other services, this machine, everybody",
    ),
    field("enabled", "`true`, `false`", "`true`", Acts, "whether it is there at all"),
    field(
        "autostart",
        "`true`, `false`",
        "`true`",
        Acts,
        "whether it starts with the others; else when it is asked for, or needed",
    ),
    field("required", "`true`, `false`", "`true`", Acts, "whether all have failed when it has"),
    field("profiles", "texts", "none", Ignores, "the sets of services it belongs to"),
    field("replicas", "number", "1", Ignores, "how many of it there are"),
    field("watch", "list of paths in the project", "none", Ignores, "files and folders after whose change it is started anew"),
    field("user", "name or number", "you", Ignores, "the user it runs as"),
    field("group", "name or number", "yours", Ignores, "the group it runs as"),
    field("volumes", "table", "none", Ignores, "directories it keeps its files in, by name"),
    field("volumes.*", "table", "", Ignores, "one of them"),
    field("volumes.*.path", "path", "", Ignores, "where it sees it; needed"),
    field("volumes.*.persist", "`true`, `false`", "`true`", Ignores, "whether it outlives the service"),
    field("volumes.*.size", "size", "", Ignores, "how much room it has"),
    field("volumes.*.mode", "permission bits", "", Ignores, "who may do what with it"),
    field("volumes.*.init", "command", "", Ignores, "what makes it when it is not there"),
    field("volumes.*.check", "command", "", Ignores, "what says whether it is as it should be"),
    field("config_files", "table", "none", Ignores, "its configuration files, by name; each has a `text` or a `source`"),
    field("config_files.*", "table", "", Ignores, "one of them"),
    field("config_files.*.text", "text", "", Ignores, "what is in it"),
    field("config_files.*.source", "path in the project", "", Ignores, "the file it is a copy of"),
    field("config_files.*.path", "path", "", Ignores, "where it sees it"),
    field("config_files.*.mode", "permission bits", "", Ignores, "who may do what with it"),
    field("resources", "table", "", Ignores, "what it may use"),
    field("resources.memory", "size", "", Ignores, "memory"),
    field("resources.cpus", "number, or text such as `500m`", "", Ignores, "processors"),
    field("hardening", "table", "", Ignores, "what it may not do"),
    field("hardening.read_only_root", "`true`, `false`", "`false`", Ignores, "it cannot write to its root file system"),
    field(
        "hardening.no_new_privileges",
        "`true`, `false`",
        "`false`",
        Ignores,
        "what it runs can have no more rights than itself",
    ),
    field("hardening.cap_add", "texts", "none", Ignores, "capabilities it is given"),
    field("hardening.cap_drop", "texts", "none", Ignores, "capabilities that are taken from it"),
    field("hardening.confine", "`true`, `false`", "`false`", Ignores, "it sees only its own closure"),
    field("logging", "table", "", Ignores, "how much of its log is kept"),
    field("logging.max_size", "size", "", Ignores, "how big one file gets"),
    field("logging.max_files", "number", "", Ignores, "how many files there are"),
    field("image", "table", "", Elsewhere, "the image it is in"),
    field("image.name", "text", "its own", Elsewhere, "its name, with the registry"),
    field("image.tag", "text", "that of its contents", Elsewhere, "its tag"),
    field("image.extra_tags", "texts", "none", Elsewhere, "more tags"),
    field("labels", "table", "none", Elsewhere, "labels of its container or pod"),
    field("labels.*", "text, whole number, `true`, `false`", "", Elsewhere, "the value of one"),
    field("silence", "texts", "none", Acts, "warnings that are not wanted, as `target:field`; the runner is `builtin`"),
    field("targets", "table", "none", Elsewhere, "what single targets are given besides, unchecked"),
    field("targets.*", "table", "", Elsewhere, "what one of them is given"),
];

/// The names that the table of a field has; those of the service itself below the empty row.
pub(super) fn below(row: &str) -> impl Iterator<Item = &'static str> {
    FIELDS.iter().filter_map(move |field| {
        let rest = if row.is_empty() { field.row } else { field.row.strip_prefix(row)?.strip_prefix('.')? };
        (!rest.contains('.')).then_some(rest)
    })
}

/// The names of the fields that a service has itself.
pub fn names() -> impl Iterator<Item = &'static str> {
    below("")
}
