//! Errors of builds.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "hash-mismatch",
        &["hash mismatch in fixed-output derivation", "hash mismatch in file downloaded", "got: …sha256-", "got:…sha256-"],
        "what was downloaded is not what the hash says: the dependencies have changed, or the hash was never filled in",
        "put the hash behind `got:` in the place of the one behind `specified:`",
    )
    .note("after a change of the lock file this is expected; without one, find out why a download changed"),
    row(
        "build-features",
        &[
            "a '…-linux' with features {…kvm…} is required to build",
            "a '…-linux' with features {…nixos-test…} is required to build",
        ],
        "the build needs virtual machines, and this machine offers none",
        "build on a machine with `/dev/kvm`",
    ),
    row(
        "linux-builder",
        &["a '…-linux' with features…is required to build", "required system: '…-linux'", "…-linux' is required to build"],
        "this machine cannot build for Linux",
        "set up a Linux builder (`nix run nixpkgs#darwin.linux-builder`) or build in CI",
    )
    .hint(),
    row(
        "build-system",
        &["a '…-darwin' with features…is required to build", "required system: '…-darwin'", "…-darwin' is required to build"],
        "this machine cannot build for macOS",
        "ask for an output of this machine's own system, or build on a Mac",
    ),
    row(
        "build-killed",
        &[
            "failed due to signal 9",
            "failed due to signal 15",
            "out of memory: killed process",
            "javascript heap out of memory",
            "cannot allocate memory",
        ],
        "a build was ended from outside, mostly because memory ran out",
        "build fewer things at once: `--max-jobs 1 --cores 2`",
    ),
    row(
        "build-timeout",
        &["timed out after…seconds"],
        "a build took longer than the settings allow",
        "raise `timeout` or `max-silent-time`",
    ),
    row(
        "package-refused",
        &[
            "has an unfree license…refusing to evaluate",
            "is marked as insecure, refusing to evaluate",
            "is marked as broken, refusing to evaluate",
            "is not available on the requested hostplatform",
        ],
        "nixpkgs refuses this package: unfree, insecure, broken or not for this system",
        "choose another version, or allow this one package in the flake's `nixpkgs` configuration",
    ),
    row(
        "cached-failure",
        &["cached failure of attribute"],
        "this failed before, and Nix remembers that it did, not why",
        "evaluate again with `--option eval-cache false` and read the error",
    ),
    row(
        "nix-argument",
        &["called without required argument"],
        "a function of a Nix file gets other arguments than it asks for",
        "compare the arguments in the file that the error names; after an update of nixpkgs they may have changed",
    ),
    row(
        "module-option",
        &["error: the option `…' does not exist", "the option '…' does not exist", "the option `…` does not exist"],
        "a module is given an option that it does not have: misspelt, or of another version of devenv or nixpkgs",
        "look the option up at https://devenv.sh/reference/options, and update devenv when it is there",
    ),
    row(
        "infinite-recursion",
        &["infinite recursion encountered", "stack overflow; max-call-depth exceeded"],
        "a value of the Nix files depends on itself",
        "read the trace with `--show-trace`",
    ),
    row(
        "build-failed",
        &[
            "builder for '…' failed",
            "builder failed with exit code",
            "dependencies of derivation '…' failed to build",
            "1 dependency failed",
            "dependencies failed",
            "failed to build",
        ],
        "a build failed; the reason is in its log",
        "read it with `nix log`, followed by the `.drv` that is named",
    )
    .general(),
];
