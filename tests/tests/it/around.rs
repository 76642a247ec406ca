//! The scope around a start applies to it in every place: in a transaction, in a workflow, at a continue-as-new.

use crate::transactions::Bank;
use limits::Soon as _;
use steadfast::prelude::*;
use steadfast::{Principal, Scope, current, scoped};

#[workflow]
async fn whose(flow: &mut Flow) -> Result<(Option<String>, bool, usize)> {
    flow.sleep(Duration::ZERO).await?;
    let current = current().expect("a workflow");
    let name = current.principal().map(|one| one.name.clone());
    Ok((name, current.deadline().is_some(), current.labels().len()))
}

#[workflow]
async fn scoped_child(flow: &mut Flow) -> Result<(Option<String>, bool, usize)> {
    let scope = Scope::new().principal(Principal::new("bob")).label("a", "b");
    let child = scoped(scope, flow.start(whose, ())).await;
    Ok(child.await?)
}

#[workflow(name = "upgrading")]
async fn upgrading_1(flow: &mut Flow, n: u32) -> Result<String> {
    flow.continue_as_new(upgrading_2, n + 1).await
}

#[workflow(name = "upgrading", version = 2)]
async fn upgrading_2(flow: &mut Flow, n: u32) -> Result<String> {
    flow.sleep(Duration::ZERO).await?;
    Ok(format!("version 2 with {n}"))
}

#[tokio::test]
async fn a_scope_holds_for_starts_in_a_transaction_of_the_engine() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(whose)).await;
    let given =
        Scope::new().principal(Principal::new("ada")).label("tenant", "acme").time_limit(Duration::from_hours(1));
    let id = scoped(given.id("chosen"), engine.transaction(|tx| Ok(tx.start(whose, ()).begin()?))).await.unwrap();
    assert_eq!(id, "chosen");
    let seen = engine.handle(whose, &id).await.unwrap().result().soon().await.unwrap();
    assert_eq!(seen, (Some("ada".to_owned()), true, 1));
}

#[tokio::test]
async fn a_scope_holds_for_children_too() {
    let engine = Engine::builder().in_memory().workflow(whose).workflow(scoped_child).start().await.unwrap();
    let seen = engine.start(scoped_child, ()).await.unwrap().result().soon().await.unwrap();
    assert_eq!(seen, (Some("bob".to_owned()), false, 1));
}

#[tokio::test]
async fn a_run_goes_on_as_another_version_with_a_fresh_journal() {
    let engine = Engine::builder().in_memory().workflow(upgrading_1).workflow(upgrading_2).start().await.unwrap();
    let run = engine.start(upgrading_1, 1).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), "version 2 with 2");
}

#[tokio::test]
async fn the_last_word_counts_in_every_start() {
    let bank = Bank::new();
    let engine = bank.open(bank.builder().workflow(whose)).await;
    let plain = engine.start(whose, ()).id("a").with(Scope::new().id("b")).await.unwrap().id().to_owned();
    let start =
        |tx: &mut steadfast::EngineTx<'_>| Ok(tx.start(whose, ()).id("a2").with(Scope::new().id("b2")).begin()?);
    assert_eq!(format!("{plain}2"), engine.transaction(start).await.unwrap());
}
