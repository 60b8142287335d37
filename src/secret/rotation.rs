//! What has to be done by hand when a secret changes: getting a new one, and telling it to everything that runs with it.

use super::schema::SecretSpec;

/// How a new value of a variable is got, as lines to read. The first names the variable. `command` says how a verb of `env` is
/// typed.
pub fn steps(name: &str, spec: Option<&SecretSpec>, command: &dyn Fn(&str) -> String) -> Vec<String> {
    let generates = spec.is_some_and(|spec| spec.generate.is_some());
    let command = format!("{name}: `{}`", command(&format!("rotate {name}{}", if generates { " --generate" } else { "" })));
    let obtain = spec.and_then(|spec| spec.obtain.as_ref());
    let page = obtain.map(|obtain| format!("get it: {}", obtain.url));
    let steps = obtain.into_iter().flat_map(|obtain| &obtain.steps).enumerate();
    std::iter::once(command).chain(page).chain(steps.map(|(index, step)| format!("{}. {step}", index + 1))).collect()
}

/// Where else a variable is known to live: the deployments of `nixstart.toml`, and workflows that ask for it.
pub fn elsewhere(name: &str, record: &str, workflows: &[(String, String)]) -> Vec<String> {
    let document = record.parse::<toml::Table>().unwrap_or_default();
    let deployments = document.get("deployments").and_then(toml::Value::as_table).into_iter().flatten();
    let mut places: Vec<String> =
        deployments.map(|(target, _)| format!("the deployment `{target}`: give it the new value, and deploy")).collect();
    let asks = |text: &str| {
        text.match_indices("secrets.").any(|(at, word)| {
            let rest = text.get(at + word.len()..).unwrap_or_default();
            rest.strip_prefix(name)
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_'))
        })
    };
    let files = workflows.iter().filter(|(_, text)| asks(text));
    places
        .extend(files.map(|(file, _)| format!("the secret {name} of GitHub Actions, which `{file}` uses: gh secret set {name}")));
    places
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn says_how_a_new_value_is_got() {
        let spec = |rest: &str| toml::from_str(&format!("name = 'A'\ndescription = ''\n{rest}")).unwrap();
        let command = |words: &str| format!("nixstart env {words}");
        let steps = |spec: Option<&SecretSpec>| steps("A", spec, &command);
        let obtain = spec("obtain = { url = 'https://x.example', steps = ['open', 'copy'] }");
        assert_eq!(steps(Some(&obtain)), ["A: `nixstart env rotate A`", "get it: https://x.example", "1. open", "2. copy"]);
        let generated = spec("generate = { type = 'hex', bytes = 32 }");
        assert_eq!(steps(Some(&generated)), ["A: `nixstart env rotate A --generate`"]);
        assert_eq!(steps(None), ["A: `nixstart env rotate A`"]);
    }

    #[test]
    fn names_what_else_runs_with_it() {
        let record = "[deployments.server]\nhost = 'x'\n";
        let workflows = [
            (".github/workflows/a.yml".to_owned(), "x: ${{ secrets.TOKEN }}".to_owned()),
            (".github/workflows/b.yml".to_owned(), "x: ${{ secrets.TOKEN_2 }}".to_owned()),
        ];
        assert_eq!(
            elsewhere("TOKEN", record, &workflows),
            [
                "the deployment `server`: give it the new value, and deploy",
                "the secret TOKEN of GitHub Actions, which `.github/workflows/a.yml` uses: gh secret set TOKEN"
            ]
        );
        assert!(elsewhere("TOKEN", "[", &[]).is_empty());
    }
}
