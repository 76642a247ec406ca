//! Does what a form asks for.

use super::{Action, job_action};
use crate::answer::Fault;
use crate::asked::{Asked, Query};
use crate::links::{self, Link};
use crate::pages::Filter;
use crate::times;
use axum::http::StatusCode;
use serde_json::json;
use std::time::{Duration, SystemTime};
use steadfast::operate::{Acting, ForkOptions, Operator, QueueSetting, StartOptions};
use steadfast::{ForkPoint, Pause};

/// The largest copy of a run that is downloaded, in bytes.
const LARGEST: u64 = 256 << 20;

/// An action that was done.
pub(crate) struct Done {
    /// The page that shows its effect.
    pub(crate) to: Link,
    /// The same for programs.
    pub(crate) json: serde_json::Value,
    /// A file that was written: its name and its content.
    pub(crate) file: Option<(String, Vec<u8>)>,
}

impl Done {
    fn new(action: &Action, to: Link, more: &serde_json::Value) -> Self {
        let json = json!({ "done": action.word, "result": more });
        Self { to: to.with("did", action.word), json, file: None }
    }
}

/// Does what a form asks for, with its reason. The action goes on to its end if the browser leaves meanwhile.
///
/// # Errors
/// A field makes no sense, or the operator refuses the action: then nothing was done.
pub(crate) async fn perform(asked: &Asked, action: &'static Action) -> Result<Done, Fault> {
    let operator = asked.operator()?;
    let why = asked.query.text("why").unwrap_or_default().trim().to_owned();
    if action.is_danger && why.is_empty() {
        return Err(Fault::bad("give a reason: it is kept with the record of the action".to_owned()));
    }
    for field in action.fields.iter().filter(|field| field.is_required) {
        if asked.query.text(field.name).is_none() {
            return Err(Fault::bad(format!("fill in: {}", field.label)));
        }
    }
    let query = asked.query.clone();
    // A task of its own: a browser that closes the connection does not leave the action half done.
    let task = tokio::spawn(async move { dispatch(&operator, &query, action, &why).await });
    task.await
        .map_err(|_| Fault::unavailable("the action has panicked; see the audit page for what was done".to_owned()))?
}

async fn dispatch(operator: &Operator, query: &Query, action: &Action, why: &str) -> Result<Done, Fault> {
    let acting = operator.because(why);
    let subject = action.subject(query)?;
    match action.about {
        super::About::Run => on_run(&acting, query, action, &subject).await,
        super::About::Request => {
            acting.answer(&subject, query.required("value")?).await?;
            Ok(Done::new(action, Link::to("requests"), &json!({ "request": subject })))
        }
        super::About::Queue => on_queue(&acting, query, action, &subject, why).await,
        super::About::Schedule => on_schedule(&acting, query, action, &subject, why).await,
        super::About::Workflow => start(&acting, query, action, subject).await,
        super::About::Database => {
            let garbage = acting.collect_garbage().await?;
            let failures: Vec<String> = garbage.failures.iter().map(|failure| format!("{failure:?}")).collect();
            let more = json!({ "deleted": garbage.deleted, "failures": failures });
            Ok(Done::new(action, Link::to("health"), &more))
        }
        super::About::Runs | super::About::Job => on_job(operator, query, action, &subject, why).await,
    }
}

async fn on_run(acting: &Acting<'_>, query: &Query, action: &Action, run: &str) -> Result<Done, Fault> {
    let mut shown = run.to_owned();
    match action.word {
        "cancel" => acting.cancel(run).await?,
        "force_cancel" => acting.force_cancel(run).await?,
        "pause" => acting.pause(run, Pause::Drain).await?,
        "pause_abandon" => acting.pause(run, Pause::Abandon).await?,
        "resume" => acting.resume(run).await?,
        "revive" => acting.revive(run).await?,
        "retry" => acting.retry(run).await?,
        "send" => acting.send(run, query.required("message")?, query.required("value")?, query.text("key")).await?,
        "fork" => shown = acting.fork(run, point(query)?, changes(query)?).await?,
        "rewind" => acting.rewind(run, point(query)?, ForkOptions { id: None, ..changes(query)? }).await?,
        "export" => {
            let file = exported(acting, run).await?;
            return Ok(Done { file: Some(file), ..Done::new(action, links::run(run), &json!({ "run": run })) });
        }
        "delete" => {
            acting.delete(run).await?;
            return Ok(Done::new(action, Link::to("runs"), &json!({ "run": run })));
        }
        _ => return Err(Fault::not_found("there is no such action on a run".to_owned())),
    }
    Ok(Done::new(action, links::run(&shown), &json!({ "run": shown })))
}

/// Writes a copy of a run into a file of the system's folder for such, reads it, and removes it. The visitor names no path.
async fn exported(acting: &Acting<'_>, run: &str) -> Result<(String, Vec<u8>), Fault> {
    let path = std::env::temp_dir().join(format!("steadfast-export-{}.db", uuid::Uuid::now_v7()));
    let written = acting.export(run, &path).await;
    let read = tokio::task::spawn_blocking(move || {
        let size = std::fs::metadata(&path).map_or(0, |found| found.len());
        let content = if size > LARGEST { Ok(None) } else { std::fs::read(&path).map(Some) };
        // It is a copy, and only this process knows its name.
        let _ = std::fs::remove_file(&path);
        content
    });
    let content = read.await.map_err(|_| Fault::unavailable("the console is ending".to_owned()))?;
    written?;
    let too_large = || {
        Fault::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the run is too large for a download: `steadfast export` it".to_owned(),
        )
    };
    let content = content.map_err(|error| Fault::unavailable(format!("the copy cannot be read: {error}")))?;
    let plain: String =
        run.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).take(60).collect();
    Ok((format!("{plain}.db"), content.ok_or_else(too_large)?))
}

fn point(query: &Query) -> Result<ForkPoint, Fault> {
    match (query.text("before"), query.number("at_position")?, query.number("after_entry")?) {
        (Some(step), None, None) => Ok(ForkPoint::before(step)),
        (None, Some(position), None) => Ok(ForkPoint::at_position(position)),
        (None, None, Some(entry)) => Ok(ForkPoint::after_entry(entry)),
        _ => Err(Fault::bad("name one point: before a step, at a position, or after an entry".to_owned())),
    }
}

fn changes(query: &Query) -> Result<ForkOptions, Fault> {
    let text = |name| query.text(name).map(str::to_owned);
    let set = query.all("set").map(|text| {
        let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
        pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
    });
    let context =
        set.collect::<Option<_>>().ok_or_else(|| Fault::bad("write a field as `status=\"paid\"`".to_owned()))?;
    let (id, version, input) = (text("id"), query.number("version")?, text("input"));
    Ok(ForkOptions { id, version, input, context, labels: Vec::new() })
}

async fn start(acting: &Acting<'_>, query: &Query, action: &Action, workflow: String) -> Result<Done, Fault> {
    let text = |name| query.text(name).map(str::to_owned);
    let options = StartOptions {
        workflow,
        version: query.number("version")?,
        input: text("input"),
        id: text("id"),
        queue: text("queue"),
        queue_key: text("queue_key"),
        priority: query.number("priority")?,
        deduplication_key: text("deduplication_key"),
        labels: Vec::new(),
    };
    let (run, is_new) = acting.start(options).await?;
    Ok(Done::new(action, links::run(&run), &json!({ "run": run, "new": is_new })))
}

async fn on_queue(acting: &Acting<'_>, query: &Query, action: &Action, queue: &str, why: &str) -> Result<Done, Fault> {
    let bad = |example: &str| Fault::bad(format!("write it as `{example}`"));
    let setting = match action.word {
        "queue_total" => QueueSetting::Total(query.number("total")?),
        "queue_per_key" => QueueSetting::PerKey(query.number("per_key")?),
        "queue_rate" => QueueSetting::Rate(match query.text("rate") {
            Some(text) => Some(rate(text).ok_or_else(|| bad("100/1s"))?),
            None => None,
        }),
        "queue_weight" => {
            let (key, tasks) = query.required("weight")?.rsplit_once('=').ok_or_else(|| bad("acme=3"))?;
            let tasks = if tasks == "none" { None } else { Some(tasks.parse().map_err(|_| bad("acme=3"))?) };
            QueueSetting::Weight { key: key.to_owned(), tasks }
        }
        "queue_pause" => QueueSetting::Pause(query.text("note").unwrap_or(why).to_owned()),
        "queue_resume" => QueueSetting::Resume,
        "queue_reset" => QueueSetting::Reset,
        _ => return Err(Fault::not_found("there is no such action on a queue".to_owned())),
    };
    acting.set_queue(queue, setting).await?;
    Ok(Done::new(action, Link::to("queues"), &json!({ "queue": queue })))
}

fn rate(text: &str) -> Option<(u32, Duration)> {
    let (starts, within) = text.split_once('/')?;
    let within = within.trim().parse::<jiff::SignedDuration>().ok()?.try_into().ok()?;
    Some((starts.trim().parse().ok()?, within))
}

async fn on_schedule(
    acting: &Acting<'_>,
    query: &Query,
    action: &Action,
    schedule: &str,
    why: &str,
) -> Result<Done, Fault> {
    let mut more = json!({ "schedule": schedule });
    match action.word {
        "schedule_pause" => acting.pause_schedule(schedule, query.text("note").unwrap_or(why)).await?,
        "schedule_resume" => acting.resume_schedule(schedule).await?,
        "schedule_trigger" => {
            if let Some(run) = acting.trigger(schedule).await? {
                return Ok(Done::new(action, links::run(&run), &json!({ "schedule": schedule, "run": run })));
            }
            more["run"] = serde_json::Value::Null;
        }
        "schedule_backfill" => {
            let time = |text: &str| times::read(text).map_err(Fault::bad);
            let from = time(query.required("from")?)?;
            let until = query.text("until").map_or_else(|| Ok(SystemTime::now()), time)?;
            if from >= until {
                return Err(Fault::bad("the range ends before it begins".to_owned()));
            }
            more["times"] = acting.backfill(schedule, from..until).await?.into();
        }
        _ => return Err(Fault::not_found("there is no such action on a schedule".to_owned())),
    }
    Ok(Done::new(action, Link::to("schedules"), &more))
}

async fn on_job(operator: &Operator, query: &Query, action: &Action, subject: &str, why: &str) -> Result<Done, Fault> {
    let acting = operator.because(why);
    let number = match action.word {
        "bulk" => {
            let filter = Filter::of(query)?.query();
            acting.create_job(&filter, job_action(query.required("action")?)?, query.number("rate")?).await?
        }
        _ => subject.parse().map_err(|_| Fault::bad("a job has a number".to_owned()))?,
    };
    match action.word {
        "job_stop" => drop(acting.stop_job(number).await?),
        word => {
            if word == "job_run" {
                acting.resume_job(number).await?;
            }
            let operator = operator.clone();
            // The job page shows how it goes; if this process ends, another one goes on.
            tokio::spawn(async move { operator.run_job(number, |_| {}).await.map(drop) });
        }
    }
    Ok(Done::new(action, Link::to("jobs"), &json!({ "job": number })))
}
