//! Addresses: URLs, those of databases, ports and e-mail.

use url::{Host, Url};

use super::check::{Accepted, Rejection};

/// The schemes of databases, with the usual port of each.
const DATABASES: [&str; 9] =
    ["postgres", "postgresql", "mysql", "mariadb", "mongodb", "mongodb+srv", "redis", "rediss", "sqlserver"];

/// What the addresses of databases in files begin with.
const FILES: [&str; 2] = ["sqlite:", "file:"];

/// Whether the host of a database is the directory of a socket, which stands behind the name: libpq's
/// `postgresql:///NAME?host=/run/postgresql`.
fn names_socket(value: &str) -> bool {
    let query = value.split_once(":///").and_then(|(_, rest)| rest.split_once('?'));
    query.is_some_and(|(_, query)| query.split('&').any(|part| part.starts_with("host=/") || part.starts_with("host=%2F")))
}

/// Checks the URL of a database: scheme, host, and user information that means what it says.
pub(super) fn check_database_url(value: &str) -> Result<Accepted, Rejection> {
    let hint = "it looks like postgres://USER:PASSWORD@HOST:5432/NAME";
    if FILES.iter().any(|scheme| value.strip_prefix(scheme).is_some_and(|path| !path.is_empty())) {
        return Ok(Accepted::unchanged(value));
    }
    let scheme = value.split_once("://").map(|(scheme, _)| scheme);
    if scheme.is_none_or(|scheme| !DATABASES.contains(&scheme)) {
        return Err(Rejection::new("it does not begin with the scheme of a database, such as `postgres://`", hint));
    }
    if value.contains('#') {
        return Err(Rejection::new("it has a raw `#`, where programs take the address to end", "write `%23` for a `#` in it"));
    }
    let url = if names_socket(value) { parse(&value.replacen(":///", "://localhost/", 1), hint)? } else { parse(value, hint)? };
    let user_information = value.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
    if user_information.matches('@').count() > 1 {
        return Err(Rejection::new("it has two `@` before the host", "write `%40` for an `@` in the password"));
    }
    let mut accepted = Accepted::unchanged(value);
    if matches!(url.password(), Some("password" | "pass" | "changeme" | "secret")) {
        accepted.warnings.push("its password is one that everybody tries first".to_owned());
    }
    Ok(accepted)
}

/// Checks a URL of any kind.
pub(super) fn check_url(value: &str) -> Result<Accepted, Rejection> {
    parse(value, "it looks like https://HOST/PATH; write a space as `%20`, `#` as `%23` and `$` as `%24`")?;
    Ok(Accepted::unchanged(value))
}

/// Whether a URL leads to the machine it is used on.
pub(super) fn is_local(value: &str) -> bool {
    let url = Url::parse(value).ok();
    url.as_ref().and_then(Url::host).is_some_and(|host| match host {
        // Hosts of databases are not taken apart by the parser.
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost") || is_loopback(name),
        Host::Ipv4(address) => address.is_loopback() || address.is_unspecified(),
        Host::Ipv6(address) => address.is_loopback() || address.is_unspecified(),
    })
}

/// Whether a name is an IPv4 address of the machine itself.
fn is_loopback(name: &str) -> bool {
    name.starts_with("127.") && name.chars().all(|character| character.is_ascii_digit() || character == '.')
}

fn parse(value: &str, hint: &str) -> Result<Url, Rejection> {
    if value.contains(char::is_whitespace) {
        return Err(Rejection::new("it has a space, which no URL has", hint));
    }
    let url = Url::parse(value).map_err(|error| Rejection::new(format!("it is no URL: {error}"), hint))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(Rejection::new("it names no host", hint));
    }
    if url.port() == Some(0) {
        return Err(Rejection::new("no program listens on port 0", hint));
    }
    Ok(url)
}

/// Checks the number of a port.
pub(super) fn check_port(value: &str) -> Result<Accepted, Rejection> {
    match value.parse::<u16>() {
        Ok(0) | Err(_) => Err(Rejection::new("it is no port", "a port is a number from 1 to 65535")),
        Ok(port) => {
            let mut accepted = Accepted::unchanged(value);
            if port < 1024 {
                accepted.warnings.push("only root may listen on a port below 1024".to_owned());
            }
            Ok(accepted)
        }
    }
}

/// Checks the form of an e-mail address; whether it exists nobody knows.
pub(super) fn check_email(value: &str) -> Result<Accepted, Rejection> {
    let is_address = value.rsplit_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !value.contains(char::is_whitespace) && host.split('.').filter(|part| !part.is_empty()).count() > 1
    });
    if is_address {
        Ok(Accepted::unchanged(value))
    } else {
        Err(Rejection::new("it is no e-mail address", "it looks like ada@example.org"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(check: fn(&str) -> Result<Accepted, Rejection>, values: &[&str]) -> Vec<String> {
        values.iter().map(|value| check(value).map_or_else(|why| why.message, |accepted| accepted.warnings.join(";"))).collect()
    }

    #[test]
    fn urls_of_databases_are_looked_into() {
        let with = |user: &str| format!("postgres://{user}@db.example:5432/app");
        let values = [with("ada:x%40y"), with("ada:x@y"), with("ada:password"), "https://db.example".to_owned()];
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        assert_eq!(
            messages(check_database_url, &values),
            [
                "",
                "it has two `@` before the host",
                "its password is one that everybody tries first",
                "it does not begin with the scheme of a database, such as `postgres://`"
            ]
        );
        let raw = messages(check_database_url, &[&with("ada:x#y"), &(with("ada:x") + "#y")]);
        assert_eq!(raw, ["it has a raw `#`, where programs take the address to end"; 2]);
        for value in ["postgresql:///app?host=/run/postgresql", "sqlite:./dev.db", "file:./dev.db"] {
            assert!(check_database_url(value).is_ok(), "{value}");
        }
        assert!(check_database_url("postgres:///app?hosts=/run").is_err() && check_database_url("sqlite:").is_err());
        assert!(check_database_url("postgres:///app").is_err() && check_database_url("postgres://h:99999/x").is_err());
    }

    #[test]
    fn addresses_of_this_machine_are_known() {
        for host in ["localhost", "127.0.0.1:5432", "[::1]:5432", "db.localhost"] {
            assert!(is_local(&format!("postgres://ada:x@{host}/app")) && is_local(&format!("http://{host}/")), "{host}");
        }
        assert!(["db.example", "10.0.0.1", "localhost.example"].iter().all(|host| !is_local(&format!("postgres://{host}/app"))));
    }

    #[test]
    fn other_addresses_have_their_form() {
        assert_eq!(messages(check_url, &["https://a.example/x?y=1", "a.example", "https://a b"])[0], "");
        assert!(check_url("a.example").is_err() && check_url("https://a b").is_err() && check_url("https://h:0/").is_err());
        assert_eq!(
            messages(check_port, &["3000", "80", "0", "70000", "x"])[..2],
            ["", "only root may listen on a port below 1024"]
        );
        assert!(["0", "70000", "x", "-1"].iter().all(|port| check_port(port).is_err()));
        assert!(check_email("ada@example.org").is_ok());
        assert!(["ada", "@example.org", "ada@host", "a b@example.org"].iter().all(|address| check_email(address).is_err()));
    }
}
