//! Where in `nixstart.toml` a field of a service stands.

use toml_edit::{Document, Item, TableLike};

use super::checks::FILE;
use super::error::ServiceError;
use crate::diagnostic::{Diagnostic, Place};

/// The 1-based line of a field of a service, or of as much of it as is there; 0 when the text is no TOML.
pub fn line_of(text: &str, service: &str, field: &str) -> usize {
    let Ok(document) = Document::parse(text) else { return 0 };
    let mut offset = None;
    let mut item = document.as_item();
    for key in ["services", service].into_iter().chain(field.split('.')) {
        let Some((at, below)) = item.as_table_like().and_then(|table| entry(table, key)) else { break };
        offset = at.or(offset);
        item = below;
    }
    offset.map_or(0, |offset| text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1)
}

fn entry<'a>(table: &'a dyn TableLike, key: &str) -> Option<(Option<usize>, &'a Item)> {
    let (key, item) = table.get_key_value(key)?;
    let span = key.span().or_else(|| item.span());
    Some((span.map(|span| span.start), item))
}

impl ServiceError {
    /// The error with its line in the text of `nixstart.toml`, and what to do about it.
    pub fn diagnostic(&self, text: &str) -> Diagnostic {
        let line = line_of(text, self.service(), self.field());
        Diagnostic { hint: self.hint(), ..Diagnostic::error(Place::new(FILE, line), "service", self.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[project]\n\n[services.db]\ncommand = 'db'\nreadiness = { tcp = { port = 1 } }\n\n[services.web]\ncommand = 'x'\nports.http = { port = 1 }\n\n[services.web.restart]\npolicy = 'never'\n";

    #[test]
    fn a_field_is_found_wherever_it_is_written() {
        let line = |service: &str, field: &str| line_of(TEXT, service, field);
        assert_eq!([line("db", ""), line("db", "command"), line("db", "readiness.tcp.port")], [3, 4, 5]);
        assert_eq!([line("web", "ports.http.port"), line("web", "restart"), line("web", "restart.policy")], [9, 11, 12]);
        assert_eq!([line("web", "restart.delay"), line("gone", ""), line_of("[x", "web", "")], [11, 3, 0]);
    }

    #[test]
    fn an_error_has_its_line_and_what_to_do() {
        let services = TEXT.parse::<toml::Table>().unwrap()["services"].as_table().unwrap().clone();
        let text = TEXT.replace("port = 1 }\n", "port = 1 }\nworking_dir = '..'\n");
        let error = ServiceError::LeavesProject { service: "web".into(), field: "working_dir".into(), path: "..".into() };
        let diagnostic = error.diagnostic(&text);
        assert_eq!(diagnostic.place.to_string(), "nixstart.toml:10");
        assert_eq!(diagnostic.hint.as_deref(), Some("write a path relative to the project"));
        assert!(super::super::ServiceSet::parse(&services).is_ok());
    }
}
