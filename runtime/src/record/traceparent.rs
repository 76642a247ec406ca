//! The place of a run in a distributed trace: W3C trace context, and ids that are derived and never drawn.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use std::fmt;
use std::str::FromStr;

/// A span of a trace, as the header `traceparent` of W3C Trace Context names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traceparent {
    pub(crate) trace: [u8; 16],
    pub(crate) span: [u8; 8],
    pub(crate) flags: u8,
}

/// The flag of a trace that its caller records.
pub(crate) const SAMPLED: u8 = 1;

impl Traceparent {
    /// Returns whether the caller records the trace.
    pub(crate) const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }
}

/// Parses a header of version 00, or the part of a later version that every version has.
impl FromStr for Traceparent {
    type Err = ();

    fn from_str(header: &str) -> Result<Self, ()> {
        let bytes = |digits: &str| {
            let is_lower = digits.bytes().all(|digit| !digit.is_ascii_uppercase());
            HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok().filter(|_| is_lower).ok_or(())
        };
        let mut parts = header.split('-');
        let mut next = || parts.next().ok_or(()).and_then(bytes);
        let [version] = next()?[..] else { return Err(()) };
        let (trace, span) = (next()?, next()?);
        let [flags] = next()?[..] else { return Err(()) };
        let trace: [u8; 16] = trace.try_into().map_err(drop)?;
        let span: [u8; 8] = span.try_into().map_err(drop)?;
        let has_more = parts.next().is_some();
        // Version 00 ends here; 255 is none, and an id of zeros is none.
        let is_valid = version != u8::MAX && !(version == 0 && has_more) && trace != [0; 16] && span != [0; 8];
        if is_valid { Ok(Self { trace, span, flags }) } else { Err(()) }
    }
}

/// Writes a header of version 00.
impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", HEXLOWER.encode(&self.trace), HEXLOWER.encode(&self.span), self.flags)
    }
}

/// What a span of a run covers. With the execution it gives the span's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpanOf {
    /// The run.
    Run,
    /// The call with this command index: a step, or a wait.
    Call(u64),
    /// An attempt of the step with this command index.
    Attempt(u64, u32),
    /// The wait for room in a queue, before the run began.
    Room,
}

impl SpanOf {
    /// Derives the id of the span: the same in every process, and another for every other span.
    pub(crate) fn id(self, execution: [u8; 16]) -> [u8; 8] {
        let (kind, position, attempt) = match self {
            Self::Run => (0_u8, 0, 0),
            Self::Call(position) => (1, position, 0),
            Self::Attempt(position, attempt) => (2, position, attempt),
            Self::Room => (3, 0, 0),
        };
        let mut hash = hmac_sha256::Hash::new();
        hash.update(b"span");
        hash.update(execution);
        hash.update([kind]);
        hash.update(position.to_le_bytes());
        hash.update(attempt.to_le_bytes());
        let mut id = [0; 8];
        id.copy_from_slice(&hash.finalize()[..8]);
        // Zeros are no id.
        if id == [0; 8] { [1; 8] } else { id }
    }
}

#[cfg(test)]
mod tests {
    use super::{SpanOf, Traceparent};

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_is_what_w3c_says() {
        let parsed: Traceparent = GIVEN.parse().expect("valid");
        assert!(parsed.is_sampled());
        assert_eq!(parsed.to_string(), GIVEN);
        let later = format!("cc{}-what-comes-later", &GIVEN[2..]);
        assert_eq!(later.parse(), Ok(parsed), "a later version");
        for bad in [
            "",
            "00",
            "nonsense",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e47-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0101",
            "00-4bf92f3577b34da6a3ce929d0e0e473ß-00f067aa0ba902b7-01",
        ] {
            assert_eq!(bad.parse::<Traceparent>(), Err(()), "{bad}");
        }
    }

    #[test]
    fn each_span_of_a_run_has_its_own_id_in_every_process() {
        let spans = [SpanOf::Run, SpanOf::Room, SpanOf::Call(1), SpanOf::Call(2), SpanOf::Attempt(1, 1)];
        let ids: std::collections::BTreeSet<_> = spans.iter().map(|span| span.id([7; 16])).collect();
        assert_eq!(ids.len(), spans.len());
        assert_ne!(SpanOf::Run.id([7; 16]), SpanOf::Run.id([8; 16]));
        assert_eq!(SpanOf::Call(1).id([7; 16]), SpanOf::Call(1).id([7; 16]));
    }
}
