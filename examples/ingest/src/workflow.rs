//! The workflow: the types of each step say which events it takes and which it may return. They are the whole graph.

use crate::events::{Counted, Decided, Done, Doubtful, File, Paragraph, Read, Skipped, Text, Verdict};
use crate::report::Report;
use crate::text::{doubt, paragraphs, words};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use steadfast::prelude::*;

/// The context of every step: the path of the files.
#[derive(StepContext, Clone, Debug)]
pub struct Corpus {
    /// The path of the folder.
    pub folder: String,
}

/// The state that the counting steps share.
#[derive(StepContext, Clone, Debug)]
pub struct Counts {
    /// The number of words so far.
    #[context(default)]
    pub words: u64,
    /// The number of occurrences of each word.
    #[context(default)]
    pub times: BTreeMap<String, u64>,
}

/// The resource of the steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// The pause before a step's work, to have time to kill the process.
    pub pause: Duration,
}

/// The number of most frequent words in the report, and the least letters of such a word.
const FREQUENT: usize = 5;
const LONG: usize = 4;

/// The workflow that counts the words of a folder.
#[derive(Clone, Copy, Debug)]
pub struct Ingest;

#[workflow(name = "ingest", context = Corpus, state = Counts)]
impl Ingest {
    #[context]
    fn corpus(folder: &str) -> Corpus {
        Corpus::builder().folder(folder).build()
    }

    /// Returns one event for each text: from here on the texts are processed independently.
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

    /// Reads a file. A doubtful file needs a person's verdict.
    #[step(blocking, workers = 4, retry(attempts = 3, backoff = "50ms"))]
    fn read(ctx: &Corpus, #[resource] settings: &Settings, file: File) -> Result<Read> {
        std::thread::sleep(settings.pause);
        let bytes = std::fs::read(Path::new(&ctx.folder).join(&file.name))?;
        Ok(match doubt(&bytes) {
            Some(why) if !file.accepted => Ask::new(Doubtful { file: file.name, why }).into(),
            _ => Text { text: String::from_utf8_lossy(&bytes).into_owned() }.into(),
        })
    }

    /// Applies the person's answer. While it was pending nothing ran, and no attempt was counted.
    #[step]
    async fn decide(answered: Answered<Doubtful, Verdict>) -> Result<Decided> {
        let Doubtful { file, why } = answered.question;
        Ok(match answered.answer {
            Some(Verdict::Count) => File { name: file, accepted: true }.into(),
            Some(Verdict::Drop) | None => Skipped { name: file, why }.into(),
        })
    }

    /// Splits a text: a fan-out within the fan-out.
    #[step(workers = 4)]
    async fn split(text: Text) -> Result<Vec<Paragraph>> {
        Ok(paragraphs(&text.text).map(|text| Paragraph { text }).collect())
    }

    /// Counts several paragraphs at once. Each edit is applied exactly once, also after a crash.
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

    /// Adds up the paragraphs of a text. Runs once for each fan-out of `split`.
    #[step]
    async fn add_up(#[collect] counted: Vec<Counted>) -> Result<Done> {
        Ok(Done { words: counted.iter().map(|counted| counted.words).sum() })
    }

    /// Handles a step that has failed for good. An unreadable file does not fail the others.
    #[step(catch)]
    async fn give_up(caught: Caught) -> Result<Skipped> {
        match caught.event::<File>() {
            Some(File { name, .. }) => Ok(Skipped { name, why: "it cannot be read".into() }),
            None => Err(Error::msg(format!("`{}` has failed: {}", caught.step(), caught.message()))),
        }
    }

    /// Reports on the folder. Runs once, when all events of the fan-out of `list` are consumed.
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
