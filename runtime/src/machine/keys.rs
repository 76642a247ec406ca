//! Reasons for waiting for the key of a secret.

use super::calls::RunJournal;
use crate::journal::Journal;
use crate::record::{ParkCause, ParkReason};
use crate::vault::VaultFault;

impl RunJournal {
    /// Returns the reason for parking if a secret could not be written or read just now, on this thread: the run waits
    /// for its key.
    pub(super) fn missing_key(&self, position: Option<u64>) -> Option<ParkReason> {
        self.fields().vault().take_fault().map(|fault| self.locked(&fault, position))
    }

    /// Returns the reason for parking if an attempt of a step could not write or read a secret.
    pub(super) fn missing_key_of_attempt(&self, position: u64) -> Option<ParkReason> {
        self.fields().vault().take_kept().map(|fault| self.locked(&fault, Some(position)))
    }

    /// Returns the reason for parking if an attempt could not read a secret that it requested, whatever it did then.
    pub(super) fn unmet_key(&self, position: u64, attempt: u32) -> Option<ParkReason> {
        self.fields().take_unmet(position, attempt).map(|fault| self.locked(&fault, Some(position)))
    }

    pub(super) fn locked(&self, fault: &VaultFault, position: Option<u64>) -> ParkReason {
        let cause = match fault {
            VaultFault::Damaged => ParkCause::Unreadable,
            _ => ParkCause::MissingKey,
        };
        let (run, remedy) = (self.identity(), fault.remedy());
        let message = format!(
            "run `{}` (workflow `{}`) cannot continue: {fault}. {remedy}; the run then resumes automatically",
            run.id, run.workflow
        );
        ParkReason::new(cause, message).at(position)
    }
}
