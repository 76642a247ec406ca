//! The children and the parent of a run of the matrix.

use super::subject::{Holding, Luggage, Note, Plan, gate, subject};
use steadfast::prelude::*;

/// A child that ends when it receives a note.
#[workflow]
pub(crate) async fn kid(flow: &mut Flow, cell: String) -> Result<String> {
    let Note(note) = flow.receive().await?;
    drop(cell);
    Ok(note)
}

/// A child that is parked at once.
#[workflow]
pub(crate) async fn sick_kid(flow: &mut Flow, cell: String) -> Result<String> {
    flow.sleep(Duration::ZERO).await?;
    panic!("the kid of {cell} is sick, as it must be");
}

/// The parent of a cell's run.
#[workflow]
pub(crate) async fn boss(flow: &mut Flow, (id, plan): (String, Plan)) -> Result<String> {
    Ok(match flow.start(subject, plan).id(id).await.await {
        Ok(result) => result,
        Err(error) => error.to_string(),
    })
}

pub(super) async fn start_kid(flow: &Flow<Luggage>, plan: &Plan) -> Result<String> {
    if plan.carried.is_some() {
        gate(flow, plan, "").await?;
        return Ok("went on".into());
    }
    let id = format!("{}-kid", plan.cell);
    let said = |end: std::result::Result<String, steadfast::ChildError>| end.unwrap_or_else(|error| error.to_string());
    if matches!(plan.holding, Holding::ChildParked | Holding::ChildDeleted) {
        let child = flow.start(sick_kid, plan.cell.clone()).id(id).await;
        gate(flow, plan, "").await?;
        return Ok(said(child.await));
    }
    let child = flow.start(kid, plan.cell.clone()).id(id).await;
    gate(flow, plan, "").await?;
    Ok(said(child.await))
}
