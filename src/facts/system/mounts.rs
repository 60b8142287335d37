//! The table of mounts: Linux's `mountinfo`, and what `mount` prints on macOS.

use camino::{Utf8Path, Utf8PathBuf};

/// Something mounted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mount {
    /// Where.
    pub at: Utf8PathBuf,
    /// The kind of file system (`ext4`, `9p`, `apfs`).
    pub kind: String,
    /// What is mounted (`/dev/sda1`, `C:\`).
    pub source: String,
    /// The options of this mount.
    pub options: Vec<String>,
    /// The options of the file system itself, which hold for every mount of it.
    pub kind_options: Vec<String>,
}

impl Mount {
    /// Whether the mount has this option.
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|own| own == option)
    }

    /// Whether nothing can be written there: by this mount alone, or by the file system as a whole.
    pub fn is_read_only(&self) -> bool {
        self.has("ro") || self.is_wholly_read_only()
    }

    /// Whether the file system itself is read-only, so that no other mount of it can be written either.
    pub fn is_wholly_read_only(&self) -> bool {
        self.kind_options.iter().any(|option| option == "ro")
    }

    /// Whether a drive of Windows is mounted there.
    pub fn is_of_windows(&self) -> bool {
        matches!(self.kind.as_str(), "9p" | "drvfs" | "v9fs") || self.kind_options.iter().any(|option| option.contains("drvfs"))
    }
}

/// Reads `/proc/self/mountinfo`; lines that cannot be read are left out.
pub fn parse_mountinfo(text: &str) -> Vec<Mount> {
    text.lines().filter_map(mountinfo_line).collect()
}

/// `36 35 98:0 /root /at rw,noatime master:1 - ext3 /dev/root rw,errors=continue`; any number of fields before the dash.
fn mountinfo_line(line: &str) -> Option<Mount> {
    let (first, second) = line.split_once(" - ")?;
    let mut first = first.split(' ').skip(4);
    let mut second = second.split(' ');
    Some(Mount {
        at: unescape(first.next()?).into(),
        options: options(first.next()?),
        kind: second.next()?.to_owned(),
        source: unescape(second.next()?),
        kind_options: options(second.next().unwrap_or_default()),
    })
}

/// Reads what `mount` prints on macOS: `/dev/disk3s7 on /nix (apfs, local, nobrowse)`.
pub fn parse_mount_of_macos(text: &str) -> Vec<Mount> {
    text.lines().filter_map(macos_line).collect()
}

fn macos_line(line: &str) -> Option<Mount> {
    let (rest, words) = line.trim_end().strip_suffix(')')?.rsplit_once(" (")?;
    let (source, at) = rest.split_once(" on ")?;
    let mut words = words.split(", ").map(|word| if word == "read-only" { "ro" } else { word }.to_owned());
    let kind = words.next()?;
    Some(Mount { at: at.into(), kind, source: source.to_owned(), options: words.collect(), kind_options: Vec::new() })
}

/// What is mounted where a path is: of the mounts above it the nearest, of several at one place the last.
pub fn mount_of<'a>(mounts: &'a [Mount], path: &Utf8Path) -> Option<&'a Mount> {
    mounts.iter().filter(|mount| path.starts_with(&mount.at)).max_by_key(|mount| mount.at.components().count())
}

fn options(text: &str) -> Vec<String> {
    text.split(',').filter(|option| !option.is_empty()).map(str::to_owned).collect()
}

/// Spaces, tabs, line ends and backslashes stand in the table as three octal digits.
fn unescape(text: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .into_iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(text.to_owned(), |text, (escape, meant)| text.replace(escape, meant))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINUX: &str = "\
22 27 0:21 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
40 22 0:35 / /mnt/c rw,noatime - 9p C:\\134 rw,dirsync,aname=drvfs;path=C:\\
41 22 8:1 /nix /nix ro,noexec master:1 propagate_from:2 - ext4 /dev/vdb rw
42 41 8:1 /a\\040b /home/a\\040b rw - ext4 /dev/vdb rw
nonsense
";

    #[test]
    fn finds_what_is_mounted_where_a_path_is() {
        let mounts = parse_mountinfo(LINUX);
        assert_eq!(mounts.len(), 4);
        let nix = mount_of(&mounts, "/nix/store".into()).unwrap();
        assert!(nix.is_read_only() && !nix.is_wholly_read_only() && nix.has("noexec"));
        assert!(mount_of(&mounts, "/mnt/c/Users/me".into()).unwrap().is_of_windows());
        assert_eq!(mount_of(&mounts, "/nixpkgs".into()).unwrap().at, "/");
        assert_eq!(mount_of(&mounts, "/home/a b/c".into()).unwrap().at, "/home/a b");
    }

    #[test]
    fn of_two_mounts_at_one_place_the_last_counts() {
        let mounts = parse_mountinfo("1 0 0:1 / /nix rw - ext4 a rw\n2 0 0:2 / /nix ro - tmpfs b ro\n");
        assert_eq!(mount_of(&mounts, "/nix".into()).unwrap().kind, "tmpfs");
    }

    #[test]
    fn reads_the_mounts_of_a_mac() {
        let text =
            "/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)\n/dev/disk3s7 on /nix (apfs, local, nobrowse)\n";
        let mounts = parse_mount_of_macos(text);
        assert!(mount_of(&mounts, "/Users".into()).unwrap().is_read_only());
        let nix = mount_of(&mounts, "/nix/store".into()).unwrap();
        assert_eq!((nix.kind.as_str(), nix.is_read_only()), ("apfs", false));
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_reader(text in "[a-z0-9 /,:\\\\()\n-]{0,200}") {
            let _linux = parse_mountinfo(&text);
            let _macos = parse_mount_of_macos(&text);
        }
    }
}
