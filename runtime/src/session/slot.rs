//! One value of a session, or the place for it.

use crate::context::Anything;
use std::any::{TypeId, type_name};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// Which value.
#[derive(Clone, Debug)]
pub(super) struct Key {
    id: TypeId,
    word: Option<String>,
    /// The type's name, for people.
    pub(super) name: &'static str,
}

impl Key {
    pub(super) fn of<T: 'static>(word: Option<String>) -> Self {
        Self { id: TypeId::of::<T>(), word, name: type_name::<T>() }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.word == other.word
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.id, &self.word).hash(state);
    }
}

/// A value, or nothing yet.
#[derive(Default)]
pub(super) struct Slot {
    value: OnceLock<Anything>,
    /// Held by whoever makes the value and may wait meanwhile.
    making: tokio::sync::Mutex<()>,
}

impl Slot {
    pub(super) fn filled<T: Send + Sync + 'static>(value: T) -> Self {
        Self { value: OnceLock::from(Arc::new(value) as Anything), ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.value.get().is_none()
    }

    pub(super) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.value.get()?.clone().downcast().ok()
    }

    pub(super) fn get_or_init<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let value = self.value.get_or_init(|| Arc::new(make()));
        value.clone().downcast().expect("the key of a slot has its type")
    }

    pub(super) async fn get_or_try_init<T, E, F>(&self, make: impl FnOnce() -> F) -> Result<Arc<T>, E>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let _making = self.making.lock().await;
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let value = make().await?;
        // Should somebody who does not wait have made one meanwhile, then that one is it.
        Ok(self.get_or_init(|| value))
    }
}
