//! Facts with which a check of the network finds something, and facts with which it does not.

use crate::doctor::{Example, Finding, Status, Verdict};
use crate::facts::network::reply::{Reply, Trouble};
use crate::facts::network::{Authorities, AuthoritiesState, Network, Proxy};
use crate::facts::system::Init;
use crate::facts::{Fact, Facts};

const INFO: &str = "StoreDir: /nix/store\nWantMassQuery: 1\n";
const PAGE: &str = "<!doctype html><title>Welcome to Hotel Net</title>";

fn reply(host: &str, status: u16, body: &str) -> Reply {
    let address = format!("https://{host}/nix-cache-info");
    Reply { address, status: Some(status), body: body.to_owned(), seconds_ahead: Some(-1), ..Reply::default() }
}

fn fine() -> Reply {
    reply("cache.nixos.org", 200, INFO)
}

fn trouble(host: &str, code: i32, text: &str) -> Reply {
    let trouble = Some(Trouble::of_curl(Some(code), text));
    Reply { address: format!("https://{host}/nix-cache-info"), trouble, ..Reply::default() }
}

fn caches(caches: Vec<Reply>) -> Facts {
    with(|network| network.caches = caches.into())
}

fn with(set: impl FnOnce(&mut Network)) -> Facts {
    let mut facts = Facts::default();
    facts.network.authorities = Vec::new().into();
    facts.network.user_settings = camino::Utf8PathBuf::from("/home/me/.config/nix/nix.conf").into();
    set(&mut facts.network);
    facts
}

fn ahead(seconds: i64) -> Facts {
    caches(vec![Reply { seconds_ahead: Some(seconds), ..fine() }])
}

fn authorities(named_by: &str, state: AuthoritiesState) -> Facts {
    let file = Authorities { named_by: named_by.to_owned(), path: "/etc/ca.pem".into(), state };
    with(|network| {
        network.authorities = vec![file].into();
        network.system_authorities = Some("/etc/ssl/cert.pem".into()).into();
    })
}

fn proxy(address: Option<&str>, daemon: &[&str]) -> Facts {
    let proxy = Proxy { variable: "HTTPS_PROXY".to_owned(), address: address.map(str::to_owned) };
    let mut facts = with(|network| {
        network.proxies = vec![proxy].into();
        network.daemon_proxies = daemon.iter().map(ToString::to_string).collect::<Vec<_>>().into();
    });
    facts.system.init = Init::Systemd.into();
    facts
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    names_and_pages().into_iter().chain(answers()).chain(trust()).collect()
}

fn names_and_pages() -> Vec<Example> {
    let unknown = |host: &str| trouble(host, 6, "curl: (6) Could not resolve host");
    let unplugged = || {
        with(|network| {
            network.is_connected = false.into();
            network.caches = Fact::not_looked("not without a network");
        })
    };
    vec![
        Example { id: "dns-cache-host", bad: unplugged(), good: caches(vec![fine()]) },
        Example { id: "dns-cache-host", bad: caches(vec![unknown("cache.nixos.org")]), good: caches(vec![fine()]) },
        Example { id: "dns-cache-host", bad: caches(vec![fine(), unknown("typo.example")]), good: caches(vec![fine()]) },
        Example {
            id: "captive-portal",
            bad: caches(vec![reply("cache.nixos.org", 200, PAGE)]),
            good: caches(vec![reply("cache.nixos.org", 404, PAGE)]),
        },
    ]
}

fn answers() -> Vec<Example> {
    let good = || caches(vec![fine(), reply("private.example", 401, "")]);
    let refused = |host: &str| trouble(host, 7, "curl: (7) Failed to connect");
    let over_ipv6 = |reply: Reply| {
        with(|network| {
            network.caches = vec![fine()].into();
            network.over_ipv6 = reply.into();
        })
    };
    vec![
        Example { id: "cache-reachable", bad: caches(vec![refused("cache.nixos.org")]), good: good() },
        Example { id: "cache-reachable", bad: caches(vec![reply("cache.nixos.org", 404, "")]), good: good() },
        Example { id: "cache-reachable", bad: caches(vec![reply("cache.nixos.org", 200, PAGE)]), good: good() },
        Example { id: "cache-reachable", bad: caches(vec![reply("cache.nixos.org", 200, "hello")]), good: good() },
        Example { id: "cache-reachable", bad: caches(vec![fine(), refused("other.example")]), good: good() },
        Example {
            id: "cache-reachable",
            bad: over_ipv6(trouble("cache.nixos.org", 28, "curl: (28) Connection timed out")),
            good: over_ipv6(trouble("cache.nixos.org", 6, "curl: (6) Could not resolve host")),
        },
    ]
}

fn trust() -> Vec<Example> {
    let expired = || caches(vec![trouble("cache.nixos.org", 60, "curl: (60) certificate has expired")]);
    let stranger = caches(vec![trouble("cache.nixos.org", 60, "curl: (60) unable to get local issuer certificate")]);
    let no_bundle = caches(vec![trouble("cache.nixos.org", 77, "curl: (77) error setting certificate file")]);
    let good = || authorities("NIX_SSL_CERT_FILE", AuthoritiesState::Good);
    vec![
        Example { id: "clock-skew", bad: ahead(90_000), good: ahead(300) },
        Example { id: "clock-skew", bad: ahead(-301), good: ahead(-300) },
        Example { id: "clock-skew", bad: expired(), good: ahead(0) },
        Example { id: "tls-custom-ca", bad: authorities("SSL_CERT_FILE", AuthoritiesState::Missing), good: good() },
        Example { id: "tls-custom-ca", bad: authorities("ssl-cert-file", AuthoritiesState::NoCertificate), good: good() },
        Example { id: "tls-custom-ca", bad: stranger, good: caches(vec![fine()]) },
        Example { id: "tls-custom-ca", bad: no_bundle, good: expired() },
        Example {
            id: "proxy-consistency",
            bad: proxy(Some("http://proxy:3128"), &["http_proxy"]),
            good: proxy(Some("http://proxy:3128"), &["https_proxy"]),
        },
        Example { id: "proxy-consistency", bad: proxy(None, &[]), good: proxy(None, &["https_proxy"]) },
    ]
}

#[test]
fn a_setting_that_names_no_authorities_is_corrected_where_it_stands() {
    use crate::doctor::{FileEdit, Remedy};
    use crate::nix::conf::{Place, Setting};
    let mut facts = authorities("ssl-cert-file", AuthoritiesState::Missing);
    let place = Place::File { path: "/etc/nix/nix.conf".into(), line: 3 };
    let raw = Some("ssl-cert-file = /etc/ca.pem".to_owned());
    facts.config.system = vec![Setting { name: "ssl-cert-file".into(), words: vec!["/etc/ca.pem".into()], place, raw }].into();
    facts.config.user = Vec::new().into();
    let check = super::CHECKS.iter().find(|check| check.id == "tls-custom-ca").unwrap();
    let Ok(Verdict::Fail(problem)) = (check.look)(&facts) else { panic!("it passes") };
    let edit = FileEdit::replace("/etc/nix/nix.conf", "ssl-cert-file = /etc/ca.pem", "ssl-cert-file = /etc/ssl/cert.pem");
    assert!(matches!(&problem.fixes[0].remedy, Remedy::Edit { edits, .. } if *edits == [edit]), "{problem:?}");
}

#[test]
fn a_machine_without_a_network_is_told_once() {
    let mut facts = with(|network| network.is_connected = false.into());
    facts.network.caches = Fact::not_looked("not without a network");
    let findings = crate::doctor::examine(&facts, |check| check.cost == crate::doctor::Cost::Network);
    let said: Vec<_> = findings.iter().filter(|found| !matches!(found.status, Status::Skip(_))).collect();
    let [Finding { check, status: Status::Warn(problem) }] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!((check.id, problem.summary.as_str()), ("dns-cache-host", "this machine is connected to no network"));
}

#[test]
fn certificates_are_judged_without_a_network_too() {
    let mut facts = authorities("SSL_CERT_FILE", AuthoritiesState::Unreadable);
    facts.network.caches = Fact::not_looked("not without a network");
    let check = super::CHECKS.iter().find(|check| check.id == "tls-custom-ca").unwrap();
    assert!(matches!((check.look)(&facts), Ok(Verdict::Fail(_))));
}
