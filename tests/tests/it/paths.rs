//! Diagrams of the path of a run, drawn from its journal.

use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;
use steadfast::{Diagram, Message, Run};

#[derive(Event)]
struct Page(u32);

#[derive(Event)]
struct Text(u32);

#[derive(Event)]
struct Summary(usize);

#[derive(Event)]
#[event(external)]
struct Released;

#[derive(Message, Serialize, Deserialize)]
struct MayI(usize);

#[derive(Message, Serialize, Deserialize)]
struct Yes;

/// A graph in which even pages fail and are replaced, a person is asked, and an event ends the run.
struct Book;

#[workflow]
impl Book {
    #[step]
    async fn scan(begin: Begin<u32>) -> Result<Vec<Page>> {
        Ok((1..=*begin).map(Page).collect())
    }

    #[step(retry(attempts = 1))]
    async fn read(page: Page) -> Result<Text> {
        if page.0.is_multiple_of(2) { Err(Error::msg("blurred")) } else { Ok(Text(page.0)) }
    }

    #[step(catch = 9)]
    async fn replace(caught: Caught) -> Result<Text> {
        Ok(Text(caught.event::<Page>().map_or(0, |page| page.0)))
    }

    #[step]
    async fn sum_up(#[collect] texts: Vec<Text>) -> Result<Ask<MayI, Yes>> {
        Ok(Ask::new(MayI(texts.iter().filter(|text| text.0 > 0).count())))
    }

    #[step]
    async fn publish(answered: Answered<MayI, Yes>) -> Result<Summary> {
        Ok(Summary(answered.question.0))
    }

    #[step]
    async fn wait(summary: Summary) -> Result<Option<Stop<()>>> {
        Ok((summary.0 == 0).then_some(Stop(())))
    }

    #[step]
    async fn finish(_released: Released) -> Result<Stop<()>> {
        Ok(Stop(()))
    }
}

#[step(retry(attempts = 1))]
async fn odd(n: u32) -> Result<u32> {
    if n.is_multiple_of(2) { Err(Error::msg("even")) } else { Ok(n) }
}

#[step]
async fn begin(text: String) -> Result<String> {
    Ok(text)
}

#[workflow]
async fn several(flow: &mut Flow) -> Result<u32> {
    begin(&*flow, "begin".to_owned()).await?;
    let mut sum = 0;
    for n in 1..=5 {
        sum += odd(&*flow, n).await.unwrap_or(0);
    }
    flow.sleep(Duration::from_millis(1)).await?;
    let last = odd(&*flow, 7).await?;
    Ok(sum + last)
}

/// Returns the edges and nodes, without Mermaid's header.
fn lines(diagram: &Diagram) -> Vec<String> {
    diagram.mermaid().lines().skip(1).map(|line| line.trim().to_owned()).collect()
}

async fn drawn(run: &Run) -> Vec<String> {
    lines(&run.diagram().await.unwrap())
}

#[tokio::test]
async fn a_graph_is_drawn_as_it_went_while_it_runs_and_without_its_workflow() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let engine = Engine::builder().sqlite(&path).workflow(Book).start().await.unwrap();
    let run = engine.start(Book, 5).id("book").await.unwrap();
    let request = loop {
        if let Some(request) = engine.requests().await.unwrap().into_iter().next() {
            break request;
        }
        tokio::task::yield_now().await;
    };
    let halfway = [
        r#"begin(["start"])"#,
        r#"step_scan["scan"]"#,
        r#"step_read["read ×5 (2 failed)"]"#,
        r#"step_replace["replace ×2"]"#,
        r#"step_sum_up["sum_up"]"#,
        r#"ask_step_MayI{{"MayI"}}"#,
        r#"begin -->|"begin"| step_scan"#,
        r#"step_scan -->|"Page ×5"| step_read"#,
        r#"step_read -->|"failure ×2"| step_replace"#,
        r#"step_read -->|"Text ×3"| step_sum_up"#,
        r#"step_replace -->|"Text ×2"| step_sum_up"#,
        r#"step_sum_up -->|"MayI"| ask_step_MayI"#,
    ];
    let mut found = drawn(&run).await;
    let mut expected = halfway.map(str::to_owned).to_vec();
    // The order of events differs from run to run.
    found.sort();
    expected.sort();
    assert_eq!(found, expected);

    engine.answer(&request.id, Yes).await.unwrap();
    run.emit(Released).await.unwrap();
    run.result().soon().await.unwrap();
    let whole = drawn(&run).await;
    for line in [
        r#"ask_step_MayI -->|"answer"| step_publish"#,
        r#"outside -->|"Released"| step_finish"#,
        r#"step_finish -->|"stop"| stop"#,
        r#"stop(["stop"])"#,
    ] {
        assert!(whole.iter().any(|found| found == line), "{line} in {whole:#?}");
    }
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let stranger = Engine::builder().sqlite(&path).start().await.unwrap();
    assert_eq!(drawn(&stranger.run("book").await.unwrap()).await, whole);
}

#[tokio::test]
async fn a_function_is_drawn_by_its_calls() {
    let engine = Engine::builder().in_memory().workflow(several).start().await.unwrap();
    let run = engine.start(several, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 16);
    let expected = [
        r#"begin(["start"])"#,
        r#"step_begin["begin"]"#,
        r#"step_odd["odd ×6 (2 failed)"]"#,
        r#"sleep{{"sleep"}}"#,
        r#"stop(["stop"])"#,
        r#"begin -->|"1"| step_begin"#,
        r#"step_begin -->|"2"| step_odd"#,
        r#"step_odd -->|"3, 4, 5, .. (4 calls)"| step_odd"#,
        r#"step_odd -->|"7"| sleep"#,
        r#"sleep -->|"8"| step_odd"#,
        r#"step_odd -->|"stop"| stop"#,
    ];
    assert_eq!(drawn(&run).await, expected);
}
