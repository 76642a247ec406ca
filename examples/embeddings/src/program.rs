//! The commands. Workers do all the work; the other commands are clients, so none of them must live for it to go on.

use crate::arguments::{Arguments, Command, Database, Limit};
use embeddings::{EMBED, Folder, Indexed, Library, Settings, TENANTS, Vector, embed, say};
use embeddings::{embed_queue, index_folder, index_tenant, tenants_queue};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};
use steadfast::{Engine, Error, Result, RunFilter, RunHandle, Schedule, Status};

/// The time after which the work of a worker on Postgres that is not heard of any longer goes to others. It is short, so
/// that a kill is soon followed by its consequence.
const TERM: Duration = Duration::from_secs(2);

/// How many texts a worker embeds at once, and how many tenants it looks after.
const TEXTS: usize = 4;
const RUNS: usize = 16;

/// The grace period for embeddings at shutdown.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the command.
///
/// # Errors
/// The folder or the database cannot be used.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let engine = match arguments.database {
        Database::File(path) => Engine::builder().sqlite(path),
        Database::Postgres(url) => Engine::builder().postgres(url).lease_term(TERM),
    };
    // All processes declare the queues: a call gets its key where it is made, and limits count where it is claimed.
    let engine = engine.queue(embed_queue()).queue(tenants_queue());
    let engine = match arguments.command {
        Command::Worker { pause } => {
            let engine = engine.workflow(index_folder).workflow(index_tenant).resource(Settings { pause });
            engine.serve(EMBED, TEXTS).step::<embed>().serve(TENANTS, RUNS)
        }
        _ => engine.client(),
    };
    // From now on Ctrl-C ends a worker in order, also while it starts.
    let works = matches!(arguments.command, Command::Worker { .. });
    let interrupted = works.then(|| tokio::spawn(tokio::signal::ctrl_c()));
    let engine = engine.start().await?;
    match &arguments.command {
        Command::Worker { .. } => {
            say(&format!("worker {} is ready", std::process::id()));
            if let Some(interrupted) = interrupted {
                interrupted.await??;
            }
        }
        Command::Index { folder } => index(&engine, folder).await?,
        Command::Nightly { times, folder } => nightly(&engine, times, folder).await?,
        Command::Limit(limit) => change(&engine, *limit).await?,
        Command::Search { text } => search(&engine, text).await?,
    }
    engine.shutdown(GRACE).await?;
    Ok(())
}

async fn index(engine: &Engine, folder: &Path) -> Result<()> {
    for Indexed { tenant, texts, gone } in begin(engine, path_of(folder)?).await?.result().await? {
        say(&format!("{tenant}: {texts} texts{}", if gone > 0 { format!(", {gone} gone") } else { String::new() }));
    }
    Ok(())
}

/// Has the workers index a folder at these times, each time once, whichever of them are alive. A second call changes the
/// times.
async fn nightly(engine: &Engine, times: &str, folder: &Path) -> Result<()> {
    let schedule = engine.schedule("nightly");
    schedule.set(Schedule::cron(times), index_folder, Folder { path: path_of(folder)? }).await?;
    let next = schedule.info().await?.next.into_iter().next().unwrap_or_else(SystemTime::now);
    let wait = next.duration_since(SystemTime::now()).unwrap_or_default();
    say(&format!("the folder is indexed in {} s, and at each of these times", wait.as_secs()));
    Ok(())
}

/// Returns the path of a folder, for workers that stand elsewhere.
fn path_of(folder: &Path) -> Result<String> {
    let path = folder.canonicalize().ok().filter(|path| path.is_dir()).ok_or_else(|| {
        let help = "start from the root of the repository, or name a folder with a sub-folder for each tenant";
        Error::msg(format!("{} is not a folder; {help}", folder.display()))
    })?;
    let path = path.into_os_string().into_string();
    path.map_err(|path| Error::msg(format!("{} is not UTF-8", path.display())))
}

/// Starts the run of a folder, or finds the one that was started before: a folder is indexed once.
async fn begin(engine: &Engine, path: String) -> Result<RunHandle<Vec<Indexed>>> {
    let id = format!("index {path}");
    Ok(engine.start(index_folder, Folder { path }).id(id).await?)
}

async fn change(engine: &Engine, limit: Limit) -> Result<()> {
    let queue = engine.queue(EMBED);
    match limit {
        Limit::Total(texts) => queue.set_total(Some(texts)).await?,
        Limit::Tenant(texts) => queue.set_per_key(Some(texts)).await?,
        Limit::Reset => queue.reset().await?,
    }
    let info = queue.info().await?;
    let shown = |limit: Option<u32>| limit.map_or("any number".to_owned(), |texts| texts.to_string());
    say(&format!("{} texts at once, {} of each tenant", shown(info.total), shown(info.per_key)));
    Ok(())
}

/// Prints the nearest texts in the newest index of each tenant. From outside a run, its context can be read as of any
/// sequence number: here its last.
async fn search(engine: &Engine, text: &str) -> Result<()> {
    let ended = RunFilter::all().workflow("index_tenant").status(Status::Completed);
    let (mut libraries, mut page) = (BTreeMap::new(), engine.list(ended.clone()).await?);
    while let Some(last) = page.last().map(|info| info.number) {
        for info in page {
            if let Some(library) = engine.run(&info.id).await?.context_at::<Library>(u64::MAX).await? {
                libraries.insert(library.tenant.clone(), library);
            }
        }
        page = engine.list(ended.clone().after(last)).await?;
    }
    if libraries.is_empty() {
        return Err(Error::msg("no tenant is indexed yet; `embeddings index` does it"));
    }
    for (tenant, library) in libraries {
        let query = Vector::of(text, library.model, library.dimensions);
        let mut nearest: Vec<(&String, f64)> =
            library.vectors.iter().map(|(file, vector)| (file, vector.similarity(&query))).collect();
        nearest.sort_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(other.0)));
        let shown: Vec<String> = nearest.iter().take(3).map(|(file, near)| format!("{file} {near:.3}")).collect();
        say(&format!("{tenant}, {} texts: {}", library.vectors.len(), shown.join(", ")));
    }
    Ok(())
}
