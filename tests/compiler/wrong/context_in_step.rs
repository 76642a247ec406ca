//! Changes of the context in a step.
#![allow(unused)]
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use steadfast::prelude::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub cents: u64,
    pub tags: Vec<String>,
}

#[derive(StepContext, Clone)]
pub struct Order {
    pub id: String,
    pub total: u64,
    pub count: u64,
    pub note: Option<String>,
    pub lines: Vec<Line>,
    pub queue: VecDeque<u32>,
    pub prices: HashMap<String, u32>,
    pub sorted: BTreeMap<String, u32>,
    pub seen: HashSet<u32>,
    pub first: Line,
    pub scan: Vec<u8>,
}

// ==== assigned: flow.update(|c| c.total(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.total = 3; Ok(()) }
// ==== added: flow.update(|c| c.total(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.total += 3; Ok(()) }
// ==== shifted: flow.update(|c| c.total(..)).await?
#[step] async fn change(ctx: &Order, by: u32) -> Result<()> { ctx.total <<= by; Ok(()) }
// ==== text added: flow.update(|c| c.id(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.id += "x"; Ok(()) }
// ==== indexed: flow.update(|c| c.lines(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.lines[0] = Line::default(); Ok(()) }
// ==== nested: flow.update(|c| c.first(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.first.cents = 1; Ok(()) }
// ==== nested by index: flow.update(|c| c.lines(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.lines[0].cents += 1; Ok(()) }
// ==== in a closure: flow.update(|c| c.total(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { let mut add = |n: u64| ctx.total += n; add(1); Ok(()) }
// ==== in an async block: flow.update(|c| c.total(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { async { ctx.total = 1; }.await; Ok(()) }
// ==== in a loop: flow.update(|c| c.total(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { for n in 0..3 { ctx.total += n; } Ok(()) }
// ==== in a macro: flow.update(|c| c.total(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { assert_eq!({ ctx.total = 1; 1 }, 1); Ok(()) }
// ==== borrowed: flow.update(|c| c.total(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { let total = &mut ctx.total; *total += 1; Ok(()) }
// ==== borrowed for a call: flow.update(|c| c.lines(..)).await?
fn add(lines: &mut Vec<Line>) {}
#[step] async fn change(ctx: &Order) -> Result<()> { add(&mut ctx.lines); Ok(()) }
// ==== taken with mem: flow.update(|c| c.lines(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { let _ = std::mem::take(&mut ctx.lines); Ok(()) }
// ==== replaced with mem: flow.update(|c| c.id(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { let _ = std::mem::replace(&mut ctx.id, "x".into()); Ok(()) }
// ==== looped over mutably: flow.update(|c| c.lines(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { for line in &mut ctx.lines { line.cents = 0; } Ok(()) }
// ==== ref mut: flow.update(|c| c.total(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { let ref mut total = ctx.total; *total = 3; Ok(()) }
// ==== if let ref mut: flow.update(|c| c.note(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { if let Some(ref mut note) = ctx.note { note.push('x'); } Ok(()) }
// ==== match ref mut: flow.update(|c| c.note(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { match ctx.note { Some(ref mut note) => note.clear(), None => {} } Ok(()) }
// ==== destructured: flow.update(|c| c.total(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { let n; (ctx.total, n) = (3, 4); let _: u32 = n; Ok(()) }
// ==== whole: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { *ctx = ctx.clone(); Ok(()) }
// ==== through another name: flow.update(|c| c.total(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { let order = ctx; order.total = 3; Ok(()) }
// ==== through the name of a field: flow.update(|c| c.lines(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { let lines = &ctx.lines; lines[0] = Line::default(); Ok(()) }
// ==== through names of its fields: flow.update(|c| c.total(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { let Order { total, .. } = ctx; *total += 1; Ok(()) }
// ==== updated: flow.update(|c| ..).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.update(|c| c.total(1)).await?; Ok(()) }
// ==== taken mutably: flow.update(|c| ..).await?
#[step] async fn change(ctx: &mut Order) -> Result<()> { ctx.total = 1; Ok(()) }
// ==== of a blocking step: flow.update(|c| c.total(..)).await?
#[step(blocking)] fn change(ctx: &Order) -> Result<()> { ctx.total = 1; Ok(()) }
// ==== push: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.lines.push(Line::default()); Ok(()) }
// ==== push of a deque: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.queue.push_back(1); Ok(()) }
// ==== push of a text: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.id.push_str("x"); Ok(()) }
// ==== insert: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.prices.insert("a".into(), 3); Ok(()) }
// ==== insert of a set: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.seen.insert(3); Ok(()) }
// ==== entry: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { *ctx.sorted.entry("a".into()).or_default() += 1; Ok(()) }
// ==== get mut: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { if let Some(price) = ctx.prices.get_mut("a") { *price = 1; } Ok(()) }
// ==== iterated: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { for line in ctx.lines.iter_mut() { line.cents = 1; } Ok(()) }
// ==== values: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.sorted.values_mut().for_each(|price| *price += 1); Ok(()) }
// ==== taken: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { let _ = ctx.note.take(); Ok(()) }
// ==== as mut: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { if let Some(note) = ctx.note.as_mut() { note.clear(); } Ok(()) }
// ==== sorted: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.scan.sort(); Ok(()) }
// ==== retained: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.lines.retain(|line| line.cents > 0); Ok(()) }
// ==== removed: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.prices.remove("a"); Ok(()) }
// ==== drained: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.lines.drain(..); Ok(()) }
// ==== extended: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.scan.extend([1, 2]); Ok(()) }
// ==== of a part: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.first.tags.push("x".into()); Ok(()) }
// ==== of an element: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { ctx.lines[0].tags.push("x".into()); Ok(()) }
// ==== push through the name of a field: flow.update(|c| c.field(..)).await?
#[step] async fn change(ctx: &Order) -> Result<()> { let lines = &ctx.lines; lines.push(Line::default()); Ok(()) }
