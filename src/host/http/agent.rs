//! Who speaks HTTP here: over TLS unless the address is one of this machine, with the certificates that are believed, by the
//! proxy of the environment. Redirects and statuses are for whoever asks to judge.

use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

use super::{HttpError, Trust, redirect};
use crate::env_vars;

/// An agent for one address, which ends after a time whatever the server does.
pub(super) fn agent(url: &str, trust: &Trust, (deadline, user_agent): (Duration, &str)) -> Result<Agent, HttpError> {
    let is_encrypted = url.starts_with("https:");
    let roots = if is_encrypted { trust.certificates()? } else { Vec::new() };
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = Agent::config_builder()
        .https_only(is_encrypted)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(deadline))
        .user_agent(user_agent)
        .proxy(proxy_for(url)?)
        .tls_config(tls)
        .build();
    Ok(Agent::new_with_config(config))
}

/// An agent that asks servers of one's own for a sign of life: without a proxy, whoever has signed their certificates.
pub(super) fn probing(timeout: Duration) -> Agent {
    let tls = TlsConfig::builder()
        .disable_verification(true)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(timeout))
        .user_agent("nixstart")
        .proxy(None)
        .tls_config(tls)
        .build();
    Agent::new_with_config(config)
}

/// The proxy that the environment names, as curl reads it. This machine is asked without one.
fn proxy_for(url: &str) -> Result<Option<Proxy>, HttpError> {
    let named = [env_vars::HTTPS_PROXY, env_vars::ALL_PROXY].into_iter().find_map(env_vars::get_in_any_case);
    let Some(address) = named.filter(|_| !redirect::is_loopback(url)) else { return Ok(None) };
    let except = env_vars::get_in_any_case(env_vars::NO_PROXY).unwrap_or_default();
    if except.split(',').any(|name| is_in_domain(url, name.trim())) {
        return Ok(None);
    }
    Proxy::new(&address).map(Some).map_err(|error| HttpError::of(url, error))
}

/// Whether the host of an address is a domain or in it; `*` is every domain.
fn is_in_domain(url: &str, domain: &str) -> bool {
    let domain = domain.trim_start_matches('.');
    let uri = url.parse::<ureq::http::Uri>().ok();
    let host = uri.as_ref().and_then(ureq::http::Uri::host).unwrap_or_default();
    let is_below = || host.strip_suffix(domain).is_some_and(|above| above.is_empty() || above.ends_with('.'));
    domain == "*" || (!domain.is_empty() && is_below())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_hosts_are_asked_without_a_proxy() {
        let url = "https://releases.nixos.org:443/nix";
        for domain in ["releases.nixos.org", "nixos.org", ".nixos.org", "*"] {
            assert!(is_in_domain(url, domain), "{domain}");
        }
        for domain in ["", "os.org", "nixos.org.example", "cache.nixos.org"] {
            assert!(!is_in_domain(url, domain), "{domain}");
        }
    }
}
