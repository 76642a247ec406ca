//! `bulk` and `jobs`: the same action on many runs.

use super::runs;
use crate::act_args::{Bulk, JobAct};
use crate::args::{Global, ListArgs};
use crate::database;
use crate::done::Done;
use crate::exit::{Exit, Failure};
use crate::list::{Listed, pages, paging};
use crate::out::{Out, note};
use crate::sure;
use crate::table::Cell;
use steadfast::inspect::{Inspector, Job, JobStatus};
use steadfast::operate::Operator;

impl Listed for Job {
    const NAME: &'static str = "jobs";
    const COLUMNS: &'static [&'static str] =
        &["number", "action", "status", "done", "failed", "of", "who", "created", "why", "last_error"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.number.to_string().into(),
            self.action.as_str().into(),
            self.status.as_str().into(),
            self.done.into(),
            self.failed.into(),
            self.total.to_string().into(),
            self.who.as_str().into(),
            self.created_at.into(),
            Cell::Value(self.why.clone()),
            self.last_error.clone().map_or(Cell::Missing, Cell::Value),
        ]
    }
}

pub(super) async fn jobs(inspector: &Inspector, out: &mut Out, list: &ListArgs) -> Result<(), Failure> {
    pages(out, list, async |limit, cursor| inspector.jobs(&paging(limit, cursor)).await).await
}

/// Counts the runs, asks, and acts on each.
pub(super) async fn bulk(bulk: &Bulk, global: &Global, out: &mut Out) -> Result<Exit, Failure> {
    let operator = database::operator(global, &bulk.sure.actor, None).await?;
    let query = runs::query(&bulk.filter);
    let count = operator.inspect().count(&query).await?;
    sure::ask(out, bulk.sure.yes, &format!("{} {count} runs", bulk.action.as_str()))?;
    let acting = operator.because(bulk.sure.actor.why.as_str());
    let job = acting.create_job(&query, bulk.action, bulk.rate).await?;
    if bulk.later {
        out.done(&Done::new("bulk", format!("job {job}")).with("runs", count.to_string()))?;
        operator.close().await?;
        return Ok(Exit::Done);
    }
    run(operator, job, out).await
}

pub(super) async fn act(act: &JobAct, global: &Global, out: &mut Out) -> Result<Exit, Failure> {
    let (JobAct::Run { job, actor } | JobAct::Stop { job, actor }) = act;
    let operator = database::operator(global, actor, None).await?;
    let acting = operator.because(actor.why.as_str());
    match act {
        JobAct::Run { .. } => {
            acting.resume_job(*job).await?;
            run(operator, *job, out).await
        }
        JobAct::Stop { .. } => {
            let stopped = acting.stop_job(*job).await?;
            said(&stopped, out)?;
            operator.close().await?;
            Ok(Exit::Done)
        }
    }
}

async fn run(operator: Operator, job: i64, out: &mut Out) -> Result<Exit, Failure> {
    let shows = out.is_for_people();
    let ended = operator.run_job(job, |job| {
        if shows && job.status == JobStatus::Running {
            note(&format!("job {}: {} of {} done, {} failed", job.number, job.done, job.total, job.failed));
        }
    });
    let ended = ended.await?;
    said(&ended, out)?;
    operator.close().await?;
    Ok(if ended.failed > 0 { Exit::Failed } else { Exit::Done })
}

fn said(job: &Job, out: &mut Out) -> Result<(), Failure> {
    if out.is_json() {
        return Ok(out.json(job)?);
    }
    let cells = Job::COLUMNS.iter().zip(job.cells());
    let pairs = cells.filter(|(_, cell)| !matches!(cell, Cell::Missing)).map(|(name, cell)| ((*name).to_owned(), cell));
    Ok(out.pairs(&pairs.collect::<Vec<_>>())?)
}
