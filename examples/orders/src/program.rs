//! Reads the file, settles every order, and prints the summary.

use crate::arguments::Arguments;
use crate::before::Before;
use crate::console::Console;
use crate::file::{self, Content};
use crate::fleet::{self, Fleet};
use crate::ledger::Ledger;
use crate::order::Order;
use crate::progress::{Progress, say};
use crate::summary::{Settled, Summary, grouped};
use crate::workflow::{process_order, run_id};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use steadfast::{Engine, EngineError, Error, Result, RunError};

/// The most orders in flight at the same time.
const AT_ONCE: usize = 64;

/// The time without an end of any order after which a person is warned. A failing database stops the orders, and they
/// resume by themselves once it works.
const STANDSTILL: Duration = Duration::from_secs(5);

/// The time that steps under way have to finish at an interruption.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// The exit code of an interrupted program.
const INTERRUPTED: u8 = 130;

/// Settles the orders of the file.
///
/// # Errors
/// The file, the database or the ledger cannot be used.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let started = Instant::now();
    let Content { mut orders, faults } = file::read(&arguments.file)?;
    orders.truncate(arguments.limit);
    let place = format!("database {}, ledger {}", arguments.database, arguments.ledger.display());
    let ledger = Arc::new(Ledger::open(arguments.ledger.clone())?);
    let ledger_was_empty = ledger.is_empty();
    let engine = fleet::engine(&arguments, &ledger).await.inspect_err(|_| ledger.discard_if_empty())?;
    let before = Before::look(&engine).await?;
    if !before.fits(ledger_was_empty) {
        let help = "name both, or remove what is left of them";
        return Err(Error::msg(format!("{place} do not belong together, only one of them knows orders: {help}")));
    }

    for fault in &faults {
        say(fault);
    }
    let (number, faulty) = (grouped(orders.len() as u64), faults.len());
    say(&format!("{number} orders and {faulty} faulty lines in {}; {place}", arguments.file.display()));
    let already = orders.iter().filter(|order| before.has_ended(order.id)).count();
    let under_way = before.under_way;
    if already + under_way > 0 {
        say(&format!("done before: {}, in the middle: {under_way}", grouped(already as u64)));
    }

    let console = if arguments.console { Some(Console::open(&engine, &arguments.database).await?) } else { None };
    let fleet = Fleet::start(&arguments)?;
    let mut progress = Progress::new(orders.len(), already);
    let settled = tokio::select! {
        settled = settle_all(&engine, orders, &before, &mut progress) => settled?,
        _ = tokio::signal::ctrl_c() => {
            progress.clear();
            return interrupted(fleet, engine).await;
        }
    };
    progress.clear();
    fleet.stop().await;
    if console.is_some() {
        say("every order has come to its end; the console stays until Ctrl-C");
        let _ = tokio::signal::ctrl_c().await;
    }
    engine.shutdown(GRACE).await?;

    let summary = Summary::new(&settled, faults.len(), ledger.entries()?);
    // A closed pipe is no error: its reader has seen enough.
    let _ = write!(std::io::stdout(), "{summary}");
    let (now, seconds) = (grouped((settled.len() - already) as u64), started.elapsed().as_secs_f64());
    let already = grouped(already as u64);
    say(&format!("{already} orders were done before this start, {now} since, in {seconds:.1} s"));
    if summary.repeated > 0 {
        say(&format!("{} requests were repeated, and the key kept each from a second effect", summary.repeated));
    }
    Ok(if settled.values().all(Result::is_ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Stops in order.
async fn interrupted(fleet: Fleet, engine: Engine) -> Result<ExitCode> {
    say("stopping: steps under way may finish; once more to stop at once");
    tokio::spawn(async {
        let _ = tokio::signal::ctrl_c().await;
        std::process::exit(INTERRUPTED.into());
    });
    fleet.stop().await;
    engine.shutdown(GRACE).await?;
    say("stopped; the same command goes on from here");
    Ok(ExitCode::from(INTERRUPTED))
}

/// Settles all orders, [`AT_ONCE`] at a time.
async fn settle_all(
    engine: &Engine,
    orders: Vec<Order>,
    before: &Before,
    progress: &mut Progress,
) -> Result<BTreeMap<u64, Settled>> {
    let settling = stream::iter(orders).map(|order| async move {
        let id = order.id;
        settle(engine, order).await.map(|(settled, remark)| (id, settled, remark))
    });
    let mut settling = std::pin::pin!(settling.buffer_unordered(AT_ONCE));
    let mut all = BTreeMap::new();
    loop {
        let Ok(next) = tokio::time::timeout(STANDSTILL, settling.try_next()).await else {
            progress.say("no order has come to its end for a while: does the database work, and has its disk room?");
            continue;
        };
        let Some((id, settled, remark)) = next? else { return Ok(all) };
        for line in remark.iter().chain(settled.as_ref().err()) {
            progress.say(&format!("order {id}: {line}"));
        }
        if !before.has_ended(id) {
            progress.advance();
        }
        all.insert(id, settled);
    }
}

/// Settles one order: starts its run, or finds it already started, and waits for its end. Also returns a remark for the
/// user, if there is one.
async fn settle(engine: &Engine, order: Order) -> Result<(Settled, Option<String>)> {
    let id = run_id(order.id);
    let (run, remark) = match engine.start(process_order, order).id(&id).await {
        Ok(run) => (run, None),
        Err(EngineError::OtherInput { .. }) => {
            let remark = "its line was changed after it was started, and what it was started with counts".to_owned();
            (engine.handle(process_order, &id).await?, Some(remark))
        }
        Err(error) => return Err(error.into()),
    };
    let settled = match run.result().await {
        Ok(outcome) => Ok(outcome),
        Err(RunError::Engine(error)) => return Err(error.into()),
        Err(other) => Err(other.to_string()),
    };
    Ok((settled, remark))
}
