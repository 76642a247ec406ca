//! A context with every attribute, in a strictly linted crate.

use bytes::Bytes;
use std::sync::{Arc, Mutex};
use steadfast::RecordedFields;
use steadfast::prelude::*;

/// The papers of an order.
#[derive(StepContext, Clone, Debug)]
#[context(name = "papers", version = 2, migrate = from_v1)]
pub struct Papers {
    /// The owner of the papers.
    #[context(alias = "user", alias = "user_id")]
    pub owner: String,
    /// A scan of the order.
    #[context(default, store = "blobs", max_bytes = 1_000_000)]
    pub scan: Bytes,
    /// The digest that was signed.
    #[context(default, form = json)]
    pub digest: Vec<u8>,
    /// The number of papers. The default tests a `|` in an expression.
    #[context(default = 1 | 2)]
    pub count: u64,
    #[context(default)]
    note: Private,
    /// The shelf that holds the papers.
    #[context(transient, restore = open_shelf)]
    pub shelf: Shelf,
    /// The list of papers on the shelf.
    #[context(transient, restore(list, after(shelf, reads)))]
    pub(crate) list: List,
    #[context(transient)]
    reads: Arc<Mutex<u64>>,
    #[context(transient, default = Private(7))]
    seal: Private,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Private(u8);

/// A shelf for papers.
#[derive(Clone, Debug)]
pub struct Shelf(String);

#[derive(Clone, Debug)]
pub(crate) struct List(Vec<String>);

async fn open_shelf(stored: &PapersStored, _: &Resources) -> Result<Shelf> {
    tokio::task::yield_now().await;
    Ok(Shelf(stored.owner.clone()))
}

async fn list(stored: &PapersStored, _: &Resources, shelf: &Shelf, reads: &Mutex<u64>) -> Result<List> {
    tokio::task::yield_now().await;
    *reads.lock().map_err(|_| Error::msg("a reader has panicked"))? += stored.count;
    Ok(List(vec![shelf.0.clone()]))
}

/// Migrates from version 1, which counted from 0.
fn from_v1(old: &mut RecordedFields) -> Result<()> {
    if let Some(count) = old.get::<u64>("count")? {
        old.set("count", &(count + 1))?;
    }
    Ok(())
}

/// Creates papers for a test.
#[must_use]
pub fn papers() -> Papers {
    let stored =
        Papers::builder().owner("ann").note(Private(1)).build().with(|c| c.count(c.count + 1).note(Private(2)));
    stored.with_live(Shelf("oak".into()), List(Vec::new()), Arc::default(), Private(3))
}

/// Describes the papers.
///
/// # Errors
/// Never.
#[step]
pub async fn read(papers: &Papers) -> Result<String> {
    tokio::task::yield_now().await;
    let Papers { owner, note, shelf, list, seal, reads, .. } = papers;
    *reads.lock().map_err(|_| Error::msg("a reader has panicked"))? += 1;
    Ok(format!("{owner} {} {} {} {}", note.0, shelf.0, list.0.len(), seal.0))
}

/// Keeps and describes papers.
///
/// # Errors
/// A step failed.
#[workflow(context = Papers)]
pub async fn keep(start: Start<Papers>, owner: String) -> Result<String> {
    let mut flow = start.with(Papers::builder().owner(owner).build()).await?;
    flow.update(|c| c.count(c.count + 1)).await?;
    Ok(read(&flow).await?)
}
