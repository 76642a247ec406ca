//! Comparison of types as they are written: a macro cannot resolve names.

use crate::name;
use syn::Type;
use syn::visit::{self, Visit};

/// Returns whether a type is among others.
pub(crate) fn is_in(types: &[&Type], ty: &Type) -> bool {
    types.iter().any(|known| name::as_written(*known) == name::as_written(ty))
}

/// Returns whether a type names another one, or is it.
pub(crate) fn holds(ty: &Type, other: &Type) -> bool {
    struct Finder<'w>(&'w Type, bool);
    impl<'ast> Visit<'ast> for Finder<'_> {
        fn visit_type(&mut self, ty: &'ast Type) {
            self.1 |= name::as_written(ty) == name::as_written(self.0);
            visit::visit_type(self, ty);
        }
    }
    let mut finder = Finder(other, false);
    finder.visit_type(ty);
    finder.1
}
