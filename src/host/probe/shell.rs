//! Looks at the user's shells: which they are, and the text of their start-up files. A shell is started only in depth.

mod files;
mod processes;

use std::collections::BTreeMap;
use std::thread;

use camino::{Utf8Path, Utf8PathBuf};

use super::Vantage;
use crate::facts::shell::{
    Places, Shell, ShellEnvironment, ShellKind, StartupFile, is_interactive, login_shell, login_shell_of_dscl, nesting, startup,
};
use crate::facts::{Fact, Unknown};
pub(super) use files::text_file;

pub(super) fn look(vantage: &Vantage) -> Shell {
    let login = login(vantage);
    let variable = vantage.variable("SHELL").map(Utf8PathBuf::from);
    let parent = processes::nearest_shell(vantage);
    let used = [login.known().cloned().flatten(), variable.clone(), parent.known().cloned().flatten()];
    let used: Vec<ShellKind> = used.iter().flatten().filter_map(|path| ShellKind::of_program(path.as_str())).collect();
    let shell = Shell { login, variable: variable.into(), parent, environment: environment(vantage).into(), ..Shell::default() };
    let Some(places) = places(vantage) else { return shell };
    let (files, clobbers) = files::look(vantage, &places, &used);
    let effective = effective(vantage, &files, &used);
    let login_file_without_bashrc = login_file(vantage, &places);
    Shell { files: files.into(), clobbers: clobbers.into(), effective, login_file_without_bashrc, ..shell }
}

/// The shell that the user database names.
fn login(vantage: &Vantage) -> Fact<Option<Utf8PathBuf>> {
    let user = vantage.variable("USER").or_else(|| vantage.variable("LOGNAME"));
    let uid = rustix::process::getuid().as_raw();
    if cfg!(target_os = "macos") {
        let Some(user) = user else { return Fact::failed("neither USER nor LOGNAME is set") };
        let output = vantage.run("dscl", &[".", "-read", &format!("/Users/{user}"), "UserShell"]);
        return output.map(|output| login_shell_of_dscl(&output.stdout));
    }
    let passwd = vantage.read(&vantage.system("/etc/passwd"));
    match passwd {
        Fact::Known(text) => {
            let found = text.and_then(|text| login_shell(&text, user, uid));
            // Users of a directory service are in no file.
            found.map_or_else(|| from_directory_service(vantage, user), |shell| Some(shell).into())
        }
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

fn from_directory_service(vantage: &Vantage, user: Option<&str>) -> Fact<Option<Utf8PathBuf>> {
    let Some(user) = user else { return None.into() };
    match vantage.run("getent", &["passwd", user]) {
        Fact::Known(output) => login_shell(&output.stdout, Some(user), u32::MAX).into(),
        Fact::Unknown(Unknown::Irrelevant(_)) => None.into(),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

fn places(vantage: &Vantage) -> Option<Places> {
    let home = vantage.home()?.to_owned();
    let config = vantage.variable("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), Utf8PathBuf::from);
    let zsh = vantage.variable("ZDOTDIR").map_or_else(|| home.clone(), Utf8PathBuf::from);
    let is_elsewhere = cfg!(target_os = "macos") && vantage.variable("XDG_CONFIG_HOME").is_none();
    let nushell = if is_elsewhere { home.join("Library/Application Support/nushell") } else { config.join("nushell") };
    Some(Places { home, zsh, config, nushell })
}

fn environment(vantage: &Vantage) -> ShellEnvironment {
    let path = |name: &str| vantage.variable(name).map(Utf8PathBuf::from);
    let temporary = path("NIX_BUILD_TOP").or_else(|| path("TMPDIR"));
    ShellEnvironment {
        directory: vantage.directory.clone(),
        in_nix_shell: vantage.variable("IN_NIX_SHELL").map(str::to_owned),
        devenv_root: path("DEVENV_ROOT"),
        // direnv writes a dash before the directory.
        direnv_directory: vantage.variable("DIRENV_DIR").map(|directory| directory.trim_start_matches('-').into()),
        nix_shells: temporary.map_or(0, |directory| nesting(&directory)),
    }
}

/// Starts the shells that are used, as a person would, and asks them for the hook.
fn effective(vantage: &Vantage, files: &[StartupFile], used: &[ShellKind]) -> Fact<BTreeMap<ShellKind, bool>> {
    if !vantage.reach.deep {
        return Fact::not_looked("only with `--deep`");
    }
    let asked = files.iter().map(|file| file.shell).filter(|shell| used.contains(shell) && shell.hook_question().is_some());
    let answers: Vec<(ShellKind, Fact<bool>)> = thread::scope(|scope| {
        let threads: Vec<_> = asked.map(|shell| scope.spawn(move || (shell, is_hooked(vantage, shell)))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let mut known = BTreeMap::new();
    for (shell, answer) in answers {
        match answer {
            Fact::Known(is_hooked) => {
                known.insert(shell, is_hooked);
            }
            Fact::Unknown(Unknown::Irrelevant(_)) => {}
            Fact::Unknown(why) => return Fact::Unknown(why),
        }
    }
    known.into()
}

fn is_hooked(vantage: &Vantage, shell: ShellKind) -> Fact<bool> {
    let Some([flag, question]) = shell.hook_question() else { return Fact::irrelevant("this shell cannot be asked") };
    // An interactive shell in a background group of a terminal is stopped by it, so it gets a session of its own; the
    // program that ends it is in that session.
    let seconds = vantage.timeout.as_secs().max(1).to_string();
    let detached = ["--wait", "timeout", "--signal=KILL", seconds.as_str(), shell.program(), flag, question];
    let can_detach = vantage.find("setsid").is_some() && vantage.find("timeout").is_some();
    let output = match vantage.find(shell.program()) {
        None => Fact::irrelevant(format!("{shell} is not installed")),
        Some(_) if can_detach => vantage.run("setsid", &detached),
        Some(_) => vantage.run(shell.program(), &[flag, question]),
    };
    output.map(|output| match shell {
        ShellKind::Tcsh => output.stdout.contains("direnv export"),
        _ => output.is_success(),
    })
}

/// The login file of bash on macOS, where every terminal starts a login shell, when it does not read `.bashrc`.
fn login_file(vantage: &Vantage, places: &Places) -> Fact<Option<Utf8PathBuf>> {
    if !cfg!(target_os = "macos") {
        return Fact::irrelevant("this is not macOS");
    }
    first_login_file(vantage, &places.home)
}

fn first_login_file(vantage: &Vantage, home: &Utf8Path) -> Fact<Option<Utf8PathBuf>> {
    // bash reads the first of these that exists.
    let files = [".bash_profile", ".bash_login", ".profile"].map(|name| home.join(name));
    let file = files.iter().find(|file| file.is_file()).unwrap_or(&files[0]);
    match vantage.read(file) {
        Fact::Known(text) => {
            let sources = startup::scan(ShellKind::Bash, &text.unwrap_or_default()).sources;
            let reads = sources.iter().any(|source| source.ends_with(".bashrc"));
            (!reads).then(|| file.clone()).into()
        }
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// Whether a person types into the shell with this command line, and which shell that is.
fn typed_into(arguments: &[String]) -> Option<Utf8PathBuf> {
    let program = arguments.first()?;
    ShellKind::of_program(program)?;
    is_interactive(arguments).then(|| program.trim_start_matches('-').into())
}

#[cfg(test)]
mod tests {
    use super::super::tests::vantage;
    use super::*;
    use crate::facts::shell::{Form, HookBy, LinkEnd};

    fn zsh_of(shell: &Shell) -> &StartupFile {
        shell.file_of(ShellKind::Zsh).unwrap()
    }

    #[test]
    fn finds_the_shell_the_user_has() {
        let (root, mut vantage) = vantage();
        fs_err::create_dir_all(root.join("etc")).unwrap();
        fs_err::write(root.join("etc/passwd"), "ada:x:77:77::/home/user:/bin/zsh\n").unwrap();
        vantage.environment.insert("USER".into(), "ada".into());
        let found = look(&vantage);
        assert_eq!(found.login, Some("/bin/zsh".into()).into());
        assert_eq!(found.used(), Some(ShellKind::Zsh));
        assert_eq!(zsh_of(&found).form, Form::Absent);
        assert!(zsh_of(&found).is_writable);
        vantage.environment.insert("SHELL".into(), "/usr/bin/fish".into());
        assert_eq!(look(&vantage).used(), Some(ShellKind::Fish));
    }

    #[test]
    fn zsh_has_its_files_where_zdotdir_says() {
        let (root, mut vantage) = vantage();
        let folder = root.join("home/user/.config/zsh");
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join(".zshrc"), "plugins=(git direnv)\r\n").unwrap();
        vantage.environment.insert("ZDOTDIR".into(), folder.to_string());
        let found = look(&vantage);
        let file = zsh_of(&found);
        assert_eq!((&file.path, &file.form), (&folder.join(".zshrc"), &Form::Plain));
        assert_eq!(file.direnv.as_ref().unwrap().by, HookBy::Plugin);
    }

    #[test]
    fn tells_home_managers_links_from_those_into_dotfiles() {
        let (root, vantage) = vantage();
        let home = root.join("home/user");
        for (target, end) in
            [("nix/store/abc-home-manager-files/.zshrc", LinkEnd::Store), ("home/user/dotfiles/zshrc", LinkEnd::File)]
        {
            let target = root.join(target);
            fs_err::create_dir_all(target.parent().unwrap()).unwrap();
            fs_err::write(&target, "eval \"$(/nix/store/x-direnv/bin/direnv hook zsh)\"\n").unwrap();
            let _old = fs_err::remove_file(home.join(".zshrc"));
            fs_err::os::unix::fs::symlink(&target, home.join(".zshrc")).unwrap();
            let found = look(&vantage);
            let file = zsh_of(&found);
            assert!(matches!(&file.form, Form::Symlink { end: found, .. } if *found == end), "{file:?}");
            let expected = if end == LinkEnd::Store { HookBy::HomeManager } else { HookBy::Line };
            assert_eq!(file.direnv.as_ref().unwrap().by, expected);
        }
        fs_err::remove_file(root.join("home/user/dotfiles/zshrc")).unwrap();
        let found = look(&vantage);
        assert!(matches!(&zsh_of(&found).form, Form::Symlink { end: LinkEnd::Nothing, .. }));
    }

    #[test]
    fn reads_files_that_are_sourced_and_those_of_the_machine() {
        let (root, vantage) = vantage();
        let home = root.join("home/user");
        fs_err::create_dir_all(home.join(".bashrc.d")).unwrap();
        fs_err::write(home.join(".bashrc"), "for rc in ~/.bashrc.d/*; do . \"$rc\"; done\n").unwrap();
        fs_err::write(home.join(".bashrc.d/direnv"), "\neval \"$(direnv hook bash)\"\n").unwrap();
        let found = look(&vantage);
        let hook = found.file_of(ShellKind::Bash).unwrap().direnv.clone().unwrap();
        assert_eq!((hook.path, hook.line, hook.by), (home.join(".bashrc.d/direnv"), 2, HookBy::Line));
        fs_err::remove_file(home.join(".bashrc.d/direnv")).unwrap();
        fs_err::create_dir_all(root.join("etc")).unwrap();
        fs_err::write(root.join("etc/bashrc"), "eval \"$(direnv hook bash)\"\n").unwrap();
        assert_eq!(look(&vantage).file_of(ShellKind::Bash).unwrap().direnv.clone().unwrap().by, HookBy::System);
    }

    #[test]
    fn says_what_cannot_be_edited() {
        let (root, vantage) = vantage();
        let home = root.join("home/user");
        fs_err::write(home.join(".zshrc"), b"# caf\xe9\nexport PATH=/usr/bin\n").unwrap();
        fs_err::create_dir_all(home.join(".config/fish")).unwrap();
        fs_err::write(home.join(".config/fish/config.fish"), b"#\0\n\0").unwrap();
        fs_err::create_dir_all(home.join(".bashrc")).unwrap();
        let found = look(&vantage);
        assert!(zsh_of(&found).is_text && zsh_of(&found).is_writable);
        assert!(!found.file_of(ShellKind::Fish).unwrap().is_text);
        assert_eq!(found.clobbers.known().unwrap()[0].line, 2);
        let bash = found.file_of(ShellKind::Bash).unwrap();
        assert_eq!(bash.form, Form::Directory);
    }

    #[test]
    fn asks_the_real_bash_for_the_hook_in_depth() {
        let (root, mut vantage) = vantage();
        vantage.environment.insert("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into());
        vantage.environment.insert("SHELL".into(), "/bin/bash".into());
        assert_eq!(look(&vantage).effective, Fact::not_looked("only with `--deep`"));
        vantage.reach.deep = true;
        assert_eq!(look(&vantage).effective.known().unwrap().get(&ShellKind::Bash), Some(&false));
        fs_err::write(root.join("home/user/.bashrc"), "_direnv_hook() { :; }\n").unwrap();
        assert_eq!(look(&vantage).effective.known().unwrap().get(&ShellKind::Bash), Some(&true));
    }

    #[test]
    fn a_login_file_that_does_not_read_bashrc_is_named() {
        let (root, vantage) = vantage();
        let home = root.join("home/user");
        assert_eq!(first_login_file(&vantage, &home), Some(home.join(".bash_profile")).into());
        fs_err::write(home.join(".profile"), "[ -f ~/.bashrc ] && . ~/.bashrc\n").unwrap();
        assert_eq!(first_login_file(&vantage, &home), None.into());
    }

    #[test]
    fn reads_what_variables_say() {
        let (_root, mut vantage) = vantage();
        for (name, value) in
            [("IN_NIX_SHELL", "impure"), ("DEVENV_ROOT", "/p"), ("DIRENV_DIR", "-/p"), ("TMPDIR", "/tmp/nix-shell.x")]
        {
            vantage.environment.insert(name.into(), value.into());
        }
        let found = environment(&vantage);
        assert_eq!(found.direnv_directory.unwrap(), "/p");
        assert_eq!((found.in_nix_shell.as_deref(), found.nix_shells), (Some("impure"), 1));
    }
}
