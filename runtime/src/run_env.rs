//! The environment of an active run: the parts of the engine that its fields and steps reach.

mod board;
mod live;
mod outputs;

pub(crate) use board::Boards;
pub use board::Progress;

use crate::fields::Fields;
use crate::record::RunIdentity;
use crate::resources::Resources;
use crate::session::Session;
use crate::shared_state::SharedState;
use board::Board;
use live::Live;
use outputs::Outputs;
use std::sync::Arc;

/// The environment of an active run: stores and keys of its fields, resources, session, the values of transient fields.
///
/// Made once per load, and shared by everything that runs for it.
#[derive(Debug)]
pub struct RunEnv {
    /// How its fields are written and read.
    pub(crate) fields: Arc<Fields>,
    pub(crate) resources: Resources,
    pub(crate) session: Session,
    /// The values of the transient fields.
    pub(crate) live: Live,
    /// Where steps write what observers read.
    pub(crate) outputs: Outputs,
    /// What its concurrent steps share.
    pub(crate) state: Arc<SharedState>,
    /// How far its steps are, as they say.
    pub(crate) board: Arc<Board>,
}

impl RunEnv {
    /// Of a run that is none: for unit tests of steps.
    pub(crate) fn for_tests(run: Arc<RunIdentity>) -> Arc<Self> {
        let fields = Fields::new("test", run, Arc::default(), None, usize::MAX);
        Self::new(fields, Resources::default(), Session::default())
    }

    pub(crate) fn new(fields: Arc<Fields>, resources: Resources, session: Session) -> Arc<Self> {
        Arc::new(Self {
            fields,
            resources,
            session,
            live: Live::default(),
            outputs: Outputs::default(),
            state: Arc::default(),
            board: Arc::default(),
        })
    }
}
