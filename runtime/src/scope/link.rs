//! The link from an attempt to the environment of its run, usable from a task or thread that its body has spawned.

use crate::run_env::RunEnv;
use std::sync::{Arc, Weak};

/// The link from an attempt to the environment of its run.
#[derive(Clone, Debug, Default)]
pub(crate) enum Link {
    /// An attempt of a run; weak, so that a scope that is kept does not keep the engine alive.
    Run(Weak<RunEnv>),
    /// A transaction, in which no code can wait for the engine.
    Transaction,
    /// A test without a run.
    #[default]
    Test,
}

impl Link {
    pub(crate) fn of(env: &Arc<RunEnv>) -> Self {
        Self::Run(Arc::downgrade(env))
    }

    /// Returns the environment of the run, while it is active.
    pub(crate) fn env(&self) -> Option<Arc<RunEnv>> {
        match self {
            Self::Run(env) => env.upgrade(),
            Self::Transaction | Self::Test => None,
        }
    }
}
