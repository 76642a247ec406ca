//! The way from an attempt to the environment of its run, also out of a task or thread that its body has spawned.

use crate::run_env::RunEnv;
use std::sync::{Arc, Weak};

/// The way from an attempt to the environment of its run.
#[derive(Clone, Debug, Default)]
pub(crate) enum Link {
    /// An attempt of a run. A scope that is kept does not keep the engine.
    Run(Weak<RunEnv>),
    /// Within a transaction, where nothing waits for the engine.
    Transaction,
    /// A test without a run.
    #[default]
    Test,
}

impl Link {
    pub(crate) fn of(env: &Arc<RunEnv>) -> Self {
        Self::Run(Arc::downgrade(env))
    }

    /// The environment of the run, while it is active.
    pub(crate) fn env(&self) -> Option<Arc<RunEnv>> {
        match self {
            Self::Run(env) => env.upgrade(),
            Self::Transaction | Self::Test => None,
        }
    }
}
