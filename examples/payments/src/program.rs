//! Makes the accounts, orders transfers and waits for them, or checks.

use crate::arguments::{Arguments, Task};
use crate::order::{Order, Outcome};
use crate::workflows::{receipt, transfer, transfer_with_fee};
use crate::{check, say, tables};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use steadfast::sql::params;
use steadfast::{Engine, Error, Result};

/// The most orders in flight at the same time.
const AT_ONCE: usize = 32;

/// The exit code of an interrupted program.
const INTERRUPTED: u8 = 130;

/// Runs the subcommand.
///
/// # Errors
/// The database cannot be used, or there are no accounts in it.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let database = &arguments.database;
    if !matches!(arguments.task, Task::Init { .. }) && !database.exists() {
        return Err(missing(database));
    }
    match arguments.task {
        Task::Check => check::check(database).map_err(|error| unusable(database, &error))?.report(),
        Task::Init { accounts, cents } => init(database, accounts, cents).await,
        Task::Run { transfers } => go_on(database, transfers).await,
    }
}

fn missing(database: &Path) -> Error {
    let help = "`payments init` makes them, and --database names another file";
    Error::msg(format!("there are no accounts in {}; {help}", database.display()))
}

fn unusable(database: &Path, error: &rusqlite::Error) -> Error {
    if error.to_string().contains("no such table") {
        return missing(database);
    }
    Error::msg(format!("{} cannot be read: {error}; --database names another file", database.display()))
}

async fn open(database: &Path) -> Result<Engine> {
    let engine = Engine::builder().sqlite(database).workflow(transfer).workflow(transfer_with_fee).workflow(receipt);
    Ok(engine.start().await?)
}

async fn init(database: &Path, accounts: u32, cents: u32) -> Result<ExitCode> {
    let engine = open(database).await?;
    let made = match tables::exist(&engine).await {
        Ok(true) => {
            let help = "remove the file, or name another one with --database";
            Err(Error::msg(format!("{} has accounts already; {help}", database.display())))
        }
        Ok(false) => tables::make(&engine, accounts, cents).await,
        Err(error) => Err(error),
    };
    engine.shutdown(Duration::from_secs(5)).await?;
    made?;
    say(&format!("{accounts} accounts with {cents} cents each in {}", database.display()));
    Ok(ExitCode::SUCCESS)
}

async fn go_on(database: &Path, transfers: u32) -> Result<ExitCode> {
    let engine = open(database).await?;
    if !tables::exist(&engine).await? {
        engine.shutdown(Duration::from_secs(5)).await?;
        return Err(missing(database));
    }
    let ended = tokio::select! {
        ended = carry_out(&engine, transfers) => Some(ended?),
        _ = tokio::signal::ctrl_c() => None,
    };
    engine.shutdown(Duration::from_secs(5)).await?;
    let Some(ended) = ended else {
        say("stopped; the same command goes on from here");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let of = |outcome| ended.iter().filter(|ended| **ended == outcome).count();
    let (moved, back, refused) = (of(Outcome::Moved), of(Outcome::GivenBack), of(Outcome::Refused));
    say(&format!("{} transfers: {moved} moved, {back} given back, {refused} refused", ended.len()));
    Ok(ExitCode::SUCCESS)
}

/// Places the missing orders, and waits for all.
async fn carry_out(engine: &Engine, transfers: u32) -> Result<Vec<Outcome>> {
    let accounts = "SELECT count(*) FROM accounts WHERE id > 0";
    let accounts: u32 = engine.transaction(|tx| Ok(tx.query_row(accounts, [], |row| row.get(0))?)).await?;
    let ordered = engine.transaction(|tx| Ok(tx.query("SELECT id FROM orders", [], |row| row.get::<u32>(0))?));
    let ordered: HashSet<u32> = ordered.await?.into_iter().collect();
    say(&format!("{} transfers were ordered before; kill me at any moment, and start me again", ordered.len()));
    let ends = stream::iter(1..=transfers).map(|number| {
        let (order, is_new) = (Order::of(number, accounts), !ordered.contains(&number));
        async move {
            if is_new {
                place(engine, order).await?;
            }
            Ok::<_, Error>(engine.handle(receipt, &order.run_id()).await?.result().await?)
        }
    });
    ends.buffer_unordered(AT_ONCE).try_collect().await
}

/// Inserts the order's row and starts its run: both or neither.
async fn place(engine: &Engine, order: Order) -> Result<()> {
    let placed = engine.transaction(move |tx| {
        tx.execute("INSERT INTO orders (id) VALUES (?1)", params![order.number])?;
        Ok(tx.start(receipt, order).id(order.run_id()).begin()?)
    });
    placed.await?;
    Ok(())
}
