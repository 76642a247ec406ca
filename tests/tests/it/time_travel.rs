//! A run's context as of any entry, and the history of its changes.

use limits::Soon as _;
use steadfast::history::Kind;
use steadfast::prelude::*;

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Parcel {
    from: String,
    #[context(default)]
    grams: u64,
    #[context(default)]
    label: Bytes,
    #[context(default)]
    share: f64,
}

#[step]
async fn weigh(ctx: &Parcel) -> Result<u64> {
    Ok(ctx.from.len() as u64 * 100)
}

#[workflow(context = Parcel)]
async fn ship(start: Start<Parcel>) -> Result<u64> {
    let mut flow = start.with(Parcel::builder().from("Ulm").build()).await?;
    let grams = weigh(&flow).await?;
    flow.update(|c| c.grams(grams).label(Bytes::from_static(&[7; 300]))).await?;
    assert!(flow.update(|c| c.share(f64::NAN)).await.is_err());
    flow.sleep(Duration::from_hours(2)).await?;
    flow.update(|c| c.grams(c.grams + 1)).await?;
    Ok(flow.grams)
}

async fn shipped() -> steadfast::RunHandle<u64> {
    let engine = Engine::builder().in_memory().skip_sleeps().workflow(ship).start().await.unwrap();
    let run = engine.start(ship, ()).id("parcel-1").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 301);
    run
}

#[tokio::test]
async fn the_context_at_any_entry_is_the_one_of_then() {
    let run = shipped().await;
    let changes: Vec<u64> = run.context_history().await.unwrap().entries().iter().map(|entry| entry.seq).collect();
    let at = async |seq| run.context_at::<Parcel>(seq).await.unwrap();
    assert_eq!(at(changes[0] - 1).await, None);
    assert_eq!(at(changes[0]).await, Some(Parcel::builder().from("Ulm").build()));
    assert_eq!(at(changes[1] - 1).await.unwrap().grams, 0);
    assert_eq!(at(changes[1]).await.unwrap().grams, 300);
    assert_eq!(at(changes[2]).await.unwrap(), at(changes[1]).await.unwrap(), "a refused change changes nothing");
    let last = at(u64::MAX).await.unwrap();
    assert_eq!((last.grams, last.label.len()), (301, 300));
}

#[tokio::test]
async fn the_history_says_who_changed_what_when() {
    let run = shipped().await;
    let history = run.context_history().await.unwrap();
    let kinds: Vec<Kind> = history.entries().iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Kind::ContextSet, Kind::ContextUpdated, Kind::ContextRefused, Kind::ContextUpdated]);
    let after = history.entries()[1].after.clone().unwrap();
    assert_eq!((after.1, after.2.as_deref()), (Kind::StepCompleted, Some("weigh")));
    let lines: Vec<String> = history.to_string().lines().map(str::to_owned).collect();
    assert_eq!(
        lines,
        [
            "context `Parcel` of run `parcel-1`",
            "     2    +0.000s  set at the start",
            "          from   \"Ulm\"",
            "          grams  0",
            "          label  <0 bytes, form bytes>",
            "          share  0.0",
            "     5    +0.000s  changed after step `weigh`",
            "          grams  0 -> 300",
            "          label  <0 bytes, form bytes> -> <300 bytes, form bytes>",
            "     6    +0.000s  refused after step `weigh`",
            "          field `share` of context `Parcel`: JSON has no NaN: it would be read back as nothing",
            "     9     +2h00m  changed after a sleep",
            "          grams  300 -> 301",
        ]
    );
}

#[tokio::test]
async fn two_points_differ_in_the_fields_that_changed_between_them() {
    let run = shipped().await;
    let diff = run.context_diff(2, u64::MAX).await.unwrap();
    let names: Vec<&str> = diff.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(names, ["grams", "label"]);
    assert_eq!(diff[0].to_string(), "0 -> 301");
    assert!(run.context_diff(5, 6).await.unwrap().is_empty());
    let from_nothing = run.context_diff(1, 2).await.unwrap();
    assert_eq!(from_nothing.len(), 4);
    assert_eq!(from_nothing[0].to_string(), "\"Ulm\"");
}

#[tokio::test]
async fn the_schema_is_recorded_with_the_run() {
    let run = shipped().await;
    let schema = run.context_schema().await.unwrap().unwrap();
    assert_eq!(schema, Parcel::schema().to_json());
    assert!(schema.contains(r#"{"name":"label","type":"Bytes","form":"bytes","required":false}"#), "{schema}");
}
