//! Errors of the distribution's package manager.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "package-unknown",
        &[
            "e: unable to locate package",
            "has no installation candidate",
            "unable to find a match: ",
            "error: target not found: ",
        ],
        "the distribution has no such package, or its lists were never fetched",
        "run `sudo apt-get update` and try again; `nixstart setup` names other ways to install Nix",
    ),
    row(
        "package-fetch",
        &["e: failed to fetch", "e: unable to fetch some archives", "w: failed to fetch"],
        "a package could not be fetched: no network, or lists that name what the mirror no longer has",
        "look at the network, then `sudo apt-get update` and try again",
    ),
    row(
        "package-broken",
        &[
            "dpkg: error processing package",
            "sub-process /usr/bin/dpkg returned an error code",
            "installed…package post-installation script subprocess returned error",
            "e: unmet dependencies",
            "you have held broken packages",
        ],
        "an installation of packages ended halfway",
        "read the lines above, then `sudo dpkg --configure -a` and `sudo apt-get install --fix-broken`",
    ),
];
