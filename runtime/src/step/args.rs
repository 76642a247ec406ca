//! How the arguments of a step are encoded and decoded.

use crate::codec::{ArgsReader, ArgsWriter, CodecError, StepArg};

/// Encodes arguments in canonical form.
type Encode<A> = fn(&A, Names, &mut ArgsWriter<'_>) -> Result<(), CodecError>;
/// Decodes recorded arguments.
type Decode<A> = fn(Names, &mut ArgsReader<'_>) -> Result<A, CodecError>;
/// The names of the arguments, for errors.
type Names = &'static [&'static str];

/// How the arguments of a step are encoded and decoded, as the macro generates it.
#[doc(hidden)]
#[derive(Debug)]
pub struct ArgsCoding<A> {
    names: Names,
    encode: Encode<A>,
    decode: Decode<A>,
}

impl<A> Clone for ArgsCoding<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for ArgsCoding<A> {}

impl<A> ArgsCoding<A> {
    /// Stands for arguments that cannot be stored, in a program that does not compile.
    pub(crate) const UNKNOWN: Self = Self {
        names: &[],
        encode: |_, _, _| unreachable!("these arguments cannot be stored"),
        decode: |_, _| unreachable!("these arguments cannot be stored"),
    };

    /// Arguments with functions of their own.
    pub const fn of(encode: Encode<A>, decode: Decode<A>) -> Self {
        Self { names: &[], encode, decode }
    }

    /// Encodes the arguments.
    ///
    /// # Errors
    /// An argument cannot be stored; the path begins with its name.
    pub fn encode(&self, args: &A, writer: &mut ArgsWriter<'_>) -> Result<(), CodecError> {
        (self.encode)(args, self.names, writer)
    }

    /// Decodes recorded arguments.
    ///
    /// # Errors
    /// They do not fit the current types.
    pub fn decode(&self, reader: &mut ArgsReader<'_>) -> Result<A, CodecError> {
        (self.decode)(self.names, reader)
    }
}

impl<A: PlainArgs> ArgsCoding<A> {
    /// Arguments of plain types, with these names.
    #[must_use]
    pub const fn plain(names: Names) -> Self {
        Self { names, encode: A::encode, decode: A::decode }
    }
}

/// Arguments of plain types, such as `u64` and `String`, which decode to themselves. So they need no functions for each
/// step: these are compiled once for all steps with arguments of the same types.
#[doc(hidden)]
pub trait PlainArgs: Sized {
    /// Encodes them.
    ///
    /// # Errors
    /// An argument cannot be stored; the path begins with its name.
    fn encode(&self, names: Names, writer: &mut ArgsWriter<'_>) -> Result<(), CodecError>;

    /// Decodes them.
    ///
    /// # Errors
    /// They do not fit the current types.
    fn decode(names: Names, reader: &mut ArgsReader<'_>) -> Result<Self, CodecError>;
}

macro_rules! plain {
    ($($argument:ident $index:tt),*) => {
        #[diagnostic::do_not_recommend]
        impl<$($argument: StepArg),*> PlainArgs for ($($argument,)*) {
            #[allow(unused_variables, unused_mut, reason = "there may be no argument")]
            fn encode(&self, names: Names, writer: &mut ArgsWriter<'_>) -> Result<(), CodecError> {
                let mut names = names.iter().copied();
                $( self.$index.write(names.next().unwrap_or_default(), writer)?; )*
                Ok(())
            }

            #[allow(unused_variables, unused_mut, reason = "there may be no argument")]
            fn decode(names: Names, reader: &mut ArgsReader<'_>) -> Result<Self, CodecError> {
                let mut names = names.iter().copied();
                Ok(($( $argument::read(names.next().unwrap_or_default(), reader)?, )*))
            }
        }
    };
}

plain!();
plain!(A 0);
plain!(A 0, B 1);
plain!(A 0, B 1, C 2);
plain!(A 0, B 1, C 2, D 3);
plain!(A 0, B 1, C 2, D 3, E 4);
plain!(A 0, B 1, C 2, D 3, E 4, F 5);
