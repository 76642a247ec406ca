//! The progress of remote steps, seen from other engines.

use crate::place::{ENDING, Place, on_both};
use limits::{Soon as _, until};
use std::collections::BTreeMap;
use std::sync::Mutex;
use steadfast::prelude::*;
use tokio::sync::watch;

/// How far the steps of each test may go.
static GATES: Mutex<BTreeMap<String, watch::Sender<u64>>> = Mutex::new(BTreeMap::new());

fn gate<T>(test: &str, with: impl FnOnce(&watch::Sender<u64>) -> T) -> T {
    with(GATES.lock().unwrap().entry(test.to_owned()).or_insert_with(|| watch::Sender::new(1)))
}

/// Reports each part up to the third as its gate lets it.
#[step(queue = "pages")]
async fn reads(scope: &StepScope, test: String) -> Result<()> {
    let mut open = gate(&test, watch::Sender::subscribe);
    for part in 1..=3 {
        scope.progress_with(part, 3_u64, format!("page {part}"));
        open.wait_for(|upto| *upto > part).await?;
    }
    Ok(())
}

#[workflow]
async fn reading(flow: &mut Flow, test: String) -> Result<()> {
    Ok(reads(flow, test).await?)
}

on_both! {
    async fn all_engines_see_the_progress_of_a_remote_step(place: Place) {
        let test = place.name();
        let engine = place.builder().workflow(reading).start().await.unwrap();
        let worker = place.builder().serve("pages", 1).step::<reads>().start().await.unwrap();
        let client = place.builder().client().start().await.unwrap();
        let run = engine.start(reading, test.clone()).await.unwrap();
        let others = [client.run(run.id()).await.unwrap(), worker.run(run.id()).await.unwrap()];
        for part in [1, 2] {
            gate(&test, |gate| gate.send_replace(part));
            for run in [&*run, &others[0], &others[1]] {
                until(async || run.progress().soon().await.unwrap().first().is_some_and(|step| step.done == part)).await;
                let [step] = &run.progress().soon().await.unwrap()[..] else { panic!("one step runs") };
                assert_eq!((step.step.as_str(), step.position, step.attempt, step.total), ("reads", 1, 1, 3));
                assert_eq!(step.message, Some(format!("page {part}")));
            }
        }
        gate(&test, |gate| gate.send_replace(9));
        run.result().soon().await.unwrap();
        assert_eq!(others[0].progress().soon().await.unwrap(), []);
        for engine in [client, worker, engine] {
            engine.shutdown(ENDING).await.unwrap();
        }
    }
}
