//! Runs that communicate with each other, with a person who answers, and with readers of their streams.

use super::log;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use steadfast::prelude::*;
use steadfast::{Message, Scope};

type Fallible<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const HUBS: u64 = 3;
const SENDERS: u64 = 3;
const NOTES: u64 = 8;
/// The number of notes after which a hub continues as new.
const CHAPTER: usize = 5;

#[derive(Message, Serialize, Deserialize)]
struct Note {
    from: u64,
    n: u64,
}

#[derive(Message, Serialize, Deserialize)]
struct Question {
    sum: u64,
}

#[derive(Message, Serialize, Deserialize)]
struct Answer(u64);

/// The notes that a hub has received: their number, the last number of each sender, and the sum of all.
#[derive(Serialize, Deserialize, Default)]
pub(super) struct Heard {
    notes: u64,
    last: BTreeMap<u64, u64>,
    sum: u64,
}

#[step]
async fn weigh(n: u64) -> Result<u64> {
    log("weigh");
    tokio::time::sleep(Duration::from_millis(n % 4)).await;
    Ok(n)
}

#[step]
async fn tell(n: u64) -> Result<()> {
    log("tell");
    let stream = steadfast::stream::<u64>("told");
    stream.write(&n).await?;
    stream.write(&n).await
}

/// Sends the notes of one sender, one after the other.
#[workflow]
pub(super) async fn sender(flow: &mut Flow, (to, from): (String, u64)) -> Result<u64> {
    for n in 1..=NOTES {
        let n = weigh(&*flow, n).await?;
        flow.send(to.clone(), Note { from, n }).await?;
    }
    Ok(NOTES)
}

/// Starts its senders, and receives each note once and in order, over several executions.
#[workflow]
pub(super) async fn hub(flow: &mut Flow, (name, mut heard): (String, Heard)) -> Result<u64> {
    if heard.notes == 0 {
        for from in 0..SENDERS {
            let scope = Scope::new().id(format!("{name}-sender-{from}"));
            drop(flow.start(sender, (name.clone(), from)).with(scope).detached().await);
        }
    }
    for _ in 0..CHAPTER {
        let Note { from, n } = flow.receive::<Note>().await?;
        let last = heard.last.entry(from).or_default();
        if n != *last + 1 {
            return Err(Error::msg(format!("{name}: note {n} of sender {from} follows {last}")));
        }
        *last = n;
        heard.notes += 1;
        heard.sum += weigh(&*flow, n).await?;
        flow.stream("heard").write(&(from, n));
        if heard.notes == SENDERS * NOTES {
            let (answer, ()) = try_join!(
                async { flow.request::<Question, Answer>(Question { sum: heard.sum }).await.map_err(Error::from) },
                async { tell(&*flow, heard.sum).await.map_err(Error::from) }
            )?;
            return Ok(answer.0);
        }
    }
    flow.continue_as_new(hub, (name, heard)).await
}

#[workflow]
pub(super) async fn leaf(flow: &mut Flow, n: u64) -> Result<u64> {
    flow.sleep(Duration::from_millis(n)).await?;
    Ok(weigh(flow, n).await?)
}

/// Runs children at once.
#[workflow]
pub(super) async fn fan(flow: &mut Flow, n: u64) -> Result<u64> {
    let mut leaves = Vec::new();
    for n in 0..n {
        leaves.push(flow.start(leaf, n).await);
    }
    let mut sum = 0;
    for leaf in leaves {
        sum += leaf.await?;
    }
    Ok(sum)
}

/// Receives `notes` notes.
#[workflow]
pub(super) async fn listener(flow: &mut Flow, notes: u64) -> Result<Vec<u64>> {
    let mut heard = Vec::new();
    for _ in 0..notes {
        let note = flow.receive::<Note>().await?;
        heard.push(weigh(&*flow, note.n).await?);
    }
    Ok(heard)
}

pub(super) fn workflows(builder: steadfast::EngineBuilder) -> steadfast::EngineBuilder {
    builder.workflow(sender).workflow(hub).workflow(leaf).workflow(fan).workflow(listener)
}

/// Answers every open request, twice.
async fn answers(engine: Engine) -> Fallible<()> {
    loop {
        for request in engine.requests().await? {
            let answer = request.read::<Question>()?.sum * 2;
            for _ in 0..2 {
                // The run may have ended, or another engine may have answered, meanwhile.
                let _ = engine.answer(&request.id, Answer(answer)).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(super) async fn talk(engine: &Engine) -> Fallible<()> {
    let mut fans = Vec::new();
    for n in 0..HUBS {
        let name = format!("hub-{n}");
        // A later execution has another input, so a second start would be rejected.
        if engine.run(&name).await.is_err() {
            engine.start(hub, (name.clone(), Heard::default())).id(name).await?;
        }
        fans.push(engine.start(fan, 6).id(format!("fan-{n}")).await?);
    }
    println!("started");
    let asked = engine.clone();
    let answering = tokio::spawn(async move { answers(asked).await.map_err(|error| error.to_string()) });
    let sum = SENDERS * NOTES * (NOTES + 1) / 2;
    for n in 0..HUBS {
        let name = format!("hub-{n}");
        // The id may belong to a later execution by now.
        let run = engine.handle(hub, &name).await?;
        assert_eq!(run.result().await?, 2 * sum, "{name}");
        let mut stream = run.stream::<(u64, u64)>("heard");
        let mut last: BTreeMap<u64, u64> = BTreeMap::new();
        let mut items = 0;
        while let Some((cursor, (from, n))) = stream.next().await? {
            items += 1;
            let before = last.insert(from, n).unwrap_or_default();
            assert_eq!((cursor, n), (items, before + 1), "{name}");
        }
        assert_eq!(items, SENDERS * NOTES, "{name}");
        let mut told = run.stream::<u64>("told");
        let told = [told.next().await?, told.next().await?, told.next().await?];
        assert_eq!(told, [Some((1, sum)), Some((2, sum)), None], "{name}");
    }
    for fan in fans {
        assert_eq!(fan.result().await?, 15);
    }
    answering.abort();
    Ok(())
}

/// Starts the listener, and sends its notes if `sends` is set.
pub(super) async fn listen(engine: &Engine, sends: bool) -> Fallible<()> {
    let run = engine.start(listener, 5).id("listener").await?;
    println!("started");
    if sends {
        for n in 0..5 {
            engine.send("listener", Note { from: 0, n }).key(format!("{n}")).await?;
        }
        println!("sent");
    }
    assert_eq!(run.result().await?, [0, 1, 2, 3, 4]);
    Ok(())
}
