//! The events of the matrix, with the runs that they leave or create.

use super::beginning::Build;
use super::stage::{Place, Process, Stage};
use super::subject::{Go, Holding, Plan, subject};
use crate::steps::until_asked;
use std::time::Duration;
use steadfast::{Engine, ForkPoint, Pause, Run, Status};

/// Declares the events. Each line adds a column to the matrix: neither `Happening::happen` nor `Holding::expected`
/// compiles before it covers the new event.
macro_rules! happenings {
    ($($(#[$doc:meta])* $name:ident = $words:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum Happening { $($(#[$doc])* $name,)* }

        impl Happening {
            pub(super) const ALL: &'static [Self] = &[$(Self::$name,)*];

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

happenings! {
    /// Its engine is dropped, and another one opens the file.
    KillAndRestart = "kill and restart",
    /// Its process is killed, `kill -9`, while another one has the file open.
    Kill = "kill -9",
    /// Its engine is dropped while another one has the file open.
    Takeover = "takeover",
    /// Its engine is shut down in order, and another one opens the file.
    Shutdown = "shutdown and restart",
    /// The run is evicted.
    Eviction = "eviction",
    /// The run continues as new.
    ContinueAsNew = "continue-as-new",
    /// The run is forked.
    Fork = "fork",
    /// The run is rewound.
    Rewind = "rewind",
    /// Its copy is imported into another database.
    ExportAsCopy = "export as copy",
    /// The run is moved into another database.
    ExportAsMove = "export as move",
    /// Its copy is imported into the same database.
    Import = "import",
    /// Another run begins with its context once it has ended.
    Continuing = "continuing",
    /// The run is cancelled.
    Cancel = "cancel",
    /// The run is paused and resumed.
    PauseAndResume = "pause and resume",
    /// Its time limit is reached.
    TimeLimit = "time limit",
    /// The run is cancelled and deleted.
    Delete = "delete",
    /// Code that diverges is deployed by mistake, and fixed.
    ParkAndMend = "park and mended code",
    /// A build with a newer version of its workflow is deployed.
    VersionChange = "version change",
    /// Its process is killed, `kill -9`, and the wall clock is then an hour behind that of the process.
    ClockSetBack = "clock set back",
    /// Its process is killed, `kill -9`, and the wall clock is then half an hour ahead of that of the process.
    ClockSetForward = "clock set forward",
}

/// The runs after an event.
pub(super) struct After {
    /// The run that should have the thing: the same one, or the new one.
    pub(super) place: Place,
    /// The original run, if that is another one.
    pub(super) from: Option<Place>,
    /// The run's number in the database when it held the thing.
    pub(super) number: i64,
}

impl Happening {
    /// Returns the time limit of the run, if the event is the limit.
    pub(super) const fn limit(self, attempt: u32) -> Option<Duration> {
        match self {
            // A busy machine may need longer until the run holds the thing.
            Self::TimeLimit => Some(Duration::from_millis(1_500 * 4_u64.pow(attempt))),
            _ => None,
        }
    }

    /// Returns the number of seconds by which the wall clock of the run's process is ahead of the one after its death,
    /// or `None` if the run has no separate process.
    pub(super) const fn ahead(self) -> Option<i64> {
        match self {
            Self::Kill => Some(0),
            Self::ClockSetBack => Some(3_600),
            Self::ClockSetForward => Some(-1_800),
            _ => None,
        }
    }

    #[expect(clippy::too_many_lines, reason = "a list of short cases")]
    pub(super) async fn happen(
        self,
        stage: &Stage,
        holding: Holding,
        process: Option<Process>,
        engine: Engine,
        place: Place,
    ) -> After {
        let run = place.run().await;
        let number = run.number();
        let file = stage.path("moved.run");
        let blocked = matches!(holding, Holding::SharedEdit | Holding::FanIn);
        let pause = if blocked { Pause::Abandon } else { Pause::Drain };
        let point = || async {
            let history = place.run().await.history().await.unwrap();
            ForkPoint::after_entry(history.iter().rfind(|entry| entry.kind.is_turn()).unwrap().seq)
        };
        // The event has created another run.
        let beside = |engine: Engine, database, id: String| After {
            place: Place { engine, database, id, fresh: place.fresh },
            from: Some(place.clone()),
            number,
        };
        match self {
            Self::KillAndRestart => {
                let place = stop(run, place, engine);
                place.on(stage.engine("a.db", Build::First).await, number)
            }
            Self::Kill | Self::ClockSetBack | Self::ClockSetForward => {
                drop(process);
                After { place, from: None, number }
            }
            Self::Takeover => {
                let other = stage.engine("a.db", Build::First).await;
                let place = stop(run, place, engine);
                place.on(other, number)
            }
            Self::Shutdown | Self::VersionChange => {
                engine.shutdown(Duration::from_millis(500)).await.unwrap();
                let place = stop(run, place, engine);
                let build = if self == Self::Shutdown { Build::First } else { Build::WithVersion2 };
                let after = place.on(stage.engine("a.db", build).await, number);
                assert_eq!(after.place.run().await.status().await.unwrap().version, 1, "it goes on as what it began");
                after
            }
            Self::ParkAndMend => {
                let place = stop(run, place, engine);
                let by_mistake = stage.engine("a.db", Build::ByMistake).await;
                let after = place.on(by_mistake.clone(), number);
                if holding != Holding::FanIn {
                    after.place.say(Go::Stay).await;
                }
                after.place.until(Status::Parked).await;
                let place = stop(after.place.run().await, after.place, by_mistake);
                let after = place.on(stage.engine("a.db", Build::First).await, number);
                until_asked(async || after.place.status().await != Status::Parked).await;
                after
            }
            Self::Eviction => {
                place.until(Status::Sleeping).await;
                After { place, from: None, number }
            }
            Self::ContinueAsNew => {
                place.say(Go::Afresh).await;
                until_asked(async || place.run().await.number() != number).await;
                After { place: Place { fresh: true, ..place }, from: None, number }
            }
            Self::Fork => {
                let fork = engine.fork(run.id(), point().await).id(format!("{}-fork", run.id())).await.unwrap();
                beside(engine, "a.db", fork.id().to_owned())
            }
            Self::Rewind => {
                let point = point().await;
                run.pause(pause).await.unwrap();
                place.until(Status::Paused).await;
                engine.rewind(run.id(), point).await.unwrap();
                After { place, from: None, number }
            }
            Self::ExportAsCopy | Self::ExportAsMove => {
                let other = stage.engine("b.db", Build::First).await;
                if self == Self::ExportAsMove {
                    run.export_and_end(&file).await.unwrap();
                } else {
                    run.export(&file).await.unwrap();
                }
                other.import(&file).await.unwrap();
                beside(other, "b.db", place.id.clone())
            }
            Self::Import => {
                run.export(&file).await.unwrap();
                let copy = engine.import(&file).id(format!("{}-copy", run.id())).await.unwrap();
                beside(engine, "a.db", copy.id().to_owned())
            }
            Self::Continuing => {
                run.cancel("enough").await.unwrap();
                place.until(Status::Cancelled).await;
                let id = format!("{}-next", run.id());
                let plan = Plan { holding, cell: stage.cell.clone(), carried: Some(String::new()), nap: 0 };
                engine.start(subject, plan).id(&id).continuing(run.id()).await.unwrap();
                let after = beside(engine, "a.db", id);
                After { place: Place { fresh: true, ..after.place }, ..after }
            }
            Self::Cancel => {
                run.cancel("enough").await.unwrap();
                place.until(Status::Cancelled).await;
                After { place, from: None, number }
            }
            Self::PauseAndResume => {
                run.pause(pause).await.unwrap();
                place.until(Status::Paused).await;
                run.resume().await.unwrap();
                until_asked(async || place.status().await != Status::Paused).await;
                After { place, from: None, number }
            }
            Self::TimeLimit => {
                place.until(Status::TimedOut).await;
                After { place, from: None, number }
            }
            Self::Delete => {
                run.cancel("enough").await.unwrap();
                place.until(Status::Cancelled).await;
                run.clone().delete().await.unwrap();
                After { place, from: None, number }
            }
        }
    }
}

/// A run without an engine, after its process has died.
struct Waits {
    database: &'static str,
    id: String,
    fresh: bool,
}

/// Drops every handle of the engine, which stops it at once.
fn stop(run: Run, place: Place, engine: Engine) -> Waits {
    let Place { database, id, fresh, engine: last } = place;
    drop((run, engine, last));
    Waits { database, id, fresh }
}

impl Waits {
    fn on(self, engine: Engine, number: i64) -> After {
        let Self { database, id, fresh } = self;
        After { place: Place { engine, database, id, fresh }, from: None, number }
    }
}
