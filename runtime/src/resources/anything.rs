//! Anything that can be shared, without its type.

use std::any::Any;
use std::sync::Arc;

/// Anything that can be shared, without its type.
pub(crate) type Anything = Arc<dyn Any + Send + Sync>;
