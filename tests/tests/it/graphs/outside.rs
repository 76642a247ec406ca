//! Questions to people between two steps.

use super::engine;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

#[derive(Message, Serialize, Deserialize)]
struct Doubtful {
    file: String,
}

#[derive(Message, Serialize, Deserialize, Debug, PartialEq)]
enum Verdict {
    Keep,
    Drop,
}

#[derive(Event)]
struct File(String);

#[derive(Event)]
struct Kept(String);

#[derive(Events)]
enum Judged {
    Kept(Kept),
    Ask(Ask<Doubtful, Verdict>),
    Nothing,
}

struct Sorting;

#[workflow]
impl Sorting {
    #[step]
    async fn begin(begin: Begin<Vec<String>>) -> Result<Vec<File>> {
        Ok(begin.iter().cloned().map(File).collect())
    }

    #[step]
    async fn judge(file: File) -> Result<Judged> {
        Ok(match file.0.as_str() {
            "" => Judged::Nothing,
            name if name.ends_with('?') => Ask::new(Doubtful { file: file.0 }).into(),
            name if name.ends_with('!') => Ask::new(Doubtful { file: file.0 }).within(Duration::from_millis(5)).into(),
            _ => Kept(file.0).into(),
        })
    }

    #[step]
    async fn decided(answered: Answered<Doubtful, Verdict>) -> Result<Option<Kept>> {
        let file = answered.question.file;
        Ok(match answered.answer {
            Some(Verdict::Keep) => Some(Kept(file)),
            Some(Verdict::Drop) => None,
            None => Some(Kept(format!("{file} unanswered"))),
        })
    }

    #[step]
    async fn end(#[collect] kept: Vec<Kept>) -> Result<Stop<Vec<String>>> {
        let mut kept: Vec<_> = kept.into_iter().map(|kept| kept.0).collect();
        kept.sort();
        Ok(Stop(kept))
    }
}

#[tokio::test]
async fn a_fan_in_waits_for_people() {
    let engine = engine(Sorting).await;
    let files = ["a", "b?", "c?", "", "d!"].map(str::to_owned).to_vec();
    let run = engine.start(Sorting, files).await.unwrap();
    let mut answered = 0;
    limits::until(async || {
        for open in engine.requests().await.unwrap() {
            let question: Doubtful = open.read().unwrap();
            if question.file.ends_with('?') {
                let verdict = if question.file == "b?" { Verdict::Keep } else { Verdict::Drop };
                engine.answer(&open.id, verdict).await.unwrap();
                answered += 1;
            }
        }
        answered == 2
    })
    .await;
    assert_eq!(run.result().soon().await.unwrap(), ["a", "b?", "d! unanswered"]);
}
