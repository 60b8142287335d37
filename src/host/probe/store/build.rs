//! Builds a few bytes, so that everything a build needs is tried at once. The builder tells what it sees of the machine.

use std::time::{SystemTime, UNIX_EPOCH};

use camino::Utf8PathBuf;
use serde_json::Value;

use crate::facts::Fact;
use crate::facts::store::ProbeBuild;
use crate::host::probe::nix::{call, places};
use crate::host::probe::{Output, Vantage};

pub(super) fn look(vantage: &Vantage) -> Fact<ProbeBuild> {
    // The name is new each time, so that the build is carried out.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let expression = format!(
        "derivation {{ name = \"nixstart-probe-{since}\"; system = builtins.currentSystem; builder = \"/bin/sh\"; \
         args = [ \"-c\" \"for name in /*; do echo \\$name; done > \\$out\" ]; }}"
    );
    let arguments = ["build", "--impure", "--no-link", "--json", "--option", "substitute", "false", "--expr", &expression];
    match call::nix(vantage, &arguments) {
        Fact::Known(output) if output.is_success() => match seen(vantage, &output) {
            Some(seen) => ProbeBuild::Built { seen }.into(),
            None => Fact::failed("what was built cannot be read"),
        },
        Fact::Known(output) => ProbeBuild::Failed(call::complaint(&output.stderr)).into(),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// The names that the builder saw in `/`, from the file that it made.
fn seen(vantage: &Vantage, output: &Output) -> Option<Vec<String>> {
    let built: Value = serde_json::from_str(&output.stdout).ok()?;
    let path = built.pointer("/0/outputs/out")?.as_str()?;
    let own = vantage.variable("NIX_REMOTE").filter(|remote| remote.starts_with('/')).map(Utf8PathBuf::from);
    let roots = [Some(Utf8PathBuf::from("/")), own, places::chroot_store(vantage)];
    let text =
        roots.into_iter().flatten().find_map(|root| fs_err::read_to_string(root.join(path.trim_start_matches('/'))).ok())?;
    Some(text.lines().map(|line| line.trim_start_matches('/').to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::vantage;
    use super::*;

    /// Builds with the `nix` of this machine in a store of its own, which is only possible where namespaces are.
    #[test]
    fn a_build_is_carried_out_or_says_why_not() {
        let (root, mut vantage) = vantage();
        vantage.environment.insert("PATH".into(), std::env::var("PATH").unwrap());
        vantage.environment.insert("NIX_REMOTE".into(), root.join("own").to_string());
        vantage.environment.insert("NIX_CONFIG".into(), "sandbox = false\nbuild-users-group =\nsubstituters =".into());
        match look(&vantage) {
            Fact::Known(ProbeBuild::Built { seen }) => assert!(seen.contains(&"nix".to_owned()), "{seen:?}"),
            Fact::Known(ProbeBuild::Failed(lines)) => assert!(!lines.is_empty()),
            Fact::Unknown(why) => assert_eq!(why.to_string(), "Nix is not installed"),
        }
    }
}
