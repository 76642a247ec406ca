//! The `impl StepDef`: names, types and policy for the runtime.

use super::super::attribute::Retry;
use super::super::input::{Held, Other, Step};
use crate::duration::Duration;
use crate::function::Function;
use crate::held::Kind;
use crate::name;
use crate::secret;
use crate::stored::Stored;
use crate::tried::tried;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

pub(crate) fn items(step: &Step, stand_in: bool) -> TokenStream {
    let (ident, name) = (step.function.ident(), &step.name);
    let (cfg, allowed) = (step.function.attributes.cfg(), step.function.attributes.allowed());
    let (policy, blocking) = (policy(step), step.options.blocking);
    let result = step.function.output();
    let span = result.span();
    let stored = Stored::of_step(step, stand_in);
    let (value, error, assumed, checks) = (stored.value(), stored.error(), stored.assumed(), stored.checks());
    let (context, args) = if stand_in { (quote!(()), quote!(())) } else { types(step) };
    let (resources, roles) = (if stand_in { None } else { resources(step) }, roles(step));
    let store = step.options.store.as_ref().map(|store| {
        quote! {
            const STORE: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::Some(#store);
        }
    });
    let state = if stand_in { None } else { state(step) };
    let run = if stand_in { quote!(::core::unimplemented!()) } else { body(step) };
    let coding = coding(step, stand_in);
    let same_output =
        (!stand_in).then(|| same(&format_ident!("same_output"), &quote_spanned!(span=> Self::Output), span));
    let is_final = is_final(step).filter(|_| !stand_in);
    let is_context = if stand_in { None } else { is_context(step) };
    let [parameter, inputs] = [quote!(args), quote!(inputs)];
    // Spanned at the return type, so that one that cannot be stored causes one error, however often it is named.
    let implementation = quote_spanned! {span=>
        #[automatically_derived]
        #[allow(unused_variables, unused_mut, unused_lifetimes, clippy::all, clippy::pedantic, reason = "a step without arguments")]
        impl ::steadfast::__private::StepDef for #ident
        where
            #assumed
        {
            const NAME: &'static ::core::primitive::str = #name;
            const POLICY: ::steadfast::__private::Policy = #policy;
            const BLOCKING: ::core::primitive::bool = #blocking;
            #store
            #resources
            #roles
            type Context = #context;
            type Args = #args;
            type Output = #value;
            type Error = #error;

            #state

            const ARGS: ::steadfast::__private::ArgsCoding<Self::Args> = #coding;

            #is_final
            #same_output

            fn body(
                #parameter: Self::Args,
                #inputs: ::steadfast::__private::StepInputs,
            ) -> ::steadfast::__private::BoxFuture<'static, ::steadfast::__private::AttemptOutcome> {
                #run
            }
        }
    };
    quote! {
        #cfg
        #allowed
        const _: () = {
            #is_context
            #checks
            #implementation
        };
    }
}

/// Returns the types of its context and of its arguments.
fn types(step: &Step) -> (TokenStream, TokenStream) {
    let types = step.arguments().map(|argument| &argument.ty);
    (context(step), quote!((#(#types,)*)))
}

/// Returns the type of the context that a step reads; `()` if it reads none.
pub(crate) fn context(step: &Step) -> TokenStream {
    let ty = step.context.as_ref().map(|context| &context.reference.elem);
    ty.map_or_else(|| quote!(()), |ty| quote!(#ty))
}

/// Generates the check that the type of the context is one.
fn is_context(step: &Step) -> Option<TokenStream> {
    let ty = &step.context.as_ref()?.reference.elem;
    let (context, name, value) = match step.tx {
        Some(_) => (quote!(StoredContext), quote!(NAME), quote!(&::core::primitive::str)),
        // With the name of the handle it may be that, which only its type can say.
        None if is_named_as_the_handle(ty) => (quote!(ContextOfStep), quote!(CHECK), quote!(())),
        None => (quote!(Declared), quote!(CHECK), quote!(())),
    };
    Some(quote_spanned!(ty.span()=>
        const _: #value = <#ty as ::steadfast::__private::#context>::#name;
    ))
}

fn is_named_as_the_handle(ty: &syn::Type) -> bool {
    Function::last_word(ty).is_some_and(|word| word == "Flow" || word == "Start")
}

/// Generates how the arguments are encoded and decoded.
fn coding(step: &Step, stand_in: bool) -> TokenStream {
    // Of so many arguments there is a `PlainArgs`.
    const MOST: usize = 6;
    let names = step.arguments().map(|argument| name::plain(&argument.name));
    if stand_in || (step.arguments().count() <= MOST && step.arguments().all(|argument| secret::is_plain(&argument.ty)))
    {
        let names = names.filter(|_| !stand_in);
        return quote!(::steadfast::__private::ArgsCoding::plain(&[#(#names),*]));
    }
    // Spanned at the call site of the functions, not at a type of the user.
    let [args, writer, reader] = [quote!(args), quote!(writer), quote!(reader)];
    let types = step.arguments().map(|argument| &argument.ty);
    let args_type = quote!((#(#types,)*));
    let parts = step.arguments().zip(names).enumerate().map(|(index, (argument, name))| {
        let ty = &argument.ty;
        let index = Literal::usize_unsuffixed(index);
        // Plain values decode to themselves, and are passed often, so they are not compared.
        let compare = (!secret::is_plain(ty)).then(|| {
            let same = comparison(&quote!(#ty), ty.span());
            quote_spanned!(ty.span()=>
                <#ty as ::steadfast::__private::StepArg>::compare(&#args.#index, #name, #same, #writer)?;
            )
        });
        let write = tried(&quote_spanned!(ty.span()=>
            <#ty as ::steadfast::__private::StepArg>::write(&#args.#index, #name, #writer)
        ));
        let read = tried(&quote_spanned!(ty.span()=>
            <#ty as ::steadfast::__private::StepArg>::read(#name, #reader)
        ));
        let (write, read) = (quote!(#write; #compare), quote!(#read,));
        (write, read)
    });
    let (write, read): (Vec<_>, Vec<_>) = parts.unzip();
    let names = quote!(_: &'static [&'static ::core::primitive::str]);
    let assumed = Stored::of_step(step, stand_in).assumed_of_given();
    quote! {
        {
            fn encode(
                #args: &#args_type,
                #names,
                #writer: &mut ::steadfast::__private::ArgsWriter<'_>,
            ) -> ::core::result::Result<(), ::steadfast::__private::CodecError>
            where
                #assumed
            {
                #(#write)*
                ::core::result::Result::Ok(())
            }

            fn decode(
                #names,
                #reader: &mut ::steadfast::__private::ArgsReader<'_>,
            ) -> ::core::result::Result<#args_type, ::steadfast::__private::CodecError>
            where
                #assumed
            {
                ::core::result::Result::Ok((#(#read)*))
            }

            ::steadfast::__private::ArgsCoding::of(encode, decode)
        }
    }
}

/// Generates what runs the user's function to the attempt's outcome.
fn body(step: &Step) -> TokenStream {
    if step.tx.is_some() {
        return quote!(::core::unreachable!("a transaction runs within a commit"));
    }
    // Spanned at the call site of the functions, not at a type of the user.
    let [args, inputs] = [quote!(args), quote!(inputs)];
    let span = step.function.output().span();
    let mut ident = step.function.ident().clone();
    ident.set_span(span);
    let context = quote!(::steadfast::__private::StepInputs::context(&#inputs));
    let Called { bind, outcome } = Called::of(step, &quote_spanned!(span=> #ident::direct), &args, &context);
    quote_spanned! {span=>
        ::steadfast::__private::boxed(::std::boxed::Box::new(async move {
            #bind
            ::steadfast::__private::StepInputs::end(
                &#inputs,
                ::steadfast::__private::Returned::into_result(#outcome),
                <Self as ::steadfast::__private::StepDef>::same_output(),
                <Self as ::steadfast::__private::StepDef>::IS_FINAL,
            )
        }))
    }
}

/// The call of the user's function in a body.
pub(crate) struct Called {
    /// The bindings of what the step takes of its run.
    pub(crate) bind: TokenStream,
    /// The call, whose value is the function's result.
    pub(crate) outcome: TokenStream,
}

impl Called {
    /// Generates the call of `function` with the arguments in the tuple `args`, the provided parameters, and its
    /// context if it reads one.
    pub(crate) fn of(step: &Step, function: &TokenStream, args: &TokenStream, context: &TokenStream) -> Self {
        let span = step.function.output().span();
        let name = |index| format_ident!("__{index}", span = Span::mixed_site());
        let others = || step.others.iter().enumerate();
        let held = others().filter_map(|(index, other)| match other {
            Other::Held(held) => Some(get(&name(index), held)),
            Other::Argument(_) => None,
        });
        let context = step.context.as_ref().map(|_| quote!(#context,));
        let mut arguments = 0;
        let passed = others().map(|(index, other)| match other {
            // Not bound to a name of its own, which each step would drop.
            Other::Argument(_) => {
                let field = Literal::usize_unsuffixed(arguments);
                arguments += 1;
                quote!(#args.#field)
            }
            Other::Held(_) => {
                let name = name(index);
                quote!(&#name)
            }
        });
        let call = quote_spanned!(span=> #function(#context #(#passed),*));
        Self {
            bind: quote!(#(#held)*),
            outcome: if step.options.blocking { call } else { quote_spanned!(span=> #call.await) },
        }
    }
}

/// Generates the comparison of a type's values, if it has one: a bound could not be optional.
fn comparison(ty: &TokenStream, span: Span) -> TokenStream {
    quote_spanned! {span=>
        {
            #[allow(unused_imports, reason = "one of the two is used")]
            use ::steadfast::__private::{Comparable as _, Incomparable as _};
            (&::steadfast::__private::Comparison::<#ty>::NEW).same()
        }
    }
}

/// Generates the function with which the runtime compares a value with its decoded one. Spanned at the type, so that
/// one that cannot be stored causes no further error.
pub(crate) fn same(name: &Ident, ty: &TokenStream, span: Span) -> TokenStream {
    let same = comparison(ty, span);
    quote_spanned! {span=>
        fn #name() -> ::core::option::Option<::steadfast::__private::Same<#ty>> {
            #same
        }
    }
}

/// Generates the function that returns whether an error ends the step at once.
pub(crate) fn is_final(step: &Step) -> Option<TokenStream> {
    let unless = step.options.retry.as_ref()?.unless.as_ref()?;
    let call = quote_spanned!(unless.span()=> #unless(error));
    Some(quote! {
        const IS_FINAL: fn(&Self::Error) -> ::core::primitive::bool =
            |error| ::steadfast::__private::Failure::is_terminal(error) || #call;
    })
}

/// Generates the roles of which the run's principal needs one.
pub(crate) fn roles(step: &Step) -> Option<TokenStream> {
    let roles = &step.options.roles;
    (!roles.is_empty()).then(|| quote!(const ROLES: &'static [&'static ::core::primitive::str] = &[#(#roles),*];))
}

/// Generates the binding of a provided parameter; a resource is an `Arc`.
pub(crate) fn get(name: &Ident, held: &Held) -> TokenStream {
    let (ty, inputs) = (held.ty(), quote!(inputs));
    match held.kind {
        Kind::Resource => quote_spanned!(ty.span()=>
            let #name: ::steadfast::__private::Arc<#ty> = ::steadfast::__private::StepInputs::resource(&#inputs);
        ),
        Kind::Session | Kind::Scope | Kind::State => quote_spanned!(ty.span()=>
            let #name = <#ty as ::steadfast::__private::HandleParameter>::of(&#inputs);
        ),
    }
}

/// Generates the shared state that the step takes.
pub(crate) fn state(step: &Step) -> Option<TokenStream> {
    let state = step.held().find(|held| held.kind == Kind::State)?;
    let ty = state.ty();
    let taken = quote_spanned!(ty.span()=> <#ty as ::steadfast::__private::HandleParameter>::state);
    Some(quote! {
        const STATE: fn() -> ::core::option::Option<::steadfast::__private::StateDef> = #taken;
    })
}

/// Generates the types of the resources.
pub(crate) fn resources(step: &Step) -> Option<TokenStream> {
    let needs = step.held().filter(|held| held.kind == Kind::Resource).map(|held| {
        let ty = held.ty();
        quote_spanned!(ty.span()=> ::steadfast::__private::ResourceKey::of::<#ty>())
    });
    let needs = needs.collect::<Vec<_>>();
    let need = quote!(::steadfast::__private::ResourceKey);
    (!needs.is_empty()).then(|| quote!(const RESOURCES: &'static [#need] = &[#(#needs),*];))
}

pub(crate) fn policy(step: &Step) -> TokenStream {
    let timeout = step.options.timeout.map(Duration::tokens);
    let timeout = timeout.map(|timeout| quote!(timeout: ::core::option::Option::Some(#timeout),));
    let retry = step.options.retry.as_ref().map(|retry| {
        let Retry { attempts, backoff, factor, max_backoff, jitter, .. } = retry;
        let attempts = attempts.map(|attempts| quote!(attempts: #attempts,));
        let factor = factor.map(|factor| quote!(factor: #factor,));
        let jitter = jitter.map(|jitter| quote!(jitter: #jitter,));
        // A first wait above the default of `max_backoff` is intended, and raises it.
        let longest = max_backoff.or(backoff.filter(|backoff| *backoff > Duration::MINUTE)).map(Duration::tokens);
        let longest = longest.map(|longest| quote!(max_backoff: #longest,));
        let backoff = backoff.map(Duration::tokens).map(|backoff| quote!(backoff: #backoff,));
        quote!(#attempts #backoff #factor #longest #jitter)
    });
    quote! {
        ::steadfast::__private::Policy { #timeout #retry ..::steadfast::__private::Policy::ONCE }
    }
}
