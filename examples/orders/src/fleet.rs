//! A fleet: processes of this same program that do the work of the orders, and are started again if they die.

use crate::arguments::{Arguments, Database, Role};
use crate::ledger::Ledger;
use crate::program::GRACE;
use crate::progress::say;
use crate::services::Services;
use crate::workflow::process_order;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use steadfast::{Engine, EngineBuilder, EngineError, Error, Result};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The time after which the orders of a worker that is not heard of any longer go to another one. It is short, so that a
/// kill is soon followed by its consequence.
const TERM: Duration = Duration::from_secs(2);

/// The wait before a worker is started again: it grows while workers die soon after their start.
const AGAIN: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Starts the engine for a role. A client needs neither the workflow nor the services.
///
/// # Errors
/// The database cannot be used.
pub(crate) async fn engine(arguments: &Arguments, ledger: &Arc<Ledger>) -> Result<Engine, EngineError> {
    let builder: EngineBuilder = match &arguments.database {
        Database::File(path) => Engine::builder().sqlite(path),
        Database::Postgres(url) => Engine::builder().postgres(url.as_str()).lease_term(TERM),
    };
    let builder = match arguments.role {
        Role::Client { .. } => builder.client(),
        Role::Alone | Role::Worker => {
            builder.workflow(process_order).resource(Services::new(ledger.clone(), arguments.slow))
        }
    };
    builder.start().await
}

/// Does the work of a worker until standard input is closed: so it ends also if the program that started it is killed.
///
/// # Errors
/// The database or the ledger cannot be used.
pub(crate) async fn work(arguments: Arguments) -> Result<ExitCode> {
    let ledger = Arc::new(Ledger::open(arguments.ledger.clone())?);
    let engine = engine(&arguments, &ledger).await?;
    let _ = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await;
    engine.shutdown(GRACE).await?;
    Ok(ExitCode::SUCCESS)
}

/// The workers of this program.
pub(crate) struct Fleet {
    workers: JoinSet<()>,
    stop: watch::Sender<()>,
}

impl Fleet {
    /// Starts the workers, none if the arguments want none.
    ///
    /// # Errors
    /// This program cannot be started again.
    pub(crate) fn start(arguments: &Arguments) -> Result<Self> {
        let mut fleet = Self { workers: JoinSet::new(), stop: watch::Sender::new(()) };
        let (Role::Client { workers }, Database::Postgres(url)) = (arguments.role, &arguments.database) else {
            return Ok(fleet);
        };
        for number in 1..=workers {
            let mut command = Command::new(std::env::current_exe().map_err(|error| unstartable(&error))?);
            command.arg("--worker").arg("--postgres").arg(url).arg("--ledger").arg(&arguments.ledger);
            command.args(arguments.slow.then_some("--slow"));
            // Ctrl-C is for the program, which then tells its workers.
            command.stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0);
            let first = start(&mut command, number)?;
            fleet.workers.spawn(keep(number, command, first, fleet.stop.subscribe()));
        }
        Ok(fleet)
    }

    /// Stops the workers and waits for them. Steps under way may finish.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(());
        self.workers.join_all().await;
    }
}

/// A worker process. It ends in order once its standard input is closed.
struct Worker {
    process: Child,
    input: Option<ChildStdin>,
    since: Instant,
}

fn start(command: &mut Command, number: usize) -> Result<Worker> {
    let mut process = command.spawn().map_err(|error| unstartable(&error))?;
    say(&format!("worker {number} is process {}", process.id().unwrap_or_default()));
    // Kept apart, because a wait for the process closes what it has.
    let input = process.stdin.take();
    Ok(Worker { process, input, since: Instant::now() })
}

/// Starts a worker again whenever it has died, until the fleet is stopped.
async fn keep(number: usize, mut command: Command, first: Worker, mut stop: watch::Receiver<()>) {
    let (mut worker, mut again) = (first, AGAIN);
    loop {
        let ended = tokio::select! {
            ended = worker.process.wait() => ended,
            _ = stop.changed() => {
                drop(worker.input.take());
                let _ = worker.process.wait().await;
                return;
            }
        };
        again = if worker.since.elapsed() > LONGEST { AGAIN } else { (again * 2).min(LONGEST) };
        let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
        say(&format!("worker {number} has died ({how}) and is started again"));
        tokio::select! {
            () = tokio::time::sleep(again) => {}
            _ = stop.changed() => return,
        }
        worker = match start(&mut command, number) {
            Ok(worker) => worker,
            Err(error) => return say(&error.to_string()),
        };
    }
}

fn unstartable(error: &std::io::Error) -> Error {
    Error::msg(format!("no worker can be started: {error}"))
}
