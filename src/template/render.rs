//! Renders texts and conditions: Handlebars in strict mode, without HTML escaping, with helpers that escape per language.

use handlebars::{Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderErrorReason, ScopedJson};
use serde_json::{Map, Value, json};

use super::escape;
use crate::project::name::{DerivedNames, ProjectName};
use crate::project::record::Part;
use crate::question::{Answer, Answers};

/// Why a text of a template cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}:{line}: {message}")]
pub struct RenderError {
    /// File of the template, or the key of the manifest.
    pub place: String,
    /// 1-based line, 0 when it is not known.
    pub line: usize,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
}

/// The values a template sees.
#[derive(Debug, Clone, Default)]
pub struct Context {
    values: Map<String, Value>,
    parts: Vec<Part>,
}

impl Context {
    /// Puts answers at the top level and the names of the project, the template and nixstart beside them.
    pub fn new(name: &ProjectName, derived: &DerivedNames, template: (&str, &str), answers: &Answers) -> Self {
        let project = json!({ "name": name.as_str(), "npm_name": derived.npm, "nix_name": derived.nix, "dns_name": derived.dns });
        Self::default()
            .with_answers(answers)
            .with("project", project)
            .with("template", json!({ "name": template.0, "version": template.1 }))
            .with("nixstart", json!({ "version": env!("CARGO_PKG_VERSION") }))
    }

    /// Adds answers at the top level.
    #[must_use]
    pub fn with_answers(mut self, answers: &Answers) -> Self {
        self.values.extend(answers.iter().map(|(name, answer)| (name.clone(), answer_value(answer))));
        self
    }

    /// Adds a group of values, such as what is installed on this machine.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    /// Adds the parts of the project, as `parts` and in the order of their names: what is rendered does not depend on which
    /// came first.
    #[must_use]
    pub fn with_parts(mut self, parts: &[Part]) -> Self {
        self.parts = parts.to_vec();
        self.parts.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        let values = self.parts.iter().map(part_value).collect();
        self.with("parts", Value::Array(values))
    }

    /// The values for a text that is about one part.
    #[must_use]
    pub fn about(&self, part: &Part) -> Self {
        self.clone().with("part", part_value(part))
    }

    /// The parts of the project, in the order of their names.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Those of a kind.
    pub fn parts_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Part> {
        self.parts.iter().filter(move |part| part.kind == kind)
    }

    /// Whether a dotted path has a value.
    pub fn has(&self, path: &str) -> bool {
        let mut parts = path.split(['.', '/']);
        let first = parts.next().and_then(|part| self.values.get(part));
        parts.try_fold(first, |value, part| value.map(|value| value.get(part))).flatten().is_some()
    }
}

fn part_value(part: &Part) -> Value {
    json!({ "part": part.part, "name": part.name, "kind": part.kind, "port": part.port })
}

fn answer_value(answer: &Answer) -> Value {
    match answer {
        Answer::Bool(flag) => json!(flag),
        Answer::Text(text) => json!(text),
        Answer::List(values) => json!(values),
    }
}

/// The renderer that every text of a template goes through.
pub struct Renderer(Handlebars<'static>);

impl Default for Renderer {
    fn default() -> Self {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        registry.register_escape_fn(handlebars::no_escape);
        for (name, escape) in ESCAPES {
            registry.register_helper(name, Box::new(EscapeHelper { name, escape }));
        }
        registry.register_helper("contains", Box::new(ContainsHelper));
        Self(registry)
    }
}

type Escape = fn(&str) -> String;

/// The helpers that escape, by name.
const ESCAPES: [(&str, Escape); 4] = [("nix", escape::nix), ("json", escape::json), ("sh", escape::sh), ("yaml", escape::yaml)];

/// The names of every helper a template can use, ours and Handlebars' own.
pub const HELPERS: [&str; 23] = [
    "nix", "json", "sh", "yaml", "contains", "if", "unless", "each", "with", "lookup", "raw", "log", "eq", "ne", "gt", "gte",
    "lt", "lte", "and", "or", "not", "len", "else",
];

impl Renderer {
    /// Renders a text. `place` names it in errors.
    pub fn render(&self, place: &str, text: &str, context: &Context) -> Result<String, RenderError> {
        self.0.render_template(text, &context.values).map_err(|error| {
            let (line, message) = explain(&error);
            RenderError { place: place.to_owned(), line, message }
        })
    }

    /// Evaluates a condition such as `(eq language "typescript")`; none is true.
    pub fn holds(&self, place: &str, condition: Option<&str>, context: &Context) -> Result<bool, RenderError> {
        let Some(condition) = condition else { return Ok(true) };
        Ok(self.render(place, &format!("{{{{#if {condition}}}}}yes{{{{/if}}}}"), context)? == "yes")
    }
}

fn explain(error: &handlebars::RenderError) -> (usize, String) {
    let line = error.line_no.unwrap_or(0);
    match error.reason() {
        RenderErrorReason::MissingVariable(Some(name)) => (line, format!("`{name}` is not declared")),
        RenderErrorReason::MissingVariable(None) => (line, "a variable is not declared".to_owned()),
        RenderErrorReason::HelperNotFound(name) => (line, format!("there is no helper `{name}`")),
        RenderErrorReason::ParamNotFoundForIndex(name, _) => (line, format!("a value given to `{name}` is not declared")),
        RenderErrorReason::TemplateError(error) => {
            (error.pos().map_or(line, |(line, _)| line), error.reason().to_string().lines().next().unwrap_or_default().to_owned())
        }
        other => (line, other.to_string()),
    }
}

struct EscapeHelper {
    name: &'static str,
    escape: Escape,
}

impl HelperDef for EscapeHelper {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc handlebars::Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let value = helper.param(0).filter(|value| !value.is_value_missing());
        let value = value.ok_or(RenderErrorReason::ParamNotFoundForIndex(self.name, 0))?.value();
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        out.write(&(self.escape)(&text))?;
        Ok(())
    }
}

struct ContainsHelper;

impl HelperDef for ContainsHelper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc handlebars::Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, handlebars::RenderError> {
        let param = |index| {
            helper
                .param(index)
                .filter(|value| !value.is_value_missing())
                .ok_or(RenderErrorReason::ParamNotFoundForIndex("contains", index))
        };
        let list = param(0)?.value().as_array().ok_or(RenderErrorReason::InvalidParamType("list"))?;
        Ok(ScopedJson::Derived(Value::Bool(list.contains(param(1)?.value()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        let name = ProjectName::parse("my \"bot\"").unwrap();
        let answers = [
            ("language".to_owned(), Answer::Text("typescript".into())),
            ("extras".to_owned(), Answer::List(vec!["redis".into()])),
        ];
        Context::new(&name, &name.derived("x"), ("t", "1.0.0"), &answers.into_iter().collect())
    }

    fn render(text: &str) -> Result<String, RenderError> {
        Renderer::default().render("file.hbs", text, &context())
    }

    #[test]
    fn renders_values_without_html_escaping_and_escapes_per_language() {
        assert_eq!(
            render("{{project.name}} {{json project.name}} {{project.npm_name}}").unwrap(),
            r#"my "bot" "my \"bot\"" my-bot"#
        );
        assert_eq!(
            render("a\n{{#if (contains extras \"redis\")}}\nb\n{{/if}}\nc ${{{{raw}}}}x{{{{/raw}}}} \\{{y}}").unwrap(),
            "a\nb\nc $x {{y}}"
        );
    }

    #[test]
    fn names_the_line_of_a_missing_variable() {
        assert_eq!(render("a\n{{nope}}").unwrap_err().to_string(), "file.hbs:2: `nope` is not declared");
        assert_eq!(render("{{nix nope}}").unwrap_err().message, "a value given to `nix` is not declared");
        assert_eq!(render("{{#if (eq nope 1)}}x{{/if}}").unwrap_err().message, "a value given to `eq` is not declared");
        assert_eq!(render("\n{{#if x}}").unwrap_err().line, 2);
    }

    #[test]
    fn loops_over_parts_in_the_order_of_their_names() {
        let part = |name: &str, port| Part { part: "app".into(), name: name.into(), kind: "web".into(), port };
        let text = "{{#each parts as |part|}}\n{{#if part.port}}\n{{@root.project.npm_name}}/{{part.name}}:{{part.port}}\n{{/if}}\n{{/each}}\n";
        let with = |parts: &[Part]| Renderer::default().render("f", text, &context().with_parts(parts)).unwrap();
        assert_eq!(with(&[part("b", Some(2)), part("c", None), part("a", Some(1))]), "my-bot/a:1\nmy-bot/b:2\n");
        assert_eq!(with(&[]), "");
        assert_eq!(render(text).unwrap_err().message, "`parts` is not declared");
    }

    #[test]
    fn evaluates_conditions() {
        let holds = |condition| Renderer::default().holds("when", Some(condition), &context()).unwrap();
        assert!(holds("(eq language \"typescript\")"));
        assert!(!holds("(and (eq language \"typescript\") (not (contains extras \"redis\")))"));
    }

    #[test]
    fn finds_values_by_dotted_path() {
        let context = context();
        assert_eq!(
            ["language", "project.name", "project.nope", "nope"].map(|path| context.has(path)),
            [true, true, false, false]
        );
    }
}
