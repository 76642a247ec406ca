//! Ordinary programs that the macros once rejected.

// ==== allowed lints
// Lints that are allowed on a function are also allowed in the code generated around it.
#![deny(warnings, unused_lifetimes, nonstandard_style, clippy::all)]

use steadfast::prelude::*;

#[derive(Event)]
pub struct Page(pub String);

#[derive(StepContext, Clone)]
pub struct Settings {
    #[context(default)]
    pub limit: u32,
    #[context(transient)]
    pub live: std::sync::Arc<u32>,
}

#[step]
#[allow(non_snake_case)]
pub async fn chargeCard(ctx: &Settings, Cents: u32) -> Result<u32> {
    Ok(Cents + ctx.limit)
}

#[workflow]
#[expect(non_snake_case, reason = "named by others")]
pub async fn processOrder(flow: &Flow) -> Result<()> {
    flow.sleep(Duration::from_secs(1)).await?;
    Ok(())
}

// ==== coerced tail
// The result of a step is coerced to its return type.
#![allow(dead_code)]
use steadfast::prelude::*;

#[step]
async fn bytes() -> Result<Box<[u8]>> {
    Ok(Box::new([1, 2, 3]))
}

#[step]
async fn early(n: u32) -> Result<Box<[u8]>> {
    if n > 3 {
        return Ok(Box::new([1]));
    }
    Ok(Box::new([1, 2, 3]))
}

#[step]
async fn never() -> Result<u32> {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[step]
async fn fails() -> Result<u32> {
    Err(Error::msg("always"))?
}

// ==== cow
// An argument whose text may be static.
use std::borrow::Cow;
use steadfast::prelude::*;

#[step]
async fn greet(name: Cow<'static, str>) -> Result<String> {
    Ok(format!("hello {name}"))
}

#[workflow]
async fn process(flow: &Flow) -> Result<String> {
    Ok(greet(flow, "you".into()).await?)
}

// ==== handles that push
// Shared handles with methods named like those of collections.
#![allow(dead_code)]

use std::sync::{Arc, Mutex};
use steadfast::prelude::*;

#[derive(Clone, Default)]
struct Queue(Arc<Mutex<Vec<u32>>>);

impl Queue {
    fn push(&self, n: u32) {
        self.0.lock().expect("no panic").push(n);
    }
    fn clear(&self) {}
    fn extend(&self, _: Vec<u32>) {}
    fn insert(&self, _: u32) {}
    fn take(&self) -> Option<u32> {
        None
    }
    fn remove(&self, _: u32) {}
}

#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    lines: Vec<u32>,
    #[context(transient)]
    queue: Queue,
}

#[step]
async fn note(ctx: &Order) -> Result<()> {
    ctx.queue.push(1);
    ctx.queue.clear();
    ctx.queue.extend(vec![2]);
    ctx.queue.insert(3);
    ctx.queue.remove(3);
    let _ = ctx.queue.take();
    let mut lines = ctx.lines.clone();
    lines.push(4);
    Ok(())
}

// ==== own cell
// A user's type named like one of the standard library.
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub row: u32,
}

#[derive(StepContext, Clone)]
pub struct Sheet {
    pub cells: Vec<Cell>,
}

// ==== own types
// A user's types and modules with the names of known ones.
#![allow(dead_code, clippy::unused_async)]

use steadfast::prelude::*;

mod env {
    pub fn var(name: &str) -> String {
        name.to_owned()
    }
}

mod task {
    pub fn spawn(n: u32) -> u32 {
        n
    }
}

mod time {
    pub fn timeout(n: u32) -> u32 {
        n
    }
}

struct Command(u32);

impl Command {
    fn new(n: u32) -> Self {
        Self(n)
    }
}

struct File;

impl File {
    fn open(n: u32) -> u32 {
        n
    }
}

struct Local;

impl Local {
    fn now() -> u32 {
        4
    }
}

struct Instant;

impl Instant {
    fn now() -> u32 {
        5
    }
}

macro_rules! select {
    ($($all:expr),*) => { [$($all),*] };
}

#[workflow]
async fn process(flow: &Flow) -> Result<u32> {
    let command = Command::new(3);
    let name = env::var("HOME");
    let all = select!(1, 2);
    flow.sleep(Duration::from_secs(1)).await?;
    println!("{}", Instant::now());
    Ok(command.0 + File::open(2) + Local::now() + task::spawn(1) + time::timeout(2) + all[0] + Instant::now() + {
        u32::try_from(name.len())?
    })
}

// ==== seeded
// Constants and generators with the same value in every replay.
#![allow(dead_code)]

use steadfast::prelude::*;

mod rand {
    pub mod rngs {
        pub struct StdRng(u64);
        impl StdRng {
            pub fn seed_from_u64(seed: u64) -> Self {
                Self(seed)
            }
            pub fn next(&self) -> u64 {
                self.0
            }
        }
    }
}

mod reqwest {
    pub struct StatusCode;
    impl StatusCode {
        pub const NOT_FOUND: u16 = 404;
    }
}

#[workflow]
async fn process(flow: &Flow) -> Result<u64> {
    let rng = rand::rngs::StdRng::seed_from_u64(flow.random());
    Ok(rng.next() + u64::from(reqwest::StatusCode::NOT_FOUND))
}
