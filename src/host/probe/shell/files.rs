//! The start-up files of shells, and the files that those source.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::Access;

use crate::facts::shell::startup::{self, Scan};
use crate::facts::shell::{Clobber, Form, Hook, HookBy, LinkEnd, Places, ShellKind, StartupFile};
use crate::facts::text_file::TextFile;
use crate::host::probe::Vantage;
use crate::line_edit;

/// How many files are read for one shell, and how much of each: a hook belongs at the end, also of a long one.
const MOST_FILES: usize = 32;
const MOST_BYTES: usize = 32 << 20;

/// Login files, which set PATH.
const LOGIN_FILES: [(&str, ShellKind); 5] = [
    (".profile", ShellKind::Bash),
    (".bash_profile", ShellKind::Bash),
    (".bash_login", ShellKind::Bash),
    (".login", ShellKind::Tcsh),
    (".zlogin", ShellKind::Zsh),
];

/// The start-up files of the shells that are used, set up or installed, and lines that replace PATH.
pub(super) fn look(vantage: &Vantage, places: &Places, used: &[ShellKind]) -> (Vec<StartupFile>, Vec<Clobber>) {
    let mut clobbers = BTreeMap::new();
    let mut files = Vec::new();
    for shell in ShellKind::ALL {
        let path = shell.startup_file(places);
        let is_there = path.symlink_metadata().is_ok();
        if used.contains(&shell) || is_there || vantage.find(shell.program()).is_some() {
            files.push(startup_file(vantage, places, shell, &path, &mut clobbers));
        }
    }
    for (name, shell) in LOGIN_FILES {
        let path = places.home.join(name);
        if let Some(text) = read(&path) {
            note(&path, &startup::scan(shell, &text), &mut clobbers);
        }
    }
    let clobbers =
        clobbers.into_iter().flat_map(|(path, lines)| lines.into_iter().map(move |line| Clobber { path: path.clone(), line }));
    (files, clobbers.collect())
}

fn note(path: &Utf8Path, scan: &Scan, clobbers: &mut BTreeMap<Utf8PathBuf, BTreeSet<usize>>) {
    if !scan.clobbers.is_empty() {
        clobbers.entry(path.to_owned()).or_default().extend(&scan.clobbers);
    }
}

fn startup_file(
    vantage: &Vantage,
    places: &Places,
    shell: ShellKind,
    path: &Utf8Path,
    clobbers: &mut BTreeMap<Utf8PathBuf, BTreeSet<usize>>,
) -> StartupFile {
    let TextFile { form, is_writable, is_text, blocks, .. } = text_file(vantage, path);
    let is_generated = matches!(form, Form::Symlink { end: LinkEnd::Store, .. });
    let scans = scans(vantage, places, shell, path);
    let own = |by: HookBy| if is_generated { HookBy::HomeManager } else { by };
    let mut direnv = None;
    let mut devenv = None;
    for (file, scan) in &scans {
        note(file, scan, clobbers);
        let hook = |line, by, followed_by| Hook { by: own(by), path: file.clone(), line, followed_by };
        let by = |is_plugin| if is_plugin { HookBy::Plugin } else { HookBy::Line };
        let found = scan.direnv.map(|(line, is_plugin)| hook(line, by(is_plugin), scan.after_hook.clone()));
        direnv = direnv.or(found);
        devenv = devenv.or_else(|| scan.devenv.map(|line| hook(line, HookBy::Line, Vec::new())));
    }
    StartupFile {
        shell,
        path: path.to_owned(),
        is_writable,
        form,
        is_text,
        blocks,
        direnv: direnv.or_else(|| system_hook(vantage, shell)),
        devenv,
    }
}

/// The start-up file, what else the shell reads, and what those source, in that order.
fn scans(vantage: &Vantage, places: &Places, shell: ShellKind, path: &Utf8Path) -> Vec<(Utf8PathBuf, Scan)> {
    let mut waiting: Vec<Utf8PathBuf> = vec![path.to_owned()];
    waiting.extend(shell.further_files(places));
    waiting.extend(shell.folders(places).iter().flat_map(|folder| entries(folder)));
    let mut found: Vec<(Utf8PathBuf, Scan)> = Vec::new();
    let mut at = 0;
    while let Some(path) = waiting.get(at).cloned().filter(|_| at < MOST_FILES) {
        at += 1;
        let Some(text) = read(&path) else { continue };
        let scan = startup::scan(shell, &text);
        let expand = |path: &String| startup::expand(path, |name| vantage.variable(name).map(str::to_owned));
        let sourced = scan.sources.iter().filter_map(expand).map(Utf8PathBuf::from);
        let in_folders = scan.folders.iter().filter_map(expand).flat_map(|folder| entries(folder.as_str().into()));
        for next in sourced.chain(in_folders) {
            // Frameworks of plugins are large, and what they load is in their list.
            let is_framework = next.file_name().is_some_and(|name| name.starts_with("oh-my-"));
            if !is_framework && !waiting.contains(&next) {
                waiting.push(next);
            }
        }
        found.push((path, scan));
    }
    found
}

fn system_hook(vantage: &Vantage, shell: ShellKind) -> Option<Hook> {
    shell.system_files().iter().find_map(|file| {
        let text = read(&vantage.system(file))?;
        let (line, _) = startup::scan(shell, &text).direnv?;
        Some(Hook { by: HookBy::System, path: (*file).into(), line, followed_by: Vec::new() })
    })
}

fn read(path: &Utf8Path) -> Option<String> {
    if !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return None;
    }
    let mut bytes = fs_err::read(path).ok()?;
    bytes.truncate(MOST_BYTES);
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn entries(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Ok(entries) = folder.read_dir_utf8() else { return Vec::new() };
    let mut files: Vec<Utf8PathBuf> =
        entries.flatten().map(|entry| entry.path().to_owned()).filter(|path| path.is_file()).collect();
    files.sort_unstable();
    files
}

/// A file as something that lines may be added to.
pub(in crate::host::probe) fn text_file(vantage: &Vantage, path: &Utf8Path) -> TextFile {
    let form = form(vantage, path);
    // A pipe is not read: nobody may ever write to it. UTF-16 has zero bytes, and lines of ours would be in no encoding.
    let bytes = path.is_file().then(|| fs_err::read(path).ok()).flatten().unwrap_or_default();
    let (is_text, blocks) = (!bytes.contains(&0), line_edit::blocks_of(&bytes));
    TextFile { path: path.to_owned(), is_writable: is_writable(path, &form), form, is_text, blocks }
}

fn form(vantage: &Vantage, path: &Utf8Path) -> Form {
    let Ok(metadata) = path.symlink_metadata() else { return Form::Absent };
    if metadata.is_symlink() {
        let named = path.read_link_utf8().unwrap_or_default();
        let Ok(target) = path.canonicalize_utf8() else { return Form::Symlink { target: named, end: LinkEnd::Nothing } };
        let is_generated = [&named, &target]
            .into_iter()
            .any(|path| path.starts_with("/nix/store") || path.starts_with(vantage.system("/nix/store")));
        return Form::Symlink { target, end: if is_generated { LinkEnd::Store } else { LinkEnd::File } };
    }
    match metadata {
        metadata if metadata.is_file() => Form::Plain,
        metadata if metadata.is_dir() => Form::Directory,
        _ => Form::Special,
    }
}

fn is_writable(path: &Utf8Path, form: &Form) -> bool {
    let may = |path: &Utf8Path| rustix::fs::access(path.as_std_path(), Access::WRITE_OK).is_ok();
    match form {
        // The nearest folder that exists decides whether a file can be made.
        Form::Absent => path.ancestors().skip(1).find(|above| above.exists()).is_some_and(|above| above.is_dir() && may(above)),
        Form::Plain | Form::Symlink { .. } => may(path),
        Form::Directory | Form::Special => false,
    }
}
