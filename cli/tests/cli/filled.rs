//! A database with something of everything, on SQLite and on Postgres.

use limits::{Soon as _, until};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use steadfast::inspect::Inspector;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Key, Queue, Schedule, Secret, StaticKeys, Status, WaitsFor};
use tempfile::TempDir;
use throwaway_postgres::{Cluster, Database};

/// What no output may show.
pub(crate) const SECRET: &str = "4000-0012-3456-7899";

#[derive(StepContext, Clone)]
struct Order {
    tenant: String,
    #[context(default, index)]
    cents: u64,
    #[context(default, index)]
    status: String,
    #[context(default)]
    card: Secret<String>,
}

#[derive(StepContext, Clone)]
struct Tally {
    #[context(default)]
    parcels: u64,
}

#[derive(Message, Serialize, Deserialize)]
struct MaySend {
    cents: u64,
}

#[derive(Message, Serialize, Deserialize)]
struct Yes(bool);

#[derive(Message, Serialize, Deserialize)]
struct Stop(u64);

#[step(retry(attempts = 3, backoff = "5ms"))]
async fn charge(_ctx: &Order, cents: u64) -> Result<u64> {
    let attempt = steadfast::current().and_then(|current| current.step().map(|step| step.attempt));
    if attempt == Some(1) {
        return Err(steadfast::Error::msg("the bank is \u{1b}[31maway\u{9b}"));
    }
    Ok(cents)
}

#[step]
async fn pack(state: &State<Tally>, n: u64) -> Result<u64> {
    state.set("last", &n).await?;
    Ok(state
        .edit(|tally| {
            tally.parcels += n;
            tally.parcels
        })
        .await?)
}

#[step(queue = "gpu")]
async fn draw(n: u64) -> Result<u64> {
    Ok(n)
}

#[workflow]
async fn parcel(flow: &mut Flow, n: u64) -> Result<u64> {
    Ok(flow.receive::<Stop>().await?.0 + n)
}

#[workflow]
async fn picture(flow: &mut Flow, n: u64) -> Result<u64> {
    Ok(draw(flow, n).await?)
}

#[workflow]
async fn broken(_flow: &mut Flow, why: String) -> Result<()> {
    Err(steadfast::Error::msg(why))
}

#[workflow]
async fn nightly(_flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow(name = "changing")]
async fn before(flow: &mut Flow) -> Result<u64> {
    Ok(flow.receive::<Stop>().await?.0)
}

#[workflow(name = "changing")]
async fn after(flow: &mut Flow) -> Result<u64> {
    flow.sleep(Duration::from_secs(1)).await;
    Ok(flow.receive::<Stop>().await?.0)
}

#[workflow(context = Order, state = Tally)]
async fn order(start: Start<Order>, card: Secret<String>) -> Result<u64> {
    let mut flow = start.with(Order::builder().tenant("red\u{202e}\n").card(card).build()).await?;
    let cents = charge(&flow, 500).await?;
    flow.update(|order| order.cents(cents).status("paid")).await?;
    pack(&flow, 2).await?;
    let _child = flow.start(parcel, 7).id("parcel-1").await;
    let Yes(yes) = flow.request::<MaySend, Yes>(MaySend { cents }).await?;
    flow.update(|order| order.status(if yes { "sent" } else { "kept" })).await?;
    Ok(cents)
}

/// A database, and the engine that is at work on it.
pub(crate) struct Filled {
    /// The name by which a program opens it.
    pub(crate) name: String,
    pub(crate) engine: Engine,
    place: Place,
}

#[expect(dead_code, reason = "it is there as long as the test")]
enum Place {
    File(TempDir),
    Postgres(Database),
}

impl Filled {
    pub(crate) async fn file() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let path = folder.path().join("runs.db");
        let name = path.display().to_string();
        Self::fill(Place::File(folder), name, || Engine::builder().sqlite(&path)).await
    }

    /// Returns `None` if this machine has no server.
    pub(crate) async fn postgres() -> Option<Self> {
        let database = Cluster::shared()?.database("cli");
        let url = database.url().to_owned();
        let place = Place::Postgres(database);
        Some(Self::fill(place, url.clone(), || Engine::builder().postgres(url.as_str())).await)
    }

    /// Starts one more run that waits.
    pub(crate) async fn many(&self, id: &str) {
        self.engine.start(parcel, 1).id(id).soon().await.expect("started");
    }

    /// Returns an inspector that needs no engine.
    pub(crate) async fn inspector(&self) -> Inspector {
        match &self.place {
            Place::File(_) => Inspector::sqlite(&self.name).await.expect("opened"),
            Place::Postgres(_) => Inspector::postgres(&self.name).await.expect("opened"),
        }
    }

    async fn fill(place: Place, name: String, builder: impl Fn() -> EngineBuilder) -> Self {
        let first = builder().workflow(before).start().soon().await.expect("the engine starts");
        first.start(before, ()).id("changed-1").soon().await.expect("started");
        until(async || first.inspect().history("changed-1", &paging()).await.is_ok_and(|page| page.items.len() > 1))
            .await;
        first.shutdown(Duration::from_secs(10)).soon().await.expect("it ends");

        let builder = with_workflows(builder()).workflow(after).queue(Queue::new("mail").total(5));
        let engine = builder.start().soon().await.expect("the engine starts");
        fill(&engine).await;
        Self { name, engine, place }
    }
}

fn with_workflows(builder: EngineBuilder) -> EngineBuilder {
    let keys = StaticKeys::new(Key::new("2026", [7; 32]));
    let builder = builder.keys(keys).workflow(order).workflow(parcel).workflow(broken).workflow(picture);
    builder.workflow(nightly)
}

/// Returns the builder of a program with the workflows of the database; one of them may have changed.
pub(crate) fn own_builder(changed: bool) -> EngineBuilder {
    let builder = with_workflows(Engine::builder());
    if changed { builder.workflow(after) } else { builder.workflow(before) }
}

fn paging() -> steadfast::inspect::Paging {
    steadfast::inspect::Paging::first(100)
}

async fn fill(engine: &Engine) {
    // A run that waits is replayed when something comes.
    engine.send("changed-1", Stop(1)).soon().await.expect("sent");
    let parked = async || engine.inspect().run("changed-1").await.is_ok_and(|run| run.run.status == Status::Parked);
    until(parked).await;
    let call = engine.start(order, Secret::new(SECRET.to_owned())).id("order-1").label("tenant", "red");
    let run = call.soon().await.expect("started");
    until(async || {
        let waits = run.status().await.expect("read").waits_for;
        waits.iter().any(|wait| matches!(wait.for_what, WaitsFor::Answer { .. }))
    })
    .await;
    let waits = async |id: &str| !engine.inspect().run(id).await.expect("read").waits_for.is_empty();
    until(async || waits("parcel-1").await).await;
    let failed = engine.start(broken, "no \u{1b}[2Jpaper".to_owned()).id("broken-1").soon().await.expect("started");
    failed.result().soon().await.expect_err("it fails");
    engine.start(picture, 3).id("picture-1").soon().await.expect("started");
    until(async || !engine.inspect().queues().await.expect("read").is_empty()).await;
    let schedule = engine.schedule("nightly");
    schedule.set(Schedule::cron("0 3 1 1 *").zone("Europe/Berlin"), nightly, ()).soon().await.expect("set");
    // What waits for a while leaves memory, which changes its row.
    for id in ["order-1", "parcel-1"] {
        until(async || engine.inspect().run(id).await.expect("read").run.status == Status::Sleeping).await;
    }
}
