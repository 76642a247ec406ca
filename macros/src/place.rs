//! Where generated code stands for the compiler's messages, without belonging there.

use proc_macro2::Span;
use syn::spanned::Spanned;

/// The place of a user's token, with names resolved as everywhere in the generated code.
///
/// With the token's own span the names of generated variables would be looked up where the token comes from, which is
/// another place if the user writes the item with a `macro_rules!`.
pub(crate) trait Place {
    fn place(&self) -> Span;
}

impl<T: Spanned> Place for T {
    fn place(&self) -> Span {
        Span::call_site().located_at(self.span())
    }
}
