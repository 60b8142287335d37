//! Checks of the way to caches and registries.

#[cfg(test)]
mod examples;
mod reach;
mod trust;

use super::{Check, Cost, Group, Platform, Severity};
#[cfg(test)]
pub(super) use examples::examples;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "dns-cache-host",
        group: Group::Network,
        severity: Severity::Blocks,
        title: "There is a network, and names of caches have addresses",
        symptom: "`Couldn't resolve host name (6)` or `Could not resolve hostname (6)`, five times over, about 5 s for every \
                  call of Nix",
        cause: "the machine is connected to no network, no name server answers, or the name of a cache is wrong",
        fix: "connect to a network, or mend the name servers in `/etc/resolv.conf`",
        source: "measured with Nix 2.8 and 2.26",
        platform: Platform::Any,
        cost: Cost::Network,
        needs: &[],
        look: reach::has_names,
    },
    Check {
        id: "clock-skew",
        group: Group::Network,
        severity: Severity::Blocks,
        title: "The clock is right",
        symptom: "`SSL peer certificate or SSH remote key was not OK (60)`, `certificate has expired`, or `certificate error, \
                  no details available`",
        cause: "the clock of this machine differs from that of the cache, so that certificates do not hold",
        fix: "have the clock set over the network; below WSL from the clock of the machine",
        source: "measured with OpenSSL and GnuTLS",
        platform: Platform::Any,
        cost: Cost::Network,
        needs: &["dns-cache-host"],
        look: trust::is_clock_right,
    },
    Check {
        id: "tls-custom-ca",
        group: Group::Network,
        severity: Severity::Blocks,
        title: "Certificates can be checked",
        symptom: "`SSL peer certificate or SSH remote key was not OK (60)`, or `Problem with the SSL CA cert (path? access \
                  rights?) (77)`",
        cause: "a variable or setting names a file of certificate authorities that cannot be used, or something between here \
                and the cache answers with certificates of its own",
        fix: "name a file that has the authorities, for yourself and for the daemon",
        source: "NixOS/nix#7914, NixOS/nix#7808, NixOS/nixpkgs#70939, DeterminateSystems/nix-installer#669",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: trust::are_certificates_checked,
    },
    Check {
        id: "captive-portal",
        group: Group::Network,
        severity: Severity::Degrades,
        title: "The network lets everything through",
        symptom: "Nix takes the page for a cache and fails later on `.narinfo` files",
        cause: "the network answers with a page to log in on in place of what was asked for",
        fix: "open any page in a browser, log in to the network, and try again",
        source: "measured with Nix 2.26",
        platform: Platform::Any,
        cost: Cost::Network,
        needs: &["dns-cache-host"],
        look: reach::is_open,
    },
    Check {
        id: "cache-reachable",
        group: Group::Network,
        severity: Severity::Blocks,
        title: "The caches answer",
        symptom: "`Couldn't connect to server (7)`, `does not appear to be a binary cache`, or Nix hangs on a broken IPv6",
        cause: "a cache, or the way to it, does not work; everything is then built here",
        fix: "mend the connection or its proxy; take a cache that is gone out of `substituters`",
        source: "measured with Nix 2.8 and 2.26",
        platform: Platform::Any,
        cost: Cost::Network,
        needs: &["dns-cache-host", "clock-skew", "tls-custom-ca"],
        look: reach::do_caches_answer,
    },
    Check {
        id: "proxy-consistency",
        group: Group::Network,
        severity: Severity::Degrades,
        title: "The Nix daemon uses the same proxy",
        symptom: "`nix flake metadata` works, and downloads of packages hang",
        cause: "downloads are made by the daemon, which does not have the variables of your shell",
        fix: "give the service of the daemon the same variables",
        source: "NixOS/nix, `install-systemd-multi-user.sh`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: trust::has_daemon_the_proxy,
    },
];
