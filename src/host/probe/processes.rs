//! Looks at processes, ports and sockets of the project. Sockets are spoken to, never trusted for being there; nothing is
//! stopped or removed.

mod ports;
mod sockets;
mod table;

use camino::{Utf8Path, Utf8PathBuf};

use super::Vantage;
use crate::facts::processes::declared;
use crate::facts::{Fact, Processes};
use crate::host::files;

/// What process-compose looks for, in its order.
const PROCESS_COMPOSE_FILES: [&str; 4] = ["compose.yml", "compose.yaml", "process-compose.yml", "process-compose.yaml"];
/// What a file must say to be process-compose's and not Docker's.
const OF_PROCESS_COMPOSE: &str = "processes:";

/// Where things of devenv are for this project.
struct Places {
    /// The project, without links.
    project: Utf8PathBuf,
    /// Whether devenv is used.
    has_devenv: bool,
    /// Directories for sockets, the likeliest first.
    runtime: Vec<Utf8PathBuf>,
}

pub(super) fn look(vantage: &Vantage) -> Processes {
    let places = Places::of(vantage);
    let compose = process_compose(vantage);
    let mut wanted = manifest(vantage);
    if let Some((file, text)) = &compose {
        wanted.extend(declared::of_process_compose(text, file));
    }
    let sockets = sockets::look(vantage, &places);
    Processes {
        ports: ports::look(vantage, &places, wanted),
        interface: ports::interface(vantage, &places, compose.is_some()),
        orphans: table::orphans(vantage, &places, &sockets, compose.is_some()),
        sockets: sockets.into(),
        runtime_directory: sockets::runtime_directory(&places),
        receipts: Fact::default(),
    }
}

fn manifest(vantage: &Vantage) -> Vec<declared::Declared> {
    let text = vantage.read(&vantage.directory.join("nixstart.toml")).known().cloned().flatten();
    declared::of_manifest(&text.unwrap_or_default())
}

fn process_compose(vantage: &Vantage) -> Option<(&'static str, String)> {
    PROCESS_COMPOSE_FILES.into_iter().find_map(|file| {
        let text = vantage.read(&vantage.directory.join(file)).known().cloned().flatten()?;
        text.lines().any(|line| line.starts_with(OF_PROCESS_COMPOSE)).then_some((file, text))
    })
}

impl Places {
    fn of(vantage: &Vantage) -> Self {
        let project = vantage.directory.canonicalize_utf8().unwrap_or_else(|_| vantage.directory.clone());
        let is_own = vantage.variable("DEVENV_ROOT").is_some_and(|root| Utf8Path::new(root) == project);
        let of_environment = |name: &str| vantage.variable(name).filter(|_| is_own).map(Utf8PathBuf::from);
        let dotfile = of_environment("DEVENV_DOTFILE").unwrap_or_else(|| project.join(".devenv"));
        let has_devenv = dotfile.is_dir() || ["devenv.nix", "devenv.yaml"].into_iter().any(|file| project.join(file).is_file());
        let linked = dotfile.join("run").read_link_utf8().ok();
        let computed = computed_runtime(vantage, &dotfile);
        let mut runtime: Vec<Utf8PathBuf> =
            linked.into_iter().chain(of_environment("DEVENV_RUNTIME")).chain(std::iter::once(computed)).collect();
        runtime.dedup();
        Self { project, has_devenv, runtime }
    }
}

/// `${XDG_RUNTIME_DIR:-/tmp}/devenv-` and seven digits of the digest of the path of `.devenv`, as devenv ≥ 2.2 has it.
fn computed_runtime(vantage: &Vantage, dotfile: &Utf8Path) -> Utf8PathBuf {
    let base = vantage.variable("XDG_RUNTIME_DIR").map_or_else(|| vantage.system("/tmp"), Utf8PathBuf::from);
    let digits = files::sha256(dotfile.as_str().as_bytes());
    base.join(format!("devenv-{}", digits.chars().take(7).collect::<String>()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    use super::super::tests::vantage;
    use super::*;
    use crate::facts::processes::{Holder, SocketState};

    fn put(vantage: &Vantage, path: &str, text: &str) {
        let path = vantage.directory.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    #[test]
    fn finds_who_listens_on_a_declared_port() {
        let (_root, mut vantage) = vantage();
        vantage.root = "/".into();
        vantage.environment.insert("PATH".into(), "/usr/sbin:/usr/bin:/bin".into());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        put(&vantage, "nixstart.toml", &format!("[services.web]\ncommand = 'x'\nports.http = {port}\n"));
        let found = look(&vantage);
        let ports = found.ports.known().unwrap();
        let holder = ports[0].holder.as_ref().unwrap();
        assert_eq!((holder.pid, holder.is_own), (Some(std::process::id()), false));
        drop(listener);
        assert_eq!(look(&vantage).ports.known().unwrap()[0].holder, None);
    }

    #[test]
    fn tells_a_living_socket_from_a_dead_one() {
        let (root, vantage) = vantage();
        let runtime = root.join("run");
        put(&vantage, ".devenv/processes.pid", "999999999");
        fs_err::os::unix::fs::symlink(&runtime, vantage.directory.join(".devenv/run")).unwrap();
        fs_err::create_dir_all(runtime.join("processes")).unwrap();
        drop(UnixListener::bind(runtime.join("pc.sock")).unwrap());
        let _living = UnixListener::bind(runtime.join("processes/native.sock")).unwrap();
        let found = look(&vantage);
        let states: Vec<SocketState> = found.sockets.known().unwrap().iter().map(|socket| socket.state).collect();
        assert_eq!(states, [SocketState::Dead, SocketState::Answers]);
        assert_eq!(found.orphans, Vec::new().into());
    }

    #[test]
    fn finds_what_outlived_its_manager() {
        let (root, vantage) = vantage();
        put(&vantage, ".devenv/processes.pid", "999999999\n");
        for (pid, parent, environ) in
            [(41, 1, "PC_PROC_NAME=web\0TOKEN=hunter2\0"), (42, 41, "PC_PROC_NAME=web\0"), (43, 1, "A=b\0")]
        {
            let process = root.join(format!("proc/{pid}"));
            fs_err::create_dir_all(&process).unwrap();
            fs_err::write(process.join("status"), format!("Name:\tnode\nPPid:\t{parent}\n")).unwrap();
            fs_err::write(process.join("comm"), "node\n").unwrap();
            fs_err::write(process.join("environ"), environ).unwrap();
            fs_err::os::unix::fs::symlink(&vantage.directory, process.join("cwd")).unwrap();
        }
        let found = look(&vantage);
        if cfg!(target_os = "linux") {
            let labels: Vec<String> = found.orphans.known().unwrap().iter().map(Holder::label).collect();
            assert_eq!(labels, ["`node` (process 41)"]);
        }
        assert!(!format!("{found:?}").contains("hunter2"));
    }

    #[test]
    fn the_directory_for_sockets_is_found_and_judged_by_its_owner() {
        let (root, mut vantage) = vantage();
        put(&vantage, "devenv.nix", "{ }");
        vantage.environment.insert("XDG_RUNTIME_DIR".into(), root.to_string());
        let path = computed_runtime(&vantage, &vantage.directory.canonicalize_utf8().unwrap().join(".devenv"));
        assert_eq!(path.file_name().unwrap().len(), "devenv-0123456".len());
        fs_err::create_dir(&path).unwrap();
        fs_err::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        let found = look(&vantage).runtime_directory.known().cloned().unwrap();
        assert_eq!((found.path.as_path(), found.owner, found.mode), (path.as_path(), Some(found.user), Some(0o755)));
    }

    #[test]
    fn a_project_without_processes_has_nothing_to_say() {
        let (_root, vantage) = vantage();
        put(&vantage, "compose.yaml", "services:\n  db:\n    image: postgres\n");
        let found = look(&vantage);
        assert_eq!(found.ports.get().unwrap_err().to_string(), "the project declares no port");
        assert!(found.interface.get().is_err() && found.orphans.get().is_err() && found.runtime_directory.get().is_err());
    }
}
