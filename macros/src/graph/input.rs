//! The model of an event-driven workflow.

use super::attribute::{self, Collect, Routing};
use crate::faults::Faults;
use crate::function::{Function, Parameter};
use crate::name;
use crate::step::input::Step;
use crate::workflow::attribute::Options;
use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Ident, ImplItem, ImplItemFn, ItemImpl, Type};

/// An `impl` with `#[workflow]`.
pub(super) struct Graph {
    /// The block without its steps.
    pub(super) block: ItemImpl,
    pub(super) options: Options,
    /// The recorded name.
    pub(super) name: String,
    pub(super) steps: Vec<GraphStep>,
    /// The function that creates the context from the input.
    pub(super) context: Option<Ident>,
}

/// A function with `#[step]` in the block.
pub(super) struct GraphStep {
    pub(super) step: Step,
    pub(super) routing: Routing,
    /// For each argument, whether and how it collects events.
    pub(super) collects: Vec<Option<Collect>>,
}

impl GraphStep {
    /// Returns the event parameters.
    pub(super) fn events(&self) -> impl Iterator<Item = (&Parameter, Option<&Collect>)> {
        self.step.arguments().zip(self.collects.iter().map(Option::as_ref))
    }

    pub(super) const fn is_on_timer(&self) -> bool {
        self.routing.every.is_some() || self.routing.after.is_some()
    }
}

impl Graph {
    pub(super) fn new(mut block: ItemImpl, options: Options, faults: &Faults) -> Self {
        let (mut steps, mut items, mut context) = (Vec::new(), Vec::new(), None);
        for item in std::mem::take(&mut block.items) {
            let ImplItem::Fn(mut function) = item else {
                items.push(item);
                continue;
            };
            if let Some(mark) = take(&mut function.attrs, "context")
                && context.replace(function.sig.ident.clone()).is_some()
            {
                faults.add(mark, "two functions make the context", "keep one of them");
            }
            match take(&mut function.attrs, "step") {
                Some(mark) => steps.extend(graph_step(function, &mark, &block.self_ty, faults)),
                None => items.push(ImplItem::Fn(function)),
            }
        }
        block.items = items;
        let name = options
            .name
            .clone()
            .unwrap_or_else(|| Function::last_word(&block.self_ty).unwrap_or_else(|| name::as_written(&block.self_ty)));
        Self { block, options, name, steps, context }
    }

    pub(super) fn ty(&self) -> &Type {
        &self.block.self_ty
    }
}

fn graph_step(function: ImplItemFn, mark: &Attribute, this: &Type, faults: &Faults) -> Option<GraphStep> {
    let (mut options, mut routing) = attribute::parse(mark, faults);
    routing.sends.iter_mut().for_each(|ty| without_self(ty, this));
    if let Some(store) = &options.store {
        let help =
            "keep what is large in a field of the context, `#[context(store = \"blobs\")]`, and let the event name it";
        faults.add(store, "a step of an event-driven workflow returns events, which the database takes", help);
    }
    if let Some(queue) = options.queue.take() {
        let help = "leave `queue` away, or write the workflow as a function, `#[workflow] async fn ..`, whose steps \
                    may have one";
        faults.add(queue, "a step of an event-driven workflow runs in the process of its workflow", help);
    }
    if let Some(receiver) = function.sig.receiver() {
        let help = "take `self` away: what a step needs comes by its events, the context, the state and resources";
        faults.add(receiver, "a step has no `self`", help);
        return None;
    }
    if let Some(cfg) = function.attrs.iter().find(|attribute| attribute.path().is_ident("cfg")) {
        let help = "write the `impl` twice, as a whole: `#[cfg(..)] #[workflow] impl ..`";
        faults.add(cfg, "a step of an event-driven workflow is there in every build or in none", help);
    }
    let mut function = Function::parse_associated(function.into_token_stream(), faults)?;
    function.output.iter_mut().for_each(|ty| without_self(ty, this));
    let mut collects = std::collections::HashMap::new();
    for parameter in &mut function.parameters {
        without_self(&mut parameter.ty, this);
        if let Some(collect) = Collect::take(parameter, faults) {
            collects.insert(parameter.name.to_string(), collect);
        }
    }
    let step = Step { in_graph: true, ..Step::new(function, options, faults) };
    let collects = step.arguments().map(|argument| collects.remove(&argument.name.to_string())).collect();
    Some(GraphStep { step, routing, collects })
}

/// Replaces `Self`, for a place where it is another type.
fn without_self(ty: &mut Type, this: &Type) {
    fn replaced(tokens: TokenStream, this: &Type) -> TokenStream {
        let replace = |token| match token {
            TokenTree::Ident(ident) if ident == "Self" => this.to_token_stream(),
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), replaced(group.stream(), this));
                inner.set_span(group.span());
                TokenTree::Group(inner).into()
            }
            other => other.into(),
        };
        tokens.into_iter().flat_map(replace).collect()
    }
    if let Ok(named) = syn::parse2(replaced(ty.to_token_stream(), this)) {
        *ty = named;
    }
}

/// Removes an attribute, and returns it.
fn take(attributes: &mut Vec<Attribute>, word: &str) -> Option<Attribute> {
    let place = attributes.iter().position(|attribute| attribute.path().is_ident(word))?;
    Some(attributes.remove(place))
}
