//! The macros of [steadfast](https://docs.rs/steadfast); use them from there.
//!
//! Each has the same structure: `input` parses what the user wrote into a model, `check` has one function for each
//! rule, and `expand` one file for each thing that is generated. Faults are collected, and the item is kept with a
//! stand-in body, so that one fault causes one message and no fault hides another.

mod aliases;
mod assignment;
mod context;
mod duration;
mod event;
mod events;
mod faults;
mod function;
mod graph;
mod held;
mod instrument;
mod kept;
mod message;
mod name;
mod place;
mod renamed;
mod secret;
mod step;
mod stored;
mod suggest;
mod transaction;
mod tried;
mod workflow;
mod workflow_error;
mod written;

use proc_macro::TokenStream;

#[doc = include_str!("docs/context.md")]
#[proc_macro_derive(StepContext, attributes(context))]
pub fn derive_step_context(item: TokenStream) -> TokenStream {
    renamed::derive(context::derive, "context", item.into()).into()
}

#[doc = include_str!("docs/step.md")]
#[proc_macro_attribute]
pub fn step(attribute: TokenStream, item: TokenStream) -> TokenStream {
    renamed::attribute(step::expand, attribute.into(), item.into()).into()
}

#[doc = include_str!("docs/transaction.md")]
#[proc_macro_attribute]
pub fn transaction(attribute: TokenStream, item: TokenStream) -> TokenStream {
    renamed::attribute(transaction::expand, attribute.into(), item.into()).into()
}

#[doc = include_str!("docs/workflow.md")]
#[proc_macro_attribute]
pub fn workflow(attribute: TokenStream, item: TokenStream) -> TokenStream {
    renamed::attribute(workflow::expand, attribute.into(), item.into()).into()
}

/// Gives a struct or an enum a recorded name, so that it can be sent to runs, and used in their requests:
/// `steadfast::Message`.
///
/// Derive `Serialize` and `Deserialize` next to it, as for every value that is stored.
///
/// | attribute | meaning |
/// |---|---|
/// | `name = "approval"` | the recorded name, if not the type's: it keeps sent messages readable when the type is renamed |
/// | `crate = "durable"` | the path of steadfast, where the dependency has another name |
#[proc_macro_derive(Message, attributes(message))]
pub fn derive_message(item: TokenStream) -> TokenStream {
    renamed::derive(message::derive, "message", item.into()).into()
}

/// Makes a struct an event, which the steps of an event-driven workflow take and return: `steadfast::Event`.
///
/// Its fields are owned serde types, or bytes (`Vec<u8>`, `Bytes`, `Box<[u8]>`, which are stored raw). It needs no
/// other derive.
///
/// | on | attribute | meaning |
/// |---|---|---|
/// | the struct | `external` | it comes from outside, by `engine.emit(run, event)` |
/// | the struct | `broadcast` | every step that takes it is called |
/// | the struct | `name = "page"` | the recorded name, if not the struct's: it keeps old runs readable when the struct is renamed |
/// | the struct | `crate = "durable"` | the path of steadfast, where the dependency has another name |
/// | a field | `default`, `default = expression` | its value in an event that was recorded without it |
/// | a field | `alias = "old"` | a name under which it was recorded before |
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(item: TokenStream) -> TokenStream {
    renamed::derive(event::derive, "event", item.into()).into()
}

/// Lets a step return one of several events: each variant of the enum holds one event, `Stop`, a `Vec` or an `Option`
/// of events, or nothing.
///
/// `From` is implemented for each type that only one variant holds, so `Ok(chunk.into())` names no variant. Use
/// `#[events(crate = "durable")]` if the dependency on steadfast has another name.
#[proc_macro_derive(Events, attributes(events))]
pub fn derive_events(item: TokenStream) -> TokenStream {
    renamed::derive(events::derive, "events", item.into()).into()
}

#[doc = include_str!("docs/workflow_error.md")]
#[proc_macro_derive(WorkflowError, attributes(workflow_error))]
pub fn derive_workflow_error(item: TokenStream) -> TokenStream {
    renamed::derive(workflow_error::derive, "workflow_error", item.into()).into()
}
