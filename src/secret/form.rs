//! The variables of a `.env` as a person edits them: what is declared, what is there, and what is to be changed. It writes
//! nothing; what was changed comes out at the end.

pub mod elsewhere;

use std::borrow::Cow;
use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::check::{Accepted, Rejection, check, check_as_it_is, cross_check};
use super::schema::{Generate, SecretSpec, in_question_order};
use crate::dotenv::Writer;
use crate::dotenv::edit::is_name;
pub use elsewhere::{Elsewhere, Rank};

/// What is edited.
#[derive(Debug)]
pub struct Form {
    /// The variables: declared ones in the order of questions, then all others.
    pub fields: Vec<Field>,
    /// For which programs values are written.
    writer: Writer,
    /// Unix time in milliseconds, for checks that know when ids were made.
    now: u64,
}

/// A variable.
#[derive(Debug)]
pub struct Field {
    /// The name.
    pub name: String,
    /// Its declaration, when somebody has declared it. A file can have thousands of variables that nobody has.
    declaration: Option<Box<SecretSpec>>,
    /// Whether the project needs a value for it.
    pub is_required: bool,
    /// The same variable in another file that counts, too.
    elsewhere: Option<Box<Elsewhere>>,
    /// The value that is there.
    current: Option<SecretString>,
    /// What is wrong with it.
    fault: Option<Box<Rejection>>,
    /// What is to become of it.
    draft: Option<Draft>,
}

/// What is to become of a variable. It holds a value, and `Debug` does not show it.
#[derive(Debug, Clone)]
pub enum Draft {
    /// It gets a value.
    Value(SecretString),
    /// It gets a random value when it is written.
    Generate(Generate),
    /// It is taken out.
    Unset,
}

/// How a variable stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has a value that is accepted.
    Set,
    /// It is needed and has no value.
    Missing,
    /// It has no value, and needs none.
    Optional,
    /// Its default is used.
    Default,
    /// It has a value that is not accepted.
    Invalid,
    /// Nobody has declared it.
    Extra,
    /// It gets another value.
    Changed,
    /// It is taken out.
    Removed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] =
        [Self::Set, Self::Missing, Self::Optional, Self::Default, Self::Invalid, Self::Extra, Self::Changed, Self::Removed];

    /// The state in a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Missing => "missing",
            Self::Optional => "not set",
            Self::Default => "default",
            Self::Invalid => "invalid",
            Self::Extra => "extra",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// What happens to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// It comes in.
    Added,
    /// It gets another value.
    Changed,
    /// It goes.
    Removed,
}

impl Difference {
    /// The difference of a key, with the sign of a diff: `+ KEY added`.
    pub fn line(self, key: &str) -> String {
        match self {
            Self::Added => format!("+ {key} added"),
            Self::Changed => format!("~ {key} changed"),
            Self::Removed => format!("- {key} removed"),
        }
    }
}

impl Form {
    /// A form of declarations and of what a file has, every key once. `is_required` says what the profile needs.
    pub fn new(
        specs: &[SecretSpec],
        entries: Vec<(String, SecretString)>,
        is_required: &dyn Fn(&SecretSpec) -> bool,
        (writer, now): (Writer, u64),
    ) -> Self {
        let declared = in_question_order(specs).into_iter();
        let mut fields: Vec<Field> = declared.map(|spec| Field::declared(spec.clone(), is_required(spec))).collect();
        let places = fields.iter().enumerate().map(|(index, field)| (field.name.clone(), index));
        let places: BTreeMap<String, usize> = places.collect();
        fields.reserve(entries.len());
        for (key, value) in entries {
            match places.get(&key).and_then(|index| fields.get_mut(*index)) {
                Some(field) => field.current = Some(value),
                None => fields.push(Field { current: Some(value), ..Field::undeclared(key) }),
            }
        }
        for field in &mut fields {
            field.judge(now);
        }
        Self { fields, writer, now }
    }

    /// Learns what other files say of the variables, those that count more first.
    #[must_use]
    pub fn beside(mut self, others: Vec<(String, Elsewhere)>) -> Self {
        for (key, elsewhere) in others {
            let index = self.position(&key).unwrap_or(self.fields.len());
            if index == self.fields.len() {
                self.fields.push(Field::undeclared(key));
            }
            let Some(field) = self.fields.get_mut(index).filter(|field| field.elsewhere.is_none()) else { continue };
            field.elsewhere = Some(Box::new(elsewhere));
            field.judge(self.now);
        }
        self
    }

    /// The place of a key.
    pub fn position(&self, key: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == key)
    }

    /// Cleans a value up and checks it, also for the programs that read the file.
    pub fn check(&self, spec: &SecretSpec, input: &str) -> Result<Accepted, Rejection> {
        check(spec, input, (&self.writer, self.now))
    }

    /// Gives a field a value that was checked. The value that is there already is no change.
    pub fn set(&mut self, index: usize, value: SecretString) {
        if let Some(field) = self.fields.get_mut(index) {
            let is_same = field.current.as_ref().is_some_and(|current| current.expose_secret() == value.expose_secret());
            field.draft = (!is_same).then_some(Draft::Value(value));
        }
    }

    /// Lets a field be made at random, where its declaration says how.
    pub fn generate(&mut self, index: usize) -> bool {
        let field = self.fields.get_mut(index);
        let how = field.and_then(|field| field.generate().cloned().map(|how| field.draft = Some(Draft::Generate(how))));
        how.is_some()
    }

    /// Takes a field out; `false` when there is nothing to take out.
    pub fn unset(&mut self, index: usize) -> bool {
        let Some(field) = self.fields.get_mut(index) else { return false };
        let had_value = field.value().is_some() || matches!(field.draft, Some(Draft::Generate(_)));
        field.draft = field.current.as_ref().map(|_| Draft::Unset);
        had_value
    }

    /// Leaves a field as it is in the file; `false` when it is.
    pub fn undo(&mut self, index: usize) -> bool {
        self.fields.get_mut(index).is_some_and(|field| field.draft.take().is_some())
    }

    /// Adds a field that nobody declared, or finds it.
    pub fn add(&mut self, name: &str) -> Result<usize, Rejection> {
        let name = name.trim();
        if let Some(index) = self.position(name) {
            return Ok(index);
        }
        if !is_name(name) {
            let message = "this is no name of a variable";
            return Err(Rejection::new(message, "letters, digits and `_`, and no digit in front"));
        }
        self.fields.push(Field::undeclared(name.to_owned()));
        Ok(self.fields.len() - 1)
    }

    /// Takes fields out that nobody declared, that are in no file, and that get no value.
    pub fn tidy(&mut self) {
        let is_somewhere = |field: &Field| field.current.is_some() || field.elsewhere.is_some();
        self.fields.retain(|field| field.declaration.is_some() || is_somewhere(field) || field.draft.is_some());
    }

    /// What saving does, by key. No value is in it.
    pub fn differences(&self) -> Vec<(&str, Difference)> {
        self.fields.iter().filter_map(|field| Some((field.name.as_str(), field.difference()?))).collect()
    }

    /// Whether a value goes that is kept nowhere.
    pub fn loses_values(&self) -> bool {
        self.differences().iter().any(|(_, difference)| *difference != Difference::Added)
    }

    /// What is to become of each field that is changed.
    pub fn drafts(&self) -> impl Iterator<Item = (&str, &Draft)> {
        self.fields.iter().filter_map(|field| Some((field.name.as_str(), field.draft.as_ref()?)))
    }

    /// What a person should know before saving: needed keys without a value, and values that do not belong together.
    pub fn warnings(&self) -> Vec<String> {
        let missing = self.fields.iter().filter(|field| field.is_needed_still()).map(|field| field.name.as_str());
        let missing: Vec<&str> = missing.collect();
        let values: Vec<(&SecretSpec, &SecretString)> =
            self.fields.iter().filter_map(|field| Some((field.declaration()?, field.outcome()?))).collect();
        let missing = (!missing.is_empty()).then(|| format!("still missing: {}", missing.join(", ")));
        let hidden = self.fields.iter().filter_map(Field::hidden);
        missing.into_iter().chain(hidden).chain(cross_check(&values)).collect()
    }
}

impl Field {
    /// One that somebody has declared, without a value.
    fn declared(spec: SecretSpec, is_required: bool) -> Self {
        let name = spec.name.clone();
        Self { is_required, declaration: Some(Box::new(spec)), ..Self::undeclared(name) }
    }

    /// One that nobody has declared, without a value.
    const fn undeclared(name: String) -> Self {
        Self { name, declaration: None, is_required: false, elsewhere: None, current: None, fault: None, draft: None }
    }

    /// Its declaration, when somebody has declared it.
    pub fn declaration(&self) -> Option<&SecretSpec> {
        self.declaration.as_deref()
    }

    /// Its declaration; for one that is not declared, what holds for all such.
    pub fn spec(&self) -> Cow<'_, SecretSpec> {
        self.declaration().map_or_else(|| Cow::Owned(SecretSpec::undeclared(&self.name)), Cow::Borrowed)
    }

    /// Whether nobody may see its value.
    pub fn is_sensitive(&self) -> bool {
        self.declaration().is_none_or(|spec| spec.sensitive)
    }

    /// The value that counts when none is given.
    pub fn default(&self) -> Option<&str> {
        self.declaration()?.default.as_deref()
    }

    /// How a random value is made, where its declaration says so.
    pub fn generate(&self) -> Option<&Generate> {
        self.declaration()?.generate.as_ref()
    }

    /// How it stands.
    pub fn state(&self) -> State {
        match &self.draft {
            Some(Draft::Value(_) | Draft::Generate(_)) => return State::Changed,
            Some(Draft::Unset) => return State::Removed,
            None => {}
        }
        let has_value = self.effective().is_some_and(|value| !value.expose_secret().is_empty());
        match (has_value, self.default()) {
            _ if self.declaration.is_none() => State::Extra,
            (true, _) if self.fault.is_some() => State::Invalid,
            (true, _) => State::Set,
            (false, Some(_)) => State::Default,
            (false, None) if self.is_required => State::Missing,
            (false, None) => State::Optional,
        }
    }

    /// The value that it has or gets; `None` when there is none, or nobody knows it yet.
    pub const fn value(&self) -> Option<&SecretString> {
        match &self.draft {
            Some(Draft::Value(value)) => Some(value),
            Some(Draft::Generate(_) | Draft::Unset) => None,
            None => self.current.as_ref(),
        }
    }

    /// Checks the value that counts.
    fn judge(&mut self, now: u64) {
        let given = self.effective().map(ExposeSecret::expose_secret).filter(|value| !value.is_empty());
        let judged = self.declaration().zip(given).map(|(spec, value)| check_as_it_is(spec, value, now));
        self.fault = judged.and_then(Result::err).map(Box::new);
    }

    /// The value that programs see now.
    fn effective(&self) -> Option<&SecretString> {
        match (self.elsewhere.as_deref(), &self.current) {
            (Some(Elsewhere { rank: Rank::More, value, .. }), _) | (Some(Elsewhere { value, .. }), None) => Some(value),
            (_, current) => current.as_ref(),
        }
    }

    /// The value that programs see after saving; `None` when there is none, or nobody knows it yet.
    fn outcome(&self) -> Option<&SecretString> {
        match (self.elsewhere.as_deref(), &self.draft) {
            (_, None) => self.effective(),
            (Some(Elsewhere { rank: Rank::More, value, .. }), _) | (Some(Elsewhere { value, .. }), Some(Draft::Unset)) => {
                Some(value)
            }
            (_, Some(_)) => self.value(),
        }
    }

    /// Which file the value comes from that programs see, when another file has the variable, too.
    pub fn remark(&self) -> Option<String> {
        self.elsewhere.as_ref().map(|elsewhere| elsewhere.remark(self.current.is_some()))
    }

    /// The file that has a value which this one lacks.
    pub fn only_in(&self) -> Option<&str> {
        self.elsewhere.as_ref().filter(|_| self.current.is_none()).map(|elsewhere| elsewhere.file.as_str())
    }

    /// What saving its new value hides, or what hides it.
    fn hidden(&self) -> Option<String> {
        self.draft.as_ref().filter(|draft| !matches!(draft, Draft::Unset))?;
        self.elsewhere.as_ref()?.warning(&self.name, self.current.is_some())
    }

    /// What is to become of it.
    pub const fn draft(&self) -> Option<&Draft> {
        self.draft.as_ref()
    }

    /// Whether everybody may see its value. One that is not what it should be may be a secret in the wrong place.
    pub fn is_public(&self) -> bool {
        !self.is_sensitive() && (self.fault.is_none() || self.draft.is_some())
    }

    /// What is wrong with the value that is there.
    pub fn fault(&self) -> Option<&Rejection> {
        self.fault.as_deref()
    }

    fn difference(&self) -> Option<Difference> {
        Some(match (self.draft.as_ref()?, &self.current) {
            (Draft::Unset, _) => Difference::Removed,
            (_, Some(_)) => Difference::Changed,
            (_, None) => Difference::Added,
        })
    }

    fn is_needed_still(&self) -> bool {
        let is_empty = || self.outcome().is_none_or(|value| value.expose_secret().is_empty());
        self.is_required && self.default().is_none() && !matches!(self.draft, Some(Draft::Generate(_))) && is_empty()
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    fn spec(name: &str, fields: &str) -> SecretSpec {
        toml::from_str(&format!("name = '{name}'\ndescription = 'x'\n{fields}")).unwrap()
    }

    fn form() -> Form {
        let specs = [
            spec("PORT", "kind = 'port'\nsensitive = false\ndefault = '3000'\nafter = ['ID']"),
            spec("ID", "kind = 'discord/application-id'"),
            spec("KEY", "generate = { type = 'hex', bytes = 4 }"),
            spec("MAIL", "kind = 'email'\nrequired = false"),
        ];
        let entry = |key: &str, value: &str| (key.to_owned(), SecretString::from(value.to_owned()));
        let entries = vec![entry("OLD", "y"), entry("ID", "12"), entry("MAIL", "a@b.c")];
        Form::new(&specs, entries, &|spec| spec.required.in_default_profile(), (Writer::default(), 0))
    }

    fn states(form: &Form) -> Vec<(&str, State)> {
        form.fields.iter().map(|field| (field.name.as_str(), field.state())).collect()
    }

    #[test]
    fn declared_fields_come_in_the_order_of_questions_and_others_behind() {
        let expected = [
            ("ID", State::Invalid),
            ("PORT", State::Default),
            ("KEY", State::Missing),
            ("MAIL", State::Set),
            ("OLD", State::Extra),
        ];
        assert_eq!(states(&form()), expected);
    }

    #[test]
    fn changes_come_out_by_key_and_can_be_taken_back() {
        let mut form = form();
        form.set(0, "1100000000000000001".to_owned().into());
        form.set(4, "y".to_owned().into());
        assert!(form.generate(2) && !form.generate(3) && form.unset(3));
        let added = form.add(" NEW_1 ").unwrap();
        form.set(added, "v".to_owned().into());
        assert_eq!(
            form.differences(),
            [
                ("ID", Difference::Changed),
                ("KEY", Difference::Added),
                ("MAIL", Difference::Removed),
                ("NEW_1", Difference::Added)
            ]
        );
        assert!(form.undo(0) && !form.undo(0) && form.undo(2) && form.undo(3) && form.unset(added));
        form.tidy();
        assert_eq!((form.position("NEW_1"), form.fields.len()), (None, 5));
        assert_eq!(form.differences(), []);
        assert_eq!(form.warnings(), ["still missing: KEY"]);
    }

    #[test]
    fn a_name_that_no_program_knows_is_not_added() {
        assert_eq!(form().add("a b").unwrap_err().message, "this is no name of a variable");
        assert_eq!(form().add("OLD"), Ok(4));
    }

    #[test]
    fn a_value_of_another_file_counts_by_its_rank() {
        let other = |key: &str, rank| {
            (key.to_owned(), Elsewhere { file: ".env".into(), value: "1100000000000000001".to_owned().into(), rank })
        };
        let mut form = Form { now: 1_767_225_600_000, ..form() };
        form = form.beside(vec![
            other("ID", Rank::More),
            other("ID", Rank::Less),
            other("KEY", Rank::Less),
            other("MAIL", Rank::Less),
            other("LAST", Rank::Less),
        ]);
        let expected = [
            ("ID", State::Set),
            ("PORT", State::Default),
            ("KEY", State::Set),
            ("MAIL", State::Set),
            ("OLD", State::Extra),
            ("LAST", State::Extra),
        ];
        assert_eq!(states(&form), expected);
        assert_eq!(form.warnings(), [""; 0]);
        let remarks: Vec<Option<String>> = form.fields.iter().map(Field::remark).collect();
        assert_eq!(
            [0, 2, 3].map(|index: usize| remarks[index].as_deref().unwrap()),
            [
                "effective value comes from `.env`, which counts more",
                "effective value comes from `.env`; one that is set here counts more",
                "also in `.env`, which counts less",
            ]
        );
        for index in [0, 2, 3] {
            form.set(index, "new".to_owned().into());
        }
        assert_eq!(
            form.warnings(),
            [
                "no program sees the new value of ID: that of `.env` counts more",
                "KEY is in `.env`, too; from now on the value that is saved here counts",
            ]
        );
        assert!(form.undo(2) && form.unset(3));
        form.tidy();
        assert_eq!((form.fields.len(), form.fields[2].only_in()), (6, Some(".env")));
    }

    #[test]
    fn no_value_is_in_debug() {
        let mut form = form();
        let secret = ["ve", "ry-secret"].concat();
        form.set(4, secret.clone().into());
        assert!(!format!("{form:?}").contains(&secret));
    }
}
