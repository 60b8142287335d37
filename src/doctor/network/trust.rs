//! Judges clock, certificates and proxies.

use super::super::config::place::replace;
use super::super::remedy::Restart;
use super::super::{FileEdit, Fix, Look, Problem, Verdict};
use crate::facts::network::reply::TroubleKind;
use crate::facts::network::{Authorities, AuthoritiesState, Proxy, Reply};
use crate::facts::system::Init;
use crate::facts::{Facts, Unknown};
use crate::nix::conf::{Setting, last};

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

const DROP_IN: &str = "/etc/systemd/system/nix-daemon.service.d/nixstart-proxy.conf";

pub(super) fn is_clock_right(facts: &Facts) -> Look {
    let caches = facts.network.caches.get()?;
    let skews = caches.iter().filter_map(|reply| reply.seconds_ahead);
    // One server with a wrong clock is no reason to doubt this one.
    let Some(skew) = skews.min_by_key(|seconds| seconds.unsigned_abs()) else { return without_a_date(facts, caches) };
    let off = skew.unsigned_abs();
    if off <= 5 * MINUTE {
        return Ok(Verdict::Pass(format!("within {} s of the cache's", off.max(1))));
    }
    let direction = if skew > 0 { "ahead" } else { "behind" };
    let problem = Problem::new(format!("the clock is {} {direction}", span(off))).fix(set_clock(facts));
    Ok(if off > DAY { Verdict::Fail(problem) } else { Verdict::Warn(problem) })
}

/// No server said the time; that certificates do not hold in time says enough.
fn without_a_date(facts: &Facts, caches: &[Reply]) -> Look {
    let out_of_time = caches.iter().find(|reply| reply.obstacle() == Some(TroubleKind::CertificateOutOfTime));
    let Some(reply) = out_of_time else { return Err(Unknown::Irrelevant("no server said the time".to_owned())) };
    let text = reply.trouble.as_ref().map(|trouble| trouble.text.clone()).unwrap_or_default();
    Ok(Verdict::Fail(
        Problem::new(format!("the certificate of `{}` does not hold at the time this clock shows", reply.host()))
            .detail(text)
            .fix(Fix::by_hand("Compare the clock with another one", &["date -u"]))
            .fix(set_clock(facts)),
    ))
}

fn span(seconds: u64) -> String {
    match (seconds / DAY, seconds / 3600, seconds / MINUTE) {
        (0, 0, minutes) => format!("{minutes} minutes"),
        (0, hours, _) => format!("{hours} hours"),
        (days, ..) => format!("{days} days"),
    }
}

fn set_clock(facts: &Facts) -> Fix {
    let system = &facts.system;
    let title = "Have the clock set over the network";
    if system.wsl.known().is_some() {
        Fix::run_as_root("Take the time from the clock of the machine", &["hwclock", "-s"], None)
    } else if system.container.known().is_some_and(Option::is_some) {
        Fix::by_hand("Set the clock of the machine that runs this container", &[])
    } else {
        match system.init.known() {
            Some(Init::Systemd) => {
                Fix::run_as_root(title, &["timedatectl", "set-ntp", "true"], Some("timedatectl set-ntp false"))
            }
            Some(Init::Launchd) => Fix::by_hand(title, &["sudo sntp -sS time.apple.com"]),
            Some(Init::OpenRc | Init::Runit | Init::Other) | None => {
                Fix::by_hand("Set the clock", &["sudo date -u -s 'YYYY-MM-DD hh:mm'"])
            }
        }
    }
}

pub(super) fn are_certificates_checked(facts: &Facts) -> Look {
    let authorities = facts.network.authorities.get()?;
    let unusable: Vec<&Authorities> = authorities.iter().filter(|file| file.state != AuthoritiesState::Good).collect();
    if !unusable.is_empty() {
        return Ok(Verdict::Fail(of_unusable(facts, &unusable)));
    }
    let caches = facts.network.caches.known().map(Vec::as_slice).unwrap_or_default();
    let find = |kind: TroubleKind| caches.iter().find(|reply| reply.obstacle() == Some(kind));
    if let Some(reply) = find(TroubleKind::AuthoritiesUnusable) {
        let text = reply.trouble.as_ref().map(|trouble| trouble.text.clone()).unwrap_or_default();
        return Ok(Verdict::Fail(
            Problem::new("the certificate authorities of this system cannot be used")
                .detail(text)
                .fix(Fix::by_hand("Install them; the package is called `ca-certificates` nearly everywhere", &[])),
        ));
    }
    if let Some(reply) = find(TroubleKind::CertificateUnknown) {
        return Ok(Verdict::Warn(of_stranger(reply)));
    }
    Ok(Verdict::Pass(match authorities.first() {
        Some(file) => format!("`{}` names `{}`", file.named_by, file.path),
        None => "those of the system".to_owned(),
    }))
}

fn of_unusable(facts: &Facts, files: &[&Authorities]) -> Problem {
    let wrong = |file: &Authorities| match file.state {
        AuthoritiesState::Missing => "is not there",
        AuthoritiesState::Unreadable => "cannot be read",
        AuthoritiesState::NoCertificate | AuthoritiesState::Good => "has no certificate in it",
    };
    let named: Vec<String> = files.iter().map(|file| format!("`{}`", file.named_by)).collect();
    let summary = format!("{} names a file of certificate authorities that cannot be used", named.join(", "));
    let problem = files.iter().fold(Problem::new(summary), |problem, file| {
        problem.detail(format!("`{}`: `{}` {}", file.named_by, file.path, wrong(file)))
    });
    let bundle = facts.network.system_authorities.known().and_then(Option::as_ref);
    files.iter().fold(problem, |problem, file| {
        let by_setting = file.named_by == "ssl-cert-file";
        problem.fix(match (bundle, by_setting) {
            (Some(bundle), true) => of_setting(facts, bundle.as_str()),
            (None, true) => {
                Fix::by_hand("Take `ssl-cert-file` out of `nix.conf`", &["grep -rn ssl-cert-file /etc/nix ~/.config/nix"])
                    .restarting(Restart::Daemon)
            }
            (Some(bundle), false) => Fix::by_hand(
                "Name the authorities of the system, here and where it is set",
                &[&format!("export {}={bundle}", file.named_by)],
            ),
            (None, false) => Fix::by_hand("Forget it in this shell, and where it is set", &[&format!("unset {}", file.named_by)]),
        })
    })
}

/// Corrects the setting where it stands.
fn of_setting(facts: &Facts, bundle: &str) -> Fix {
    let title = "Name the authorities of the system in Nix's settings";
    let all: Vec<Setting> =
        [facts.config.system.known(), facts.config.user.known()].into_iter().flatten().flatten().cloned().collect();
    match last(&all, "ssl-cert-file") {
        Some(setting) => replace(facts, title, setting, bundle),
        None => Fix::by_hand(title, &[&format!("ssl-cert-file = {bundle}")]).restarting(Restart::Daemon),
    }
}

fn of_stranger(reply: &Reply) -> Problem {
    Problem::new(format!("the certificate of `{}` is signed by nobody this machine knows", reply.host()))
        .detail(reply.trouble.as_ref().map(|trouble| trouble.text.clone()).unwrap_or_default())
        .detail("a proxy that reads along, as companies and virus scanners have, looks like this")
        .fix(
            Fix::by_hand(
                "Get the authority's certificate from whoever runs the network, add it to a bundle, and name that in \
                 `/etc/nix/nix.conf` as `ssl-cert-file` and in your shell",
                &["export NIX_SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
            )
            .restarting(Restart::Daemon),
        )
}

pub(super) fn has_daemon_the_proxy(facts: &Facts) -> Look {
    let proxies = facts.network.proxies.get()?;
    let daemon = facts.network.daemon_proxies.get()?;
    let is_missing = |proxy: &&Proxy| !daemon.contains(&proxy.variable.to_ascii_lowercase());
    let missing: Vec<&Proxy> = proxies.iter().filter(is_missing).collect();
    if missing.is_empty() {
        return Ok(Verdict::Pass(daemon.join(", ")));
    }
    let names: Vec<&str> = missing.iter().map(|proxy| proxy.variable.as_str()).collect();
    let problem = Problem::new(format!("the Nix daemon lacks {} of your shell", names.join(", ")));
    let lines: Option<Vec<String>> =
        missing.iter().map(|proxy| Some(format!("Environment=\"{}={}\"", proxy.variable, proxy.address.as_ref()?))).collect();
    let is_systemd = facts.system.init.known() == Some(&Init::Systemd);
    let fix = match lines {
        Some(lines) if is_systemd => Fix::edit_as_root(
            "Give the daemon's service the same proxy",
            vec![FileEdit::add(DROP_IN, std::iter::once("[Service]".to_owned()).chain(lines).collect())],
        ),
        // A value with a password in it is for root alone; it does not pass through here.
        _ if is_systemd => Fix::by_hand(
            "Write the variables below `[Service]` as `Environment=…`; `edit` keeps them in a file of root's",
            &["sudo systemctl edit nix-daemon.service"],
        ),
        _ => Fix::by_hand("Give the service of the daemon the same variables", &[]),
    };
    Ok(Verdict::Warn(problem.fix(fix.restarting(Restart::Daemon))))
}
