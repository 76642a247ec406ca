//! Reasons for parking a run whose history cannot be read.

use crate::codec;
use crate::record::{ParkCause, ParkReason};

/// Returns the reason for a recorded value that cannot be read.
pub(super) fn unreadable(what: &str, why: &str) -> ParkReason {
    if codec::says_damaged(why) {
        let message = format!("{what} cannot be read: {why}. Restore the database from a copy, or delete the run");
        return ParkReason::new(ParkCause::Damaged, message);
    }
    let message = format!(
        "{what} cannot be read with today's types: {why}. Deploy code whose types read what is recorded; the run then resumes \
         automatically"
    );
    ParkReason::new(ParkCause::Unreadable, message)
}
