//! Ties the matrix to the library's lists: a new item of these must be named here before the tests compile or pass.

use super::beginning::Build;
use super::happening::Happening;
use super::stage::Stage;
use super::subject::Holding;
use std::collections::BTreeSet;
use steadfast::Status;
use steadfast::history::Kind;
use steadfast::store::backend::Write;

/// The tables that have rows of a run, and the column with its number.
pub(crate) const TABLES_OF_RUNS: &[(&str, &str)] = &[
    ("steadfast_runs", "number"),
    ("steadfast_log", "run"),
    ("steadfast_fields", "run"),
    ("steadfast_inbox", "run"),
    ("steadfast_requests", "run"),
    ("steadfast_outputs", "run"),
    ("steadfast_watchers", "run"),
    ("steadfast_watchers", "watcher"),
    ("steadfast_labels", "run"),
    ("steadfast_indexed", "run"),
    ("steadfast_tasks", "run"),
    ("steadfast_traces", "run"),
];

/// The place of a library item in the matrix.
#[allow(dead_code, reason = "the compiler checks that each has one")]
enum Met {
    Row(Holding),
    Column(Happening),
    /// Covered in every cell.
    Always,
    /// Covered by no cell, with the tests that cover it instead.
    Elsewhere(&'static str),
}
use Met::{Always, Column, Elsewhere, Row};

/// The kinds of entries in the order of the library. If the library has one more, `EACH_KIND_IS_MET` does not compile.
const KINDS: &[(Kind, Met)] = &[
    (Kind::RunStarted, Always),
    (Kind::ContextSet, Row(Holding::RoutedField)),
    (Kind::ContextUpdated, Row(Holding::RoutedField)),
    (Kind::ContextRefused, Elsewhere("budget")),
    (Kind::StepStarted, Row(Holding::FinishedStep)),
    (Kind::AttemptStarted, Row(Holding::SharedEdit)),
    (Kind::AttemptFailed, Row(Holding::Retry)),
    (Kind::StepCompleted, Row(Holding::FinishedStep)),
    (Kind::StepFailed, Elsewhere("steps")),
    (Kind::TimerSet, Row(Holding::Timer)),
    (Kind::TimerFired, Row(Holding::Timer)),
    (Kind::CallAbandoned, Column(Happening::ContinueAsNew)),
    (Kind::CancelRequested, Column(Happening::Cancel)),
    (Kind::RunCompleted, Always),
    (Kind::RunFailed, Elsewhere("steps")),
    (Kind::RunCancelled, Column(Happening::Cancel)),
    (Kind::RunMoved, Column(Happening::ExportAsMove)),
    (Kind::ContextContinued, Column(Happening::Continuing)),
    (Kind::ScopeSet, Row(Holding::Identity)),
    (Kind::ReceiveStarted, Always),
    (Kind::MessageTried, Row(Holding::WaitingMessage)),
    (Kind::MessageReceived, Row(Holding::WaitingMessage)),
    (Kind::MessageSent, Elsewhere("messages")),
    (Kind::MessageDelivered, Elsewhere("messages")),
    (Kind::MessageRefused, Elsewhere("messages")),
    (Kind::RequestOpened, Row(Holding::OpenRequest)),
    (Kind::RequestAnswered, Row(Holding::OpenRequest)),
    (Kind::ChildStarted, Row(Holding::ChildRunning)),
    (Kind::ChildEnded, Row(Holding::ChildRunning)),
    (Kind::ChildCancelled, Elsewhere("cancelled_children")),
    (Kind::EventSent, Elsewhere("graphs::sent")),
    (Kind::ValuePublished, Row(Holding::PublishedValue)),
    (Kind::StreamWritten, Row(Holding::Stream)),
    (Kind::StreamClosed, Elsewhere("told")),
    (Kind::LabelSet, Row(Holding::Label)),
    (Kind::PatchMarked, Elsewhere("patches")),
    (Kind::DeadlineReached, Column(Happening::TimeLimit)),
    (Kind::RunTimedOut, Column(Happening::TimeLimit)),
    (Kind::RunRefused, Elsewhere("roles")),
    (Kind::RunReplaced, Column(Happening::ContinueAsNew)),
    (Kind::MessageKept, Row(Holding::WaitingMessage)),
    (Kind::AnswerKept, Elsewhere("long_lived")),
    (Kind::RequestKept, Row(Holding::OpenRequest)),
    (Kind::RequestExpired, Elsewhere("kept::requests")),
    (Kind::StateSet, Row(Holding::SharedEdit)),
    (Kind::StateEdited, Row(Holding::SharedEdit)),
    (Kind::RunPaused, Row(Holding::Pause)),
    (Kind::RunResumed, Row(Holding::Pause)),
    (Kind::ClockMoved, Elsewhere("clocks")),
];

/// Fails to compile if a kind of entry is missing above, or is in another order than in the library: add it with its
/// row or column.
const EACH_KIND_IS_MET: () = {
    assert!(
        KINDS.len() == Kind::ALL.len(),
        "a kind of entry has neither a row nor a column of the matrix: add it to `KINDS`"
    );
    let mut n = 0;
    while n < KINDS.len() {
        assert!(KINDS[n].0 as usize == Kind::ALL[n] as usize, "`KINDS` has the order of `Kind::ALL`");
        n += 1;
    }
};

/// The cells that cover each status of a run.
const STATUSES: [(Status, Met); Status::ALL.len()] = [
    (Status::Running, Always),
    (Status::Sleeping, Column(Happening::Eviction)),
    // In tests of its own: `tests/remote/runs.rs`.
    (Status::Queued, Elsewhere("remote")),
    (Status::Paused, Row(Holding::Pause)),
    (Status::Parked, Column(Happening::ParkAndMend)),
    (Status::Completed, Always),
    (Status::Failed, Elsewhere("steps")),
    (Status::Cancelled, Column(Happening::Cancel)),
    (Status::TimedOut, Column(Happening::TimeLimit)),
    (Status::Refused, Elsewhere("roles")),
    (Status::Replaced, Column(Happening::ContinueAsNew)),
    (Status::Moved, Column(Happening::ExportAsMove)),
    (Status::Deleting, Column(Happening::Delete)),
];

/// Returns the place of each kind of write: a new kind does not compile before it has one.
const fn met(write: &Write) -> Met {
    match write {
        Write::Start(_)
        | Write::Append(_)
        | Write::Send(_)
        | Write::Claim { .. }
        | Write::OpenLease { .. }
        | Write::Describe { .. }
        | Write::Heartbeat(_) => Always,
        Write::Import(_) => Column(Happening::Import),
        Write::Give { .. } => Elsewhere("fleets on Postgres"),
        Write::Adopt(_) => Elsewhere("unrunnable"),
        Write::ClaimServed { .. } => Elsewhere("clients"),
        Write::Transaction(_) => Row(Holding::Transaction),
        Write::TakeLease { .. } => Column(Happening::Takeover),
        Write::CloseLease(_) => Column(Happening::Shutdown),
        Write::Answer { .. } => Row(Holding::OpenRequest),
        Write::Index { .. } => Elsewhere("found"),
        Write::Delete { .. } => Column(Happening::Delete),
        // Each with a failure, a lost answer, and a death before and after it.
        Write::ClaimTasks { .. } | Write::ChangePlace { .. } | Write::ExpireRuns { .. } | Write::ChangeQueue { .. } => {
            Elsewhere("queue_faults")
        }
        // In tests of their own: `tests/remote`.
        Write::FinishTask { .. } | Write::ReportTask { .. } | Write::ReturnTask { .. } => Elsewhere("remote"),
        Write::Act(_) | Write::AppendParked(_) | Write::PutJob(_) => Elsewhere("operators"),
        Write::MarkTraces(_) | Write::ClaimTraces(_) => Elsewhere("tests/metrics"),
        // `tests/schedules`.
        Write::PutSchedule(_) | Write::RemoveSchedule { .. } | Write::Fire(_) => Elsewhere("schedules"),
    }
}

#[test]
fn each_status_is_met() {
    let () = EACH_KIND_IS_MET;
    let _ = met;
    for (known, (status, _)) in Status::ALL.into_iter().zip(STATUSES) {
        assert_eq!(known, status, "`STATUSES` has the order of `Status::ALL`");
    }
}

/// The columns of a run's row, with their cells.
const COLUMNS_OF_RUNS: &[&str] = &[
    "number",
    "id",
    "workflow",
    "status",
    "seq",
    "lease",
    "wake_at",
    "loads",
    "incarnation",
    "created_at",
    "updated_at",
    "parked",
    "seed",
    "queue",
    "version",
    "parent",
    "lineage",
    "origin",
    "successor",
    "dedup",
];

/// The tables that name no run.
const TABLES_OF_ENGINES: [&str; 7] = [
    "steadfast_meta",
    "steadfast_leases",
    "steadfast_queues",
    "steadfast_queue_keys",
    "steadfast_schedules",
    "steadfast_audit",
    "steadfast_jobs",
];

#[tokio::test]
async fn each_table_and_each_column_of_a_run_is_met() {
    let stage = Stage::new("ties".to_owned());
    let engine = stage.engine("a.db", Build::First).await;
    let connection = rusqlite::Connection::open(stage.path("a.db")).unwrap();
    let names = |query: &str| -> BTreeSet<String> {
        let mut statement = connection.prepare(query).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let tables = names("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'steadfast_%'");
    let known = TABLES_OF_RUNS.iter().map(|(table, _)| *table).chain(TABLES_OF_ENGINES);
    let known: BTreeSet<String> = known.map(str::to_owned).collect();
    assert_eq!(
        tables, known,
        "a table of ours is new or gone: say in `TABLES_OF_RUNS` where it names its run, and add a row"
    );
    let columns = names("SELECT name FROM pragma_table_info('steadfast_runs')");
    let known: BTreeSet<String> = COLUMNS_OF_RUNS.iter().map(|&column| column.to_owned()).collect();
    assert_eq!(columns, known, "a run's row is another: what it holds more is a row of the matrix, or known here");
    drop(engine);
}
