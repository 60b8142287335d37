//! Whose certificates are believed. The files are those that Nix and curl read, so that what works there works here.

use camino::{Utf8Path, Utf8PathBuf};
use ureq::tls::{Certificate, PemItem, parse_pem};

use super::HttpError;
use crate::env_vars;

/// Variables that name a file of certificate authorities, for Nix, OpenSSL and curl.
pub(in crate::host) const VARIABLES_OF_AUTHORITIES: [&str; 3] =
    [env_vars::NIX_SSL_CERT_FILE, env_vars::SSL_CERT_FILE, env_vars::CURL_CA_BUNDLE];

/// Where systems keep their certificate authorities: Debian and Arch, Fedora, openSUSE, Alpine and macOS, NixOS.
pub(in crate::host) const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs/ca-bundle.crt",
];

/// Whose certificates are believed, and whether a server on this machine needs one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The system's authorities.
    pub system: bool,
    /// The authorities in this file.
    pub extra_ca: Option<Utf8PathBuf>,
    /// Whether a server on this machine may be asked without TLS: in tests, and where a variable names the server.
    pub allow_loopback_http: bool,
}

impl Trust {
    /// The authorities in the file that a variable names, else the system's; HTTPS only.
    pub fn from_environment() -> Self {
        let named = VARIABLES_OF_AUTHORITIES.into_iter().find_map(env_vars::get).map(Utf8PathBuf::from);
        Self { system: named.is_none(), extra_ca: named, allow_loopback_http: false }
    }

    /// The certificates of the authorities.
    pub(super) fn certificates(&self) -> Result<Vec<Certificate<'static>>, HttpError> {
        let system = BUNDLES.into_iter().map(Utf8Path::new).find(|path| self.system && path.is_file());
        let mut certificates = Vec::new();
        for path in system.into_iter().chain(self.extra_ca.as_deref()) {
            let unreadable = |source| HttpError::Authorities { path: path.to_owned(), source };
            let pem = fs_err::read(path).map_err(unreadable)?;
            let found = parse_pem(&pem).filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                Ok(_) | Err(_) => None,
            });
            certificates.extend(found);
        }
        if certificates.is_empty() { Err(HttpError::NoAuthorities) } else { Ok(certificates) }
    }
}
