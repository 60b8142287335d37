//! Looks at the way to caches: what they answer, which certificates and proxies are set. Only caches of Nix's settings are
//! asked, only over HTTPS, and only for what everybody may read.

mod request;
mod routes;

use camino::{Utf8Path, Utf8PathBuf};

use super::super::http::{BUNDLES, VARIABLES_OF_AUTHORITIES};
use super::Vantage;
use crate::facts::network::{Authorities, AuthoritiesState, Proxy, Reply, certificate, nix_conf};
use crate::facts::{Fact, Network};
use request::Family;

/// More caches than this are not asked.
const MOST_CACHES: usize = 6;

const PROXIES: [&str; 3] = ["http_proxy", "https_proxy", "all_proxy"];

pub(super) fn look(vantage: &Vantage) -> Network {
    let texts = settings(vantage);
    let proxies = proxies(vantage);
    let is_connected = if vantage.reach.network { Fact::Known(is_connected(vantage)) } else { without_network() };
    let (caches, over_ipv6) = ask(vantage, &nix_conf::caches(&texts));
    Network {
        is_connected,
        caches,
        over_ipv6,
        authorities: authorities(vantage, &texts).into(),
        system_authorities: BUNDLES.into_iter().find(|path| vantage.system(path).is_file()).map(Utf8PathBuf::from).into(),
        user_settings: user_settings(vantage).map_or_else(|| Fact::failed("there is no home directory"), Fact::Known),
        daemon_proxies: if proxies.is_empty() { Fact::irrelevant("no proxy is set") } else { daemon_proxies(vantage) },
        proxies: proxies.into(),
    }
}

/// Why nobody asked: `--offline`, or there is no network.
pub(super) fn without_network<T>() -> Fact<T> {
    Fact::not_looked("not without a network")
}

/// Whether packets have a way out: a route that leads somewhere, or a proxy, which may be on this machine.
pub(super) fn is_connected(vantage: &Vantage) -> bool {
    !proxies(vantage).is_empty() || routes::lead_out(vantage)
}

/// The texts of `nix.conf` in the order in which they count, each followed by what it includes.
fn settings(vantage: &Vantage) -> Vec<String> {
    let system = vantage
        .variable("NIX_CONF_DIR")
        .map_or_else(|| vantage.system("/etc/nix/nix.conf"), |directory| Utf8Path::new(directory).join("nix.conf"));
    let mut texts = Vec::new();
    for path in std::iter::once(system).chain(user_settings(vantage)) {
        let Some(text) = vantage.read(&path).known().cloned().flatten() else { continue };
        let directory = path.parent().unwrap_or(Utf8Path::new("/"));
        let included =
            nix_conf::includes(&text).filter_map(|name| vantage.read(&directory.join(name)).known().cloned().flatten());
        let included: Vec<String> = included.collect();
        texts.push(text);
        texts.extend(included);
    }
    texts.extend(vantage.variable("NIX_CONFIG").map(str::to_owned));
    texts
}

fn user_settings(vantage: &Vantage) -> Option<Utf8PathBuf> {
    if let Some(files) = vantage.variable("NIX_USER_CONF_FILES") {
        return files.split(':').next().map(Utf8PathBuf::from);
    }
    let base = vantage.variable("XDG_CONFIG_HOME").map(Utf8PathBuf::from);
    Some(base.or_else(|| Some(vantage.home()?.join(".config")))?.join("nix/nix.conf"))
}

fn ask(vantage: &Vantage, caches: &[String]) -> (Fact<Vec<Reply>>, Fact<Reply>) {
    if !vantage.reach.network || !is_connected(vantage) {
        return (without_network(), without_network());
    }
    let over_https = caches.iter().filter(|cache| cache.starts_with("https://")).take(MOST_CACHES);
    let addresses: Vec<String> = over_https.map(|cache| format!("{cache}/nix-cache-info")).collect();
    let Some(first) = addresses.first() else {
        return (Fact::irrelevant("no cache is asked over HTTPS"), Fact::irrelevant("no cache is asked over HTTPS"));
    };
    std::thread::scope(|scope| {
        let over_ipv6 = scope.spawn(|| {
            if has_ipv6(vantage) {
                request::get(vantage, first, Family::Ipv6)
            } else {
                Fact::irrelevant("this machine has no address for IPv6")
            }
        });
        let asked: Vec<_> = addresses.iter().map(|address| scope.spawn(|| request::get(vantage, address, Family::Any))).collect();
        let replies = asked.into_iter().map(|asked| asked.join().unwrap_or_default());
        (all(replies), over_ipv6.join().unwrap_or_default())
    })
}

/// Every reply; when one is not known, why.
fn all(replies: impl Iterator<Item = Fact<Reply>>) -> Fact<Vec<Reply>> {
    let mut known = Vec::new();
    for reply in replies {
        match reply {
            Fact::Known(reply) => known.push(reply),
            Fact::Unknown(why) => return Fact::Unknown(why),
        }
    }
    Fact::Known(known)
}

/// Whether an interface has a global address: scope 00 in the fourth column. A Mac has no such table and is not asked.
fn has_ipv6(vantage: &Vantage) -> bool {
    let table = vantage.read(&vantage.system("/proc/net/if_inet6")).known().cloned().flatten().unwrap_or_default();
    table.lines().any(|line| line.split_whitespace().nth(3) == Some("00"))
}

fn authorities(vantage: &Vantage, texts: &[String]) -> Vec<Authorities> {
    let by_variable =
        VARIABLES_OF_AUTHORITIES.into_iter().filter_map(|variable| Some((variable, vantage.variable(variable)?.to_owned())));
    let by_setting = nix_conf::setting(texts, "ssl-cert-file").map(|path| ("ssl-cert-file", path));
    by_variable
        .chain(by_setting)
        .map(|(named_by, path)| {
            let path = vantage.directory.join(path);
            Authorities { named_by: named_by.to_owned(), state: state(vantage, &path), path }
        })
        .collect()
}

fn state(vantage: &Vantage, path: &Utf8Path) -> AuthoritiesState {
    match vantage.read(path) {
        Fact::Known(Some(text)) => certificate::judge(&text),
        Fact::Known(None) => AuthoritiesState::Missing,
        Fact::Unknown(_) => AuthoritiesState::Unreadable,
    }
}

fn proxies(vantage: &Vantage) -> Vec<Proxy> {
    let names = PROXIES.into_iter().flat_map(|name| [name.to_owned(), name.to_ascii_uppercase()]);
    names
        .filter_map(|variable| {
            let address = vantage.variable(&variable)?;
            let address = Some(address.to_owned()).filter(|address| !address.contains(['@', '?', '#', '"', '\n', '%']));
            Some(Proxy { variable, address })
        })
        .collect()
}

fn daemon_proxies(vantage: &Vantage) -> Fact<Vec<String>> {
    let plist = vantage.read(&vantage.system("/Library/LaunchDaemons/org.nixos.nix-daemon.plist"));
    if let Fact::Known(Some(plist)) = plist {
        let has = |name: &&str| plist.to_ascii_lowercase().contains(&format!("<key>{name}</key>"));
        return Fact::Known(PROXIES.into_iter().filter(has).map(str::to_owned).collect());
    }
    let units = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/system"];
    let is_unit = |directory: &str| vantage.system(directory).join("nix-daemon.service").exists();
    if !units.into_iter().any(is_unit) {
        return Fact::irrelevant("no service manager starts a Nix daemon");
    }
    match vantage.run("systemctl", &["show", "--property=Environment", "nix-daemon.service"]) {
        Fact::Known(output) if output.is_success() => Fact::Known(names_of_proxies(&output.stdout)),
        Fact::Known(output) => Fact::failed(format!("`systemctl show`: {}", output.stderr.trim())),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

/// The names, in lower case, out of `Environment=https_proxy=http://… "OTHER=two words"`.
fn names_of_proxies(printed: &str) -> Vec<String> {
    let assignments = printed.split(|c: char| c.is_whitespace() || c == '"').map(|word| word.trim_start_matches("Environment="));
    let names = assignments.filter_map(|assignment| Some(assignment.split_once('=')?.0.to_ascii_lowercase()));
    names.filter(|name| PROXIES.contains(&name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::vantage;
    use super::*;

    fn put(root: &Utf8Path, path: &str, text: &str) {
        let path = root.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    #[test]
    fn reads_caches_through_includes() {
        let (root, vantage) = vantage();
        put(&root, "etc/nix/nix.conf", "!include nixstart.conf\n!include gone.conf\n");
        put(&root, "etc/nix/nixstart.conf", "extra-substituters = https://me:pw@cache.example\n");
        put(&root, "home/user/.config/nix/nix.conf", "ssl-cert-file = /gone\n");
        let texts = settings(&vantage);
        assert_eq!(nix_conf::caches(&texts), [nix_conf::DEFAULT_CACHE, "https://cache.example"]);
        let found = look(&vantage);
        assert_eq!(found.caches.get().unwrap_err().to_string(), "not without a network");
        let authorities = found.authorities.known().unwrap();
        assert_eq!(authorities.len(), 1);
        assert_eq!((authorities[0].named_by.as_str(), authorities[0].state), ("ssl-cert-file", AuthoritiesState::Missing));
    }

    #[test]
    fn a_password_of_a_proxy_is_not_kept() {
        let (_root, mut vantage) = vantage();
        vantage.environment.insert("https_proxy".into(), "http://me:pw@proxy:3128".into());
        vantage.environment.insert("HTTP_PROXY".into(), "http://proxy:3128".into());
        let found = look(&vantage);
        assert!(!format!("{found:?}").contains("pw"));
        assert_eq!(found.proxies.known().unwrap().len(), 2);
        assert_eq!(found.daemon_proxies.get().unwrap_err().to_string(), "no service manager starts a Nix daemon");
    }

    #[test]
    fn a_machine_without_routes_asks_nobody() {
        let (root, mut vantage) = vantage();
        vantage.reach.network = true;
        put(&root, "proc/net/route", "Iface\tDestination\tGateway\n");
        let found = look(&vantage);
        assert_eq!(found.is_connected, false.into());
        assert_eq!(found.caches.get().unwrap_err().to_string(), "not without a network");
        vantage.environment.insert("https_proxy".into(), "http://127.0.0.1:3128".into());
        assert!(is_connected(&vantage));
    }

    #[test]
    fn finds_the_proxies_of_a_unit() {
        let printed = "Environment=HTTPS_PROXY=http://p:1 \"no_proxy=a b\" http_proxy=http://p:1\n";
        assert_eq!(names_of_proxies(printed), ["https_proxy", "http_proxy"]);
    }

    #[test]
    fn a_file_without_certificate_is_seen() {
        let (root, mut vantage) = vantage();
        put(&root, "home/user/ca.pem", "hello");
        vantage.environment.insert("NIX_SSL_CERT_FILE".into(), "ca.pem".into());
        vantage.environment.insert("SSL_CERT_FILE".into(), root.to_string());
        let states: Vec<AuthoritiesState> = authorities(&vantage, &[]).iter().map(|found| found.state).collect();
        assert_eq!(states, [AuthoritiesState::NoCertificate, AuthoritiesState::Unreadable]);
    }
}
