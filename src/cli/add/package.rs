//! `nixstart add package`: a package of nixpkgs for the dev shell, added to the list in `devenv.nix`.

use crate::cli::{PlanFlags, Session, carry_out};
use crate::error::{Error, Result};
use crate::file_tree::RelativePath;
use crate::host::lock::Lock;
use crate::host::vault::Vault;
use crate::host::{files, paths};
use crate::nix::edit::add_to_list;
use crate::project::change;

/// Where a dev shell of devenv lists its packages.
const FILE: &str = "devenv.nix";

pub(super) fn run(session: &mut Session, flags: PlanFlags, attribute: &str) -> Result<()> {
    refuse_odd_attribute(attribute)?;
    let here = paths::current_directory()?;
    let root = here.ancestors().find(|directory| directory.join(FILE).is_file()).ok_or_else(|| {
        Error::failed(format!("there is no `{FILE}` in `{}` or above it", paths::shown(&here)))
            .hint(format!("add `pkgs.{attribute}` to the packages of your dev shell by hand"))
    })?;
    let _lock = if flags.dry_run { None } else { Some(Lock::acquire(root)?) };
    let existing = files::read_plain(&root.join(FILE))?;
    let text =
        String::from_utf8(existing.contents.clone()).map_err(|_not_text| Error::failed(format!("`{FILE}` is no UTF-8 text")))?;
    let element = format!("pkgs.{attribute}");
    let edited = add_to_list(&text, "packages", &element).map_err(|error| {
        Error::refused(format!("`{FILE}` is not changed: {error}"))
            .hint(format!("write `{element}` into the list `packages` by hand: `packages = [ {element} ];`"))
    })?;
    let Some(edited) = edited else {
        session.ui.say(&format!("`{element}` is in `{FILE}` already"));
        return Ok(());
    };
    let path = RelativePath::parse(FILE).map_err(Error::failed)?;
    let plan =
        change::of_one_file(root, "add", format!("Add {attribute} to the dev shell"), (path, existing, edited.into_bytes()));
    carry_out::carry_out(session, &plan, &Vault::default(), flags).map(drop)
}

/// An attribute path of nixpkgs and nothing else: it becomes a part of a program.
fn refuse_odd_attribute(attribute: &str) -> Result<()> {
    let is_name = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part.chars().all(|character| character.is_ascii_alphanumeric() || "_-'".contains(character))
    };
    if attribute.split('.').all(is_name) {
        return Ok(());
    }
    let hint = match attribute.strip_prefix("pkgs.").or_else(|| attribute.strip_prefix("nixpkgs#")) {
        Some(rest) => format!("leave out what is before `{rest}`"),
        None => "find packages with `nix search nixpkgs NAME`, or on search.nixos.org".to_owned(),
    };
    Err(Error::usage(format!("`{attribute}` is no attribute of nixpkgs")).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_attribute_path_becomes_a_part_of_a_program() {
        for attribute in ["jq", "python3Packages.black", "_7zz", "nodePackages.typescript-language-server"] {
            assert!(refuse_odd_attribute(attribute).is_ok(), "{attribute}");
        }
        for attribute in ["", "a b", "a;", "nixpkgs#jq", "a..b", "7zip", "jq ]; x = [", "${x}"] {
            assert!(refuse_odd_attribute(attribute).is_err(), "{attribute}");
        }
    }
}
