//! The workflow: each step says by its types what it takes and what may come of it, and that is the whole graph.

use crate::events::{Counted, Decided, Done, Doubtful, File, Paragraph, Read, Skipped, Text, Verdict};
use crate::report::Report;
use crate::text::{doubt, paragraphs, words};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use steadfast::prelude::*;

/// What every step may read: where the files are.
#[derive(StepContext, Clone, Debug)]
pub struct Corpus {
    /// The folder.
    pub folder: String,
}

/// What the steps that count know together.
#[derive(StepContext, Clone, Debug)]
pub struct Counts {
    /// How many words there were so far.
    #[context(default)]
    pub words: u64,
    /// How often each.
    #[context(default)]
    pub times: BTreeMap<String, u64>,
}

/// What the engine has at hand for the steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// How long a step waits first, to have time to kill it.
    pub pause: Duration,
}

/// How many of the most frequent words are reported, and from how many letters on.
const FREQUENT: usize = 5;
const LONG: usize = 4;

/// Counts the words of a folder.
#[derive(Clone, Copy, Debug)]
pub struct Ingest;

#[workflow(name = "ingest", context = Corpus, state = Counts)]
impl Ingest {
    #[context]
    fn corpus(folder: &str) -> Corpus {
        Corpus::builder().folder(folder).build()
    }

    /// One event for each text: from here on they go their own ways.
    #[step(blocking)]
    fn list(ctx: &Corpus, _: Begin<String>) -> Result<Vec<File>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&ctx.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "txt" || extension == "md") {
                names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
            }
        }
        names.sort();
        Ok(names.into_iter().map(|name| File { name, accepted: false }).collect())
    }

    /// What is doubtful is no text until somebody says so.
    #[step(blocking, workers = 4, retry(attempts = 3, backoff = "50ms"))]
    fn read(ctx: &Corpus, #[resource] settings: &Settings, file: File) -> Result<Read> {
        std::thread::sleep(settings.pause);
        let bytes = std::fs::read(Path::new(&ctx.folder).join(&file.name))?;
        Ok(match doubt(&bytes) {
            Some(why) if !file.accepted => Ask::new(Doubtful { file: file.name, why }).into(),
            _ => Text { text: String::from_utf8_lossy(&bytes).into_owned() }.into(),
        })
    }

    /// Nothing ran while the person thought, and no attempt was counted.
    #[step]
    async fn decide(answered: Answered<Doubtful, Verdict>) -> Result<Decided> {
        let Doubtful { file, why } = answered.question;
        Ok(match answered.answer {
            Some(Verdict::Count) => File { name: file, accepted: true }.into(),
            Some(Verdict::Drop) | None => Skipped { name: file, why }.into(),
        })
    }

    /// A fan-out within the fan-out.
    #[step(workers = 4)]
    async fn split(text: Text) -> Result<Vec<Paragraph>> {
        Ok(paragraphs(&text.text).map(|text| Paragraph { text }).collect())
    }

    /// Several at once, and each edit is there once, whatever dies and when.
    #[step(workers = 4)]
    async fn count(#[resource] settings: &Settings, state: &State<Counts>, paragraph: Paragraph) -> Result<Counted> {
        tokio::time::sleep(settings.pause).await;
        let words: Vec<String> = words(&paragraph.text).collect();
        let counted = Counted { words: words.len() as u64 };
        state
            .edit(|counts| {
                counts.words += words.len() as u64;
                for word in words {
                    *counts.times.entry(word).or_default() += 1;
                }
            })
            .await?;
        Ok(counted)
    }

    /// Once for each text, with all of its paragraphs: the fan-out of `split`.
    #[step]
    async fn add_up(#[collect] counted: Vec<Counted>) -> Result<Done> {
        Ok(Done { words: counted.iter().map(|counted| counted.words).sum() })
    }

    /// Takes the place of a step that has failed for good. One file that cannot be read costs nothing but itself.
    #[step(catch)]
    async fn give_up(caught: Caught) -> Result<Skipped> {
        match caught.event::<File>() {
            Some(File { name, .. }) => Ok(Skipped { name, why: "it cannot be read".into() }),
            None => Err(Error::msg(format!("`{}` has failed: {}", caught.step(), caught.message()))),
        }
    }

    /// Once for the folder, when nothing can come any more: the fan-out of `list`.
    #[step]
    async fn report(
        state: &State<Counts>,
        #[collect(from = list)] done: Vec<Done>,
        #[collect(from = list)] skipped: Vec<Skipped>,
    ) -> Result<Stop<Report>> {
        let counts = state.read().await?;
        let mut frequent: Vec<_> = counts.times.iter().filter(|(word, _)| word.chars().count() >= LONG).collect();
        frequent.sort_by_key(|(word, times)| (std::cmp::Reverse(**times), *word));
        let mut skipped: Vec<_> = skipped.into_iter().map(|Skipped { name, why }| (name, why)).collect();
        skipped.sort();
        Ok(Stop(Report {
            files: done.len(),
            words: done.iter().map(|done| done.words).sum(),
            different: counts.times.len(),
            frequent: frequent.into_iter().take(FREQUENT).map(|(word, times)| (word.clone(), *times)).collect(),
            skipped,
        }))
    }
}
