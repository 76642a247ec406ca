//! The event-driven workflows that are measured.

use steadfast::prelude::*;

#[derive(Event)]
pub(crate) struct First {
    left: u64,
    name: String,
}

#[derive(Event)]
pub(crate) struct Second {
    left: u64,
    name: String,
}

/// Three steps, through which an event goes round until so many were taken: 3, 5, 7..
pub(crate) struct Round;

#[workflow]
impl Round {
    #[step]
    async fn open(events: Begin<u64>) -> Result<First> {
        Ok(First { left: events.saturating_sub(1), name: "a small event".into() })
    }

    #[step]
    async fn there(first: First) -> Result<Second> {
        Ok(Second { left: first.left - 1, name: first.name })
    }

    #[step]
    async fn back(second: Second) -> Result<OneOf<First, Stop<String>>> {
        let Some(left) = second.left.checked_sub(1).filter(|left| *left > 0) else {
            return Ok(OneOf::B(Stop(second.name)));
        };
        Ok(OneOf::A(First { left, name: second.name }))
    }
}

#[derive(Event)]
pub(crate) struct Part {
    number: u64,
    name: String,
}

#[derive(Event)]
pub(crate) struct Done {
    number: u64,
}

/// A fan-out of so many events, and the fan-in of all.
pub(crate) struct Fan;

#[workflow]
impl Fan {
    #[step]
    async fn spread(parts: Begin<u64>) -> Result<Vec<Part>> {
        Ok((0..parts.0).map(|number| Part { number, name: "a small event".into() }).collect())
    }

    #[step]
    async fn work(part: Part) -> Result<Done> {
        assert_eq!(part.name.len(), 13);
        Ok(Done { number: part.number })
    }

    #[step]
    async fn gather(#[collect] done: Vec<Done>) -> Result<Stop<u64>> {
        Ok(Stop(done.iter().map(|done| done.number).sum()))
    }
}

/// One event that goes round a single step so many times.
pub(crate) struct Ticks;

#[derive(Event)]
pub(crate) struct Tick {
    left: u64,
}

#[workflow]
impl Ticks {
    #[step]
    async fn begin(ticks: Begin<u64>) -> Result<Tick> {
        Ok(Tick { left: ticks.saturating_sub(1) })
    }

    #[step]
    async fn tick(tick: Tick) -> Result<OneOf<Tick, Stop>> {
        Ok(tick.left.checked_sub(1).map_or(OneOf::B(Stop(())), |left| OneOf::A(Tick { left })))
    }
}

#[derive(StepContext, Clone, Debug)]
pub(crate) struct Tally {
    #[context(default)]
    pub(crate) edits: u64,
    #[context(default)]
    pub(crate) last: String,
}

#[step]
async fn count(state: &State<Tally>, edits: u64) -> Result<()> {
    for _ in 0..edits {
        state.edit(|tally| tally.edits += 1).await?;
    }
    Ok(())
}

/// The same, and each edit says what came of it, once that is durable.
#[step]
async fn count_and_see(state: &State<Tally>, edits: u64) -> Result<u64> {
    let mut seen = 0;
    for _ in 0..edits {
        seen = state
            .edit(|tally| {
                tally.edits += 1;
                tally.edits
            })
            .await?;
    }
    Ok(seen)
}

/// Eight steps at once that edit the state so many times each.
#[workflow(state = Tally)]
pub(crate) async fn edits(flow: &Flow, each: u64) -> Result<u64> {
    futures_util::future::try_join_all((0..8).map(|_| count(flow, each))).await?;
    Ok(flow.state::<Tally>().edits)
}

#[workflow(state = Tally)]
pub(crate) async fn edits_that_see(flow: &Flow, each: u64) -> Result<u64> {
    futures_util::future::try_join_all((0..8).map(|_| count_and_see(flow, each))).await?;
    Ok(flow.state::<Tally>().edits)
}
