//! Errors of Nix itself: its versions, its daemon, its settings, its store.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "nix-present",
        &["nix: command not found", "nix: not found", "command not found: nix", "unknown command: nix"],
        "Nix is not installed, or not on PATH of this shell",
        "run `nixstart setup`; if it is installed, start a new shell",
    ),
    row(
        "nix-version-min",
        &["requires nix >=", "requires an implementation of nix with the following features"],
        "this nixpkgs needs a newer Nix than yours",
        "upgrade Nix to 2.18 or newer, better 2.24",
    ),
    row(
        "nix-multiple",
        &["multiple versions of nix found in path"],
        "there are two Nix on PATH",
        "remove the one you do not use",
    ),
    row(
        "profile-dual",
        &["both…and legacy…exist"],
        "there are two profiles, the old one and that of the XDG directories",
        "move what is in one to the other and remove it",
    ),
    row(
        "nix-profile-env-mix",
        &["is incompatible with 'nix-env'"],
        "`nix profile` has taken this profile over",
        "use `nix profile` for it, no longer `nix-env`",
    )
    .hint(),
    row(
        "nix-path-leftovers",
        &["nix search path entry '…' does not exist", "was not found in the nix search path"],
        "`NIX_PATH` or a channel points to something that is gone",
        "unset `NIX_PATH`; a flake does not need it",
    ),
    row(
        "daemon-access",
        &["daemon-socket/socket': permission denied", "daemon-socket/socket: permission denied"],
        "your user may not talk to the Nix daemon",
        "run `sudo usermod -aG nix-users $USER` and log in again",
    ),
    row(
        "daemon-socket",
        &[
            "cannot connect to socket at",
            "cannot connect to daemon",
            "big-lock': permission denied",
            "big-lock\": permission denied",
            "per-user' to 755: operation not permitted",
        ],
        "the Nix daemon does not run",
        "run `sudo systemctl start nix-daemon.socket`; on a Mac `sudo launchctl kickstart -k system/org.nixos.nix-daemon`",
    )
    .note("when `/nix` is not mounted as it should be, the same is said"),
    row(
        "allowed-users",
        &["is not allowed to connect to the nix daemon"],
        "the daemon's `allowed-users` leaves your user out",
        "add your user to `allowed-users` in `/etc/nix/nix.conf` and restart the daemon",
    )
    .hint(),
    row(
        "daemon-protocol",
        &["protocol version of this client does not match the store"],
        "the daemon is older or newer than this `nix`",
        "restart the daemon after an upgrade: `sudo systemctl restart nix-daemon`",
    ),
    row(
        "build-users",
        &["the group…specified in 'build-users-group' does not exist", "build users group…has no members", "has no members"],
        "the users that Nix builds as are gone",
        "create them again with the installer's `repair`",
    ),
    row(
        "macos-nixbld-uids",
        &["the user '_nixbld1' in the group 'nixbld' does not exist", "_nixbld1' in the group"],
        "an update of macOS took the ids of Nix's users",
        "run `/nix/nix-installer repair sequoia`",
    ),
    row(
        "db-schema",
        &["store schema is version", "schema is version", "schema' is corrupt"],
        "a newer Nix has used this store, or a file of its database is damaged",
        "use the newer Nix",
    ),
    row(
        "flakes-enabled",
        &[
            "experimental nix feature '…' is disabled",
            "experimental lix feature '…' is disabled",
            "experimental feature '…' is disabled",
        ],
        "flakes are off in Nix's settings",
        "add `extra-experimental-features = nix-command flakes` to `~/.config/nix/nix.conf`",
    ),
    row(
        "nix-conf-parse",
        &["syntax error in configuration line", "illegal configuration line"],
        "a line of `nix.conf` cannot be read; every command stops at it",
        "correct the line that the error names",
    ),
    row(
        "nix-conf-unknown",
        &["unknown setting '"],
        "`nix.conf` has a setting of another version of Nix",
        "remove the line if the warning bothers you; it does nothing",
    ),
    row(
        "trusted-user",
        &["untrusted substituter", "not a trusted user"],
        "the daemon takes caches and keys only from root's settings",
        "add the cache as `extra-trusted-substituters` and its key as `extra-trusted-public-keys` to the system's \
         settings, then restart the daemon",
    )
    .note("do not add yourself to `trusted-users`: it is the same as being root"),
    row(
        "flake-nixconfig",
        &["untrusted flake configuration setting"],
        "the flake asks for settings, and nobody could be asked whether to trust them",
        "read its `nixConfig`, then add the caches to the system's settings",
    ),
    row(
        "cache-key-present",
        &[
            "lacks a signature by a trusted key",
            "lacks a valid signature",
            "not signed by any of the keys in trusted-public-keys",
        ],
        "a cache is set up without the key that signs its packages",
        "add its key as `extra-trusted-public-keys`",
    )
    .hint(),
    row(
        "store-integrity",
        &["was modified! expected hash", "is corrupted or missing"],
        "a file of the store was changed, or the disk loses data",
        "run `sudo nix store repair PATH` with the path that is named",
    ),
    row(
        "cache-dir-owner",
        &[".cache/nix…unable to open database file", "unable to open database file", ".cache/nix…permission denied"],
        "`~/.cache/nix` belongs to root, since Nix was run with sudo once",
        "run `sudo chown -R \"$(id -u):$(id -g)\" ~/.cache/nix`",
    ),
    row(
        "nix-profile-conflict",
        &[
            "an existing package already provides the following file",
            "collision between `/nix/store",
            "files have the same priority",
        ],
        "two packages of a profile bring the same file",
        "remove one with `nix profile remove NAME`, or give one `--priority 4`",
    ),
    row(
        "nix-flag",
        &["error: unrecognised flag '", "error: unrecognized flag '", "is not a recognised command"],
        "this Nix does not know the flag or the command: it is older, newer, or another program than the text you follow",
        "look at `nix --version`; a flag of `nix develop` is none of `nix-shell`",
    ),
    row(
        "nix-busy",
        &["sqlite database '…' is busy", "waiting for the big nix store lock", "waiting for lock on"],
        "another Nix is working",
        "wait; nothing is wrong",
    ),
];
