//! Values that an engine provides to the steps of all its runs: connections, clients, configuration, by type.

mod anything;
mod error;
mod factory;
mod key;
mod set;

pub(crate) use anything::Anything;
pub use error::ResourceError;
pub use factory::ResourceFactory;
pub use key::ResourceKey;
pub(crate) use set::ResourceSet;

use crate::error::Error;
use crate::panics::{caught_future, drop_caught};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::any::TypeId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// The function that creates a resource, without its type.
type Make = Arc<dyn Fn(Resources) -> BoxFuture<'static, Result<Anything, Error>> + Send + Sync>;

/// Values that an engine provides to the steps of all its runs, by type: one shared object for each type.
///
/// Registered with [`EngineBuilder::resource`](crate::EngineBuilder::resource) and
/// [`resource_with`](crate::EngineBuilder::resource_with). Steps take one with `#[resource] db: &Db`; restore hooks of
/// transient fields get all of them, and use [`get`](Resources::get). Cheap to clone.
///
/// A unit test of such a hook creates its own:
///
/// ```
/// # use steadfast::Resources;
/// # struct Db(u32);
/// # struct Index;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let resources = Resources::of(Db(7)).and(Index);
/// assert_eq!(resources.get::<Db>().await.unwrap().0, 7);
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Resources(Arc<HashMap<TypeId, Arc<Entry>>>);

struct Entry {
    need: ResourceKey,
    /// The provider; `None` once the engine has released it.
    held: Mutex<Option<Arc<Offered>>>,
}

/// A provider of a resource, and the object once it is created.
struct Offered {
    /// The factory; `None` for a value that was registered itself.
    factory: Option<Make>,
    made: OnceCell<Made>,
}

#[derive(Clone)]
struct Made {
    /// The order of creation: larger than that of every earlier resource.
    serial: u64,
    value: Anything,
}

impl Made {
    fn now(value: Anything) -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        Self { serial: SERIAL.fetch_add(1, Ordering::Relaxed), value }
    }
}

impl Drop for Entry {
    /// Drops a resource that was not released: by a builder that is dropped, not by an engine, which releases them.
    fn drop(&mut self) {
        drop_caught(self.held.get_mut().map(Option::take), "a resource");
    }
}

impl Entry {
    fn new(need: ResourceKey, factory: Option<Make>, value: Option<Anything>) -> Arc<Self> {
        let made = OnceCell::new_with(value.map(Made::now));
        Arc::new(Self { need, held: Mutex::new(Some(Arc::new(Offered { factory, made }))) })
    }

    fn offered(&self) -> Option<Arc<Offered>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the resource, if it was created.
    fn made(&self) -> Option<Anything> {
        self.offered()?.made.get().map(|made| made.value.clone())
    }
}

impl Resources {
    /// Creates a set of one resource, for unit tests.
    #[must_use]
    pub fn of<R: Send + Sync + 'static>(value: R) -> Self {
        Self::default().and(value)
    }

    /// Adds a resource, replacing another of its type; for unit tests.
    #[must_use]
    pub fn and<R: Send + Sync + 'static>(self, value: R) -> Self {
        let mut entries = Arc::unwrap_or_clone(self.0);
        entries.insert(TypeId::of::<R>(), Entry::new(ResourceKey::of::<R>(), None, Some(Arc::new(value))));
        Self(Arc::new(entries))
    }

    /// Returns the resource of this type. The first call creates it, if it was registered with a factory; concurrent
    /// calls wait for that, and all get the same object.
    ///
    /// # Errors
    /// No resource of this type is registered, or its factory failed or panicked. The next call runs the factory again.
    pub async fn get<R: Send + Sync + 'static>(&self) -> Result<Arc<R>, ResourceError> {
        let need = ResourceKey::of::<R>();
        let made = self.make(&need).await?;
        made.downcast().map_err(|_| self.missing(&need))
    }

    /// Creates the resource of this type, unless it exists.
    pub(crate) async fn make(&self, need: &ResourceKey) -> Result<Anything, ResourceError> {
        let Some(entry) = self.0.get(&(need.id)()) else { return Err(self.missing(need)) };
        let failed = |message| ResourceError::Failed { resource: entry.need.short_name(), message };
        let Some(offered) = entry.offered() else { return Err(failed("the engine has stopped".to_owned())) };
        let make = || async {
            let Some(factory) = offered.factory.clone() else { return Err(self.missing(need)) };
            let resources = self.clone();
            // The call itself is code of the user too, so it is inside the future whose panics are caught.
            let making = caught_future(async move { factory(resources).await }.boxed()).await;
            match making {
                Ok(made) => made.map(Made::now).map_err(|error| failed(error.to_string())),
                Err(panic) => Err(failed(format!("its factory panicked: {panic}"))),
            }
        };
        offered.made.get_or_try_init(make).await.map(|made| made.value.clone())
    }

    /// Returns whether a step that takes it can start.
    pub(crate) fn is_made(&self, need: &ResourceKey) -> bool {
        self.0.get(&(need.id)()).is_some_and(|entry| entry.made().is_some())
    }

    /// Returns the resource of this type, if it was created.
    pub(crate) fn made<R: Send + Sync + 'static>(&self) -> Option<Arc<R>> {
        self.0.get(&TypeId::of::<R>())?.made()?.downcast().ok()
    }

    /// Returns the error for a step that takes it, if it is not registered.
    pub(crate) fn lacks(&self, need: &ResourceKey) -> Option<ResourceError> {
        (!self.0.contains_key(&(need.id)())).then(|| self.missing(need))
    }

    /// Releases all resources, the last created first, and creates none any more. Other holders keep theirs.
    pub(crate) fn let_go(&self) {
        let take = |entry: &Arc<Entry>| entry.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut held: Vec<Arc<Offered>> = self.0.values().filter_map(take).collect();
        held.sort_by_key(|offered| offered.made.get().map(|made| made.serial));
        while let Some(offered) = held.pop() {
            drop_caught(offered, "a resource");
        }
    }

    fn missing(&self, need: &ResourceKey) -> ResourceError {
        let mut registered: Vec<String> = self.0.values().map(|entry| entry.need.name_beside(need)).collect();
        registered.sort();
        let alike = self.0.values().any(|entry| entry.need.short_name() == need.short_name());
        let resource = if alike { (need.name)().to_owned() } else { need.short_name() };
        ResourceError::Missing { resource, registered }
    }
}

/// Shows only the types: the values are private to the user.
impl std::fmt::Debug for Resources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut names: Vec<String> = self.0.values().map(|entry| entry.need.short_name()).collect();
        names.sort();
        f.debug_tuple("Resources").field(&names).finish()
    }
}
