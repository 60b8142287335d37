//! What a person would type in place of a step.

use super::{Action, DownloadCheck, Privilege, Step};
use crate::template::escape;

impl Step {
    /// The command that does the same; `None` where no single command does.
    pub fn command_line(&self) -> Option<String> {
        let line = line(&words(&self.action)?);
        let line = match &self.action {
            Action::Download { path, check, .. } => ready_to_run(&line, path.as_str(), check),
            _ => line,
        };
        Some(if self.privilege == Privilege::Root { format!("sudo {line}") } else { line })
    }
}

/// A command as it can be pasted into a shell.
pub fn line(words: &[String]) -> String {
    words.iter().map(|word| escape::sh(word)).collect::<Vec<_>>().join(" ")
}

/// How commands that root runs are written in texts.
const WRITTEN: &str = "sudo ";
/// What stands before a command in a text.
const BEFORE: [&str; 5] = ["`", ": ", "&& ", "| ", "; "];

/// A text whose commands become root by another program, or are root's already. Flags are those of sudo, so a command that
/// gives it some stays.
pub fn spoken(text: &str, elevator: Option<&str>) -> String {
    let word = elevator.map_or_else(String::new, |program| format!("{program} "));
    let mut pieces = text.split(WRITTEN);
    let mut spoken = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let is_command = spoken.is_empty() || BEFORE.iter().any(|before| spoken.ends_with(before));
        spoken += if is_command && !piece.starts_with('-') { &word } else { WRITTEN };
        spoken += piece;
    }
    spoken
}

/// A download that is checked before it may be run.
fn ready_to_run(download: &str, path: &str, check: &DownloadCheck) -> String {
    let path = escape::sh(path);
    match check {
        DownloadCheck::Pinned { sha256 } => {
            format!("{download} && echo '{sha256}  '{path} | sha256sum --check && chmod u+x {path}")
        }
        DownloadCheck::Published { .. } | DownloadCheck::PublishedBeside { .. } => format!("{download} && chmod u+x {path}"),
    }
}

fn words(action: &Action) -> Option<Vec<String>> {
    let own = |words: &[&str]| Some(words.iter().map(ToString::to_string).collect());
    match action {
        Action::Run { program, arguments, .. } => Some(std::iter::once(program).chain(arguments).cloned().collect()),
        Action::SetMode { path, mode } => own(&["chmod", &format!("{mode:04o}"), path.as_str()]),
        Action::RemoveFile { path } => own(&["rm", path.as_str()]),
        Action::InitRepository { directory } => own(&["git", "init", directory.as_str()]),
        Action::StageFiles { directory, paths } => {
            let paths = paths.iter().map(crate::file_tree::RelativePath::as_str);
            own(&["git", "-C", directory.as_str(), "add", "--"].into_iter().chain(paths).collect::<Vec<_>>())
        }
        Action::Commit { directory, message } => own(&["git", "-C", directory.as_str(), "commit", "-m", message]),
        Action::Download { url, path, .. } => match url.strip_prefix("file://") {
            Some(file) => own(&["install", "-D", "-m", "700", file, path.as_str()]),
            None => own(&["curl", "--proto", "=https", "--create-dirs", "-fL", "-o", path.as_str(), url]),
        },
        Action::CreateDirectory { .. }
        | Action::CreateFiles { .. }
        | Action::ReplaceFile { .. }
        | Action::WriteSecrets { .. }
        | Action::ChangeSecrets { .. }
        | Action::EditFile { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_become_root_as_it_is_done_here_and_prose_stays() {
        let cases = [
            ("sudo apt-get purge direnv", "doas apt-get purge direnv", "apt-get purge direnv"),
            ("run `sudo a`, then `sudo b | sudo c`", "run `doas a`, then `doas b | doas c`", "run `a`, then `b | c`"),
            ("by hand: sudo a", "by hand: doas a", "by hand: a"),
            ("run `sudo -i nix upgrade-nix`", "run `sudo -i nix upgrade-nix`", "run `sudo -i nix upgrade-nix`"),
            ("neither sudo nor doas", "neither sudo nor doas", "neither sudo nor doas"),
        ];
        for (text, doas, root) in cases {
            assert_eq!((spoken(text, Some("sudo")).as_str(), spoken(text, Some("doas")).as_str()), (text, doas));
            assert_eq!(spoken(text, None), root);
        }
    }
}
