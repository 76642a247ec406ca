//! The process of a cell of the matrix, which the test kills: `matrix <folder> <row> <cell>`. It starts the run and
//! prints `started`.

#[path = "../../tests/it/matrix/beginning.rs"]
mod beginning;
#[path = "../../tests/it/matrix/halves.rs"]
mod halves;
#[path = "../../tests/it/matrix/kids.rs"]
mod kids;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/matrix/subject.rs"]
mod subject;

use beginning::Build;
use std::path::PathBuf;
use std::time::Duration;
use subject::Holding;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = PathBuf::from(&args[0]);
    subject::DEEDS_FILE.set(folder.join("deeds")).expect("set once");
    let holding = *Holding::ALL.iter().find(|holding| holding.name() == args[1]).ok_or("no such row")?;
    let builder = beginning::builder(&folder, "a.db", Build::First, Duration::from_hours(1));
    let engine = builder.start().await?;
    beginning::make_table(&engine).await;
    beginning::start(&engine, holding, &args[2], None).await;
    println!("started");
    // The test kills this process. If the test itself has died, the process exits after five minutes.
    tokio::time::sleep(Duration::from_mins(5)).await;
    Ok(())
}
