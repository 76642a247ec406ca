//! Changes fields of the context.

use super::changed;
use super::{Ask, At, Due, Given};
use crate::context::Schema;
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use crate::value::Value;
use std::borrow::Cow;
use std::fmt;

/// Changes fields of the context. The values are rows of their own.
#[derive(Debug)]
pub struct UpdateContext<'a> {
    /// The context's recorded name.
    pub context: &'a str,
    /// The version of the context to which the names belong.
    pub version: u32,
    /// The names of the fields.
    pub fields: Vec<Cow<'a, str>>,
    /// The current schema, with the earlier names of its fields.
    pub schema: Option<&'static Schema>,
}

impl<'a> UpdateContext<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        let (version, fields) = changed::read(entry)?;
        let fields = fields.into_iter().map(Cow::Owned).collect();
        Some(Self { context: entry.name.as_deref()?, version, fields, schema: None })
    }

    /// Returns the fields by their current names, sorted, because their order in the struct may have changed. Removed
    /// fields are left out.
    fn today(&self, schema: &Schema) -> Vec<&'static str> {
        let field = |name: &str| schema.fields.iter().find(|field| field.name == name || field.aliases.contains(&name));
        let mut names: Vec<_> = self.fields.iter().filter_map(|name| Some(field(name)?.name)).collect();
        names.sort_unstable();
        names
    }
}

impl Ask for UpdateContext<'_> {
    fn kind(&self) -> Kind {
        Kind::ContextUpdated
    }

    fn completed_by(&self) -> &'static [Kind] {
        &[]
    }

    fn given(&self) -> Option<&Given<'_>> {
        None
    }

    fn due(&self) -> Option<Due> {
        None
    }

    fn to_entry(&self, _: &At<'_>, entry: &mut EntryRow) {
        entry.name = Some(self.context.to_owned());
        entry.value = Some(Value::json(changed::to_json(self.version, &self.fields)));
    }

    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        None
    }
}

impl PartialEq<UpdateContext<'_>> for UpdateContext<'_> {
    fn eq(&self, asked: &UpdateContext<'_>) -> bool {
        // Names of different versions cannot be compared.
        let Some(schema) = asked.schema.or(self.schema).filter(|_| self.version == asked.version) else { return true };
        self.today(schema) == asked.today(schema)
    }
}

impl fmt::Display for UpdateContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "context `{}` updated ({})", self.context, self.fields.join(", "))
    }
}
