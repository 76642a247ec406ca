//! The program: reads the file, settles every order, and says what came of it.

use crate::arguments::Arguments;
use crate::file::{self, Content};
use crate::ledger::Ledger;
use crate::order::Order;
use crate::progress::{Progress, say};
use crate::services;
use crate::summary::{Settled, Summary, grouped};
use crate::workflow::process_order;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use steadfast::{Engine, EngineError, Error, Result, RunError, RunFilter, Status};

/// How many orders are under way at the same time.
const AT_ONCE: usize = 64;

/// What a shell expects of a program that was interrupted.
const INTERRUPTED: u8 = 130;

/// Does what the arguments say.
///
/// # Errors
/// The file, the database or the ledger cannot be used.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let started = Instant::now();
    let Content { mut orders, faults } = file::read(&arguments.file)?;
    orders.truncate(arguments.limit);
    let database = arguments.database.display();
    let place = format!("database {database}, ledger {}", arguments.ledger.display());
    let ledger = Ledger::open(arguments.ledger)?;
    let engine = Engine::builder().sqlite(&arguments.database).workflow(process_order);
    // No order can bring the program down, so however often it was stopped says nothing against one.
    let engine = engine.max_loads(u32::MAX).start().await?;
    let before = Before::look(&engine).await?;
    before.check(&ledger)?;
    let ledger = services::open(ledger, arguments.slow);

    for fault in &faults {
        say(fault);
    }
    let (number, faulty) = (grouped(orders.len() as u64), faults.len());
    say(&format!("{number} orders and {faulty} faulty lines in {}; {place}", arguments.file.display()));
    let already = orders.iter().filter(|order| before.ended.contains(&run_id(order.id))).count();
    let under_way = before.under_way;
    if already + under_way > 0 {
        say(&format!("done before: {}, in the middle: {under_way}", grouped(already as u64)));
    }

    let mut progress = Progress::new(orders.len(), already);
    let settled = tokio::select! {
        settled = settle_all(&engine, orders, &before.ended, &mut progress) => settled?,
        _ = tokio::signal::ctrl_c() => {
            progress.clear();
            say("stopping: steps under way may finish; once more to stop at once");
            tokio::spawn(async {
                let _ = tokio::signal::ctrl_c().await;
                std::process::exit(INTERRUPTED.into());
            });
            engine.shutdown(Duration::from_secs(5)).await?;
            say("stopped; the same command goes on from here");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    progress.clear();
    engine.shutdown(Duration::from_secs(5)).await?;

    let summary = Summary::new(&settled, faults.len(), ledger.entries()?);
    // Who reads only the beginning has seen what he wanted.
    let _ = write!(std::io::stdout(), "{summary}");
    let (now, seconds) = (grouped((settled.len() - already) as u64), started.elapsed().as_secs_f64());
    let already = grouped(already as u64);
    say(&format!("{already} orders were done before this start, {now} since, in {seconds:.1} s"));
    if summary.repeated > 0 {
        say(&format!("{} requests were repeated, and the key kept each from a second effect", summary.repeated));
    }
    Ok(if settled.values().all(Result::is_ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_id(order: u64) -> String {
    format!("order-{order}")
}

/// What the database holds of earlier starts.
struct Before {
    ended: HashSet<String>,
    under_way: usize,
}

impl Before {
    async fn look(engine: &Engine) -> Result<Self> {
        let mut before = Self { ended: HashSet::new(), under_way: 0 };
        let mut last = 0;
        loop {
            let page = engine.list(RunFilter::all().after(last)).await?;
            let Some(run) = page.last() else { return Ok(before) };
            last = run.number;
            for run in page {
                if matches!(run.status, Status::Completed | Status::Failed | Status::Cancelled) {
                    before.ended.insert(run.id);
                } else {
                    before.under_way += 1;
                }
            }
        }
    }

    /// A ledger without its database, or the other way round, would tell another story than the workflows.
    fn check(&self, ledger: &Ledger) -> Result<()> {
        let nothing_started = self.ended.is_empty() && self.under_way == 0;
        if nothing_started != ledger.is_empty() && (nothing_started || !self.ended.is_empty()) {
            let found = if nothing_started { "the ledger has entries" } else { "the database has orders" };
            return Err(Error::msg(format!(
                "the database and the ledger do not belong together: {found}, and the other has none; remove or name both"
            )));
        }
        Ok(())
    }
}

/// Takes all orders to their ends, some at a time.
async fn settle_all(
    engine: &Engine,
    orders: Vec<Order>,
    ended: &HashSet<String>,
    progress: &mut Progress,
) -> Result<BTreeMap<u64, Settled>> {
    let settling = stream::iter(orders).map(|order| async move {
        let id = order.id;
        settle(engine, order).await.map(|(settled, remark)| (id, settled, remark))
    });
    let mut settling = std::pin::pin!(settling.buffer_unordered(AT_ONCE));
    let mut all = BTreeMap::new();
    while let Some((id, settled, remark)) = settling.try_next().await? {
        for line in remark.iter().chain(settled.as_ref().err()) {
            progress.say(&format!("order {id}: {line}"));
        }
        if !ended.contains(&run_id(id)) {
            progress.advance();
        }
        all.insert(id, settled);
    }
    Ok(all)
}

/// Takes one order to its end: starts it, or finds it started, wherever it is. With it, what a person should know.
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
