//! The environment of an active run: the parts of the engine that its fields and steps reach.

mod board;
mod live;
mod outputs;

pub(crate) use board::Boards;
pub use board::Progress;

use crate::fields::Fields;
use crate::queue::Declared;
use crate::record::RunIdentity;
use crate::resources::{Anything, Resources};
use crate::session::Session;
use crate::shared_state::SharedState;
use board::Board;
use live::Live;
use outputs::Outputs;
use std::sync::Arc;

/// The environment of an active run: stores and keys of its fields, resources, session, and the values of transient
/// fields.
///
/// Created once per load, and shared by everything that runs for it.
#[derive(Debug)]
pub struct RunEnv {
    /// The means to write and read its fields.
    pub(crate) fields: Arc<Fields>,
    pub(crate) resources: Resources,
    pub(crate) session: Session,
    /// The context of steps that read none, made once for all of them.
    pub(crate) no_context: Anything,
    /// The values of the transient fields.
    pub(crate) live: Live,
    /// The channel for the outputs of its steps.
    pub(crate) outputs: Outputs,
    /// The state that its concurrent steps share.
    pub(crate) state: Arc<SharedState>,
    /// The declared queues, with their keys.
    pub(crate) queues: Arc<Declared>,
    /// The progress that its steps report.
    pub(crate) board: Arc<Board>,
}

impl RunEnv {
    /// Creates the environment for unit tests of steps, without a run.
    pub(crate) fn for_tests(run: Arc<RunIdentity>) -> Arc<Self> {
        let fields = Fields::new("test", run, Arc::default(), None, usize::MAX);
        Self::new(fields, Resources::default(), Session::default())
    }

    pub(crate) fn new(fields: Arc<Fields>, resources: Resources, session: Session) -> Arc<Self> {
        Self::with_queues(fields, resources, session, Arc::default())
    }

    pub(crate) fn with_queues(
        fields: Arc<Fields>,
        resources: Resources,
        session: Session,
        queues: Arc<Declared>,
    ) -> Arc<Self> {
        Arc::new(Self {
            queues,
            fields,
            resources,
            session,
            no_context: Arc::new(()),
            live: Live::default(),
            outputs: Outputs::default(),
            state: Arc::default(),
            board: Arc::default(),
        })
    }
}
