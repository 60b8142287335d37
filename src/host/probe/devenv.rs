//! Looks at devenv.

use camino::{Utf8Path, Utf8PathBuf};
use semver::Version;

use super::Vantage;
use super::git::project_directories;
use crate::facts::Fact;
use crate::facts::devenv::{self, Devenv};

pub(super) fn look(vantage: &Vantage) -> Devenv {
    let program = vantage.find("devenv");
    let directories = project_directories(vantage);
    let project = directories.iter().find(|directory| directory.join("devenv.nix").is_file()).cloned();
    let text = |name: &str| {
        let read = |project: &Utf8PathBuf| vantage.read(&project.join(name)).known().cloned().flatten();
        project.as_ref().and_then(read).unwrap_or_default()
    };
    let requirement = devenv::requirement(&text("devenv.yaml"), &text("devenv.lock"));
    Devenv {
        version: version(vantage, program.as_deref(), requirement.is_some()),
        is_trusted: match &project {
            Some(project) => is_trusted(vantage, project),
            None => Fact::irrelevant("there is no `devenv.nix`"),
        },
        program: program.into(),
        project: project.into(),
        requirement: requirement.into(),
    }
}

/// The version, from the name of a store path where it is one; devenv itself is asked only when the version matters.
fn version(vantage: &Vantage, program: Option<&Utf8Path>, matters: bool) -> Fact<Version> {
    let Some(program) = program else { return Fact::irrelevant("`devenv` is not installed") };
    let of_path = |path: &Utf8PathBuf| {
        let name = path.components().find_map(|part| part.as_str().split_once("-devenv-"))?.1.to_owned();
        Version::parse(&name).ok()
    };
    if let Some(version) = program.canonicalize_utf8().ok().as_ref().and_then(of_path) {
        return version.into();
    }
    if !matters {
        return Fact::not_looked("nothing asks for a version of devenv");
    }
    match vantage.run("devenv", &["version"]) {
        Fact::Known(output) => devenv::version(&output.stdout)
            .map_or_else(|| Fact::failed("`devenv version` says nothing that can be read"), Fact::Known),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// Whether `devenv allow` was run for a project: its trust database names it.
fn is_trusted(vantage: &Vantage, project: &Utf8Path) -> Fact<bool> {
    let home = vantage.variable("DEVENV_HOME").map(Utf8PathBuf::from);
    let data = || vantage.variable("XDG_DATA_HOME").map(Utf8PathBuf::from).or_else(|| Some(vantage.home()?.join(".local/share")));
    let Some(home) = home.or_else(|| Some(data()?.join("devenv"))) else { return Fact::failed("HOME is not set") };
    let project = project.canonicalize_utf8().unwrap_or_else(|_| project.to_owned());
    vantage.read(&home.join("allowed")).map(|text| devenv::is_trusted(&text.unwrap_or_default(), &project))
}

#[cfg(test)]
mod tests {
    use super::super::git::tests::repository;
    use super::*;

    #[test]
    fn reads_trust_and_requirement() {
        let (project, vantage) = repository();
        assert_eq!(look(&vantage).project, None.into());
        fs_err::write(project.join("devenv.nix"), "{ }").unwrap();
        fs_err::write(project.join("devenv.yaml"), "require_version: \">=2.1\"\n").unwrap();
        let found = look(&vantage);
        assert_eq!((found.is_trusted, found.project), (false.into(), Some(project.clone()).into()));
        assert_eq!(found.requirement.known().unwrap().as_ref().unwrap().versions.to_string(), ">=2.1");
        let folder = vantage.home().unwrap().join(".local/share/devenv");
        fs_err::create_dir_all(&folder).unwrap();
        let real = project.canonicalize_utf8().unwrap();
        fs_err::write(folder.join("allowed"), format!("{{\"path\":\"{real}\"}}\n")).unwrap();
        assert_eq!(look(&vantage).is_trusted, true.into());
    }

    #[test]
    fn a_version_is_read_off_a_store_path() {
        let (project, vantage) = repository();
        let program = project.join("nix/store/abc-devenv-2.2.2/bin/devenv");
        fs_err::create_dir_all(program.parent().unwrap()).unwrap();
        fs_err::write(&program, "").unwrap();
        assert_eq!(version(&vantage, Some(&program), true), Version::new(2, 2, 2).into());
    }
}
