//! Shared values without their type.

use std::any::Any;
use std::sync::Arc;

/// A shared value without its type.
pub(crate) type Anything = Arc<dyn Any + Send + Sync>;
