//! The injected faults, each at every commit.

use std::fmt;

/// A fault at one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// The process dies before the commit is durable; every body that was started has run.
    CrashBefore,
    /// The process dies after the commit, before it learns the outcome.
    CrashAfter,
    /// The process dies before the commit, and again at the first commit of its recovery.
    CrashInRecovery,
    /// Another owner takes over before the commit, while this one continues.
    LeaseTaken,
    /// The store fails at this commit.
    StoreFailsOnce,
    /// The store fails at this commit and at the four that follow.
    StoreFailsLong,
    /// The commit is done, but the store reports a failure.
    AnswerLost,
    /// The run is evicted after the commit and loaded again.
    Evicted,
    /// The process dies before the fields of a change are saved.
    CrashBeforeSave,
    /// The process dies when all but the last of them are saved.
    CrashWithinSave,
    /// The process dies when they are saved and no row points to them yet.
    CrashAfterSave,
    /// The first try to save them fails halfway.
    SaveFailsOnce,
}

impl Fault {
    /// The faults at commits.
    pub(super) const AT_COMMIT: [Self; 8] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::CrashInRecovery,
        Self::LeaseTaken,
        Self::StoreFailsOnce,
        Self::StoreFailsLong,
        Self::AnswerLost,
        Self::Evicted,
    ];

    /// The faults at saves of fields in stores.
    pub(super) const AT_SAVE: [Self; 4] =
        [Self::CrashBeforeSave, Self::CrashWithinSave, Self::CrashAfterSave, Self::SaveFailsOnce];

    pub(super) const fn place(self) -> &'static str {
        match self {
            Self::CrashBeforeSave | Self::CrashWithinSave | Self::CrashAfterSave | Self::SaveFailsOnce => "save",
            _ => "commit",
        }
    }
}

/// An item for the run at one commit, so that it races with everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disturbance {
    /// The run is cancelled.
    Cancelled,
    /// The run is paused, and resumed when nothing else can happen.
    Paused,
}

/// One way to run a workflow to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// The seed of the order in which bodies complete.
    pub(super) order: u64,
    /// The fault, and its commit or save.
    pub(super) fault: Option<(Fault, usize)>,
    /// The commit from which on messages are sent, one at each commit; otherwise each is sent when nothing else can
    /// happen.
    pub(super) early: Option<usize>,
    /// The disturbance, and its commit.
    pub(super) disturbance: Option<(Disturbance, usize)>,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            None => write!(f, "without a fault")?,
            Some((fault, at)) => write!(f, "{fault:?} at {} {at}", fault.place())?,
        }
        if let Some((disturbance, at)) = self.disturbance {
            write!(f, ", {disturbance:?} at commit {at}")?;
        }
        if let Some(at) = self.early {
            write!(f, ", messages from commit {at} on")?;
        }
        write!(f, " (order {})", self.order)
    }
}

/// A generator of small numbers whose sequence a seed decides: the same on every machine and in every version
/// (splitmix64).
pub(super) struct Dice {
    state: u64,
    /// Whether there was ever more than one number to choose from.
    pub(super) has_chosen: bool,
}

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed, has_chosen: false }
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.has_chosen |= bound > 1;
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % (bound as u64)).expect("less than the bound")
    }
}
