//! The steps that bring a run to hold each thing.

use super::stage::{LIMIT, Place, Stage};
use super::subject::{Holding, Note, subject};
use crate::steps::until_asked;
use limits::Soon as _;
use std::sync::Mutex;
use std::time::SystemTime;
use steadfast::Status;
use steadfast::history::Kind;
use steadfast::prelude::*;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The observed properties of the thing, which must be the same afterwards.
#[derive(Default)]
pub(super) struct Held {
    /// The id of the request.
    pub(super) request: String,
    /// The due time of the request, the sleep or the run itself.
    pub(super) due: Option<SystemTime>,
    /// The result of the finished step.
    pub(super) key: String,
    /// The caller that awaits the result.
    pub(super) watcher: Mutex<Option<JoinHandle<std::result::Result<String, String>>>>,
}

impl Held {
    /// Waits for the caller's result.
    pub(super) async fn heard(&self) -> std::result::Result<String, String> {
        let watcher = self.watcher.lock().unwrap().take().expect("there is a caller");
        timeout(LIMIT, watcher).await.expect("the caller waits for ever").unwrap()
    }
}

impl Holding {
    pub(super) fn kid(cell: &str) -> String {
        format!("{cell}-kid")
    }

    /// Waits until the started run of the cell holds this thing.
    pub(super) async fn begin(self, stage: &Stage, engine: &Engine) -> (Place, Held) {
        let place = Place { engine: engine.clone(), database: "a.db", id: stage.cell.clone(), fresh: false };
        until_asked(async || engine.run(&place.id).await.is_ok()).await;
        let held = self.until_held(&place, stage).await;
        place.settle(self).await;
        if self == Self::Pause {
            place.run().await.pause(steadfast::Pause::Drain).await.unwrap();
            place.until(Status::Paused).await;
        }
        (place, held)
    }

    #[expect(clippy::too_many_lines, reason = "a list of short cases")]
    async fn until_held(self, place: &Place, stage: &Stage) -> Held {
        let mut held = Held::default();
        let has = async |kind: Kind| until_asked(async || place.has(kind).await > 0).await;
        let (engine, id) = (&place.engine, &place.id);
        match self {
            Self::OpenRequest | Self::RequestLimit => {
                has(Kind::RequestOpened).await;
                let open = place.run().await.requests().await.unwrap().remove(0);
                (held.request, held.due) = (open.id, open.due);
            }
            Self::WaitingMessage => {
                engine.send(id, Note("read late".into())).await.unwrap();
                has(Kind::MessageReceived).await;
            }
            Self::TakenKey => {
                engine.send(id, Note("once".into())).key("k").await.unwrap();
                has(Kind::MessageReceived).await;
            }
            Self::PublishedValue => has(Kind::ValuePublished).await,
            Self::Stream => has(Kind::StreamWritten).await,
            Self::ChildRunning | Self::ChildLink => {
                let kid = Self::kid(id);
                until_asked(async || engine.run(&kid).await.is_ok()).await;
            }
            Self::ChildParked | Self::ChildDeleted => {
                let kid = Self::kid(id);
                let parked = async || match engine.run(&kid).await {
                    Ok(kid) => kid.status().await.unwrap().status == Status::Parked,
                    Err(_) => false,
                };
                until_asked(parked).await;
                if self == Self::ChildDeleted {
                    // An engine that has just started tries the parked child once, and parks it again.
                    until_asked(async || match engine.run(&kid).await {
                        Ok(kid) => kid.delete().await.is_ok(),
                        Err(_) => true,
                    })
                    .await;
                    has(Kind::ChildEnded).await;
                }
            }
            Self::Retry => {
                has(Kind::AttemptFailed).await;
                let history = place.run().await.history().await.unwrap();
                held.due = history.iter().find(|entry| entry.kind == Kind::AttemptFailed).and_then(|entry| entry.due);
            }
            Self::Watcher => {
                let run = engine.handle(subject, id).await.unwrap();
                let watcher = tokio::spawn(async move { run.result().soon().await.map_err(|error| error.to_string()) });
                *held.watcher.lock().unwrap() = Some(watcher);
            }
            Self::SharedEdit => {
                until_asked(async || stage.deeds("edited") == 1).await;
                has(Kind::StateEdited).await;
            }
            Self::Timer => {
                has(Kind::TimerSet).await;
                let history = place.run().await.history().await.unwrap();
                held.due = history.iter().find(|entry| entry.kind == Kind::TimerSet).and_then(|entry| entry.due);
            }
            Self::RoutedField | Self::LazyField | Self::SecretField => has(Kind::ContextUpdated).await,
            Self::Deadline | Self::Identity => has(Kind::ScopeSet).await,
            Self::Transaction => has(Kind::StepCompleted).await,
            Self::FinishedStep => {
                has(Kind::StepCompleted).await;
                let history = place.run().await.history().await.unwrap();
                let done = history.into_iter().find(|entry| entry.kind == Kind::StepCompleted).unwrap();
                let key = done.value.map_or_else(String::new, |value| value.to_string());
                held.key = key.replace('"', "");
            }
            Self::FanIn => {
                until_asked(async || place.has(Kind::StepCompleted).await == 2).await;
                until_asked(async || stage.deeds("second half") == 1).await;
            }
            Self::Parent | Self::Label | Self::DeduplicationKey | Self::Pause => {}
        }
        held
    }
}
