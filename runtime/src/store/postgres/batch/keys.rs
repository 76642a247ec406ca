//! The rows that a batch reads, by their keys.

use crate::store::{Append, Holder, Lease, NewInboxItem, NewRun, Outgoing, TaskRow, Write};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A claim of runs that nobody owns.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) lease: Lease,
    /// Names and versions of workflows.
    pub(super) served: Arc<Vec<(String, u32)>>,
    pub(super) limit: usize,
}

/// Keys of rows to be read in one round trip, and which of them to lock.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Leases that must be held: a takeover waits for the commit.
    pub(super) leases: BTreeSet<i64>,
    /// Leases that change.
    pub(super) leases_to_change: BTreeSet<i64>,
    /// Runs that other processes may write to. A write that puts an item into an inbox, waits for an end, or ends the
    /// run locks it.
    pub(super) locked: BTreeSet<i64>,
    pub(super) locked_ids: BTreeSet<String>,
    /// Requests whose runs are locked.
    pub(super) locked_by_requests: BTreeSet<String>,
    /// Runs whose watchers are locked too.
    pub(super) locked_watchers: BTreeSet<i64>,
    pub(super) runs: BTreeSet<i64>,
    pub(super) ids: BTreeSet<String>,
    pub(super) dedup: BTreeSet<String>,
    /// Keys of items, by run.
    pub(super) items: BTreeSet<(i64, String)>,
    /// Keys of items, by the id of the run.
    pub(super) items_by_id: BTreeSet<(String, String)>,
    pub(super) requests: BTreeSet<String>,
    /// Runs whose watchers are read.
    pub(super) watchers: BTreeSet<i64>,
    /// First runs whose children are read.
    pub(super) children: BTreeSet<i64>,
    /// Runs whose unanswered requests are read.
    pub(super) open_requests: BTreeSet<i64>,
    /// Entries whose values are read.
    pub(super) values: BTreeSet<(i64, u64)>,
    /// Channels whose last item is read, by a run of theirs.
    pub(super) channels: BTreeSet<(i64, String)>,
    /// Claims of runs that nobody owns; they are made as they are read, passing over those that another process is claiming.
    pub(super) claims: Vec<Claim>,
    /// Claims of tasks; they are made as they are read.
    pub(super) task_claims: Vec<Write>,
    /// Calls whose attempts are read and locked, by run and command index. The state of a queue that has keys is locked too.
    pub(super) tasks: BTreeSet<(i64, u64)>,
    /// Calls whose attempts may run: the states of their queues are locked.
    pub(super) running: BTreeSet<(i64, u64)>,
    /// Queues whose state is read, and locked if they have keys.
    pub(super) queues: BTreeSet<String>,
    /// Queues whose state is locked.
    pub(super) queues_to_change: BTreeSet<String>,
    /// Schedules that change.
    pub(super) schedules: BTreeSet<String>,
    /// How many numbers are drawn for new runs.
    pub(super) new_runs: usize,
}

impl Keys {
    /// Returns what the writes are sure to read; what else they read is found when they are decided. `None` if one of them
    /// is none for a batch: it is rare, and done with all other writers excluded.
    pub(super) fn of(writes: &[Write]) -> Option<Self> {
        let mut keys = Self::default();
        writes.iter().all(|write| keys.add(write)).then_some(keys)
    }

    /// Returns whether nothing is to be read.
    pub(super) fn is_empty(&self) -> bool {
        let Self { leases, leases_to_change, locked, locked_ids, locked_by_requests, locked_watchers, .. } = self;
        let Self { runs, ids, dedup, items, items_by_id, requests, watchers, children, .. } = self;
        let Self { open_requests, values, channels, claims, schedules, new_runs, .. } = self;
        let Self { task_claims, tasks, running, queues, queues_to_change, .. } = self;
        let numbers = [leases, leases_to_change, locked, locked_watchers, runs, watchers, children, open_requests];
        let texts = [locked_ids, locked_by_requests, ids, dedup, requests, schedules, queues, queues_to_change];
        numbers.iter().all(|set| set.is_empty())
            && texts.iter().all(|set| set.is_empty())
            && (items.is_empty() && items_by_id.is_empty() && values.is_empty() && channels.is_empty())
            && (claims.is_empty() && task_claims.is_empty() && tasks.is_empty() && running.is_empty())
            && *new_runs == 0
    }

    #[expect(clippy::too_many_lines, reason = "an arm for each write")]
    fn add(&mut self, write: &Write) -> bool {
        match write {
            Write::Start(run) if needs_all(run) => return false,
            Write::Start(run) => self.start(run),
            Write::Append(append) => return self.append(append),
            Write::Send(item) => {
                self.locked.insert(item.run);
                self.items.extend(item.key.iter().map(|key| (item.run, key.clone())));
            }
            Write::Claim { run, lease } => {
                self.locked.insert(*run);
                self.leases.insert(lease.number);
            }
            Write::Give { run, from, to } => {
                self.locked.insert(*run);
                self.leases.extend([from.number, to.number]);
            }
            Write::ClaimServed { lease, served, limit } => {
                self.leases.insert(lease.number);
                self.claims.push(Claim { lease: *lease, served: served.clone(), limit: *limit });
            }
            Write::Heartbeat(lease) | Write::Describe { lease, .. } => {
                self.leases_to_change.insert(lease.number);
            }
            Write::TakeLease { seen, .. } => {
                self.leases_to_change.insert(seen.number);
            }
            Write::Answer { request, .. } => {
                self.locked_by_requests.insert(request.clone());
                self.requests.insert(request.clone());
            }
            Write::ClaimTasks { .. }
            | Write::FinishTask { .. }
            | Write::ReportTask { .. }
            | Write::ReturnTask { .. } => self.add_of_task(write),
            // Written blindly.
            Write::MarkTraces(_) => {}
            Write::PutSchedule(row) => {
                self.schedules.insert(row.name.clone());
            }
            Write::RemoveSchedule { schedule, .. } => {
                self.schedules.insert(schedule.clone());
            }
            Write::Fire(fire) => {
                self.schedules.insert(fire.schedule.clone());
                self.ids.extend(fire.previous.clone());
                self.start(&fire.run);
            }
            Write::Import(_)
            | Write::Transaction(_)
            | Write::Adopt(_)
            | Write::OpenLease { .. }
            | Write::CloseLease(_)
            | Write::ChangePlace { .. }
            | Write::ExpireRuns { .. }
            | Write::ChangeQueue { .. }
            | Write::Index { .. }
            | Write::Delete { .. }
            | Write::Act(_)
            | Write::AppendParked(_)
            | Write::PutJob(_)
            | Write::ClaimTraces(_) => return false,
        }
        true
    }

    fn add_of_task(&mut self, write: &Write) {
        match write {
            Write::ClaimTasks { lease, queue, .. } => {
                self.leases.insert(lease.number);
                self.queues_to_change.insert(queue.to_string());
                self.task_claims.push(write.clone());
            }
            Write::FinishTask { lease, position, item, .. } => {
                self.leases.insert(lease.number);
                self.locked.insert(item.run);
                self.running.insert((item.run, *position));
            }
            Write::ReportTask { lease, run, position, .. } | Write::ReturnTask { lease, run, position, .. } => {
                self.leases.insert(lease.number);
                self.running.insert((*run, *position));
            }
            _ => {}
        }
    }

    fn start(&mut self, run: &NewRun) {
        self.leases.extend(run.lease.map(|lease| lease.number));
        self.ids.insert(run.id.clone());
        self.dedup.extend(run.dedup.clone());
        self.queues.extend(run.queued.iter().map(|queued| queued.queue.clone()));
        self.new_runs += 1;
    }

    fn append(&mut self, append: &Append) -> bool {
        self.leases.insert(append.lease.number);
        self.runs.insert(append.run);
        if append.change.status.is_some_and(crate::store::Status::is_final) {
            self.locked.insert(append.run);
            self.locked_watchers.insert(append.run);
            self.watchers.insert(append.run);
            self.open_requests.insert(append.run);
            // If it is a run in a queue, what it has there goes with it.
            self.running.insert((append.run, TaskRow::RUN));
        }
        append.transaction.is_none()
            && append.change.status != Some(crate::store::Status::Moved)
            && append.outgoing.iter().all(|outgoing| self.outgoing(append.run, outgoing))
    }

    fn outgoing(&mut self, run: i64, outgoing: &Outgoing) -> bool {
        match outgoing {
            Outgoing::Deliver { to, item } | Outgoing::DeliverToWatched { to, item, .. } => self.deliver(to, item),
            Outgoing::NotifyChildren(_) | Outgoing::Label { .. } | Outgoing::Index { .. } => {}
            Outgoing::Start { run, .. } if needs_all(run) => return false,
            Outgoing::Start { run, .. } => self.start(run),
            Outgoing::Watch { id, .. } => {
                self.locked_ids.insert(id.clone());
            }
            Outgoing::Ask(request) => {
                self.requests.insert(request.id.clone());
            }
            Outgoing::Withdraw { id } | Outgoing::Expire { id } => {
                self.requests.insert(id.clone());
            }
            Outgoing::Put { channel, .. } => {
                self.channels.insert((run, channel.clone()));
            }
            Outgoing::Enqueue(task) => {
                self.tasks.insert((run, task.position));
                self.queues.insert(task.queue.clone());
            }
            Outgoing::Dequeue { position } | Outgoing::Withhold { position } => {
                self.tasks.insert((run, *position));
            }
            Outgoing::Replace(_) => return false,
        }
        true
    }

    fn deliver(&mut self, to: &str, item: &NewInboxItem) {
        self.locked_ids.insert(to.to_owned());
        self.items_by_id.extend(item.key.iter().map(|key| (to.to_owned(), key.clone())));
    }
}

/// Returns whether a start changes other rows than those of its run.
fn needs_all(run: &NewRun) -> bool {
    run.holder != Holder::Keeps
}
