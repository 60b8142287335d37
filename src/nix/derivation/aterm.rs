//! The few terms that the file of a derivation is made of: strings, lists and tuples, without blanks.

/// How deep derivations that are made by derivations may be nested.
const DEEPEST: usize = 16;

/// What is left to be read.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a str,
    length: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text, length: text.len() }
    }

    /// How many bytes are read.
    pub(super) const fn at(&self) -> usize {
        self.length - self.rest.len()
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes what must come now.
    pub(super) fn skip(&mut self, expected: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    /// A string. After a backslash only `n`, `r` and `t` stand for another character.
    pub(super) fn string(&mut self) -> Option<String> {
        self.skip("\"")?;
        let mut text = String::new();
        loop {
            let end = self.rest.find(['"', '\\'])?;
            let (plain, rest) = self.rest.split_at_checked(end)?;
            text.push_str(plain);
            self.rest = rest;
            if self.skip("\"").is_some() {
                return Some(text);
            }
            self.skip("\\")?;
            let mut characters = self.rest.chars();
            text.push(match characters.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            });
            self.rest = characters.as_str();
        }
    }

    /// A list of something.
    pub(super) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.skip("[")?;
        let mut items = Vec::new();
        if self.skip("]").is_some() {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.skip("]").is_some() {
                return Some(items);
            }
            self.skip(",")?;
        }
    }

    /// The outputs of an input. In the format with a version it may say, too, what is made by what it makes; that is passed
    /// over.
    pub(super) fn outputs(&mut self) -> Option<Vec<String>> {
        self.outputs_at(0)
    }

    fn outputs_at(&mut self, depth: usize) -> Option<Vec<String>> {
        if self.skip("(").is_none() {
            return self.list(Self::string);
        }
        if depth == DEEPEST {
            return None;
        }
        let outputs = self.list(Self::string)?;
        self.skip(",")?;
        self.list(|reader| {
            reader.skip("(")?;
            reader.string()?;
            reader.skip(",")?;
            reader.outputs_at(depth + 1)?;
            reader.skip(")")
        })?;
        self.skip(")")?;
        Some(outputs)
    }
}
