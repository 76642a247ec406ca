//! How a look is drawn, as lines that fit the terminal.

use super::keys::State;
use super::seen::Seen;
use crate::escape::escaped;
use crate::table::{Cell, Table};
use crate::times;
use std::time::SystemTime;

const HELP: [&str; 6] = [
    "q, Esc         end",
    "f              list unfinished runs, parked and failed ones, all",
    "down, up, j, k scroll; page down, page up, home",
    "space          freeze and go on",
    "r              look now",
    "h, ?           this help",
];

/// The columns of each table, the most useful first: a narrow terminal has room for the first few.
const WORKERS: &[&str] = &["worker", "heard", "host", "process", "workflows", "queues"];
const QUEUES: &[&str] = &["queue", "waiting", "running", "oldest", "total", "per_key", "paused"];
const RUNS: &[&str] = &["run", "status", "changed", "workflow", "started", "entries", "parked_because"];

/// The columns from which a table has more of them.
const WIDE: u16 = 100;
const NARROW: u16 = 60;

/// Draws a look into so many columns and lines, as whole lines without their ends.
pub(super) fn lines(seen: &Seen, state: &State, (width, height): (u16, usize), is_colored: bool) -> Vec<String> {
    let mut lines = vec![cut(&head(seen, state), width), cut(&counts(seen), width)];
    if let Some(fault) = &seen.fault {
        lines.push(cut(&format!("the database cannot be read now: {fault}"), width));
    }
    if state.is_helping {
        lines.extend(HELP.iter().map(|line| cut(line, width)));
    } else {
        // Runs get what is left, and at least half of the screen.
        let few = (height / 4).max(2);
        section(&mut lines, &workers(seen, width), few, "no workers: runs wait", width, is_colored);
        section(&mut lines, &queues(seen, width), few, "no tasks in queues", width, is_colored);
        let left = height.saturating_sub(lines.len());
        let none = format!("no runs ({})", state.choice.name());
        section(&mut lines, &runs(seen, state, width), left, &none, width, is_colored);
    }
    lines.truncate(height);
    lines
}

fn section(lines: &mut Vec<String>, table: &Table, most: usize, none: &str, width: u16, is_colored: bool) {
    if table.rows.is_empty() {
        lines.push(cut(none, width));
        return;
    }
    let mut drawn = table.single_lines(width, is_colored);
    if drawn.len() > most {
        let hidden = drawn.len() - most + 1;
        drawn.truncate(most.saturating_sub(1));
        drawn.push(cut(&format!(".. and {hidden} more"), width));
    }
    lines.append(&mut drawn);
}

fn head(seen: &Seen, state: &State) -> String {
    let frozen = if state.is_frozen { "  FROZEN" } else { "" };
    let (runs, at) = (state.choice.name(), times::shown(seen.at, true));
    format!("{runs} runs  {at}{frozen}  h for help  {}", escaped(&seen.database))
}

fn counts(seen: &Seen) -> String {
    let count = |of: &steadfast::inspect::StatusCount| format!("{} {}", of.status, of.count);
    if seen.counts.is_empty() {
        "no runs yet".to_owned()
    } else {
        seen.counts.iter().map(count).collect::<Vec<_>>().join("  ")
    }
}

fn workers(seen: &Seen, width: u16) -> Table<'static> {
    let row = |worker: &steadfast::Worker| {
        let id = worker.id.get(..8).unwrap_or(&worker.id).to_owned();
        let heard = ago(seen.at, worker.last_heartbeat);
        let mut cells: Vec<Cell> = vec![id.into(), heard.into()];
        if width >= NARROW {
            cells.extend([Cell::from(worker.host.as_str()), worker.process.into()]);
        }
        if width >= WIDE {
            let serves: Vec<_> = worker.serves.iter().map(|(name, version)| format!("{name}@{version}")).collect();
            let queues: Vec<_> = worker.queues.iter().map(|(name, slots)| format!("{name} ({slots})")).collect();
            cells.extend([Cell::from(serves.join(", ")), Cell::from(queues.join(", "))]);
        }
        cells
    };
    table(WORKERS, [2, 4, 6], width, seen.workers.iter().map(row).collect())
}

fn queues(seen: &Seen, width: u16) -> Table<'static> {
    let row = |queue: &steadfast::QueueInfo| {
        let oldest = queue.oldest.map(|at| ago(seen.at, at));
        let mut cells: Vec<Cell> = vec![queue.name.as_str().into(), queue.waiting.into(), queue.running.into()];
        if width >= NARROW {
            cells.push(oldest.into());
        }
        if width >= WIDE {
            cells.extend([queue.total.into(), queue.per_key.into(), queue.paused.as_deref().into()]);
        }
        cells
    };
    table(QUEUES, [3, 4, 7], width, seen.queues.iter().map(row).collect())
}

fn runs(seen: &Seen, state: &State, width: u16) -> Table<'static> {
    let row = |run: &steadfast::inspect::RunSummary| {
        let mut cells: Vec<Cell> = vec![run.id.as_str().into(), run.status.into(), ago(seen.at, run.changed_at).into()];
        if width >= NARROW {
            cells.push(run.workflow.as_str().into());
        }
        if width >= WIDE {
            let why = run.parked.as_ref().map(ToString::to_string);
            cells.extend([ago(seen.at, run.started_at).into(), run.entries.into(), why.into()]);
        }
        cells
    };
    table(RUNS, [3, 4, 7], width, seen.runs.iter().skip(state.offset).map(row).collect())
}

/// Returns a table with as many of the columns as the width has room for: `[narrow, middle, wide]`.
fn table(columns: &'static [&'static str], counts: [usize; 3], width: u16, rows: Vec<Vec<Cell>>) -> Table<'static> {
    let count = match width {
        ..NARROW => counts[0],
        NARROW..WIDE => counts[1],
        _ => counts[2],
    };
    Table { columns: &columns[..count], rows }
}

/// Returns how long before `now` something was: `0s`, `42s`, `7m`, `3h`, `5d`.
fn ago(now: SystemTime, at: SystemTime) -> String {
    let seconds = now.duration_since(at).unwrap_or_default().as_secs();
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    let found = units.into_iter().find(|(size, _)| seconds >= 2 * size);
    found.map_or_else(|| format!("{seconds}s"), |(size, unit)| format!("{}{unit}", seconds / size))
}

/// Cuts a line at the edge. It counts characters: a wide one at the edge may be cut by the terminal.
fn cut(line: &str, width: u16) -> String {
    escaped(line).chars().take(width.into()).collect()
}

#[cfg(test)]
mod tests {
    use super::ago;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_time_is_told_by_its_largest_unit() {
        let now = SystemTime::now();
        let told =
            [0, 119, 120, 7_199, 7_200, 172_799, 172_800].map(|seconds| ago(now, now - Duration::from_secs(seconds)));
        assert_eq!(told, ["0s", "119s", "2m", "119m", "2h", "47h", "2d"]);
        assert_eq!(ago(now, now + Duration::from_secs(5)), "0s");
    }
}
