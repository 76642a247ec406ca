//! Indexes a folder, checks whether this build can be deployed, or prints a history.

use crate::arguments::{Arguments, Task};
use crate::settings::{Settings, say};
use crate::workflow::{Library, Summary, index_folder};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use steadfast::field_store::FolderStore;
use steadfast::{Engine, EngineBuilder, Error, Result, Run};

/// Runs the subcommand.
///
/// # Errors
/// The folder, the database or the blobs cannot be used.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    if arguments.task != Task::Index && !arguments.database.exists() {
        let shown = arguments.database.display();
        return Err(Error::msg(format!("{shown} does not exist; index a folder first, or name it with --database")));
    }
    match arguments.task {
        Task::Index => index(arguments).await,
        Task::Check => {
            let report = engine(&arguments)?.check().await?;
            say(&report.to_string());
            Ok(report.exit_code())
        }
        Task::History => history(arguments).await,
    }
}

/// Configures the engine, alike for every subcommand: a check must know what a start would know.
fn engine(arguments: &Arguments) -> Result<EngineBuilder> {
    let Arguments { database, pause, .. } = arguments;
    let settings = Settings { catalogue: beside(database, "catalogue"), pause: *pause };
    let engine = Engine::builder().sqlite(database).workflow(index_folder).resource(settings);
    Ok(engine.field_store("blobs", FolderStore::new(beside(database, "blobs"))?))
}

/// Returns the path of a file or folder beside the database. Its name begins with the database's name, so that git
/// ignores both.
fn beside(database: &Path, what: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(format!("-{what}"));
    name.into()
}

/// Returns the name of the folder in the database. It is canonical, so that the same folder is the same run from any
/// working directory.
fn folder_of(arguments: &Arguments) -> Result<String> {
    let folder = &arguments.folder;
    let absolute = folder.canonicalize().ok().filter(|folder| folder.is_dir()).ok_or_else(|| {
        let help = "start from the root of the repository, or name a folder of texts";
        Error::msg(format!("{} is not a folder; {help}", folder.display()))
    })?;
    let name = absolute.into_os_string().into_string();
    name.map_err(|name| Error::msg(format!("{} is not UTF-8; give the folder another name", name.display())))
}

async fn index(arguments: Arguments) -> Result<ExitCode> {
    let folder = folder_of(&arguments)?;
    let engine = engine(&arguments)?.start().await?;
    let run = engine.start(index_folder, folder.clone()).id(&folder).await?;
    if run.is_new() {
        say(&format!("indexing {folder}; kill me at any moment, and start me again"));
    } else {
        say(&format!("{folder} was begun before"));
    }
    let Summary { indexed, skipped, words, distinct } = run.result().await?;
    say(&format!("\n{indexed} texts, {skipped} skipped, {words} words, {distinct} different ones"));
    answer(&run, &arguments.words).await?;
    say(&format!("\n{}", run.context_history().await?));
    let garbage = engine.collect_garbage().await?;
    say(&format!("\nblobs: {} kept for the history, {} deleted", garbage.kept, garbage.deleted));
    for failure in &garbage.failures {
        say(failure);
    }
    engine.shutdown(Duration::from_secs(5)).await?;
    Ok(ExitCode::SUCCESS)
}

/// Looks words up in the index. From outside the run, a context can be read as of any sequence number: here its last.
async fn answer(run: &Run, words: &[String]) -> Result<()> {
    let Some(library) = run.context_at::<Library>(u64::MAX).await? else { return Ok(()) };
    let index = library.index.get().await?;
    for word in words {
        let found = index.find(word).into_iter().map(|(name, times)| format!("{name} ({times})"));
        let found = found.collect::<Vec<_>>().join(", ");
        say(&format!("{word}: {}", if found.is_empty() { "nowhere" } else { &found }));
    }
    Ok(())
}

async fn history(arguments: Arguments) -> Result<ExitCode> {
    let folder = folder_of(&arguments)?;
    // Reading a history needs an engine. It also claims the killed run, so it is shut down at once.
    let engine = engine(&arguments)?.start().await?;
    say(&engine.run(&folder).await?.context_history().await?.to_string());
    engine.shutdown(Duration::ZERO).await?;
    Ok(ExitCode::SUCCESS)
}
