//! Programs that import each name without the prelude.
#![no_implicit_prelude]
#![allow(unused_imports, unused_variables)]

// ==== without the prelude
#[derive(::steadfast::StepContext, ::core::clone::Clone)]
pub struct Order {
    #[context(default)]
    pub total: ::core::primitive::u64,
}
#[::steadfast::step]
async fn charge(ctx: &Order, cents: ::core::primitive::u64) -> ::steadfast::Result<::core::primitive::u64> {
    ::core::result::Result::Ok(ctx.total + cents)
}
#[::steadfast::workflow(context = Order)]
async fn process(flow: &mut ::steadfast::Flow<Order>) -> ::steadfast::Result<::core::primitive::u64> {
    let total = charge(flow, 5).await?;
    flow.update(|order| order.total(total)).await?;
    ::core::result::Result::Ok(flow.total)
}
// ==== a message and an event
#[derive(::steadfast::Message, ::serde::Serialize, ::serde::Deserialize)]
pub struct Paid {
    pub cents: ::core::primitive::u64,
}
#[derive(::steadfast::Event)]
pub struct Page(::std::string::String);
pub struct Ingest;
#[::steadfast::workflow]
impl Ingest {
    #[step]
    async fn fetch(begin: ::steadfast::Begin<::std::string::String>) -> ::steadfast::Result<Page> {
        ::core::result::Result::Ok(Page(begin.0))
    }
    #[step]
    async fn end(page: Page) -> ::steadfast::Result<::steadfast::Stop> {
        ::core::result::Result::Ok(::steadfast::Stop(()))
    }
}
