//! The meaning of the rows of each table.

use super::columns::{Columns, Flaw, wrong};
use crate::record::InboxKind;
use crate::store::decide::{ItemHead, TaskHead};
use crate::store::{
    FieldRow, InboxRow, LeaseRow, OutputRow, QueueKeyRow, QueueLimits, QueueState, RequestRow, RunRow, ScheduleRow,
    Status, TakenItem, TaskRow, TaskState, WaitingRuns,
};
use crate::value::Value;
use data_encoding::HEXLOWER;

/// A struct that is read from a row.
pub(in crate::store) trait FromRow: Sized {
    /// The columns, in the order of the query.
    const COLUMNS: &'static [&'static str];
    /// The name of one row in messages, and the column that identifies it.
    const CALLED: (&'static str, &'static str);

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw>;
}

impl FromRow for RunRow {
    const COLUMNS: &'static [&'static str] = &[
        "number",
        "id",
        "workflow",
        "status",
        "seq",
        "lease",
        "wake_at",
        "loads",
        "incarnation",
        "seed",
        "created_at",
        "updated_at",
        "parked",
        "version",
        "parent",
        "lineage",
        "origin",
        "successor",
        "dedup",
        "queue",
    ];
    const CALLED: (&'static str, &'static str) = ("the row of run", "number");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        let execution = read_drawn("incarnation", row.text("incarnation")?)?;
        let seed = row.maybe_text("seed")?.map(|seed| read_drawn("seed", seed)).transpose()?;
        let number = row.int("number")?;
        Ok(Self {
            number,
            id: row.text("id")?.to_owned(),
            workflow: row.text("workflow")?.to_owned(),
            status: row.word("status", Status::parse)?,
            seq: row.number("seq")?,
            lease: row.maybe_int("lease")?,
            wake_at: row.maybe_int("wake_at")?,
            loads: row.number("loads")?,
            execution,
            seed: seed.unwrap_or(execution),
            created_at: row.int("created_at")?,
            updated_at: row.int("updated_at")?,
            parked: row.maybe_text("parked")?.map(str::to_owned),
            version: row.maybe_number("version")?.unwrap_or(1),
            parent: row.maybe_int("parent")?,
            first_run: row.maybe_int("lineage")?.unwrap_or(number),
            forked_from: row.maybe_int("origin")?,
            successor: row.maybe_int("successor")?,
            dedup: row.maybe_text("dedup")?.map(str::to_owned),
            queue: row.maybe_text("queue")?.map(str::to_owned),
        })
    }
}

impl FromRow for TakenItem {
    const COLUMNS: &'static [&'static str] = &["kind", "key", "at"];
    const CALLED: (&'static str, &'static str) = ("the taken inbox item", "key");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        Ok(Self { kind: InboxKind::from_word(row.text("kind")?), key: row.text("key")?.to_owned(), at: row.int("at")? })
    }
}

impl FromRow for ItemHead {
    const COLUMNS: &'static [&'static str] = &["number", "kind", "key", "taken"];
    const CALLED: (&'static str, &'static str) = ("inbox item", "number");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            number: row.int("number")?,
            kind: InboxKind::from_word(row.text("kind")?),
            key: row.maybe_text("key")?.map(str::to_owned),
            taken: row.int("taken")? != 0,
        })
    }
}

impl FromRow for FieldRow {
    const COLUMNS: &'static [&'static str] = &["seq", "format", "name", "form", "body"];
    const CALLED: (&'static str, &'static str) = ("a field written by entry", "seq");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            seq: row.number("seq")?,
            format: row.format()?,
            name: row.text("name")?.to_owned(),
            value: row.value()?.ok_or_else(|| wrong("form", "a form", "nothing"))?,
        })
    }
}

impl FromRow for InboxRow {
    const COLUMNS: &'static [&'static str] =
        &["number", "run", "kind", "key", "at", "name", "position", "sender", "form", "body"];
    const CALLED: (&'static str, &'static str) = ("inbox item", "number");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            number: row.int("number")?,
            run: row.int("run")?,
            kind: InboxKind::from_word(row.text("kind")?),
            key: row.maybe_text("key")?.map(str::to_owned),
            at: row.int("at")?,
            name: row.maybe_text("name")?.map(str::to_owned),
            position: row.maybe_number("position")?,
            sender: row.maybe_text("sender")?.map(str::to_owned),
            value: row.value()?,
        })
    }
}

impl FromRow for RequestRow {
    const COLUMNS: &'static [&'static str] =
        &["id", "run", "position", "name", "answer", "at", "due", "answered", "form", "body"];
    const CALLED: (&'static str, &'static str) = ("request", "id");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            id: row.text("id")?.to_owned(),
            run: row.int("run")?,
            position: row.number("position")?,
            name: row.text("name")?.to_owned(),
            answer: row.text("answer")?.to_owned(),
            at: row.int("at")?,
            due: row.maybe_int("due")?,
            answered: row.maybe_text("answered")?.map(str::to_owned),
            value: row.value()?.ok_or_else(|| wrong("form", "a form", "nothing"))?,
        })
    }
}

impl FromRow for OutputRow {
    const COLUMNS: &'static [&'static str] = &["item", "run", "seq", "at", "form", "body"];
    const CALLED: (&'static str, &'static str) = ("output", "item");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            item: row.number("item")?,
            run: row.int("run")?,
            seq: row.number("seq")?,
            at: row.int("at")?,
            value: row.value()?,
        })
    }
}

impl FromRow for TaskRow {
    const COLUMNS: &'static [&'static str] = &[
        "number", "queue", "key", "step", "run", "position", "attempt", "context", "timeout", "priority", "at", "due",
        "state", "lease", "refused", "expires", "deadline", "progress", "form", "body",
    ];
    const CALLED: (&'static str, &'static str) = ("task", "number");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            number: row.int("number")?,
            queue: row.text("queue")?.to_owned(),
            key: row.maybe_text("key")?.map(str::to_owned),
            step: row.text("step")?.to_owned(),
            run: row.int("run")?,
            position: row.number("position")?,
            attempt: row.number("attempt")?,
            context: row.maybe_number("context")?,
            timeout: row.maybe_int("timeout")?,
            priority: row.int("priority")?,
            at: row.int("at")?,
            due: row.int("due")?,
            state: row.word("state", TaskState::parse)?,
            lease: row.maybe_int("lease")?,
            refused: row.maybe_text("refused")?.map(str::to_owned),
            expires: row.maybe_int("expires")?,
            deadline: row.maybe_int("deadline")?,
            progress: row.maybe_text("progress")?.map(str::to_owned),
            arguments: row.value()?.ok_or_else(|| wrong("form", "a form", "nothing"))?,
        })
    }
}

impl FromRow for TaskHead {
    const COLUMNS: &'static [&'static str] =
        &["number", "queue", "key", "run", "position", "attempt", "at", "state", "lease"];
    const CALLED: (&'static str, &'static str) = ("task", "number");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            queue: row.text("queue")?.to_owned(),
            key: row.maybe_text("key")?.map(str::to_owned),
            run: row.int("run")?,
            position: row.number("position")?,
            attempt: row.number("attempt")?,
            at: row.int("at")?,
            state: row.word("state", TaskState::parse)?,
            lease: row.maybe_int("lease")?,
        })
    }
}

impl FromRow for QueueKeyRow {
    const COLUMNS: &'static [&'static str] = &["key", "waiting", "running"];
    const CALLED: (&'static str, &'static str) = ("key of a queue", "key");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        Ok(Self { key: row.text("key")?.to_owned(), waiting: row.int("waiting")?, running: row.int("running")? })
    }
}

impl FromRow for QueueState {
    const COLUMNS: &'static [&'static str] =
        &["queue", "declared", "limits", "has_keys", "paused", "running", "starts", "counted_at", "turns"];
    const CALLED: (&'static str, &'static str) = ("queue", "queue");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        let limits = |column: &str, text: &str| {
            serde_json::from_str::<QueueLimits>(text).map_err(|error| wrong(column, "limits", &error.to_string()))
        };
        Ok(Self {
            queue: row.text("queue")?.to_owned(),
            declared: limits("declared", row.text("declared")?)?,
            set: row.maybe_text("limits")?.map(|text| limits("limits", text)).transpose()?,
            has_keys: row.int("has_keys")? != 0,
            paused: row.maybe_text("paused")?.map(str::to_owned),
            running: row.int("running")?,
            starts: row.int("starts")?,
            counted_at: row.int("counted_at")?,
            turns: row.int("turns")?,
        })
    }
}

impl FromRow for ScheduleRow {
    const COLUMNS: &'static [&'static str] =
        &["name", "workflow", "version", "spec", "revision", "due", "state", "form", "body"];
    const CALLED: (&'static str, &'static str) = ("schedule", "name");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        let state = serde_json::from_str(row.text("state")?)
            .map_err(|error| wrong("state", "the progress of a schedule", &error.to_string()));
        let input = row.value().and_then(|input| input.ok_or_else(|| wrong("body", "an input", "nothing")));
        let flaw = state.as_ref().err().or(input.as_ref().err()).map(|flaw| match flaw {
            Flaw::Damaged(text) => text.clone(),
            Flaw::Newer(format) => format!("it has format {format}, of a newer version"),
        });
        Ok(Self {
            name: row.text("name")?.to_owned(),
            workflow: row.text("workflow")?.to_owned(),
            version: row.number("version")?,
            spec: row.text("spec")?.to_owned(),
            revision: row.int("revision")?,
            due: row.maybe_int("due")?,
            state: state.unwrap_or_default(),
            input: input.unwrap_or_else(|_| Value::json("null")),
            flaw,
        })
    }
}

/// A label: its name and its value.
impl FromRow for (String, String) {
    const COLUMNS: &'static [&'static str] = &["name", "value"];
    const CALLED: (&'static str, &'static str) = ("label", "name");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        Ok((row.text("name")?.to_owned(), row.text("value")?.to_owned()))
    }
}

impl FromRow for WaitingRuns {
    const COLUMNS: &'static [&'static str] = &["workflow", "version", "since", "count"];
    const CALLED: (&'static str, &'static str) = ("the runs that wait, of workflow", "workflow");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            workflow: row.text("workflow")?.to_owned(),
            version: u32::try_from(row.int("version")?).unwrap_or_default(),
            since: row.int("since")?,
            count: row.number("count")?,
        })
    }
}

impl FromRow for LeaseRow {
    const COLUMNS: &'static [&'static str] = &["number", "owner", "epoch", "beat", "about", "seen"];
    const CALLED: (&'static str, &'static str) = ("lease", "number");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            number: row.int("number")?,
            owner: row.text("owner")?.to_owned(),
            epoch: row.int("epoch")?,
            heartbeat: row.int("beat")?,
            about: row.maybe_text("about")?.map(str::to_owned),
            seen: row.maybe_int("seen")?,
        })
    }
}

/// Encodes an execution or a seed as 32 hexadecimal digits.
pub(in crate::store) fn drawn_text(drawn: [u8; 16]) -> String {
    HEXLOWER.encode(&drawn)
}

fn read_drawn(column: &str, text: &str) -> Result<[u8; 16], Flaw> {
    let digits = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    match u128::from_str_radix(text, 16) {
        Ok(number) if digits => Ok(number.to_be_bytes()),
        _ => Err(wrong(column, "32 hexadecimal digits", &format!("the text {text:?}"))),
    }
}
