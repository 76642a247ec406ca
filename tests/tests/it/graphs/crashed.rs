//! Graphs with every fault at every commit.

use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;

#[derive(Message, Serialize, Deserialize)]
struct Doubtful(u32);

#[derive(Message, Serialize, Deserialize)]
struct Verdict(bool);

#[derive(Event)]
struct Page {
    number: u32,
    body: Bytes,
}

#[derive(Event)]
struct Word {
    page: u32,
    text: String,
}

#[derive(Event)]
struct Counted {
    total_then: u32,
}

#[derive(Event)]
struct PageDone {
    page: u32,
    words: usize,
}

#[derive(Event)]
struct Note(u32);

#[derive(Event)]
struct Noted(u32);

#[derive(Events)]
enum Split {
    Words(Vec<Word>),
    Ask(Ask<Doubtful, Verdict>),
}

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Tally {
    #[context(default)]
    words: u32,
    #[context(default)]
    failures: u32,
}

struct Everything;

#[workflow(state = Tally)]
impl Everything {
    #[step(sends(Note))]
    async fn fetch(begin: Begin<Vec<String>>, scope: &StepScope) -> Result<Vec<Page>> {
        scope.send(Note(begin.len().try_into()?)).await?;
        Ok(begin.iter().zip(0..).map(|(text, number)| Page { number, body: text.clone().into() }).collect())
    }

    #[step]
    async fn note(note: Note) -> Result<Noted> {
        tokio::task::yield_now().await;
        Ok(Noted(note.0))
    }

    #[step(workers = 2)]
    async fn split(page: Page) -> Result<Split> {
        if page.body.is_empty() {
            return Ok(Ask::new(Doubtful(page.number)).into());
        }
        let text = String::from_utf8(page.body.to_vec())?;
        Ok(text.split(' ').map(|word| Word { page: page.number, text: word.to_owned() }).collect::<Vec<_>>().into())
    }

    #[step(retry(attempts = 2, backoff = "1s"))]
    async fn count(state: &State<Tally>, word: Word, scope: &StepScope) -> Result<Counted> {
        let total_then = state
            .edit(|tally| {
                tally.words += 1;
                tally.words
            })
            .await?;
        // The second attempt gets the recorded result of the edit, and adds nothing.
        if word.text == "again" && scope.attempt == 1 {
            return Err(Error::msg("once more"));
        }
        if word.text == "bad" {
            state.edit(|tally| tally.failures += 1).await?;
            return Err(Error::msg("a bad word"));
        }
        assert!(word.page < 10);
        Ok(Counted { total_then })
    }

    #[step(catch)]
    async fn caught(caught: Caught) -> Result<Option<Counted>> {
        assert_eq!((caught.step(), caught.times()), ("count", 1));
        Ok(None)
    }

    #[step]
    async fn decided(answered: Answered<Doubtful, Verdict>) -> Result<Option<Counted>> {
        let Some(Verdict(true)) = answered.answer else { return Ok(None) };
        Ok(Some(Counted { total_then: 0 }))
    }

    #[step]
    async fn page(#[collect] counted: Vec<Counted>) -> Result<PageDone> {
        Ok(PageDone { page: counted.iter().map(|counted| counted.total_then).max().unwrap_or(0), words: counted.len() })
    }

    #[step]
    async fn end(
        state: &State<Tally>,
        #[collect] pages: Vec<PageDone>,
        #[collect] noted: Vec<Noted>,
    ) -> Result<Stop<(u32, u32, usize, u32)>> {
        let tally = state.read().await?;
        assert!(pages.iter().all(|page| page.page <= tally.words));
        let words = pages.iter().map(|page| page.words).sum();
        Ok(Stop((tally.words, tally.failures, words, noted.iter().map(|noted| noted.0).sum())))
    }
}

#[tokio::test]
async fn a_graph_of_everything_comes_to_the_same_with_every_fault_at_every_commit() {
    let pages = ["to again", "", "bad"].map(str::to_owned).to_vec();
    let report = crash_everywhere(Everything, pages).answer(|_: Doubtful| Verdict(true)).await;
    assert_eq!(report.results, 1, "{report:?}");
    assert!(report.commits > 10, "{report:?}");
}

#[tokio::test]
async fn a_graph_comes_to_the_same_without_faults() {
    let engine = super::engine(Everything).await;
    let run = engine.start(Everything, ["to again", "bad"].map(str::to_owned).to_vec()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (3, 1, 2, 2));
}

#[derive(Event)]
#[event(external)]
struct Arrived {
    parcel: u32,
    scan: Bytes,
}

#[derive(Event)]
struct Weighed(u32);

struct Depot;

#[workflow(state = Tally)]
impl Depot {
    #[step]
    async fn open(_: Begin<()>) -> Result<()> {
        Ok(())
    }

    #[step]
    async fn weigh(state: &State<Tally>, arrived: Arrived) -> Result<Weighed> {
        let weight = u32::try_from(arrived.scan.len())?;
        state.edit(move |tally| tally.words += weight).await?;
        Ok(Weighed(arrived.parcel))
    }

    #[step]
    async fn load(state: &State<Tally>, #[collect(2)] parcels: Vec<Weighed>) -> Result<Stop<(Vec<u32>, u32)>> {
        let mut numbers: Vec<_> = parcels.iter().map(|parcel| parcel.0).collect();
        numbers.sort_unstable();
        // It is never called with fewer. The second may arrive at any time.
        assert_eq!(numbers.len(), 2);
        Ok(Stop((numbers, state.read().await?.words)))
    }

    #[step(after = "1d")]
    async fn close(_: &State) -> Result<Stop<(Vec<u32>, u32)>> {
        Ok(Stop((Vec::new(), 0)))
    }
}

#[tokio::test]
async fn events_from_outside_come_in_at_any_commit() {
    let arrived = |parcel, scan: &'static str| Arrived { parcel, scan: scan.into() };
    let test = crash_everywhere(Depot, ()).event(arrived(1, "abc")).event(arrived(2, "de")).pause_at_each_commit();
    let report = test.await;
    assert_eq!(report.results, 1, "{report:?}");
}
