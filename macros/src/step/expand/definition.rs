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
    let span = step.function.output().span();
    let stored = Stored::of_step(step, stand_in);
    let (value, error, assumed) = (stored.value(), stored.error(), stored.assumed());
    let (context, args) = if stand_in { (quote!(()), quote!(())) } else { types(step) };
    let coding = coding(step, stand_in);
    let same = if stand_in {
        quote!(::core::option::Option::None)
    } else {
        comparison(&quote_spanned!(span=> Self::Output), span)
    };
    let spec = quote!(::steadfast::__private::StepSpec::of(#name, #coding, #same, __steadfast_body));
    let options = options(step, &same, stand_in);
    let spec = if options.is_empty() { spec } else { quote!(::steadfast::__private::StepSpec { #options ..#spec }) };
    let body = body(step, stand_in);
    // Spanned at the return type, so that one that cannot be stored causes one error, however often it is named.
    let implementation = quote_spanned! {span=>
        #[automatically_derived]
        #[allow(unused_lifetimes, clippy::all, clippy::pedantic, reason = "of the bounds")]
        impl ::steadfast::__private::StepDef for #ident
        where
            #assumed
        {
            type Context = #context;
            type Args = #args;
            type Output = #value;
            type Error = #error;

            const SPEC: ::steadfast::__private::StepSpec<Self::Args, Self::Output, Self::Error> = #spec;
        }
    };
    quote! {
        #cfg
        #allowed
        const _: () = {
            #body
            #implementation
        };
    }
}

/// Generates the fields that a step has by its attribute and its parameters.
fn options(step: &Step, same: &TokenStream, stand_in: bool) -> TokenStream {
    let policy = policy(step).map(|policy| quote!(policy: #policy,));
    let blocking = step.options.blocking.then(|| quote!(blocking: true,));
    let store = step.options.store.as_ref().map(|store| quote!(store: ::core::option::Option::Some(#store),));
    let remote = remote(step, stand_in);
    let roles = roles(step).map(|roles| quote!(roles: #roles,));
    if stand_in {
        return quote!(#policy #blocking #store #roles #remote);
    }
    let resources = resources(step).map(|resources| quote!(resources: #resources,));
    let state = state(step).map(|state| quote!(state: #state,));
    let ending = is_final(step);
    let ending = ending.map(|is_final| quote!(ending: ::steadfast::__private::Ending::new(#same, #is_final),));
    quote!(#policy #blocking #store #roles #remote #resources #state #ending)
}

/// Generates how the step runs in another process.
fn remote(step: &Step, stand_in: bool) -> Option<TokenStream> {
    let queue = step.options.queue.as_ref()?;
    let remote = match &step.context {
        Some(context) if !stand_in => {
            let ty = &context.reference.elem;
            // A type that is not a context gets one error, from the check of contexts.
            let context = quote_spanned!(ty.span()=> RemoteContextOf::<#ty>::CONTEXT);
            quote!({
                #[allow(unused_imports, reason = "of a type that is a context, the constant is its own")]
                use ::steadfast::__private::OtherwiseRemoteContext as _;
                ::steadfast::__private::Remote::reading(#queue, ::steadfast::__private::#context)
            })
        }
        _ => quote!(::steadfast::__private::Remote::alone(#queue)),
    };
    Some(quote!(remote: ::core::option::Option::Some(#remote),))
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

/// Generates the checks of the types of a step, as statements.
pub(super) fn checks(step: &Step, stand_in: bool) -> TokenStream {
    let is_context = if stand_in { None } else { is_context(step) };
    let checks = Stored::of_step(step, stand_in).checks();
    quote!(#checks #is_context)
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
        let _: #value = <#ty as ::steadfast::__private::#context>::#name;
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

/// Generates the function that runs the user's function to the attempt's outcome.
fn body(step: &Step, stand_in: bool) -> TokenStream {
    let span = step.function.output().span();
    let stored = Stored::of_step(step, stand_in);
    let (value, error) = (stored.value(), stored.error());
    let args_type = if stand_in { quote!(()) } else { types(step).1 };
    let assumed = stored.assumed_of_taken();
    // Spanned at the call site of the functions, not at a type of the user.
    let [args, inputs, ending] = [quote!(args), quote!(inputs), quote!(ending)];
    let run = if stand_in {
        quote!(::core::unimplemented!())
    } else if step.tx.is_some() {
        quote!(::core::unreachable!("a transaction runs within a commit"))
    } else {
        let mut ident = step.function.ident().clone();
        ident.set_span(span);
        let context = quote!(::steadfast::__private::StepInputs::context(&#inputs));
        let Called { bind, outcome } = Called::of(step, &quote_spanned!(span=> #ident::direct), &args, &context);
        quote_spanned! {span=>
            ::steadfast::__private::boxed(::std::boxed::Box::new(async move {
                #bind
                ::steadfast::__private::Ending::of(
                    #ending,
                    &#inputs,
                    ::steadfast::__private::Returned::into_result(#outcome),
                )
            }))
        }
    };
    quote_spanned! {span=>
        #[allow(unused_variables, unused_lifetimes, clippy::all, clippy::pedantic, reason = "a step without arguments, and the bounds")]
        fn __steadfast_body(
            #args: #args_type,
            #inputs: ::steadfast::__private::StepInputs,
            #ending: &'static ::steadfast::__private::Ending<#value, #error>,
        ) -> ::steadfast::__private::BoxFuture<'static, ::steadfast::__private::AttemptOutcome>
        where
            #assumed
        {
            #run
        }
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
            #[allow(unused_imports, reason = "for a type that cannot be compared")]
            use ::steadfast::__private::Incomparable as _;
            ::steadfast::__private::Comparison::<#ty>::SAME
        }
    }
}

/// Generates the constant by which the runtime compares a value with its decoded one. Spanned at the type, so that one that
/// cannot be stored causes no further error.
pub(crate) fn same(name: &Ident, ty: &TokenStream, span: Span) -> TokenStream {
    let same = comparison(ty, span);
    quote_spanned! {span=>
        const #name: ::core::option::Option<::steadfast::__private::Same<#ty>> = #same;
    }
}

/// Generates the function that returns whether an error ends the step at once.
pub(crate) fn is_final(step: &Step) -> Option<TokenStream> {
    let unless = step.options.retry.as_ref()?.unless.as_ref()?;
    let call = quote_spanned!(unless.span()=> #unless(error));
    Some(quote!(|error| ::steadfast::__private::Failure::is_terminal(error) || #call))
}

/// Generates the roles of which the run's principal needs one.
pub(crate) fn roles(step: &Step) -> Option<TokenStream> {
    let roles = &step.options.roles;
    (!roles.is_empty()).then(|| quote!(&[#(#roles),*]))
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
    Some(quote_spanned!(ty.span()=> <#ty as ::steadfast::__private::HandleParameter>::state))
}

/// Generates the types of the resources.
pub(crate) fn resources(step: &Step) -> Option<TokenStream> {
    let needs = step.held().filter(|held| held.kind == Kind::Resource).map(|held| {
        let ty = held.ty();
        quote_spanned!(ty.span()=> ::steadfast::__private::ResourceKey::of::<#ty>())
    });
    let needs = needs.collect::<Vec<_>>();
    (!needs.is_empty()).then(|| quote!(&[#(#needs),*]))
}

/// Generates retries and time limit, if the step has any.
pub(crate) fn policy(step: &Step) -> Option<TokenStream> {
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
    (timeout.is_some() || retry.is_some())
        .then(|| quote!(::steadfast::__private::Policy { #timeout #retry ..::steadfast::__private::Policy::ONCE }))
}
