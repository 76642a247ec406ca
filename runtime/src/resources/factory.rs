//! Functions that create a resource from others.

use super::{ResourceKey, Resources};
use crate::error::Error;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// An async function that creates a resource: it takes up to six others as `Arc<..>`, and returns a `Result`.
///
/// Implemented for `async fn connect() -> Result<Db>`, `async fn open(db: Arc<Db>) -> Result<Index>`, and closures of
/// that kind. The error is any that `?` turns into a [`steadfast::Error`](Error).
#[diagnostic::on_unimplemented(
    message = "this does not make a resource",
    label = "expected an async function that returns a `Result`",
    note = "write `async fn open() -> Result<Db>`, or with others that it needs: `async fn open(config: Arc<Config>) -> Result<Db>`; a value that is there already goes to `.resource(..)`",
    note = "what it makes, its future and what it holds are `Send`, because any thread may run it; the resource and the function are `Sync`"
)]
pub trait ResourceFactory<Needs>: Send + Sync + 'static {
    /// The resource that it creates.
    type Resource: Send + Sync + 'static;

    /// Returns the resources that it takes.
    #[doc(hidden)]
    fn needs() -> Vec<ResourceKey>;

    /// Runs the factory.
    ///
    /// # Errors
    /// A resource that it takes is not available, or the factory failed.
    #[doc(hidden)]
    fn make(self: Arc<Self>, resources: Resources) -> BoxFuture<'static, Result<Arc<Self::Resource>, Error>>;
}

macro_rules! factories {
    ($(($($need:ident $value:ident),*))*) => {$(
        #[diagnostic::do_not_recommend]
        impl<F, Made, R, E, $($need),*> ResourceFactory<($($need,)*)> for F
        where
            F: Fn($(Arc<$need>),*) -> Made + Send + Sync + 'static,
            Made: Future<Output = Result<R, E>> + Send + 'static,
            R: Send + Sync + 'static,
            E: Into<Error>,
            $($need: Send + Sync + 'static,)*
        {
            type Resource = R;

            fn needs() -> Vec<ResourceKey> {
                vec![$(ResourceKey::of::<$need>()),*]
            }

            #[allow(unused_variables, reason = "a factory that needs nothing")]
            fn make(self: Arc<Self>, resources: Resources) -> BoxFuture<'static, Result<Arc<R>, Error>> {
                Box::pin(async move {
                    $(let $value = resources.get::<$need>().await?;)*
                    self($($value),*).await.map(Arc::new).map_err(Into::into)
                })
            }
        }
    )*};
}

factories! {
    ()
    (A a)
    (A a, B b)
    (A a, B b, C c)
    (A a, B b, C c, D d)
    (A a, B b, C c, D d, G g)
    (A a, B b, C c, D d, G g, H h)
}
