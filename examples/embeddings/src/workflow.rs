//! The workflow of a folder, that of each tenant in it, and their steps.

use crate::queues::TENANTS;
use crate::vector::{Model, Vector};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;
use steadfast::prelude::*;

/// The context of a tenant's run. The remote step reads it on whichever machine it runs.
#[derive(StepContext, Clone, Debug)]
pub struct Library {
    /// The folder of all tenants.
    pub folder: String,
    /// The tenant: a folder in it.
    pub tenant: String,
    /// How texts become vectors.
    pub model: Model,
    /// How many numbers a vector has.
    pub dimensions: usize,
    /// The vectors by file: the index, which a search reads.
    #[context(default)]
    pub vectors: BTreeMap<String, Vector>,
}

/// What a folder's run is started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    /// The path of the folder.
    pub path: String,
}

/// What a tenant's run is started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// The path of the folder of all tenants.
    pub folder: String,
    /// The tenant's name.
    pub name: String,
}

/// How many texts of a tenant were indexed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indexed {
    /// The tenant.
    pub tenant: String,
    /// How many texts have a vector.
    pub texts: usize,
    /// How many texts were gone before a worker could read them.
    pub gone: usize,
}

/// The resource of the steps. It is no part of the context, because each worker may have another one.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The least duration of an embedding.
    pub pause: Duration,
}

/// Indexes a folder: each tenant in a run of its own, on the queue of tenants.
#[workflow(resources(Settings))]
pub async fn index_folder(flow: &Flow, folder: Folder) -> Result<Vec<Indexed>> {
    let tenants = list(flow, folder.path.clone(), true).await?;
    let children = tenants.into_iter().map(async |name| {
        let tenant = Tenant { folder: folder.path.clone(), name };
        flow.start(index_tenant, tenant).queue(TENANTS).await.await
    });
    Ok(try_join_all(children).await?)
}

/// Indexes the texts of a tenant. All calls wait in the queue of embeddings at once; its limits say how many run.
#[workflow(context = Library, resources(Settings))]
pub async fn index_tenant(start: Start<Library>, tenant: Tenant) -> Result<Indexed> {
    let Tenant { folder, name } = tenant;
    let library = Library::builder().folder(folder.clone()).tenant(name.clone());
    let mut flow = start.with(library.model(Model::WordsAndPairs).dimensions(64).build()).await?;
    let files = list(&flow, format!("{folder}/{name}"), false).await?;
    let calls = files.iter().map(|file| embed(&flow, format!("{name}/{file}")));
    let embedded = try_join_all(calls).await?;
    let found = files.len();
    let vectors: BTreeMap<String, Vector> =
        files.into_iter().zip(embedded).filter_map(|(file, vector)| Some((file, vector?))).collect();
    let texts = vectors.len();
    flow.update(|c| c.vectors(vectors)).await?;
    Ok(Indexed { tenant: name, texts, gone: found - texts })
}

/// Returns the names of the folders, or of the texts, in a folder, sorted.
#[step(blocking)]
fn list(folder: String, folders: bool) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let is_text = || path.is_file() && path.extension().is_some_and(|end| end == "txt" || end == "md");
        let is_wanted = if folders { path.is_dir() } else { is_text() };
        if is_wanted {
            names.extend(path.file_name().and_then(|name| name.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}

/// Embeds one text, in a process that serves the queue `embed`. The context is as the call saw it, also there. Returns `None` if the file is gone.
#[step(queue = "embed", blocking, retry(attempts = 3, backoff = "50ms"))]
pub fn embed(ctx: &Library, #[resource] settings: &Settings, file: String) -> Result<Option<Vector>> {
    let worker = std::process::id();
    say(&format!("worker {worker} begins {file}"));
    std::thread::sleep(settings.pause);
    let vector = match std::fs::read(Path::new(&ctx.folder).join(&file)) {
        Ok(bytes) => Some(Vector::of(&String::from_utf8_lossy(&bytes), ctx.model, ctx.dimensions)),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    say(&format!("worker {worker} has embedded {file} for {}", ctx.tenant));
    Ok(vector)
}

/// Prints a line. A closed pipe is no error: its reader has seen enough.
pub fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{line}");
}
