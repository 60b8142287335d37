//! Runs `nix` so that a missing network or setting costs nothing.

use super::program;
use crate::facts::Fact;
use crate::host::probe::{Output, Vantage};
use crate::nix::NixVersion;

/// What every call passes: the features it needs, and no waiting for caches.
const ALWAYS: [&str; 8] = [
    "--extra-experimental-features",
    "nix-command flakes",
    "--option",
    "download-attempts",
    "1",
    "--option",
    "connect-timeout",
    "3",
];

/// Runs the `nix` of the machine.
pub(in crate::host::probe) fn nix(vantage: &Vantage, arguments: &[&str]) -> Fact<Output> {
    let Some(program) = program(vantage) else { return Fact::irrelevant("Nix is not installed") };
    vantage.run(program.as_str(), &[ALWAYS.as_slice(), arguments].concat())
}

/// Runs a command that has two names. The new names came with 2.19 and 2.20, the old ones were kept until 2.35; where the
/// path of the program tells its version, the right one is tried first, because a second call takes as long as the first.
pub(in crate::host::probe) fn renamed(vantage: &Vantage, old: &[&str], new: &[&str]) -> Fact<Output> {
    let path = program(vantage).and_then(|program| program.canonicalize_utf8().ok());
    let is_new = path.and_then(|path| NixVersion::of_store_path(path.as_str())).is_some_and(|version| version.is_recommended());
    let (first, second) = if is_new { (new, old) } else { (old, new) };
    match nix(vantage, first) {
        Fact::Known(output) if !output.is_success() && output.stderr.contains("is not a recognised command") => {
            nix(vantage, second)
        }
        other => other,
    }
}

/// The first lines of what Nix said is wrong, without a line that could quote a secret.
pub(in crate::host::probe) fn complaint(stderr: &str) -> Vec<String> {
    let names_user = |line: &str| {
        line.split("://").skip(1).any(|rest| rest.split(['/', ' ', '\'']).next().is_some_and(|host| host.contains('@')))
    };
    let is_quoted = |line: &&str| line.contains("configuration line") || line.contains("token") || names_user(line);
    let errors =
        stderr.lines().map(str::trim).filter(|line| !line.is_empty() && !is_quoted(line) && !line.starts_with("Try 'nix"));
    let (errors, others): (Vec<&str>, Vec<&str>) = errors.partition(|line| line.starts_with("error:"));
    let lines = if errors.is_empty() { others } else { errors };
    lines.into_iter().take(5).map(|line| line.chars().filter(|c| !c.is_control()).take(300).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_wrong_and_no_settings() {
        let stderr = "warning: x\nerror: illegal configuration line 'access-tokens github.com=ghp_x' in 'NIX_CONFIG'\nerror: unable to download 'https://me:pw@x.example/y'\nerror: no disk\nTry 'nix --help' for more information.";
        assert_eq!(complaint(stderr), ["error: no disk"]);
    }
}
