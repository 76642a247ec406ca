//! A program that shows a run on its console until it has ended. A test reads what a user would see.

use steadfast::prelude::*;

#[derive(Event)]
struct Page(u32);

#[derive(Event)]
struct Words(u32);

#[derive(Event)]
#[event(external)]
struct Released;

struct Count;

#[workflow]
impl Count {
    #[step]
    async fn fetch(begin: Begin<u32>) -> Result<Vec<Page>> {
        Ok((1..=*begin).map(Page).collect())
    }

    #[step(retry(attempts = 2, backoff = "1ms"))]
    async fn count(page: Page, scope: &StepScope) -> Result<Words> {
        scope.progress(1, 2);
        if page.0 == 2 && scope.attempt == 1 {
            // A terminal would obey this escape sequence.
            return Err(Error::msg("page \u{1b}[2J2 is stuck"));
        }
        Ok(Words(page.0))
    }

    #[step]
    async fn add(#[collect] words: Vec<Words>) -> Result<Option<Stop<String>>> {
        let all: u32 = words.iter().map(|words| words.0).sum();
        Ok((all == 0).then(|| Stop("nothing to count".to_owned())))
    }

    #[step]
    async fn finish(_released: Released) -> Result<Stop<String>> {
        Ok(Stop("counted".to_owned()))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder().in_memory().workflow(Count).start().await?;
    let run = engine.start(Count, 3).id("run-1").await?;
    let events = engine.clone();
    let watched = tokio::spawn({
        let run = (*run).clone();
        async move { run.watch_in_terminal().await }
    });
    let mut activity = run.activity();
    // Gives the watcher time to show what the run waits for.
    while let Some(seen) = activity.next().await? {
        if matches!(&seen.kind, steadfast::ActivityKind::StepCompleted { step, .. } if step == "add") {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            events.emit("run-1", Released).await?;
        }
    }
    watched.await??;
    println!("{}", run.result().await?);
    Ok(())
}
