//! The encoding of one run's fields: their stores and their secrets.

use crate::field_store::{AnyFieldStore, FieldKey, FieldStoreError, FieldStoreErrorKind, content_hash_apart};
use crate::record::{RoutedValue, RunIdentity};
use crate::value::{Encoding, Pointer, Value};
use crate::vault::{self, Cipher, Location, Vault, VaultFault};
use data_encoding::HEXLOWER;
use std::collections::{BTreeMap, HashSet};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

/// The field stores of an engine, by the names that contexts use.
#[derive(Clone, Default)]
pub(crate) struct FieldStores {
    by_name: BTreeMap<String, Arc<dyn AnyFieldStore>>,
    /// The defaults that were saved, by workflow, store, field and hash.
    defaults: Arc<Mutex<HashSet<[String; 4]>>>,
    /// The store for every other name, in tests.
    pub(crate) any: Option<Arc<dyn AnyFieldStore>>,
}

impl Deref for FieldStores {
    type Target = BTreeMap<String, Arc<dyn AnyFieldStore>>;

    fn deref(&self) -> &Self::Target {
        &self.by_name
    }
}

impl FromIterator<(String, Arc<dyn AnyFieldStore>)> for FieldStores {
    fn from_iter<I: IntoIterator<Item = (String, Arc<dyn AnyFieldStore>)>>(stores: I) -> Self {
        Self { by_name: stores.into_iter().collect(), ..Self::default() }
    }
}

impl DerefMut for FieldStores {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.by_name
    }
}

/// The execution in the key of a default, which belongs to no run and is never collected. There is one content for each
/// default that a field ever had.
pub(crate) const OF_ALL_RUNS: &str = "00000000000000000000000000000000";

/// The attempt of a step that reads a value, by command index and number; `None` in a task that its body has spawned.
type Reader = Option<(u64, u32)>;

/// The stores and the vault of one run's fields.
pub(crate) struct Fields {
    database: String,
    run: Arc<RunIdentity>,
    stores: Arc<FieldStores>,
    vault: Arc<Vault>,
    /// The largest value that may be recorded, in bytes.
    largest: usize,
    /// The contents to which this run's journal points, by store, field and hash: they exist already.
    known: Mutex<HashSet<[String; 3]>>,
    /// The reasons why attempts of steps could not read a secret, whatever the step did with the error.
    unmet: Mutex<BTreeMap<Reader, VaultFault>>,
}

impl Fields {
    pub(crate) fn new(
        database: &str,
        run: Arc<RunIdentity>,
        stores: Arc<FieldStores>,
        cipher: Option<Arc<dyn Cipher>>,
        largest: usize,
    ) -> Arc<Self> {
        let vault = Vault::new(cipher, database, run.execution);
        Arc::new(Self {
            database: database.to_owned(),
            run,
            stores,
            vault,
            largest,
            known: Mutex::default(),
            unmet: Mutex::default(),
        })
    }

    /// Creates the vault of a run in this database.
    pub(crate) fn vault_of(&self, execution: [u8; 16]) -> Arc<Vault> {
        Vault::new(self.vault.cipher(), &self.database, execution)
    }

    /// Returns the same stores and keys for another run of this database.
    pub(crate) fn sibling(&self, run: RunIdentity) -> Arc<Self> {
        Self::new(&self.database, Arc::new(run), self.stores.clone(), self.vault.cipher(), self.largest)
    }

    pub(crate) fn run(&self) -> &Arc<RunIdentity> {
        &self.run
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Records that a step could not read a secret, which the step's own error may not show.
    pub(crate) fn note_fault(&self, reader: Reader) {
        if let Some(fault) = self.vault.take_fault() {
            self.unmet.lock().unwrap_or_else(PoisonError::into_inner).insert(reader, fault);
        }
    }

    /// Takes the reason why an attempt, which has ended, could not read a secret.
    pub(crate) fn take_unmet(&self, position: u64, attempt: u32) -> Option<VaultFault> {
        let mut unmet = self.unmet.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown = unmet.remove(&None);
        unmet.remove(&Some((position, attempt))).or(unknown)
    }

    /// Returns the coder for values of this run.
    pub(crate) const fn coder(self: &Arc<Self>) -> Coder<'_> {
        Coder(Some(self))
    }

    /// Returns the key of the content to which a pointer of this run points.
    pub(crate) fn key(&self, pointer: &Pointer) -> FieldKey {
        let Pointer { field, hash, shared, .. } = pointer;
        if *shared {
            return FieldKey {
                database: self.database.clone(),
                workflow: self.run.workflow.clone(),
                run: "default".to_owned(),
                execution: OF_ALL_RUNS.to_owned(),
                field: field.clone(),
                hash: hash.clone(),
            };
        }
        let execution = HEXLOWER.encode(&self.run.execution);
        FieldKey {
            database: self.database.clone(),
            workflow: self.run.workflow.clone(),
            run: self.run.id.clone(),
            execution,
            field: field.clone(),
            hash: hash.clone(),
        }
    }

    /// Records that the journal points to this content, so that it need not be saved again.
    pub(crate) fn note(&self, pointer: &Pointer) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(pointer.place());
    }

    fn is_known(&self, pointer: &Pointer) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&pointer.place())
    }

    fn default_of(&self, pointer: &Pointer) -> [String; 4] {
        let [store, field, hash] = pointer.place();
        [self.run.workflow.clone(), store, field, hash]
    }

    /// Returns whether another run of this engine has saved this default.
    fn is_shared(&self, pointer: &Pointer) -> bool {
        let defaults = || self.stores.defaults.lock().unwrap_or_else(PoisonError::into_inner);
        pointer.shared && defaults().contains(&self.default_of(pointer))
    }

    /// Saves a value in its store, unless it exists there, and returns a pointer to it.
    pub(crate) async fn save(&self, routed: &RoutedValue) -> Result<Value, FieldStoreError> {
        let store = self.store(routed.store)?;
        let hash = content_hash_apart(routed.value.bytes.clone()).await;
        let pointer = Pointer {
            store: routed.store.to_owned(),
            field: routed.field.clone().into_owned(),
            encoding: routed.value.encoding.as_str().to_owned(),
            bytes: routed.value.bytes.len(),
            hash,
            // A secret is sealed for its run, so its content cannot be shared.
            shared: routed.is_default && !routed.value.holds_secret(),
        };
        if !self.is_known(&pointer) && !self.is_shared(&pointer) {
            store.save(&self.key(&pointer), routed.value.bytes.clone()).await?;
            if pointer.shared {
                self.stores.defaults.lock().unwrap_or_else(PoisonError::into_inner).insert(self.default_of(&pointer));
            }
            self.note(&pointer);
        }
        Ok(pointer.to_value())
    }

    /// Loads the value that a pointer names.
    pub(crate) async fn load(&self, pointer: &Pointer) -> Result<Value, FieldStoreError> {
        let encoding = Encoding::parse(&pointer.encoding).ok_or_else(|| {
            let message = format!(
                "field `{}` was saved in the form `{}`, which this version does not know",
                pointer.field, pointer.encoding
            );
            FieldStoreError::new(FieldStoreErrorKind::Damaged, message)
        })?;
        let bytes = self.store(&pointer.store)?.load(&self.key(pointer)).await?;
        Ok(Value { encoding, bytes })
    }

    pub(crate) fn store(&self, name: &str) -> Result<&Arc<dyn AnyFieldStore>, FieldStoreError> {
        self.stores.get(name).or(self.stores.any.as_ref()).ok_or_else(|| {
            let message = format!(
                "the engine has no field store `{name}`: add `.field_store(\"{name}\", ..)` to the engine's builder"
            );
            FieldStoreError::new(FieldStoreErrorKind::Missing, message)
        })
    }
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fields").field("run", &self.run.id).finish_non_exhaustive()
    }
}

/// The run for which values are encoded or decoded, with its keys and limits.
#[derive(Clone, Copy, Debug)]
pub struct Coder<'a>(Option<&'a Arc<Fields>>);

impl<'a> Coder<'a> {
    /// The coder for no run: without keys, for values of any size.
    pub const NO_RUN: Self = Self(None);

    pub(crate) const fn new(fields: Option<&'a Arc<Fields>>) -> Self {
        Self(fields)
    }

    /// Returns the fields of the run, if there is one.
    pub(crate) fn fields(self) -> Option<Arc<Fields>> {
        self.0.cloned()
    }

    /// Returns the largest value that may be recorded, in bytes.
    pub(crate) fn largest(self) -> usize {
        self.0.map_or(usize::MAX, |fields| fields.largest)
    }

    /// Sets the location and the vault of the value that this thread encodes or decodes, until the guard is dropped:
    /// its secrets are sealed for that location and this run. Forgets an earlier fault that was recovered from, so that
    /// a later one belongs to this value.
    ///
    /// This is the only place that sets thread-local state for secrets: between the caller and a secret are serde, a
    /// format and the user's own types, and none of them passes arguments on.
    //
    // A guard and not a closure, which would be compiled again for each type of a program.
    pub(crate) fn at(self, location: Option<Location<'_>>) -> vault::thread::Coding {
        // A part of something that has a location has none.
        vault::thread::code(self.0.map(|fields| &fields.vault), location)
    }

    /// Begins a value that holds no secret, like [`at`](Self::at).
    pub(crate) fn without_secret(self) -> vault::thread::Coding {
        vault::thread::code_plain(self.0.map(|fields| &*fields.vault))
    }
}
