//! Errors of the user's own types: `#[derive(WorkflowError)]`, and those of a transaction.

use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::fmt;
use steadfast::prelude::*;
use steadfast::{ChildError, RequestError, RunError, StateError, StepError};

macro_rules! errors {
    ($($name:ident),*) => { $(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self:?}")
            }
        }
        impl std::error::Error for $name {}
    )* }
}

errors!(CardError, StockError, OrderError);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum CardError {
    Declined,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StockError(u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, WorkflowError)]
enum OrderError {
    Own(String),
    #[workflow_error(from)]
    Card(CardError),
    #[workflow_error(from)]
    Stock(StockError),
    #[workflow_error(other)]
    Other(Error),
}

#[step]
async fn charge(cents: u64) -> Result<u64, CardError> {
    match cents {
        0 => panic!("nothing to charge"),
        1_000.. => Err(CardError::Declined),
        cents => Ok(cents),
    }
}

#[step]
async fn check(word: String) -> Result<u64, OrderError> {
    match &*word {
        "own" => Err(OrderError::Own(word)),
        word => Ok(word.parse::<u64>().map_err(Error::from)?),
    }
}

#[step]
async fn plain(word: String) -> Result<u64> {
    Ok(word.parse()?)
}

#[workflow]
async fn fetch(_flow: &mut Flow, items: u32) -> Result<u32, StockError> {
    std::future::ready(if items > 10 { Err(StockError(items)) } else { Ok(items) }).await
}

#[derive(Serialize, Deserialize, Message)]
struct Cents(u64);

/// Every await of a workflow, without `map_err`.
#[workflow]
async fn order(flow: &mut Flow, what: String) -> Result<u64, OrderError> {
    flow.sleep(Duration::from_millis(1)).await?;
    match &*what {
        "declined" => Ok(charge(flow, 5_000).await?),
        "panicked" => Ok(charge(flow, 0).await?),
        "card" => Err(CardError::Declined)?,
        "child" => Ok(flow.start(fetch, 11).await.await?.into()),
        "plain" => Ok(plain(flow, what.clone()).await?),
        "unanswered" => Ok(flow.answer_to::<Cents>("none").await?.0),
        word => Ok(check(flow, word.to_owned()).await?),
    }
}

async fn failed_with(engine: &Engine, what: &str) -> OrderError {
    let run = engine.start(order, what.to_owned()).await.unwrap();
    match run.result().soon().await.unwrap_err() {
        RunError::Failed(error) => error,
        other => panic!("{what}: {other}"),
    }
}

#[tokio::test]
async fn an_error_of_a_step_or_child_becomes_its_variant() {
    let engine = Engine::builder().in_memory().workflow(order).workflow(fetch).start().await.unwrap();
    assert_eq!(failed_with(&engine, "declined").await, OrderError::Card(CardError::Declined));
    assert_eq!(failed_with(&engine, "card").await, OrderError::Card(CardError::Declined));
    assert_eq!(failed_with(&engine, "child").await, OrderError::Stock(StockError(11)));
    assert_eq!(failed_with(&engine, "own").await, OrderError::Own("own".into()));
}

#[tokio::test]
async fn what_no_variant_holds_becomes_the_other_one_with_its_text() {
    let engine = Engine::builder().in_memory().workflow(order).workflow(fetch).start().await.unwrap();
    let wrapped = async |what: &str| match failed_with(&engine, what).await {
        OrderError::Other(error) => error.to_string(),
        error => panic!("{error}"),
    };
    assert_eq!(wrapped("panicked").await, "step `charge` panicked: nothing to charge");
    assert_eq!(wrapped("plain").await, "step `plain` failed: invalid digit found in string");
    // The step has wrapped it itself.
    assert_eq!(wrapped("x").await, "invalid digit found in string");
    assert!(wrapped("unanswered").await.contains("request none is not open"));
}

#[derive(Debug, PartialEq, Serialize, Deserialize, thiserror::Error, WorkflowError)]
enum Converted {
    #[error("the card: {0}")]
    Card(#[from] CardError),
    #[error("the run: {0}")]
    Ended(#[from] ChildError),
    #[error("{0}")]
    #[workflow_error(other)]
    Other(Error),
}

#[step]
async fn convert(cents: u64) -> Result<u64, Converted> {
    Ok(charge::direct(cents).await?)
}

#[workflow]
async fn converted(flow: &mut Flow, cents: u64) -> Result<u64, Converted> {
    Ok(if cents == 0 { convert(flow, 1_000).await? } else { charge(flow, cents).await? })
}

#[tokio::test]
async fn the_conversions_of_another_derive_are_kept() {
    let engine = Engine::builder().in_memory().workflow(converted).start().await.unwrap();
    for cents in [0, 1_000] {
        let failed = engine.start(converted, cents).await.unwrap().result().soon().await;
        assert!(matches!(failed, Err(RunError::Failed(Converted::Card(CardError::Declined)))), "{failed:?}");
    }
}

mod card {
    /// An error of the user's that is named like all errors.
    #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, thiserror::Error)]
    #[error("the card")]
    pub(super) struct Error;
}

/// An error of the user's that has the name of one of steadfast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("the text")]
struct ParseError;

#[derive(Debug, PartialEq, Serialize, Deserialize, thiserror::Error, WorkflowError)]
enum Named {
    #[error("{0}")]
    Card(#[from] card::Error),
    #[error("{0}")]
    Parse(#[from] ParseError),
    #[error("{0}")]
    #[workflow_error(from)]
    Step(StepError<Error>),
    #[error("{0}")]
    #[workflow_error(other)]
    Other(Error),
}

#[step]
async fn swipe(cents: u64) -> Result<u64, card::Error> {
    std::future::ready(if cents > 5 { Err(card::Error) } else { Ok(cents) }).await
}

#[step]
async fn read(text: String) -> Result<u64, ParseError> {
    std::future::ready(text.parse().map_err(|_| ParseError)).await
}

#[workflow]
async fn named(flow: &mut Flow, what: String) -> Result<u64, Named> {
    Ok(match &*what {
        "card" => swipe(flow, 7).await?,
        "parse" => read(flow, what.clone()).await?,
        _ => plain(flow, what.clone()).await?,
    })
}

#[tokio::test]
async fn errors_with_the_names_of_others_are_converted_too() {
    let engine = Engine::builder().in_memory().workflow(named).start().await.unwrap();
    let failed = async |what: &str| {
        let run = engine.start(named, what.to_owned()).await.unwrap();
        let Err(RunError::Failed(error)) = run.result().soon().await else { panic!("{what}") };
        error
    };
    assert_eq!(failed("card").await, Named::Card(card::Error));
    assert_eq!(failed("parse").await, Named::Parse(ParseError));
    assert!(matches!(failed("plain").await, Named::Step(_)));
}

#[test]
fn a_variant_may_hold_an_error_of_steadfast() {
    let ended: Converted = ChildError::<Error>::TimedOut.into();
    assert_eq!(ended, Converted::Ended(ChildError::TimedOut));
    let state: Converted = StateError::WithinEdit.into();
    assert!(matches!(state, Converted::Other(_)), "{state}");
    let request: Converted = RequestError::Expired { request: "r".into() }.into();
    assert!(request.to_string().contains("request r was not answered"), "{request}");
}
