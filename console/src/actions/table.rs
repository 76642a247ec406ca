//! All actions: a row for each.

use super::{About, Action, Field, Kind};

const fn field(
    name: &'static str,
    label: &'static str,
    kind: Kind,
    option: &'static str,
    example: &'static str,
) -> Field {
    Field { name, label, kind, is_required: false, option, example }
}

const fn required(field: Field) -> Field {
    Field { is_required: true, ..field }
}

/// The point of a fork or a rewind, and what differs from there on.
const POINT: &[Field] = &[
    field("before", "Before the first call of the step", Kind::Text, "--before", "charge"),
    field("at_position", "Or before the call at position", Kind::Number, "--at-position", "4"),
    field("after_entry", "Or after entry", Kind::Number, "--after-entry", "1"),
    field("input", "Another input", Kind::Json, "--input", "{\"cents\": 500}"),
    field("version", "Another version of the workflow", Kind::Number, "--workflow-version", "2"),
    field("set", "A field of the context with another value", Kind::Text, "--set", "status=\"paid\""),
];

const FORK: &[Field] = &[
    field("before", "Before the first call of the step", Kind::Text, "--before", "charge"),
    field("at_position", "Or before the call at position", Kind::Number, "--at-position", "4"),
    field("after_entry", "Or after entry", Kind::Number, "--after-entry", "1"),
    required(field("id", "Id of the new run", Kind::Fresh, "--id", "")),
    field("input", "Another input", Kind::Json, "--input", "{\"cents\": 500}"),
    field("version", "Another version of the workflow", Kind::Number, "--workflow-version", "2"),
    field("set", "A field of the context with another value", Kind::Text, "--set", "status=\"paid\""),
];

const NOTE: &[Field] = &[field("note", "What is shown meanwhile", Kind::Text, "--note", "the bank is down")];

const START: &[Field] = &[
    field("input", "Input", Kind::Json, "", "\"Ada\""),
    required(field("id", "Id of the run", Kind::Fresh, "--id", "")),
    field("version", "Version of the workflow", Kind::Number, "--workflow-version", "1"),
    field("queue", "Queue", Kind::Text, "--queue", "imports"),
    field("queue_key", "Key in the queue", Kind::Text, "--queue-key", "acme"),
    field("priority", "Priority in the queue: lower begins first", Kind::Number, "--priority", "0"),
    field("deduplication_key", "Deduplication key", Kind::Text, "--deduplication-key", ""),
];

const SEND: &[Field] = &[
    required(field("message", "Recorded name of the message's type", Kind::Text, "", "Stop")),
    required(field("value", "Message", Kind::Json, "", "{\"by\": \"Ada\"}")),
    required(field("key", "Key: of several messages with it, the run gets one", Kind::Fresh, "--key", "")),
];

const BACKFILL: &[Field] = &[
    required(field("from", "From", Kind::Text, "--from", "2026-11-01")),
    field("until", "Before; now if it is empty", Kind::Text, "--until", "2026-11-30T12:00:00Z"),
];

const BULK: &[Field] = &[
    required(field("action", "Action on each run", Kind::JobAction, "", "")),
    field("rate", "At most so many in a second", Kind::Number, "--rate", "50"),
];

const fn act(
    word: &'static str,
    label: &'static str,
    about: About,
    command: &'static str,
    says: &'static str,
) -> Action {
    Action { word, label, about, says, is_danger: false, fields: &[], command }
}

const fn danger(action: Action) -> Action {
    Action { is_danger: true, ..action }
}

const fn with(action: Action, fields: &'static [Field]) -> Action {
    Action { fields, ..action }
}

/// Every action.
pub(crate) const ACTIONS: &[Action] = &[
    danger(act(
        "cancel",
        "Cancel",
        About::Run,
        "cancel --yes",
        "Requests the cancellation of the run: its code may clean up, and then it ends.",
    )),
    danger(act(
        "force_cancel",
        "End now",
        About::Run,
        "cancel --force --yes",
        "Ends the parked run at once, without any of its code.",
    )),
    act(
        "pause",
        "Pause",
        About::Run,
        "pause",
        "Lets the steps in flight end, and begins nothing more until the run is resumed.",
    ),
    act(
        "pause_abandon",
        "Pause now",
        About::Run,
        "pause --abandon",
        "Cancels the steps in flight; they begin anew when the run is resumed.",
    ),
    act("resume", "Resume", About::Run, "resume", "Lets the paused run go on."),
    act("revive", "Revive", About::Run, "revive", "Has the parked run tried again, with its count of deaths cleared."),
    act(
        "retry",
        "Retry",
        About::Run,
        "retry",
        "Has the parked run tried again, or the failed one from before the step that failed.",
    ),
    with(
        act("fork", "Fork", About::Run, "fork", "Makes another run with the history of this one before a point."),
        FORK,
    ),
    danger(with(
        act(
            "rewind",
            "Rewind",
            About::Run,
            "rewind --yes",
            "Has the run go on from an earlier point. As it was, it stays under its id with `~` and its number.",
        ),
        POINT,
    )),
    with(
        act(
            "send",
            "Send a message",
            About::Run,
            "send",
            "Sends a message to the run by the recorded name of its type.",
        ),
        SEND,
    ),
    act("export", "Export", About::Run, "export", "Writes a copy of the run into a file, which the browser downloads."),
    danger(act(
        "delete",
        "Delete",
        About::Run,
        "delete --yes",
        "Deletes the run with its history. The records of actions stay.",
    )),
    with(
        act("answer", "Answer", About::Request, "answer", "Answers the request: the run goes on with the answer."),
        &[required(field("value", "Answer", Kind::Json, "", "{\"yes\": true}"))],
    ),
    with(
        act(
            "start",
            "Start a run",
            About::Workflow,
            "start",
            "Starts a run of the workflow. An engine that has the workflow drives it.",
        ),
        START,
    ),
    with(
        act(
            "queue_total",
            "Set the total",
            About::Queue,
            "queues set",
            "Sets how many tasks of the queue run at once; no limit if it is empty.",
        ),
        &[field("total", "Tasks at once", Kind::Number, "--total", "20")],
    ),
    with(
        act(
            "queue_per_key",
            "Set the limit per key",
            About::Queue,
            "queues set",
            "Sets how many tasks of the queue with the same key run at once; no limit if it is empty.",
        ),
        &[field("per_key", "Tasks at once with the same key", Kind::Number, "--per-key", "2")],
    ),
    with(
        act(
            "queue_rate",
            "Set the rate",
            About::Queue,
            "queues set",
            "Sets how many tasks of the queue start within a time; any number if it is empty.",
        ),
        &[field("rate", "Starts within a time", Kind::Text, "--rate", "100/1s")],
    ),
    with(
        act(
            "queue_weight",
            "Set a weight",
            About::Queue,
            "queues set",
            "Sets how many tasks of a key start in its turn.",
        ),
        &[required(field("weight", "Key and tasks", Kind::Text, "--weight", "acme=3"))],
    ),
    with(
        act(
            "queue_pause",
            "Pause the queue",
            About::Queue,
            "queues pause",
            "Starts none of its tasks until it is resumed.",
        ),
        NOTE,
    ),
    act("queue_resume", "Resume the queue", About::Queue, "queues resume", "Starts its tasks again."),
    act(
        "queue_reset",
        "Reset the limits",
        About::Queue,
        "queues set --reset",
        "Returns to the limits that the code declares.",
    ),
    with(
        act(
            "schedule_pause",
            "Pause the schedule",
            About::Schedule,
            "schedules pause",
            "Starts nothing of it until it is resumed.",
        ),
        NOTE,
    ),
    act(
        "schedule_resume",
        "Resume the schedule",
        About::Schedule,
        "schedules resume",
        "Starts runs again, at the times from now on.",
    ),
    act(
        "schedule_trigger",
        "Start a run now",
        About::Schedule,
        "schedules trigger",
        "Starts a run of the schedule now, if its overlap policy lets it.",
    ),
    with(
        act(
            "schedule_backfill",
            "Backfill",
            About::Schedule,
            "schedules backfill",
            "Starts a run for each nominal time of a range that has none.",
        ),
        BACKFILL,
    ),
    danger(with(
        act(
            "bulk",
            "Act on all of these",
            About::Runs,
            "bulk --yes",
            "Does the same with every run of the filter, one after the other, as a job that survives this process.",
        ),
        BULK,
    )),
    act(
        "job_run",
        "Go on",
        About::Job,
        "jobs run",
        "Goes on with the job, also after its process died. No run is acted on twice.",
    ),
    act("job_stop", "Stop", About::Job, "jobs stop", "Stops the job; it can go on later."),
    act("gc", "Collect garbage", About::Database, "gc", "Deletes the contents of field stores that no run points to."),
];

#[cfg(test)]
mod tests {
    use super::ACTIONS;
    use std::collections::BTreeSet;

    #[test]
    fn every_action_has_a_name_of_its_own() {
        let words: BTreeSet<_> = ACTIONS.iter().map(|action| action.word).collect();
        assert_eq!(words.len(), ACTIONS.len());
        for action in ACTIONS {
            let names: BTreeSet<_> = action.fields.iter().map(|field| field.name).collect();
            assert_eq!(names.len(), action.fields.len(), "{}", action.word);
            assert!(!names.contains(action.about.parameter()), "{}: a field hides the subject", action.word);
        }
    }
}
