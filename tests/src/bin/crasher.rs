//! A program for tests, with runs that end its process:
//! `crasher <database> <log> <culprit> <culprits> <bystanders> [ms]`.
//!
//! It starts, or resumes, `culprits` runs that end the process in the way that `culprit` names, and `bystanders` runs
//! that wait for `ms` milliseconds (1,500). It prints `up`, waits until each run has ended or is parked, prints
//! `ended <id>` and `parked <id>`, and shuts down in order. The attempts append `culprit`, or the id of their run, to
//! the log.

use std::io::Write as _;
use std::sync::OnceLock;
use steadfast::RunError;
use steadfast::prelude::*;

static LOG: OnceLock<String> = OnceLock::new();

fn log(what: &str) {
    let path = LOG.get().expect("set first");
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).expect("the log");
    file.write_all(format!("{what}\n").as_bytes()).expect("the log");
}

/// Ends the process in the named way.
fn end(how: &str) {
    match how {
        "abort" | "body" | "hook" | "blocking" | "transaction" => std::process::abort(),
        "exit" => std::process::exit(86),
        "overflow" => {
            std::hint::black_box(deeper(1));
        }
        "memory" => {
            let mut all = Vec::new();
            loop {
                all.push(std::hint::black_box(Vec::<u8>::with_capacity(1 << 44)));
            }
        }
        "thread" => {
            std::thread::spawn(|| {
                std::thread::sleep(Duration::from_millis(50));
                std::process::abort()
            });
        }
        _ => {}
    }
}

#[expect(unconditional_recursion, reason = "that is what it is for")]
fn deeper(n: u64) -> u64 {
    let page = std::hint::black_box([n; 512]);
    deeper(n + 1) + page[7]
}

#[step]
async fn poison(how: String) -> Result<()> {
    log("culprit");
    tokio::time::sleep(Duration::from_millis(100)).await;
    end(&how);
    tokio::time::sleep(Duration::from_hours(1)).await;
    Ok(())
}

#[step(blocking)]
fn poison_that_blocks(how: String) -> Result<()> {
    log("culprit");
    std::thread::sleep(Duration::from_millis(100));
    end(&how);
    Ok(())
}

#[transaction]
fn poison_in_a_commit(_tx: &mut Tx<'_>, how: String) -> Result<()> {
    log("culprit");
    end(&how);
    Ok(())
}

/// A transient value, made by its restore hook.
#[derive(Clone)]
struct Live;

async fn make(context: &WithHookStored, _: &steadfast::Resources) -> Result<Live> {
    tokio::task::yield_now().await;
    end(&context.how);
    Ok(Live)
}

#[derive(StepContext, Clone)]
struct WithHook {
    how: String,
    #[context(transient, restore = make)]
    live: Live,
}

#[step]
async fn looks(ctx: &WithHook) -> Result<()> {
    let Live = ctx.live;
    Ok(())
}

#[workflow(context = WithHook)]
async fn hooked(start: Start<WithHook>, how: String) -> Result<()> {
    let flow = start.with(WithHook::builder().how(how).build()).await?;
    Ok(looks(&flow).await?)
}

#[workflow]
async fn culprit(flow: &mut Flow, how: String) -> Result<()> {
    match how.as_str() {
        "body" => {
            flow.sleep(Duration::from_millis(100)).await?;
            end(&how);
            Ok(())
        }
        "blocking" => Ok(poison_that_blocks(flow, how).await?),
        "transaction" => {
            flow.sleep(Duration::from_millis(100)).await?;
            Ok(poison_in_a_commit(flow, how).await?)
        }
        _ => Ok(poison(flow, how).await?),
    }
}

#[step]
async fn wait(millis: u64) -> Result<u64> {
    let current = steadfast::current();
    log(current.as_ref().map_or("?", |current| current.run_id()));
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Ok(millis)
}

#[workflow]
async fn bystander(flow: &mut Flow, millis: u64) -> Result<u64> {
    Ok(wait(flow, millis).await?)
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // The stack size is fixed here, whatever the environment says.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).thread_stack_size(4 << 20).enable_all().build()?.block_on(run())
}

async fn run() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    LOG.set(args[1].clone()).expect("set once");
    let (how, culprits, bystanders): (_, u64, u64) = (args[2].clone(), args[3].parse()?, args[4].parse()?);
    let millis: u64 = args.get(5).map_or(Ok(1_500), |millis| millis.parse())?;
    let engine =
        steadfast_tests::database::on(&args[0]).workflow(culprit).workflow(hooked).workflow(bystander).start().await?;
    for n in 0..bystanders {
        engine.start(bystander, millis).id(format!("bystander-{n}")).await?;
    }
    for n in 0..culprits {
        let id = format!("culprit-{n}");
        if how == "hook" {
            engine.start(hooked, how.clone()).id(id).await?;
        } else {
            engine.start(culprit, how.clone()).id(id).await?;
        }
    }
    println!("up");
    let mut all: Vec<String> = (0..bystanders).map(|n| format!("bystander-{n}")).collect();
    // A run that ends the process from another thread is never parked.
    if how != "thread" {
        all.extend((0..culprits).map(|n| format!("culprit-{n}")));
    }
    for id in all {
        let ended = if id.starts_with("bystander") {
            engine.handle(bystander, &id).await?.result().await.map(drop)
        } else if how == "hook" {
            engine.handle(hooked, &id).await?.result().await
        } else {
            engine.handle(culprit, &id).await?.result().await
        };
        match ended {
            Ok(()) => println!("ended {id}"),
            Err(RunError::Parked { reason }) => println!("parked {id}: {reason}"),
            Err(error) => println!("failed {id}: {error}"),
        }
    }
    for dead in engine.dead().await? {
        println!("dead {}", dead.id);
    }
    engine.shutdown(Duration::from_secs(5)).await?;
    Ok(())
}
