//! What a remote step sees and returns.

use crate::place::{LONG, Place, result, until};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use steadfast::prelude::*;
use steadfast::{Status, StepError};

#[derive(StepContext, Clone, Debug)]
struct Job {
    tenant: String,
    #[context(default)]
    done: u32,
}

/// Says what it sees.
#[step(queue = "gpu")]
async fn embed(job: &Job, scope: &StepScope, text: String) -> Result<String> {
    let current = steadfast::context::<Job>().map(|job| job.tenant.clone());
    assert_eq!(current.unwrap(), job.tenant);
    Ok(format!("{}/{}/{text}/{}", job.tenant, job.done, scope.attempt))
}

#[workflow(context = Job)]
async fn index(start: Start<Job>, tenant: String) -> Result<Vec<String>> {
    let mut flow = start.with(Job::builder().tenant(tenant).build()).await?;
    let first = embed(&flow, "one".to_owned()).await?;
    flow.update(|job| job.done(1)).await?;
    let (second, third) = (embed(&flow, "two".to_owned()), embed(&flow, "three".to_owned()));
    let (second, third) = try_join!(second, third)?;
    Ok(vec![first, second, third])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_on_another_engine_sees_the_context_of_its_call() {
    let place = Place::new();
    let engine = place.builder().workflow(index).start().await.unwrap();
    let run = engine.start(index, "acme".to_owned()).await.unwrap();
    let worker = place.builder().serve("gpu", 2).step::<embed>().start().await.unwrap();
    assert_eq!(result(run.result()).await.unwrap(), ["acme/0/one/1", "acme/1/two/1", "acme/1/three/1"]);
    worker.shutdown(LONG).await.unwrap();
    engine.shutdown(LONG).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_engine_may_do_both() {
    let engine = Engine::builder().in_memory().workflow(index).serve("gpu", 2).step::<embed>().start().await.unwrap();
    let run = engine.start(index, "acme".to_owned()).await.unwrap();
    assert_eq!(result(run.result()).await.unwrap()[2], "acme/1/three/1");
}
