//! What secrets do on this thread, and where the value stands that is encoded or decoded.

use super::{Vault, VaultFault};
use std::any::type_name;
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

/// What was said on this thread.
enum Said {
    Mode(Mode),
    /// Written and read as tokens of the vault that this gives, asked for each secret; outside of steadfast if there is none.
    Asked(fn() -> Option<Arc<Vault>>),
}

/// The places that were named, one after the other in one text; the innermost begins at `innermost`.
struct Places {
    text: String,
    innermost: usize,
}

thread_local! {
    static SAID: RefCell<Said> = const { RefCell::new(Said::Mode(Mode::Plain)) };
    static PLACES: RefCell<Places> = const { RefCell::new(Places { text: String::new(), innermost: 0 }) };
    static SEALED: Cell<u64> = const { Cell::new(0) };
    static OPENED: Cell<u64> = const { Cell::new(0) };
    static FAULT: RefCell<Option<(*const Vault, VaultFault)>> = const { RefCell::new(None) };
}

pub(crate) fn mode() -> Mode {
    let vault = SAID.with_borrow(|said| match said {
        Said::Mode(mode) => Err(mode.clone()),
        Said::Asked(vault) => Ok(*vault),
    });
    vault.map_or_else(|mode| mode, |vault| vault().map_or(Mode::Plain, Mode::Sealed))
}

/// Puts the mode back that was before, when it is dropped; on the thread where it was made.
#[must_use = "the mode is left when this is dropped"]
pub(crate) struct Entered {
    before: Said,
    of_this_thread: PhantomData<Rc<()>>,
}

pub(crate) fn enter(mode: Mode) -> Entered {
    say(Said::Mode(mode))
}

fn say(said: Said) -> Entered {
    Entered { before: SAID.replace(said), of_this_thread: PhantomData }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // What is replaced may be the last of its vault, whose end is the user's code: not while the cell is borrowed.
        drop(SAID.replace(std::mem::replace(&mut self.before, Said::Mode(Mode::Plain))));
    }
}

/// Until the guard is dropped, secrets are written and read on this thread as tokens of the vault that `vault` gives.
pub(crate) fn enter_asked(vault: fn() -> Option<Arc<Vault>>) -> Entered {
    say(Said::Asked(vault))
}

/// Runs `f`, in which a secret is written as a placeholder and cannot be read.
#[allow(dead_code, reason = "for what the engine shows to people")]
pub(crate) fn redacting<R>(f: impl FnOnce() -> R) -> R {
    let _entered = enter(Mode::Redacted);
    f()
}

/// Runs `f`, in which a secret is written and read as the value itself.
pub(crate) fn exposing<R>(f: impl FnOnce() -> R) -> R {
    let _entered = enter(Mode::Exposed);
    f()
}

/// Runs `f`, in which the value at `place` is encoded or decoded, such as `field:scan` or `args:charge`. Of nested places
/// the innermost counts, alone.
#[allow(dead_code, reason = "the engine names the places")]
pub(crate) fn at<R>(place: &str, f: impl FnOnce() -> R) -> R {
    at_named(place, "", f)
}

/// The same for a place of this kind with a name: nothing but a secret needs both in one text.
pub(crate) fn at_named<R>(kind: &str, name: &str, f: impl FnOnce() -> R) -> R {
    struct Left {
        length: usize,
        innermost: usize,
    }
    impl Drop for Left {
        fn drop(&mut self) {
            PLACES.with_borrow_mut(|places| {
                places.text.truncate(self.length);
                places.innermost = self.innermost;
            });
        }
    }
    let _left = PLACES.with_borrow_mut(|places| {
        let left = Left { length: places.text.len(), innermost: places.innermost };
        places.innermost = left.length;
        places.text.push_str(kind);
        places.text.push_str(name);
        left
    });
    f()
}

/// The place that was named last; empty if none was.
pub(crate) fn with_place<R>(f: impl FnOnce(&str) -> R) -> R {
    PLACES.with_borrow(|places| f(&places.text[places.innermost..]))
}

/// Runs `f`, and says whether a secret was sealed or opened in it on this thread.
#[allow(dead_code, reason = "the engine marks what holds secrets")]
pub(crate) fn sealed_any<R>(f: impl FnOnce() -> R) -> (R, bool) {
    let before = (sealed(), opened());
    let result = f();
    (result, before != (sealed(), opened()))
}

/// A secret was sealed.
pub(crate) fn note_sealed() {
    SEALED.set(SEALED.get() + 1);
}

/// A secret was opened.
pub(crate) fn note_opened() {
    OPENED.set(OPENED.get() + 1);
}

/// How many secrets were sealed on this thread so far.
pub(crate) fn sealed() -> u64 {
    SEALED.get()
}

/// How many secrets were opened on this thread so far.
pub(crate) fn opened() -> u64 {
    OPENED.get()
}

/// A secret of this vault was not written or read. A thread codes for one run at a time, and whoever asks is on it: a
/// fault that is kept in the vault instead would be that of another attempt of the run.
pub(crate) fn note_fault(vault: &Vault, fault: VaultFault) {
    FAULT.set(Some((vault, fault)));
}

/// The last fault of this vault on this thread, once.
pub(crate) fn take_fault(vault: &Vault) -> Option<VaultFault> {
    FAULT.with_borrow_mut(|fault| fault.take_if(|(owner, _)| std::ptr::eq(*owner, vault))).map(|(_, fault)| fault)
}

/// Whether there is a fault that nobody has taken, of whatever vault.
pub(crate) fn has_fault() -> bool {
    FAULT.with_borrow(Option::is_some)
}

/// Whether an error may show a JSON text that is no `T`: only if `T` cannot hold a secret.
///
/// A text that should be encrypted may stand there as it is, recorded before its type was a secret, also behind the place
/// where reading stopped.
pub(crate) fn may_be_shown<T>() -> bool {
    is_foreign(type_name::<T>())
}

/// Whether nobody has said yet what happens to secrets.
pub(crate) fn is_plain() -> bool {
    SAID.with_borrow(|said| matches!(said, Said::Mode(Mode::Plain)))
}

/// Whether secrets are written as placeholders.
pub(crate) fn is_redacting() -> bool {
    SAID.with_borrow(|said| matches!(said, Said::Mode(Mode::Redacted)))
}

/// Whether secrets are written and read as they are.
pub(crate) fn is_exposing() -> bool {
    SAID.with_borrow(|said| matches!(said, Said::Mode(Mode::Exposed)))
}

/// Whether a type is made only of those of libraries that know nothing of secrets.
fn is_foreign(name: &str) -> bool {
    const KNOWN: [&str; 6] = ["alloc", "bytes", "core", "serde_json", "std", "uuid"];
    let words = name.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
    words.filter_map(|word| word.split_once("::")).all(|(library, _)| KNOWN.contains(&library))
}

#[cfg(test)]
mod tests {
    use super::{is_foreign, type_name};
    use std::collections::BTreeMap;

    #[test]
    fn a_type_of_a_user_or_with_a_secret_is_not_shown() {
        struct Mine;
        type Plain = BTreeMap<Option<String>, (Vec<u8>, [char; 3], &'static str)>;
        assert!(is_foreign(type_name::<Plain>()));
        assert!(is_foreign(type_name::<(u64, bytes::Bytes, serde_json::Value, uuid::Uuid)>()));
        assert!(!is_foreign(type_name::<Option<Mine>>()));
        assert!(!is_foreign(type_name::<Vec<(u8, crate::Secret<u8>)>>()));
    }
}
