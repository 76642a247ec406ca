//! The matrix of pairs: the expected result for each thing that a run can hold and each event that can happen to a run.
//!
//! A row is a test. Each cell runs on its own files, and all that fail are reported together. `--nocapture` prints the
//! row.

mod beginning;
mod expected;
mod halves;
mod happening;
mod holding;
mod judge;
mod kids;
mod stage;
mod subject;
mod ties;

pub(crate) use ties::TABLES_OF_RUNS;

use beginning::Build;
use expected::Expected;
use futures_util::{FutureExt, StreamExt};
use happening::Happening;
use stage::{LIMIT_OF_FAULTS, Stage};
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use subject::Holding;
use tokio::time::timeout;

/// The time limit of a cell, also beside others on a busy machine.
const CELL: Duration = Duration::from_mins(1);

async fn play(holding: Holding, happening: Happening, expected: Expected, attempt: u32) {
    let mut stage = Stage::new(format!("{}-{}-{attempt}", holding.name(), happening.name().replace(' ', "-")));
    stage.evict = happening == Happening::Eviction;
    stage.ahead = happening.ahead().unwrap_or(0);
    let process = if happening.ahead().is_some() { Some(stage.process(holding).await) } else { None };
    let engine = stage.engine("a.db", Build::First).await;
    if process.is_none() {
        beginning::start(&engine, holding, &stage.cell, happening.limit(attempt)).await;
    }
    let (place, held) = holding.begin(&stage, &engine).await;
    let after = happening.happen(&stage, holding, process, engine, place).await;
    let from = || after.from.as_ref().expect("another run came of it");
    match expected {
        Expected::Kept => holding.holds(&after.place, &held, &stage).await,
        Expected::Both => {
            holding.holds(&after.place, &held, &stage).await;
            holding.holds(from(), &held, &stage).await;
        }
        Expected::Carried => {
            holding.holds(&after.place, &held, &stage).await;
            assert!(from().status().await.is_final(), "it is at one place only");
        }
        Expected::Stays(_) => {
            holding.lacks(&after.place, &held, &stage).await;
            holding.holds(from(), &held, &stage).await;
        }
        Expected::Shown => {
            let place = after.from.as_ref().unwrap_or(&after.place);
            holding.shows(place, &held, &stage, Some(happening)).await;
        }
        Expected::GoneBecause(_) => holding.gone(&after, &held, &stage, happening).await,
        Expected::NotPossible(_) | Expected::Fault(..) => unreachable!("it is not played"),
    }
}

/// Runs a cell and prints its result. Returns the fault, unless it is known.
async fn cell(holding: Holding, happening: Happening) -> Option<String> {
    let expected = holding.expected(happening);
    let name = format!("{} x {}", holding.name(), happening.name());
    println!("{name}: {expected:?}");
    match expected {
        Expected::NotPossible(_) => None,
        Expected::Fault(expected, known) => {
            let fault = timeout(LIMIT_OF_FAULTS, played(holding, happening, *expected)).await;
            match fault.unwrap_or_else(|_| Some(format!("took longer than {LIMIT_OF_FAULTS:?}"))) {
                Some(fault) => println!("{name}: the known fault ({known}): {fault}"),
                None => println!("{name}: HOLDS, so its mark can go: {known}"),
            }
            None
        }
        expected => {
            played(holding, happening, expected).await.map(|fault| format!("{name}: {expected:?}, but {fault}"))
        }
    }
}

/// Runs a cell until it passes or fails for good. Returns the fault.
async fn played(holding: Holding, happening: Happening, expected: Expected) -> Option<String> {
    for attempt in 0.. {
        let played = AssertUnwindSafe(timeout(CELL, play(holding, happening, expected, attempt))).catch_unwind().await;
        let fault = match played {
            Ok(Ok(())) => return None,
            Ok(Err(_)) => format!("took longer than {CELL:?}"),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
            }
        };
        // On a busy machine the time limit may pass before the run holds the thing.
        if happening.limit(attempt).is_none() || attempt == 2 {
            return Some(fault);
        }
    }
    None
}

async fn row(holding: Holding) {
    let cells = futures_util::stream::iter(Happening::ALL).map(|happening| cell(holding, *happening));
    let faults: Vec<_> = cells.buffer_unordered(4).filter_map(std::future::ready).collect().await;
    assert!(faults.is_empty(), "{} of {} cells:\n{}", faults.len(), Happening::ALL.len(), faults.join("\n"));
}

macro_rules! rows {
    ($($holding:ident = $test:ident,)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            row(Holding::$holding).await;
        })*
    };
}

subject::each_holding!(rows);
