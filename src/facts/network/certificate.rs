//! Whether a text has certificates in it.

use super::AuthoritiesState;

/// What the text of a file of certificate authorities is good for. OpenSSL writes `TRUSTED CERTIFICATE` as well.
pub fn judge(text: &str) -> AuthoritiesState {
    let begins = |line: &str| {
        let label = line.trim_end().strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----"));
        matches!(label, Some("CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE"))
    };
    if text.lines().any(begins) { AuthoritiesState::Good } else { AuthoritiesState::NoCertificate }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_certificate_by_its_first_line() {
        assert_eq!(judge("# mine\r\n-----BEGIN CERTIFICATE-----\r\nMII"), AuthoritiesState::Good);
        assert_eq!(judge("-----BEGIN PRIVATE KEY-----"), AuthoritiesState::NoCertificate);
    }
}
