//! The options of `#[context(..)]` on the struct.

use super::NameSelf;
use super::words::{self, Place};
use crate::faults::Faults;
use crate::name;
use syn::visit_mut::VisitMut;
use syn::{Attribute, ExprPath, Ident, Meta, Path};

/// The parsed options of the struct.
pub(super) struct Container {
    pub(super) name: Option<String>,
    pub(super) version: u32,
    pub(super) migrate: Option<ExprPath>,
}

impl Container {
    pub(super) fn parse(attributes: &[Attribute], context: &Ident, faults: &Faults) -> Self {
        let mut read = Self { name: None, version: 1, migrate: None };
        let (given, words) = words::read(attributes, Place::Struct, faults);
        let mut readable = true;
        for (word, meta) in &words {
            match word.as_str() {
                "name" => match meta {
                    Meta::NameValue(pair) => read.name = name::recorded(pair, faults),
                    _ => words::written_another_way(meta, word, faults),
                },
                "version" => {
                    if let Some(version @ 1..) = words::number(meta) {
                        read.version = version;
                        continue;
                    }
                    readable = false;
                    let help = "write `version = 2` once fields have changed so that older ones need a function";
                    faults.add(meta, "a version is a whole number from 1", help);
                }
                "migrate" => {
                    read.migrate = words::path(meta).cloned();
                    if read.migrate.is_none() {
                        readable = false;
                        words::written_another_way(meta, word, faults);
                    }
                }
                _ => {}
            }
        }
        if let Some(migrate) = &mut read.migrate {
            NameSelf(context).visit_expr_path_mut(migrate);
        }
        if readable {
            version_and_migrate(&read, given.place("version"), given.place("migrate"), faults);
        }
        read
    }
}

/// Refuses `version = 2` without `migrate`, and vice versa.
fn version_and_migrate(read: &Container, version: Option<&Path>, migrate: Option<&Path>, faults: &Faults) {
    let number = read.version;
    match (version, migrate) {
        (Some(version), None) if number > 1 => {
            let older = number - 1;
            let fault = format!("nothing says how fields of version {older} become those of version {number}");
            let help = format!(
                "write `version = {number}, migrate = from_v{older}` with a \
                 `fn from_v{older}(old: &mut RecordedFields) -> Result<()>`"
            );
            faults.add(version, fault, help);
        }
        (_, Some(migrate)) if number < 2 => {
            let help = "write `version = 2` next to it, if runs were recorded before the change; else drop `migrate`";
            faults.add(migrate, "a context in its first version has nothing to migrate from", help);
        }
        _ => {}
    }
}
