//! The state of a watched run as lines of text.

use crate::engine::activity::{Activity, ActivityKind, Waited};
use crate::run_env::Progress;
use crate::store::Status;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

/// The number of steps that have lines of their own.
const STEPS: usize = 24;
/// The width of a bar.
const BAR: usize = 20;

/// The known state of a run.
pub(super) struct View {
    name: String,
    started: Option<SystemTime>,
    steps: Vec<Step>,
    /// The waits, by the command index of the call.
    waits: BTreeMap<u64, Wait>,
    /// Arrivals that the run did not wait for yet.
    early: Vec<Waited>,
    paused: bool,
    ended: Option<(Status, Option<String>)>,
    /// The reason why the run is blocked at the moment.
    pub(super) blocked: Option<String>,
    /// Lines that were not written yet.
    said: Vec<String>,
    /// The failures before the call, and the line of the last of them; `None` once the view has caught up.
    earlier: Option<Earlier>,
}

/// Failures that were recorded before the call: an earlier call may have shown them.
#[derive(Default)]
struct Earlier {
    failures: usize,
    last: String,
}

struct Step {
    name: String,
    done: usize,
    failed: usize,
    tried_again: usize,
    /// The command indexes of running calls.
    running: BTreeSet<u64>,
}

struct Wait {
    what: Waited,
    at: SystemTime,
    until: Option<SystemTime>,
}

impl View {
    pub(super) fn new(workflow: &str, id: &str) -> Self {
        Self {
            name: plain(&format!("{workflow} {id}")),
            started: None,
            steps: Vec::new(),
            waits: BTreeMap::new(),
            early: Vec::new(),
            paused: false,
            ended: None,
            blocked: None,
            said: Vec::new(),
            earlier: Some(Earlier::default()),
        }
    }

    /// Ends the part of the journal that was recorded before the call: of its failures the last is said.
    pub(super) fn caught_up(&mut self) {
        let Some(Earlier { failures, last }) = self.earlier.take() else { return };
        match failures {
            0 => {}
            1 => self.say(&last),
            _ => self.say(&format!("{last} (and {} failures before)", failures - 1)),
        }
    }

    /// Says a failure on a line of its own, if it is new.
    fn failure(&mut self, line: String) {
        match &mut self.earlier {
            Some(earlier) => {
                earlier.failures += 1;
                earlier.last = line;
            }
            None => self.say(&line),
        }
    }

    /// Applies an activity.
    pub(super) fn see(&mut self, seen: Activity) {
        let at = seen.at;
        self.started.get_or_insert(at);
        match seen.kind {
            ActivityKind::StepStarted { step, position, .. } => {
                // A later attempt belongs to the same call.
                self.step(&step).running.insert(position);
            }
            ActivityKind::AttemptFailed { step, position, attempt, message, .. } => {
                self.step(&step).tried_again += 1;
                self.failure(format!("{step} (call {position}): attempt {attempt} failed and is repeated: {message}"));
            }
            ActivityKind::StepCompleted { step, position, .. } => {
                let step = self.step(&step);
                step.running.remove(&position);
                step.done += 1;
            }
            ActivityKind::StepFailed { step, position, message, .. } => {
                let line = self.step(&step);
                line.running.remove(&position);
                line.failed += 1;
                self.failure(format!("{step} (call {position}): failed: {message}"));
            }
            ActivityKind::Dropped { position } => {
                self.waits.remove(&position);
                for step in &mut self.steps {
                    step.running.remove(&position);
                }
            }
            ActivityKind::Waiting { for_what, position, until } => {
                match self.early.iter().position(|early| *early == for_what) {
                    Some(early) => drop(self.early.swap_remove(early)),
                    None => drop(self.waits.insert(position, Wait { what: for_what, at, until })),
                }
            }
            ActivityKind::Came { position: Some(position), .. } | ActivityKind::Refused { position, .. } => {
                self.waits.remove(&position);
            }
            ActivityKind::Came { what, position: None } => self.came(what),
            ActivityKind::Expired { request } => self.came(Waited::AnswerTo(request)),
            ActivityKind::CancelRequested { reason } => self.say(&format!("was asked to stop: {reason}")),
            ActivityKind::Paused => self.paused = true,
            ActivityKind::Resumed => self.paused = false,
            ActivityKind::RunEnded { status, message } => self.ended = Some((status, message)),
            ActivityKind::RunStarted { .. } => {}
        }
    }

    /// Ends the first wait for something, or a later one.
    fn came(&mut self, what: Waited) {
        let waiting = self.waits.iter().find(|(_, wait)| wait.what == what).map(|(position, _)| *position);
        match waiting {
            Some(position) => drop(self.waits.remove(&position)),
            None => self.early.push(what),
        }
    }

    fn step(&mut self, name: &str) -> &mut Step {
        let index = self.steps.iter().position(|step| step.name == name).unwrap_or_else(|| {
            let name = name.to_owned();
            self.steps.push(Step { name, done: 0, failed: 0, tried_again: 0, running: BTreeSet::new() });
            self.steps.len() - 1
        });
        &mut self.steps[index]
    }

    /// Marks the run as ended, whether its journal says so or not.
    pub(super) fn is_over(&mut self, status: Status) {
        self.ended.get_or_insert((status, None));
    }

    /// Adds a line of its own.
    pub(super) fn say(&mut self, line: &str) {
        self.said.push(plain(line));
    }

    pub(super) fn take_said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// Returns the current lines. Lines that change with every update, such as a clock, are for a terminal only.
    pub(super) fn lines(&self, progress: &[Progress], live: Option<SystemTime>) -> Vec<String> {
        let width = self.steps.iter().map(|step| step.name.chars().count()).max().unwrap_or(0);
        let mut lines = vec![self.headline(live)];
        for step in self.steps.iter().take(STEPS) {
            lines.push(step.line(width, progress, live.is_some()));
        }
        if self.steps.len() > STEPS {
            lines.push(format!("  and {} more steps", self.steps.len() - STEPS));
        }
        if self.ended.is_none() {
            lines.extend(self.waiting(live));
            lines.extend(self.blocked.as_ref().map(|blocked| format!("  held up: {}", plain(blocked))));
        }
        lines
    }

    fn headline(&self, live: Option<SystemTime>) -> String {
        let state = match &self.ended {
            Some((status, None)) => status.to_string(),
            Some((status, Some(message))) => format!("{status}: {}", plain(message)),
            None if self.paused => "paused".to_owned(),
            None => "running".to_owned(),
        };
        let since = live.zip(self.started).and_then(|(now, started)| now.duration_since(started).ok());
        let since = since.map(|since| format!(", {}", Span(since))).unwrap_or_default();
        format!("{}: {state}{since}", self.name)
    }

    /// Returns the waits on one line.
    fn waiting(&self, live: Option<SystemTime>) -> Option<String> {
        let mut whats: Vec<String> = Vec::new();
        for wait in self.waits.values() {
            let time = wait.until.and_then(|until| until.duration_since(live.unwrap_or(wait.at)).ok());
            let what = match time {
                Some(time) => format!("{} ({})", wait.what, Span(time)),
                None => wait.what.to_string(),
            };
            if !whats.contains(&what) {
                whats.push(what);
            }
        }
        let more = whats.len().saturating_sub(4);
        whats.truncate(4);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!whats.is_empty()).then(|| plain(&format!("  waits for {}{more}", whats.join(", "))))
    }
}

impl Step {
    fn line(&self, width: usize, progress: &[Progress], live: bool) -> String {
        let name = plain(&self.name);
        // A written line must not change when other steps appear.
        let mut text = if live { format!("  {name:width$} ") } else { format!("  {name}:") };
        let counts = [
            (self.done, "done"),
            (self.running.len(), "running"),
            (self.failed, "failed"),
            (self.tried_again, "repeated"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
        // Writing to a `String` cannot fail.
        let _ = write!(text, " {}", counts.join(", "));
        let mine = || progress.iter().filter(|progress| self.running.contains(&progress.position));
        let sum = |of: fn(&Progress) -> u64| mine().map(of).fold(0, u64::saturating_add);
        let (done, total) = (sum(|progress| progress.done), sum(|progress| progress.total));
        if mine().next().is_some() {
            let bar = if live { format!("  {}", bar(done, total)) } else { String::new() };
            let _ = write!(text, "{bar}  {done}/{total}");
        }
        let newest = mine().filter(|progress| progress.message.is_some()).max_by_key(|progress| progress.at);
        if let Some(message) = newest.and_then(|progress| progress.message.as_deref()) {
            let _ = write!(text, "  {}", plain(message));
        }
        text
    }
}

/// Draws a progress bar.
fn bar(done: u64, total: u64) -> String {
    let whole = u128::from(total).max(1);
    let filled = (u128::from(done) * BAR as u128 / whole).min(BAR as u128);
    let filled = usize::try_from(filled).unwrap_or(BAR);
    format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled))
}

/// Replaces control characters, so that the text stays on one line and cannot control the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// A duration, printed for people.
struct Span(Duration);

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0..60 => write!(f, "{seconds} s"),
            60..3_600 => write!(f, "{} min {:02} s", seconds / 60, seconds % 60),
            3_600..86_400 => write!(f, "{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
            _ => write!(f, "{} d {:02} h", seconds / 86_400, seconds % 86_400 / 3_600),
        }
    }
}
