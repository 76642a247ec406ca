//! Lists of runs: filters, pages, counts.

use crate::order::{self, inspectors};
use crate::place::Place;
use crate::tests_on;
use limits::Soon as _;
use std::time::{Duration, SystemTime};
use steadfast::inspect::{InspectError, Inspector, Paging, RunSummary, RunsQuery};
use steadfast::{Engine, Status};

tests_on!(
    file, memory, postgres:
    each_filter_restricts, pages_go_through_all_runs, a_run_may_vanish_between_two_pages, what_makes_no_sense_is_refused,
);

/// Starts runs `x-0` to `x-11`: the even ones end, the others wait.
async fn started(engine: &Engine) {
    for n in 0..12_u64 {
        let id = format!("{}-{n}", if n < 6 { "alpha" } else { "Beta" });
        let call = engine.start(order::parcel, n % 2).id(&id).label("third", (n % 3).to_string());
        let run = call.label("all", "yes").soon().await.expect("started");
        if n % 2 == 0 {
            run.result().soon().await.expect("done");
        }
    }
}

async fn ids(inspector: &Inspector, query: RunsQuery) -> Vec<u64> {
    let page = inspector.runs(&query).soon().await.expect("read");
    assert!(page.damaged.is_empty());
    numbers(&page.items)
}

/// Returns the numbers in the ids of runs.
fn numbers(runs: &[RunSummary]) -> Vec<u64> {
    runs.iter().map(|run| run.id.rsplit('-').next().and_then(|n| n.parse().ok()).expect("a number")).collect()
}

async fn each_filter_restricts(place: Place) {
    let engine = order::engine(&place).await;
    let before = SystemTime::now() - Duration::from_mins(1);
    started(&engine).await;
    for inspector in inspectors(&place, &engine).await {
        let all = RunsQuery::all;
        assert_eq!(ids(&inspector, all()).await, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(ids(&inspector, all().oldest_first().limit(3)).await, [0, 1, 2]);
        assert_eq!(ids(&inspector, all().status(Status::Completed)).await, [10, 8, 6, 4, 2, 0]);
        assert_eq!(
            ids(&inspector, all().status(Status::Completed).status(Status::Running).status(Status::Sleeping))
                .await
                .len(),
            12
        );
        assert!(ids(&inspector, all().status(Status::Failed)).await.is_empty());
        assert_eq!(ids(&inspector, all().workflow("parcel").label("third", "1")).await, [10, 7, 4, 1]);
        assert_eq!(
            ids(
                &inspector,
                all().label("third", "1").label("all", "yes").status(Status::Running).status(Status::Sleeping)
            )
            .await,
            [7, 1]
        );
        assert!(ids(&inspector, all().workflow("order")).await.is_empty());
        assert_eq!(ids(&inspector, all().id_prefix("Beta")).await, [11, 10, 9, 8, 7, 6]);
        assert_eq!(ids(&inspector, all().id_contains("eta-1")).await, [11, 10]);
        assert!(ids(&inspector, all().id_contains("ALPHA")).await.is_empty());
        assert_eq!(ids(&inspector, all().started_from(before).changed_from(before)).await.len(), 12);
        assert!(ids(&inspector, all().started_before(before)).await.is_empty());
        assert!(ids(&inspector, all().changed_before(before)).await.is_empty());

        let count = async |query| inspector.count(&query).soon().await.expect("counted");
        assert_eq!(count(all()).await.to_string(), "12");
        assert_eq!(count(all().label("third", "1").limit(1)).await.value, 4);
        let counts = inspector.count_by_status(&all()).soon().await.expect("counted");
        // A run that waits is in memory for a while, and then sleeps.
        let waiting = |status| matches!(status, Status::Running | Status::Sleeping);
        let of = |wanted: &dyn Fn(Status) -> bool| {
            counts.iter().filter(|of| wanted(of.status)).map(|of| of.count.value).sum::<u64>()
        };
        assert!(of(&waiting) == 6 && of(&|status| status == Status::Completed) == 6, "{counts:?}");
        assert!(counts.len() <= 3 && counts.iter().all(|of| !of.count.capped), "{counts:?}");
    }
}

async fn pages_go_through_all_runs(place: Place) {
    let engine = order::engine(&place).await;
    started(&engine).await;
    for inspector in inspectors(&place, &engine).await {
        for query in [RunsQuery::all(), RunsQuery::all().oldest_first(), RunsQuery::all().id_contains("-")] {
            let whole = ids(&inspector, query.clone()).await;
            let (mut found, mut page) = (Vec::new(), query.clone().limit(5));
            loop {
                let read = inspector.runs(&page).soon().await.expect("read");
                found.extend(numbers(&read.items));
                let Some(next) = read.next else { break };
                page = query.clone().limit(5).after(next);
            }
            assert_eq!((found.len(), &found), (12, &whole), "all in the same order, none twice");
        }
    }
}

async fn a_run_may_vanish_between_two_pages(place: Place) {
    let engine = order::engine(&place).await;
    started(&engine).await;
    let inspector = engine.inspect();
    let query = RunsQuery::all().status(Status::Completed).limit(2);
    let first = inspector.runs(&query).soon().await.expect("read");
    assert_eq!(first.items.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["Beta-10", "Beta-8"]);
    for gone in ["Beta-8", "Beta-6"] {
        engine.run(gone).soon().await.expect("there").delete().soon().await.expect("deleted");
    }
    let next = first.next.expect("more");
    let second = inspector.runs(&query.after(next)).soon().await.expect("read");
    assert_eq!(second.items.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["alpha-4", "alpha-2"]);
    let error = inspector.history("Beta-8", &Paging::first(9)).soon().await.expect_err("gone");
    assert_eq!(error.to_string(), "no run has the id `Beta-8`; list the runs to find it");
}

async fn what_makes_no_sense_is_refused(place: Place) {
    let engine = order::engine(&place).await;
    started(&engine).await;
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let newest = engine.inspect().runs(&RunsQuery::all().limit(1)).soon().await.expect("read").next.expect("more");
    for inspector in inspectors(&place, &engine).await {
        let all = RunsQuery::all;
        let cases = [
            (all().limit(0), "a page has 1 to 1000 items, not 0"),
            (all().limit(5_000), "a page has 1 to 1000 items, not 5000"),
            (all().after("nonsense"), "`nonsense` is not a cursor of this list"),
            (all().after("n\u{e9}"), "is not a cursor of this list"),
            (all().oldest_first().after(newest.clone()), "with the same filter and order"),
            (all().started_from(now).started_before(now), "no run was started from 1000 on and before 1000"),
            (all().label("", "x"), "the name of a label has 1 to 512 bytes, this one has 0"),
            (all().workflow(""), "the name of a workflow has 1 to 512 bytes, this one has 0"),
            (all().id_contains("x".repeat(600)), "a text in an id has 1 to 512 bytes, this one has 600"),
        ];
        for (query, expected) in cases {
            let error = inspector.runs(&query).soon().await.expect_err(expected);
            assert!(matches!(error, InspectError::BadQuery(_)) && error.to_string().contains(expected), "{error}");
        }
        let error = inspector.runs(&all().parent("none")).soon().await.expect_err("no parent");
        assert!(matches!(&error, InspectError::NoSuchRun { id } if id == "none"), "{error}");
        let error = inspector.history("alpha-0", &Paging::first(5).after("x")).soon().await.expect_err("no number");
        assert!(error.to_string().starts_with("`x` is not a cursor of this list"), "{error}");
        let error = inspector.steps("alpha-0", &Paging::first(0)).soon().await.expect_err("no page");
        assert!(matches!(error, InspectError::BadQuery(_)), "{error}");
    }
}
