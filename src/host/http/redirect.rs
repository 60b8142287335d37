//! Where a redirect leads, and whether it may be followed.

use ureq::http::Uri;

use super::{HttpError, Trust};

/// Whether an address may be asked: over HTTPS, or on this machine when a request says so.
pub(super) fn is_allowed(url: &str, trust: &Trust) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    match uri.scheme_str() {
        Some("https") => uri.host().is_some(),
        Some("http") => trust.allow_loopback_http && is_loopback(url),
        Some(_) | None => false,
    }
}

/// Whether an address is on this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    let uri = url.parse::<Uri>().ok();
    uri.as_ref().and_then(Uri::host).is_some_and(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"))
}

/// The address that an answer redirects to. One that was asked over HTTPS leads to HTTPS only.
pub(super) fn next(from: &str, location: Option<&str>, trust: &Trust) -> Result<String, HttpError> {
    let no_target = || HttpError::NoTarget { url: from.to_owned() };
    let location = location.map(str::trim).filter(|location| !location.is_empty()).ok_or_else(no_target)?;
    let to = join(from, location).ok_or_else(no_target)?;
    let is_downgrade = from.starts_with("https:") && !to.starts_with("https:");
    if is_downgrade || !is_allowed(&to, trust) {
        return Err(HttpError::InsecureRedirect { from: from.to_owned(), to });
    }
    Ok(to)
}

/// Puts an address together from the one that was asked and what its answer names: a whole address, one without a scheme,
/// a path, or a name beside the last one.
fn join(from: &str, location: &str) -> Option<String> {
    let location = location.split('#').next()?;
    if has_scheme(location) {
        return location.parse::<Uri>().ok().map(|uri| uri.to_string());
    }
    let base: Uri = from.parse().ok()?;
    let (scheme, authority) = (base.scheme_str()?, base.authority()?);
    let joined = if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{location}")
    };
    joined.parse::<Uri>().ok().map(|uri| uri.to_string())
}

/// Whether a text begins with a scheme, by the grammar of RFC 3986.
fn has_scheme(location: &str) -> bool {
    let is_of_scheme = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    location.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.chars().all(is_of_scheme)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "https://a.example/x/y?z=1";

    fn strict() -> Trust {
        Trust { system: false, extra_ca: None, allow_loopback_http: false }
    }

    #[test]
    fn follows_every_way_to_name_a_target() {
        for (location, to) in [
            ("https://b.example/q", "https://b.example/q"),
            ("//b.example/q", "https://b.example/q"),
            ("/q?r=2", "https://a.example/q?r=2"),
            ("q", "https://a.example/x/q"),
            ("/q#part", "https://a.example/q"),
        ] {
            assert_eq!(next(FROM, Some(location), &strict()).unwrap(), to, "{location}");
        }
        assert!(matches!(next(FROM, None, &strict()), Err(HttpError::NoTarget { .. })));
        assert!(matches!(next(FROM, Some(" "), &strict()), Err(HttpError::NoTarget { .. })));
    }

    #[test]
    fn never_leaves_https() {
        let lenient = Trust { allow_loopback_http: true, ..strict() };
        for location in ["http://a.example/", "http://127.0.0.1/", "ftp://a.example/", "file:///etc/passwd", "mailto:a@example"] {
            for trust in [strict(), lenient.clone()] {
                let refused = next(FROM, Some(location), &trust);
                assert!(matches!(refused, Err(HttpError::InsecureRedirect { .. } | HttpError::NoTarget { .. })), "{location}");
            }
        }
        assert!(next("http://127.0.0.1:1/", Some("/b"), &lenient).is_ok());
        assert!(next("http://127.0.0.1:1/", Some("http://a.example/"), &lenient).is_err());
        assert!(next("http://127.0.0.1:1/", Some("http://127.0.0.1.a.example/"), &lenient).is_err());
    }
}
