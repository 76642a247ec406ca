//! `gc`: contents of field stores that no run points to.

use crate::act_args::Actor;
use crate::args::Global;
use crate::database;
use crate::done::Done;
use crate::exit::{Exit, Failure};
use crate::out::{Out, note};
use steadfast::EngineBuilder;

/// Deletes what no run points to, with the field stores of the program.
pub(super) async fn gc(
    actor: &Actor,
    global: &Global,
    builder: Option<EngineBuilder>,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let Some(builder) = builder else {
        let why = "to delete contents takes the field stores of their program, which this one does not have: give your \
                   program a command line with `steadfast_cli::main(builder)`, and run its `gc`";
        return Err(Failure::Usage(why.to_owned()));
    };
    let operator = database::operator(global, actor, Some(builder)).await?;
    let garbage = operator.because(actor.why.as_str()).collect_garbage().await?;
    let done = Done::new("gc", "the field stores")
        .with("deleted", garbage.deleted.to_string())
        .with("kept", garbage.kept.to_string())
        .with("skipped", garbage.skipped.to_string());
    out.done(&done)?;
    operator.close().await?;
    for failure in &garbage.failures {
        note(&format!("steadfast: {failure}"));
    }
    Ok(if garbage.failures.is_empty() { Exit::Done } else { Exit::Failed })
}
