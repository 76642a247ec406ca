//! Event-driven workflows as users write them: aliases, enums, tuples, state, resources, a timer.

#![deny(warnings, clippy::pedantic)]

use steadfast::prelude::*;

#[derive(Event)]
pub struct Page {
    pub body: Bytes,
    #[event(default, alias = "address")]
    pub url: Option<String>,
}

#[derive(Event)]
#[event(external, name = "approval.given")]
pub struct Approved(pub String);

#[derive(Event)]
pub struct Empty;

#[derive(Events)]
pub enum Looked {
    Page(Page),
    Empty(Empty),
    Stop(Stop<u32>),
    Nothing,
}

#[derive(StepContext, Clone)]
pub struct Settings {
    pub limit: usize,
}

#[derive(StepContext, Clone)]
pub struct Tally {
    #[context(default)]
    pub pages: u32,
}

pub type Sheet = Page;
pub type Sheets = Vec<Sheet>;

pub struct Ingest;

#[workflow(context = Settings, state = Tally, name = "ingest", version = 2)]
impl Ingest {
    const MOST: usize = 7;

    #[context]
    fn settings(input: &[String]) -> Settings {
        Settings::builder().limit(input.len().min(Self::MOST)).build()
    }

    #[step]
    async fn begin(ctx: &Settings, begin: Begin<Vec<String>>) -> Result<Sheets> {
        Ok(begin.iter().take(ctx.limit).map(|url| Page { body: Bytes::new(), url: Some(url.clone()) }).collect())
    }

    #[step(workers = 4, timeout = "30s", retry(attempts = 3))]
    async fn look(state: &State<Tally>, page: Sheet, scope: &StepScope) -> Result<Looked> {
        state.edit(|tally| tally.pages += 1).await?;
        Ok(match (page.body.len(), page.url) {
            (0, _) => Empty.into(),
            (1, None) => Looked::Nothing,
            (2, _) => Stop(scope.attempt).into(),
            (_, url) => Page { body: page.body.slice(1..), url }.into(),
        })
    }

    #[step]
    async fn approved(approved: Approved) -> Result<Option<Stop<u32>>> {
        Ok(approved.0.is_empty().then_some(Stop(0)))
    }

    #[step(blocking)]
    fn end(state: &State, #[collect] empty: Vec<Empty>) -> Result<Stop<u32>> {
        let _ = state;
        Ok(Stop(u32::try_from(empty.len())?))
    }

    #[step(every = "1h")]
    async fn hourly(state: &State<Tally>) -> Result<()> {
        state.read().await?;
        Ok(())
    }
}

/// The name of a type that stands in the expansion of many a macro.
#[derive(Event)]
struct Step1([u8; 2]);

pub struct Private;

/// Public, with a private event; `Self` is the type of the graph.
#[workflow]
impl Private {
    const SIZE: usize = 2;

    #[step]
    async fn begin(_: Begin<()>) -> Result<Step1> {
        Ok(Step1([0; Self::SIZE]))
    }

    #[step]
    async fn end(step: Step1) -> Result<Stop> {
        assert_eq!(step.0.len(), Self::SIZE);
        Ok(Stop(()))
    }
}

macro_rules! graph {
    ($graph:ident, $event:ident, $step:ident) => {
        #[derive(Event)]
        struct $event {
            number: u32,
        }

        struct $graph;

        #[workflow]
        impl $graph {
            #[step]
            async fn $step(begin: Begin<u32>) -> Result<$event> {
                Ok($event { number: begin.0 })
            }

            #[step]
            async fn end(event: $event) -> Result<Stop<u32>> {
                Ok(Stop(event.number))
            }
        }
    };
}

graph!(Made, Number, first);

fn main() {
    let _ = Engine::builder().in_memory().workflow(Made).workflow(Private);
    let _ = Engine::builder().in_memory().workflow(Ingest);
    assert!(Ingest::diagram().mermaid().contains("Empty, collected"));
}
