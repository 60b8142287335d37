//! The pictures of the manual, made of the real program: `NIXSTART_UPDATE_DOCS=1` writes them anew.

use crate::support::checkout;
use crate::support::picture::svg;
use crate::support::pty::Terminal;
use crate::support::services::{Services, wait_until};

/// What is shown.
const SERVICES: &str = "[services.install]\ntype = 'oneshot'\ncommand = 'echo Done in 1.4s using pnpm'\n\
    [services.postgres]\ncommand = 'echo database system is ready to accept connections; exec sleep 600'\n\
    ports.postgres = 5433\nreadiness = { log_line = 'ready to accept' }\n\
    [services.api]\ncommand = '''echo 'listening on http://127.0.0.1:3001'; echo '{\"level\":\"info\",\"msg\":\"GET /health\",\"status\":200}'; exec sleep 600'''\n\
    ports.http = 3001\nreadiness = { log_line = 'listening' }\ndepends_on = { install = 'completed', postgres = 'healthy' }\n\
    [services.web]\ncommand = 'echo \"Error: API_URL is not set\" >&2; exit 1'\nrestart = { policy = 'on-failure', max_attempts = 1, delay = '10ms' }\n\
    depends_on = { api = 'healthy' }\nrequired = false\n";

/// Where the bar of keys is drawn.
const LAST_ROW: &str = "y=\"438\"";

/// A picture: its file, the key of its screen, what is waited for, and what it is of.
const PICTURES: [(&str, &str, &str, &str); 3] = [
    ("dash-overview", "1", "Restart web", "The overview: what is broken and why, what to do next, what is up"),
    ("dash-processes", "2", "LAST END", "The processes with their states, uptime, use of the machine and ports"),
    ("dash-logs", "3", "API_URL is not set", "The lines of all processes together"),
];

/// Where the test is run is nothing to a reader.
fn without_place(picture: &str, project: &Services) -> String {
    let place = project.sandbox.work().join("run").display().to_string();
    let line = |line: &str| match line.split_once(" textLength") {
        Some((before, after)) if line.contains(&place) => {
            format!("{before}{}", after.split_once('>').unwrap().1.replace(&place, ">/run/user/1000")) + "\n"
        }
        _ => format!("{line}\n"),
    };
    picture.lines().map(line).collect()
}

#[test]
fn the_pictures_of_the_manual_are_of_this_program() {
    let project = Services::new(&format!("[template]\nname = 'web-monorepo'\nversion = '1.0.0'\n{SERVICES}"));
    project.run(&["up", "-d", "--backend", "builtin"]).expect(0);
    assert!(wait_until(|| project.process("web")["state"] == "failed" && project.process("api")["state"] == "ready"));
    let mut command = project.command(&["dash"]);
    command.env("LANG", "C.UTF-8");
    let mut terminal = Terminal::of(&command, (24, 100));
    for (name, key, text, title) in PICTURES {
        terminal.send(key).wait_until(text, |terminal| terminal.screen().contains(text));
        let picture = without_place(&terminal.picture(|screen| svg(screen, title)), &project);
        let path = checkout().join(format!("docs/images/{name}.svg"));
        if std::env::var_os("NIXSTART_UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &picture).unwrap();
        }
        // Times differ from run to run; what can be done on a screen does not.
        let committed = std::fs::read_to_string(&path).unwrap();
        let bar = |svg: &str| -> Vec<String> {
            let texts = svg.lines().filter(|line| line.starts_with("<text") && line.contains(LAST_ROW));
            texts.filter_map(|line| Some(line.split_once('>')?.1.to_owned())).collect()
        };
        assert!(bar(&picture).len() > 4, "{name} has no bar of keys");
        assert_eq!(bar(&committed), bar(&picture), "`{name}.svg` is of another program: NIXSTART_UPDATE_DOCS=1 makes it anew");
        assert!(
            crate::docs::document("docs/dashboard.md").contains(&format!("images/{name}.svg")),
            "{name}.svg is shown nowhere"
        );
    }
    terminal.send("q");
    assert_eq!(terminal.end().code, 0);
}
