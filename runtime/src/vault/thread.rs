//! What secrets do on this thread, and where the value stands that is encoded or decoded.

use super::{Location, Vault, VaultFault};
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

/// What it means to write or read a secret.
#[derive(Clone)]
pub(crate) enum Mode {
    /// Outside of steadfast: never written, and read from a plain value.
    Plain,
    /// Written and read as tokens of this vault.
    Sealed(Arc<Vault>),
    /// Written as a placeholder.
    Redacted,
    /// Written and read as the value itself.
    Exposed,
}

/// The places that were named, one after the other in one text; the innermost begins at `innermost`.
struct Places {
    text: String,
    innermost: usize,
}

/// What a secret finds by itself. Between the code that encodes or decodes a value and the secret in it are serde, a format
/// and the user's own types, and none of them hands anything on: so this is all that is not an argument, it is set around
/// the serializer and the deserializer only, and by guards that put back what was there before.
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

/// Puts the mode back that was before, when it is dropped; on the thread where it was made.
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
        // What is replaced may be the last of its vault, whose end is the user's code: not while the cell is borrowed.
        drop(replace(std::mem::replace(&mut self.before, Mode::Plain)));
    }
}

/// Runs `f`, in which a secret is written as a placeholder and cannot be read.
pub(crate) fn redacting<R>(f: impl FnOnce() -> R) -> R {
    let _entered = enter(Mode::Redacted);
    f()
}

/// Runs `f`, in which a secret is written and read as the value itself.
pub(crate) fn exposing<R>(f: impl FnOnce() -> R) -> R {
    let _entered = enter(Mode::Exposed);
    f()
}

/// Until the guard is dropped, the value at a location is encoded or decoded on this thread. Of nested ones the innermost
/// counts, alone.
pub(crate) fn at(location: Location<'_>) -> Placed {
    let (kind, name) = location.parts();
    at_named(kind, name)
}

/// The same for any text.
#[cfg(test)]
pub(crate) fn at_text<R>(text: &str, f: impl FnOnce() -> R) -> R {
    let _placed = at_named(text, "");
    f()
}

/// Takes the place back that was named last, when it is dropped; on the thread where it was made.
#[must_use = "the place is left when this is dropped"]
pub(crate) struct Placed {
    length: usize,
    innermost: usize,
    of_this_thread: PhantomData<Rc<()>>,
}

impl Drop for Placed {
    fn drop(&mut self) {
        HERE.with(|here| {
            let mut places = here.places.borrow_mut();
            places.text.truncate(self.length);
            places.innermost = self.innermost;
        });
    }
}

// Nothing but a secret needs both in one text.
fn at_named(kind: &str, name: &str) -> Placed {
    HERE.with(|here| {
        let mut places = here.places.borrow_mut();
        let before = Placed { length: places.text.len(), innermost: places.innermost, of_this_thread: PhantomData };
        places.innermost = before.length;
        places.text.push_str(kind);
        places.text.push_str(name);
        before
    })
}

/// The place that was named last; empty if none was.
pub(crate) fn with_place<R>(f: impl FnOnce(&str) -> R) -> R {
    HERE.with(|here| {
        let places = here.places.borrow();
        f(&places.text[places.innermost..])
    })
}

/// Runs `f`, and says whether a secret was sealed or opened in it on this thread.
pub(crate) fn sealed_any<R>(f: impl FnOnce() -> R) -> (R, bool) {
    let before = (sealed(), opened());
    let result = f();
    (result, before != (sealed(), opened()))
}

/// A secret was sealed.
pub(crate) fn note_sealed() {
    HERE.with(|here| here.sealed.set(here.sealed.get() + 1));
}

/// A secret was opened.
pub(crate) fn note_opened() {
    HERE.with(|here| here.opened.set(here.opened.get() + 1));
}

/// How many secrets were sealed on this thread so far.
pub(crate) fn sealed() -> u64 {
    HERE.with(|here| here.sealed.get())
}

/// How many secrets were opened on this thread so far.
pub(crate) fn opened() -> u64 {
    HERE.with(|here| here.opened.get())
}

/// A secret of this vault was not written or read. A thread codes for one run at a time, and the caller is on it: a
/// fault that is kept in the vault instead would be that of another attempt of the run.
pub(crate) fn note_fault(vault: &Vault, fault: VaultFault) {
    HERE.with(|here| here.fault.replace(Some((vault, fault))));
}

/// The last fault of this vault on this thread, once.
pub(crate) fn take_fault(vault: &Vault) -> Option<VaultFault> {
    let fault = HERE.with(|here| here.fault.borrow_mut().take_if(|(owner, _)| std::ptr::eq(*owner, vault)));
    fault.map(|(_, fault)| fault)
}

/// Whether there is a fault that nobody has taken, of whatever vault.
pub(crate) fn has_fault() -> bool {
    HERE.with(|here| here.fault.borrow().is_some())
}

/// Whether nobody has said yet what happens to secrets.
pub(crate) fn is_plain() -> bool {
    is(|mode| matches!(mode, Mode::Plain))
}

/// Whether secrets are written as placeholders.
pub(crate) fn is_redacting() -> bool {
    is(|mode| matches!(mode, Mode::Redacted))
}

/// Whether secrets are written and read as they are.
pub(crate) fn is_exposing() -> bool {
    is(|mode| matches!(mode, Mode::Exposed))
}
