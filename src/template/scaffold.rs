//! Renders a whole project: template files, carried files, and the files nixstart derives from the secret table.

use std::collections::BTreeMap;

use super::Template;
use super::manifest::{CONDITION, EACH, FileRule, service_condition, service_each};
use super::render::{Context, RenderError, Renderer};
use crate::file_tree::{File, FileTree, RelativePath};
use crate::project::name::ProjectName;
use crate::project::record::{Part, RECORD, Record};
use crate::question::Answers;
use crate::secret::SecretSpec;
use crate::secret::example::env_example;
use crate::secret::secretspec::secretspec;
use crate::service::{ServiceError, ServiceSet};

/// Paths that only nixstart writes; a template must not bring them.
pub const DERIVED: [&str; 3] = [".env.example", "secretspec.toml", RECORD];

/// What `port` of a service can be besides a number, for which TOML has no place for an expression.
const PORT_OF_PART: &str = "{{part.port}}";

/// Why a project cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScaffoldError {
    /// A text of the template cannot be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A file that is rendered is not UTF-8.
    #[error("{0}:0: a `.hbs` file must be text")]
    NotText(String),
    /// A file would leave the project.
    #[error("{place}:0: {source}")]
    Path {
        /// File of the template.
        place: String,
        /// What is wrong with where it goes.
        source: crate::file_tree::PathError,
    },
    /// Two files of the template go to one place.
    #[error("{place}:0: `{path}` is written twice")]
    Twice {
        /// File of the template.
        place: String,
        /// Where both go.
        path: String,
    },
    /// A file goes where only nixstart writes, or where secrets live.
    #[error("{place}:0: a template must not write `{path}`")]
    Reserved {
        /// File of the template.
        place: String,
        /// Where it goes.
        path: String,
    },
    /// A service of the project cannot be understood.
    #[error("template.toml:0: {0}")]
    Service(#[from] ServiceError),
    /// The manifest asks for a file nixstart does not carry.
    #[error("template.toml:0: nixstart carries no file `{0}`")]
    NotCarried(String),
}

/// What a project is rendered from, besides its template.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// Its name.
    pub name: &'a ProjectName,
    /// The answers to the template's questions.
    pub answers: &'a Answers,
    /// What it has that there can be any number of; a new project has nothing of it.
    pub parts: &'a [Part],
}

/// A rendered project.
#[derive(Debug, Clone)]
pub struct Scaffold {
    /// Every file of the project except `.env`.
    pub tree: FileTree,
    /// The file of the template that each comes from, for messages; what nixstart writes itself has none.
    pub origins: BTreeMap<String, String>,
    /// Where the project came from.
    pub record: Record,
    /// The values that texts were rendered with.
    pub context: Context,
    /// The secrets of the project.
    pub secrets: Vec<SecretSpec>,
    /// The declared services, rendered.
    pub services: toml::Table,
}

/// Files that nixstart carries for every template, by name.
pub type Carried = fn(&str) -> Option<&'static [u8]>;

impl Template {
    /// The values a text of this template is rendered with.
    pub fn context(&self, name: &ProjectName, answers: &Answers) -> Context {
        let version = self.manifest.version.to_string();
        let context = Context::new(name, &name.derived(&self.manifest.name), (&self.manifest.name, &version), answers);
        if self.manifest.parts.is_empty() { context } else { context.with_parts(&[]) }
    }

    /// Renders a project from what is given. Nothing outside the arguments has a say in the result.
    pub fn scaffold(&self, given: Given<'_>, carried: Carried) -> Result<Scaffold, ScaffoldError> {
        let renderer = Renderer::default();
        let mut context = self.context(given.name, given.answers);
        if !self.manifest.parts.is_empty() {
            context = context.with_parts(given.parts);
        }
        let mut tree = FileTree::default();
        let mut origins = BTreeMap::new();
        for path in self.files.keys() {
            for (target, file) in self.rendered_files(&renderer, &context, path)? {
                let origin = format!("files/{path}");
                place(&mut tree, &origin, &target, file)?;
                origins.insert(target, origin);
            }
        }
        for name in &self.manifest.carried {
            let bytes = carried(name).ok_or_else(|| ScaffoldError::NotCarried(name.clone()))?;
            place(&mut tree, "template.toml", name, File { contents: bytes.to_vec(), executable: false })?;
        }
        let secrets = self.secrets(&context)?;
        let services = chosen_services(&renderer, &context, &self.manifest.services)?;
        if let Some(error) = ServiceSet::parse(&services).err().and_then(|errors| errors.into_iter().next()) {
            return Err(error.into());
        }
        let record = self.add_derived(&mut tree, given, (&secrets, &services))?;
        Ok(Scaffold { tree, origins, record, context, secrets, services })
    }

    /// What becomes of a file of the template: itself in its own place, and what it is for parts.
    fn rendered_files(&self, renderer: &Renderer, context: &Context, path: &str) -> Result<Vec<(String, File)>, ScaffoldError> {
        let (own, for_parts) = (self.manifest.rule_for(path), self.manifest.part_rules_for(path));
        let mut files = Vec::new();
        if own.is_some() || for_parts.is_empty() {
            files.extend(self.rendered_file(renderer, context, path, own)?);
        }
        for rule in for_parts {
            for part in context.parts_of(rule.each.as_deref().unwrap_or_default()) {
                files.extend(self.rendered_file(renderer, &context.about(part), path, Some(rule))?);
            }
        }
        Ok(files)
    }

    fn rendered_file(
        &self,
        renderer: &Renderer,
        context: &Context,
        path: &str,
        rule: Option<&FileRule>,
    ) -> Result<Option<(String, File)>, ScaffoldError> {
        let Some(file) = self.files.get(path) else { return Ok(None) };
        let condition = rule.and_then(|rule| rule.when.as_deref());
        if !renderer.holds("template.toml", condition, context)? {
            return Ok(None);
        }
        let mut target = match rule.and_then(|rule| Some((rule, rule.to.as_ref()?))) {
            None => path.to_owned(),
            Some((rule, to)) => {
                let to = renderer.render("template.toml", to, context)?;
                if rule.path.ends_with('/') { to + path.strip_prefix(&rule.path).unwrap_or(path) } else { to }
            }
        };
        let executable = file.executable || rule.is_some_and(|rule| rule.executable);
        if !path.ends_with(".hbs") {
            return Ok(Some((target, File { contents: file.contents.clone(), executable })));
        }
        let shown = format!("files/{path}");
        let Ok(text) = str::from_utf8(&file.contents) else { return Err(ScaffoldError::NotText(shown)) };
        let contents = renderer.render(&shown, text, context)?.into_bytes();
        if let Some(stem) = target.strip_suffix(".hbs") {
            target.truncate(stem.len());
        }
        Ok(Some((target, File { contents, executable })))
    }

    fn add_derived(
        &self,
        tree: &mut FileTree,
        Given { name, answers, parts }: Given<'_>,
        (secrets, services): (&[SecretSpec], &toml::Table),
    ) -> Result<Record, ScaffoldError> {
        if !secrets.is_empty() {
            add(tree, ".env.example", &env_example(secrets))?;
            add(tree, "secretspec.toml", &secretspec(name.as_str(), secrets))?;
        }
        let record = Record {
            project: name.to_string(),
            template: self.manifest.name.clone(),
            template_version: self.manifest.version.to_string(),
            source: Some(self.source()),
            nixstart: env!("CARGO_PKG_VERSION").to_owned(),
            answers: answers.clone(),
            parts: parts.to_vec(),
            files: BTreeMap::new(),
        }
        .with_files(tree);
        add(tree, RECORD, &record.to_toml(secrets, services))?;
        Ok(record)
    }
}

fn add(tree: &mut FileTree, path: &str, text: &str) -> Result<(), ScaffoldError> {
    let path = RelativePath::parse(path).map_err(|source| ScaffoldError::Path { place: path.to_owned(), source })?;
    tree.insert(path, File::text(text));
    Ok(())
}

fn place(tree: &mut FileTree, place: &str, target: &str, file: File) -> Result<(), ScaffoldError> {
    let path = RelativePath::parse(target).map_err(|source| ScaffoldError::Path { place: place.to_owned(), source })?;
    if DERIVED.contains(&target) || is_secret_file(path.file_name()) {
        return Err(ScaffoldError::Reserved { place: place.to_owned(), path: target.to_owned() });
    }
    match tree.insert(path, file) {
        Some(_) => Err(ScaffoldError::Twice { place: place.to_owned(), path: target.to_owned() }),
        None => Ok(()),
    }
}

/// Whether a file name is that of a file with secret values: `.env`, `.env.local` and the like, but no example.
pub fn is_secret_file(name: &str) -> bool {
    let is_example = matches!(name, ".env.example" | ".env.sample" | ".env.template" | ".env.schema" | ".env.dist");
    (name == ".env" || name.starts_with(".env.")) && !is_example
}

/// The services whose condition holds, rendered; those of parts have the names of these. Nothing depends on one that is left
/// out.
fn chosen_services(renderer: &Renderer, context: &Context, services: &toml::Table) -> Result<toml::Table, RenderError> {
    let mut chosen = toml::Table::new();
    for (name, fields) in services {
        match service_each(fields) {
            None => chosen.extend(chosen_service(renderer, context, name, fields)?),
            Some(kind) => {
                for part in context.parts_of(kind) {
                    chosen.extend(chosen_service(renderer, &context.about(part), &part.name, fields)?);
                }
            }
        }
    }
    let names: Vec<String> = chosen.keys().cloned().collect();
    for (_, fields) in &mut chosen {
        if let Some(dependencies) = fields.get_mut("depends_on").and_then(toml::Value::as_table_mut) {
            dependencies.retain(|name, _| names.iter().any(|chosen| chosen == name));
        }
    }
    Ok(chosen)
}

fn chosen_service(
    renderer: &Renderer,
    context: &Context,
    name: &str,
    fields: &toml::Value,
) -> Result<Option<(String, toml::Value)>, RenderError> {
    if !renderer.holds("template.toml", service_condition(fields), context)? {
        return Ok(None);
    }
    let mut fields = fields.clone();
    if let Some(fields) = fields.as_table_mut() {
        fields.retain(|key, _| key != CONDITION && key != EACH);
    }
    Ok(Some((name.to_owned(), rendered_value(renderer, context, &fields)?)))
}

/// Renders every text of a table.
fn rendered_table(renderer: &Renderer, context: &Context, table: &toml::Table) -> Result<toml::Table, RenderError> {
    let mut fields = toml::Table::new();
    for (key, value) in table {
        let is_port = key == "port" && value.as_str() == Some(PORT_OF_PART);
        let value = rendered_value(renderer, context, value)?;
        let number = value.as_str().filter(|_| is_port).and_then(|text| text.parse::<i64>().ok());
        fields.insert(key.clone(), number.map_or(value, toml::Value::from));
    }
    Ok(fields)
}

fn rendered_value(renderer: &Renderer, context: &Context, value: &toml::Value) -> Result<toml::Value, RenderError> {
    Ok(match value {
        toml::Value::String(text) => renderer.render("template.toml", text, context)?.into(),
        toml::Value::Array(values) => {
            values.iter().map(|value| rendered_value(renderer, context, value)).collect::<Result<Vec<_>, _>>()?.into()
        }
        toml::Value::Table(table) => rendered_table(renderer, context, table)?.into(),
        toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) | toml::Value::Datetime(_) => value.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::SourceFile;
    use super::*;
    use crate::question::Answer;

    const HEAD: &str = "schema = 1\nname = 'x'\ntitle = 'X'\ndescription = 'x'\nversion = '1.0.0'\n";

    fn template(manifest: &str, files: &[(&str, &str)]) -> Template {
        let file = |text: &str| SourceFile { contents: text.as_bytes().to_vec(), executable: false };
        let mut source: super::super::Source = files.iter().map(|(path, text)| (format!("files/{path}"), file(text))).collect();
        source.insert("template.toml".into(), file(&format!("{HEAD}{manifest}")));
        Template::parse(source).unwrap()
    }

    fn scaffold(template: &Template) -> Result<Scaffold, ScaffoldError> {
        let answers = [("lang".to_owned(), Answer::Text("ts".into()))].into_iter().collect();
        with_parts(template, &answers, &[])
    }

    fn with_parts(template: &Template, answers: &Answers, parts: &[Part]) -> Result<Scaffold, ScaffoldError> {
        let name = ProjectName::parse("my bot").unwrap();
        let given = Given { name: &name, answers, parts };
        template.scaffold(given, |name| (name == "LICENSE").then_some(b"MIT".as_slice()))
    }

    #[test]
    fn renders_files_and_services_for_each_part_of_a_kind() {
        let manifest = "[[part]]\nname = 'app'\nabout = 'x'\nfirst_port = 3000\nkinds = [{ value = 'web', listens = true }, { value = 'empty' }]\n\
            [[file]]\npath = 'both/'\n[[file]]\npath = 'both/'\neach = 'web'\nto = 'apps/{{part.name}}/'\n\
            [[file]]\npath = 'web/'\neach = 'web'\nto = 'apps/{{part.name}}/'\n\
            [[file]]\npath = 'web/'\neach = 'empty'\nto = 'apps/{{part.name}}/'\n[[file]]\npath = 'web/b'\neach = 'empty'\nwhen = 'false'\nto = '{{part.name}}'\n\
            [[secret]]\nname = 'A'\ndescription = 'x'\nscopes = ['web']\n[[secret]]\nname = 'B'\ndescription = 'x'\n\
            [services.web]\ncommand = 'web'\n[services.part]\neach = 'web'\ncommand = 'run {{part.name}}'\nports.http = { port = '{{part.port}}' }\nenv.PORT = '{{part.port}}'\ndepends_on = { web = 'started', gone = 'started' }\n[services.gone]\nwhen = 'false'\ncommand = 'x'";
        let files = [
            ("both/c", ""),
            ("web/a.hbs", "{{part.kind}} {{part.port}}"),
            ("web/b", ""),
            ("all.hbs", "{{#each parts as |part|}}{{part.name}} {{/each}}"),
        ];
        let template = template(manifest, &files);
        let part = |name: &str, kind: &str, port| Part { part: "app".into(), name: name.into(), kind: kind.into(), port };
        let parts = [part("two", "web", Some(3001)), part("one", "web", Some(3000)), part("jobs", "empty", None)];
        let scaffold = with_parts(&template, &Answers::new(), &parts).unwrap();
        let paths: Vec<_> = scaffold.origins.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            ["all", "apps/jobs/a", "apps/one/a", "apps/one/b", "apps/one/c", "apps/two/a", "apps/two/b", "apps/two/c", "both/c"]
        );
        let text = |path: &str| String::from_utf8(scaffold.tree.get(path).unwrap().contents.clone()).unwrap();
        assert_eq!(
            (text("all"), text("apps/two/a"), text("apps/jobs/a")),
            ("jobs one two ".into(), "web 3001".into(), "empty ".into())
        );
        assert_eq!(scaffold.origins["apps/two/a"], "files/web/a.hbs");
        let expected = "[web]\ncommand = 'web'\n[one]\ncommand = 'run one'\nports.http = { port = 3000 }\nenv.PORT = '3000'\ndepends_on = { web = 'started' }\n[two]\ncommand = 'run two'\nports.http = { port = 3001 }\nenv.PORT = '3001'\ndepends_on = { web = 'started' }";
        assert_eq!(scaffold.services, expected.parse::<toml::Table>().unwrap());
        assert_eq!(scaffold.secrets[0].scopes, ["web", "one", "two"]);
        assert_eq!(scaffold.secrets[1].scopes, Vec::<String>::new());
        assert_eq!(Record::parse(&text("nixstart.toml")).unwrap().parts, parts);
        let without = with_parts(&template, &Answers::new(), &[]).unwrap();
        assert_eq!(without.origins.keys().collect::<Vec<_>>(), ["all", "both/c"]);
        assert!(!String::from_utf8_lossy(&without.tree.get("nixstart.toml").unwrap().contents).contains("parts"));
    }

    #[test]
    fn renders_hbs_files_and_copies_the_rest_by_rule() {
        let manifest = "carried = ['LICENSE']\n[[file]]\npath = 'ts/'\nto = ''\nwhen = '(eq lang \"ts\")'\n[[file]]\npath = 'js/'\nto = ''\nwhen = '(eq lang \"js\")'\n[[file]]\npath = 'run.hbs'\nto = 'bin/{{lang}}'\nexecutable = true";
        let template = template(manifest, &[("ts/a", "{{not rendered}}"), ("js/a", ""), ("run.hbs", "echo {{sh project.name}}")]);
        let tree = scaffold(&template).unwrap().tree;
        let shown: Vec<_> = tree
            .iter()
            .map(|(path, file)| (path.as_str(), String::from_utf8_lossy(&file.contents).into_owned(), file.executable))
            .collect();
        assert_eq!(shown[0], ("LICENSE", "MIT".into(), false));
        assert_eq!(shown[1], ("a", "{{not rendered}}".into(), false));
        assert_eq!(shown[2], ("bin/ts", "echo 'my bot'".into(), true));
        assert_eq!(shown[3].0, "nixstart.toml");
    }

    #[test]
    fn refuses_services_that_nobody_could_run() {
        let message = |services: &str| scaffold(&template(services, &[])).map(|_| ()).unwrap_err().to_string();
        assert_eq!(
            message("[services.web]\ncommand = 'x'\nports.http = { port = '{{lang}}' }"),
            "template.toml:0: `ports.http.port` of service `web` must be a port from 1 to 65535"
        );
        assert_eq!(
            message("[services.web]\ncommand = 'x'\nports.a = 1\n[services.other]\ncommand = 'x'\nports.a = 1"),
            "template.toml:0: services `web` and `other` both have port 1"
        );
    }

    #[test]
    fn refuses_files_that_leave_the_project_or_hold_secrets() {
        let message = |manifest: &str, file: &str| scaffold(&template(manifest, &[(file, "")])).unwrap_err().to_string();
        assert_eq!(message("[[file]]\npath = 'a'\nto = '../a'", "a"), "files/a:0: the path `../a` has the component `..`");
        assert_eq!(message("[[file]]\npath = 'a'\nto = '/etc/{{lang}}'", "a"), "files/a:0: the path `/etc/ts` is absolute");
        assert_eq!(message("", "app/.env.local"), "files/app/.env.local:0: a template must not write `app/.env.local`");
        assert_eq!(message("", "nixstart.toml"), "files/nixstart.toml:0: a template must not write `nixstart.toml`");
        assert_eq!(
            message("[[file]]\npath = 'b/'\nto = ''\n[[file]]\npath = 'c/'\nto = 'x/../../'", "c/a"),
            "files/c/a:0: the path `x/../../a` has the component `..`"
        );
    }

    #[test]
    fn leaves_out_secrets_and_services_whose_condition_does_not_hold() {
        let manifest = "[[secret]]\nname = 'A'\ndescription = 'x'\nwhen = '(eq lang \"ts\")'\n[[secret]]\nname = 'B'\ndescription = 'x'\nwhen = '(eq lang \"js\")'\n[services.db]\ncommand = 'db'\nwhen = '(eq lang \"js\")'\n[services.web]\ncommand = 'web'\nwhen = '(eq lang \"ts\")'\ndepends_on = { db = 'healthy', job = 'completed' }\n[services.job]\ncommand = 'job'";
        let scaffold = scaffold(&template(manifest, &[])).unwrap();
        assert_eq!(scaffold.secrets.iter().map(|secret| secret.name.as_str()).collect::<Vec<_>>(), ["A"]);
        assert_eq!(
            scaffold.services,
            "[web]\ncommand = 'web'\ndepends_on = { job = 'completed' }\n[job]\ncommand = 'job'".parse::<toml::Table>().unwrap()
        );
        let record = String::from_utf8(scaffold.tree.get("nixstart.toml").unwrap().contents.clone()).unwrap();
        assert!(!record.contains("when") && !record.contains("db"), "{record}");
    }

    #[test]
    fn records_the_blob_id_of_every_file_but_its_own() {
        let scaffold = scaffold(&template("[[secret]]\nname = 'TOKEN'\ndescription = 'x'", &[("a", "hello\n")])).unwrap();
        assert_eq!(scaffold.record.files.keys().collect::<Vec<_>>(), [".env.example", "a", "secretspec.toml"]);
        assert_eq!(scaffold.record.files["a"], "ce013625030ba8dba906f756967f9e9ca394464a");
    }
}
