//! What each write of a [`Store`](super::Store) means: which rows it reads, whether it is rejected, and which rows it
//! changes. It is said here once, for every database; a database implements [`Rows`], which decides nothing.
//!
//! A write is rejected before it has changed anything; a fault may end it in the middle, and its transaction with it.

mod acts;
mod append;
mod bonds;
mod ending;
mod import;
mod inbox;
mod indexed;
mod lease;
mod outgoing;
mod places;
mod queues;
#[expect(clippy::option_option, reason = "a change leaves, clears or sets")]
mod rows;
mod schedules;
mod start;
mod tasks;
mod traces;
mod turns;

use super::{Rejected, StoreError, StoreErrorKind, Write, Written};
pub(super) use bonds::bonds;
pub(super) use rows::{
    ItemHead, KeyChange, Part, Place, Record, Related, Relation, RequestChange, Rows, RunChange, RunState, Served,
    TaskChange, TaskHead, TaskRows, WaitingKey,
};

/// Decides a write and performs it.
///
/// # Errors
/// The transaction as a whole must end. [`StoreErrorKind::Refused`] concerns this write alone; it may then have changed
/// rows.
pub(super) fn perform<R: Rows>(rows: &mut R, write: &Write) -> Result<Result<Written, Rejected>, StoreError> {
    match (Decision { rows }).perform(write) {
        Ok(written) => Ok(Ok(written)),
        Err(End::Rejected(rejected)) => Ok(Err(*rejected)),
        Err(End::Fault(fault)) => Err(fault),
    }
}

/// The decision on one write.
struct Decision<'a, R> {
    rows: &'a mut R,
}

/// The end of a write that was not done.
enum End {
    Rejected(Box<Rejected>),
    Fault(StoreError),
}

type Decided<T> = Result<T, End>;

impl From<Rejected> for End {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(Box::new(rejected))
    }
}

/// Damage concerns the write that read it, and no other of its batch.
impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        Self::Fault(match error.kind {
            StoreErrorKind::Damaged | StoreErrorKind::Newer => StoreError::new(StoreErrorKind::Refused, error.message),
            _ => error,
        })
    }
}

impl<R: Rows> Decision<'_, R> {
    fn perform(&mut self, write: &Write) -> Decided<Written> {
        if let Some(flaw) = write.flaw() {
            return Err(Rejected::Refused(flaw).into());
        }
        match write {
            Write::Start(run) => self.start_alone(run),
            Write::Append(append) => self.append(append),
            Write::Transaction(code) => self.transaction(code),
            Write::Import(run) => self.import(run, &mut Vec::new()).map(Written::Number),
            Write::Send(item) => self.send(item).map(Written::Number),
            Write::Claim { run, lease } => self.claim(*run, *lease),
            Write::ClaimServed { lease, served, limit } => self.claim_served(*lease, served, *limit),
            Write::Give { run, from, to } => self.give_run(*run, *from, *to),
            Write::Adopt(lease) => self.adopt(*lease),
            Write::OpenLease { owner } => Ok(Written::Number(self.rows.open_lease(owner)?)),
            Write::Heartbeat(lease) => self.heartbeat(*lease),
            Write::Describe { lease, about } => self.describe(*lease, about),
            Write::TakeLease { seen, heartbeat, owner } => self.take_lease(*seen, *heartbeat, owner),
            Write::CloseLease(lease) => self.close_lease(*lease),
            Write::ClaimTasks { lease, queue, steps, limit } => self.claim_tasks(*lease, queue, steps, *limit),
            Write::ChangePlace { lease, run, change } => self.change_place(*lease, *run, *change),
            Write::ExpireRuns { limit } => self.expire_runs(*limit),
            Write::ChangeQueue { queue, change } => self.change_queue(queue, change),
            Write::FinishTask { lease, position, attempt, item } => self.finish_task(*lease, *position, *attempt, item),
            Write::ReportTask { lease, run, position, attempt, progress } => {
                self.report_task(*lease, (*run, *position), *attempt, progress)
            }
            Write::ReturnTask { lease, run, position, attempt, refused, wait } => {
                self.return_task(*lease, (*run, *position), *attempt, refused, *wait)
            }
            Write::PutSchedule(row) => self.put_schedule(row),
            Write::RemoveSchedule { schedule, revision } => self.remove_schedule(schedule, *revision),
            Write::Fire(fire) => self.fire(fire),
            Write::MarkTraces(marks) => self.mark_traces(marks),
            Write::ClaimTraces(lease) => self.claim_traces(*lease),
            Write::Answer { request, hash, item } => self.answer(request, hash, item),
            Write::Index { run, seq, fields } => self.index(*run, *seq, fields),
            Write::Delete { run, rows } => self.delete(*run, *rows),
            Write::Act(act) => self.act(act),
            Write::AppendParked(append) => self.append_parked(append),
            Write::PutJob(job) => self.put_job(job),
        }
    }
}
