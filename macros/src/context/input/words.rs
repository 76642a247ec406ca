//! The options of `#[context(..)]`: their names, places and syntax.

use crate::faults::Faults;
use crate::name;
use crate::suggest;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path, Token};

/// The item that an attribute is on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Struct,
    Field,
}

/// Each option of the struct, and its syntax.
const OF_STRUCT: [(&str, &str); 3] = [
    ("name", "`#[context(name = \"order\")]`"),
    ("version", "`#[context(version = 2, migrate = from_v1)]`"),
    ("migrate", "`#[context(version = 2, migrate = from_v1)]`"),
];

/// Each option of a field, and its syntax.
const OF_FIELD: [(&str, &str); 8] = [
    ("default", "`#[context(default)]` or `#[context(default = value)]`"),
    ("store", "`#[context(store = \"blobs\")]`"),
    ("form", "`#[context(form = json)]`"),
    ("max_bytes", "`#[context(max_bytes = 1_000_000)]`"),
    ("alias", "`#[context(alias = \"old_name\")]`"),
    ("index", "`#[context(index)]`"),
    ("transient", "`#[context(transient)]`"),
    ("restore", "`#[context(transient, restore = open_db)]`"),
];

/// Accepted only to report it: a type says this.
const SECRET: &str = "secret";

/// The option that may be repeated: a field may have had several names.
const REPEATABLE: &str = "alias";

impl Place {
    const fn words(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Struct => &OF_STRUCT,
            Self::Field => &OF_FIELD,
        }
    }

    fn written(self, word: &str) -> Option<&'static str> {
        self.words().iter().find(|(known, _)| *known == word).map(|(_, written)| *written)
    }

    const fn other(self) -> Self {
        match self {
            Self::Struct => Self::Field,
            Self::Field => Self::Struct,
        }
    }
}

/// The known options of an item, with their places in the source.
#[derive(Default)]
pub(crate) struct Given(Vec<(String, Path)>);

impl Given {
    /// Returns the place of an option, if it is given.
    pub(crate) fn place(&self, word: &str) -> Option<&Path> {
        self.0.iter().find(|(given, _)| given == word).map(|(_, path)| path)
    }

    /// Returns all places of an option.
    pub(crate) fn places<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a Path> {
        self.0.iter().filter(move |(given, _)| given == word).map(|(_, path)| path)
    }
}

/// Reads all `#[context(..)]` of an item: only options of this place, and each once.
pub(super) fn read(attributes: &[Attribute], place: Place, faults: &Faults) -> (Given, Vec<(String, Meta)>) {
    let ours = attributes.iter().filter(|attribute| attribute.path().is_ident("context"));
    let help = "write `#[context(default)]` or `#[context(default = value)]` on a field, `#[context(name = \"order\")]` on the struct";
    let read = |attribute: &Attribute| attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let metas = ours.filter_map(|attribute| faults.read(read(attribute), help)).flatten();
    let (mut given, mut words) = (Given::default(), Vec::new());
    for meta in metas {
        let word = name::as_written(meta.path());
        let known = place.written(&word).is_some() || place == Place::Field && word == SECRET;
        if !known {
            unknown(&meta, &word, place, faults);
        } else if word != REPEATABLE && given.place(&word).is_some() {
            faults.add(meta.path(), format!("`{word}` is given twice"), "keep one of them");
        } else {
            given.0.push((word.clone(), meta.path().clone()));
            words.push((word, meta));
        }
    }
    (given, words)
}

fn unknown(meta: &Meta, word: &str, place: Place, faults: &Faults) {
    if let Some(written) = place.other().written(word) {
        let (belongs, here) = match place {
            Place::Struct => ("a field", "the struct"),
            Place::Field => ("the struct", "a field"),
        };
        let help = format!("write {written} above {belongs}");
        faults.add(meta.path(), format!("`{word}` is said of {belongs}, not of {here}"), help);
    } else if word == SECRET {
        let help = "write it at the field: `token: Secret<String>`";
        faults.add(meta.path(), "`secret` is said by the type of a field", help);
    } else if word == "after" {
        faults.add(meta.path(), "`after` is a part of `restore`", "write `restore(open_index, after = db)`");
    } else {
        let known = place.words().iter().map(|(word, _)| *word).collect::<Vec<_>>();
        let item = if place == Place::Struct { "a context" } else { "a field" };
        faults.add(meta.path(), format!("`{word}` is not an attribute of {item}"), suggest::help(word, &known));
    }
}

/// Reports a known option whose value is of the wrong kind.
pub(super) fn written_another_way(meta: &Meta, word: &str, faults: &Faults) {
    let written = Place::Struct.written(word).or_else(|| Place::Field.written(word)).unwrap_or("the word alone");
    faults.add(meta, format!("`{word}` is written another way"), format!("write {written}"));
}

/// Returns the text of `store = ".."`, if it is one and not empty.
pub(super) fn text(meta: &Meta) -> Option<&LitStr> {
    let Meta::NameValue(pair) = meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
    (!text.value().is_empty()).then_some(text)
}

/// Returns the path of `migrate = ..`, if it is one.
pub(super) fn path(meta: &Meta) -> Option<&syn::ExprPath> {
    let Meta::NameValue(pair) = meta else { return None };
    as_path(&pair.value)
}

/// Returns a path, even as a `macro_rules!` of the user passes it on.
pub(super) fn as_path(value: &Expr) -> Option<&syn::ExprPath> {
    match value {
        Expr::Path(path) => Some(path),
        Expr::Group(group) => as_path(&group.expr),
        _ => None,
    }
}

/// Returns the whole number of `version = ..`, if it is one in the range of the type.
pub(super) fn number<N: std::str::FromStr<Err: std::fmt::Display>>(meta: &Meta) -> Option<N> {
    let Meta::NameValue(pair) = meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) = &pair.value else { return None };
    number.base10_parse().ok()
}
