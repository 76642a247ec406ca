//! Runs that are deleted once they have ended long ago.

use crate::killed::Victim;
use crate::matrix::TABLES_OF_RUNS;
use crate::place::Place;
use crate::runs::wait_for;
use crate::tests_on;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, ForkPoint, Retention, RunFilter, Status};

#[derive(StepContext, Clone)]
struct Item {
    #[context(default, index)]
    n: u64,
    #[context(default)]
    note: String,
}

#[derive(Message, Serialize, Deserialize)]
struct Go;

#[step]
async fn weigh(ctx: &Item, n: u64) -> Result<u64> {
    steadfast::stream::<u64>("weights").write(&n).await?;
    Ok(ctx.n + n)
}

/// Has rows in most tables.
#[workflow(context = Item)]
async fn item(flow: &mut Flow<Item>, n: u64) -> Result<u64> {
    flow.set_label("n", &n.to_string());
    flow.update(|i| i.n(n).note("x".repeat(100))).await?;
    let sum = weigh(flow, n).await?;
    if n == 13 { Err(Error::msg("unlucky")) } else { Ok(sum) }
}

/// Waits, with a child that ends at once.
#[workflow]
async fn parent(flow: &mut Flow, n: u64) -> Result<u64> {
    let child = flow.start(item, n).id("child").await;
    let Go = flow.receive().await?;
    Ok(child.await?)
}

/// Goes on with a fresh journal until it has counted down.
#[workflow]
async fn chain(flow: &mut Flow, n: u64) -> Result<u64> {
    if n > 0 {
        return flow.continue_as_new(chain, n - 1).await;
    }
    Ok(0)
}

/// Waits, and goes on with a fresh journal.
#[workflow]
async fn renewed(flow: &mut Flow, n: u64) -> Result<u64> {
    if n == 0 {
        return Ok(0);
    }
    let Go = flow.receive().await?;
    flow.continue_as_new(renewed, n - 1).await
}

tests_on!(
    file, memory, postgres:
    what_has_ended_goes_and_what_is_needed_stays,
    a_fork_of_an_earlier_journal_is_needed,
    rules_select_by_workflow_status_and_age,
);

/// A database in memory ends with its process.
mod with_processes {
    use super::killed_at_random_it_leaves_nothing_half_deleted;

    crate::tests_on!(file, postgres: killed_at_random_it_leaves_nothing_half_deleted);
}

const SOON: Duration = Duration::from_millis(5);

fn all() -> Retention {
    Retention::older_than(Duration::ZERO)
}

async fn open(place: &Place, rules: impl IntoIterator<Item = Retention>) -> Engine {
    let builder = place.builder().workflow(item).workflow(parent).workflow(chain).retention_every(SOON);
    rules.into_iter().fold(builder, EngineBuilder::retention).start().soon().await.unwrap()
}

async fn ids(engine: &Engine) -> BTreeSet<String> {
    engine.list(RunFilter::all()).soon().await.unwrap().into_iter().map(|run| run.id).collect()
}

/// Waits until there are these runs alone.
async fn are(engine: &Engine, expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|id| (*id).to_owned()).collect();
    let mut found = BTreeSet::new();
    let waiting = async {
        loop {
            found = ids(engine).await;
            if found == expected {
                break;
            }
            tokio::time::sleep(SOON).await;
        }
    };
    let ended = tokio::time::timeout(limits::LIMIT, waiting).await;
    assert!(ended.is_ok(), "{found:?} are there, and not {expected:?}");
}

async fn what_has_ended_goes_and_what_is_needed_stays(place: Place) {
    let engine = open(&place, []).await;
    engine.start(parent, 1).id("parent").soon().await.unwrap();
    let child = engine.run("parent").soon().await.unwrap();
    wait_for(&child, Status::Sleeping).await;
    engine.handle(item, "child").soon().await.unwrap().result().soon().await.unwrap();
    engine.start(item, 2).id("forked").soon().await.unwrap().result().soon().await.unwrap();
    engine.start(chain, 3).id("chain").soon().await.unwrap().result().soon().await.unwrap();
    engine.start(item, 4).id("ended").soon().await.unwrap().result().soon().await.unwrap();
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();

    // The fork does not run here, so it stays unfinished.
    let other = place.builder().workflow(unfinished).start().soon().await.unwrap();
    let fork = other.fork("forked", ForkPoint::after_entry(1)).id("fork").soon().await.unwrap();
    wait_for(&fork, Status::Sleeping).await;
    other.shutdown(Duration::from_secs(5)).soon().await.unwrap();

    let engine = place.builder().workflow(unfinished).workflow(parent).workflow(chain).retention_every(SOON);
    let engine = engine.retention(all()).start().soon().await.unwrap();
    are(&engine, &["parent", "child", "forked", "fork"]).await;
    let kept = engine.retention_preview().soon().await.unwrap();
    assert_eq!(kept.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [2], "those that are needed count too");
    engine.run("parent").soon().await.unwrap().send(Go).soon().await.unwrap();
    are(&engine, &["forked", "fork"]).await;
    fork_ends(&engine).await;
    are(&engine, &[]).await;
    if !place.is_file() && !place.is_postgres() {
        return;
    }
    for (table, column) in TABLES_OF_RUNS {
        assert_eq!(place.count(&format!("SELECT count(*) FROM {table} WHERE {column} IS NOT NULL")), 0, "{table}");
    }
}

async fn fork_ends(engine: &Engine) {
    engine.run("fork").soon().await.unwrap().send(Go).soon().await.unwrap();
}

/// Has the name of the other, and waits.
#[workflow(name = "item", context = Item)]
async fn unfinished(flow: &mut Flow<Item>, n: u64) -> Result<u64> {
    let Go = flow.receive().await?;
    Ok(n)
}

async fn a_fork_of_an_earlier_journal_is_needed(place: Place) {
    let engine = place.builder().workflow(renewed).workflow(chain).retention_every(SOON);
    let engine = engine.retention(all()).start().soon().await.unwrap();
    let origin = engine.start(renewed, 1).id("origin").soon().await.unwrap();
    let waiting = engine.run("origin").soon().await.unwrap();
    wait_for(&waiting, Status::Sleeping).await;
    let fork = engine.fork("origin", ForkPoint::after_entry(1)).id("fork").soon().await.unwrap();
    wait_for(&fork, Status::Sleeping).await;
    waiting.send(Go).soon().await.unwrap();
    origin.result().soon().await.unwrap();
    drop(origin);
    // A slice looks at it after the origin.
    engine.start(chain, 0).id("ended").soon().await.unwrap();
    are(&engine, &["origin~1", "origin", "fork"]).await;
    fork.send(Go).soon().await.unwrap();
    are(&engine, &[]).await;
}

/// Tests that a run whose parent's row is damaged stays, and those after it go.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_be_deleted_does_not_hold_up_the_next_ones() {
    let place = Place::file().unwrap();
    let engine = open(&place, []).await;
    let parent = engine.start(parent, 1).id("parent").soon().await.unwrap();
    engine.run("parent").soon().await.unwrap().send(Go).soon().await.unwrap();
    parent.result().soon().await.unwrap();
    engine.start(chain, 0).id("ended").soon().await.unwrap().result().soon().await.unwrap();
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    let damaged = "UPDATE steadfast_runs SET incarnation = 'x' WHERE id = 'parent' RETURNING 1";
    assert_eq!(place.rows(damaged).len(), 1);

    let _engine = open(&place, [all()]).await;
    let there = |id| place.count(&format!("SELECT count(*) FROM steadfast_runs WHERE id = '{id}'"));
    limits::until(async || there("ended") == 0).await;
    assert_eq!((there("parent"), there("child")), (1, 1));
}

async fn rules_select_by_workflow_status_and_age(place: Place) {
    let engine = open(&place, []).await;
    for n in [1, 13] {
        let _ = engine.start(item, n).id(format!("item-{n}")).soon().await.unwrap().result().soon().await;
    }
    engine.start(chain, 0).id("chain").soon().await.unwrap().result().soon().await.unwrap();
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();

    let young = Retention::older_than(Duration::from_hours(1));
    let engine = open(&place, [young.clone(), all().workflow("item").status(Status::Failed)]).await;
    are(&engine, &["item-1", "chain"]).await;
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    let engine = open(&place, [young, all().workflow("item")]).await;
    are(&engine, &["chain"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_run_has_a_file_before_it_goes() {
    let place = Place::file().unwrap();
    let folder = place.folder().join("archive");
    std::fs::create_dir(&folder).unwrap();
    let engine = open(&place, [all().archive(&folder)]).await;
    let expected = engine.start(item, 5).id("a/b").soon().await.unwrap();
    engine.start(chain, 2).id("chain").soon().await.unwrap();
    are(&engine, &[]).await;
    drop(expected);
    let mut names: Vec<String> = files(&folder);
    names.sort_unstable();
    assert!(names[0].starts_with("chain.chain.") && names[3].starts_with("item.a_b."), "{names:?}");
    assert_eq!(names.len(), 4, "a file for each journal: {names:?}");
    let other = Engine::builder().in_memory().workflow(item).start().soon().await.unwrap();
    let run = other.import(folder.join(&names[3])).soon().await.unwrap();
    assert_eq!((run.id(), run.status().soon().await.unwrap().status), ("a/b", Status::Completed));

    // What cannot be archived stays.
    std::fs::remove_dir_all(&folder).unwrap();
    engine.start(item, 6).id("kept").soon().await.unwrap().result().soon().await.unwrap();
    engine.start(chain, 0).id("seen").soon().await.unwrap().result().soon().await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(ids(&engine).await.len(), 2);
    std::fs::create_dir(&folder).unwrap();
    are(&engine, &[]).await;
}

fn files(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn what_cannot_be_applied_is_refused_at_the_start() {
    for (rule, words) in [
        (all().status(Status::Running), "names the status `running`"),
        (all().status(Status::Replaced), "goes with the run that took its id"),
        (all().archive("no/such/folder"), "is no folder: create it"),
    ] {
        let error = Engine::builder().in_memory().workflow(item).retention(rule).start().soon().await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// Tests that of two engines the one with the older lease deletes, whether or not a third has a retention.
#[tokio::test(flavor = "multi_thread")]
async fn one_engine_at_a_time_deletes() {
    let place = Place::memory().unwrap();
    let _without = open(&place, []).await;
    let first = open(&place, [all().workflow("chain")]).await;
    let second = open(&place, [all().workflow("item")]).await;
    for id in ["a", "b"] {
        first.start(item, 1).id(id).soon().await.unwrap().result().soon().await.unwrap();
    }
    first.start(chain, 0).id("chain").soon().await.unwrap().result().soon().await.unwrap();
    are(&second, &["a", "b"]).await;
    first.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    are(&second, &[]).await;
}

async fn killed_at_random_it_leaves_nothing_half_deleted(place: Place) {
    const RUNS: usize = 60;
    let folder = place.folder().join("archive");
    std::fs::create_dir(&folder).unwrap();
    let engine = open(&place, []).await;
    let starts = (0..RUNS).map(|n| engine.start(item, n as u64 + 20).id(format!("item-{n}")));
    for run in starts {
        run.soon().await.unwrap().result().soon().await.unwrap();
    }
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();
    let victim = Victim::new(place.clone());
    tokio::task::spawn_blocking(move || victim.killed_again_and_again("retain", 12, 5..60, 20_261_130)).await.unwrap();
    for (table, column) in TABLES_OF_RUNS {
        assert_eq!(place.count(&format!("SELECT count(*) FROM {table} WHERE {column} IS NOT NULL")), 0, "{table}");
    }
    let names: Vec<String> =
        files(&folder).into_iter().filter(|name| Path::new(name).extension().is_some_and(|end| end == "run")).collect();
    let runs: BTreeSet<&str> = names.iter().map(|name| name.split('.').nth(1).unwrap()).collect();
    assert_eq!((names.len(), runs.len()), (RUNS, RUNS), "each run has one file");
    let other = Engine::builder().in_memory().workflow(item).start().soon().await.unwrap();
    for name in &names {
        let run = other.import(folder.join(name)).soon().await.unwrap();
        assert_eq!(run.status().soon().await.unwrap().status, Status::Completed, "{name}");
    }
}
