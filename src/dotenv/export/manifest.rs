//! The manifest of a Kubernetes secret: YAML whose every word is quoted, so that none of them is a number or a boolean.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;

use super::ExportError;

/// What the data of one secret may be, decoded.
const MOST: usize = 1024 * 1024;

/// One line of `data`.
pub(super) fn kubernetes_entry(key: &str, value: &str) -> String {
    format!("  \"{key}\": \"{}\"\n", STANDARD.encode(value))
}

/// The manifest around lines of `data`.
pub(super) fn kubernetes(name: &str, lines: &[String]) -> Result<SecretString, ExportError> {
    let head = format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: \"{name}\"\ntype: Opaque\n");
    if lines.is_empty() {
        return Ok(format!("{head}data: {{}}\n").into());
    }
    let body = lines.concat();
    // Base64 has four characters for three bytes, so this errs by the names alone.
    if body.len() / 4 * 3 > MOST { Err(ExportError::TooMuch) } else { Ok(format!("{head}data:\n{body}").into()) }
}
