//! The mode of secrets on this thread, and the location of the value that is encoded or decoded.

use super::{Location, Vault, VaultFault};
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

/// The handling of secrets.
#[derive(Clone)]
pub(crate) enum Mode {
    /// Outside of steadfast: refused when written, and read from a plain value.
    Plain,
    /// Written and read as tokens of this vault.
    Sealed(Arc<Vault>),
    /// Written as a placeholder.
    Redacted,
    /// Written and read as the value itself.
    Exposed,
}

/// The locations of all guards, one after the other in one text; the innermost begins at `innermost`.
struct Places {
    text: String,
    innermost: usize,
}

/// The state that a secret reads from its thread. Between the code that encodes a value and a secret in it are serde, a
/// format and the user's own types, and none of them passes arguments on. So this state is not an argument; it is set
/// around the serializer and the deserializer only, by guards that restore the previous state.
struct Here {
    mode: RefCell<Mode>,
    places: RefCell<Places>,
    sealed: Cell<u64>,
    opened: Cell<u64>,
    fault: RefCell<Option<(*const Vault, VaultFault)>>,
}

thread_local! {
    static HERE: Here = const {
        Here {
            mode: RefCell::new(Mode::Plain),
            places: RefCell::new(Places { text: String::new(), innermost: 0 }),
            sealed: Cell::new(0),
            opened: Cell::new(0),
            fault: RefCell::new(None),
        }
    };
}

pub(crate) fn mode() -> Mode {
    HERE.with(|here| here.mode.borrow().clone())
}

fn is(wanted: fn(&Mode) -> bool) -> bool {
    HERE.with(|here| wanted(&here.mode.borrow()))
}

fn replace(mode: Mode) -> Mode {
    HERE.with(|here| here.mode.replace(mode))
}

/// A guard that restores the previous mode when it is dropped, on the thread that created it.
#[must_use = "the mode is left when this is dropped"]
pub(crate) struct Entered {
    before: Mode,
    of_this_thread: PhantomData<Rc<()>>,
}

pub(crate) fn enter(mode: Mode) -> Entered {
    Entered { before: replace(mode), of_this_thread: PhantomData }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // The replaced mode may be the last owner of its vault, whose drop is code of the user: not while the cell is
        // borrowed.
        drop(replace(std::mem::replace(&mut self.before, Mode::Plain)));
    }
}

/// Runs `f`, in which secrets are written as placeholders and cannot be read.
pub(crate) fn redacting<R>(f: impl FnOnce() -> R) -> R {
    let _entered = enter(Mode::Redacted);
    f()
}

/// Runs `f`, in which secrets are written and read as plain values.
pub(crate) fn exposing<R>(f: impl FnOnce() -> R) -> R {
    let _entered = enter(Mode::Exposed);
    f()
}

/// Sets vault and location of the value that this thread encodes or decodes, until the guard is dropped. A mode that
/// was set before is kept, and of nested locations only the innermost counts. Forgets an earlier fault of this vault.
pub(crate) fn code(vault: Option<&Arc<Vault>>, location: Option<Location<'_>>) -> Coding {
    set(vault, location.map(Location::parts))
}

/// Begins a value that neither reads nor changes the state of this thread: like [`code`], it only forgets an earlier
/// fault of this vault.
pub(crate) fn code_plain(vault: Option<&Vault>) -> Coding {
    if let Some(vault) = vault {
        HERE.with(|here| {
            if matches!(*here.mode.borrow(), Mode::Plain) {
                here.fault.borrow_mut().take_if(|(owner, _)| std::ptr::eq(*owner, vault));
            }
        });
    }
    Coding { entered: false, places: None, of_this_thread: PhantomData }
}

/// Sets any text as the location.
#[cfg(test)]
pub(crate) fn at_text<R>(text: &str, f: impl FnOnce() -> R) -> R {
    let _coding = set(None, Some((text, "")));
    f()
}

/// A guard that restores what was set before [`code`] when it is dropped, on the thread that created it.
#[must_use = "the location is left when this is dropped"]
pub(crate) struct Coding {
    /// Whether the vault was set. Before, there was none.
    entered: bool,
    /// The length of the places before, and where the innermost of them began.
    places: Option<(usize, usize)>,
    of_this_thread: PhantomData<Rc<()>>,
}

impl Drop for Coding {
    fn drop(&mut self) {
        if !self.entered && self.places.is_none() {
            return;
        }
        HERE.with(|here| {
            if let Some((length, innermost)) = self.places {
                let mut places = here.places.borrow_mut();
                places.text.truncate(length);
                places.innermost = innermost;
            }
            if self.entered {
                // Dropping the replaced mode may drop its vault, and so run the user's code: not while the cell is
                // borrowed.
                drop(here.mode.replace(Mode::Plain));
            }
        });
    }
}

// One access of the thread-local for each value of each step. Only a secret needs kind and name as one text.
fn set(vault: Option<&Arc<Vault>>, place: Option<(&str, &str)>) -> Coding {
    HERE.with(|here| {
        let vault = vault.filter(|_| matches!(*here.mode.borrow(), Mode::Plain));
        if let Some(vault) = vault {
            here.fault.borrow_mut().take_if(|(owner, _)| std::ptr::eq(*owner, &raw const **vault));
            here.mode.replace(Mode::Sealed(Arc::clone(vault)));
        }
        let places = place.map(|(kind, name)| {
            let mut places = here.places.borrow_mut();
            let before = (places.text.len(), places.innermost);
            places.innermost = before.0;
            places.text.push_str(kind);
            places.text.push_str(name);
            before
        });
        Coding { entered: vault.is_some(), places, of_this_thread: PhantomData }
    })
}

/// Calls `f` with the current location; empty if there is none.
pub(crate) fn with_place<R>(f: impl FnOnce(&str) -> R) -> R {
    HERE.with(|here| {
        let places = here.places.borrow();
        f(&places.text[places.innermost..])
    })
}

/// Runs `f`, and returns whether it sealed or opened a secret on this thread.
pub(crate) fn sealed_any<R>(f: impl FnOnce() -> R) -> (R, bool) {
    let before = (sealed(), opened());
    let result = f();
    (result, before != (sealed(), opened()))
}

/// Counts a sealed secret.
pub(crate) fn note_sealed() {
    HERE.with(|here| here.sealed.set(here.sealed.get() + 1));
}

/// Counts an opened secret.
pub(crate) fn note_opened() {
    HERE.with(|here| here.opened.set(here.opened.get() + 1));
}

/// Returns the number of secrets sealed on this thread.
pub(crate) fn sealed() -> u64 {
    HERE.with(|here| here.sealed.get())
}

/// Returns the number of secrets opened on this thread.
pub(crate) fn opened() -> u64 {
    HERE.with(|here| here.opened.get())
}

/// Records that a secret of this vault was not written or read. A thread codes for one run at a time, and the caller is
/// on it. In the vault, the fault could be that of another attempt of the run.
pub(crate) fn note_fault(vault: &Vault, fault: VaultFault) {
    HERE.with(|here| here.fault.replace(Some((vault, fault))));
}

/// Takes the last fault of this vault on this thread.
pub(crate) fn take_fault(vault: &Vault) -> Option<VaultFault> {
    let fault = HERE.with(|here| here.fault.borrow_mut().take_if(|(owner, _)| std::ptr::eq(*owner, vault)));
    fault.map(|(_, fault)| fault)
}

/// Returns whether secrets are written as placeholders.
pub(crate) fn is_redacting() -> bool {
    is(|mode| matches!(mode, Mode::Redacted))
}

/// Returns whether secrets are written and read as plain values.
pub(crate) fn is_exposing() -> bool {
    is(|mode| matches!(mode, Mode::Exposed))
}
