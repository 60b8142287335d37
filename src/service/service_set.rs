//! The services of a project.

use toml::Table;

use super::Service;
use super::error::ServiceError;
use super::fields::Texts;
use super::{checks, graph};
use crate::diagnostic::Diagnostic;

/// The services of a project, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceSet {
    services: Vec<Service>,
}

impl ServiceSet {
    /// Reads the `[services]` table of `nixstart.toml`, or says all that is wrong.
    pub fn parse(services: &Table) -> Result<Self, Vec<ServiceError>> {
        let (set, mut errors) = Self::read(services);
        errors.extend(checks::errors(&set));
        errors.extend(graph::cycle(&set).map(|services| ServiceError::Cycle { services }));
        if errors.is_empty() { Ok(set) } else { Err(errors) }
    }

    /// Reads as much as can be read, and says what could not be. Nothing is said of how services fit together.
    pub fn read(services: &Table) -> (Self, Vec<ServiceError>) {
        Self::read_with(services, Texts::Rendered)
    }

    /// Reads as much as can be read of a template's table, whose texts are not rendered yet.
    pub fn of_template(services: &Table) -> Self {
        Self::read_with(services, Texts::Templates).0
    }

    pub(super) fn read_with(services: &Table, texts: Texts) -> (Self, Vec<ServiceError>) {
        let mut errors = Vec::new();
        let services = services.iter().filter_map(|(name, value)| {
            let (service, wrong) = Service::read(name, value, texts);
            errors.extend(wrong);
            service
        });
        (Self { services: services.collect() }, errors)
    }

    /// The service of that name.
    pub fn get(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The services, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Service> {
        self.services.iter()
    }

    /// Their names, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(|service| service.name.as_str())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.services.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// What does not keep the services from running and is probably not meant.
    pub fn findings(&self) -> Vec<Diagnostic> {
        self.services.iter().flat_map(|service| checks::findings(self, service)).collect()
    }

    /// What of one service is probably not meant.
    pub fn findings_about(&self, service: &Service) -> Vec<Diagnostic> {
        checks::findings(self, service)
    }

    /// The services in an order in which each comes after those it waits for, and otherwise as in the file.
    pub fn start_order(&self) -> Vec<&Service> {
        graph::start_order(self)
    }

    /// These services and all they need, in the order of [`Self::start_order`]. Names that are not declared are left out.
    pub fn closure<'a>(&'a self, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        graph::closure(self, names)
    }

    /// The services that wait for this one, in the order of the file.
    pub fn dependents<'a>(&'a self, name: &str) -> Vec<&'a str> {
        let waits = |service: &&Service| service.depends_on.contains_key(name);
        self.services.iter().filter(waits).map(|service| service.name.as_str()).collect()
    }
}

impl<'a> IntoIterator for &'a ServiceSet {
    type Item = &'a Service;
    type IntoIter = std::slice::Iter<'a, Service>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
