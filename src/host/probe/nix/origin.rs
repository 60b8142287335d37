//! Finds out how Nix came to the machine, from the traces that installers leave.

use camino::Utf8Path;

use crate::facts::nix::{Installer, Machine, Origin};
use crate::host::probe::Vantage;

pub(super) fn look(vantage: &Vantage, machine: Machine, program: &Utf8Path) -> Origin {
    let real = program.canonicalize_utf8().unwrap_or_else(|_| program.to_owned());
    let origin = |installer, evidence: String| Origin { installer, evidence: vec![evidence] };
    if machine == Machine::NixOs {
        return origin(Installer::NixOs, "this is NixOS".to_owned());
    }
    // A package manager that knows the program is right, whatever another installer left behind.
    if !real.starts_with(vantage.system("/nix/store"))
        && let Some(manager) = manager(vantage, &real)
    {
        return origin(Installer::Package { manager }, format!("`{manager}` knows `{real}`"));
    }
    let traces = [
        ("/usr/local/bin/determinate-nixd", Installer::Determinate),
        ("/nix/lix-installer", Installer::Lix),
        ("/nix/receipt.json", Installer::Receipt),
        ("/nix/nix-installer", Installer::Receipt),
    ];
    let found = traces.into_iter().find(|(path, _)| vantage.system(path).exists());
    found.map_or_else(
        || origin(Installer::Script, format!("`{real}`, and no receipt or package that it is from")),
        |(path, installer)| origin(installer, format!("`{path}` exists")),
    )
}

/// The package manager that knows the program, from its files; `rpm` keeps none that can be read.
fn manager(vantage: &Vantage, program: &Utf8Path) -> Option<&'static str> {
    let text = |path: &str| vantage.read(&vantage.system(path)).known().cloned().flatten().unwrap_or_default();
    if ["nix-bin", "nix"].iter().any(|name| lists(&text(&format!("/var/lib/dpkg/info/{name}.list")), program)) {
        return Some("dpkg");
    }
    let is_nix = |name: &str| name.strip_prefix("nix-").is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()));
    let mut local = vantage.system("/var/lib/pacman/local").read_dir_utf8().into_iter().flatten().flatten();
    if local.any(|entry| is_nix(entry.file_name())) {
        return Some("pacman");
    }
    if text("/lib/apk/db/installed").lines().any(|line| line == "P:nix") {
        return Some("apk");
    }
    let is_of_rpm = vantage.system("/var/lib/rpm").is_dir() || vantage.system("/usr/lib/sysimage/rpm").is_dir();
    let owner = is_of_rpm.then(|| vantage.run("rpm", &["-qf", program.as_str()]))?;
    owner.known().is_some_and(crate::host::probe::Output::is_success).then_some("rpm")
}

/// Whether the list of a package's files names the program, also where `/bin` is `/usr/bin`.
fn lists(files: &str, program: &Utf8Path) -> bool {
    files.lines().any(|file| file == program || file.strip_prefix("/usr").is_some_and(|file| file == program))
}
