//! Ordinary programs of many kinds.
#![allow(unused_imports, unused_variables)]
#![deny(unused_lifetimes, unused_must_use)]
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use steadfast::prelude::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub cents: u64,
}

#[derive(StepContext, Clone)]
pub struct Order {
    #[context(default)]
    pub id: String,
    #[context(default)]
    pub total: u64,
    #[context(default)]
    pub lines: Vec<Line>,
    #[context(default)]
    pub prices: HashMap<String, u32>,
    #[context(default)]
    pub note: Option<String>,
}

#[step] async fn charge(ctx: &Order, cents: u64) -> Result<u64> { Ok(ctx.total + cents) }
#[step] async fn plain(n: u32) -> Result<u32> { Ok(n) }

// ==== copies of the context are changed
#[step] async fn change(ctx: &Order) -> Result<Order2> {
    let mut copy = ctx.lines.clone();
    copy.push(Line::default());
    copy[0].cents = 1;
    let mut prices = ctx.prices.clone();
    prices.insert("a".into(), 3);
    let mut note = ctx.note.clone();
    let _ = note.take();
    Ok(Order2 { lines: copy })
}
#[derive(Debug, Serialize, Deserialize)] pub struct Order2 { pub lines: Vec<Line> }
// ==== a clone shadows the context
#[step] async fn change(ctx: &Order) -> Result<u64> { let mut ctx = ctx.clone(); ctx.total = 4; ctx.lines.push(Line::default()); Ok(ctx.total) }
// ==== methods that read
#[step] async fn read(ctx: &Order) -> Result<usize> {
    let first = ctx.lines.first().map(|line| line.cents).unwrap_or_default();
    let found = ctx.prices.get("a").copied().unwrap_or_default();
    let sum: u64 = ctx.lines.iter().map(|line| line.cents).sum();
    Ok(ctx.lines.len() + ctx.id.len() + usize::from(ctx.note.is_some()) + (first + sum) as usize + found as usize)
}
// ==== another variable has fields of the same names
#[derive(Clone, Default)] struct Draft { total: u64, lines: Vec<Line> }
#[step] async fn change(ctx: &Order) -> Result<u64> { let mut draft = Draft::default(); draft.total = ctx.total; draft.lines.push(Line::default()); Ok(draft.total) }
// ==== a closure has a parameter of that name
#[step] async fn change(ctx: &Order) -> Result<u64> { let set = |ctx: &mut Vec<u64>| ctx.push(1); let mut all = vec![]; set(&mut all); Ok(all.len() as u64) }
// ==== a helper takes the context
fn sum(order: &Order) -> u64 { order.total }
#[step] async fn read(ctx: &Order) -> Result<u64> { Ok(sum(ctx)) }
// ==== a helper that is async takes the context
async fn sum(order: &Order) -> u64 { order.total }
#[step] async fn read(ctx: &Order) -> Result<u64> { Ok(sum(ctx).await) }
// ==== early returns and loops
#[step] async fn find(ctx: &Order, n: u64) -> Result<Option<u64>> {
    for line in &ctx.lines { if line.cents > n { return Ok(Some(line.cents)); } }
    let label = 'outer: loop { for n in 0..3 { if n == 2 { break 'outer n; } } };
    if label > 5 { Err(Error::msg("too many"))? }
    Ok(None)
}
// ==== pattern in an argument
#[step] async fn add((a, b): (u32, u32)) -> Result<u32> { Ok(a + b) }
// ==== mutable argument
#[step] async fn add(mut all: Vec<u32>) -> Result<usize> { all.push(1); Ok(all.len()) }
// ==== unused argument
#[step] async fn add(_all: Vec<u32>, _: u32) -> Result<()> { Ok(()) }
// ==== many arguments
#[step] async fn add(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8) -> Result<u8> { Ok(a + b + c + d + e + f + g + h + i) }
// ==== arguments of std
#[step] async fn take(a: Option<String>, b: BTreeMap<String, Vec<u8>>, c: (u32, String), d: [u8; 4], e: Duration, g: Box<[u8]>, h: Bytes, i: char) -> Result<()> { Ok(()) }
// ==== results of std
#[step] async fn give() -> Result<(u32, Option<String>, std::result::Result<u32, String>)> { Ok((1, None, Err("a".into()))) }
// ==== an error of its own
#[derive(Debug, Serialize, Deserialize)] enum CardError { Declined }
impl std::fmt::Display for CardError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("declined") } }
impl std::error::Error for CardError {}
#[step] async fn pay(n: u32) -> std::result::Result<u32, CardError> { if n > 3 { Err(CardError::Declined) } else { Ok(n) } }
#[workflow] async fn process(flow: &Flow) -> Result<u32> {
    match pay(flow, 4).await { Ok(n) => Ok(n), Err(StepError::Failed(CardError::Declined, _)) => Ok(0), Err(other) => Err(other)? }
}
// ==== question mark on errors of others
#[step] async fn parse(text: String) -> Result<u32> { let n: u32 = text.parse()?; let _ = std::str::from_utf8(&[1])?; Ok(n) }
// ==== names of their own
#[step(name = "charge-card", retry(attempts = 3, backoff = "200ms"), timeout = "30s")] pub async fn charge_card(n: u32) -> Result<u32> { Ok(n) }
#[workflow(name = "process-order")] pub async fn process_order(flow: &mut Flow, n: u32) -> Result<u32> { Ok(charge_card(flow, n).await?) }
// ==== doc comments and lints
/// Charges the order.
#[step]
#[allow(clippy::unused_async, reason = "a stub")]
#[must_use]
pub async fn charge_card(/* how much */ n: u32) -> Result<u32> { Ok(n) }
// ==== blocking
#[step(blocking)] fn hash(data: Vec<u8>) -> Result<u64> { std::thread::sleep(Duration::from_millis(1)); Ok(data.len() as u64) }
// ==== steps do what workflows may not
#[step] async fn outside() -> Result<u64> {
    let _ = std::time::SystemTime::now(); let _ = std::env::var("HOME"); tokio::time::sleep(Duration::from_millis(1)).await;
    let task = tokio::spawn(async { 1 }); let n = task.await?; let _ = std::fs::read("a"); Ok(n)
}
// ==== steps in place do what workflows may not
#[workflow] async fn process(flow: &Flow) -> Result<u64> {
    Ok(flow.run("now", async || { let _ = std::time::SystemTime::now(); let _ = std::env::var("HOME"); Ok::<_, Error>(1_u64) }).await?)
}
// ==== durations and comparisons of times
#[workflow] async fn process(flow: &Flow) -> Result<u64> {
    let began = flow.now(); flow.sleep(Duration::from_millis(5)).await?; let later = flow.now();
    let passed = later.duration_since(began).unwrap_or(Duration::ZERO);
    let due = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(5);
    Ok(passed.as_secs() + u64::from(due < later))
}
// ==== concurrent steps
#[workflow] async fn process(flow: &Flow) -> Result<u32> {
    let (a, b) = try_join!(plain(flow, 1), plain(flow, 2))?;
    let (c, d) = join!(plain(flow, 3), plain(flow, 4));
    Ok(a + b + c? + d?)
}
// ==== biased select
#[workflow] async fn process(flow: &Flow) -> Result<u32> {
    let mut call = plain(flow, 1);
    let mut wait = flow.sleep(Duration::from_secs(1));
    Ok(select_biased! { n = call => n?, _ = wait => 0 })
}
// ==== collections of calls
#[workflow] async fn process(flow: &Flow) -> Result<u32> { let mut calls = Vec::new(); for n in 0..3 { calls.push(plain(flow, n)); } let mut sum = 0; for call in calls { sum += call.await?; } Ok(sum) }
// ==== update after a step
#[workflow(context = Order)] async fn process(flow: &mut Flow<Order>, cents: u64) -> Result<u64> {
    let total = charge(flow, cents).await?;
    flow.update(|order| order.total(total).note(Some("paid".into()))).await?;
    let lines = flow.lines.clone();
    flow.update(|order| order.lines(lines)).await?;
    Ok(flow.total)
}
// ==== update from a helper
async fn pay(flow: &mut Flow<Order>, cents: u64) -> Result<()> { let total = charge(flow, cents).await?; flow.update(|order| order.total(total)).await?; Ok(()) }
#[workflow(context = Order)] async fn process(flow: &mut Flow<Order>) -> Result<()> { pay(flow, 1).await?; pay(flow, 2).await?; Ok(()) }
// ==== start with a required field
#[derive(StepContext, Clone)] pub struct Job { pub user: String, #[context(default)] pub done: bool }
#[workflow(context = Job)] async fn process(start: Start<Job>, user: String) -> Result<String> { let mut flow = start.with(Job::builder().user(user).build()).await?; flow.update(|job| job.done(true)).await?; Ok(flow.user.clone()) }
// ==== the handle has another name
#[workflow(context = Order)] async fn process(wf: &mut Flow<Order>) -> Result<u64> { wf.update(|o| o.total(3)).await?; Ok(wf.total) }
// ==== a child
#[workflow] async fn child(flow: &Flow, n: u32) -> Result<u32> { Ok(n) }
#[workflow] async fn process(flow: &Flow) -> Result<u32> { let child = flow.start(child, 3).await; Ok(child.await?) }
// ==== an input of its own
#[derive(Debug, Serialize, Deserialize)] pub struct Input { pub n: u32 }
#[workflow] async fn process(flow: &Flow, Input { n }: Input) -> Result<u32> { Ok(n) }
// ==== a macro of the user's
macro_rules! twice { ($e:expr) => { $e + $e } }
#[workflow] async fn process(flow: &Flow) -> Result<u32> { let n = plain(flow, 1).await?; Ok(twice!(n)) }
// ==== a select of the user's
mod own { macro_rules! select { ($a:expr, $b:expr) => { if true { $a } else { $b } } } pub(crate) use select; }
#[workflow] async fn process(flow: &Flow) -> Result<u32> { Ok(own::select!(1, 2)) }
// ==== types and modules with names of others
mod process { pub fn id() -> u32 { 1 } }
mod thread { pub fn spawn(n: u32) -> u32 { n } pub fn sleep(n: u32) -> u32 { n } }
mod fs { pub fn read(n: u32) -> u32 { n } }
mod io { pub fn stdin() -> u32 { 1 } }
struct Handle; impl Handle { fn current() -> u32 { 1 } }
struct Instant; impl Instant { fn now() -> u32 { 1 } }
struct Runtime; impl Runtime { fn new() -> u32 { 1 } }
#[workflow] async fn own(flow: &Flow) -> Result<u32> { Ok(process::id() + thread::spawn(1) + thread::sleep(1) + fs::read(1) + io::stdin() + Handle::current() + Instant::now() + Runtime::new()) }
// ==== types with parameters and names of others
struct Builder<T>(T); impl<T> Builder<T> { fn new(t: T) -> Self { Self(t) } fn build(self) -> T { self.0 } }
struct Command<'a>(&'a str); impl<'a> Command<'a> { fn new(t: &'a str) -> Self { Self(t) } }
struct Handle<T>(Option<T>); impl<T> Handle<T> { fn current() -> Self { Self(None) } fn set(&mut self, t: T) { self.0 = Some(t); } }
#[workflow] async fn own(flow: &Flow) -> Result<u32> {
    let mut handle = Handle::current();
    handle.set(Builder::new(2_u32).build());
    println!("{}", Command::new("ls").0);
    Ok(handle.0.unwrap_or_default())
}
// ==== methods that read through the flow
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)] pub struct Catalog { all: Vec<u32> }
impl Catalog { fn entry(&self, n: usize) -> Option<u32> { self.all.get(n).copied() } fn take(&self) -> usize { self.all.len() } fn insert(&self, _: u32) {} }
#[derive(StepContext, Clone)] pub struct Shop { #[context(default)] pub catalog: Catalog, #[context(default)] pub name: String, #[context(default)] pub prices: HashMap<String, u32> }
#[workflow(context = Shop)] async fn read_all(flow: &mut Flow<Shop>) -> Result<String> {
    flow.catalog.insert(1);
    let n = flow.catalog.entry(flow.catalog.take()).unwrap_or_default() + flow.prices.get("a").copied().unwrap_or_default();
    Ok(flow.name.replace("a", "b") + &n.to_string())
}
#[step] async fn read(ctx: &Shop) -> Result<String> { Ok(ctx.name.replace('a', "b")) }
// ==== an enum with the name of a module
#[allow(non_camel_case_types)]
enum env { Var }
impl env { fn var() -> u32 { 1 } }
#[workflow] async fn own(flow: &Flow) -> Result<u32> { Ok(env::var()) }
// ==== a context with a lock of its own name
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)] pub struct Mutex { pub n: u32 }
#[derive(StepContext, Clone)] pub struct Locked { #[context(default)] pub lock: Mutex }
// ==== transient and stored fields
#[derive(Clone, Debug)] pub struct Bank(String);
async fn open(stored: &LiveStored, _: &Resources) -> Result<Bank> { Ok(Bank(stored.name.clone())) }
#[derive(StepContext, Clone, Debug)] pub struct Live { pub name: String, #[context(default, store = "blobs")] pub scan: Bytes, #[context(transient, restore = open)] pub bank: Bank }
#[step] async fn use_it(ctx: &Live) -> Result<usize> { Ok(ctx.bank.0.len() + ctx.scan.len()) }
// ==== what engines provide
pub struct Db;
#[step] async fn load(ctx: &Order, #[resource] db: &Db, session: &Session, scope: &StepScope, n: u32) -> Result<u32> { Ok(n + scope.attempt) }
// ==== shared state
#[derive(StepContext, Clone)] pub struct Progress { #[context(default)] pub done: u64 }
#[step] async fn count(state: &State<Progress>, n: u64) -> Result<u64> { state.edit(|s| s.done += n).await?; Ok(state.edit(|s| s.done).await?) }
#[workflow(state = Progress)] async fn sum(flow: &Flow) -> Result<u64> { count(flow, 1).await?; Ok(flow.state::<Progress>().done) }
// ==== events
#[derive(Event)] pub struct Page(String);
#[derive(Event)] pub struct Saved { pub bytes: usize }
pub struct Ingest;
#[workflow(name = "ingest")] impl Ingest {
    #[step] async fn fetch(begin: Begin<String>) -> Result<Page> { Ok(Page(begin.0)) }
    #[step] async fn save(page: Page) -> Result<Saved> { Ok(Saved { bytes: page.0.len() }) }
    #[step] async fn end(saved: Saved) -> Result<Stop<usize>> { Ok(Stop(saved.bytes)) }
}
// ==== messages
#[derive(Message, Serialize, Deserialize)] pub struct Paid { pub cents: u64 }
#[workflow] async fn wait(flow: &mut Flow) -> Result<u64> { Ok(flow.receive::<Paid>().await?.cents) }
// ==== a transaction
#[transaction] fn book(tx: &mut Tx<'_>, cents: u64) -> Result<()> { tx.execute("INSERT INTO t (cents) VALUES (?1)", steadfast::sql::params![cents as i64])?; Ok(()) }
// ==== on cancel
#[step] async fn undo(reason: String) -> Result<()> { Ok(()) }
#[workflow(on_cancel = undo)] async fn process(flow: &Flow) -> Result<()> { Ok(()) }
// ==== in modules
pub mod steps { use steadfast::prelude::*; #[step] pub async fn one(n: u32) -> Result<u32> { Ok(n) } #[step] pub(super) async fn two(n: u32) -> Result<u32> { Ok(n) } }
#[workflow] async fn process(flow: &Flow) -> Result<u32> { Ok(steps::one(flow, 1).await? + steps::two(flow, 2).await?) }
// ==== raw names
#[step] async fn r#move(r#type: u32) -> Result<u32> { Ok(r#type) }
#[workflow] async fn r#loop(flow: &Flow) -> Result<u32> { Ok(r#move(flow, 1).await?) }
// ==== unit tests of steps
#[tokio::main] async fn main() { let _ = plain::direct(1).await; let order = Order::builder().build(); let _ = charge::direct(&order, 1).await; }
// ==== errors of its own in steps, child runs, timers and requests
#[derive(Debug, Serialize, Deserialize)] pub enum CardError { Declined }
impl std::fmt::Display for CardError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("declined") } }
impl std::error::Error for CardError {}
#[derive(Debug, Serialize, Deserialize, WorkflowError)]
pub enum OrderError { SoldOut { item: String }, #[workflow_error(from)] Card(CardError), #[workflow_error(other)] Other(Error) }
impl std::fmt::Display for OrderError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("order") } }
impl std::error::Error for OrderError {}
#[derive(Message, Serialize, Deserialize)] struct Ask(u32);
#[derive(Message, Serialize, Deserialize)] struct Said(u32);
#[step] async fn pay(cents: u64) -> Result<u64, CardError> { if cents > 5 { Err(CardError::Declined) } else { Ok(cents) } }
#[step] async fn pack(item: String) -> Result<(), OrderError> { if item.is_empty() { Err(OrderError::SoldOut { item }) } else { Ok(()) } }
#[workflow] async fn child(flow: &mut Flow, cents: u64) -> Result<u64, CardError> { let _ = flow.now(); if cents > 5 { Err(CardError::Declined) } else { Ok(cents) } }
#[workflow(context = Order)] async fn order(flow: &mut Flow<Order>) -> Result<u64, OrderError> {
    flow.sleep(Duration::from_secs(1)).await?;
    pack(flow, "tea".into()).await?;
    plain(flow, 3).await?;
    let said: Said = flow.request(Ask(1)).await?;
    let paid = pay(flow, said.0.into()).await?;
    flow.update(|order| order.total(paid)).await?;
    let other = flow.start(child, paid).await.await?;
    if paid == 0 { Err(CardError::Declined)? }
    Ok(paid + other)
}
// ==== several steps of on_cancel, of which one ignores the reason
#[step] async fn release(ctx: &Order, reason: String) -> Result<()> { println!("{} {reason}", ctx.total); Ok(()) }
#[step] async fn refund(_reason: String) -> Result<u32> { Ok(1) }
mod steps { use steadfast::prelude::*; #[step] pub async fn tell(reason: String) -> Result<String> { Ok(reason) } }
#[workflow(context = Order, on_cancel = [release, refund, steps::tell])] async fn hold(flow: &mut Flow<Order>) -> Result<()> { Ok(flow.sleep(Duration::from_secs(1)).await?) }
// ==== a writer is kept while the context changes, and a child is cancelled
#[step(store = "blobs", retry(attempts = 2))] async fn scan(n: usize) -> Result<Bytes> { Ok(vec![0; n].into()) }
#[workflow] async fn waits(flow: &mut Flow) -> Result<()> { Ok(flow.sleep(Duration::from_secs(1)).await?) }
#[workflow(context = Order)] async fn order(flow: &mut Flow<Order>, n: usize) -> Result<usize> {
    let log = flow.stream::<String>("log");
    let slow = flow.start(waits, ()).await;
    let page = scan(flow, n).await?;
    log.write(&format!("{} bytes", page.len()));
    flow.update(|order| order.total(page.len() as u64)).await?;
    slow.cancel("not needed");
    log.write(&"done".to_owned());
    log.close();
    Ok(page.len())
}
