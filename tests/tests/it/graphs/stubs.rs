//! Closures as stubs for the steps of graphs.

use limits::Soon as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;

/// A resource that no test provides.
struct Web;

#[derive(Event)]
struct Page {
    url: String,
    body: Bytes,
}

#[derive(Event)]
struct Words(usize);

struct Crawl;

#[workflow]
impl Crawl {
    #[step(retry(attempts = 3, backoff = "1ms"))]
    async fn fetch(urls: Begin<Vec<String>>, #[resource] _web: &Web) -> Result<Vec<Page>> {
        Err(Error::msg(format!("the real web was asked for {urls:?}")))
    }

    #[step]
    async fn count(page: Page) -> Result<Words> {
        assert!(!page.url.is_empty());
        Ok(Words(page.body.split(|byte| *byte == b' ').count()))
    }

    #[step]
    async fn end(#[collect] counts: Vec<Words>) -> Result<Stop<usize>> {
        Ok(Stop(counts.iter().map(|count| count.0).sum()))
    }
}

/// A graph with a step of the same name, which is not stubbed.
struct Other;

#[workflow]
impl Other {
    #[step]
    async fn fetch(begin: Begin<u32>) -> Result<Stop<u32>> {
        Ok(Stop(begin.0))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as the step does")]
fn pages(urls: &[String]) -> Result<Vec<Page>> {
    Ok(urls.iter().map(|url| Page { url: url.clone(), body: "two words".into() }).collect())
}

#[tokio::test]
async fn a_closure_stands_in_for_a_step_of_a_graph() {
    let builder = Engine::builder().in_memory().workflow(Crawl).workflow(Other);
    let engine = builder.stub_step(Crawl::steps().fetch, |(urls,)| pages(&urls)).start().await.unwrap();
    let run = engine.start(Crawl, vec!["a".into(), "b".into(), "c".into()]).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 6);
    assert_eq!(engine.start(Other, 7).await.unwrap().result().soon().await.unwrap(), 7);
}

#[tokio::test]
async fn a_stub_of_a_graph_fails_and_is_tried_again_as_its_step_would_be() {
    let tries = Arc::new(AtomicU32::new(0));
    let counted = tries.clone();
    let builder = Engine::builder().in_memory().skip_sleeps().workflow(Crawl);
    let builder = builder.stub_step(Crawl::steps().fetch, move |(urls,)| match counted.fetch_add(1, SeqCst) {
        0 | 1 => Err(Error::msg("not yet")),
        _ => pages(&urls),
    });
    // A collected parameter is a `Vec`, as in the step.
    let builder = builder.stub_step(Crawl::steps().end, |(counts,): (Vec<Words>,)| Ok(Stop(counts.len())));
    let engine = builder.start().await.unwrap();
    assert_eq!(engine.start(Crawl, vec!["a".into()]).await.unwrap().result().soon().await.unwrap(), 1);
    assert_eq!(tries.load(SeqCst), 3);
}

#[tokio::test]
async fn a_stub_of_a_graph_is_there_in_every_crash() {
    let urls = vec!["a".to_owned(), "b".to_owned()];
    let report = crash_everywhere(Crawl, urls).stub_step(Crawl::steps().fetch, |(urls,)| pages(&urls)).await;
    assert!(report.scenarios > 10, "{report:?}");
}
