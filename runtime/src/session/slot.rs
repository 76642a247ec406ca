//! A slot for one value of a session.

use crate::panics::drop_caught;
use crate::resources::Anything;
use std::any::{TypeId, type_name};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The key of a value.
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

impl Drop for Slot {
    fn drop(&mut self) {
        drop_caught(self.value.get_mut().map(Option::take), "a value of a session");
    }
}

/// A slot, with or without a value. It stays in its session while the value is created, so that there is only one.
#[derive(Default)]
pub(super) struct Slot {
    value: Mutex<Option<Anything>>,
    /// Held by the caller that creates the value while others block on their threads.
    making: Mutex<()>,
    /// Held by the caller that creates the value asynchronously.
    awaiting: tokio::sync::Mutex<()>,
}

impl Slot {
    pub(super) fn is_empty(&self) -> bool {
        self.value().is_none()
    }

    pub(super) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.value().clone()?.downcast().ok()
    }

    /// Replaces the value, and returns the old one.
    pub(super) fn replace<T: Send + Sync + 'static>(&self, value: Option<T>) -> Option<Arc<T>> {
        let value = value.map(|value| Arc::new(value) as Anything);
        let before = std::mem::replace(&mut *self.value(), value);
        before?.downcast().ok()
    }

    pub(super) fn get_or_init<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        if let Some(value) = self.get() {
            return value;
        }
        // If another caller's `make` has panicked, the slot is still empty, and this call fills it.
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = self.get() {
            return value;
        }
        let value = make();
        self.keep(value)
    }

    pub(super) async fn get_or_try_init<T, E, F>(&self, make: impl FnOnce() -> F) -> Result<Arc<T>, E>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let _awaiting = self.awaiting.lock().await;
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let value = make().await?;
        Ok(self.keep(value))
    }

    /// Inserts this value, unless another caller has inserted one meanwhile; returns the one in the slot.
    fn keep<T: Send + Sync + 'static>(&self, made: T) -> Arc<T> {
        // A value that is not kept is dropped after the lock is released.
        let made: Anything = Arc::new(made);
        let kept = self.value().get_or_insert_with(|| Arc::clone(&made)).clone();
        drop(made);
        kept.downcast().expect("the key of a slot has its type")
    }

    /// Locks the value. No code of the user runs while this lock is held.
    fn value(&self) -> MutexGuard<'_, Option<Anything>> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
