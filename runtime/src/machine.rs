//! One loaded run as a machine without threads, clock or database: entries and completions go in, appends and effects
//! come out. The engine and the fault-injecting test executor drive the same machine.
//!
//! A turn is an activation in Temporal's terms: one entry is delivered, and the workflow is polled until it waits.

mod append;
mod attempts;
mod calls;
mod cancelled_child;
mod child;
mod commands;
mod contents;
mod context_calls;
mod continue_as_new;
mod continued;
mod delivered;
mod effect;
mod elapsed;
mod ending;
mod failure;
mod fault;
mod inbox;
mod inline;
mod kept;
mod keys;
mod live;
mod moved;
mod origins;
mod outgoing;
mod outputs;
mod own_turn;
mod paused;
mod poll;
mod replay;
mod restart;
mod rows;
mod run_scope;
mod shared_state;
mod state;
mod suspended;
mod tasks;
mod transaction;
mod turn;
mod waker;

use calls::RunJournal;
pub(crate) use effect::Effect;
pub(crate) use elapsed::{AHEAD, UNNOTICED};

pub(crate) use continue_as_new::ContinueWith;
pub(crate) use continued::Continuing;
#[cfg(feature = "sqlite")]
pub(crate) use moved::MovedState;
pub(crate) use origins::Origins;
pub(crate) use replay::{LoadField, Rebuild};
pub(crate) use run_scope::{forget_deduplication_key, recorded_scope, scope_entry};
pub(crate) use shared_state::version as recorded_state_version;
pub(crate) use turn::{entry as plain_entry, first_entry};
pub(crate) use waker::RunWaker;

use crate::context::SharedContext;
use crate::journal::{BodyEnd, Journal};
use crate::metrics;
use crate::panics;
use crate::record::{Limits, ParkReason, RunIdentity, RunScope};
use crate::resources::ResourceKey;
use crate::run_env::RunEnv;
use crate::store::{Lease, RunRow, Status};
use append::RowState;
use effect::Waiting;
use futures_util::future::BoxFuture;
use std::collections::VecDeque;
use std::sync::Arc;

/// A loaded run. It is large, so it is passed in its box.
pub(crate) struct Machine {
    number: i64,
    lease: Lease,
    env: Arc<RunEnv>,
    journal: Arc<RunJournal>,
    future: Option<BoxFuture<'static, BodyEnd>>,
    waker: Arc<RunWaker>,
    limits: Limits,
    /// The point at which effects are released: see [`Machine::releasing_early`].
    #[cfg(feature = "testing")]
    release: append::Release,
    unwritten: append::Unwritten,
    /// The state of the run's row, so that only changes are written.
    row: RowState,
    /// Effects of appends that are not yet durable.
    waiting: Waiting,
    fate: ending::Fate,
    clock: elapsed::RunClock,
    /// The entries of the turn that a replay is collecting.
    pending: replay::PendingTurn,
    /// A turn that stays open while fields are saved, and the events that are deferred meanwhile.
    suspended: Option<suspended::OpenTurn>,
    deferred: VecDeque<suspended::Deferred>,
    held_back: paused::HeldBack,
    /// The number of existing runs that are being compared with runs to be started.
    attaching: usize,
    /// The steps that are transactions.
    transactions: transaction::Transactions,
    purpose: Purpose,
    /// The number of the first run, by which observers and children refer to this run.
    first_run: i64,
    /// The number of the last inbox item that was seen.
    read_to: i64,
    /// The steps in flight, for metrics.
    pub(crate) calls: metrics::Calls,
}

/// The purpose of a load.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Driving the run.
    Drive,
    /// Replaying only what is recorded, without any new effect.
    Check,
}

impl Machine {
    /// Creates a run before its first entry is delivered. `foreign` is called when a waker that is not the engine's
    /// wakes the workflow.
    pub(crate) fn new(
        row: &RunRow,
        lease: Lease,
        limits: Limits,
        env: Arc<RunEnv>,
        foreign: impl Fn() + Send + Sync + 'static,
    ) -> Box<Self> {
        Box::new(Self {
            number: row.number,
            lease,
            journal: Arc::new(RunJournal::new(limits, row.seed, &env)),
            future: None,
            waker: RunWaker::new(foreign),
            limits,
            #[cfg(feature = "testing")]
            release: append::Release::default(),
            unwritten: append::Unwritten::default(),
            row: RowState::of(row),
            waiting: Waiting::default(),
            fate: ending::Fate::of(row),
            clock: elapsed::RunClock::default(),
            pending: replay::PendingTurn::default(),
            suspended: None,
            deferred: VecDeque::new(),
            held_back: paused::HeldBack::default(),
            attaching: 0,
            transactions: transaction::Transactions::default(),
            purpose: Purpose::Drive,
            first_run: row.first_run,
            read_to: 0,
            calls: metrics::Calls::default(),
            env,
        })
    }

    /// Replaces steps of the run by closures.
    #[cfg(feature = "testing")]
    pub(crate) fn with_stubs(self: Box<Self>, stubs: crate::journal::Stubs) -> Box<Self> {
        self.journal.state().stubs = stubs;
        self
    }

    /// Makes the run a check: it is replayed as far as it is recorded, without new effects.
    pub(crate) fn dry(mut self: Box<Self>) -> Box<Self> {
        self.purpose = Purpose::Check;
        self
    }

    /// Returns the identity of the run.
    pub(crate) fn identity(&self) -> &Arc<RunIdentity> {
        self.journal.identity()
    }

    /// Returns the scope under which it acts.
    pub(crate) fn scope(&self) -> Arc<RunScope> {
        self.journal.state().scope.clone()
    }

    /// Returns its environment.
    pub(crate) const fn env(&self) -> &Arc<RunEnv> {
        &self.env
    }

    /// Returns the current context, for the hooks of transient fields.
    pub(crate) fn context(&self) -> Option<SharedContext> {
        self.journal.state().context.now.clone()
    }

    /// Returns the size of the current context in the database, in bytes.
    pub(crate) fn context_bytes(&self) -> usize {
        self.journal.state().context.inline.total()
    }

    /// Returns the steps that have no result yet, by name, with the resources that they take.
    pub(crate) fn in_flight(&self) -> Vec<(&'static str, &'static [ResourceKey])> {
        self.journal.state().in_flight().map(|step| (step.call.name, step.call.run.body.resources())).collect()
    }

    /// Returns the steps without a result, each with the field store that takes it.
    pub(crate) fn stores_in_flight(&self) -> Vec<(&'static str, Option<&'static str>)> {
        self.journal.state().in_flight().map(|step| (step.call.name, step.call.run.body.store())).collect()
    }

    /// Returns the number by which observers find its outputs.
    pub(crate) const fn first_run(&self) -> i64 {
        self.first_run
    }

    /// Returns the lease under which it is driven.
    pub(crate) const fn lease(&self) -> Lease {
        self.lease
    }

    /// Returns the sequence number of the last entry, durable or not.
    pub(crate) const fn tail(&self) -> u64 {
        self.unwritten.tail
    }

    /// Returns the status with which the run ended, if it did.
    pub(crate) const fn ended(&self) -> Option<Status> {
        self.fate.ended
    }

    /// Returns the reason for which the run is to be parked, if it is.
    pub(crate) const fn parked(&self) -> Option<&ParkReason> {
        self.fate.parked.as_ref()
    }

    /// Returns whether nothing has happened since the last [`take_append`](Machine::take_append).
    pub(crate) fn nothing_to_append(&self) -> bool {
        // The row of a run that was parked differs from its state once it is resumed.
        let row_is_true = || self.row_state() == (self.row.status, self.row.wake_at);
        let nothing_new = self.unwritten.tail == self.unwritten.appended
            && self.unwritten.taken.is_empty()
            && self.unwritten.outgoing.is_empty()
            && self.fate.parked.is_none()
            && !self.has_transaction();
        // Half a turn is never appended, so that no reader can see it.
        self.fate.closed || (self.stands_still() && !self.is_replacing()) || (nothing_new && row_is_true())
    }

    /// Drops the body while no turn is open, so that the drop leaves no trace: neither as an entry, nor as a wake of
    /// another branch, nor as a panic.
    fn drop_body(&mut self) {
        self.waker.close();
        {
            let mut state = self.journal.state();
            (state.turn, state.dropping) = (None, true);
        }
        let body = self.future.take();
        if let Err(panic) = panics::caught(|| drop(body)) {
            let run = self.journal.identity();
            tracing::error!(run = %run.id, workflow = %run.workflow, panic, "dropping the body of the workflow panicked");
        }
        self.journal.state().dropping = false;
    }

    fn next_seq(&mut self) -> u64 {
        self.unwritten.tail += 1;
        self.unwritten.tail
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.env.state.close();
        self.drop_body();
    }
}
