//! Sources of nondeterminism in a workflow's body.
#![allow(unused)]
use std::net::TcpListener;
use std::process::Command;
use std::time::{Instant, SystemTime};
use std::{env, fs, io, process, thread};
use steadfast::prelude::*;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::{task, time};

// ==== system time: write `flow.now()`
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = SystemTime::now(); Ok(()) }
// ==== instant: write `flow.now()`
#[workflow] async fn order(flow: &Flow) -> Result<()> { let began = Instant::now(); println!("{began:?}"); Ok(()) }
// ==== instant in a block: write `flow.now()`
#[workflow] async fn order(flow: &Flow) -> Result<()> { if true { println!("{:?}", Instant::now()); } Ok(()) }
// ==== clock of std: write `flow.now()`
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = std::time::SystemTime::now(); Ok(()) }
// ==== clock of tokio: write `flow.now()`
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = tokio::time::Instant::now(); Ok(()) }
// ==== clock imported in the body: write `flow.now()`
#[workflow] async fn order(flow: &Flow) -> Result<()> { use std::time::SystemTime as Clock; let _ = Clock::UNIX_EPOCH; use std::time::Instant; let _ = Instant::now(); Ok(()) }
// ==== sleep of tokio: write `flow.sleep(duration).await`
#[workflow] async fn order(flow: &Flow) -> Result<()> { tokio::time::sleep(Duration::from_secs(1)).await; Ok(()) }
// ==== sleep by module: write `flow.sleep(duration).await`
#[workflow] async fn order(flow: &Flow) -> Result<()> { time::sleep(Duration::from_secs(1)).await; Ok(()) }
// ==== interval: write `flow.sleep(duration).await`
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = time::interval(Duration::from_secs(1)); Ok(()) }
// ==== sleep of a thread: write `flow.sleep(duration).await`
#[workflow] async fn order(flow: &Flow) -> Result<()> { thread::sleep(Duration::from_secs(1)); Ok(()) }
// ==== sleep of std: write `flow.sleep(duration).await`
#[workflow] async fn order(flow: &Flow) -> Result<()> { std::thread::sleep(Duration::from_secs(1)); Ok(()) }
// ==== thread: call steps, and await several at once
#[workflow] async fn order(flow: &Flow) -> Result<()> { thread::spawn(|| {}); Ok(()) }
// ==== thread of std: call steps, and await several at once
#[workflow] async fn order(flow: &Flow) -> Result<()> { std::thread::spawn(|| {}); Ok(()) }
// ==== thread with a builder: call steps, and await several at once
#[workflow] async fn order(flow: &Flow) -> Result<()> { thread::Builder::new().spawn(|| {})?; Ok(()) }
// ==== scoped thread: call steps, and await several at once
#[workflow] async fn order(flow: &Flow) -> Result<()> { thread::scope(|_| {}); Ok(()) }
// ==== task: call steps, and await several at once
#[workflow] async fn order(flow: &Flow) -> Result<()> { tokio::spawn(async {}); Ok(()) }
// ==== task by module: call steps, and await several at once
#[workflow] async fn order(flow: &Flow) -> Result<()> { task::spawn(async {}); Ok(()) }
// ==== blocking task: call steps, and await several at once
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = task::spawn_blocking(|| {}); Ok(()) }
// ==== join set: call steps, and await several at once
#[workflow] async fn order(flow: &Flow) -> Result<()> { let mut set = JoinSet::<()>::new(); Ok(()) }
// ==== join set without parameters: call steps, and await several at once
#[workflow] async fn order(flow: &Flow) -> Result<()> { let mut set = JoinSet::new(); set.spawn(async { 1 }); Ok(()) }
// ==== builder of tokio: call steps, and await several at once
#[workflow] async fn order(flow: &Flow) -> Result<()> { use tokio::runtime::Builder; let _ = Builder::new_multi_thread().build()?; Ok(()) }
// ==== command in a macro: do it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { println!("{:?}", Command::new("ls").status()?); Ok(()) }
// ==== variable in a call of a type of one's own: take the value as input, or read it in a step
mod own { pub struct Command(pub String); impl Command { pub fn new(text: String) -> Self { Self(text) } } }
#[workflow] async fn order(flow: &Flow) -> Result<()> { use own::Command; let _ = Command::new(env::var("HOME").unwrap_or_default()).0; Ok(()) }
// ==== clock as a value: write `flow.now()`
#[workflow] async fn order(flow: &Flow) -> Result<()> { let now: Option<Instant> = None; let _ = now.unwrap_or_else(Instant::now); Ok(()) }
// ==== handle: call steps, and await several at once
#[workflow] async fn order(flow: &Flow) -> Result<()> { Handle::current().spawn(async {}); Ok(()) }
// ==== handle of tokio: call steps, and await several at once
#[workflow] async fn order(flow: &Flow) -> Result<()> { tokio::runtime::Handle::current().spawn(async {}); Ok(()) }
// ==== runtime: call steps, and await several at once
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = tokio::runtime::Runtime::new()?; Ok(()) }
// ==== variable: take the value as input, or read it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = env::var("HOME"); Ok(()) }
// ==== variable of std: take the value as input, or read it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = std::env::var("HOME"); Ok(()) }
// ==== arguments: take the value as input, or read it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = env::args().count(); Ok(()) }
// ==== folder: take the value as input, or read it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = env::temp_dir(); Ok(()) }
// ==== process id: do it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = process::id(); Ok(()) }
// ==== process id of std: read it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = std::process::id(); Ok(()) }
// ==== stdin: do it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { let mut text = String::new(); io::stdin().read_line(&mut text)?; Ok(()) }
// ==== listener: do it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = TcpListener::bind("127.0.0.1:0")?; Ok(()) }
// ==== command: do it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { Command::new("ls").status()?; Ok(()) }
// ==== options: do it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = fs::OpenOptions::new().read(true).open("a")?; Ok(()) }
// ==== file: do it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = fs::File::open("a")?; Ok(()) }
// ==== text of a file: do it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = fs::read_to_string("a")?; Ok(()) }
// ==== text of a file of std: do it in a step
#[workflow] async fn order(flow: &Flow) -> Result<()> { let _ = std::fs::read_to_string("a")?; Ok(()) }
// ==== select: write `select_biased!`
#[workflow] async fn order(flow: &Flow) -> Result<()> { tokio::select! { _ = flow.sleep(Duration::from_secs(1)) => {} } Ok(()) }
// ==== step by hand: call it with the handle
#[step] async fn charge(n: u32) -> Result<u32> { Ok(n) }
#[workflow] async fn order(flow: &Flow) -> Result<u32> { charge::direct(1).await }
// ==== lazy field: read it in a step
#[derive(StepContext, Clone)] pub struct Scan { #[context(default, store = "blobs")] pub pages: Lazy<String> }
#[workflow(context = Scan)] async fn order(flow: &Flow<Scan>) -> Result<String> { Ok(flow.pages.get().await?.to_string()) }
