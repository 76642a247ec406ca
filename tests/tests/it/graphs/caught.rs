//! Failed steps, which the catching step handles as often as its budget allows.

use super::engine;
use limits::Soon as _;
use steadfast::prelude::*;

#[derive(Event)]
struct Job {
    number: u32,
    tries_left: u32,
}

#[derive(Event)]
struct Done(String);

struct Careful;

#[workflow]
impl Careful {
    #[step]
    async fn begin(begin: Begin<Vec<u32>>) -> Result<Vec<Job>> {
        Ok(begin.iter().map(|tries| Job { number: *tries, tries_left: *tries }).collect())
    }

    #[step]
    async fn work(job: Job) -> Result<Done> {
        if job.tries_left > 0 {
            return Err(Error::msg(format!("job {} needs {} more", job.number, job.tries_left)));
        }
        Ok(Done(format!("job {} done", job.number)))
    }

    #[step(catch = 2)]
    async fn again(caught: Caught) -> Result<Job> {
        assert_eq!(caught.step(), "work");
        assert!(caught.message().contains("more"), "{}", caught.message());
        let job = caught.event::<Job>().ok_or_else(|| Error::msg("the step that failed had a job"))?;
        Ok(Job { tries_left: job.tries_left - 1, ..job })
    }

    #[step]
    async fn end(#[collect] done: Vec<Done>) -> Result<Stop<Vec<String>>> {
        Ok(Stop(done.into_iter().map(|done| done.0).collect()))
    }
}

#[tokio::test]
async fn failures_are_taken_within_the_budget_of_each_line_of_descent() {
    let engine = engine(Careful).await;
    let run = engine.start(Careful, vec![0, 1, 2, 2, 2]).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap().len(), 5);
    let run = engine.start(Careful, vec![0, 3]).await.unwrap();
    let error = run.result().soon().await.unwrap_err().to_string();
    assert!(error.contains("job 3 needs 1 more"), "{error}");
}

struct Plain;

#[workflow]
impl Plain {
    #[step]
    async fn work(begin: Begin<u32>) -> Result<OneOf<Done, Stop<u32>>> {
        match begin.0 {
            0 => Err(Error::msg("no work")),
            1 => Ok(OneOf::B(Stop(1))),
            _ => Ok(OneOf::A(Done(String::new()))),
        }
    }

    #[step]
    async fn lose(_: Done) -> Result<Option<Stop<u32>>> {
        Ok(None)
    }
}

#[tokio::test]
async fn a_step_that_fails_fails_the_run_and_one_that_loses_the_thread_is_said() {
    let engine = engine(Plain).await;
    let error = engine.start(Plain, 0).await.unwrap().result().soon().await.unwrap_err().to_string();
    assert!(error.contains("no work"), "{error}");
    assert_eq!(engine.start(Plain, 1).await.unwrap().result().soon().await.unwrap(), 1);
    let error = engine.start(Plain, 2).await.unwrap().result().soon().await.unwrap_err().to_string();
    assert!(error.contains("came to rest without a `Stop`"), "{error}");
}

#[derive(Event)]
struct Folder {
    broken: bool,
}

#[derive(Event)]
struct File(u32);

struct Folders;

#[workflow]
impl Folders {
    #[step]
    async fn begin(_: Begin<()>) -> Result<Folder> {
        Ok(Folder { broken: true })
    }

    /// Fails the first time, which is not the same as a folder without files.
    #[step(name = "open_folder")]
    async fn open(folder: Folder) -> Result<Vec<File>> {
        if folder.broken {
            return Err(Error::msg("the folder cannot be read"));
        }
        Ok(vec![File(1), File(2)])
    }

    #[step(catch)]
    async fn repair(caught: Caught) -> Result<Folder> {
        assert_eq!(caught.step(), "open_folder");
        assert!(matches!(caught.error::<Error>(), Some(StepError::Failed(..))));
        Ok(Folder { broken: false })
    }

    #[step]
    async fn end(#[collect(from = open)] files: Vec<File>) -> Result<Stop<Vec<u32>>> {
        Ok(Stop(files.iter().map(|file| file.0).collect()))
    }
}

#[tokio::test]
async fn a_fan_out_that_failed_is_not_an_empty_one() {
    let engine = engine(Folders).await;
    assert_eq!(engine.start(Folders, ()).await.unwrap().result().soon().await.unwrap(), [1, 2]);
}

#[derive(Event)]
struct Failed(String);

struct Search;

#[workflow]
impl Search {
    #[step]
    async fn begin(begin: Begin<Vec<u32>>) -> Result<Vec<Job>> {
        Ok(begin.iter().map(|tries| Job { number: 0, tries_left: *tries }).collect())
    }

    #[step]
    async fn search(job: Job) -> Result<Option<Stop<usize>>> {
        if job.tries_left > 0 { Err(Error::msg("not here")) } else { Ok(None) }
    }

    #[step(catch)]
    async fn failed(caught: Caught) -> Result<Failed> {
        Ok(Failed(caught.step().to_owned()))
    }

    #[step]
    async fn end(#[collect] failed: Vec<Failed>) -> Result<Stop<usize>> {
        assert!(failed.iter().all(|failed| failed.0 == "search"));
        Ok(Stop(failed.len()))
    }
}

#[tokio::test]
async fn failures_are_collected_also_if_there_are_none() {
    let engine = engine(Search).await;
    for (jobs, failures) in [(vec![0, 1, 1], 2), (vec![0, 0], 0), (vec![], 0)] {
        assert_eq!(engine.start(Search, jobs).await.unwrap().result().soon().await.unwrap(), failures);
    }
}
