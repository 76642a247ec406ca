//! The modules of a crate, parsed from its sources, and the resolution of paths in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use syn::{Attribute, Item, ItemUse, UseTree, Visibility};

/// The path of a module from the root of the crate.
pub(super) type ModulePath = Vec<String>;

/// One name that a `use` brings into a module, and the path behind it.
pub(super) struct Import {
    pub(super) public: bool,
    pub(super) name: String,
    pub(super) path: Vec<String>,
}

/// The parsed items of one module.
pub(super) struct Module {
    pub(super) items: Vec<Item>,
    pub(super) imports: Vec<Import>,
}

/// All modules of a crate.
pub(super) struct Crate {
    pub(super) modules: BTreeMap<ModulePath, Module>,
}

/// The target of a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    /// An item of this crate: its module and its name.
    Ours(ModulePath, String),
    /// An item of another crate, by its whole path.
    Foreign(String),
}

impl Crate {
    /// Parses a crate from its root file on. Items that are compiled for tests only are left out.
    pub(super) fn read(root: &Path) -> Self {
        let mut modules = BTreeMap::new();
        let text = std::fs::read_to_string(root).expect("the root of the crate");
        let file = syn::parse_file(&text).expect("a root that parses");
        add(&mut modules, Vec::new(), file.items, root.parent().expect("a folder"));
        Self { modules }
    }

    /// Returns the target of a path that is written in a module.
    pub(super) fn resolve(&self, at: &[String], path: &[String]) -> Target {
        let (mut module, mut rest) = (at.to_vec(), path);
        match path.first().map(String::as_str) {
            Some("crate") => (module, rest) = (Vec::new(), &path[1..]),
            Some("self") => rest = &path[1..],
            Some("super") => {
                while rest.first().is_some_and(|part| part == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
            }
            Some(_) | None => {}
        }
        self.find(module, rest).unwrap_or_else(|| Target::Foreign(path.join("::")))
    }

    fn find(&self, mut module: ModulePath, path: &[String]) -> Option<Target> {
        let (name, modules) = path.split_last()?;
        for part in modules {
            module.push(part.clone());
            if !self.modules.contains_key(&module) {
                let import = self.import(&module[..module.len() - 1], part)?;
                let whole: Vec<String> = import.path.iter().chain(&path[path.len() - 1..]).cloned().collect();
                return Some(self.resolve(&module[..module.len() - 1], &whole));
            }
        }
        let here = self.modules.get(&module)?;
        if here.items.iter().any(|item| !matches!(item, Item::Mod(_)) && name_of(item).as_deref() == Some(name)) {
            return Some(Target::Ours(module, name.clone()));
        }
        let import = self.import(&module, name)?;
        Some(self.resolve(&module, &import.path))
    }

    fn import(&self, module: &[String], name: &str) -> Option<&Import> {
        self.modules.get(module)?.imports.iter().find(|import| import.name == *name && import.path != [name])
    }
}

fn add(modules: &mut BTreeMap<ModulePath, Module>, path: ModulePath, items: Vec<Item>, folder: &Path) {
    let mut module = Module { items: Vec::new(), imports: Vec::new() };
    for item in items {
        if attributes(&item).iter().any(for_tests) {
            continue;
        }
        match item {
            Item::Use(import) => module.imports.extend(imports(&import)),
            Item::Mod(inner) => {
                let name = inner.ident.to_string();
                let (below, folder) = ([path.as_slice(), std::slice::from_ref(&name)].concat(), folder.join(&name));
                let items = inner.content.clone().map_or_else(|| parsed(&folder), |(_, items)| items);
                add(modules, below, items, &folder);
                module.items.push(Item::Mod(inner));
            }
            item => module.items.push(item),
        }
    }
    modules.insert(path, module);
}

/// Parses the items of `folder.rs`.
fn parsed(folder: &Path) -> Vec<Item> {
    let file: PathBuf = folder.with_extension("rs");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())).items
}

/// Returns whether an attribute is `#[cfg(test)]`, `#[cfg(doctest)]` or `#[cfg(not(feature = ..))]`: its item is not in
/// a build with every feature.
fn for_tests(attribute: &Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return false };
    let condition = list.tokens.to_string();
    list.path.is_ident("cfg")
        && (condition.contains("test") && !condition.contains("testing") || condition.starts_with("not"))
}

fn imports(item: &ItemUse) -> Vec<Import> {
    fn walk(tree: &UseTree, mut path: Vec<String>, found: &mut Vec<(String, Vec<String>)>) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                walk(&part.tree, path, found);
            }
            UseTree::Name(name) if name.ident == "self" => {
                let last = path.last().expect("`self` in a group").clone();
                found.push((last, path));
            }
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                found.push((name.ident.to_string(), path));
            }
            UseTree::Rename(rename) => {
                path.push(rename.ident.to_string());
                found.push((rename.rename.to_string(), path));
            }
            UseTree::Glob(_) => found.push(("*".to_owned(), path)),
            UseTree::Group(group) => group.items.iter().for_each(|tree| walk(tree, path.clone(), found)),
        }
    }
    let mut found = Vec::new();
    walk(&item.tree, Vec::new(), &mut found);
    let public = matches!(item.vis, Visibility::Public(_));
    found.into_iter().map(|(name, path)| Import { public, name, path }).collect()
}

/// Returns the name of an item that has one.
pub(super) fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Mod(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Returns the attributes of an item.
pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Returns whether an item is visible outside its module.
pub(super) fn is_public(item: &Item) -> bool {
    let visibility = match item {
        Item::Const(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Mod(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Type(item) => &item.vis,
        Item::Macro(item) => return item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export")),
        _ => return false,
    };
    matches!(visibility, Visibility::Public(_))
}

/// Returns whether rustdoc hides the item.
pub(super) fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("doc")
            && matches!(&attribute.meta, syn::Meta::List(list) if list.tokens.to_string() == "hidden")
    })
}
