//! Sources of nondeterminism by type: a user's own type of the same name is none.
//!
//! The macro asks `Probe::<Instant>::NEW.kind()`, or for a type that may have parameters `Returned(&call).kind()`. For a type
//! listed here an inherent method answers; for every other type the method of [`AnyType`], which is found second. A trait
//! that a source does not have then names the fault.

use crate::context::{AnyType, Harmless};
use crate::lazy::Lazy;
use crate::step::StepDef;
use std::io;
use std::marker::PhantomData;
use tokio::runtime;

/// A type that is asked for its kind.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T> Probe<T> {
    /// A value to call a method on.
    pub const NEW: Self = Self(PhantomData);
}

impl<T> AnyType for Probe<T> {}

/// The value of a call that is asked for its kind.
#[derive(Debug)]
pub struct Returned<'a, T>(pub &'a T);

impl<T> AnyType for Returned<'_, T> {}

macro_rules! sources {
    ($($(#[$meta:meta])* $kind:ident $check:ident: $fault:literal, $help:literal,
        [$($source:ty),* $(,)?], returned [$($returned:ty),* $(,)?];)*) => { $(
        /// The kind of a source.
        #[derive(Debug)]
        pub struct $kind;

        $(#[$meta])*
        #[diagnostic::on_unimplemented(message = $fault, label = "not in the body of a workflow", note = $help)]
        #[allow(missing_docs, reason = "its message says it")]
        pub trait $check {
            /// Accepts it.
            fn check(&self) {}
        }

        #[diagnostic::do_not_recommend]
        impl $check for Harmless {}

        $( impl Probe<$source> {
            /// Returns its kind.
            #[must_use]
            pub const fn kind(&self) -> $kind {
                $kind
            }
        } )*

        $( impl Returned<'_, $returned> {
            /// Returns its kind.
            #[must_use]
            pub const fn kind(&self) -> $kind {
                $kind
            }
        } )*
    )* };
}

sources! {
    Clock NoClock:
        "the clock shows another time when the workflow is run again after a crash",
        "write `flow.now()`",
        [std::time::SystemTime, std::time::Instant, tokio::time::Instant], returned [];
    // A type of `tokio::time` stands for its module, and so below.
    Wait NoWait:
        "this wait is lost in a crash, and holds the workflow in memory",
        "write `flow.sleep(duration).await`",
        [tokio::time::Sleep, std::thread::AccessError], returned [];
    Task NoTask:
        "a task or thread of its own is not recorded: after a crash it is lost, or runs a second time",
        "call steps, and await several at once with `join!(..)` or `try_join!(..)`",
        [std::thread::ThreadId, tokio::task::JoinError],
        returned [std::thread::Builder, runtime::Builder, runtime::Handle, Result<runtime::Handle, runtime::TryCurrentError>,
            io::Result<runtime::Runtime>];
    Environment NoEnvironment:
        "the environment may be another one when the workflow is run again",
        "take the value as input, or read it in a step",
        [std::env::VarError], returned [];
    Outside NoOutside:
        "what is read or written here is not recorded, and happens again when the workflow is run again",
        "do it in a step: an `async fn` with `#[step]`, or `flow.run(\"name\", async move || ..).await?`",
        [std::fs::Metadata, std::process::ExitCode, io::Stdin],
        returned [io::Result<std::fs::File>, std::fs::OpenOptions, std::process::Command, io::Result<std::net::TcpStream>,
            io::Result<std::net::TcpListener>, io::Result<std::net::UdpSocket>];
}

impl<T> Returned<'_, tokio::task::JoinSet<T>> {
    /// Returns its kind.
    #[must_use]
    pub const fn kind(&self) -> Task {
        Task
    }
}

/// A type whose function `direct` is called in a workflow's body.
#[derive(Debug)]
pub struct Directly<T>(PhantomData<T>);

impl<T> Directly<T> {
    /// A value to call a method on.
    pub const NEW: Self = Self(PhantomData);
}

impl<T: StepDef> Directly<T> {
    /// Returns its kind.
    #[must_use]
    pub const fn kind(&self) -> Unrecorded {
        Unrecorded
    }
}

impl<T> AnyType for Directly<T> {}

/// The kind of a step that is called without the handle.
#[derive(Debug)]
pub struct Unrecorded;

/// The kinds of what a workflow may call directly.
#[diagnostic::on_unimplemented(
    message = "this runs the body of a step without recording it: it happens again when the workflow is run again",
    label = "for unit tests only",
    note = "call it with the handle, without `direct`: `charge(&flow, 5).await?`"
)]
pub trait Recorded {
    /// Accepts it.
    fn check(&self) {}
}

#[diagnostic::do_not_recommend]
impl Recorded for Harmless {}

/// A field of the context on which a method is called that loads a lazy field.
#[derive(Debug)]
pub struct Loading<'a, T>(pub &'a T);

impl<T: 'static> Loading<'_, Lazy<T>> {
    /// Returns its kind.
    #[must_use]
    pub const fn kind(&self) -> Loaded {
        Loaded
    }
}

impl<T> AnyType for Loading<'_, T> {}

/// The kind of a lazy field.
#[derive(Debug)]
pub struct Loaded;

/// The kinds of fields that a workflow may read.
#[diagnostic::on_unimplemented(
    message = "a workflow cannot read a lazy field: what it read would be in no history",
    label = "its value is in a store",
    note = "read it in a step, which returns what the workflow needs: `ctx.field.get().await?`"
)]
pub trait Readable {
    /// Accepts it.
    fn check(&self) {}
}

#[diagnostic::do_not_recommend]
impl Readable for Harmless {}
