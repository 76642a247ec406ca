//! Live values of one run in one process.

mod policy;
mod slot;

pub use policy::SessionPolicy;

use slot::{Key, Slot};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Live values of one run in one process: a browser that several steps drive, a connection that is logged in. Found by
/// type, or by type and key; always the same object.
///
/// A step takes it as `session: &Session`; the body of a workflow cannot, because it runs again in every replay.
/// Sessions are not stored: after a crash, or once the run has moved to another process, the session is empty. So a
/// step uses [`get_or_insert_with`](Session::get_or_insert_with) or [`get_or_try_init`](Session::get_or_try_init).
/// [`SessionPolicy`] decides what happens while the run is idle. The values are dropped when the run ends.
///
/// Cheap to clone; all clones are one session.
///
/// ```
/// use steadfast::prelude::*;
///
/// struct Browser { pages: std::sync::atomic::AtomicU32 }
///
/// #[step]
/// async fn open(session: &Session, url: String) -> Result<u32> {
///     let browser = session.get_or_insert_with(|| Browser { pages: 0.into() });
///     Ok(browser.pages.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let session = Session::default();
/// open::direct(&session, "https://example.org".into()).await?;
/// assert_eq!(open::direct(&session, "https://example.net".into()).await?, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Session(Arc<Values>);

#[derive(Default)]
struct Values {
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
}

impl Session {
    /// Inserts a value, and returns the one of its type that it replaces.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Option<Arc<T>> {
        self.put(Key::of::<T>(None), value)
    }

    /// Returns the value of this type.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.slots().get(&Key::of::<T>(None))?.get()
    }

    /// Removes the value of this type, and returns it.
    #[expect(clippy::must_use_candidate, reason = "taking it out may be all that is wanted")]
    pub fn remove<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.take(&Key::of::<T>(None))
    }

    /// Returns the value of this type; if there is none, inserts the one that `make` returns. Of concurrent calls one
    /// runs `make`, and the others wait. If another value is inserted meanwhile, all get that one.
    ///
    /// `make` may use the session for other types; with its own type it deadlocks.
    pub fn get_or_insert_with<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        self.slot(Key::of::<T>(None)).get_or_init(make)
    }

    /// Returns the value of this type; if there is none, inserts the one that `make` returns. Of concurrent calls one
    /// runs `make`, and the others wait; if it fails or is dropped, the next one runs its own. If another value is
    /// inserted meanwhile, all get that one.
    ///
    /// # Errors
    /// The error of `make`.
    pub async fn get_or_try_init<T, E, F>(&self, make: impl FnOnce() -> F) -> Result<Arc<T>, E>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        self.slot(Key::of::<T>(None)).get_or_try_init(make).await
    }

    /// Inserts a value under a key, and returns the one of its type that it replaces. A value of another type under the
    /// same key is a different value.
    pub fn insert_key<T: Send + Sync + 'static>(&self, key: impl Into<String>, value: T) -> Option<Arc<T>> {
        self.put(Key::of::<T>(Some(key.into())), value)
    }

    /// Returns the value of this type under this key; `None` if there is none, even if there is one of another type.
    #[must_use]
    pub fn get_key<T: Send + Sync + 'static>(&self, key: &str) -> Option<Arc<T>> {
        self.slots().get(&Key::of::<T>(Some(key.to_owned())))?.get()
    }

    /// Removes the value of this type under this key, and returns it.
    #[expect(clippy::must_use_candidate, reason = "taking it out may be all that is wanted")]
    pub fn remove_key<T: Send + Sync + 'static>(&self, key: &str) -> Option<Arc<T>> {
        self.take(&Key::of::<T>(Some(key.to_owned())))
    }

    /// Returns or inserts a value under a key, like [`get_or_insert_with`](Session::get_or_insert_with).
    pub fn get_or_insert_key_with<T: Send + Sync + 'static>(
        &self,
        key: impl Into<String>,
        make: impl FnOnce() -> T,
    ) -> Arc<T> {
        self.slot(Key::of::<T>(Some(key.into()))).get_or_init(make)
    }

    /// Returns whether it holds no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots().values().all(|slot| slot.is_empty())
    }

    /// Drops all values, and returns their types.
    pub(crate) fn clear(&self) -> Vec<&'static str> {
        let slots = std::mem::take(&mut *self.slots());
        let mut types: Vec<&'static str> = filled(&slots);
        types.sort_unstable();
        drop(slots);
        types
    }

    fn put<T: Send + Sync + 'static>(&self, key: Key, value: T) -> Option<Arc<T>> {
        self.slot(key).replace(Some(value))
    }

    fn take<T: Send + Sync + 'static>(&self, key: &Key) -> Option<Arc<T>> {
        let mut slots = self.slots();
        let before = slots.get(key)?.replace(None);
        // A slot in use stays: a value may be on its way into it.
        if slots.get(key).is_some_and(|slot| Arc::strong_count(slot) == 1) {
            slots.remove(key);
        }
        before
    }

    fn slot(&self, key: Key) -> Arc<Slot> {
        self.slots().entry(key).or_default().clone()
    }

    /// Locks the slots. No code of the user runs while this lock is held.
    fn slots(&self) -> MutexGuard<'_, HashMap<Key, Arc<Slot>>> {
        self.0.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn filled(slots: &HashMap<Key, Arc<Slot>>) -> Vec<&'static str> {
    slots.iter().filter(|(_, slot)| !slot.is_empty()).map(|(key, _)| key.name).collect()
}

/// Shows only the types and number of the values: their contents are private to the user.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut types = filled(&self.slots());
        types.sort_unstable();
        f.debug_struct("Session").field("values", &types.len()).field("types", &types).finish()
    }
}
