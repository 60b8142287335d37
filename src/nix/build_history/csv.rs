//! The file `build-reports.csv` of nix-output-monitor: host, derivation, time and seconds.

/// The rows that make sense: host, package and seconds. This machine has no name.
pub(super) fn rows(csv: &str) -> impl Iterator<Item = (String, String, f64)> {
    csv.lines().filter_map(|line| {
        let mut fields = fields(line).into_iter();
        let (host, package) = (fields.next()?, fields.next()?);
        let seconds: f64 = fields.nth(1)?.trim().parse().ok()?;
        let host = if host == "localhost" { String::new() } else { host };
        (seconds.is_finite() && seconds >= 0.0).then_some((host, package, seconds))
    })
}

/// The fields of a line. In quotes, a comma is one and two quotes are one.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, is_quoted) {
            ('"', true) if characters.peek() == Some(&'"') => {
                characters.next();
                fields.iter_mut().last().into_iter().for_each(|field| field.push('"'));
            }
            ('"', _) => is_quoted = !is_quoted,
            (',', false) => fields.push(String::new()),
            (other, _) => fields.iter_mut().last().into_iter().for_each(|field| field.push(other)),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn quotes_and_headings_are_no_trouble() {
        let csv = "hostname,derivation name,utc time,build seconds\r\n\"a,b\",\"x\"\"y\",2026,3\r\n,app,2026,12\r\n,app,2026,-1\nshort\n";
        let expected = [("a,b".to_owned(), "x\"y".to_owned(), 3.0), (String::new(), "app".to_owned(), 12.0)];
        assert_eq!(rows(csv).collect::<Vec<_>>(), expected);
    }
}
