//! Runs one subcommand.

use crate::arguments::{Arguments, Task};
use crate::expense::{Decision, Expense, MANAGER, State, Verdict};
use crate::outbox::say;
use crate::workflow::{STATE, settle};
use crate::{desk, engine, work};
use steadfast::{Engine, EngineError, Error, Principal, Result};

/// Runs the subcommand.
///
/// # Errors
/// The database cannot be used, or the request is invalid: one sentence.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let makes_one = matches!(arguments.task, Task::Start { .. } | Task::Work { .. });
    if !makes_one && !arguments.database.exists() {
        let shown = arguments.database.display();
        return Err(Error::msg(format!("{shown} does not exist; start an expense first, or name it with --database")));
    }
    let engine = engine::open(&arguments).await?;
    let done = perform(&engine, arguments.task).await;
    let closed = engine::close(engine).await;
    done.and(closed)
}

async fn perform(engine: &Engine, task: Task) -> Result<()> {
    match task {
        Task::Start { by, cents, what, limit, id } => {
            let owner = Principal::new(&by);
            let start = engine.start(settle, Expense { by, cents, what, limit }).principal(owner);
            let run = match id {
                Some(id) => start.id(id).await,
                None => start.await,
            };
            match run {
                Ok(run) => {
                    // The state is published in the same turn as the question, so now the question is open.
                    run.published::<State>(STATE).await?;
                    say(run.id());
                }
                Err(EngineError::OtherInput { id, .. }) => {
                    let help = "choose another id; `approval history` shows that one";
                    return Err(Error::msg(format!("expense {id} is there already, and another one: {help}")));
                }
                Err(error) => return Err(error.into()),
            }
            Ok(())
        }
        Task::Work { until_idle } => work::work(engine, until_idle).await,
        Task::List => desk::list(engine).await,
        Task::Answer { question, by, manager, because } => {
            let by = Principal::new(by);
            let by = if manager { by.role(MANAGER) } else { by };
            let decision = because.map_or(Decision::Approved, |because| Decision::Rejected { because });
            desk::answer(engine, &question, Verdict { by, decision }).await
        }
        Task::History { expense } => desk::history(engine, &expense).await,
    }
}
