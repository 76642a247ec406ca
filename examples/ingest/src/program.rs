//! Ingests one folder, or prints the diagram.

use crate::arguments::{Arguments, Task};
use crate::terminal::{self, note, say};
use ingest::{Ingest, Settings, Verdict};
use std::path::Path;
use std::time::Duration;
use steadfast::{Engine, Error, Result};

/// Runs the subcommand.
///
/// # Errors
/// The folder or the database cannot be used.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    match &arguments.task {
        Task::Diagram { graphviz } => {
            let diagram = Ingest::diagram();
            say(if *graphviz { diagram.graphviz() } else { diagram.mermaid() }.trim_end());
            Ok(())
        }
        Task::Ingest { folder, verdict } => ingest(&arguments, folder, *verdict).await,
    }
}

async fn ingest(arguments: &Arguments, folder: &Path, verdict: Option<Verdict>) -> Result<()> {
    let folder = name_of(folder)?;
    let engine = Engine::builder().sqlite(&arguments.database).workflow(Ingest);
    let engine = engine.resource(Settings { pause: arguments.pause });
    let engine = engine.start().await?;
    let run = engine.start(Ingest, folder.clone()).id(&folder).await?;
    if run.is_new() {
        note(&format!("counting {folder}; kill me at any moment, and start me again"));
    } else {
        note(&format!("{folder} was begun before"));
    }
    terminal::attend(&engine, &run, verdict).await?;
    let report = run.result().await?;
    say(&format!("{report}\n\nthe way that it took:\n{}", run.diagram().await?.mermaid().trim_end()));
    engine.shutdown(Duration::from_secs(5)).await?;
    Ok(())
}

/// Returns the name of the folder in the database. It is canonical, so that the same folder is the same run from any
/// working directory.
fn name_of(folder: &Path) -> Result<String> {
    let absolute = folder.canonicalize().ok().filter(|folder| folder.is_dir()).ok_or_else(|| {
        let help = "start from the root of the repository, or name a folder of texts";
        Error::msg(format!("{} is not a folder; {help}", folder.display()))
    })?;
    let name = absolute.into_os_string().into_string();
    name.map_err(|name| Error::msg(format!("{} is not UTF-8; give the folder another name", name.display())))
}
