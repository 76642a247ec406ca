//! Names of the user's own that are also names of the standard library or of ours.
#![allow(dead_code, non_camel_case_types, non_snake_case)]

mod core {}
mod std {}
mod steadfast {}
mod alloc {}
mod bytes {}

use ::steadfast::prelude::{Duration, Flow, Start, StepContext, step, workflow};

struct Result;
struct Option;
struct Vec;
struct Ok;
struct Err;
struct Some;
struct None;
struct Box;
struct Arc;
struct Value;
struct Body;
struct Set;
struct Unset;
struct Form;
struct H;
struct u64;
struct str;
struct bool;
trait Send {}
trait Sized {}
trait Future {}
trait Into {}
trait From {}
trait Default {}
trait Clone {}
trait Persist {}
trait StepDef {}

type Text = ::std::string::String;

#[derive(StepContext, ::core::clone::Clone)]
struct Order {
    id: Text,
    r#type: ::std::string::String,
    #[context(default)]
    r#match: ::core::option::Option<::core::primitive::u64>,
    #[context(default = "x")]
    name: ::std::string::String,
    #[context(default)]
    builder: ::core::primitive::u64,
    #[context(default)]
    with: ::core::primitive::u64,
    #[context(default)]
    update: ::core::primitive::u64,
    #[context(default)]
    store: ::core::primitive::u64,
    #[context(default)]
    changed: ::core::primitive::u64,
    #[context(default)]
    deref: ::core::primitive::u64,
    #[context(default)]
    clone: ::core::primitive::u64,
    #[context(default)]
    value: ::core::primitive::u64,
    #[context(default)]
    old: ::core::primitive::u64,
    #[context(default)]
    new: ::core::primitive::u64,
    #[context(default)]
    values: ::core::primitive::u64,
    #[context(default)]
    a_b: ::core::primitive::u64,
    #[context(default)]
    a__b: ::core::primitive::u64,
    same_name: ::core::primitive::u64,
    same__name: ::core::primitive::u64,
}

struct Shared;
struct Live;
struct NotShared;
trait TransientValue {}
trait TransientDefault {}
trait StoredContext {}
trait PartialEq {}
trait Debug {}
const SCHEMA: ::core::primitive::u64 = 5;

#[derive(::core::clone::Clone)]
struct RestoreError;

/// Names of fields and hooks that generated code might use itself.
#[derive(StepContext, ::core::clone::Clone)]
#[context(version = 2, migrate = recorded)]
struct Whole {
    #[context(default = SCHEMA, alias = "lives")]
    live: ::core::primitive::u64,
    #[context(default, max_bytes = 5)]
    field: ::core::primitive::u64,
    #[context(transient, restore(stored, after(r#type, resources)))]
    stored: ::core::primitive::u64,
    #[context(transient, restore = resources)]
    resources: ::core::primitive::u64,
    #[context(transient, restore(live_0, after = stored))]
    restore: RestoreError,
    #[context(transient, default = "x")]
    r#type: ::std::string::String,
    #[context(transient)]
    share: ::core::option::Option<fn(&::core::primitive::str) -> &::core::primitive::str>,
    #[context(transient)]
    name: &'static ::core::primitive::str,
}

type Outcome<T> = ::core::result::Result<T, ::steadfast::Error>;

async fn stored(
    _: &WholeStored,
    _: &::steadfast::Resources,
    _: &::std::string::String,
    resources: &::core::primitive::u64,
) -> Outcome<::core::primitive::u64> {
    ::core::result::Result::Ok(*resources)
}

async fn resources(_: &WholeStored, _: &::steadfast::Resources) -> Outcome<::core::primitive::u64> {
    ::core::result::Result::Ok(1)
}

async fn live_0(
    _: &WholeStored,
    _: &::steadfast::Resources,
    _: &::core::primitive::u64,
) -> Outcome<RestoreError> {
    ::core::result::Result::Ok(RestoreError)
}

fn recorded(_: &mut ::steadfast::RecordedFields) -> Outcome<()> {
    ::core::result::Result::Ok(())
}

#[step]
async fn charge(
    flow: &Order,
    context: ::core::primitive::u64,
    start: ::core::primitive::u64,
    writer: ::core::primitive::u64,
) -> ::steadfast::Result<::core::primitive::u64> {
    ::core::result::Result::Ok(flow.clone + context + start + writer)
}

#[step]
async fn r#loop(flow: ::core::primitive::u64, args: ::core::primitive::u64) -> ::steadfast::Result<()> {
    let _ = flow + args;
    ::core::result::Result::Ok(())
}

#[workflow(context = Order)]
async fn process(input: Start<Order>, start: ::core::primitive::u64) -> ::steadfast::Result<()> {
    let order = Order::builder().id("1".into()).r#type("a").same_name(1).same__name(2).clone(1).build();
    let mut flow = input.with(order).await?;
    flow.update(|c| c.r#match(::core::option::Option::Some(1)).update(c.update + 1).store(2).deref(3).changed(4)).await?;
    charge(&flow, start, 1, 2).await?;
    r#loop(&flow, 1, 2).await?;
    flow.sleep(Duration::from_secs(1)).await?;
    ::core::result::Result::Ok(())
}

#[workflow]
async fn r#while(input: &mut Flow, flow: ::core::primitive::u64) -> ::steadfast::Result<()> {
    r#loop(input, flow, 1).await?;
    ::core::result::Result::Ok(())
}

fn main() {}
