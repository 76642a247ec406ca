//! `queues`, `workers`, `health`: tasks that wait, engines, and the size of the database.

use crate::args::ListArgs;
use crate::exit::Failure;
use crate::list::{Listed, pages, paging, whole};
use crate::out::Out;
use crate::table::Cell;
use steadfast::inspect::{Inspector, StoreHealth, TableSize};
use steadfast::{QueueInfo, QueueKey, Worker};

impl Listed for QueueInfo {
    const NAME: &'static str = "queues with tasks";
    const COLUMNS: &'static [&'static str] =
        &["name", "waiting", "running", "oldest", "total", "per_key", "rate", "paused"];

    fn cells(&self) -> Vec<Cell> {
        let rate = self.rate.map(|(starts, within)| format!("{starts} in {within:?}"));
        vec![
            self.name.as_str().into(),
            self.waiting.into(),
            self.running.into(),
            self.oldest.into(),
            self.total.into(),
            self.per_key.into(),
            rate.into(),
            self.paused.as_deref().into(),
        ]
    }
}

impl Listed for QueueKey {
    const NAME: &'static str = "keys with tasks";
    const COLUMNS: &'static [&'static str] = &["key", "waiting", "running"];

    fn cells(&self) -> Vec<Cell> {
        vec![self.key.as_str().into(), self.waiting.into(), self.running.into()]
    }
}

impl Listed for Worker {
    const NAME: &'static str = "workers";
    const COLUMNS: &'static [&'static str] =
        &["id", "host", "process", "since", "last_heartbeat", "workflows", "queues"];

    fn cells(&self) -> Vec<Cell> {
        let serves: Vec<_> = self.serves.iter().map(|(name, version)| format!("{name}@{version}")).collect();
        let queues: Vec<_> = self.queues.iter().map(|(name, slots)| format!("{name} ({slots})")).collect();
        let list = |words: Vec<String>| Some(words.join(", ")).filter(|text| !text.is_empty());
        vec![
            self.id.as_str().into(),
            Some(self.host.as_str()).filter(|host| !host.is_empty()).into(),
            self.process.into(),
            self.since.into(),
            self.last_heartbeat.into(),
            list(serves).into(),
            list(queues).into(),
        ]
    }
}

impl Listed for TableSize {
    const NAME: &'static str = "tables";
    const COLUMNS: &'static [&'static str] = &["table", "rows", "bytes"];

    fn cells(&self) -> Vec<Cell> {
        vec![self.table.as_str().into(), self.rows.into(), size(self.bytes)]
    }
}

pub(super) async fn queues(inspector: &Inspector, out: &mut Out, list: &ListArgs) -> Result<(), Failure> {
    if list.limit.is_some() || list.after.is_some() {
        let why = "all queues come at once; `--limit` and `--after` are for the keys of one: `steadfast queues NAME`";
        return Err(Failure::Usage(why.to_owned()));
    }
    whole(out, &inspector.queues().await?)
}

pub(super) async fn queue_keys(
    inspector: &Inspector,
    out: &mut Out,
    queue: &str,
    list: &ListArgs,
) -> Result<(), Failure> {
    pages(out, list, async |limit, cursor| inspector.queue_keys(queue, &paging(limit, cursor)).await).await
}

pub(super) async fn workers(inspector: &Inspector, out: &mut Out) -> Result<(), Failure> {
    whole(out, &inspector.workers().await?)
}

pub(super) async fn health(inspector: &Inspector, out: &mut Out, thoroughly: bool) -> Result<(), Failure> {
    let health = inspector.health(thoroughly).await?;
    if out.is_json() {
        return Ok(out.json(&health)?);
    }
    let StoreHealth { database, clock, schema, bytes, free_bytes, log_bytes, oldest_transaction, tables, .. } = &health;
    let pairs = [
        ("database", Cell::from(database.as_str())),
        ("clock", (*clock).into()),
        ("schema", (*schema).into()),
        ("size", size(*bytes)),
        ("free", size(*free_bytes)),
        ("log", size(*log_bytes)),
        ("oldest_transaction", oldest_transaction.map(|millis| format!("{millis} ms")).into()),
    ];
    out.pairs(&pairs.map(|(name, cell)| (name.to_owned(), cell)))?;
    if tables.is_empty() {
        return Ok(());
    }
    if out.is_for_people() {
        out.title("Tables")?;
        return whole(out, tables);
    }
    let table = |table: &TableSize| (format!("table {}", table.table), size(table.bytes));
    Ok(out.pairs(&tables.iter().map(table).collect::<Vec<_>>())?)
}

fn size(bytes: Option<u64>) -> Cell {
    bytes.map_or(Cell::Missing, Cell::Bytes)
}
