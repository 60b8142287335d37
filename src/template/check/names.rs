//! The names that the texts of a template read: those that nothing declares, and questions that nothing reads.

use std::collections::{BTreeMap, BTreeSet};

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};

use super::{HOST_TOOLS, place_of_question, sample_context};
use crate::diagnostic::{Diagnostic, Place};
use crate::question::{Answer, Answers, QuestionKind};
use crate::template::Template;
use crate::template::manifest::{CONDITION, line_of, service_condition};
use crate::template::render::HELPERS;

/// Finds variables that nothing declares, in branches no combination reaches too, and questions nothing reads.
pub(super) fn check(template: &Template, findings: &mut BTreeSet<Diagnostic>) {
    let declared = |name: &str| template.manifest.questions.iter().any(|question| question.name == name);
    let mut read: BTreeSet<String> = BTreeSet::new();
    for (place, text) in texts(template) {
        for (name, line) in variables(&text) {
            let first = name.split(['.', '/']).next().unwrap_or_default().to_owned();
            let is_given = declared(&first) || is_builtin(&name, template);
            if !is_given && !HELPERS.contains(&first.as_str()) {
                let line = if place.line == 0 { line } else { place.line };
                findings.insert(Diagnostic::error(
                    Place::new(&place.file, line),
                    "undeclared-variable",
                    format!("`{name}` is not declared"),
                ));
            }
            read.insert(first);
        }
    }
    for question in template.manifest.questions.iter().filter(|question| !read.contains(&question.name)) {
        let finding = Diagnostic::warning(
            place_of_question(template, question),
            "unused-question",
            format!("nothing reads the answer to `{}`", question.name),
        );
        findings.insert(finding.hint("remove the question, or use its answer"));
    }
}

fn is_builtin(name: &str, template: &Template) -> bool {
    let host = name.strip_prefix("host.").is_some_and(|tool| HOST_TOOLS.contains(&tool));
    host || name == "secrets.missing"
        || name.starts_with(['@', '.'])
        || name == "this"
        || sample_context(template, &Answers::new()).has(name)
}

/// Every text of a template that is rendered, with its place.
fn texts(template: &Template) -> Vec<(Place, String)> {
    let manifest = &template.manifest;
    let condition = |text: &str| format!("{{{{#if {text}}}}}{{{{/if}}}}");
    let at = |text: &str| Place::new("template.toml", line_of(&template.manifest_text, text));
    let mut texts: Vec<(Place, String)> = Vec::new();
    for (path, file) in template.files.iter().filter(|(path, _)| path.ends_with(".hbs")) {
        texts.push((Place::new(format!("files/{path}"), 0), String::from_utf8_lossy(&file.contents).into_owned()));
    }
    let conditions = manifest
        .questions
        .iter()
        .filter_map(|question| question.when.as_deref())
        .chain(manifest.files.iter().filter_map(|rule| rule.when.as_deref()))
        .chain(manifest.secrets.iter().filter_map(|secret| secret.when.as_deref()))
        .chain(manifest.services.iter().filter_map(|(_, fields)| service_condition(fields)));
    texts.extend(
        conditions
            .chain(manifest.next_steps.iter().filter_map(|step| step.when.as_deref()))
            .map(|text| (at(text), condition(text))),
    );
    texts.extend(
        manifest
            .files
            .iter()
            .filter_map(|rule| rule.to.as_ref())
            .chain(manifest.next_steps.iter().map(|step| &step.command))
            .map(|text| (at(text), text.clone())),
    );
    let defaults = manifest.questions.iter().filter(|question| question.kind == QuestionKind::Text);
    texts.extend(defaults.filter_map(|question| match &question.default {
        Some(Answer::Text(text)) => Some((at(text), text.clone())),
        Some(Answer::Bool(_) | Answer::List(_)) | None => None,
    }));
    texts.extend(manifest.services.iter().flat_map(|(_, fields)| service_texts(fields)).map(|text| (at(&text), text)));
    texts
}

fn service_texts(value: &toml::Value) -> Vec<String> {
    match value {
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Array(values) => values.iter().flat_map(service_texts).collect(),
        toml::Value::Table(table) => {
            table.iter().filter(|(key, _)| *key != CONDITION).flat_map(|(_, value)| service_texts(value)).collect()
        }
        toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) | toml::Value::Datetime(_) => Vec::new(),
    }
}

/// The variables a text reads, with the line of each. A text that does not parse is reported when it is rendered.
fn variables(text: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    if let Ok(template) = handlebars::Template::compile(text) {
        collect_template(&template, &mut found);
    }
    found
}

fn collect_template(template: &handlebars::Template, found: &mut BTreeMap<String, usize>) {
    for (element, mapping) in template.elements.iter().zip(&template.mapping) {
        match element {
            TemplateElement::Expression(helper)
            | TemplateElement::HtmlExpression(helper)
            | TemplateElement::HelperBlock(helper) => {
                collect_helper(helper, mapping.0, found);
            }
            _ => {}
        }
    }
}

fn collect_helper(helper: &HelperTemplate, line: usize, found: &mut BTreeMap<String, usize>) {
    let is_call = helper.block || !helper.params.is_empty();
    if !is_call {
        collect_parameter(&helper.name, line, found);
    }
    helper.params.iter().chain(helper.hash.values()).for_each(|parameter| collect_parameter(parameter, line, found));
    helper.template.iter().chain(&helper.inverse).for_each(|template| collect_template(template, found));
}

fn collect_parameter(parameter: &Parameter, line: usize, found: &mut BTreeMap<String, usize>) {
    match parameter {
        Parameter::Name(name) | Parameter::Path(handlebars::Path::Relative((_, name))) => {
            found.entry(name.clone()).or_insert(line);
        }
        Parameter::Subexpression(inner) => {
            if let TemplateElement::Expression(helper) = inner.as_element() {
                collect_helper(helper, line, found);
            }
        }
        _ => {}
    }
}
