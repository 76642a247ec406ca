//! Invalid attributes.
#![allow(unused)]
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::sync::atomic::AtomicU64;
use steadfast::prelude::*;

// ==== misspelt: `attempts`
#[step(retry(attemps = 3))] async fn charge(n: u32) -> Result<u32> { Ok(n) }
// ==== misspelt outside: `retry`
#[step(retri(attempts = 3))] async fn charge(n: u32) -> Result<u32> { Ok(n) }
// ==== no attempts: write a whole number
#[step(retry(attempts = 0))] async fn charge(n: u32) -> Result<u32> { Ok(n) }
// ==== attempts as text: write
#[step(retry(attempts = "3"))] async fn charge(n: u32) -> Result<u32> { Ok(n) }
// ==== duration as a number: write
#[step(timeout = 30)] async fn charge(n: u32) -> Result<u32> { Ok(n) }
// ==== duration without a unit: write
#[step(timeout = "30")] async fn charge(n: u32) -> Result<u32> { Ok(n) }
// ==== unknown unit: write
#[step(timeout = "30 parsecs")] async fn charge(n: u32) -> Result<u32> { Ok(n) }
// ==== twice: keep one
#[step(timeout = "30s", timeout = "40s")] async fn charge(n: u32) -> Result<u32> { Ok(n) }
// ==== empty name: write `name = "charge"`
#[step(name = "")] async fn charge(n: u32) -> Result<u32> { Ok(n) }
// ==== unknown option of a workflow: There are:
#[workflow(retries = 3)] async fn process(flow: &Flow) -> Result<()> { Ok(()) }
// ==== context as text: write
#[workflow(context = "Order")] async fn process(flow: &Flow) -> Result<()> { Ok(()) }
// ==== version zero: version
#[workflow(version = 0)] async fn process(flow: &Flow) -> Result<()> { Ok(()) }
// ==== unknown option of a field: There are:
#[derive(StepContext, Clone)] pub struct Order { #[context(defualt)] pub total: u64 }
// ==== store without a name: write
#[derive(StepContext, Clone)] pub struct Order { #[context(store)] pub total: Vec<u8> }
// ==== transient with a store: store
#[derive(StepContext, Clone)] pub struct Order { #[context(transient, store = "blobs")] pub total: Arc<u64> }
// ==== restore without transient: transient
async fn open(_: &OrderStored, _: &Resources) -> Result<Arc<u64>> { Ok(Arc::default()) }
#[derive(StepContext, Clone)] pub struct Order { #[context(restore = open)] pub total: u64 }
// ==== tuple struct: give each a name
#[derive(StepContext, Clone)] pub struct Order(u64);
// ==== enum: struct
#[derive(StepContext, Clone)] pub enum Order { New, Old }
// ==== generic context: type
#[derive(StepContext, Clone)] pub struct Order<T> { pub total: T }
// ==== cell in a field: store the value, and change it
#[derive(StepContext, Clone)] pub struct Order { pub total: Cell<u64> }
// ==== mutex in a field: store the value
#[derive(StepContext, Clone)] pub struct Order { pub total: Arc<Mutex<u64>> }
// ==== atomic in a field: store the value
#[derive(StepContext, Clone)] pub struct Order { pub total: Arc<AtomicU64> }
// ==== cell behind an alias: store the value
type Count = RefCell<u64>;
#[derive(StepContext, Clone)] pub struct Order { pub total: Count }
// ==== rc in a field: own what it holds
#[derive(StepContext, Clone)] pub struct Order { pub total: Rc<u64> }
// ==== borrowed field: `String` instead of `&str`
#[derive(StepContext, Clone)] pub struct Order { pub id: &'static str }
// ==== field without serde: derive what is missing
#[derive(Clone)] pub struct Money(u64);
#[derive(StepContext, Clone)] pub struct Order { pub price: Money }
// ==== missing field: workspace
#[derive(StepContext, Clone)] pub struct Order { pub workspace: String, pub total: u64 }
fn build() -> Order { Order::builder().total(3).build() }
// ==== context without clone: `#[derive(StepContext, Clone)]`
#[derive(StepContext)] pub struct Order { pub total: u64 }
// ==== message without serde: derive
#[derive(Message)] pub struct Paid(u64);
// ==== event by reference: `page: Page`
#[derive(Event)] pub struct Page(String);
pub struct Ingest;
#[workflow] impl Ingest {
    #[step] async fn fetch(_: Begin<String>) -> Result<Page> { Ok(Page("a".into())) }
    #[step] async fn store(page: &Page) -> Result<Stop> { Ok(Stop(())) }
}
// ==== graph without a beginning: Begin
#[derive(Event)] #[event(external)] pub struct Page(String);
pub struct Ingest;
#[workflow] impl Ingest {
    #[step] async fn store(page: Page) -> Result<Stop> { Ok(Stop(())) }
}
// ==== graph without an end: Stop
#[derive(Event)] pub struct Page(String);
pub struct Ingest;
#[workflow] impl Ingest {
    #[step] async fn fetch(_: Begin<String>) -> Result<Page> { Ok(Page("a".into())) }
    #[step] async fn store(page: Page) -> Result<Page> { Ok(page) }
}
// ==== transaction that is async: drop `async`
#[transaction] async fn book(tx: &mut Tx<'_>, n: u32) -> Result<()> { Ok(()) }
// ==== transaction without its handle: tx: &mut Tx
#[transaction] fn book(n: u32) -> Result<()> { Ok(()) }
// ==== resource by value: write `#[resource] db: &Db`
pub struct Db;
#[step] async fn charge(#[resource] db: Db) -> Result<()> { Ok(()) }
// ==== store as a number: write `store = "blobs"`
#[step(store = 3)] async fn scan(n: u32) -> Result<u32> { Ok(n) }
// ==== store of a step without a name: write `store = "blobs"`
#[step(store = "")] async fn scan(n: u32) -> Result<u32> { Ok(n) }
// ==== on_cancel as texts: write `on_cancel = release_all`
#[step] async fn release(reason: String) -> Result<()> { Ok(()) }
#[workflow(on_cancel = [release, "refund"])] async fn process(flow: &Flow) -> Result<()> { Ok(()) }
// ==== on_cancel with a step of other parameters: write `#[step] async fn release_all(reason: String)
#[step] async fn release(reason: String) -> Result<()> { Ok(()) }
#[step] async fn refund(cents: u64) -> Result<()> { Ok(()) }
#[workflow(on_cancel = [release, refund])] async fn process(flow: &Flow) -> Result<()> { Ok(()) }
// ==== typed error without a place for others: Other(steadfast::Error)`
#[derive(Debug, Serialize, Deserialize, WorkflowError)] enum OrderError { SoldOut }
impl std::fmt::Display for OrderError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
impl std::error::Error for OrderError {}
// ==== typed error as a struct: make it an enum
#[derive(Debug, Serialize, Deserialize, WorkflowError)] struct OrderError(String);
// ==== typed error whose place for others is a text: write `#[workflow_error(other)] Other(steadfast::Error)`
#[derive(Debug, Serialize, Deserialize, WorkflowError)] enum OrderError { #[workflow_error(other)] Other(String) }
impl std::fmt::Display for OrderError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
impl std::error::Error for OrderError {}
// ==== typed error with a misspelt word: did you mean `from`?
#[derive(Debug, Serialize, Deserialize, WorkflowError)] enum OrderError { #[workflow_error(form)] A(String), #[workflow_error(other)] Other(Error) }
impl std::fmt::Display for OrderError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
impl std::error::Error for OrderError {}
// ==== typed error that is no error: implement `std::error::Error`
#[derive(Debug, Serialize, Deserialize, WorkflowError)] enum OrderError { #[workflow_error(other)] Other(Error) }
// ==== typed error of an error that is not recorded: derive `serde::Serialize` and `serde::Deserialize`
#[derive(Debug)] pub struct CardError;
impl std::fmt::Display for CardError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
impl std::error::Error for CardError {}
#[derive(Debug, WorkflowError)] enum OrderError { #[workflow_error(from)] Card(CardError), #[workflow_error(other)] Other(Error) }
impl serde::Serialize for OrderError { fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> { s.serialize_unit() } }
impl<'de> serde::Deserialize<'de> for OrderError { fn deserialize<D: serde::Deserializer<'de>>(_: D) -> std::result::Result<Self, D::Error> { Err(serde::de::Error::custom("no")) } }
impl std::fmt::Display for OrderError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
impl std::error::Error for OrderError {}
