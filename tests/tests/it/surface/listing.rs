//! Lists one line for each public item: types with their fields and variants, functions, and trait implementations.

use super::sources::{Crate, ModulePath, Target, attributes, is_hidden, is_public, name_of};
use quote::ToTokens;
use std::collections::{BTreeMap, BTreeSet};
use syn::{Attribute, Fields, ImplItem, Item, ItemImpl, Signature, TraitItem, Type, Visibility};

/// The lines of a crate's public surface.
pub(super) struct Surface {
    lines: BTreeSet<String>,
    names: BTreeSet<String>,
}

/// A public item: its public path, and its definition.
struct Shown {
    at: String,
    module: ModulePath,
    name: String,
}

impl Surface {
    /// Returns the surface of a crate. Modules in `apart` are listed by the paths of their names alone, and do not
    /// count.
    pub(super) fn of(sources: &Crate, apart: &[&str]) -> Self {
        let (mut shown, mut surface) = (Vec::new(), Self { lines: BTreeSet::new(), names: BTreeSet::new() });
        surface.walk(sources, &[], apart, &mut shown);
        let mut impls: BTreeMap<(ModulePath, String), Vec<(&ModulePath, &ItemImpl)>> = BTreeMap::new();
        for (module, parsed) in &sources.modules {
            for item in &parsed.items {
                if let Item::Impl(block) = item
                    && let Some(path) = self_type(&block.self_ty)
                    && let Target::Ours(at, name) = sources.resolve(module, &path)
                {
                    impls.entry((at, name)).or_default().push((module, block));
                }
            }
        }
        let mut told = BTreeSet::new();
        for Shown { at, module, name } in shown {
            // An item with two paths is described at the first, which is the shorter.
            if !told.insert((module.clone(), name.clone())) {
                surface.lines.insert(format!("{at} (seen elsewhere too)"));
                continue;
            }
            surface.names.insert(at.clone());
            let named = |item: &&Item| !matches!(item, Item::Mod(_)) && name_of(item).as_deref() == Some(&name);
            for item in sources.modules[&module].items.iter().filter(named) {
                surface.item(&at, item);
            }
            for (_, block) in impls.get(&(module, name)).into_iter().flatten() {
                surface.block(&at, block);
            }
        }
        surface
    }

    fn walk(&mut self, sources: &Crate, path: &[String], apart: &[&str], shown: &mut Vec<Shown>) {
        let module = &sources.modules[path];
        let is_apart = path.iter().any(|part| apart.contains(&part.as_str()));
        let prefix: String = path.iter().flat_map(|part| [part, "::"]).collect();
        let mut below = Vec::new();
        for import in module.imports.iter().filter(|import| import.public) {
            let at = format!("{prefix}{}", import.name);
            match sources.resolve(path, &import.path) {
                Target::Ours(module, name) if !is_apart => shown.push(Shown { at, module, name }),
                Target::Foreign(whole) if !is_apart => {
                    self.names.insert(at.clone());
                    self.lines.insert(format!("{at} = {whole}"));
                }
                Target::Ours(..) | Target::Foreign(_) => drop(self.lines.insert(at)),
            }
        }
        for item in module.items.iter().filter(|item| is_public(item) && !is_hidden(attributes(item))) {
            let name = name_of(item).expect("public items have names");
            if let Item::Mod(_) = item {
                below.push([path, &[name]].concat());
                continue;
            }
            // Exported macros are in the root, wherever they are defined.
            let at = if matches!(item, Item::Macro(_)) { name.clone() } else { format!("{prefix}{name}") };
            if is_apart {
                self.lines.insert(at);
            } else {
                shown.push(Shown { at, module: path.to_vec(), name });
            }
        }
        for path in below {
            self.walk(sources, &path, apart, shown);
        }
    }

    /// Returns the names outside of the modules apart.
    pub(super) fn names(&self) -> Vec<String> {
        self.names.iter().cloned().collect()
    }

    /// Returns the lines in order.
    pub(super) fn to_text(&self) -> String {
        self.lines.iter().flat_map(|line| [line, "\n"]).collect()
    }

    fn line(&mut self, at: &str, text: &str) {
        self.lines.insert(format!("{at} : {}", tidy(text)));
    }

    fn item(&mut self, at: &str, item: &Item) {
        match item {
            Item::Struct(item) => {
                let generics = text(&item.generics);
                self.line(at, &format!("{}struct{generics}", attributes_of(&item.attrs)));
                self.fields(at, &item.fields, false);
            }
            Item::Enum(item) => {
                self.line(at, &format!("{}enum{}", attributes_of(&item.attrs), text(&item.generics)));
                for variant in &item.variants {
                    let at = format!("{at}::{}", variant.ident);
                    self.line(&at, &format!("{}variant", attributes_of(&variant.attrs)));
                    self.fields(&at, &variant.fields, true);
                }
            }
            Item::Trait(item) => {
                self.line(at, &format!("trait {} : {}", text(&item.generics), text(&item.supertraits)));
                for member in &item.items {
                    self.member(at, member);
                }
            }
            Item::Fn(item) => self.function(at, &item.sig),
            Item::Const(item) => self.line(at, &format!("const {}", text(&item.ty))),
            Item::Type(item) => self.line(at, &format!("type {} = {}", text(&item.generics), text(&item.ty))),
            item => self.line(at, if matches!(item, Item::Macro(_)) { "macro" } else { "item" }),
        }
    }

    fn fields(&mut self, at: &str, fields: &Fields, all: bool) {
        for (index, field) in fields.iter().enumerate() {
            if (all || matches!(field.vis, Visibility::Public(_))) && !is_hidden(&field.attrs) {
                let name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
                self.line(&format!("{at}.{name}"), &text(&field.ty));
            }
        }
    }

    fn member(&mut self, at: &str, member: &TraitItem) {
        match member {
            TraitItem::Fn(member) if !is_hidden(&member.attrs) => {
                let given = if member.default.is_some() { " (provided)" } else { "" };
                let at = format!("{at}::{}", member.sig.ident);
                self.line(&at, &format!("{}{given}", text(&member.sig)));
            }
            TraitItem::Const(member) if !is_hidden(&member.attrs) => {
                self.line(&format!("{at}::{}", member.ident), &format!("const {}", text(&member.ty)));
            }
            TraitItem::Type(member) if !is_hidden(&member.attrs) => {
                self.line(&format!("{at}::{}", member.ident), &format!("type : {}", text(&member.bounds)));
            }
            _ => {}
        }
    }

    fn function(&mut self, at: &str, signature: &Signature) {
        self.line(at, &text(signature));
    }

    fn block(&mut self, at: &str, block: &ItemImpl) {
        let conditions = text(&block.generics.where_clause);
        if let Some((implemented, _)) = &block.trait_ {
            let name = implemented.segments.last().expect("a path has an end").ident.to_string();
            if !is_hidden(&block.attrs) && !name.starts_with("Sealed") {
                let generics = text(&block.generics);
                let (of, whom) = (text(implemented), text(&block.self_ty));
                self.line(at, &format!("impl {generics} {of} for {whom} {conditions}"));
            }
            return;
        }
        for member in &block.items {
            match member {
                ImplItem::Fn(function)
                    if matches!(function.vis, Visibility::Public(_)) && !is_hidden(&function.attrs) =>
                {
                    self.line(&format!("{at}::{}", function.sig.ident), &text(&function.sig));
                }
                ImplItem::Const(constant)
                    if matches!(constant.vis, Visibility::Public(_)) && !is_hidden(&constant.attrs) =>
                {
                    self.line(&format!("{at}::{}", constant.ident), &format!("const {}", text(&constant.ty)));
                }
                _ => {}
            }
        }
    }
}

/// Returns the attributes that matter to users of an item: derives, `must_use`, `non_exhaustive`.
fn attributes_of(attributes: &[Attribute]) -> String {
    const TOLD: [&str; 3] = ["derive", "must_use", "non_exhaustive"];
    let told = attributes.iter().filter(|attribute| TOLD.iter().any(|name| attribute.path().is_ident(name)));
    told.map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) => format!("#[{}] ", text(&pair.path)),
        meta => format!("#[{}] ", text(meta)),
    })
    .collect()
}

/// Returns the path of the type that an `impl` is for.
fn self_type(kind: &Type) -> Option<Vec<String>> {
    match kind {
        Type::Path(path) => Some(path.path.segments.iter().map(|part| part.ident.to_string()).collect()),
        Type::Reference(reference) => self_type(&reference.elem),
        _ => None,
    }
}

fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

/// Formats tokens as a person writes them.
fn tidy(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (from, to) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        ("< ", "<"),
        (" <", "<"),
        (" ,", ","),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        ("& ", "&"),
        (" ;", ";"),
        ("[ ", "["),
        (" ]", "]"),
        (" : ", ": "),
        ("' ", "'"),
        ("# [", "#["),
        ("-> ", " -> "),
        ("-> ", "-> "),
        (", >", ">"),
        (", )", ")"),
        (",)", ")"),
        ("=>", "= >"),
        ("! ", "!"),
    ] {
        line = line.replace(from, to);
    }
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
