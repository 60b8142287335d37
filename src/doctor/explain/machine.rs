//! Errors of the machine: system, disks, network.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    // The system.
    row(
        "os-supported",
        &["no binary distribution of nix for your platform"],
        "nobody builds Nix for this combination of operating system and processor",
        "use a 64-bit Linux or a Mac with Apple silicon, or a container",
    ),
    row(
        "arch-native",
        &["rosettadetected"],
        "the terminal runs under Rosetta, so Nix would be that of Intel Macs",
        "open a native terminal and try again",
    ),
    row(
        "wsl-version",
        &["wsl1 is not supported", "wsl 1 is not supported"],
        "Nix needs a real Linux kernel, which WSL 1 does not have",
        "run `wsl --set-version DISTRIBUTION 2` in Windows",
    )
    .hint(),
    row(
        "fs-case-insensitive",
        &["~nix~case~hack~"],
        "the file system does not tell upper case from lower case, so Nix has renamed files",
        "keep the project on a volume that does, and turn `use-case-hack` off there",
    ),
    row(
        "wsl-systemd",
        &["systemd was not active"],
        "systemd does not run in this WSL distribution",
        "write `systemd=true` below `[boot]` in `/etc/wsl.conf`, then `wsl --shutdown`",
    ),
    row(
        "disk-space",
        &["no space left on device", "you don't have enough free space in", "enospc", "database or disk is full"],
        "a file system is full, or has no inodes left",
        "run `df -h /nix /tmp ~` and `df -i /nix`, then `nix store gc` to remove what nothing uses",
    )
    .note("a full `/tmp` stops builds even when `/nix` has room"),
    row(
        "nix-mount-flags",
        &["remounting /nix/store writable", "read-only file system", "executing '/nix/store/…': permission denied"],
        "`/nix` is mounted read-only or without the right to execute",
        "mount `/nix` with `rw,exec`; look at its line in `/etc/fstab`",
    ),
    row(
        "userns",
        &[
            "kernel namespaces that are required for sandboxing",
            "/proc/self/uid_map: operation not permitted",
            "unshare: write failed",
        ],
        "the kernel does not let users make namespaces, so builds cannot be isolated",
        "allow them with a sysctl or an AppArmor profile; inside a container, start it with the right to",
    ),
    row(
        "selinux-context",
        &["too many levels of symbolic links", "too many levels of symlinks"],
        "SELinux does not know the files below `/nix`, so systemd refuses the units of the daemon",
        "run `sudo restorecon -FR /nix`",
    )
    .hint(),
    row(
        "open-files-limit",
        &["too many open files", "emfile"],
        "a process has used up its share of open files",
        "raise it for this shell: `ulimit -n 4096`",
    ),
    row(
        "tmpdir-sane",
        &["pc.sock: bind: no such file or directory", "nix-shell.…no such file or directory"],
        "`TMPDIR` points to the directory of a shell that has ended",
        "run `unset TMPDIR`, or leave the shell and enter it again",
    ),
    row(
        "setup-apt-state",
        &[
            "dpkg was interrupted",
            "could not get lock /var/lib/dpkg/lock",
            "could not get lock /var/lib/apt/lists/lock",
            "unable to acquire the dpkg frontend lock",
            "frontend lock was locked by",
        ],
        "another package manager runs, or one was cut short",
        "wait for it; after a cut, run `sudo dpkg --configure -a`",
    ),
    row(
        "sudo-denied",
        &[
            "is not in the sudoers file",
            "may not run sudo on",
            "a terminal is required to read the password",
            "sudo: a password is required",
            "incorrect password attempt",
        ],
        "sudo does not let you become root, or cannot ask for the password here",
        "run the command in a terminal, or ask whoever administers this machine",
    ),
    // The network.
    row(
        "dns-cache-host",
        &[
            "resolve host name",
            "resolve hostname",
            "could not resolve host",
            "temporary failure in name resolution",
            "getaddrinfo enotfound",
            "getaddrinfo eai_again",
        ],
        "the name of a server cannot be found: no network, or a name server that does not answer",
        "check the network and `/etc/resolv.conf`; offline, add `--offline`",
    ),
    row(
        "cache-reachable",
        &[
            "connect to server",
            "does not appear to be a binary cache",
            "timeout was reached…(28)",
            "operation timed out after",
            "connect econnrefused",
            "connect etimedout",
            "some substitutes for the outputs of derivation",
        ],
        "a server was found but does not answer, or is not what it should be",
        "check proxy and firewall; for a cache that is gone, take it out of `substituters`",
    )
    .general(),
    row(
        "server-busy",
        &["http error 500", "http error 502", "http error 503", "http error 504"],
        "the server is there and cannot answer at the moment",
        "try again in a while; `--fallback` builds what a cache does not give",
    ),
    row(
        "source-gone",
        &["http error 404", "the requested url returned error: 404"],
        "what is to be downloaded is not there: it was moved or removed, or it is private",
        "open the address in a browser; when it moved, update the input or the address in the Nix file",
    ),
    row(
        "tls-custom-ca",
        &[
            "ssl peer certificate",
            "problem with the ssl ca cert",
            "x509: certificate signed by unknown authority",
            "x509: ",
            "self signed certificate in certificate chain",
            "self-signed certificate in certificate chain",
            "unable to get local issuer certificate",
            "self_signed_cert_in_chain",
            "unable_to_get_issuer_cert_locally",
            "unable_to_verify_leaf_signature",
            "ssl certificate problem",
        ],
        "the certificate of the server is signed by somebody this program does not trust, often a proxy of your company",
        "point `NIX_SSL_CERT_FILE` (and `NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE`) to a file with that authority; for the \
         daemon set `ssl-cert-file` in its settings",
    )
    .note("a wrong clock has the same effect"),
    row(
        "clock-skew",
        &[
            "certificate has expired",
            "ssl certificate problem: certificate has expired",
            "ssl peer certificate…certificate has expired",
            "certificate is not yet valid",
            "certificate error, no details available",
            "cert_has_expired",
            "x509: certificate has expired or is not yet valid",
        ],
        "the clock of this machine is wrong, or the certificate really has expired",
        "compare `date` with a clock; then `sudo timedatectl set-ntp true`",
    ),
    row(
        "gh-rate-limit",
        &["http error 403", "http error 429", "api rate limit exceeded"],
        "GitHub has had too many requests from your address",
        "wait an hour, or set `access-tokens` in `~/.config/nix/nix.conf` to a token without rights",
    ),
];
