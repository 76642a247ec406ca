//! Transient fields: their types, and how steps share their values.

/// The type of a transient field.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a transient field of a context",
    label = "steps run at the same time on several threads, so the field must be `Send + Sync + 'static`",
    note = "`Rc` and `RefCell` stay in one thread: write `Arc` and `Mutex`, or open the value in the step"
)]
// The lifetime is for generated code, which has this bound twice. It assumes `for<'a> Db: TransientValue<'a>`, which
// the compiler takes as given, and so finds no other fault of a context that holds a `Db`. And it checks one lifetime,
// which is the one error.
pub trait TransientValue<'a>: Send + Sync + Sized + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> TransientValue<'_> for T {}

/// Checks that the type can be that of a transient field.
#[doc(hidden)]
pub const fn check_transient<T: TransientValue<'static>>() {}

/// A wrapper that clones a value if it can be cloned. The `Clone` of the user's struct requires that already, so it
/// need not be reported twice.
#[doc(hidden)]
#[derive(Debug)]
pub struct Shared<'a, T>(pub &'a T);

impl<T: Clone> Shared<'_, T> {
    /// Returns the clone.
    #[must_use]
    pub fn share(&self) -> T {
        self.0.clone()
    }
}

/// The `share` of generated code for a type that is not `Clone`. Then a derived `Clone` is refused already; with one
/// written by hand, the build fails here.
#[doc(hidden)]
pub trait NotShared<T> {
    /// Fails to compile.
    fn share(&self) -> T;
}

impl<T> NotShared<T> for Shared<'_, T> {
    fn share(&self) -> T {
        const { panic!("the type of a transient field must be `Clone`: put it in an `Arc`") }
    }
}
