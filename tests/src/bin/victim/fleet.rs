//! A fleet under constant trouble: workers that only work, and clients that start runs until their input is closed.

use super::{expected, job, move_cents, work_alone};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use steadfast::prelude::*;
use steadfast::sql::params;
use steadfast::store::PgOptions;
use steadfast::{EngineBuilder, EngineError, RunError, RunHandle};

type Fallible<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The wait before a call is repeated that the database has refused.
const AGAIN: Duration = Duration::from_millis(50);

/// The lanes of a client: each has one run at a time.
const LANES: u64 = 6;

/// Moves a cent three times, with steps between: four rows, one of them without a move.
#[workflow]
pub(super) async fn paying(flow: &mut Flow, n: u64) -> Result<i64> {
    for _ in 0..3 {
        move_cents(flow, "a".into(), "b".into(), 1).await?;
        work_alone(flow, n).await?;
    }
    Ok(move_cents(flow, "b".into(), "a".into(), 0).await?)
}

/// Returns the options for a database behind a pool, through which no notification comes.
fn behind_a_pool(url: &str) -> Fallible<PgOptions> {
    Ok(PgOptions::new(url)?.poll_only().poll(Duration::from_millis(100)).timeout(Duration::from_secs(5)))
}

/// Starts an engine, again and again while the server cannot be reached.
async fn started(builder: impl Fn() -> EngineBuilder) -> std::result::Result<Engine, EngineError> {
    loop {
        match builder().start().await {
            Err(EngineError::Store(error)) => {
                eprintln!("not started yet: {error}");
                tokio::time::sleep(AGAIN).await;
            }
            other => return other,
        }
    }
}

/// Returns a flag that is set when the standard input is closed.
fn input_is_closed() -> Arc<AtomicBool> {
    let is_over = Arc::new(AtomicBool::new(false));
    let over = is_over.clone();
    std::thread::spawn(move || {
        // An error is an end, too.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        over.store(true, Ordering::SeqCst);
        // A process whose test has failed may have no server any more.
        std::thread::sleep(Duration::from_mins(2));
        std::process::exit(1);
    });
    is_over
}

/// Works, or starts runs, until the input is closed.
pub(super) async fn takes_part(url: &str, role: &str, term: Duration) -> Fallible<()> {
    let options = behind_a_pool(url)?;
    let builder = || Engine::builder().postgres(options.clone()).lease_term(term);
    let is_worker = role == "worker";
    let engine = if is_worker {
        started(|| builder().workflow(job).workflow(paying)).await?
    } else {
        started(|| builder().client()).await?
    };
    println!("started");
    let is_over = input_is_closed();
    if is_worker {
        while !is_over.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    } else {
        start_runs(&engine, role, &is_over).await?;
    }
    println!("done");
    engine.shutdown(Duration::from_secs(5)).await?;
    Ok(())
}

/// Returns the result of a run. A failure of the database is no result.
async fn result<T>(run: &RunHandle<T, Error>) -> std::result::Result<T, RunError> {
    loop {
        match run.result().await {
            Err(RunError::Engine(EngineError::Store(error))) => {
                eprintln!("no result of {} yet: {error}", run.id());
                tokio::time::sleep(AGAIN).await;
            }
            other => return other,
        }
    }
}

/// Starts a run of `job`, and waits for its end.
async fn one_job(engine: &Engine, id: String, n: u64) -> Fallible<()> {
    let run = loop {
        match engine.start(job, n).id(id.as_str()).await {
            // The caller may repeat a start that the database has lost.
            Err(EngineError::Store(_)) => tokio::time::sleep(AGAIN).await,
            other => break other?,
        }
    };
    assert_eq!(result(&run).await?, expected(n), "{id}");
    Ok(())
}

/// Starts a run of `paying` in the commit of its order, and waits for its end.
async fn one_payment(engine: &Engine, id: String, n: u64) -> Fallible<()> {
    loop {
        let id = id.clone();
        let order = engine.transaction(move |tx| {
            if tx.execute("INSERT INTO orders (id) VALUES (?1) ON CONFLICT DO NOTHING", params![id.as_str()])? > 0 {
                tx.start(paying, n).id(id.as_str()).begin()?;
            }
            Ok(())
        });
        match order.time_limit(Duration::from_secs(20)).await {
            Err(EngineError::Store(error)) => {
                eprintln!("no order yet: {error}");
                tokio::time::sleep(AGAIN).await;
            }
            other => break other?,
        }
    }
    let run = loop {
        match engine.handle(paying, &id).await {
            Err(EngineError::Store(_)) => tokio::time::sleep(AGAIN).await,
            other => break other?,
        }
    };
    assert_eq!(result(&run).await?, 4, "{id}");
    Ok(())
}

/// Starts runs on several lanes until the input is closed, then waits for their ends. Prints how many there were.
async fn start_runs(engine: &Engine, name: &str, is_over: &Arc<AtomicBool>) -> Fallible<()> {
    let counts = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    let lanes = (0..LANES).map(|lane| {
        let (engine, is_over, counts, name) = (engine.clone(), is_over.clone(), counts.clone(), name.to_owned());
        tokio::spawn(async move {
            for n in 0.. {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let is_payment = lane % 3 == 0;
                let id = format!("{name}-{lane}-{n}");
                let done = if is_payment { one_payment(&engine, id, n).await } else { one_job(&engine, id, n).await };
                done?;
                counts[usize::from(is_payment)].fetch_add(1, Ordering::SeqCst);
            }
            Fallible::Ok(())
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await??;
    }
    println!("{} jobs, {} payments", counts[0].load(Ordering::SeqCst), counts[1].load(Ordering::SeqCst));
    Ok(())
}
