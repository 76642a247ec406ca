//! Checks whether a run still has the held thing, as its users see it.

use super::beginning::boss_of;
use super::happening::{After, Happening};
use super::holding::Held;
use super::kids::{boss, kid};
use super::stage::{LIMIT, Place, Stage};
use super::subject::{Edits, Go, Holding, Luggage, Note, Reply, release, since_1970};
use crate::steps::until_asked;
use std::time::{Duration, SystemTime};
use steadfast::history::Kind;
use steadfast::{EngineError, RunFilter, Status};
use tokio::time::timeout;

impl Holding {
    /// Checks that an unfinished run has it, and drives the run to its end, for which it needs the thing.
    #[expect(clippy::too_many_lines, reason = "a list of short cases")]
    pub(super) async fn holds(self, place: &Place, held: &Held, stage: &Stage) {
        let (engine, id, cell) = (&place.engine, &place.id, &stage.cell);
        let run = place.run().await;
        match self {
            Self::OpenRequest => {
                until_asked(async || !run.requests().await.unwrap().is_empty()).await;
                let open = run.requests().await.unwrap();
                assert_eq!((open.len(), open[0].due), (1, held.due), "it is asked once, with its limit");
                engine.answer(&open[0].id, Reply("answered".into())).await.unwrap();
                place.goes_on_to(self, "answered").await;
                assert!(run.requests().await.unwrap().is_empty());
            }
            Self::WaitingMessage => place.goes_on_to(self, "read late").await,
            Self::TakenKey => {
                engine.send(id, Note("once".into())).key("k").await.unwrap();
                place.goes_on_to(self, "once").await;
            }
            Self::Stream => {
                place.goes_on_to(self, "done").await;
                self.items(place, &["first", "last"]).await;
            }
            Self::ChildRunning => {
                let child = engine.run(&Self::kid(cell)).await.unwrap();
                // Another run that awaits it may have been checked before.
                if child.status().await.unwrap().status != Status::Completed {
                    child.send(Note("grown".into())).await.unwrap();
                }
                place.goes_on_to(self, "grown").await;
            }
            Self::ChildParked => {
                let child = engine.run(&Self::kid(cell)).await.unwrap();
                // Each engine tries a parked run once when it starts: the child is parked, runs for a moment, and is
                // parked again.
                until_asked(async || {
                    let status = child.status().await.unwrap().status;
                    status == Status::Cancelled || child.cancel("no use").await.unwrap().force().await.is_ok()
                })
                .await;
                place.goes_on_to(self, "the run that was started was cancelled: no use").await;
            }
            Self::RequestLimit => {
                place.goes_on_to(self, "nobody answered").await;
                assert!(run.requests().await.unwrap().is_empty(), "nobody is asked once it is too late");
            }
            Self::ChildDeleted => {
                place.say(Go::On).await;
                let heard = place.result(self).await.unwrap();
                assert!(heard.contains("deleted"), "{heard}");
            }
            Self::Retry => {
                place.goes_on_to(self, "attempt 2").await;
                let history = run.history().await.unwrap();
                let again = history.iter().find(|entry| entry.kind == Kind::AttemptStarted).expect("it tried again");
                assert!(Some(again.at) >= stage.moved(held.due), "it is not tried again before its time");
            }
            Self::ChildLink => {
                run.cancel("enough").await.unwrap();
                place.until(Status::Cancelled).await;
                let child = engine.run(&Self::kid(cell)).await.unwrap();
                until_asked(async || child.status().await.unwrap().status == Status::Cancelled).await;
            }
            Self::Parent => {
                place.goes_on_to(self, "done").await;
                self.boss_hears(place, cell, "done").await;
            }
            Self::Watcher => {
                place.goes_on_to(self, "done").await;
                assert_eq!(held.heard().await.as_deref(), Ok("done"));
            }
            Self::SharedEdit => {
                release(cell);
                place.goes_on_to(self, "1").await;
                assert!(place.fresh || place.has(Kind::StateEdited).await == 1, "the edit is made once");
                assert_eq!(run.state::<Edits>().await.unwrap().map(|edits| edits.made), Some(1));
            }
            Self::Timer => {
                place.goes_on_to(self, "woke").await;
                let history = run.history().await.unwrap();
                let entry = |kind| history.iter().filter(move |entry| entry.kind == kind);
                assert!(entry(Kind::TimerSet).all(|entry| entry.due == held.due), "it lasts as long as before");
                assert!(
                    entry(Kind::TimerFired).all(|entry| Some(entry.at) >= stage.moved(held.due)),
                    "it is not over before its time"
                );
                assert_eq!((entry(Kind::TimerSet).count(), entry(Kind::TimerFired).count()), (1, 1));
            }
            Self::RoutedField | Self::LazyField | Self::SecretField => {
                place.goes_on_to(self, "s3cret/routed/lazy").await;
            }
            Self::PublishedValue | Self::Label => {
                self.shows(place, held, stage, None).await;
                place.goes_on_to(self, "done").await;
            }
            Self::DeduplicationKey => {
                let second = || engine.start(kid, cell.clone()).id(format!("{cell}-second")).deduplication_key(cell);
                let error = second().await.map(|_| ()).unwrap_err();
                assert!(matches!(&error, EngineError::Held { holder, .. } if holder == id), "{error}");
                place.goes_on_to(self, "done").await;
                second().await.expect("the key is free once the run has ended");
            }
            Self::Deadline => {
                place.say(Go::On).await;
                let result = place.result(self).await.unwrap();
                let until: u128 =
                    result.trim_start_matches("None until Some(").trim_end_matches(')').parse().expect(&result);
                let passed = u128::from(stage.ahead.min(0).unsigned_abs()) * 1_000;
                let hour = since_1970(SystemTime::now()) + 3_600_000 - passed;
                assert!((hour - 60_000..=hour).contains(&until), "an hour from the start: {result}");
            }
            Self::Identity => place.goes_on_to(self, "Some(\"ada\") until None").await,
            Self::Pause => {
                place.say(Go::On).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
                assert_eq!(place.status().await, Status::Paused, "it stands still until it is resumed");
                run.resume().await.unwrap();
                place.ends_with(self, "done").await;
            }
            Self::Transaction => {
                place.goes_on_to(self, "1 row").await;
                let rows = |database| stage.count(database, "SELECT count(*) FROM notes");
                assert_eq!(rows("a.db"), 1, "the row is written once");
                assert_eq!(rows(place.database), i64::from(place.database == "a.db"), "and not again elsewhere");
            }
            Self::FinishedStep => {
                place.goes_on_to(self, &held.key).await;
                assert_eq!(stage.deeds("act"), 1, "its body has run once");
            }
            Self::FanIn => {
                release(cell);
                place.goes_on_to(self, "2 halves").await;
                assert_eq!(stage.deeds("first half"), 1, "the half that was done is not done again");
            }
        }
    }

    /// Checks what readers see, of an unfinished run or one that has ended.
    pub(super) async fn shows(self, place: &Place, held: &Held, stage: &Stage, after: Option<Happening>) {
        let (engine, id, cell) = (&place.engine, &place.id, &stage.cell);
        let run = place.run().await;
        match self {
            Self::PublishedValue => {
                let seen = timeout(LIMIT, engine.published::<u32>(id, "state")).await.expect("it waits for ever");
                assert_eq!(seen.unwrap(), 7);
            }
            Self::Stream => self.items(place, &["first"]).await,
            Self::Label => {
                let labels = run.labels().await.unwrap();
                assert_eq!((&labels["team"], &labels["held"]), (cell, cell), "the one it was given, and its own");
                let found = engine.list(RunFilter::all().label("team", cell)).await.unwrap();
                assert!(found.iter().any(|info| info.id == *id), "it is found by its label: {found:?}");
            }
            Self::TakenKey => engine.send(id, Note("once".into())).key("k").await.unwrap(),
            Self::RoutedField | Self::LazyField | Self::SecretField => {
                let entries = run.status().await.unwrap().entries;
                let context = run.context_at::<Luggage>(entries).await.unwrap().expect("it has a context");
                assert_eq!(context.secret.as_ref().map(|secret| secret.expose().as_str()), Some("s3cret"));
                assert_eq!((&context.routed[..], context.lazy.get().await.unwrap().as_str()), (&b"routed"[..], "lazy"));
            }
            Self::SharedEdit => {
                assert_eq!(run.state::<Edits>().await.unwrap().map(|edits| edits.made), Some(1));
            }
            Self::Transaction => {
                assert_eq!(stage.count("a.db", "SELECT count(*) FROM notes"), 1);
                assert_eq!(place.has(Kind::StepCompleted).await, 1);
            }
            Self::FinishedStep => assert_eq!((place.has(Kind::StepCompleted).await, stage.deeds("act")), (1, 1)),
            Self::FanIn => assert_eq!((place.has(Kind::StepCompleted).await, stage.deeds("first half")), (2, 1)),
            Self::Parent => self.boss_hears(place, cell, heard(after)).await,
            Self::Watcher => {
                let end = held.heard().await.unwrap_err();
                assert!(end.contains(heard(after)), "{end}");
            }
            Self::Identity | Self::Deadline => assert_eq!(place.has(Kind::ScopeSet).await, 1),
            _ => panic!("{self:?} is not shown by a run that has ended"),
        }
    }

    /// Checks that it is gone, and that callers learn it.
    #[expect(clippy::too_many_lines, reason = "a list of short cases")]
    pub(super) async fn gone(self, after: &After, held: &Held, stage: &Stage, happening: Happening) {
        let place = after.from.as_ref().unwrap_or(&after.place);
        let (engine, id, cell) = (&place.engine, &place.id, &stage.cell);
        let deleted = happening == Happening::Delete;
        if deleted {
            assert!(matches!(engine.run(id).await, Err(EngineError::NoSuchRun { .. })), "nobody finds it");
            stage.has_no_row_of(after.number);
        }
        match self {
            Self::OpenRequest => {
                let open = engine.requests().await.unwrap();
                assert!(open.iter().all(|open| open.run != *id), "nobody is asked any longer: {open:?}");
                let late = engine.answer(&held.request, Reply("too late".into())).await;
                assert!(late.is_err(), "who answers is told that it is too late");
            }
            Self::RequestLimit => {
                let open = engine.requests().await.unwrap();
                assert!(open.iter().all(|open| open.run != *id), "nobody is asked any longer: {open:?}");
            }
            Self::ChildDeleted => assert!(engine.run(&Self::kid(cell)).await.is_err()),
            Self::Retry => assert_eq!(stage.deeds("attempt"), 1, "nobody tries again"),
            Self::WaitingMessage | Self::TakenKey => {
                let sent = engine.send(id, Note("too late".into())).key("k2").await.unwrap_err();
                let told = matches!(sent, EngineError::WrongStatus { .. } | EngineError::NoSuchRun { .. });
                assert!(told, "who sends is told why nothing arrives: {sent}");
            }
            Self::ChildRunning | Self::ChildLink | Self::ChildParked => {
                let child = engine.run(&Self::kid(cell)).await.unwrap();
                let expected: &[Status] = match (self, happening) {
                    // The cancellation is delivered when the child resumes.
                    (Self::ChildParked, _) => &[Status::Parked],
                    (_, Happening::TimeLimit) => &[Status::TimedOut],
                    (_, Happening::ContinueAsNew) => &[Status::Running, Status::Sleeping],
                    _ => &[Status::Cancelled],
                };
                until_asked(async || expected.contains(&child.status().await.unwrap().status)).await;
            }
            Self::Watcher => {
                let end = held.heard().await;
                assert!(end.is_err(), "{end:?}");
            }
            Self::Parent => self.boss_hears(place, cell, heard(Some(happening))).await,
            Self::Timer => {
                if !deleted {
                    assert_eq!(place.has(Kind::TimerFired).await, 0);
                    assert_eq!(place.run().await.status().await.unwrap().sleeps_until, None);
                }
            }
            Self::DeduplicationKey => {
                let second = engine.start(kid, cell.clone()).id(format!("{cell}-second")).deduplication_key(cell);
                second.await.expect("the key is free");
            }
            Self::PublishedValue if deleted => {
                let seen = timeout(LIMIT, engine.published::<u32>(id, "state")).await.expect("it waits for ever");
                assert!(matches!(seen, Err(EngineError::NoSuchRun { .. })), "{seen:?}");
            }
            Self::Label if deleted => {
                assert!(engine.list(RunFilter::all().label("team", cell)).await.unwrap().is_empty());
            }
            Self::RoutedField | Self::LazyField | Self::SecretField if deleted => {
                assert_eq!(stage.contents("a.db"), 0, "the field store holds nothing of it");
            }
            Self::Transaction if deleted => {
                assert_eq!(stage.count("a.db", "SELECT count(*) FROM notes"), 1, "the user's row is the user's");
            }
            // A queued resume is delivered right after the rewind.
            Self::Pause if !deleted => until_asked(async || place.status().await != Status::Paused).await,
            _ => assert!(deleted, "how {self:?} is gone is not said"),
        }
        if happening == Happening::ContinueAsNew {
            after.place.goes_on_to(self, "went on").await;
        }
    }

    /// Checks that the new run continues without it.
    pub(super) async fn lacks(self, place: &Place, held: &Held, stage: &Stage) {
        match self {
            Self::Watcher | Self::Parent | Self::DeduplicationKey => place.goes_on_to(self, "done").await,
            Self::ChildLink => {
                place.run().await.cancel("enough").await.unwrap();
                place.until(Status::Cancelled).await;
                let child = place.engine.run(&Self::kid(&stage.cell)).await.unwrap();
                assert!(!child.status().await.unwrap().status.is_final(), "the end of a copy does not reach it");
            }
            Self::TakenKey => {
                place.engine.send(&place.id, Note("once".into())).key("k").await.unwrap();
                place.goes_on_to(self, "once again").await;
            }
            Self::ChildRunning | Self::ChildParked => {
                let kid = Self::kid(&stage.cell);
                let heard = format!("the run was not started: there is no run `{kid}` in this database");
                place.goes_on_to(self, &heard).await;
            }
            Self::Pause => {
                assert_ne!(place.status().await, Status::Paused);
                place.goes_on_to(self, "done").await;
            }
            _ => panic!("how a run lacks {self:?} is not said: {:?} {}", held.due, stage.cell),
        }
    }

    async fn boss_hears(self, place: &Place, cell: &str, what: &str) {
        let boss = place.engine.handle(boss, &boss_of(cell)).await.unwrap();
        let result =
            timeout(LIMIT, boss.result()).await.expect("the parent waits for ever").map_err(|error| error.to_string());
        assert!(result.as_deref().unwrap_or_else(|error| error).contains(what), "{result:?}");
    }

    async fn items(self, place: &Place, expected: &[&str]) {
        let mut reader = place.run().await.stream::<String>("log");
        let mut items = Vec::new();
        while let Some((_, item)) = timeout(LIMIT, reader.next()).await.expect("the reader waits for ever").unwrap() {
            items.push(item);
        }
        assert_eq!(items, expected);
    }
}

/// Returns the text that callers who await the end of the run receive.
const fn heard(after: Option<Happening>) -> &'static str {
    match after {
        Some(Happening::TimeLimit) => "deadline",
        Some(Happening::Delete | Happening::Cancel | Happening::Continuing) => "cancelled",
        _ => "moved",
    }
}
