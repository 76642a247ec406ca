//! `Engine::transaction`: the runs exist if and only if the rows do.

use super::{Bank, transfer};
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;
use steadfast::{EngineError, Message, RunFilter, Scope};

#[tokio::test]
async fn rows_and_the_start_of_a_run_are_one_commit() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    let ids = engine
        .transaction(|tx| {
            let insert = "INSERT INTO moves (note) VALUES ('ordered') RETURNING id";
            let key = tx.query_row(insert, [], |row| row.get(0))?;
            Ok([tx.start(transfer, key).id(format!("move-{key}")).begin()?, tx.start(transfer, 7).begin()?])
        })
        .await
        .unwrap();
    assert_eq!(ids[0], "move-1");
    for id in &ids {
        engine.handle(transfer, id).await.unwrap().result().soon().await.unwrap();
    }
    assert_eq!(bank.moves(), 3);
    assert_eq!(bank.count("SELECT cents FROM accounts WHERE name = 'b'"), 8);
}

#[tokio::test]
async fn unsigned_numbers_are_parameters_and_those_that_do_not_fit_are_refused() {
    use steadfast::sql::params;
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    let insert = async |cents: u64| {
        let insert = "INSERT INTO moves (note) VALUES (?1)";
        engine.transaction(move |tx| Ok::<_, steadfast::Error>(tx.execute(insert, params![cents])?)).await
    };
    assert_eq!(insert(7).await.unwrap(), 1);
    let error = insert(u64::MAX).await.unwrap_err().to_string();
    let why = "`INSERT INTO moves (note) VALUES (?1)`: parameter ?1: 18446744073709551615 is out of range";
    assert!(error.contains(why), "{error}");
    assert_eq!(bank.moves(), 1);
}

#[tokio::test]
async fn an_error_takes_back_rows_and_runs() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    let failed = engine
        .transaction(|tx| {
            tx.execute("INSERT INTO moves (note) VALUES ('x')", [])?;
            tx.start(transfer, 1).id("never").begin()?;
            Err::<(), _>(steadfast::Error::msg("no after all"))
        })
        .await;
    let error = failed.unwrap_err();
    assert!(matches!(&error, EngineError::RolledBack(cause) if cause.to_string() == "no after all"), "{error}");
    let panicked: Result<(), _> = engine
        .transaction(|tx| {
            tx.start(transfer, 1).id("never").begin()?;
            panic!("really no")
        })
        .await;
    let error = panicked.unwrap_err().to_string();
    assert!(error.contains("really no"), "{error}");
    let late = engine.transaction(|tx| {
        tx.start(transfer, 1).id("never").begin()?;
        std::thread::sleep(Duration::from_millis(40));
        Ok(())
    });
    let error = late.time_limit(Duration::from_millis(20)).await.unwrap_err().to_string();
    assert!(error.contains("20ms"), "{error}");
    let constraint = engine.transaction(|tx| {
        tx.start(transfer, 1).id("never").begin()?;
        tx.execute("INSERT INTO children VALUES ('nobody')", [])?;
        Ok(())
    });
    let error = constraint.await.unwrap_err().to_string();
    assert!(error.contains("FOREIGN KEY constraint failed"), "{error}");
    assert_eq!(bank.moves(), 0);
    assert!(engine.list(RunFilter::all()).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_id_that_is_there_is_the_same_run_or_an_error() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder()).await;
    engine.start(transfer, 5).id("one").await.unwrap().result().soon().await.unwrap();
    let again = engine.transaction(|tx| {
        tx.execute("INSERT INTO moves (note) VALUES ('again')", [])?;
        // The run was started once before and is started twice here, which is the same run.
        tx.start(transfer, 6).id("two").begin()?;
        tx.start(transfer, 6).id("two").begin()?;
        Ok(tx.start(transfer, 5).id("one").begin()?)
    });
    assert_eq!(again.await.unwrap(), "one");
    let other = engine.transaction(|tx| {
        tx.execute("INSERT INTO moves (note) VALUES ('other')", [])?;
        Ok(tx.start(transfer, 50).id("one").begin()?)
    });
    let error = other.await.unwrap_err().to_string();
    assert!(error.contains("run `one` was started with input 5, not with 50"), "{error}");
    engine.handle(transfer, "two").await.unwrap().result().soon().await.unwrap();
    assert_eq!(bank.moves(), 3);
    assert_eq!(engine.list(RunFilter::all()).await.unwrap().len(), 2);
}

#[derive(Serialize, Deserialize)]
struct Paid(i64);

impl Message for Paid {
    const NAME: &'static str = "paid";
}

#[workflow]
async fn waiting(flow: &mut Flow) -> Result<i64> {
    let Paid(cents) = flow.receive::<Paid>().await?;
    Ok(cents)
}

#[tokio::test]
async fn a_message_arrives_if_and_only_if_the_rows_are_there() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(waiting)).await;
    let run = engine.start(waiting, ()).id("w").await.unwrap();
    let failed = engine.transaction(|tx| {
        tx.send("w", Paid(1))?;
        Err::<(), _>(steadfast::Error::msg("not paid"))
    });
    failed.await.unwrap_err();
    let nobody = engine.transaction(|tx| Ok(tx.send("nobody", Paid(1))?)).await.unwrap_err().to_string();
    assert!(nobody.contains("there is no run `nobody`"), "{nobody}");
    let paid = engine.transaction(|tx| {
        tx.execute("INSERT INTO moves (note) VALUES ('paid')", [])?;
        Ok(tx.send("w", Paid(2))?)
    });
    paid.await.unwrap();
    assert_eq!((run.result().soon().await.unwrap(), bank.moves()), (2, 1));
}

#[tokio::test]
async fn the_error_of_a_start_or_a_message_reaches_the_caller_as_it_is() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(waiting)).await;
    let held = Scope::new().deduplication_key("first");
    engine.start(waiting, ()).id("holder").with(held.clone()).await.unwrap();
    let failed = engine.transaction(move |tx| {
        tx.execute("INSERT INTO moves (note) VALUES ('x')", [])?;
        Ok(tx.start(transfer, 1).with(held.clone()).begin()?)
    });
    let error = failed.await.unwrap_err();
    assert!(matches!(&error, EngineError::Held { holder, .. } if holder == "holder"), "{error}");
    let failed = engine.transaction(|tx| Ok(tx.send("nobody", Paid(1))?)).await.unwrap_err();
    assert!(matches!(&failed, EngineError::NoSuchRun { id } if id == "nobody"), "{failed}");
    // One that the closure handles is not the reason.
    let handled = engine.transaction(|tx| {
        let _ = tx.send("nobody", Paid(1));
        Err::<(), _>(steadfast::Error::msg("no after all"))
    });
    assert!(matches!(handled.await, Err(EngineError::RolledBack(cause)) if cause.to_string() == "no after all"));
    assert_eq!(bank.moves(), 0);
}
