//! The spans and events for `tracing`: they have ids and names, and no stored values of users.

mod instrumented;
mod starts;

use crate::steps::until_asked;
use serde::{Deserialize, Serialize};
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use steadfast::prelude::*;
use steadfast::{Message, Secret};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// A subscriber that records one line for each span and event.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Lines {
    fn add(&self, kind: &str, metadata: &Metadata<'_>, record: impl FnOnce(&mut Line)) {
        let mut line = Line(format!("{kind} {}", metadata.name()));
        record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn with(&self, words: &[&str]) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        lines.iter().filter(|line| words.iter().all(|word| line.contains(word))).cloned().collect()
    }
}

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.add("span", span.metadata(), |line| span.record(line));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.add("event", event.metadata(), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Message, Serialize, Deserialize)]
struct Order {
    card: String,
}

#[derive(StepContext, Clone, Debug)]
struct Shop {
    #[context(default)]
    address: String,
}

#[step]
async fn charge(card: String, pin: Secret<String>) -> Result<String> {
    tracing::info!(?pin, "charging");
    Ok(format!("charged {card}"))
}

#[workflow]
async fn child(flow: &mut Flow, card: String) -> Result<()> {
    flow.sleep(Duration::ZERO).await?;
    flow.publish("card", &card);
    Ok(())
}

#[workflow(context = Shop)]
async fn shop(flow: &mut Flow<Shop>) -> Result<()> {
    let order = flow.receive::<Order>().await?;
    flow.update(|shop| shop.address("planted-4711".to_owned())).await?;
    charge(&*flow, order.card.clone(), Secret::new("planted-4711".to_owned())).await?;
    flow.start(child, order.card).await.await?;
    Ok(())
}

#[tokio::test]
async fn spans_and_events_have_ids_and_no_values() {
    let lines = Lines::default();
    // With only one subscriber, `tracing` caches the interest of the thread that first reaches an event, which may be
    // that of another test without any subscriber.
    let _another = tracing::Dispatch::new(Lines::default());
    let _subscribed = tracing::subscriber::set_default(lines.clone());
    let folder = tempfile::tempdir().unwrap();
    let start = async || {
        let keys = steadfast::StaticKeys::new(steadfast::Key::new("k", [7; 32]));
        let builder = Engine::builder().sqlite(folder.path().join("runs.db")).workflow(shop).workflow(child).keys(keys);
        builder.start().await.unwrap()
    };
    let engine = start().await;
    engine.start(shop, ()).id("shop-1").await.unwrap();
    until_asked(async || !lines.with(&["event", "receive_started"]).is_empty()).await;
    drop(engine);
    let engine = start().await;
    engine.send("shop-1", Order { card: "planted-4711".into() }).await.unwrap();
    let run = engine.handle(shop, "shop-1").await.unwrap();
    tokio::time::timeout(Duration::from_mins(1), run.result()).await.expect("it ends within a minute").unwrap();

    let runs = lines.with(&["span run", "run=shop-1", "workflow=\"shop\""]);
    let runs = if runs.is_empty() { lines.with(&["span run", "run=shop-1"]) } else { runs };
    assert_eq!(runs.len(), 2, "one for each load: {runs:?}");
    let link = |line: &String| line.split(" trace=").nth(1).unwrap()[..32].to_owned();
    assert_eq!(link(&runs[0]), link(&runs[1]), "the loads are linked over processes");
    let attempts = lines.with(&["span attempt", "step=charge", "position=", "attempt=1"]);
    assert_eq!(attempts.len(), 1, "{attempts:?}");
    assert_eq!(link(&attempts[0]), link(&runs[0]));
    for kind in [
        "run_started",
        "message_received",
        "context_updated",
        "step_started",
        "step_completed",
        "child_started",
        "child_ended",
        "run_completed",
        "value_published",
    ] {
        assert!(!lines.with(&["event", kind, "run=", "seq="]).is_empty(), "no event for {kind}");
    }
    assert!(lines.with(&["planted-4711"]).is_empty(), "{:?}", lines.with(&["planted-4711"]));
}
