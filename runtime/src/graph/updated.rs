//! Steps that change the context: they return the change, and the dispatch loop applies it with the step's result.

use super::emit::{Emission, Emits};
use super::items::{CONTEXT, Item};
use super::shape::Shape;
use super::start::NoStop;
use crate::codec::{CodecError, JsonText};
use crate::context::{ContextUpdate, StepContext, StoredContext};
use crate::record::FORMAT;
use crate::store::FieldRow;
use crate::value::{Encoding, Value};
use std::fmt;
use std::sync::Arc;

/// A change of the context `C`, returned by a step of an event-driven workflow, alone or beside its events:
/// `Result<(Updated<Settings>, Page)>`.
///
/// The step itself sees the old context. The workflow applies the change when it takes the step's result, in the same
/// turn: every step that starts afterwards sees it. A step that returns `Updated` has the context for itself: it starts
/// when no other step that reads the context runs, and none of those starts until it has ended. So no change is lost,
/// and none happens while a step reads.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[derive(StepContext, Clone)]
/// pub struct Settings {
///     #[context(default = 2)]
///     pub limit: u64,
/// }
///
/// #[derive(Event)]
/// pub struct Raised;
///
/// pub struct Tune;
///
/// #[workflow(context = Settings)]
/// impl Tune {
///     #[step]
///     async fn raise(ctx: &Settings, by: Begin<u64>) -> Result<(Updated<Settings>, Raised)> {
///         Ok((Updated::of(ctx, |c| c.limit(c.limit + *by)), Raised))
///     }
///
///     #[step]
///     async fn end(ctx: &Settings, _: Raised) -> Result<Stop<u64>> {
///         Ok(Stop(ctx.limit))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let engine = Engine::builder().in_memory().workflow(Tune).start().await?;
/// assert_eq!(engine.start(Tune, 3).await?.result().await?, 5);
/// # Ok(())
/// # }
/// ```
///
/// Only the fields that get another value are recorded: with the step's result, and as the change of the context.
#[must_use = "the context changes only if the step returns this"]
pub struct Updated<C: StepContext>(<C::Stored as StoredContext>::Update);

impl<C: StepContext> Updated<C> {
    /// Creates the change that the closure makes to the step's context: `Updated::of(ctx, |c| c.limit(3))`. The closure
    /// sees the old values.
    pub fn of<F>(context: &C, change: F) -> Self
    where
        F: FnOnce(&<C::Stored as StoredContext>::Update) -> &<C::Stored as StoredContext>::Update,
    {
        let update = C::Stored::begin_update(Arc::new(context.stored_part()));
        change(&update);
        Self(update)
    }

    /// Returns the stored part of the context with the change applied: for unit tests of the step.
    #[must_use]
    pub fn into_context(self) -> C::Stored {
        Arc::unwrap_or_clone(self.0.apply())
    }
}

impl<C: StepContext> fmt::Debug for Updated<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Updated").field(&C::CONTEXT).finish()
    }
}

#[diagnostic::do_not_recommend]
impl<C: StepContext> Emits for Updated<C> {
    const SHAPE: Shape = Shape::Update(C::CONTEXT);
    type Stop = NoStop;

    fn emit(mut self, out: &mut Emission<'_>) -> Result<(), CodecError> {
        if self.0.changed().is_empty() {
            return Ok(());
        }
        let values = self
            .0
            .encode(out.coder())
            .map_err(|error| CodecError { path: String::new(), message: error.to_string() })?;
        out.context(C::Stored::schema().version, &values)
    }
}

impl Emission<'_> {
    /// Adds the fields of the context that get another value: as they are stored, with raw bytes beside the text.
    fn context(&mut self, version: u32, values: &[(&'static str, Value)]) -> Result<(), CodecError> {
        let mut text = format!("{{\"version\":{version},\"fields\":{{").into_bytes();
        for (index, (name, value)) in values.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            let encoding = value.encoding.as_str();
            // JSON escapes no character of a field name.
            text.extend_from_slice(format!("\"{name}\":{{\"{encoding}\":").as_bytes());
            if matches!(value.encoding, Encoding::Json | Encoding::Stored) {
                text.extend_from_slice(&value.bytes);
            } else {
                text.extend_from_slice(self.raw(value.bytes.clone()).to_string().as_bytes());
            }
            text.push(b'}');
        }
        text.extend_from_slice(b"}}");
        self.json(CONTEXT, &text)
    }
}

/// A change of the context, as recorded with the result of a step.
pub(super) struct Change {
    pub(super) version: u32,
    pub(super) rows: Vec<FieldRow>,
}

impl Change {
    /// Reads the output of [`Emission::context`]: `{"version":1,"fields":{"limit":{"json":5}}}`.
    pub(super) fn read(item: &Item) -> Result<Self, CodecError> {
        let (mut version, mut rows) = (None, Vec::new());
        for (name, part) in JsonText::new(&item.text).and_then(JsonText::members).map_err(|error| other(&error))? {
            match &*name {
                "version" => version = part.get().parse().ok(),
                "fields" => rows = fields(item, part)?,
                _ => {}
            }
        }
        let version = version.ok_or_else(|| unreadable("expected the version of a context, found none"))?;
        Ok(Self { version, rows })
    }
}

fn fields(item: &Item, text: JsonText<'_>) -> Result<Vec<FieldRow>, CodecError> {
    let mut rows = Vec::new();
    for (name, field) in text.members().map_err(|error| other(&error))? {
        let Some((encoding, text)) = field.members().map_err(|error| other(&error))?.into_iter().next() else {
            continue;
        };
        let value = match Encoding::parse(&encoding) {
            Some(encoding @ (Encoding::Json | Encoding::Stored)) => {
                Value { encoding, bytes: item.text.slice_ref(text.get().as_bytes()) }
            }
            Some(encoding) => {
                let raw = text.get().parse::<usize>().ok().and_then(|index| item.raws.get(index));
                let bytes = raw.ok_or_else(|| unreadable(&format!("the bytes of field `{name}` are missing")))?;
                Value { encoding, bytes: bytes.clone() }
            }
            None => return Err(unreadable(&format!("field `{name}` has the form `{encoding}`, which is not known"))),
        };
        rows.push(FieldRow { seq: 0, format: FORMAT, name: name.into_owned(), value });
    }
    Ok(rows)
}

fn other(error: &serde_json::Error) -> CodecError {
    unreadable(&format!("expected a change of the context, found something else: {error}"))
}

fn unreadable(message: &str) -> CodecError {
    CodecError { path: String::new(), message: message.to_owned() }
}
