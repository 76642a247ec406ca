//! Transient fields: what may be one, and how steps share its value.

/// The type of a transient field.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a transient field of a context",
    label = "steps run at the same time on several threads, so the field must be `Send + Sync + 'static`",
    note = "`Rc` and `RefCell` stay in one thread: write `Arc` and `Mutex`, or open the value in the step"
)]
// The lifetime is for generated code, which asks twice. It assumes `for<'a> Db: TransientValue<'a>`, which the compiler
// takes as given, and so finds nothing else wrong with a context that holds a `Db`; and it checks one lifetime, which is
// the one error.
pub trait TransientValue<'a>: Send + Sync + Sized + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> TransientValue<'_> for T {}

/// Asks whether the type may be that of a transient field.
#[doc(hidden)]
pub const fn check_transient<T: TransientValue<'static>>() {}

/// Clones a value if it can be cloned; that it can is asked by the `Clone` of the user's struct, and need not be said
/// twice.
#[doc(hidden)]
#[derive(Debug)]
pub struct Shared<'a, T>(pub &'a T);

impl<T: Clone> Shared<'_, T> {
    /// The clone.
    #[must_use]
    pub fn share(&self) -> T {
        self.0.clone()
    }
}

/// What generated code means by `share` where the type is not `Clone`. A derived `Clone` has been refused then; with
/// one written by hand the program does not build.
#[doc(hidden)]
pub trait NotShared<T> {
    /// Nothing.
    fn share(&self) -> T;
}

impl<T> NotShared<T> for Shared<'_, T> {
    fn share(&self) -> T {
        const { panic!("the type of a transient field must be `Clone`: put it in an `Arc`") }
    }
}
