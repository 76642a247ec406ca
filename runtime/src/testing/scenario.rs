//! Runs one scenario: a deterministic executor with a fixed clock, fixed ids, one group a commit, and at most one
//! fault. The runs that the workflow starts are run too, one thing at a time.

use super::attempts::{RunningAttempts, StepEvent};
use super::database::Database;
use super::far::Far;
use super::fault::{Dice, Plan};
use super::loaded::Loaded;
use super::observers::Observers;
use super::oracle::{End, Seen};
use super::places::Places;
use super::queued::Queued;
use super::subject::{self, Subject};
use crate::fields::FieldStores;
use crate::record::Kind;
use crate::resources::Resources;
use crate::session::Session;
use crate::store::{Lease, RunRow, Status, Write};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The time at which every scenario begins: 2020-01-01, in milliseconds since 1970.
pub(super) const BEGINNING: i64 = 1_577_836_800_000;
/// The longest wait for a body when nothing else can happen.
pub(super) const LONGEST: Duration = Duration::from_secs(30);

/// The outcome of one scenario.
pub(super) struct Played {
    pub(super) end: End,
    /// The kinds of entries that each commit wrote.
    pub(super) commits: Vec<String>,
    /// Whether anything could have happened in another order.
    pub(super) has_orders: bool,
    /// The number of saves of fields in stores.
    pub(super) saves: usize,
}

pub(super) struct Scenario<'a> {
    pub(super) subject: &'a Subject,
    pub(super) plan: Plan,
    pub(super) store: Database,
    pub(super) lease: Lease,
    pub(super) now: i64,
    pub(super) commits: usize,
    /// The kinds of entries of each commit.
    pub(super) kinds: Vec<String>,
    pub(super) saves: usize,
    pub(super) stores: Arc<FieldStores>,
    pub(super) failing: usize,
    pub(super) crash_again: bool,
    pub(super) dice: Dice,
    /// Whether several bodies were running at the same time.
    pub(super) concurrent: bool,
    /// The active runs, by their numbers.
    pub(super) loaded: BTreeMap<i64, Loaded>,
    pub(super) seen: BTreeMap<i64, Seen>,
    pub(super) observers: Observers,
    /// Runs that are not active and have new items.
    pub(super) absent: BTreeSet<i64>,
    /// A run that is to be evicted and loaded again.
    pub(super) evicting: Option<i64>,
    /// The number of messages and starts that were sent.
    pub(super) said: usize,
    /// The runs that were started from outside.
    pub(super) started: BTreeSet<i64>,
    /// Whether the run was paused, and not yet resumed.
    pub(super) paused: bool,
    /// The engine that runs remote steps.
    pub(super) far: Far,
    /// What the engine of the runs does for those in queues.
    pub(super) places: Places,
    /// What was seen of the queues.
    pub(super) queued: Queued,
    /// The resources of the process that plays the owner.
    pub(super) resources: Resources,
    pub(super) sessions: HashMap<i64, Session>,
}

/// The next state of an active run.
pub(super) enum Next {
    GoOn,
    Evicted,
    /// The run's last append was not written, or its outcome is unknown.
    Unknown,
    /// The run has ended.
    Left,
    /// The whole process has died.
    Crashed,
}

impl Subject {
    /// Runs a scenario.
    pub(super) async fn play(&self, plan: Plan) -> Result<Played, String> {
        let store = Database::new(&self.sql)?;
        store.set_clock(BEGINNING);
        let lease = store.open_lease()?;
        for queue in self.queues.0.values() {
            store.write(Write::ChangeQueue { queue: queue.name.as_str().into(), change: queue.declaration() })?;
        }
        let mut new = self.start.clone();
        let places = Places::new(new.queued.is_some());
        new.lease = Some(lease);
        store.write(Write::Start(new))?;
        let scenario = Scenario {
            subject: self,
            plan,
            store,
            lease,
            now: BEGINNING,
            commits: 0,
            kinds: Vec::new(),
            saves: 0,
            stores: subject::stores(),
            failing: 0,
            crash_again: false,
            dice: Dice::new(plan.order),
            concurrent: false,
            loaded: BTreeMap::new(),
            seen: BTreeMap::new(),
            observers: Observers::default(),
            absent: BTreeSet::new(),
            evicting: None,
            said: 0,
            started: BTreeSet::new(),
            paused: false,
            far: Far::default(),
            places,
            queued: Queued::default(),
            resources: self.resources.open(),
            sessions: HashMap::new(),
        };
        scenario.play().await
    }
}

impl Scenario<'_> {
    async fn play(mut self) -> Result<Played, String> {
        self.load_all().await?;
        while self.advance().await? {}
        let main = self.main()?;
        if !main.status.is_final() {
            return Err(self.stuck(&main));
        }
        self.loaded.clear();
        self.look()?;
        let journal = self.journal(main.number)?;
        let fields = self.store.fields(main.number, 1, u64::MAX).map_err(|error| error.to_string())?;
        let mut end = End::of(&journal, fields).ok_or("the run ended, but its journal does not say so")?;
        end.rows = self.store.rows()?;
        end.shown = self.observers.shown_by(main.first_run, &self.seen)?;
        end.queued = self.queued_ends()?;
        self.replay_whole().await?;
        let has_orders = self.concurrent || self.dice.has_chosen;
        Ok(Played { end, commits: self.kinds, has_orders, saves: self.saves })
    }

    /// Makes one commit, one completion, one item from outside, or one jump of the clock; `false` if nothing can
    /// happen.
    async fn advance(&mut self) -> Result<bool, String> {
        if let Some(number) = self.absent.pop_first() {
            self.load(number).await?;
            return Ok(true);
        }
        // What the engine does for queues races with the work of its runs.
        if self.places.is_used && self.dice.below(4) == 0 && self.places_work().await? {
            return Ok(true);
        }
        for number in self.shuffled(|_| true) {
            if self.work(number).await? {
                return Ok(true);
            }
        }
        if self.far_works(false).await? || self.places_work().await? {
            return Ok(true);
        }
        let mut lookers = self.shuffled(|loaded| loaded.look);
        let busy = |loaded: &Loaded| !loaded.attempts.is_empty();
        let is_busy = self.loaded.values().any(busy);
        // Items from outside race with the bodies.
        if !lookers.is_empty() && (!is_busy || self.dice.below(2) == 0) {
            self.read_inbox(lookers.remove(0))?;
            return Ok(true);
        }
        if is_busy {
            let can_wait = lookers.is_empty() && self.next_due()?.is_none() && !self.has_words()?;
            self.run_bodies(can_wait).await;
            if self.take_news() {
                return Ok(true);
            }
        }
        if let Some(number) = lookers.first() {
            self.read_inbox(*number)?;
            return Ok(true);
        }
        if self.next_due()?.is_none() && !self.has_words()? && self.far_works(true).await? {
            return Ok(true);
        }
        if self.say_next()? {
            return Ok(true);
        }
        let Some((due, next)) = self.next_due()? else { return Ok(false) };
        self.pass(due, next.is_none()).await?;
        let Some(number) = next else { return Ok(true) };
        match self.loaded.get_mut(&number) {
            Some(loaded) => loaded.run.due(self.now),
            None => self.load(number).await?,
        }
        Ok(true)
    }

    /// Returns the active runs that match, in a random order.
    fn shuffled(&mut self, of: impl Fn(&Loaded) -> bool) -> Vec<i64> {
        let mut numbers: Vec<i64> =
            self.loaded.iter().filter(|(_, loaded)| of(loaded)).map(|(number, _)| *number).collect();
        if numbers.len() > 1 {
            let first = self.dice.below(numbers.len());
            numbers.rotate_left(first);
        }
        numbers
    }

    /// Does the work that a run has on its own; `false` if it has none.
    async fn work(&mut self, number: i64) -> Result<bool, String> {
        let Some(mut loaded) = self.loaded.remove(&number) else { return Ok(false) };
        let next = if let Some((_, fields)) = loaded.run.take_saves() {
            self.save(&mut loaded, fields).await?
        } else if let Some(append) = loaded.run.take_append(self.now) {
            // The engine too continues while the append is written: effects released now must not depend on it.
            let effects = loaded.run.take_free_effects();
            match self.perform(number, &mut loaded, effects).await? {
                Next::GoOn => self.commit(&mut loaded, append).await?,
                next => next,
            }
        } else {
            let effects = loaded.run.take_free_effects();
            if !effects.is_empty() {
                self.perform(number, &mut loaded, effects).await?
            } else if self.evicting.take_if(|evicting| *evicting == number).is_some() {
                // All its effects are performed.
                Next::Evicted
            } else {
                self.loaded.insert(number, loaded);
                return Ok(false);
            }
        };
        if let Next::GoOn = next {
            self.loaded.insert(number, loaded);
            return Ok(true);
        }
        drop(loaded);
        match next {
            Next::GoOn => {}
            Next::Evicted => {
                self.sessions.remove(&number);
                self.load(number).await?;
            }
            Next::Left => self.go_on(number).await?,
            // The engine looks for runs to resume.
            Next::Unknown => {
                self.load(number).await?;
                self.load_all().await?;
                self.loaded.values_mut().for_each(|loaded| loaded.look = true);
            }
            Next::Crashed => {
                self.loaded.clear();
                self.load_all().await?;
            }
        }
        Ok(true)
    }

    /// Lets bodies run for a while, or until one has ended or has an event.
    async fn run_bodies(&mut self, can_wait: bool) {
        let began = Instant::now();
        self.concurrent |= self.loaded.values().map(|loaded| loaded.attempts.running()).sum::<usize>() > 1;
        loop {
            for loaded in self.loaded.values_mut().filter(|loaded| !loaded.attempts.is_empty()) {
                loaded.attempts.run().await;
            }
            let has_events = self.loaded.values().any(|loaded| loaded.attempts.has_events());
            if has_events || !can_wait || began.elapsed() > LONGEST {
                return;
            }
        }
    }

    /// Handles an event or the end of a body.
    fn take_news(&mut self) -> bool {
        let Some(number) = self.shuffled(|loaded| loaded.attempts.has_events()).first().copied() else { return false };
        let Some(Loaded { run, attempts, .. }) = self.loaded.get_mut(&number) else { return false };
        if let Some(event) = attempts.next_event() {
            match event {
                StepEvent::Wrote(write, taken) => {
                    run.step_wrote(write, self.now);
                    // The step may have ended.
                    let _ = taken.send(());
                }
                StepEvent::State(event) => run.state_event(event, self.now),
            }
        } else if let Some((position, attempt, outcome)) = attempts.next(&mut self.dice) {
            let late = outcome.clone();
            run.attempt_ended(position, attempt, outcome, self.now);
            // A result that arrives twice, or late, changes nothing.
            let tail = run.tail();
            run.attempt_ended(position, attempt, late, self.now);
            assert_eq!(run.tail(), tail, "a late result of attempt {attempt} at position {position} was taken");
        }
        true
    }

    fn stuck(&self, main: &RunRow) -> String {
        if self.loaded.values().any(|loaded| !loaded.attempts.is_empty()) {
            return "nothing happened for 30 s: a step does not end".into();
        }
        if main.status == Status::Queued {
            return format!(
                "the run waits in queue `{}` for room that never comes",
                main.queue.as_deref().unwrap_or("")
            );
        }
        let last = self.seen.get(&main.number).map(|seen| seen.read().iter().rev().take(3).collect::<Vec<_>>());
        format!("the run has not ended, and waits for what never comes; its last entries, the newest first: {last:?}")
    }

    /// Lets the process die. Every body that was started has run: its effects on the world have happened.
    pub(super) async fn crash(&mut self, loaded: &mut Loaded) -> Result<(), String> {
        loaded.attempts.run_in_vain().await;
        self.crash_all().await?;
        loaded.attempts = RunningAttempts::of(loaded.run.env(), self.plan.order);
        Ok(())
    }

    /// Lets the process die between the commits of its runs.
    pub(super) async fn crash_all(&mut self) -> Result<(), String> {
        for loaded in self.loaded.values_mut() {
            loaded.attempts.run_in_vain().await;
        }
        self.loaded.clear();
        self.resources = self.subject.resources.open();
        self.sessions.clear();
        self.places.die();
        // The next process takes its lease: room that was to be given back is free then.
        if self.places.is_used { self.take_over() } else { Ok(()) }
    }

    /// Reads everything that is visible from outside, as an observer.
    pub(super) fn look(&mut self) -> Result<(), String> {
        let rows = self.rows()?;
        for row in &rows {
            let journal = self.journal(row.number)?;
            self.seen.entry(row.number).or_default().journal(journal)?;
        }
        self.loaded.values().try_for_each(|loaded| self.was_recorded(loaded))?;
        self.look_at_queues(&rows)?;
        self.observers.look(&*self.store, &rows, &self.seen)
    }

    /// Checks that every edit of the shared state that a body has seen is in the journal.
    pub(super) fn was_recorded(&self, loaded: &Loaded) -> Result<(), String> {
        if loaded.run.env().state.shown().is_empty() {
            return Ok(());
        }
        let journal = self.journal(loaded.number)?;
        let edits: BTreeSet<_> = journal
            .iter()
            .filter(|entry| entry.kind == Kind::StateEdited)
            .map(|entry| (entry.position, entry.other.as_deref()))
            .collect();
        for (position, key) in loaded.run.env().state.shown() {
            if !edits.contains(&(Some(position), Some(&key))) {
                return Err(format!("an edit of the step at position {position} was shown and is not recorded: {key}"));
            }
        }
        Ok(())
    }
}
