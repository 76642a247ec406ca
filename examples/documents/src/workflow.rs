//! The workflow of a folder, from the list of its texts to the last one.

use crate::catalogue::{Catalogue, open_catalogue};
use crate::index::Index;
use crate::settings::Settings;
use crate::steps::{Page, enter, list, read};
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

/// The context: every step may read it, and only the workflow can change it. Each field has its own kind of storage.
#[derive(StepContext, Clone, Debug)]
pub(crate) struct Library {
    pub(crate) folder: String,
    #[context(default)]
    pub(crate) status: Status,
    /// The name of the text that is being read.
    #[context(default)]
    pub(crate) current: Option<String>,
    /// The number of all texts, of indexed texts, and of texts that could not be read.
    #[context(default)]
    pub(crate) found: usize,
    #[context(default)]
    pub(crate) indexed: usize,
    #[context(default)]
    pub(crate) skipped: usize,
    #[context(default)]
    pub(crate) words: u64,
    /// The index. It grows, so it is stored in a folder beside the database, and is loaded only for a search.
    #[context(default, store = "blobs")]
    pub(crate) index: Lazy<Index>,
    /// The catalogue's connection, which cannot be stored.
    #[context(transient, restore = open_catalogue)]
    pub(crate) catalogue: Catalogue,
}

/// The progress of the library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    #[default]
    Listing,
    Reading,
    Done,
}

/// The result of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) indexed: usize,
    pub(crate) skipped: usize,
    pub(crate) words: u64,
    pub(crate) distinct: usize,
}

/// Indexes every text of a folder.
#[workflow(context = Library, resources(Settings))]
pub(crate) async fn index_folder(start: Start<Library>, folder: String) -> Result<Summary> {
    let mut flow = start.with(Library::builder().folder(folder).build()).await?;
    let names = list(&flow).await?;
    flow.update(|c| c.status(Status::Reading).found(names.len())).await?;

    // A workflow cannot read a lazy field. It need not: after a crash the recorded pages rebuild the same index.
    let mut index = Index::default();
    let mut saved = 0;
    for name in names {
        flow.update(|c| c.current(Some(name.clone()))).await?;
        let Page { title, words } = match read(&flow, name.clone()).await {
            Ok(page) => page,
            // An unreadable text does not fail the others.
            Err(StepError::Failed(..)) => {
                flow.update(|c| c.skipped(c.skipped + 1)).await?;
                continue;
            }
            Err(other) => return Err(other.into()),
        };
        let count = words.values().sum();
        enter(&flow, name.clone(), title, count).await?;
        index.add(name, words);
        flow.update(|c| c.indexed(c.indexed + 1).words(c.words + u64::from(count))).await?;
        // Each version is kept for the history. It is saved only when it has grown by half, so all versions together
        // are three times as large as the last.
        if 2 * flow.indexed >= 3 * saved {
            saved = flow.indexed;
            flow.update(|c| c.index(Lazy::new(index.clone()))).await?;
        }
    }
    let distinct = index.distinct();
    flow.update(|c| c.status(Status::Done).current(None).index(Lazy::new(index))).await?;
    Ok(Summary { indexed: flow.indexed, skipped: flow.skipped, words: flow.words, distinct })
}
