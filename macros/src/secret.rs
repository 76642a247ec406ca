//! Detects whether a type holds a secret, as far as the written type shows it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Returns an expression, evaluated at compile time: whether this type, or one written within it, is a secret. Aliases
/// are resolved.
pub(crate) fn holds(ty: &Type) -> TokenStream {
    let mut written = Written(Vec::new());
    written.visit_type(ty);
    if written.0.is_empty() {
        return quote!(false);
    }
    let asked =
        written.0.into_iter().map(|ty| quote_spanned!(ty.span()=> ::steadfast::__private::IsSecret::<#ty>::HOLDS));
    quote! {
        {
            #[allow(unused_imports, reason = "needed where the type is no secret")]
            use ::steadfast::__private::NoSecret as _;
            false #(|| #asked)*
        }
    }
}

/// Returns which of the types of input and result holds a secret, for `impl WorkflowDef`.
pub(crate) fn of_workflow(input: Option<&Type>, result: Option<&Type>) -> Option<TokenStream> {
    let asked = [(input, "input"), (result, "result")].into_iter().filter_map(|(ty, place)| {
        let holds = holds(ty.filter(|ty| !is_plain(ty))?);
        Some(quote!(if #holds { ::core::option::Option::Some(#place) } else))
    });
    let asked: Vec<_> = asked.collect();
    (!asked.is_empty()).then(|| {
        quote! {
            const SECRET: ::core::option::Option<&'static ::core::primitive::str> =
                #(#asked)* { ::core::option::Option::None };
        }
    })
}

/// The types that are written within one, except the plain ones.
struct Written<'a>(Vec<&'a Type>);

impl<'ast> Visit<'ast> for Written<'ast> {
    fn visit_type(&mut self, ty: &'ast Type) {
        if !is_plain(ty) {
            self.0.push(ty);
        }
        visit::visit_type(self, ty);
    }
}

/// Returns whether a type is one of the common plain types, which hold no secret.
pub(crate) fn is_plain(ty: &Type) -> bool {
    const PLAIN: [&str; 17] = [
        "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
        "f64", "String",
    ];
    matches!(ty, Type::Path(path) if path.qself.is_none() && PLAIN.iter().any(|plain| path.path.is_ident(plain)))
}
