//! A database with something of everything that the pages show, on SQLite and on Postgres.

use limits::{Soon as _, until};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use steadfast::inspect::{Inspector, Paging};
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Queue, Schedule, Status, WaitsFor};
use tempfile::TempDir;
use throwaway_postgres::{Cluster, Database};

/// What a browser must show as text: wherever users' texts go, this one goes too.
pub(crate) const SCRIPT: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Item {
    name: String,
    state: String,
}

#[derive(StepContext, Clone)]
struct Order {
    customer: String,
    #[context(default, index)]
    cents: u64,
    #[context(default, index)]
    status: String,
    #[context(default)]
    items: Vec<Item>,
    #[context(default)]
    note: String,
}

#[derive(StepContext, Clone)]
struct Counter {
    #[context(default)]
    n: u64,
    #[context(default)]
    last: String,
}

#[derive(Message, Serialize, Deserialize)]
struct MaySend {
    cents: u64,
    because: String,
}

#[derive(Message, Serialize, Deserialize)]
struct Verdict {
    yes: bool,
    remark: String,
}

#[derive(Message, Serialize, Deserialize)]
struct Stop(u64);

#[step]
async fn reserve(ctx: &Order) -> Result<Vec<Item>> {
    tokio::time::sleep(Duration::from_millis(12)).await;
    let reserved = |item: &Item| Item { state: "reserved".to_owned(), ..item.clone() };
    Ok(ctx.items.iter().map(reserved).collect())
}

#[step(retry(attempts = 3, backoff = "25ms"))]
async fn charge(ctx: &Order, cents: u64) -> Result<u64> {
    tokio::time::sleep(Duration::from_millis(8)).await;
    let attempt = steadfast::current().and_then(|current| current.step().map(|step| step.attempt));
    if attempt == Some(1) {
        let inner = std::io::Error::other("connection reset by peer");
        return Err(steadfast::Error::msg(format!(
            "cannot charge {}: the bank does not answer: {inner}",
            ctx.customer
        )));
    }
    Ok(cents)
}

#[step]
async fn receipt(ctx: &Order) -> Result<String> {
    tokio::time::sleep(Duration::from_millis(6)).await;
    Ok(format!("{} pays {} cents. {}", ctx.customer, ctx.cents, "Thank you for your order. ".repeat(12)))
}

#[step]
async fn add(ctx: &Counter, by: u64) -> Result<u64> {
    Ok(ctx.n + by)
}

#[step(retry(attempts = 2, backoff = "1ms"))]
async fn shaky(n: u64) -> Result<u64> {
    let attempt = steadfast::current().and_then(|current| current.step().map(|step| step.attempt));
    if n.is_multiple_of(90) && attempt == Some(1) {
        return Err(steadfast::Error::msg("a shaky step"));
    }
    Ok(n)
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

/// Updates its context in every tenth step.
#[workflow(context = Counter)]
async fn long(flow: &mut Flow<Counter>, steps: u64) -> Result<u64> {
    for step in 0..steps {
        let n = add(flow, 1).await?;
        if step % 10 == 0 {
            flow.update(|c| c.n(n).last(format!("step {step}"))).await?;
        }
        if step % 30 == 0 {
            shaky(flow, step).await?;
        }
    }
    Ok(flow.n)
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

#[workflow(context = Order)]
async fn order(start: Start<Order>, note: String) -> Result<u64> {
    let parcel_id = if note == SCRIPT { "parcel-1" } else { "parcel-2" };
    let item = |name: &str| Item { name: name.to_owned(), state: "ordered".to_owned() };
    let items = vec![item("tea"), item("cups"), item("a kettle")];
    let context = Order::builder().customer("Ada Lovelace").items(items).note(note).status("new").build();
    let mut flow = start.with(context).await?;
    let items = reserve(&flow).await?;
    flow.update(|order| order.items(items).status("reserved")).await?;
    let cents = charge(&flow, 4_999).await?;
    flow.update(|order| order.cents(cents).status("paid")).await?;
    flow.sleep(Duration::from_millis(30)).await;
    let text = receipt(&flow).await?;
    flow.update(|order| order.note(text)).await?;
    let _child = flow.start(parcel, 7).id(parcel_id).await;
    let ask = MaySend { cents, because: SCRIPT.to_owned() };
    let verdict = flow.request::<MaySend, Verdict>(ask).await?;
    flow.update(|order| order.status(if verdict.yes { "sent" } else { "kept" })).await?;
    Ok(cents)
}

#[derive(Event)]
struct Page(String);

#[derive(Event)]
struct Words(usize);

/// Counts words, event by event.
pub(crate) struct Count;

#[workflow]
impl Count {
    #[step]
    async fn split(begin: Begin<String>) -> Result<Vec<Page>> {
        Ok(begin.lines().map(|line| Page(line.to_owned())).collect())
    }

    #[step]
    async fn count(page: Page) -> Result<Words> {
        Ok(Words(page.0.split_whitespace().count()))
    }

    #[step]
    async fn total(#[collect] words: Vec<Words>) -> Result<steadfast::Stop<usize>> {
        Ok(steadfast::Stop(words.iter().map(|words| words.0).sum()))
    }
}

/// A database, and the engine that is at work on it.
pub(crate) struct Filled {
    pub(crate) name: String,
    pub(crate) engine: Engine,
    place: Place,
}

enum Place {
    File(#[expect(dead_code, reason = "it is there as long as the test")] TempDir),
    Postgres(#[expect(dead_code, reason = "it is there as long as the test")] Database),
}

#[allow(dead_code, reason = "an example uses a part")]
impl Filled {
    pub(crate) async fn file(folder: TempDir) -> Self {
        let path = folder.path().join("runs.db");
        let name = path.display().to_string();
        Self::fill(Place::File(folder), name, || Engine::builder().sqlite(&path)).await
    }

    /// Returns `None` if this machine has no server.
    pub(crate) async fn postgres() -> Option<Self> {
        let database = Cluster::shared()?.database("console");
        let url = database.url().to_owned();
        Some(Self::fill(Place::Postgres(database), url.clone(), || Engine::builder().postgres(url.as_str())).await)
    }

    /// Returns an inspector that needs no engine.
    pub(crate) async fn inspector(&self) -> Inspector {
        match &self.place {
            Place::File(_) => Inspector::sqlite(&self.name).await.expect("opened"),
            Place::Postgres(_) => Inspector::postgres(&self.name).await.expect("opened"),
        }
    }

    /// Starts a run that waits for a message.
    pub(crate) async fn waiting(&self, id: &str) {
        self.engine.start(parcel, 1).id(id).soon().await.expect("started");
    }

    /// Starts an order with a note, which waits for a person.
    pub(crate) async fn order(&self, id: &str, note: &str) {
        let run =
            self.engine.start(order, note.to_owned()).id(id).label("color", "blue").soon().await.expect("started");
        until(async || asks(&run.status().await.expect("read").waits_for)).await;
    }

    /// Has a run end that waits for a message.
    pub(crate) async fn stop(&self, id: &str) {
        self.engine.send(id, Stop(1)).soon().await.expect("sent");
        let inspector = self.engine.inspect();
        until(async || inspector.run(id).await.is_ok_and(|run| run.run.status.is_final())).await;
    }

    /// Runs one of many steps to its end.
    pub(crate) async fn long(&self, id: &str, steps: u64) {
        let run = self.engine.start(long, steps).id(id).soon().await.expect("started");
        run.result().soon().await.expect("it ends");
    }

    async fn fill(place: Place, name: String, builder: impl Fn() -> EngineBuilder) -> Self {
        let first = builder().workflow(before).start().soon().await.expect("the engine starts");
        first.start(before, ()).id("changed-1").soon().await.expect("started");
        let has_waited = async || {
            let page = first.inspect().history("changed-1", &Paging::first(9)).await;
            page.is_ok_and(|page| page.items.len() > 1)
        };
        until(has_waited).await;
        first.shutdown(Duration::from_secs(10)).soon().await.expect("it ends");
        let builder = builder().workflow(order).workflow(parcel).workflow(broken).workflow(picture).workflow(long);
        let builder = builder
            .workflow(nightly)
            .workflow(after)
            .workflow(Count)
            .queue(Queue::new("mail").total(5).key(|n: &u64| format!("customer-{n}")));
        let engine = builder.start().soon().await.expect("the engine starts");
        fill(&engine).await;
        Self { name, engine, place }
    }
}

fn asks(waits: &[steadfast::Wait]) -> bool {
    waits.iter().any(|wait| matches!(wait.for_what, WaitsFor::Answer { .. }))
}

async fn fill(engine: &Engine) {
    let inspector = engine.inspect();
    // A run that waits is replayed when something comes.
    engine.send("changed-1", Stop(1)).soon().await.expect("sent");
    until(async || inspector.run("changed-1").await.is_ok_and(|run| run.run.status == Status::Parked)).await;
    let call = engine.start(order, SCRIPT.to_owned()).id("order-1").label("tenant", SCRIPT).label("color", "red");
    let run = call.soon().await.expect("started");
    until(async || asks(&run.status().await.expect("read").waits_for)).await;
    let waits = async |id: &str| !inspector.run(id).await.expect("read").waits_for.is_empty();
    until(async || waits("parcel-1").await).await;
    for (id, why) in [("broken-1", format!("no paper: {SCRIPT}: tray 2 is empty")), ("broken-2", "no ink".to_owned())] {
        let failed = engine.start(broken, why).id(id).soon().await.expect("started");
        failed.result().soon().await.expect_err("it fails");
    }
    engine.start(picture, 3).id("picture-1").soon().await.expect("started");
    until(async || waits("picture-1").await).await;
    let counted =
        engine.start(Count, "one two\nthree\nfour five six".to_owned()).id("count-1").soon().await.expect("started");
    counted.result().soon().await.expect("it ends");
    for n in 0..3_u64 {
        let id = format!("mail-{n}");
        engine.start(parcel, n % 2).id(id).queue("mail").soon().await.expect("started");
    }
    let times = Schedule::cron("30 2 * * *").zone("Europe/Berlin");
    engine.schedule("nightly").set(times, nightly, ()).soon().await.expect("set");
    let strange = format!("strange {SCRIPT}/..?&#%");
    engine.start(parcel, 1).id(&strange).soon().await.expect("started");
    until(async || waits(&strange).await).await;
}
