//! The workflow: what happens to a folder, from the list of its texts to the last one.

use crate::catalogue::{Catalogue, open_catalogue};
use crate::index::Index;
use crate::settings::Settings;
use crate::steps::{Page, enter, list, read};
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

/// What every step may read, and only the workflow can change. Each field goes where it belongs.
#[derive(StepContext, Clone, Debug)]
pub(crate) struct Library {
    pub(crate) folder: String,
    #[context(default)]
    pub(crate) status: Status,
    /// The text that is being read.
    #[context(default)]
    pub(crate) current: Option<String>,
    /// How many texts there are, how many are indexed, and how many could not be read.
    #[context(default)]
    pub(crate) found: usize,
    #[context(default)]
    pub(crate) indexed: usize,
    #[context(default)]
    pub(crate) skipped: usize,
    #[context(default)]
    pub(crate) words: u64,
    /// Grows, so it goes to a folder beside the database, and is loaded only when somebody searches.
    #[context(default, store = "blobs")]
    pub(crate) index: Lazy<Index>,
    /// Cannot be stored at all.
    #[context(transient, restore = open_catalogue)]
    pub(crate) catalogue: Catalogue,
}

/// How far the library is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    #[default]
    Listing,
    Reading,
    Done,
}

/// What came of it.
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

    // A workflow cannot read a lazy field. It need not: after a crash the recorded pages make the same index again.
    let mut index = Index::default();
    let mut saved = 0;
    for name in names {
        flow.update(|c| c.current(Some(name.clone()))).await?;
        let Page { title, words } = match read(&flow, name.clone()).await {
            Ok(page) => page,
            // A text that cannot be read costs nothing but itself.
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
        // Each version is kept for the history. Saved whenever it has grown by half, all together are three times the last.
        if 2 * flow.indexed >= 3 * saved {
            saved = flow.indexed;
            flow.update(|c| c.index(Lazy::new(index.clone()))).await?;
        }
    }
    let distinct = index.distinct();
    flow.update(|c| c.status(Status::Done).current(None).index(Lazy::new(index))).await?;
    Ok(Summary { indexed: flow.indexed, skipped: flow.skipped, words: flow.words, distinct })
}
