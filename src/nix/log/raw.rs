//! The JSON of an event, read without copying: a log of a gigabyte passes through here.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Every member that some event has; those it has not are empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Raw<'a> {
    #[serde(borrow)]
    pub(super) action: Cow<'a, str>,
    pub(super) id: u64,
    pub(super) level: u64,
    pub(super) parent: u64,
    #[serde(rename = "type")]
    pub(super) kind: u64,
    #[serde(borrow)]
    pub(super) text: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) msg: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) fields: Fields<'a>,
    pub(super) payload: Option<Payload>,
}

/// What Determinate Nix sends in place of fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Payload {
    pub(super) success: Option<bool>,
}

/// The first four fields; no event that we read has more.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(pub(super) [Field<'a>; 4]);

/// A field: a text or a number.
#[derive(Debug, Default)]
pub(super) enum Field<'a> {
    #[default]
    None,
    Number(u64),
    Text(Cow<'a, str>),
}

impl<'a> Field<'a> {
    pub(super) fn text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            Self::None | Self::Number(_) => Cow::Borrowed(""),
        }
    }

    pub(super) const fn number(&self) -> u64 {
        match self {
            Self::Number(number) => *number,
            Self::None | Self::Text(_) => 0,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of fields")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        for place in &mut fields.0 {
            match sequence.next_element()? {
                Some(field) => *place = field,
                None => return Ok(fields),
            }
        }
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(fields)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Fields::default())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a field")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Field::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Field::None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Field::None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Field::None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::None)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::None)
    }
}
