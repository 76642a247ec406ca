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
    attributes: Attributes,
    /// Whether it is among the tokens of a macro call, whose expansion is not known.
    in_macro: bool,
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

/// What the attributes of an item say of it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Attributes {
    /// All are known, and none makes it a context.
    #[default]
    Plain,
    /// There is one, or a derive, of which it is not known what it makes of the item.
    Unknown,
    /// It is there only under a condition.
    Conditional,
}

impl Item {
    /// Returns whether it is there only under a condition.
    pub(super) fn has_cfg(&self) -> bool {
        self.attributes == Attributes::Conditional
    }
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
        outline.read(file, Holder::Module, false);
        outline
    }

    /// Finds a function by its name and tokens; `None` if the same one is in several scopes or in a macro.
    pub(super) fn find(&self, name: &str, hash: u64) -> Option<&Item> {
        let mut found = self.items.iter().filter(|item| item.name == name && item.hash == hash);
        let first = found.next()?;
        (!first.in_macro && found.all(|other| other.scope == first.scope)).then_some(first)
    }

    /// Returns whether a name is that of a struct or an enum in a scope, and of nothing else.
    pub(super) fn is_data(&self, name: &str, scope: usize) -> bool {
        let mut items = self.items.iter().filter(|item| item.name == name).peekable();
        let is_data =
            |item: &Item| item.kind == Kind::Data && item.scope == scope && !(item.has_cfg() || item.in_macro);
        items.peek().is_some() && items.all(is_data)
    }

    /// Returns whether a name is that of a struct or an enum in a scope, of nothing else, and surely of no context.
    pub(super) fn is_plain_data(&self, name: &str, scope: usize) -> bool {
        self.is_data(name, scope) && {
            let mut items = self.items.iter().filter(|item| item.name == name);
            items.all(|item| item.attributes == Attributes::Plain)
        }
    }

    /// Returns the other items of its name in its scope.
    pub(super) fn beside<'a>(&'a self, item: &'a Item) -> impl Iterator<Item = &'a Item> {
        let is_beside = |other: &&Item| other.scope == item.scope && other.name == item.name;
        self.items.iter().filter(is_beside).filter(|other| !std::ptr::eq(*other, item))
    }

    fn read(&mut self, tokens: TokenStream, holder: Holder, in_macro: bool) {
        let scope = Scope { number: self.scopes, holder, in_macro };
        self.scopes += 1;
        let (mut item, mut in_generics) = (Head::default(), false);
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
                TokenTree::Punct(punct) if punct.as_char() == ';' => self.end(&mut item, scope),
                TokenTree::Group(group) if item.is_macro => {
                    item.is_macro = false;
                    self.read(group.stream(), Holder::Module, true);
                    if group.delimiter() == Delimiter::Brace {
                        self.end(&mut item, scope);
                    }
                }
                TokenTree::Group(body) if body.delimiter() == Delimiter::Brace && !in_generics => {
                    let within = std::mem::take(&mut item.holds);
                    self.end(&mut item, scope);
                    self.read(body.stream(), within, in_macro);
                }
                // A block in an argument may hold items too.
                TokenTree::Group(other) => self.read(other.stream(), Holder::Module, in_macro),
                _ => {}
            }
            // `X<{ N }>`
            in_generics = matches!(&token, TokenTree::Punct(punct) if matches!(punct.as_char(), '<' | ','));
        }
    }

    fn end(&mut self, head: &mut Head, scope: Scope) {
        let Head { named, is_ours, attributes, hasher, .. } = std::mem::take(head);
        if let Some((kind, name)) = named {
            let hash = hasher.map_or(0, |hasher| hasher.finish());
            let Scope { number: scope, holder, in_macro } = scope;
            self.items.push(Item { name, scope, holder, kind, is_ours, attributes, in_macro, hash });
        }
    }
}

/// Where items are read.
#[derive(Clone, Copy)]
struct Scope {
    number: usize,
    holder: Holder,
    in_macro: bool,
}

/// What was read of an item.
#[derive(Default)]
struct Head {
    named: Option<(Kind, String)>,
    /// What its braces hold.
    holds: Holder,
    /// Whether the next group holds the tokens of a macro.
    is_macro: bool,
    is_ours: bool,
    attributes: Attributes,
    /// Of a function that is ours, from `fn` on.
    hasher: Option<DefaultHasher>,
}

impl Head {
    fn attribute(&mut self, attribute: &Group) {
        let words = attribute.stream().into_iter().take_while(|token| !matches!(token, TokenTree::Group(_)));
        let last = words.filter(|token| matches!(token, TokenTree::Ident(_))).last();
        match last.map(|word| word.to_string()).as_deref() {
            Some("step" | "workflow" | "transaction") => self.is_ours = true,
            Some("cfg" | "cfg_attr") => self.attributes = Attributes::Conditional,
            _ if !is_known(attribute.stream()) => self.attributes = self.attributes.max(Attributes::Unknown),
            _ => {}
        }
    }

    fn word(&mut self, word: &str, next: Option<&TokenTree>) {
        let is_next = |sign| matches!(next, Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
        self.is_macro |= is_next('!');
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
            "for" if self.holds == Holder::Impl && !is_next('<') => {
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

/// Returns whether an attribute surely makes no context of its item.
fn is_known(attribute: TokenStream) -> bool {
    const DERIVES: [&str; 11] = [
        "Clone",
        "Copy",
        "Debug",
        "Default",
        "Deserialize",
        "Eq",
        "Hash",
        "Ord",
        "PartialEq",
        "PartialOrd",
        "Serialize",
    ];
    const MARKS: [&str; 8] = ["allow", "deny", "doc", "expect", "must_use", "non_exhaustive", "serde", "warn"];
    let mut tokens = attribute.into_iter();
    let word = tokens.next().map(|word| word.to_string()).unwrap_or_default();
    match tokens.next() {
        // Each derive is the last word before a comma.
        Some(TokenTree::Group(derives)) if word == "derive" => {
            let tokens = derives.stream().into_iter().collect::<Vec<_>>();
            let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
            let mut words = tokens.split(is_comma).filter_map(<[_]>::last);
            words.all(|word| DERIVES.contains(&word.to_string().as_str()))
        }
        _ => MARKS.contains(&word.as_str()),
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
