//! A program that tests kill: `sorter <database> <log>`.
//!
//! A graph of letters that are read, judged by people if they are doubtful, and counted. The program answers every
//! question. Each attempt appends a line to the log.

use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::sync::OnceLock;
use steadfast::prelude::*;

static LOG: OnceLock<String> = OnceLock::new();

fn log(scope: &StepScope) {
    let mut file =
        std::fs::OpenOptions::new().append(true).create(true).open(LOG.get().expect("set")).expect("the log");
    file.write_all(format!("{} {} {}\n", scope.name, scope.position, scope.attempt).as_bytes()).expect("the log");
}

#[derive(Message, Serialize, Deserialize)]
struct Doubtful {
    letter: u32,
}

#[derive(Message, Serialize, Deserialize)]
struct Verdict {
    keep: bool,
}

#[derive(Event)]
struct Letter {
    number: u32,
    text: Bytes,
}

#[derive(Event)]
struct Kept(u32);

#[derive(Events)]
enum Judged {
    Kept(Kept),
    Ask(Ask<Doubtful, Verdict>),
}

#[derive(StepContext, Clone)]
struct Tally {
    #[context(default)]
    read: u32,
    #[context(default)]
    bytes: u64,
}

struct Sorter;

#[workflow(state = Tally)]
impl Sorter {
    #[step]
    async fn fetch(begin: Begin<u32>, scope: &StepScope) -> Result<Vec<Letter>> {
        log(scope);
        Ok((0..begin.0).map(|number| Letter { number, text: "x".repeat(number as usize).into() }).collect())
    }

    /// Judges a letter. Letters 3 and 6 are doubtful. The question about 6 has a time limit that does not expire.
    #[step(workers = 4)]
    async fn judge(state: &State<Tally>, letter: Letter, scope: &StepScope) -> Result<Judged> {
        log(scope);
        let bytes = letter.text.len() as u64;
        state
            .edit(move |tally| {
                tally.read += 1;
                tally.bytes += bytes;
            })
            .await?;
        tokio::time::sleep(Duration::from_millis(10)).await;
        Ok(match letter.number {
            3 => Ask::new(Doubtful { letter: 3 }).into(),
            6 => Ask::new(Doubtful { letter: 6 }).within(Duration::from_hours(1)).into(),
            number => Kept(number).into(),
        })
    }

    #[step]
    async fn decided(answered: Answered<Doubtful, Verdict>, scope: &StepScope) -> Result<Option<Kept>> {
        log(scope);
        Ok(answered.answer.filter(|verdict| verdict.keep).map(|_| Kept(answered.question.letter)))
    }

    #[step]
    async fn end(
        state: &State<Tally>,
        #[collect] kept: Vec<Kept>,
        scope: &StepScope,
    ) -> Result<Stop<(u32, u64, usize, u32)>> {
        log(scope);
        let tally = state.read().await?;
        Ok(Stop((tally.read, tally.bytes, kept.len(), kept.iter().map(|kept| kept.0).sum())))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = move || arguments.next().unwrap_or_default();
    let (database, log) = (next(), next());
    LOG.set(log).map_err(|_| "set once")?;
    let engine = steadfast_tests::database::on(&database).workflow(Sorter).start().await?;
    // Returns the existing run, if there is one.
    let run = engine.start(Sorter, 20).id("letters").await?;
    loop {
        for request in engine.requests().await? {
            let question: Doubtful = request.read()?;
            engine.answer(&request.id, Verdict { keep: question.letter == 6 }).await?;
        }
        if run.status().await?.status.is_final() {
            println!("{:?}", run.result().await?);
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
