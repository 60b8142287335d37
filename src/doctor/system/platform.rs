//! Judges what the machine is: system, processor, WSL.

use super::super::{FileEdit, Fix, Look, Problem, Verdict};
use crate::facts::system::{Distribution, Init, Kernel, MacOs, Mount};
use crate::facts::{Facts, Unknown};
use crate::template::escape;

/// The oldest macOS that the install script of Nix accepts.
const OLDEST_MACOS: u32 = 14;
/// Processors that Linux can have Nix on. For those after the second, caches have few or no builds.
const LINUX: [&str; 11] =
    ["x86_64", "aarch64", "i686", "i586", "i386", "armv6l", "armv7l", "armv8l", "ppc64", "ppc64le", "riscv64"];

const WSL_CONF: &str = "/etc/wsl.conf";

pub(super) fn is_supported(facts: &Facts) -> Look {
    let kernel = facts.system.kernel.get()?;
    let Kernel { name, machine, .. } = kernel;
    let here = format!("{name} on {machine}");
    let is_apple = facts.system.macos.known().is_some_and(|mac| mac.is_arm);
    Ok(match (name.as_str(), kernel.architecture()) {
        ("Linux", "x86_64" | "aarch64") => Verdict::Pass(label(facts).map_or(here.clone(), |name| format!("{name}, {here}"))),
        ("Linux", other) if LINUX.contains(&other) => Verdict::Warn(
            Problem::new(format!("{here}: Nix runs, but hardly anything comes ready from a cache"))
                .fix(Fix::by_hand("Use a 64-bit system where the processor allows it", &[])),
        ),
        ("Darwin", "aarch64") => of_macos(facts, here),
        ("Darwin", _) if is_apple => of_macos(facts, here),
        ("Darwin", _) => Verdict::Warn(
            Problem::new(format!("{here}: installers of Nix have given Intel's processors up"))
                .detail("an installed Nix goes on working; newer releases and packages will not come"),
        ),
        ("FreeBSD", "x86_64") => Verdict::Pass(here),
        _ => Verdict::Fail(
            Problem::new(format!("there is no Nix for {here}"))
                .fix(Fix::by_hand("Work on a system that Nix is built for, or in a container or machine on it", &[])),
        ),
    })
}

fn label(facts: &Facts) -> Option<&str> {
    facts.system.distribution.known().map(Distribution::label)
}

fn of_macos(facts: &Facts, here: String) -> Verdict {
    let mac = facts.system.macos.known();
    match mac.and_then(MacOs::major) {
        Some(major) if major < OLDEST_MACOS => Verdict::Warn(
            Problem::new(format!("macOS {major} is older than installers of Nix accept"))
                .fix(Fix::by_hand(&format!("Update macOS to {OLDEST_MACOS} or newer in the system settings"), &[])),
        ),
        Some(major) => Verdict::Pass(format!("macOS {major}, {here}")),
        None => Verdict::Pass(here),
    }
}

pub(super) fn is_native(facts: &Facts) -> Look {
    if facts.system.macos.known().is_some_and(|mac| mac.is_translated) {
        return Ok(Verdict::Warn(Problem::new("this terminal is translated by Rosetta").fix(Fix::by_hand(
            "Take `Open using Rosetta` from the terminal's information in Finder and open it anew, or for one command",
            &["arch -arm64 $SHELL -l"],
        ))));
    }
    let machine = facts.system.kernel.get()?.architecture();
    let own = facts.system.own_architecture.get()?.as_str();
    // A 64-bit kernel names itself even when everything above it is 32-bit; `x86` is Rust's word for all of Intel's.
    let is_same = machine == own
        || (own == "x86" && matches!(machine, "i386" | "i486" | "i586" | "i686"))
        || (own == "arm" && machine.starts_with("armv"))
        || (own == "powerpc64" && machine.starts_with("ppc64"));
    Ok(if is_same {
        Verdict::Pass(format!("`{machine}`"))
    } else {
        Verdict::Warn(
            Problem::new(format!("this nixstart is made for `{own}`, and the machine is `{machine}`"))
                .fix(Fix::by_hand(&format!("Use the nixstart that is made for `{machine}`"), &[])),
        )
    })
}

pub(super) fn is_wsl_two(facts: &Facts) -> Look {
    let wsl = facts.system.wsl.get()?;
    if wsl.version != 1 {
        return Ok(Verdict::Pass(format!("WSL {}", wsl.version)));
    }
    let name = wsl.distribution.as_deref().unwrap_or("<distribution>");
    let convert = format!("wsl.exe --set-version {} 2", quoted(name));
    Ok(Verdict::Fail(
        Problem::new("this is WSL 1")
            .fix(Fix::by_hand("Convert it from a terminal of Windows; it takes some minutes", &["wsl.exe --list -v", &convert])),
    ))
}

fn quoted(name: &str) -> String {
    if name.contains(' ') { format!("\"{name}\"") } else { name.to_owned() }
}

pub(super) fn has_wsl_systemd(facts: &Facts) -> Look {
    let wsl = facts.system.wsl.get()?;
    if *facts.system.init.get()? == Init::Systemd {
        return Ok(Verdict::Pass("systemd runs".to_owned()));
    }
    let problem = Problem::new("systemd does not run");
    let then = "then `wsl.exe --shutdown` in Windows";
    let fix = match &wsl.systemd_line {
        Some(line) if line.to_ascii_lowercase().contains("true") => {
            let asked = Problem::new("`/etc/wsl.conf` asks for systemd, which does not run yet");
            return Ok(Verdict::Warn(asked.fix(Fix::by_hand("Shut WSL down and open it anew", &["wsl.exe --shutdown"]))));
        }
        Some(old) => {
            Fix::edit_as_root(&format!("Turn systemd on, {then}"), vec![FileEdit::replace(WSL_CONF, old, "systemd=true")])
        }
        None if wsl.has_boot_section => Fix::by_hand(
            &format!("Write `systemd=true` below `[boot]`, {then}"),
            &["sudo sed -i 's/^\\[boot\\]/&\\nsystemd=true/' /etc/wsl.conf", "wsl.exe --shutdown"],
        ),
        None => Fix::edit_as_root(
            &format!("Turn systemd on, {then}"),
            vec![FileEdit::add(WSL_CONF, vec!["[boot]".to_owned(), "systemd=true".to_owned()])],
        ),
    };
    Ok(Verdict::Warn(problem.fix(fix)))
}

pub(super) fn is_on_own_disk(facts: &Facts) -> Look {
    facts.system.wsl.get()?;
    let project = facts.system.project.get()?;
    let below_mnt = project.path.strip_prefix("/mnt").ok().and_then(|rest| rest.components().next());
    let is_drive = below_mnt.is_some_and(|drive| drive.as_str().chars().count() == 1);
    let mount = project.mount.as_ref();
    if !is_drive && !mount.is_some_and(Mount::is_of_windows) {
        return Ok(Verdict::Pass(format!("`{}`", project.path)));
    }
    let name = project.path.file_name().ok_or_else(|| Unknown::Irrelevant("this is no project".to_owned()))?;
    let kind = mount.map_or("a drive of Windows", |mount| mount.kind.as_str());
    Ok(Verdict::Warn(Problem::new("the project is on a drive of Windows").detail(format!("`{}` ({kind})", project.path)).fix(
        Fix::by_hand(
            "Take a copy in your home directory and work there; a fresh clone is best",
            &[&format!("cp -a {} ~/{}", escape::sh(project.path.as_str()), escape::sh(name))],
        ),
    )))
}
