//! The journal as a workflow body calls it: calls are recorded, or compared with the recorded ones.

use super::Limits;
use super::commands::History;
use super::outgoing::Sent;
use super::own_turn::OUTSIDE;
use super::state::{Call, Saving, State, What};
use super::turn::Turn;
use crate::command::{Abandon, Command, derived_id};
use crate::context::{ContextError, FieldValues, SharedContext};
use crate::fields::{Coder, Fields};
use crate::journal::{Asked, Completion, ContextChange, Continued, Journal, Recorded};
use crate::queue::Declared;
use crate::record::{ParkReason, RoutedValue, RunIdentity, RunScope};
use crate::run_env::RunEnv;
use crate::shared_state::{StateDef, StateSnapshot};
use crate::store::Outgoing;
use crate::value::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// The journal of one run as its body calls it. The body runs on one thread at a time, so the lock is never contended.
pub(crate) struct RunJournal {
    identity: Arc<RunIdentity>,
    seed: [u8; 16],
    limits: Limits,
    fields: Arc<Fields>,
    queues: Arc<Declared>,
    state: Mutex<State>,
}

impl RunJournal {
    pub(super) fn new(limits: Limits, seed: [u8; 16], env: &RunEnv) -> Self {
        let fields = env.fields.clone();
        let mut state = State::default();
        state.shared.steps = env.state.clone();
        let (identity, queues) = (fields.run().clone(), env.queues.clone());
        Self { identity, seed, limits, fields, queues, state: Mutex::new(state) }
    }

    pub(super) fn vault(&self) -> &crate::vault::Vault {
        self.fields.vault()
    }

    pub(super) const fn fields(&self) -> &Arc<Fields> {
        &self.fields
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl crate::scope::ContextSource for RunJournal {
    fn context(&self) -> Option<SharedContext> {
        self.state().context.now.clone()
    }
}

impl Journal for RunJournal {
    fn identity(&self) -> &Arc<RunIdentity> {
        &self.identity
    }

    fn coder(&self) -> Coder<'_> {
        self.fields.coder()
    }

    #[cfg(feature = "testing")]
    fn substitute(&self, step: &str) -> Option<Arc<dyn crate::journal::StepBody>> {
        self.state().stubs.get(step)
    }

    #[cfg(feature = "testing")]
    fn substitute_in_graph(&self, workflow: &str, step: &str) -> Option<crate::resources::Anything> {
        self.state().stubs.get_in_graph(workflow, step)
    }

    fn queue_key(&self, queue: &str, input: &dyn std::any::Any) -> Result<Option<String>, String> {
        self.queues.key(queue, input)
    }

    fn next_command_index(&self) -> u64 {
        let mut state = self.state();
        if state.is_outside() {
            // The call itself is refused, also if it is polled in the body.
            return OUTSIDE;
        }
        state.next_position += 1;
        state.next_position
    }

    fn now(&self) -> i64 {
        self.state().time.now
    }

    fn elapsed(&self) -> i64 {
        self.state().time.elapsed
    }

    fn started_at(&self) -> i64 {
        self.state().time.at
    }

    fn random(&self) -> [u8; 16] {
        let mut state = self.state();
        if !self.is_outside(&mut state) {
            state.drawn += 1;
        }
        let mut hash = hmac_sha256::Hash::new();
        hash.update(b"random");
        hash.update(self.seed);
        hash.update(state.drawn.to_le_bytes());
        hash.finalize()[..16].try_into().expect("32 bytes have 16")
    }

    fn continued(&self) -> Option<Continued> {
        self.state().context.continued.clone()
    }

    fn ask(&self, position: u64, command: Asked) {
        self.ask_for(position, command);
    }

    fn issue(&self, position: u64, command: Command<'_>) {
        self.tell_of(position, &command);
    }

    fn scope(&self) -> Arc<RunScope> {
        self.state().scope.clone()
    }

    fn derived_id(&self, position: u64) -> String {
        let author = self.state().author();
        derived_id(author.unwrap_or(self.identity.execution), position)
    }

    fn child_id(&self, position: u64) -> Option<String> {
        match &self.state().calls.get(&position)?.what {
            What::Outside(outside) => outside.id.clone(),
            What::Step(_) | What::Timer(_) => None,
        }
    }

    fn cancel_child(&self, position: u64, child: u64, id: &str, reason: String) {
        self.cancel_of(position, child, id, reason);
    }

    fn try_receive(&self, position: u64, channel: &'static str) -> Option<Value> {
        self.try_message(position, channel)
    }

    fn patched(&self, patch: &str, given_up: bool) -> bool {
        self.takes_patch(patch, given_up)
    }

    fn replace(&self, position: u64, version: u32, input: Result<Value, String>) {
        self.go_on_as_another(position, version, input);
    }

    fn poll(&self, position: u64, cx: &mut Context<'_>) -> Poll<Completion> {
        let mut state = self.state();
        if state.fault.is_some() {
            return Poll::Pending;
        }
        let Some(call) = state.calls.get_mut(&position) else { return Poll::Pending };
        if let Some(completion) = call.completion.take() {
            state.calls.remove(&position);
            return Poll::Ready(completion);
        }
        match &mut call.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    fn abandon(&self, position: u64) {
        // The call holds the user's closure, whose drop runs user code: dropped after the lock is released.
        let removed;
        let mut guard = self.state();
        let state = &mut *guard;
        if state.turn.is_none() || state.fault.is_some() || state.is_outside() {
            return;
        }
        if state
            .calls
            .get(&position)
            .is_some_and(|call| matches!(&call.what, What::Outside(child) if child.cancelled.is_some()))
        {
            // The child may not be known to exist yet. Its end is then delivered to nobody.
            return;
        }
        state.settle(position);
        state.forget_edits(position);
        let was_task = state.tasks.remove(&position);
        let mut call = state.calls.remove(&position);
        let another = call.as_mut().and_then(|call| state.put_back(call));
        let in_flight = matches!(call, Some(Call { completion: None, .. }));
        removed = call;
        if let Some(another) = another {
            drop(guard);
            return another.wake();
        }
        if !in_flight {
            return;
        }
        drop(guard);
        let History::New(mut guard) = self.history(position, &Command::<(), ()>::Abandon(Abandon)) else { return };
        let now = guard.time.now;
        let Some(turn) = guard.turn.as_mut().and_then(Turn::live) else { return };
        turn.record_command(&Command::<(), ()>::Abandon(Abandon), &mut self.at(position, now, None), None);
        turn.abandoned.push(position);
        if was_task {
            turn.outgoing.push(Sent { outgoing: Outgoing::Dequeue { position }, awaited_at: None });
        }
        if let Some(What::Outside(outside)) = removed.as_ref().map(|call| &call.what)
            && let (Command::Request(_), Some(id)) = (&outside.command, &outside.id)
        {
            turn.outgoing.push(Sent { outgoing: Outgoing::Withdraw { id: id.clone() }, awaited_at: None });
        }
    }

    fn unreadable(&self, position: u64, why: String) {
        let missing_key = self.missing_key(Some(position));
        let mut state = self.state();
        if let Some(reason) = missing_key {
            state.fault.get_or_insert(reason);
            return;
        }
        let run = &self.identity;
        let what = format!("a recorded value of run `{}` (workflow `{}`, position {position})", run.id, run.workflow);
        state.fault.get_or_insert_with(|| super::fault::unreadable(&what, &why).at(Some(position)));
    }

    fn unstorable(&self, position: u64, why: String) {
        self.cannot_store(position, &why);
    }

    fn cannot_begin(&self, position: u64, why: String) {
        let run = &self.identity;
        let message = format!(
            "workflow `{}` (run `{}`) cannot begin: {why}. Fix what is wrong and retry the run; nothing is lost",
            run.workflow, run.id
        );
        let reason = ParkReason::new(crate::record::ParkCause::Unstorable, message).at(Some(position));
        self.state().fault.get_or_insert(reason);
    }

    fn recorded_change(&self, position: u64, change: &ContextChange<'_>) -> Recorded {
        self.change_of_history(position, change)
    }

    fn fits(&self, change: &ContextChange<'_>, values: &FieldValues) -> Result<(), ContextError> {
        self.state().context.inline.fits(change, values, &self.limits, &self.identity)
    }

    fn append_change(
        &self,
        position: u64,
        change: &ContextChange<'_>,
        values: Result<Vec<(&'static str, Value)>, Value>,
    ) {
        self.record_change(position, change, values);
    }

    fn context(&self) -> Option<SharedContext> {
        self.state().context.now.clone()
    }

    fn declared_state(&self) -> Option<StateDef> {
        self.state().shared.definition()
    }

    fn shared_state(&self) -> Result<StateSnapshot, ContextError> {
        self.state_as_of_now()
    }

    fn share_context(&self, context: Option<SharedContext>) {
        self.state().context.now = context;
    }

    fn save(&self, position: u64, context: &'static str, fields: Vec<RoutedValue>) {
        self.state().context.saving =
            Some(Saving { position, context, fields: Some(fields), outcome: None, waker: None });
    }

    fn poll_saved(&self, position: u64, cx: &mut Context<'_>) -> Poll<Result<Vec<Value>, ContextError>> {
        let mut state = self.state();
        let Some(saving) = state.context.saving.as_mut().filter(|saving| saving.position == position) else {
            return Poll::Pending;
        };
        if let Some(outcome) = saving.outcome.take() {
            state.context.saving = None;
            return Poll::Ready(outcome);
        }
        saving.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn abandon_change(&self, position: u64) {
        let mut guard = self.state();
        let state = &mut *guard;
        if state.context.saving.take_if(|saving| saving.position == position).is_none() || state.fault.is_some() {
            return;
        }
        let Some(turn) = state.turn.as_mut().and_then(Turn::live) else { return };
        turn.record_command(&Command::<(), ()>::Abandon(Abandon), &mut self.at(position, 0, None), None);
    }
}
