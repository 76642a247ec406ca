//! The steps: all access to files and the catalogue. They block, so they are plain functions.

use crate::index::{Words, words};
use crate::settings::{Settings, say};
use crate::workflow::Library;
use serde::{Deserialize, Serialize};
use std::path::Path;
use steadfast::prelude::*;

/// The title and word counts of one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) words: Words,
}

/// Returns the names of all texts of the folder, sorted.
#[step(blocking)]
pub(crate) fn list(ctx: &Library, #[resource] settings: &Settings) -> Result<Vec<String>> {
    std::thread::sleep(settings.pause);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&ctx.folder)? {
        let path = entry?.path();
        if path.is_file() && path.extension().is_some_and(|extension| extension == "txt" || extension == "md") {
            names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Reads one text. Bytes that are not UTF-8 belong to no word.
#[step(blocking, retry(attempts = 3, backoff = "50ms"))]
pub(crate) fn read(ctx: &Library, #[resource] settings: &Settings, name: String) -> Result<Page> {
    std::thread::sleep(settings.pause);
    let bytes = std::fs::read(Path::new(&ctx.folder).join(&name))?;
    let text = String::from_utf8_lossy(&bytes);
    let title = text.lines().map(|line| line.trim_start_matches('#').trim()).find(|line| !line.is_empty());
    Ok(Page { title: title.unwrap_or(&name).to_owned(), words: words(&text) })
}

/// Inserts one text into the catalogue, under the idempotency key of this call: an attempt after a kill finds the row.
#[step(blocking, retry(attempts = 3, backoff = "50ms"))]
pub(crate) fn enter(
    ctx: &Library,
    #[resource] settings: &Settings,
    scope: &StepScope,
    name: String,
    title: String,
    words: u32,
) -> Result<()> {
    std::thread::sleep(settings.pause);
    ctx.catalogue.enter(&scope.idempotency_key(), &ctx.folder, &name, &title, words)?;
    let number = ctx.indexed + ctx.skipped + 1;
    say(&format!("{number:>4} of {}: {name}, {words} words", ctx.found));
    Ok(())
}
