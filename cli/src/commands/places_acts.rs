//! The commands that act on queues and schedules.

use crate::act_args::Actor;
use crate::args::Global;
use crate::database;
use crate::done::Done;
use crate::exit::{Exit, Failure};
use crate::out::Out;
use crate::place_args::{Limit, OrNone, QueueAct, ScheduleAct};
use std::time::SystemTime;
use steadfast::operate::QueueSetting;

pub(crate) async fn queue(act: &QueueAct, global: &Global, out: &mut Out) -> Result<Exit, Failure> {
    let (QueueAct::Set { actor, .. } | QueueAct::Pause { actor, .. } | QueueAct::Resume { actor, .. }) = act;
    let operator = database::operator(global, actor, None).await?;
    let acting = operator.because(actor.why.as_str());
    let (word, queue, setting) = match act {
        QueueAct::Set { queue, limit, .. } => ("set", queue, setting(limit)),
        QueueAct::Pause { queue, note, .. } => ("pause", queue, QueueSetting::Pause(noted(note.as_deref(), actor))),
        QueueAct::Resume { queue, .. } => ("resume", queue, QueueSetting::Resume),
    };
    acting.set_queue(queue, setting).await?;
    out.done(&Done::new(word, format!("queue {queue}")))?;
    operator.close().await?;
    Ok(Exit::Done)
}

pub(crate) async fn schedule(act: &ScheduleAct, global: &Global, out: &mut Out) -> Result<Exit, Failure> {
    let (ScheduleAct::Pause { actor, schedule, .. }
    | ScheduleAct::Resume { actor, schedule }
    | ScheduleAct::Trigger { actor, schedule }
    | ScheduleAct::Backfill { actor, schedule, .. }) = act;
    let operator = database::operator(global, actor, None).await?;
    let acting = operator.because(actor.why.as_str());
    let done = |word: &'static str| Done::new(word, format!("schedule {schedule}"));
    let done = match act {
        ScheduleAct::Pause { note, .. } => {
            acting.pause_schedule(schedule, &noted(note.as_deref(), actor)).await?;
            done("pause")
        }
        ScheduleAct::Resume { .. } => {
            acting.resume_schedule(schedule).await?;
            done("resume")
        }
        ScheduleAct::Trigger { .. } => match acting.trigger(schedule).await? {
            Some(run) => done("trigger").with("run", run),
            None => done("trigger").with("run", "none: a run of the schedule has not ended"),
        },
        ScheduleAct::Backfill { from, until, .. } => {
            let until = until.unwrap_or_else(SystemTime::now);
            let times = acting.backfill(schedule, *from..until).await?;
            done("backfill").with("times", times.to_string())
        }
    };
    out.done(&done)?;
    operator.close().await?;
    Ok(Exit::Done)
}

fn noted(note: Option<&str>, actor: &Actor) -> String {
    note.unwrap_or(&actor.why).to_owned()
}

fn setting(limit: &Limit) -> QueueSetting {
    match limit {
        Limit { total: Some(OrNone(total)), .. } => QueueSetting::Total(*total),
        Limit { per_key: Some(OrNone(per_key)), .. } => QueueSetting::PerKey(*per_key),
        Limit { rate: Some(OrNone(rate)), .. } => QueueSetting::Rate(*rate),
        Limit { weight: Some((key, OrNone(tasks))), .. } => QueueSetting::Weight { key: key.clone(), tasks: *tasks },
        // One of them is required.
        _ => QueueSetting::Reset,
    }
}
