//! The metrics: name, kind, unit, labels and description of each.

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder, SharedString, Unit};
use std::mem::size_of_val;

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// A metric with `N` labels.
pub(super) struct Metric<const N: usize> {
    name: &'static str,
    labels: [&'static str; N],
}

/// The description of a metric.
#[derive(Clone, Copy, Debug)]
pub(super) struct Described {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) unit: Unit,
    #[cfg_attr(not(test), expect(dead_code, reason = "compared with the guide"))]
    pub(super) labels: &'static [&'static str],
    pub(super) about: &'static str,
}

macro_rules! metrics {
    ($($(#[$meta:meta])* $constant:ident = $kind:ident $name:literal, $unit:ident, [$($label:literal),*], $about:literal;)*) => {
        $(
            $(#[$meta])*
            #[doc = $about]
            pub(super) const $constant: Metric<{ <[&str]>::len(&[$($label),*]) }> = Metric { name: $name, labels: [$($label),*] };
        )*

        /// Every metric, in the order of the guide.
        pub(super) const ALL: &[Described] = &[$(Described {
            name: $name,
            kind: Kind::$kind,
            unit: Unit::$unit,
            labels: &[$($label),*],
            about: $about,
        }),*];
    };
}

// A new metric needs a row in the guide, which a test compares with this.
metrics! {
    RUNS_STARTED = Counter "steadfast_runs_started_total", Count, ["workflow"],
        "Runs that were created: by a start, a workflow, a schedule, a continue-as-new, a fork, a rewind or an import.";
    RUNS_ENDED = Counter "steadfast_runs_ended_total", Count, ["workflow", "status"],
        "Runs that ended.";
    RUNS_PARKED = Counter "steadfast_runs_parked_total", Count, ["workflow"],
        "Times that a run was parked.";
    RUNS_DELETED = Counter "steadfast_runs_deleted_total", Count, ["workflow"],
        "Runs that this engine has deleted by a retention.";
    STEP_DURATION = Histogram "steadfast_step_duration_seconds", Seconds, ["workflow", "step", "outcome"],
        "Time from the call of a step to its result, with all attempts and the waits between them, by the journal.";
    ATTEMPTS = Counter "steadfast_attempts_total", Count, ["workflow", "step", "outcome"],
        "Attempts of steps that ended.";
    CONTEXT_BYTES = Histogram "steadfast_context_bytes", Bytes, ["workflow"],
        "Size of a context in the database after a change of it, without fields in field stores.";
    REPLAY_DURATION = Histogram "steadfast_replay_duration_seconds", Seconds, ["workflow"],
        "Time for which a run was loaded and replayed.";
    REPLAYED_ENTRIES = Counter "steadfast_replayed_entries_total", Count, ["workflow"],
        "Entries of journals that were replayed.";
    ACTIVE_RUNS = Gauge "steadfast_active_runs", Count, [],
        "Runs in the memory of this engine, at work or waiting briefly.";
    RUNS = Gauge "steadfast_runs", Count, ["status"],
        "Unfinished runs of the database, counted up to 1,000 for each status.";
    QUEUE_WAIT = Histogram "steadfast_queue_wait_seconds", Seconds, ["queue"],
        "Time that a task waited in its queue until this engine claimed it, from when it could be claimed.";
    QUEUE_DEPTH = Gauge "steadfast_queue_depth", Count, ["queue"],
        "Tasks that wait in a queue of the database, counted up to 1,000.";
    QUEUE_RUNNING = Gauge "steadfast_queue_running", Count, ["queue"],
        "Tasks of a queue that run on any engine, counted up to 1,000.";
    QUEUE_OLDEST = Gauge "steadfast_queue_oldest_age_seconds", Seconds, ["queue"],
        "Age of the oldest task that waits in a queue; 0 without one.";
    #[cfg_attr(not(feature = "schedules"), expect(dead_code, reason = "nothing fires without schedules"))]
    SCHEDULE_LAG = Histogram "steadfast_schedule_lag_seconds", Seconds, ["schedule"],
        "Time from the nominal time of a schedule until this engine started its run.";
    COMMIT_DURATION = Histogram "steadfast_commit_duration_seconds", Seconds, [],
        "Time that a commit took.";
    COMMIT_WRITES = Histogram "steadfast_commit_writes", Count, [],
        "Writes in a commit.";
    COMMIT_BYTES = Histogram "steadfast_commit_bytes", Bytes, [],
        "Size of the values in the journals and contexts that a commit wrote.";
    STORE_ERRORS = Counter "steadfast_store_errors_total", Count, ["operation", "kind"],
        "Commits, and reads for runs, that failed.";
    HEARTBEAT_LAG = Histogram "steadfast_heartbeat_lag_seconds", Seconds, [],
        "Time between two heartbeats of this engine that the database has confirmed.";
    LEASE_MARGIN = Gauge "steadfast_lease_margin_seconds", Seconds, [],
        "Time for which this engine is certain to hold its runs; at 0 no step begins.";
    TAKEOVERS = Counter "steadfast_takeovers_total", Count, [],
        "Leases that this engine took over from engines that died or were silent for too long.";
}

static METADATA: Metadata<'static> = Metadata::new("steadfast", Level::INFO, Some("steadfast"));

impl<const N: usize> Metric<N> {
    fn key(&self, values: [SharedString; N]) -> Key {
        let labels = self.labels.iter().zip(values).map(|(name, value)| Label::new(*name, value));
        Key::from_parts(self.name, labels.collect::<Vec<_>>())
    }

    /// Raises a counter.
    pub(super) fn add(&self, by: u64, values: [SharedString; N]) {
        recorded(|recorder| recorder.register_counter(&self.key(values), &METADATA).increment(by));
    }

    /// Sets a gauge.
    pub(super) fn set(&self, to: f64, values: [SharedString; N]) {
        recorded(|recorder| recorder.register_gauge(&self.key(values), &METADATA).set(to));
    }

    /// Records a value of a histogram.
    pub(super) fn record(&self, value: f64, values: [SharedString; N]) {
        recorded(|recorder| recorder.register_histogram(&self.key(values), &METADATA).record(value));
    }
}

/// Returns whether the program has installed a recorder: the one in its place has no size.
pub(crate) fn is_recording() -> bool {
    metrics::with_recorder(|recorder| size_of_val(recorder) > 0)
}

/// Passes the recorder, unless the program has installed none: then no key is made for it.
fn recorded(record: impl FnOnce(&dyn Recorder)) {
    metrics::with_recorder(|recorder| {
        if size_of_val(recorder) > 0 {
            record(recorder);
        }
    });
}

/// Gives the recorder unit and description of each metric.
pub(crate) fn describe() {
    for Described { name, kind, unit, about, .. } in ALL {
        metrics::with_recorder(|recorder| {
            let (name, about) = (KeyName::from_const_str(name), SharedString::const_str(about));
            match kind {
                Kind::Counter => recorder.describe_counter(name, Some(*unit), about),
                Kind::Gauge => recorder.describe_gauge(name, Some(*unit), about),
                Kind::Histogram => recorder.describe_histogram(name, Some(*unit), about),
            }
        });
    }
}

/// Returns a label value that the code of the program names.
pub(super) fn label(name: &str) -> SharedString {
    SharedString::from_owned(name.to_owned())
}

/// Returns a duration in seconds, of milliseconds.
pub(super) fn seconds(millis: i64) -> f64 {
    // Durations of more than 285,000 years lose a millisecond.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 ms")]
    let millis = millis.max(0) as f64;
    millis / 1_000.0
}

/// Returns a count as the number of a gauge or a histogram.
pub(super) fn number(count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
    let number = count as f64;
    number
}
