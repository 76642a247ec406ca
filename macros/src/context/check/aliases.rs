//! Checks former names of fields: each leads to one field.

use super::super::input::Field;
use crate::faults::Faults;

pub(super) fn all(fields: &[Field], faults: &Faults) {
    // A transient field is never recorded, so its name may be an alias.
    let named = |name: &str| fields.iter().find(|field| field.name == name);
    let mut seen: Vec<(String, &Field)> = Vec::new();
    for field in fields {
        for alias in &field.aliases {
            let name = alias.value();
            match (named(&name), seen.iter().find(|(seen, _)| *seen == name)) {
                (Some(other), _) if other.name == field.name => {
                    faults.add(alias, format!("`{name}` is the field's name already"), "drop the alias");
                }
                (Some(_), _) => {
                    let help = format!("drop the alias: what is recorded as `{name}` belongs to the field `{name}`");
                    faults.add(alias, format!("`{name}` is another field of this context"), help);
                }
                (None, Some((_, other))) if other.name == field.name => {
                    faults.add(alias, format!("the alias `{name}` is given twice"), "drop one of them");
                }
                (None, Some((_, other))) => {
                    let fault = format!("`{name}` is an alias of the field `{}` too", other.name);
                    faults.add(alias, fault, "drop one of them: only one field can have had the name");
                }
                (None, None) => {}
            }
            seen.push((name, field));
        }
    }
}
