//! What one loaded run has at hand: the parts of the engine that its fields and steps reach.

mod inputs;
mod live;

pub use inputs::{HandleParameter, StepInputs};

use crate::journal::RunIdentity;
use crate::resources::Resources;
use crate::session::Session;
use live::Live;
use std::sync::Arc;

/// What one loaded run has at hand: resources, session, the values of its transient fields.
///
/// Made once per load, and shared by everything that runs for it.
#[derive(Debug)]
pub struct RunEnv {
    pub(crate) resources: Resources,
    pub(crate) session: Session,
    /// The values of the transient fields.
    pub(crate) live: Live,
}

impl RunEnv {
    pub(crate) fn new(_run: &RunIdentity, resources: Resources, session: Session) -> Arc<Self> {
        Arc::new(Self { resources, session, live: Live::default() })
    }
}
