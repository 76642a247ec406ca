//! A wait as one flat JSON object.

use super::{Wait, WaitsFor};
use serde::{Serialize, Serializer};

/// Serializes a wait: `for`, the fields of what is waited for, `since` and `until` in milliseconds since 1970, `text` and
/// `help`.
pub(in crate::inspect) struct Flat<'a>(pub(in crate::inspect) &'a Wait);

/// What is waited for, tagged by `for`.
#[derive(Serialize)]
#[serde(tag = "for", rename_all = "snake_case")]
enum What<'a> {
    Step { step: &'a str, attempt: u32 },
    Queue { queue: &'a str, step: &'a str, attempt: u32, served: bool, refused: Option<&'a str> },
    Retry { step: &'a str, failed: u32 },
    Timer,
    Event { name: &'a str },
    Message { name: &'a str },
    Answer { request: &'a str, question: &'a str },
    Run { run: &'a str, status: Option<&'static str>, parked: Option<&'a str> },
    Room { queue: &'a str, served: bool, paused: Option<&'a str> },
    Resume,
    Unpark,
    Blocked { why: &'a str },
    Engine,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    what: What<'a>,
    #[serde(serialize_with = "crate::record::millis::serialize")]
    since: std::time::SystemTime,
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    until: Option<std::time::SystemTime>,
    text: String,
    help: String,
}

impl Serialize for Flat<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(wait) = self;
        let what = What::of(&wait.for_what);
        let (text, help) = (wait.for_what.to_string(), wait.help());
        Whole { what, since: wait.since, until: wait.until, text, help }.serialize(serializer)
    }
}

impl<'a> What<'a> {
    fn of(what: &'a WaitsFor) -> Self {
        match what {
            WaitsFor::Step { name, attempt } => Self::Step { step: name, attempt: *attempt },
            WaitsFor::Queue { queue, step, attempt, served, refused } => {
                Self::Queue { queue, step, attempt: *attempt, served: *served, refused: refused.as_deref() }
            }
            WaitsFor::Retry { step, failed } => Self::Retry { step, failed: *failed },
            WaitsFor::Timer => Self::Timer,
            WaitsFor::Event(name) => Self::Event { name },
            WaitsFor::Message(name) => Self::Message { name },
            WaitsFor::Answer { request, question } => Self::Answer { request, question },
            WaitsFor::Run { id, status, parked } => Self::Run {
                run: id,
                status: status.map(crate::store::Status::as_str),
                parked: parked.as_ref().map(|reason| reason.message.as_str()),
            },
            WaitsFor::Room { queue, served, paused } => {
                Self::Room { queue, served: *served, paused: paused.as_deref() }
            }
            WaitsFor::Resume => Self::Resume,
            WaitsFor::Unpark => Self::Unpark,
            WaitsFor::Blocked(why) => Self::Blocked { why },
            WaitsFor::Engine => Self::Engine,
        }
    }
}
