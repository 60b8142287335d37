//! What goes wrong between a server and a file, told apart as far as the way out differs.

use std::io;

use camino::Utf8PathBuf;
use rustls::CertificateError as Fault;

use crate::error::{Error, ErrorKind};
use crate::plan::action::size_as_text;

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is not HTTPS.
    #[error("`{url}` is not fetched, because it is not HTTPS")]
    Insecure {
        /// The address.
        url: String,
    },
    /// A redirect leaves HTTPS.
    #[error("`{from}` redirects to `{to}`, which is not HTTPS")]
    InsecureRedirect {
        /// What was asked.
        from: String,
        /// Where it leads.
        to: String,
    },
    /// One redirect after the other.
    #[error("`{url}` redirects more than {most} times")]
    TooManyRedirects {
        /// What was asked first.
        url: String,
        /// How many are followed.
        most: usize,
    },
    /// A redirect to nowhere.
    #[error("`{url}` redirects without saying where")]
    NoTarget {
        /// What was asked.
        url: String,
    },
    /// The server answers with an error.
    #[error("`{url}` answers with status {status}")]
    Status {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// What the server says about another try, in seconds or as a date.
        retry_after: Option<String>,
    },
    /// A web page in place of a file.
    #[error("`{url}` answers with a web page in place of the file")]
    CaptivePortal {
        /// What was asked.
        url: String,
    },
    /// The answer is not whole.
    #[error("`{url}` was cut off after {received} bytes: {source}")]
    Truncated {
        /// What was asked.
        url: String,
        /// How much came.
        received: u64,
        /// What the connection says.
        source: io::Error,
    },
    /// There is more than there should be.
    #[error("`{url}` is larger than {}, so it is not what was expected", size_as_text(*.most))]
    TooLarge {
        /// What was asked.
        url: String,
        /// How much would have been taken.
        most: u64,
    },
    /// It takes too long.
    #[error("`{url}` took longer than {seconds} s")]
    TimedOut {
        /// What was asked.
        url: String,
        /// The limit.
        seconds: u64,
    },
    /// Nothing comes any more.
    #[error("`{url}` sent nothing for {seconds} s")]
    Silent {
        /// What was asked.
        url: String,
        /// The limit.
        seconds: u64,
    },
    /// Somebody asked to stop.
    #[error("interrupted while `{url}` was fetched")]
    Interrupted {
        /// What was asked.
        url: String,
    },
    /// The name of the server is not known.
    #[error("`{url}` cannot be fetched: its host is not found")]
    HostNotFound {
        /// What was asked.
        url: String,
    },
    /// The certificate of the server is not believed.
    #[error("`{url}` cannot be fetched: the server's certificate {fault}")]
    Certificate {
        /// What was asked.
        url: String,
        /// Why.
        fault: CertificateFault,
    },
    /// A file of authorities that is named cannot be read.
    #[error("cannot read the certificate authorities in `{path}`: {source}")]
    Authorities {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There are no authorities to believe.
    #[error("this machine has no certificate authorities, so no server can be believed")]
    NoAuthorities,
    /// The proxy does not work.
    #[error("`{url}` cannot be fetched through the proxy: {reason}")]
    Proxy {
        /// What was asked.
        url: String,
        /// Why.
        reason: String,
    },
    /// Another failure of the connection.
    #[error("`{url}` cannot be fetched: {source}")]
    Connection {
        /// What was asked.
        url: String,
        /// What the connection says.
        source: io::Error,
    },
    /// Others may look into the directory.
    #[error("nothing is downloaded into `{directory}`, because others may write or look into it")]
    NotPrivate {
        /// The directory.
        directory: Utf8PathBuf,
    },
    /// The disk.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// Why a certificate is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// It is too old.
    #[error("has expired")]
    Expired,
    /// It is too new.
    #[error("is not valid yet")]
    NotYetValid,
    /// Nobody who is believed has signed it.
    #[error("is signed by nobody that this machine trusts")]
    UnknownAuthority,
    /// It is for another server.
    #[error("is for another name")]
    OtherName,
    /// Anything else.
    #[error("is not believed: {0}")]
    Other(String),
}

impl From<&Fault> for CertificateFault {
    fn from(error: &Fault) -> Self {
        match error {
            Fault::Expired | Fault::ExpiredContext { .. } => Self::Expired,
            Fault::NotValidYet | Fault::NotValidYetContext { .. } => Self::NotYetValid,
            Fault::UnknownIssuer | Fault::BadSignature => Self::UnknownAuthority,
            Fault::NotValidForName | Fault::NotValidForNameContext { .. } => Self::OtherName,
            other => Self::Other(other.to_string()),
        }
    }
}

impl HttpError {
    /// What the library says about a request before any byte of the answer came.
    pub(super) fn of(url: &str, error: ureq::Error) -> Self {
        let url = url.to_owned();
        match error {
            ureq::Error::HostNotFound => Self::HostNotFound { url },
            ureq::Error::RequireHttpsOnly(_) => Self::Insecure { url },
            ureq::Error::ConnectProxyFailed(reason) => Self::Proxy { url, reason },
            ureq::Error::InvalidProxyUrl => Self::Proxy { url, reason: "its address is not understood".to_owned() },
            ureq::Error::Rustls(error) => Self::of_tls(url, &error, io::Error::other(error.clone())),
            ureq::Error::Io(source) => match source.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).cloned() {
                Some(error) => Self::of_tls(url, &error, source),
                None => Self::Connection { url, source },
            },
            other => Self::Connection { url, source: io::Error::other(other) },
        }
    }

    fn of_tls(url: String, error: &rustls::Error, source: io::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(fault) => Self::Certificate { url, fault: fault.into() },
            _ => Self::Connection { url, source },
        }
    }

    /// What to do about it.
    fn hint(&self) -> Option<String> {
        const CONNECTION: &str = "check the connection with `nixstart doctor --group network` and run the same command again";
        const PORTAL: &str = "open a web browser: this network may want you to log in first";
        const CLOCK: &str = "check the clock of this machine with `date`";
        let hint = match self {
            Self::InsecureRedirect { .. }
            | Self::CaptivePortal { .. }
            | Self::Certificate { fault: CertificateFault::OtherName, .. } => PORTAL,
            Self::Certificate { fault: CertificateFault::Expired | CertificateFault::NotYetValid, .. } => CLOCK,
            Self::Certificate { fault: CertificateFault::UnknownAuthority | CertificateFault::Other(_), .. } => {
                "when your network inspects TLS, name the file of its authority in `NIX_SSL_CERT_FILE`"
            }
            Self::Status { retry_after: Some(after), .. } => {
                let unit = if after.chars().all(|digit| digit.is_ascii_digit()) { " seconds" } else { "" };
                return Some(format!("the server asks to be left alone; try again after {after}{unit}"));
            }
            Self::Status { status: 404 | 410, .. } | Self::TooLarge { .. } => "a newer nixstart may know where it is now",
            Self::Authorities { .. } => {
                "correct or unset the variable that names it: NIX_SSL_CERT_FILE, SSL_CERT_FILE or CURL_CA_BUNDLE"
            }
            Self::NoAuthorities => "install the package `ca-certificates`",
            Self::Proxy { .. } => "check `https_proxy` and `all_proxy`",
            Self::NotPrivate { .. } => "choose another directory, or close it with `chmod 700`",
            Self::Truncated { .. }
            | Self::TimedOut { .. }
            | Self::Silent { .. }
            | Self::HostNotFound { .. }
            | Self::Connection { .. }
            | Self::Status { .. } => CONNECTION,
            Self::Insecure { .. }
            | Self::TooManyRedirects { .. }
            | Self::NoTarget { .. }
            | Self::Interrupted { .. }
            | Self::Disk(_) => return None,
        };
        Some(hint.to_owned())
    }
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        let hint = error.hint();
        let kind = match error {
            HttpError::Disk(error) => return error.into(),
            HttpError::Interrupted { .. } => ErrorKind::Interrupted,
            HttpError::Insecure { .. } | HttpError::InsecureRedirect { .. } | HttpError::NotPrivate { .. } => ErrorKind::Refused,
            _ => ErrorKind::Failed,
        };
        Self::new(kind, error).maybe_hint(hint)
    }
}
