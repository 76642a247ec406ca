//! The items of a file, found by their keywords: parsing all of it would take longer than the macros in it.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The named items of a file.
#[derive(Default)]
pub(super) struct Outline {
    items: Vec<Item>,
    scopes: usize,
}

pub(super) struct Item {
    name: String,
    /// The number of the module, block or `impl` that holds it.
    pub(super) scope: usize,
    pub(super) holder: Holder,
    pub(super) kind: Kind,
    /// Whether it has an attribute of ours.
    pub(super) is_ours: bool,
    pub(super) has_cfg: bool,
    /// The hash of its tokens, if it is a function.
    hash: u64,
}

/// The kind of an item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    /// A struct or an enum.
    Data,
    /// An alias of a type, or a module.
    Other,
}

/// What holds an item.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Holder {
    /// A module or a block.
    #[default]
    Module,
    Impl,
    /// A trait, or an `impl` of one.
    Trait,
}

impl Outline {
    pub(super) fn of(file: TokenStream) -> Self {
        let mut outline = Self::default();
        outline.read(file, Holder::Module);
        outline
    }

    /// Finds a function by its name and tokens; `None` if the same one is in several scopes.
    pub(super) fn find(&self, name: &str, hash: u64) -> Option<&Item> {
        let mut found = self.items.iter().filter(|item| item.name == name && item.hash == hash);
        let first = found.next()?;
        found.all(|other| other.scope == first.scope).then_some(first)
    }

    /// Returns whether a name is always that of a struct or an enum.
    pub(super) fn is_data(&self, name: &str) -> bool {
        let mut kinds = self.items.iter().filter(|item| item.name == name).map(|item| item.kind).peekable();
        kinds.peek().is_some() && kinds.all(|kind| kind == Kind::Data)
    }

    /// Returns the other items of its name in its scope.
    pub(super) fn beside<'a>(&'a self, item: &'a Item) -> impl Iterator<Item = &'a Item> {
        let is_beside = |other: &&Item| other.scope == item.scope && other.name == item.name;
        self.items.iter().filter(is_beside).filter(|other| !std::ptr::eq(*other, item))
    }

    fn read(&mut self, tokens: TokenStream, holder: Holder) {
        let scope = self.scopes;
        self.scopes += 1;
        let mut item = Head::default();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            item.add(&token);
            match &token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    if let Some(TokenTree::Group(attribute)) =
                        tokens.next_if(|next| matches!(next, TokenTree::Group(_)))
                    {
                        item.attribute(&attribute);
                    }
                }
                TokenTree::Ident(word) => {
                    let next = tokens.peek();
                    item.word(&word.to_string(), next);
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => self.end(&mut item, scope, holder),
                TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
                    let within = std::mem::take(&mut item.holds);
                    let is_macro = item.is_macro;
                    self.end(&mut item, scope, holder);
                    if !is_macro {
                        self.read(body.stream(), within);
                    }
                }
                _ => {}
            }
        }
    }

    fn end(&mut self, head: &mut Head, scope: usize, holder: Holder) {
        let Head { named, is_ours, has_cfg, hasher, .. } = std::mem::take(head);
        if let Some((kind, name)) = named {
            let hash = hasher.map_or(0, |hasher| hasher.finish());
            self.items.push(Item { name, scope, holder, kind, is_ours, has_cfg, hash });
        }
    }
}

/// What was read of an item.
#[derive(Default)]
struct Head {
    named: Option<(Kind, String)>,
    /// What its braces hold.
    holds: Holder,
    /// Whether the next braces hold the tokens of a macro.
    is_macro: bool,
    is_ours: bool,
    has_cfg: bool,
    /// Of a function that is ours, from `fn` on.
    hasher: Option<DefaultHasher>,
}

impl Head {
    fn attribute(&mut self, attribute: &Group) {
        let words = attribute.stream().into_iter().take_while(|token| !matches!(token, TokenTree::Group(_)));
        let last = words.filter(|token| matches!(token, TokenTree::Ident(_))).last();
        match last.map(|word| word.to_string()).as_deref() {
            Some("step" | "workflow" | "transaction") => self.is_ours = true,
            Some("cfg" | "cfg_attr") => self.has_cfg = true,
            _ => {}
        }
    }

    fn word(&mut self, word: &str, next: Option<&TokenTree>) {
        self.is_macro = matches!(next, Some(TokenTree::Punct(punct)) if punct.as_char() == '!');
        let is_free = self.named.is_none() && self.holds == Holder::Module;
        let kind = match word {
            "impl" if is_free => {
                self.holds = Holder::Impl;
                return;
            }
            "trait" if is_free => {
                self.holds = Holder::Trait;
                return;
            }
            "for" if self.holds == Holder::Impl => {
                self.holds = Holder::Trait;
                return;
            }
            "fn" if is_free => Kind::Function,
            "struct" | "enum" if is_free => Kind::Data,
            "mod" | "type" if is_free => Kind::Other,
            _ => return,
        };
        if let Some(TokenTree::Ident(name)) = next {
            self.named = Some((kind, name.to_string().trim_start_matches("r#").to_owned()));
            if kind == Kind::Function && self.is_ours {
                self.hasher = Some(DefaultHasher::new());
                self.add(&TokenTree::Ident(proc_macro2::Ident::new("fn", name.span())));
            }
        }
    }

    /// Adds a token to the hash of a function.
    fn add(&mut self, token: &TokenTree) {
        if let Some(hasher) = &mut self.hasher {
            add(token, hasher);
        }
    }
}

/// Hashes the tokens of a function from `fn` on.
pub(super) fn hash(function: TokenStream) -> u64 {
    let mut hasher = DefaultHasher::new();
    let is_fn = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "fn");
    function.into_iter().skip_while(|token| !is_fn(token)).for_each(|token| add(&token, &mut hasher));
    hasher.finish()
}

fn add(token: &TokenTree, hasher: &mut DefaultHasher) {
    match token {
        TokenTree::Ident(word) => word.to_string().hash(hasher),
        TokenTree::Literal(literal) => literal.to_string().hash(hasher),
        TokenTree::Punct(punct) => punct.as_char().hash(hasher),
        TokenTree::Group(group) => {
            std::mem::discriminant(&group.delimiter()).hash(hasher);
            group.stream().into_iter().for_each(|token| add(&token, hasher));
        }
    }
}
