//! The scope of runs: what a start passes, what is inherited, and what code can read (cases O1, O2, O4, O6, O9).

use crate::flows::{Tally, deed};
use crate::steps::until;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::{
    Current, EngineError, Principal, RunFilter, Scope, StartCall, current, propagate, propagate_fn, scoped,
};

/// The scope that a body reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    kind: String,
    run: String,
    workflow: String,
    deadline: Option<SystemTime>,
    principal: Option<Principal>,
    parent: Option<String>,
    labels: BTreeMap<String, String>,
}

fn seen() -> Seen {
    let current = current().expect("a body");
    Seen {
        kind: match &current {
            Current::Workflow(_) => "Workflow",
            Current::Step(_) => "Step",
            Current::Transaction(_) => "Transaction",
            _ => "another",
        }
        .to_owned(),
        run: current.run_id().into(),
        workflow: current.workflow().into(),
        deadline: current.deadline(),
        principal: current.principal().cloned(),
        parent: current.parent().map(Into::into),
        labels: current.labels().clone(),
    }
}

#[step]
async fn look() -> Result<Seen> {
    Ok(seen())
}

#[workflow]
async fn looking(flow: &mut Flow) -> Result<(Seen, Seen)> {
    let step = look(flow).await?;
    Ok((seen(), step))
}

fn ada() -> Principal {
    Principal::new("ada").role("support").acting_for(Principal::new("customer-17").role("admin"))
}

async fn engine() -> Engine {
    Engine::builder().in_memory().skip_sleeps().workflow(looking).start().await.unwrap()
}

/// Returns the time `seconds` after the start of the tests' clock.
fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_577_836_800 + seconds)
}

#[tokio::test]
async fn what_a_start_is_given_is_recorded_and_seen_by_workflow_and_step() {
    let engine = engine().await;
    let run = engine.start(looking, ()).id("r").time_limit(Duration::from_mins(1)).principal(ada());
    let run = run.label("tenant", "old").label("tenant", "acme").await.unwrap();
    let (workflow, step) = run.result().soon().await.unwrap();
    assert_eq!((workflow.kind.as_str(), step.kind.as_str()), ("Workflow", "Step"));
    assert_eq!(Seen { kind: "Workflow".into(), ..step }, workflow);
    assert_eq!((workflow.run.as_str(), workflow.workflow.as_str()), ("r", "looking"));
    assert_eq!((workflow.deadline, workflow.principal, workflow.parent), (Some(at(60)), Some(ada()), None));
    assert_eq!(workflow.labels, BTreeMap::from([("tenant".into(), "acme".into())]));
    let kinds: Vec<Kind> = run.history().await.unwrap().iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds[..3], [Kind::RunStarted, Kind::ScopeSet, Kind::StepStarted]);
}

#[tokio::test]
async fn a_start_that_says_nothing_records_nothing() {
    let run = engine().await.start(looking, ()).await.unwrap();
    let (workflow, _) = run.result().soon().await.unwrap();
    assert_eq!((workflow.deadline, workflow.principal, workflow.labels.len()), (None, None, 0));
    assert!(run.history().await.unwrap().iter().all(|entry| entry.kind != Kind::ScopeSet));
}

#[tokio::test]
async fn a_repeated_start_is_the_same_run_whatever_its_scope() {
    let engine = engine().await;
    let first = engine.start(looking, ()).id("r").principal(ada()).label("a", "1").await.unwrap();
    let second = engine.start(looking, ()).id("r").label("a", "2").no_deadline().await.unwrap();
    assert!(first.is_new() && !second.is_new());
    assert_eq!(second.result().soon().await.unwrap().0.labels["a"], "1");
    let moment = SystemTime::now();
    let third = engine.start(looking, ()).id("r").deadline(moment).await.unwrap();
    assert_eq!(third.result().soon().await.unwrap().0.deadline, None);
}

#[tokio::test]
async fn runs_are_found_by_their_labels() {
    let engine = engine().await;
    for (id, tenant, kind) in [("a", "acme", "x"), ("b", "acme", "y"), ("c", "other", "x")] {
        engine.start(looking, ()).id(id).label("tenant", tenant).label("kind", kind).await.unwrap();
    }
    let ids = async |filter: RunFilter| -> Vec<String> {
        engine.list(filter).await.unwrap().into_iter().map(|run| run.id).collect()
    };
    assert_eq!(ids(RunFilter::all().label("tenant", "acme")).await, ["a", "b"]);
    assert_eq!(ids(RunFilter::all().label("tenant", "acme").label("kind", "x")).await, ["a"]);
    assert_eq!(ids(RunFilter::all().label("tenant", "nobody")).await, [""; 0]);
    let labels = engine.run("b").await.unwrap().labels().await.unwrap();
    assert_eq!(labels, BTreeMap::from([("kind".into(), "y".into()), ("tenant".into(), "acme".into())]));
}

#[tokio::test]
async fn what_cannot_be_a_key_or_a_label_is_refused() {
    let engine = engine().await;
    let start = || engine.start(looking, ());
    let long = || "x".repeat(513);
    let starts: [StartCall<'_, looking>; 5] = [
        start().deduplication_key(""),
        start().deduplication_key(long()),
        start().label("", "value"),
        start().label(long(), "value"),
        start().label("name", long()),
    ];
    for start in starts {
        let error = start.await.unwrap_err();
        assert!(error.to_string().contains("512 bytes"), "{error}");
    }
    start().label("name", "").await.unwrap();
}

#[step]
async fn gate(tally: String) -> Result<()> {
    deed(&tally, "at the gate");
    let tally = Tally::named(&tally);
    until(|| tally.count("open") > 0).await;
    Ok(())
}

#[workflow]
async fn gated(flow: &mut Flow, tally: String) -> Result<(Seen, Seen)> {
    gate(flow, tally).await?;
    let step = look(flow).await?;
    Ok((seen(), step))
}

#[tokio::test]
async fn a_held_deduplication_key_refuses_the_second_start_and_names_the_holder() {
    let tally = Tally::new("o9");
    let input = tally.name().to_owned();
    let engine = Engine::builder().in_memory().workflow(gated).start().await.unwrap();
    let holder = engine.start(gated, input.clone()).id("first").deduplication_key("order-7").await.unwrap();
    let second = || engine.start(gated, input.clone()).id("second").deduplication_key("order-7");
    let error = second().await.unwrap_err();
    assert!(matches!(&error, EngineError::Held { holder, .. } if holder == "first"), "{error}");
    assert!(error.to_string().contains("`first`") && error.to_string().contains("`order-7`"), "{error}");
    assert!(engine.run("second").await.is_err());
    let again = engine.start(gated, input.clone()).id("first").deduplication_key("order-7").await.unwrap();
    assert!(!again.is_new(), "the holder itself may be started again");
    deed(tally.name(), "open");
    holder.result().soon().await.unwrap();
    assert!(second().await.unwrap().is_new(), "the key is free once its holder has ended");
}

#[tokio::test]
async fn identity_and_deadline_are_restored_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let tally = Tally::new("o4");
    let open = async || {
        let builder = Engine::builder().sqlite(folder.path().join("runs.db")).workflow(gated).workflow(looking);
        builder.lease_term(Duration::from_millis(200)).start().await.unwrap()
    };
    let engine = open().await;
    let deadline = UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    let start = engine.start(gated, tally.name().to_owned()).id("r").principal(ada()).deadline(deadline);
    start.label("tenant", "acme").await.unwrap();
    until(|| tally.count("at the gate") == 1).await;
    drop(engine);
    deed(tally.name(), "open");
    let engine = open().await;
    let (workflow, step) = engine.handle(gated, "r").await.unwrap().result().soon().await.unwrap();
    assert_eq!((workflow.deadline, &workflow.principal), (Some(deadline), &Some(ada())));
    assert_eq!(workflow.labels["tenant"], "acme");
    assert_eq!(Seen { kind: "Workflow".into(), ..step }, workflow);
}

#[tokio::test]
async fn id_and_key_of_a_scope_are_for_its_first_start_only() {
    let engine = engine().await;
    let scope = Scope::new().id("one").label("request", "17").principal(ada());
    let (a, b, explicit) = scoped(scope, async {
        let spawned = engine.clone();
        // An id that one start has taken reaches neither a sibling task nor another branch.
        let task = tokio::spawn(async move { spawned.start(looking, ()).await.unwrap() });
        let (a, b) = join!(async { engine.start(looking, ()).await }, async { engine.start(looking, ()).await });
        let outside = task.await.unwrap().result().soon().await.unwrap().0;
        assert_ne!(outside.run, "one");
        assert_eq!((outside.principal, outside.labels.len()), (None, 0));
        (a.unwrap(), b.unwrap(), engine.start(looking, ()).id("mine").label("request", "18").await.unwrap())
    })
    .await;
    assert_eq!((a.id(), explicit.id()), ("one", "mine"));
    assert_ne!(b.id(), "one");
    for (run, label) in [(&a, "17"), (&b, "17"), (&explicit, "18")] {
        let seen = run.result().soon().await.unwrap().0;
        assert_eq!((seen.principal, seen.labels["request"].as_str()), (Some(ada()), label));
    }
    let after = engine.start(looking, ()).await.unwrap().result().soon().await.unwrap().0;
    assert_eq!((after.principal, after.labels.len()), (None, 0), "nothing is left behind");
}

#[tokio::test]
async fn of_nested_scopes_the_inner_wins_and_the_call_wins_over_both() {
    let engine = engine().await;
    let outer = Scope::new().id("outer").label("a", "outer").label("b", "outer").time_limit(Duration::from_secs(1));
    let inner = Scope::new().id("inner").label("b", "inner").principal(ada());
    let (first, second, third) = scoped(outer, async {
        let first = scoped(inner, engine.start(looking, ()).label("c", "call")).await.unwrap();
        let second = engine.start(looking, ()).no_deadline().await.unwrap();
        (first, second, engine.start(looking, ()).await.unwrap())
    })
    .await;
    assert_eq!(first.id(), "inner");
    assert_ne!(second.id(), "outer", "the first start inside took what is for one start");
    let first = first.result().soon().await.unwrap().0;
    let labels = [("a", "outer"), ("b", "inner"), ("c", "call")];
    assert_eq!(first.labels, labels.into_iter().map(|(name, value)| (name.into(), value.into())).collect());
    assert_eq!((first.deadline, first.principal), (Some(at(1)), Some(ada())));
    assert_eq!(second.result().soon().await.unwrap().0.deadline, None);
    let third = third.result().soon().await.unwrap().0;
    assert_eq!((third.deadline, third.principal), (Some(at(1)), None));
}

#[tokio::test]
async fn a_scope_whose_start_brings_its_own_id_has_none_left() {
    let engine = engine().await;
    let ids = scoped(Scope::new().id("scope"), async {
        let own = engine.start(looking, ()).with(Scope::new().id("own")).await.unwrap();
        [own.id().to_owned(), engine.start(looking, ()).await.unwrap().id().to_owned()]
    });
    let [own, next] = ids.await;
    assert_eq!(own, "own");
    assert_ne!(next, "scope");
}

/// The engine as a resource of steps.
#[derive(Default)]
struct Here(OnceLock<Engine>);

#[step]
async fn start_others(#[resource] here: &Here) -> Result<Vec<Seen>> {
    let engine = here.0.get().expect("set").clone();
    let plain = engine.start(looking, ()).await?;
    let own = engine.start(looking, ()).principal(Principal::new("eve")).no_deadline().await?;
    let surrounded = scoped(Scope::new().id("child"), engine.start(looking, ())).await?;
    let spawned = engine.clone();
    let lost = tokio::spawn(async move { spawned.start(looking, ()).await });
    let carried = scoped(Scope::new().id("not carried").label("from", "step"), async {
        let engine = engine.clone();
        tokio::spawn(propagate(async move { engine.start(looking, ()).await })).await
    });
    let mut all = Vec::new();
    for run in [plain, own, surrounded, lost.await??, carried.await??] {
        all.push(run.result().soon().await?.0);
    }
    Ok(all)
}

#[workflow(resources(Here))]
async fn starting(flow: &mut Flow) -> Result<Vec<Seen>> {
    Ok(start_others(flow).await?)
}

#[tokio::test]
async fn a_start_within_a_step_inherits_identity_and_deadline_and_nothing_else() {
    let cell: &'static Here = Box::leak(Box::default());
    let builder = Engine::builder().in_memory().skip_sleeps().workflow(looking).workflow(starting);
    let engine = builder
        .resource_with(async move || {
            until(|| cell.0.get().is_some()).await;
            Ok::<_, steadfast::Error>(Here(cell.0.clone()))
        })
        .start()
        .await
        .unwrap();
    let _ = cell.0.set(engine.clone());
    let run = engine.start(starting, ()).id("parent").principal(ada()).time_limit(Duration::from_secs(9));
    let run = run.label("tenant", "acme").await.unwrap();
    let found = run.result().soon().await.unwrap();
    let [plain, own, surrounded, lost, carried] = &found[..] else { panic!("{found:?}") };
    assert_eq!((plain.deadline, &plain.principal, plain.labels.len()), (Some(at(9)), &Some(ada()), 0));
    assert_eq!((own.deadline, &own.principal), (None, &Some(Principal::new("eve"))));
    assert_eq!((surrounded.run.as_str(), surrounded.deadline), ("child", Some(at(9))));
    assert_eq!((lost.deadline, &lost.principal), (None, &None), "a spawned task is nobody's");
    assert_eq!(
        (carried.deadline, &carried.principal, carried.labels["from"].as_str()),
        (Some(at(9)), &Some(ada()), "step")
    );
    assert!(found.iter().all(|seen| seen.run != "parent" && seen.run != "not carried"));
}

#[derive(StepContext, Clone)]
struct Count {
    #[context(default)]
    runs: u64,
}

#[workflow(context = Count)]
async fn counting(flow: &mut Flow<Count>) -> Result<(u64, Seen)> {
    flow.update(|c| c.runs(c.runs + 1)).await?;
    Ok((flow.runs, seen()))
}

#[tokio::test]
async fn a_run_that_continues_another_acts_under_a_scope_of_its_own() {
    let engine = Engine::builder().in_memory().skip_sleeps().workflow(counting).start().await.unwrap();
    let start = |id: &str| engine.start(counting, ()).id(id);
    start("a").principal(Principal::new("eve")).label("old", "x").await.unwrap().result().soon().await.unwrap();
    let next =
        || start("b").continuing("a").principal(ada()).time_limit(Duration::from_secs(5)).label("tenant", "acme");
    let run = next().await.unwrap();
    let (runs, seen) = run.result().soon().await.unwrap();
    assert_eq!((runs, seen.principal, seen.deadline), (2, Some(ada()), Some(at(5))));
    assert_eq!(run.labels().await.unwrap(), BTreeMap::from([("tenant".into(), "acme".into())]));
    assert!(!next().await.unwrap().is_new());
    assert!(start("b").await.is_err(), "the same id, but not continuing the same run");
    let error = start("c").continuing("a").deduplication_key("k").await.unwrap_err();
    assert!(error.to_string().contains("deduplication key"), "{error}");
}

#[test]
fn outside_of_any_run_there_is_nothing_and_no_panic() {
    assert!(current().is_none());
    assert!(std::thread::spawn(propagate_fn(|| current().is_none())).join().unwrap());
}

#[step]
async fn kinds() -> Result<bool> {
    let current = current().expect("a step");
    Ok(matches!(current, Current::Step(_)) && current.step().is_some_and(|step| step.name == "kinds"))
}

#[workflow]
async fn kinds_of(flow: &mut Flow) -> Result<bool> {
    let here = current().is_some_and(|current| matches!(current, Current::Workflow(_)) && current.step().is_none());
    Ok(here && kinds(flow).await? && flow.run("inline", async || Ok::<_, Error>(current().is_some())).await?)
}

#[tokio::test]
async fn code_can_ask_what_kind_of_body_it_is_in() {
    let engine = Engine::builder().in_memory().workflow(kinds_of).start().await.unwrap();
    assert!(engine.start(kinds_of, ()).await.unwrap().result().soon().await.unwrap());
    let report = steadfast::testing::crash_everywhere(looking, ()).with(Scope::new().principal(ada())).await;
    assert_eq!(report.results, 1, "{report:?}");
}
