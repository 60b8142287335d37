//! Lints a template: renders it with every combination of answers and says what is wrong, with file and line.

mod names;

use std::collections::BTreeSet;

use super::manifest::line_of;
use super::render::{Context, HELPERS, Renderer};
use super::scaffold::{Carried, Given, Scaffold, ScaffoldError};
use super::{Template, command_line, syntax};
use crate::diagnostic::{Diagnostic, Place};
use crate::file_tree::File;
use crate::project::create::ignores_env;
use crate::project::name::ProjectName;
use crate::project::record::Part;
use crate::question::{Answer, Answers, Question, QuestionKind};
use crate::service::ServiceSet;

/// More combinations than this are not rendered; the check says so.
const MOST_COMBINATIONS: usize = 4096;

/// A name with everything that breaks out of careless quoting.
const HOSTILE_NAME: &str = "my \"bot\" ${x} 'it' $y: #1";

/// What a check looked at and found.
#[derive(Debug)]
pub struct Report {
    /// How many combinations of answers were rendered.
    pub combinations: usize,
    /// How many files were parsed, counted once per combination.
    pub files: usize,
    /// What is wrong, sorted by place, each once.
    pub findings: BTreeSet<Diagnostic>,
}

/// Checks a template.
pub fn check(template: &Template, carried: Carried) -> Report {
    let mut report = Report { combinations: 0, files: 0, findings: BTreeSet::new() };
    let combinations = combinations(template, &mut report.findings);
    report.combinations = combinations.len();
    // As a new project, and with a part of each kind.
    let samples = template.sample_parts();
    let with_parts = (!samples.is_empty()).then_some(samples);
    for answers in &combinations {
        for name in ["my-bot", HOSTILE_NAME].map(ProjectName::parse).iter().flatten() {
            for parts in std::iter::once(&[] as &[Part]).chain(with_parts.as_deref()) {
                check_combination(template, Given { name, answers, parts }, carried, &mut report);
            }
        }
    }
    names::check(template, &mut report.findings);
    check_rules(template, &mut report.findings);
    report
}

/// Every combination of answers that a person could give.
fn combinations(template: &Template, findings: &mut BTreeSet<Diagnostic>) -> Vec<Answers> {
    let renderer = Renderer::default();
    let mut combinations = vec![Answers::new()];
    for question in &template.manifest.questions {
        let mut next = Vec::new();
        for answers in combinations {
            match renderer.holds("template.toml", question.when.as_deref(), &sample_context(template, &answers)) {
                Ok(false) => next.push(answers),
                Ok(true) => {
                    let possible = possible_answers(template, question, &answers, findings);
                    next.extend(possible.into_iter().map(|answer| with(&answers, question, answer)));
                }
                Err(error) => {
                    let place = place_of_question(template, question);
                    findings.insert(Diagnostic::error(
                        place,
                        "broken-condition",
                        format!("the condition of `{}`: {}", question.name, error.message),
                    ));
                    next.push(answers);
                }
            }
        }
        combinations = next;
        if combinations.len() > MOST_COMBINATIONS {
            let message = format!("more than {MOST_COMBINATIONS} combinations of answers; only the first are rendered");
            findings.insert(Diagnostic::warning(place_of_question(template, question), "many-combinations", message));
            combinations.truncate(MOST_COMBINATIONS);
        }
    }
    combinations
}

fn sample_context(template: &Template, answers: &Answers) -> Context {
    let context = ProjectName::parse("my-bot").map(|name| template.context(&name, answers)).unwrap_or_default();
    template.sample_parts().first().map(|part| context.about(part)).unwrap_or(context)
}

fn with(answers: &Answers, question: &Question, answer: Answer) -> Answers {
    let mut answers = answers.clone();
    answers.insert(question.name.clone(), answer);
    answers
}

fn possible_answers(
    template: &Template,
    question: &Question,
    answers: &Answers,
    findings: &mut BTreeSet<Diagnostic>,
) -> Vec<Answer> {
    let values = || question.choices.iter().map(|choice| choice.value.clone());
    match question.kind {
        QuestionKind::Confirm => vec![Answer::Bool(true), Answer::Bool(false)],
        QuestionKind::Select => values().map(Answer::Text).collect(),
        QuestionKind::Multiselect => subsets(&values().collect::<Vec<_>>()).into_iter().map(Answer::List).collect(),
        QuestionKind::Text => {
            let default = text_default(template, question, answers, findings).unwrap_or_else(|| Answer::Text("sample".into()));
            let hostile = question.check(Answer::Text(HOSTILE_NAME.into()));
            std::iter::once(default).chain(hostile).collect()
        }
    }
}

/// The default of a text, which has to be accepted whatever the project is called.
fn text_default(
    template: &Template,
    question: &Question,
    answers: &Answers,
    findings: &mut BTreeSet<Diagnostic>,
) -> Option<Answer> {
    let mut found = None;
    for name in [HOSTILE_NAME, "my-bot"] {
        let Ok(name) = ProjectName::parse(name) else { continue };
        let message = match Template::default_of(question, &template.context(&name, answers)) {
            Ok(default) => {
                found.clone_from(&default);
                default.and_then(|default| question.check(default).err()).map(|error| error.to_string())
            }
            Err(error) => Some(error.message),
        };
        if let Some(message) = message {
            let message = format!("the default of a project named `{name}` does not fit: {message}");
            findings.insert(Diagnostic::error(place_of_question(template, question), "bad-default", message));
        }
    }
    found
}

fn subsets(values: &[String]) -> Vec<Vec<String>> {
    values.iter().fold(vec![Vec::new()], |subsets, value| {
        let with_value = subsets.iter().map(|subset| subset.iter().chain([value]).cloned().collect());
        subsets.iter().cloned().chain(with_value).take(MOST_COMBINATIONS).collect()
    })
}

fn check_combination(template: &Template, given: Given<'_>, carried: Carried, report: &mut Report) {
    let scaffold = match template.scaffold(given, carried) {
        Ok(scaffold) => scaffold,
        Err(error) => {
            report.findings.insert(scaffold_finding(template, &error));
            return;
        }
    };
    report.files += scaffold.tree.len();
    for (path, file) in scaffold.tree.iter() {
        let origin = scaffold.origins.get(path.as_str()).map_or(path.as_str(), String::as_str);
        check_file(template, (path.as_str(), origin), file, &mut report.findings);
    }
    check_services(template, &scaffold, &mut report.findings);
    check_env_is_ignored(template, &scaffold, &mut report.findings);
    check_next_steps(template, scaffold, &mut report.findings);
}

/// A project with secrets needs an ignore rule for them; without one, nixstart holds them back.
fn check_env_is_ignored(template: &Template, scaffold: &Scaffold, findings: &mut BTreeSet<Diagnostic>) {
    let rules = scaffold.tree.get(".gitignore").map(|file| String::from_utf8_lossy(&file.contents).into_owned());
    if let Some(first) = scaffold.secrets.first().filter(|_| !ignores_env(&rules.unwrap_or_default())) {
        let line = line_of(&template.manifest_text, &format!("\"{}\"", first.name));
        let finding = Diagnostic::error(
            Place::new("template.toml", line),
            "env-not-ignored",
            "the project has secrets, but its `.gitignore` does not cover `.env`",
        );
        findings.insert(finding.hint("write `.env`, `.env.*` and `!.env.example` to `files/.gitignore`"));
    }
}

/// Where a service of a project comes from; one of a part has another name in the template.
fn place_of_service(template: &Template, service: &str) -> Place {
    let own = format!("[services.{service}]");
    let needle = if template.manifest_text.contains(&own) { &own } else { "[services" };
    Place::new("template.toml", line_of(&template.manifest_text, needle))
}

/// What is probably not meant in the services of a project.
fn check_services(template: &Template, scaffold: &Scaffold, findings: &mut BTreeSet<Diagnostic>) {
    let (services, _) = ServiceSet::read(&scaffold.services);
    for service in &services {
        let place = place_of_service(template, &service.name);
        let of_service = services.findings_about(service).into_iter();
        findings.extend(of_service.map(|finding| Diagnostic { place: place.clone(), ..finding }));
    }
}

fn scaffold_finding(template: &Template, error: &ScaffoldError) -> Diagnostic {
    match error {
        ScaffoldError::Render(error) => Diagnostic::error(Place::new(&error.place, error.line), "cannot-render", &error.message),
        ScaffoldError::NotText(place) => Diagnostic::error(Place::new(place, 0), "not-text", "a `.hbs` file must be text"),
        ScaffoldError::Path { place, source } => Diagnostic::error(Place::new(place, 0), "path-escape", source.to_string()),
        ScaffoldError::Twice { place, path } => {
            Diagnostic::error(Place::new(place, 0), "written-twice", format!("`{path}` is written twice"))
        }
        ScaffoldError::Reserved { place, path } => {
            Diagnostic::error(Place::new(place, 0), "reserved-path", format!("a template must not write `{path}`"))
        }
        ScaffoldError::Service(error) => Diagnostic {
            hint: error.hint(),
            ..Diagnostic::error(place_of_service(template, error.service()), "service", error.to_string())
        },
        ScaffoldError::NotCarried(name) => {
            let line = line_of(&template.manifest_text, &format!("\"{name}\""));
            Diagnostic::error(Place::new("template.toml", line), "not-carried", format!("nixstart carries no file `{name}`"))
        }
    }
}

/// Parses a rendered file and looks for braces that were meant to be rendered.
fn check_file(template: &Template, (path, origin): (&str, &str), file: &File, findings: &mut BTreeSet<Diagnostic>) {
    let Ok(text) = str::from_utf8(&file.contents) else { return };
    let name = path.rsplit('/').next().unwrap_or(path);
    if let Some(error) = syntax::check(name, text) {
        findings.insert(Diagnostic::error(
            Place::new(origin, error.line),
            "syntax",
            format!("`{path}` does not parse: {}", error.message),
        ));
    }
    for (index, line) in text.lines().enumerate() {
        if let Some(expression) = unrendered(line, template) {
            let hint = "give the file the ending `.hbs` to render it";
            let finding =
                Diagnostic::error(Place::new(origin, index + 1), "unrendered", format!("`{path}` keeps `{{{{{expression}}}}}`"));
            findings.insert(finding.hint(hint));
        }
    }
}

/// An expression in double braces that starts like one of ours. `${{ … }}` is GitHub's and JSX has `={{ … }}`.
fn unrendered<'a>(line: &'a str, template: &Template) -> Option<&'a str> {
    let (before, rest) = line.split_once("{{")?;
    if before.ends_with(['$', '=', '{']) {
        return unrendered(rest, template);
    }
    let (expression, _) = rest.split_once("}}")?;
    let word = expression.trim().trim_start_matches(['#', '/', '^']).split([' ', '.']).next().unwrap_or_default();
    let is_ours = matches!(word, "project" | "template" | "nixstart" | "else") || HELPERS.contains(&word);
    let is_ours = is_ours || !template.manifest.parts.is_empty() && matches!(word, "part" | "parts");
    let is_ours = is_ours || template.manifest.questions.iter().any(|question| question.name == word);
    if is_ours { Some(expression) } else { unrendered(rest, template) }
}

fn check_next_steps(template: &Template, scaffold: Scaffold, findings: &mut BTreeSet<Diagnostic>) {
    let renderer = Renderer::default();
    let context = scaffold.context.with("host", host_names()).with("secrets", serde_json::json!({ "missing": true }));
    for step in &template.manifest.next_steps {
        let outcome = renderer
            .holds("template.toml", step.when.as_deref(), &context)
            .and_then(|_| renderer.render("template.toml", &step.command, &context));
        let place = Place::new("template.toml", line_of(&template.manifest_text, &step.command));
        match outcome {
            Err(error) => {
                findings.insert(Diagnostic::error(place, "cannot-render", format!("next step: {}", error.message)));
            }
            Ok(command) if step.offer.is_some() => findings.extend(command_finding(place, &command)),
            Ok(_) => {}
        }
    }
}

/// Says why a command that is offered cannot be run.
fn command_finding(place: Place, command: &str) -> Option<Diagnostic> {
    let error = command_line::words(command).err()?;
    if command.contains(HOSTILE_NAME) {
        let message = format!("the offered command cannot be run with every value: {error}");
        return Some(Diagnostic::warning(place, "unquoted-value", message).hint("write values with `{{sh …}}`"));
    }
    let finding = Diagnostic::error(place, "cannot-run", format!("the offered command cannot be run: {error}"));
    Some(finding.hint("leave `offer` out; the command is shown all the same"))
}

/// The tools whose presence a next step can ask for.
pub const HOST_TOOLS: [&str; 7] = ["nix", "direnv", "devenv", "node", "npm", "pnpm", "git"];

fn host_names() -> serde_json::Value {
    HOST_TOOLS.iter().map(|tool| ((*tool).to_owned(), true.into())).collect::<serde_json::Map<_, _>>().into()
}

fn place_of_question(template: &Template, question: &Question) -> Place {
    Place::new("template.toml", line_of(&template.manifest_text, &format!("\"{}\"", question.name)))
}

/// Finds rules that no file of the template answers to.
fn check_rules(template: &Template, findings: &mut BTreeSet<Diagnostic>) {
    for rule in &template.manifest.files {
        let is_met = template
            .files
            .keys()
            .any(|path| if rule.path.ends_with('/') { path.starts_with(&rule.path) } else { *path == rule.path });
        if !is_met {
            let line = line_of(&template.manifest_text, &format!("\"{}\"", rule.path));
            findings.insert(Diagnostic::error(
                Place::new("template.toml", line),
                "unmet-rule",
                format!("there is no `files/{}`", rule.path),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Source, SourceFile};
    use super::*;

    const HEAD: &str = "schema = 1\nname = \"x\"\ntitle = \"X\"\ndescription = \"x\"\nversion = \"1.0.0\"\n";
    const LANG: &str = "[[question]]\nname = \"lang\"\ntype = \"select\"\nchoices = [{ value = \"ts\" }, { value = \"js\" }]\ndefault = \"ts\"\n";

    fn findings(manifest: &str, files: &[(&str, &str)]) -> Vec<String> {
        let file = |text: &str| SourceFile { contents: text.as_bytes().to_vec(), executable: false };
        let mut source: Source = files.iter().map(|(path, text)| (format!("files/{path}"), file(text))).collect();
        source.insert("template.toml".into(), file(&format!("{HEAD}{manifest}")));
        let report = check(&Template::parse(source).unwrap(), |_| None);
        report.findings.iter().map(|finding| format!("{} {}: {}", finding.place, finding.code, finding.message)).collect()
    }

    #[test]
    fn passes_a_sound_template() {
        assert_eq!(
            findings(LANG, &[("a.json.hbs", "{{#if (eq lang \"ts\")}}{ \"n\": {{json project.name}} }{{else}}[]{{/if}}")]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn reads_the_services_of_every_combination() {
        let services = "[services.db]\ncommand = 'x'\nports.a = 1\n[services.web]\ncommand = 'x'\nwhen = '(eq lang \"ts\")'\nports.a = 1\n[services.js]\ncommand = '{{lang}}'\nwhen = '(eq lang \"js\")'\ndepends_on = { db = 'completed' }";
        assert_eq!(
            findings(&format!("{LANG}{services}"), &[]),
            [
                "template.toml:14 service: services `db` and `web` both have port 1",
                "template.toml:18 endless-dependency: service `js` waits until `db` has ended, which runs until it is stopped",
            ]
        );
        assert_eq!(
            findings("[services.db]\ncommand = 'x'\nports.a = { port = '{{project.name}}' }", &[]),
            ["template.toml:6 service: `ports.a.port` of service `db` must be a port from 1 to 65535"]
        );
    }

    #[test]
    fn finds_mistakes_with_file_and_line() {
        assert_eq!(
            findings(LANG, &[("a.txt.hbs", "{{lang}}\n{{nope}}")]),
            [
                "files/a.txt.hbs:2 cannot-render: `nope` is not declared",
                "files/a.txt.hbs:2 undeclared-variable: `nope` is not declared"
            ]
        );
        assert_eq!(findings("", &[("a.nix", "{\n  a = ;\n}")])[0].split(": ").next(), Some("files/a.nix:2 syntax"));
        assert_eq!(
            findings("", &[("a.txt", "x\n{{project.name}} ${{ github.ref }}")]),
            ["files/a.txt:2 unrendered: `a.txt` keeps `{{project.name}}`"]
        );
        assert_eq!(findings(LANG, &[]), ["template.toml:7 unused-question: nothing reads the answer to `lang`"]);
        assert_eq!(findings("[[file]]\npath = \"nope\"", &[]), ["template.toml:7 unmet-rule: there is no `files/nope`"]);
        assert_eq!(
            findings("[[file]]\npath = \"a\"\nto = \"../a\"", &[("a", "")]),
            ["files/a:0 path-escape: the path `../a` has the component `..`".replace(":0", "")]
        );
    }

    #[test]
    fn a_default_must_fit_whatever_the_project_is_called() {
        let question = |default: &str| {
            format!(
                "[[question]]\nname = \"scope\"\ntype = \"text\"\nvalidate = {{ pattern = \"^@[a-z0-9-]+$\", message = \"no\" }}\ndefault = \"{default}\"\n"
            )
        };
        let files = [("a.hbs", "{{scope}}")];
        assert_eq!(findings(&question("@{{project.npm_name}}"), &files), Vec::<String>::new());
        let found = findings(&question("@{{project.name}}"), &files);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("template.toml:7 bad-default: the default of a project named `my \"bot\""), "{found:?}");
        let found = findings(&question("@{{nope}}"), &files);
        assert!(found.contains(&"template.toml:10 undeclared-variable: `nope` is not declared".to_owned()), "{found:?}");
    }

    #[test]
    fn reads_the_conditions_of_secrets_and_services() {
        let manifest = format!(
            "{LANG}[[secret]]\nname = \"A\"\ndescription = \"x\"\nwhen = '(eq nope \"a\")'\n[services.a]\ncommand = \"x\"\nwhen = '(eq lang \"js\")'\n"
        );
        let found = findings(&manifest, &[(".gitignore", ".env\n.env.*\n!.env.example\n")]);
        let codes: Vec<&str> = found.iter().map(|finding| finding.split(": ").next().unwrap()).collect();
        assert_eq!(codes, ["template.toml:1 cannot-render", "template.toml:14 undeclared-variable"]);
    }

    #[test]
    fn an_offered_command_must_run_without_a_shell() {
        let step = |command: &str, offer: &str| {
            findings(&format!("[[next_step]]\ncommand = '''{command}'''\nabout = 'x'\n{offer}"), &[])
        };
        let offer = "offer = { produces = ['a'] }";
        assert_eq!(step("make 'a b' {{sh project.name}}", offer), Vec::<String>::new());
        assert_eq!(step("a && b | c", ""), Vec::<String>::new());
        let finding = |what: &str| vec![format!("template.toml:7 cannot-run: the offered command cannot be run: {what}")];
        assert_eq!(step("a && b", offer), finding("`&` needs a shell, and nixstart runs programs without one"));
        assert_eq!(step("a 'b", offer), finding("a quote in it is not closed"));
        let careless = "template.toml:7 unquoted-value: the offered command cannot be run with every value: `$` needs a shell, and nixstart runs programs without one";
        assert_eq!(step("make {{project.name}}", offer), [careless]);
    }

    #[test]
    fn looks_at_what_parts_are_rendered_to() {
        let part = "[[part]]\nname = \"app\"\nabout = \"x\"\nkinds = [{ value = \"job\" }]\n[[file]]\npath = \"job/\"\neach = \"job\"\nto = \"{{part.name}}/\"\n";
        let sound = [("job/a.hbs", "{{part.name}} {{part.kind}}"), ("b.hbs", "{{#each parts as |part|}}{{part.name}}{{/each}}")];
        assert_eq!(findings(part, &sound), Vec::<String>::new());
        assert_eq!(
            findings(part, &[("job/a.json.hbs", "{ {{part.name}} }"), ("job/b", "{{part.name}}")]),
            [
                "files/job/a.json.hbs:1 syntax: `sample-job/a.json` does not parse: key must be a string at line 1 column 3",
                "files/job/b:1 unrendered: `sample-job/b` keeps `{{part.name}}`"
            ]
        );
        assert_eq!(
            findings(part, &[("job/a.hbs", "{{part.nope}}")])[1],
            "files/job/a.hbs:1 undeclared-variable: `part.nope` is not declared"
        );
        assert_eq!(
            findings(part, &[("job/a", ""), ("b.hbs", "{{part.name}}")]),
            ["files/b.hbs:1 cannot-render: `part.name` is not declared"]
        );
    }

    #[test]
    fn looks_into_branches_that_no_combination_reaches() {
        let found = findings(LANG, &[("a.hbs", "{{lang}}{{#if (eq lang \"never\")}}\n{{nope}}{{/if}}")]);
        assert_eq!(found, ["files/a.hbs:2 undeclared-variable: `nope` is not declared"]);
    }

    #[test]
    fn a_name_that_breaks_out_of_its_quotes_is_found() {
        let found = findings("", &[("a.json.hbs", "{ \"name\": \"{{project.name}}\" }")]);
        assert_eq!(found[0].split(": ").next(), Some("files/a.json.hbs:1 syntax"));
    }

    #[test]
    fn renders_every_combination() {
        let manifest = format!(
            "{LANG}[[question]]\nname = \"extras\"\ntype = \"multiselect\"\nchoices = [{{ value = \"a\" }}, {{ value = \"b\" }}]\ndefault = []\n[[question]]\nname = \"ci\"\ntype = \"confirm\"\ndefault = true\nwhen = '(eq lang \"ts\")'\n"
        );
        let file = |text: String| SourceFile { contents: text.into_bytes(), executable: false };
        let template = Template::parse([("template.toml".to_owned(), file(format!("{HEAD}{manifest}")))].into()).unwrap();
        assert_eq!(check(&template, |_| None).combinations, 4 * 2 + 4);
    }
}
