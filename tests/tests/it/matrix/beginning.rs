//! The engines and starts of the matrix, shared by the tests and by the program that they kill.

use super::halves::{Halves, HalvesByMistake};
use super::kids::{boss, kid, sick_kid};
use super::subject::{self, Holding, Plan};
use std::path::Path;
use steadfast::field_store::FolderStore;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Key, Principal, Scope, StaticKeys};

/// The deployed code.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "the program that is killed has the first one only")]
pub(crate) enum Build {
    First,
    /// The first build with a second version of the workflow.
    WithVersion2,
    /// Code that diverges from every history.
    ByMistake,
}

/// Returns the builder of an engine on a database in a folder, with its own field store.
pub(crate) fn builder(folder: &Path, database: &str, build: Build, evict_after: Duration) -> EngineBuilder {
    let contents = FolderStore::new(folder.join(format!("{database}-shelf"))).unwrap();
    let builder = Engine::builder().sqlite(folder.join(database)).field_store("shelf", contents);
    let builder = builder.keys(StaticKeys::new(Key::new("k1", [7; 32]))).lease_term(Duration::from_millis(500));
    let builder = builder.evict_after(evict_after);
    let builder = builder.workflow(kid).workflow(sick_kid).workflow(boss);
    match build {
        Build::First => builder.workflow(subject::subject).workflow(Halves),
        Build::WithVersion2 => builder.workflow(subject::subject).workflow(subject::subject_2).workflow(Halves),
        Build::ByMistake => builder.workflow(subject::subject_by_mistake).workflow(HalvesByMistake),
    }
}

/// Returns the id of the parent of a cell's run.
pub(crate) fn boss_of(cell: &str) -> String {
    format!("{cell}-boss")
}

/// Creates the user's table.
pub(crate) async fn make_table(engine: &Engine) {
    let table = "CREATE TABLE IF NOT EXISTS notes (cell TEXT NOT NULL)";
    let made = engine.transaction(move |tx| Ok(tx.execute(table, [])?));
    made.await.unwrap();
}

/// Starts the run of a cell.
pub(crate) async fn start(engine: &Engine, holding: Holding, cell: &str, limit: Option<Duration>) {
    // If the event is the time limit, the sleep must not end before it.
    let nap = if limit.is_some() { 3_600_000 } else { 900 };
    let plan = Plan { holding, cell: cell.to_owned(), carried: None, nap };
    let limited = |scope: Scope| match limit {
        Some(limit) => scope.time_limit(limit),
        None if holding == Holding::Deadline => scope.time_limit(Duration::from_hours(1)),
        None => scope,
    };
    let scope = limited(Scope::new().id(cell));
    let scope = match holding {
        Holding::Label => scope.label("team", cell),
        Holding::DeduplicationKey => scope.deduplication_key(cell),
        Holding::Identity => scope.principal(Principal::new("ada")),
        _ => scope,
    };
    match holding {
        Holding::FanIn => drop(engine.start(Halves, cell.to_owned()).with(scope).await.unwrap()),
        Holding::Parent => {
            // A parent's limit applies to its child too.
            let scope = limited(Scope::new().id(boss_of(cell)));
            engine.start(boss, (cell.to_owned(), plan)).with(scope).await.unwrap();
        }
        _ => drop(engine.start(subject::subject, plan).with(scope).await.unwrap()),
    }
}
