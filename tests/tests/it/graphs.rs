//! Event-driven workflows: routing, fan-out and fan-in, as a user writes them.

use steadfast::prelude::*;

#[derive(Event)]
struct Page {
    number: u32,
    body: Bytes,
}

#[derive(Event)]
struct Chunk {
    page: u32,
    words: usize,
}

#[derive(Event)]
struct Skipped {
    page: u32,
}

#[derive(Events)]
enum Split {
    Chunk(Chunk),
    Skipped(Skipped),
}

struct Ingest;

#[workflow]
impl Ingest {
    #[step]
    async fn fetch(begin: Begin<Vec<String>>) -> Result<Vec<Page>> {
        let pages = begin.iter().zip(1..);
        Ok(pages.map(|(text, number)| Page { number, body: text.clone().into() }).collect())
    }

    #[step(workers = 4)]
    async fn split(page: Page) -> Result<Split> {
        let words = page.body.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
        if words == 0 {
            return Ok(Skipped { page: page.number }.into());
        }
        Ok(Chunk { page: page.number, words }.into())
    }

    #[step]
    async fn finish(#[collect] chunks: Vec<Chunk>, #[collect] skipped: Vec<Skipped>) -> Result<Stop<Vec<String>>> {
        let mut lines: Vec<_> =
            chunks.iter().map(|chunk| (chunk.page, format!("{}: {}", chunk.page, chunk.words))).collect();
        lines.extend(skipped.iter().map(|skipped| (skipped.page, format!("{}: skipped", skipped.page))));
        lines.sort();
        Ok(Stop(lines.into_iter().map(|(_, line)| line).collect()))
    }
}

#[tokio::test]
async fn a_fan_out_is_collected_by_type() {
    let engine = Engine::builder().in_memory().workflow(Ingest).start().await.unwrap();
    let pages = ["one two", "", "three"].map(str::to_owned).to_vec();
    let run = engine.start(Ingest, pages).await.unwrap();
    assert_eq!(run.result().await.unwrap(), ["1: 2", "2: skipped", "3: 1"]);
    for entry in run.history().await.unwrap() {
        println!("{entry:?}");
    }
    println!("{}", Ingest::diagram());
    let run = engine.start(Ingest, vec![]).await.unwrap();
    assert!(run.result().await.unwrap().is_empty());
}
