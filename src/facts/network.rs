//! What is known about the way to caches and registries. No address here holds a password or a token.

pub mod certificate;
pub mod nix_conf;
pub mod reply;

use camino::Utf8PathBuf;

use super::Fact;
pub use reply::{Reply, Trouble};

/// What is known about the way to caches and registries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// Whether packets have a way out of this machine; not looked at with `--offline`.
    pub is_connected: Fact<bool>,
    /// What every cache of Nix's settings answers to a request for its `nix-cache-info`.
    pub caches: Fact<Vec<Reply>>,
    /// What the first cache answers over IPv6 alone; irrelevant on a machine without an address for it.
    pub over_ipv6: Fact<Reply>,
    /// Files of certificate authorities that the environment or Nix's settings name.
    pub authorities: Fact<Vec<Authorities>>,
    /// The bundle of certificate authorities that this system has; `None` when it is at no usual place.
    pub system_authorities: Fact<Option<Utf8PathBuf>>,
    /// The `nix.conf` of this user, whether it is there or not.
    pub user_settings: Fact<Utf8PathBuf>,
    /// Variables of a proxy in this environment.
    pub proxies: Fact<Vec<Proxy>>,
    /// Names of variables of a proxy that the Nix daemon has, in lower case; irrelevant without a daemon.
    pub daemon_proxies: Fact<Vec<String>>,
}

/// A file of certificate authorities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorities {
    /// What names it (`NIX_SSL_CERT_FILE`, `ssl-cert-file`).
    pub named_by: String,
    /// The file.
    pub path: Utf8PathBuf,
    /// What is there.
    pub state: AuthoritiesState,
}

/// What is at the path of a file of certificate authorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthoritiesState {
    /// A file with certificates.
    Good,
    /// Nothing.
    Missing,
    /// Something that cannot be read.
    Unreadable,
    /// A file without a certificate in PEM form.
    NoCertificate,
}

/// A variable of a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The variable, as it is written.
    pub variable: String,
    /// Its value; `None` when it holds a user and a password.
    pub address: Option<String>,
}

/// An address without what may be secret: the user and password before the host, and what follows a question mark.
pub fn without_secrets(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    match address.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
            let host = host.rsplit('@').next().unwrap_or_default();
            path.map_or_else(|| format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
        }
        None => address.rsplit('@').next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_lose_users_and_queries() {
        assert_eq!(without_secrets("https://me:pw@cache.example/nix?token=x"), "https://cache.example/nix");
        assert_eq!(without_secrets("me:pw@proxy:3128"), "proxy:3128");
        assert_eq!(without_secrets("https://a@b@cache.example"), "https://cache.example");
        assert_eq!(without_secrets("https://cache.nixos.org/"), "https://cache.nixos.org/");
    }

    proptest! {
        #[test]
        fn no_password_stays(user in "[a-z]{1,8}", password in "[A-Z@:]{3,9}", host in "[a-z.]{1,9}") {
            let address = without_secrets(&format!("http://{user}:{password}@{host}"));
            prop_assert_eq!(address, format!("http://{host}"));
        }
    }
}
