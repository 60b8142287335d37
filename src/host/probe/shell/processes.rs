//! The processes above nixstart.

use camino::Utf8PathBuf;

use super::typed_into;
use crate::facts::Fact;
use crate::facts::shell::process_of_ps;
use crate::host::probe::Vantage;

/// How many processes are climbed: `sudo`, `make` and the like stand between a shell and nixstart.
const MOST: usize = 8;

/// The nearest shell above this process that a person types into.
pub(super) fn nearest_shell(vantage: &Vantage) -> Fact<Option<Utf8PathBuf>> {
    let Some(parent) = rustix::process::getppid() else { return None.into() };
    let parent = u32::try_from(parent.as_raw_nonzero().get()).unwrap_or(0);
    if vantage.system("/proc/self/stat").exists() {
        return climb(parent, |pid| of_proc(vantage, pid)).into();
    }
    if !cfg!(target_os = "macos") {
        return Fact::failed("`/proc` is not mounted");
    }
    vantage.run("ps", &["-axo", "pid=,ppid=,command="]).map(|output| climb(parent, |pid| process_of_ps(&output.stdout, pid)))
}

fn climb(start: u32, process: impl Fn(u32) -> Option<(u32, Vec<String>)>) -> Option<Utf8PathBuf> {
    let mut pid = start;
    for _ in 0..MOST {
        let (parent, arguments) = process(pid)?;
        if let Some(shell) = typed_into(&arguments) {
            return Some(shell);
        }
        pid = parent;
    }
    None
}

fn of_proc(vantage: &Vantage, pid: u32) -> Option<(u32, Vec<String>)> {
    let folder = vantage.system(&format!("/proc/{pid}"));
    let stat = fs_err::read_to_string(folder.join("stat")).ok()?;
    // The name, in parentheses, may hold anything; state and parent follow its last one.
    let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
    let line = fs_err::read(folder.join("cmdline")).ok()?;
    let arguments = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    let mut arguments: Vec<String> = arguments.collect();
    arguments.pop_if(|last| last.is_empty());
    Some((parent, arguments))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::vantage;
    use super::*;

    #[test]
    fn climbs_to_the_shell_that_a_person_types_into() {
        let (root, vantage) = vantage();
        let processes = [(7, "(a) b) S 6", "bash\0./build.sh\0"), (6, "make) S 5", "make\0all\0"), (5, "zsh) S 1", "-zsh\0")];
        for (pid, stat, line) in processes {
            let folder = root.join(format!("proc/{pid}"));
            fs_err::create_dir_all(&folder).unwrap();
            fs_err::write(folder.join("stat"), format!("{pid} ({stat} 0 0")).unwrap();
            fs_err::write(folder.join("cmdline"), line).unwrap();
        }
        assert_eq!(climb(7, |pid| of_proc(&vantage, pid)).unwrap(), "zsh");
        assert_eq!(climb(4, |pid| of_proc(&vantage, pid)), None);
    }
}
