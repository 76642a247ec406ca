//! What differs inside a field: the paths of a large value that changed.

use crate::asked::Asked;
use crate::values::cut;
use maud::{Markup, html};
use serde_json::Value;
use steadfast::inspect::{FieldDiff, Shown};

/// The most paths that are shown, and the deepest.
const MOST: usize = 20;
const DEEPEST: usize = 12;

/// A place inside a value, with both sides.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    path: String,
    left: Option<String>,
    right: Option<String>,
}

/// Shows what differs inside a field whose values are lists or objects.
pub(super) fn difference(asked: &Asked, field: &FieldDiff) -> Markup {
    let (Some(Shown::Json { value: left, .. }), Some(Shown::Json { value: right, .. })) = (&field.left, &field.right)
    else {
        return html! {};
    };
    if asked.shared.hides_values || !(left.is_object() || left.is_array()) {
        return html! {};
    }
    let mut places = Vec::new();
    compare(left, right, &mut String::new(), DEEPEST, &mut places);
    html! {
        @if !places.is_empty() {
            ul.places {
                @for place in places.iter().take(MOST) {
                    li {
                        code.path { (place.path) } " "
                        @match &place.left { Some(left) => { del { (cut(left, 60)) } } None => { span.quiet { "new" } } }
                        " → "
                        @match &place.right { Some(right) => { ins { (cut(right, 60)) } } None => { span.quiet { "gone" } } }
                    }
                }
                @if places.len() > MOST { li.quiet { "and more" } }
            }
        }
    }
}

fn compare(left: &Value, right: &Value, path: &mut String, deep: usize, places: &mut Vec<Place>) {
    if left == right || places.len() > MOST {
        return;
    }
    let length = path.len();
    match (left, right) {
        (Value::Object(left), Value::Object(right)) if deep > 0 => {
            let names = left.keys().chain(right.keys().filter(|name| !left.contains_key(*name)));
            for name in names {
                path.extend([".", name]);
                both(left.get(name), right.get(name), path, deep, places);
                path.truncate(length);
            }
        }
        (Value::Array(left), Value::Array(right)) if deep > 0 => {
            for n in 0..left.len().max(right.len()) {
                path.extend(["[", &n.to_string(), "]"]);
                both(left.get(n), right.get(n), path, deep, places);
                path.truncate(length);
            }
        }
        _ => places.push(Place { path: path.clone(), left: Some(left.to_string()), right: Some(right.to_string()) }),
    }
}

fn both(left: Option<&Value>, right: Option<&Value>, path: &mut String, deep: usize, places: &mut Vec<Place>) {
    match (left, right) {
        (Some(left), Some(right)) => compare(left, right, path, deep - 1, places),
        (left, right) if places.len() <= MOST => {
            let text = |value: Option<&Value>| value.map(Value::to_string);
            places.push(Place { path: path.clone(), left: text(left), right: text(right) });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Place, compare};
    use serde_json::{Value, json};

    fn places(left: &Value, right: &Value) -> Vec<Place> {
        let mut places = Vec::new();
        compare(left, right, &mut String::new(), 12, &mut places);
        places
    }

    #[test]
    fn only_what_differs_is_named() {
        let left = json!({ "items": [{ "state": "new", "n": 1 }, { "state": "new" }], "old": true });
        let right = json!({ "items": [{ "state": "sent", "n": 1 }, { "state": "new" }, 7], "tags": {} });
        let found = places(&left, &right);
        let paths: Vec<_> = found.iter().map(|place| place.path.as_str()).collect();
        assert_eq!(paths, [".items[0].state", ".items[2]", ".old", ".tags"]);
        assert_eq!((found[1].left.as_deref(), found[1].right.as_deref()), (None, Some("7")));
        assert!(places(&left, &left).is_empty());
    }

    #[test]
    fn a_large_difference_ends() {
        let many = |n: usize| Value::from((0..n).map(|n| json!(n)).collect::<Vec<_>>());
        assert_eq!(places(&many(0), &many(100_000)).len(), MOST + 1);
    }
}
