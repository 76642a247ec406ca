//! Checks the structure of the code: imports point down only, as drawn in `ARCHITECTURE.md`, and files stay short.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// The most lines of a file of code.
const LONGEST: usize = 400;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Returns every Rust file below a folder, by its path from the top, with its text.
fn files(folder: &str) -> Vec<(String, String)> {
    let (top, mut found) = (top(), Vec::new());
    let mut folders = vec![top.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the project").map(|entry| entry.expect("readable"))
        {
            let path = entry.path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&top).expect("below the top").to_string_lossy().replace('\\', "/");
                found.push((name, read_to_string(&path).expect("text")));
            }
        }
    }
    found.sort();
    found
}

/// Returns the layers of `runtime/src` as drawn: each module with its height, counted from the bottom line.
fn layers() -> BTreeMap<String, usize> {
    let text = read_to_string(top().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let (_, rest) = text.split_once("```text layers\n").expect("a picture marked `text layers` in ARCHITECTURE.md");
    let (picture, _) = rest.split_once("```").expect("the end of the picture");
    let lines: Vec<&str> = picture.lines().collect();
    let mut layers = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        let (names, _) = line.split_once("  ").unwrap_or((line, ""));
        for name in names.split(' ').filter(|name| !name.is_empty()) {
            let twice = layers.insert(name.to_owned(), lines.len() - index);
            assert!(twice.is_none(), "ARCHITECTURE.md draws `{name}` twice");
        }
    }
    layers
}

/// Returns a line of code without its comment, which cannot import anything.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// Returns the modules after `crate::` in a file, with their lines.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for part in code(line).split("crate::").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.push((number + 1, name));
        }
    }
    found
}

/// Returns the module of a file of `runtime/src`.
fn module_of(path: &str) -> &str {
    let path = path.trim_start_matches("runtime/src/");
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

#[test]
fn imports_point_down() {
    let layers = layers();
    let mut faults = Vec::new();
    for (path, text) in files("runtime/src") {
        let module = module_of(&path);
        if module == "lib" {
            continue;
        }
        let Some(height) = layers.get(module) else {
            faults.push(format!("{path}: module `{module}` is in no layer of the picture in ARCHITECTURE.md"));
            continue;
        };
        for (line, import) in imports(&text) {
            if import.is_empty() {
                faults.push(format!(
                    "{path}:{line}: write one `use crate::<module>` a module, so that this test can read it"
                ));
            }
            // Names that `lib.rs` re-exports are in no layer: users' documentation refers to them.
            let Some(imported) = layers.get(&import).filter(|_| import != module) else { continue };
            if imported >= height {
                faults.push(format!("{path}:{line}: `{module}` imports `{import}`, which is not in a layer below"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_drawn_module_is_there() {
    let drawn = layers();
    let there: Vec<String> = files("runtime/src").iter().map(|(path, _)| module_of(path).to_owned()).collect();
    let gone: Vec<_> = drawn.keys().filter(|name| !there.contains(name)).collect();
    assert!(gone.is_empty(), "drawn in ARCHITECTURE.md and not there: {gone:?}");
}

#[test]
fn files_are_short() {
    let long: Vec<String> = ["cli", "console", "macros", "runtime", "examples", "tests"]
        .into_iter()
        .flat_map(files)
        .filter_map(|(path, text)| {
            let lines = text.lines().count();
            (lines > LONGEST).then(|| format!("{path}: {lines} lines, at most {LONGEST}: split it by subject"))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Returns the paths after `prefix` in a file, to the `;` of an import or the end of a path in the code:
/// `core::{Core, Letter}`.
fn paths<'a>(text: &'a str, prefix: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(prefix) {
        let rest = &text[at + prefix.len()..];
        let is_import = text[..at].trim_end().ends_with("use");
        let end =
            if is_import { rest.find(';') } else { rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':') };
        found.push(&rest[..end.unwrap_or(rest.len())]);
    }
    found
}

/// Returns the first names of a path or of a group of paths: `core`, `Engine` and `inbox` of
/// `{core::Core, Engine, inbox}`.
fn first_names(path: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut name) = (0, String::new());
    let inner = path.trim().strip_prefix('{').map_or(path, |group| group.trim_end().trim_end_matches('}'));
    for c in inner.chars().chain([',']) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(std::mem::take(&mut name)),
            _ => name.push(c),
        }
    }
    names.iter().map(|name| name.trim().split("::").next().unwrap_or_default().to_owned()).collect()
}

/// Returns the imports between the parts of the engine. A part is a file of its folder, with the folder of the same
/// name.
fn parts_of_the_engine() -> BTreeMap<String, BTreeSet<String>> {
    const FOLDER: &str = "runtime/src/engine";
    let root = read_to_string(top().join("runtime/src/engine.rs")).expect("the engine");
    let mut owner = BTreeMap::new();
    for (at, _) in root.match_indices("use ") {
        let import = &root[at + 4..at + root[at..].find(';').unwrap_or(4)];
        if let Some((part, names)) = import.split_once("::") {
            for name in names.trim_matches(['{', '}', '\n', ' ']).split(',') {
                owner.insert(name.trim().to_owned(), part.to_owned());
            }
        }
    }
    let mut parts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in files(FOLDER) {
        let inside = path.trim_start_matches(FOLDER).trim_start_matches('/');
        let part = inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs").to_owned();
        let text = text.lines().map(code).collect::<Vec<_>>().join("\n");
        let mut imported = paths(&text, "crate::engine::");
        if !inside.contains('/') {
            imported.extend(paths(&text, "super::").into_iter().filter(|path| !path.starts_with("super::")));
        }
        let names = imported.into_iter().flat_map(first_names);
        let imports = names.map(|name| owner.get(&name).cloned().unwrap_or(name)).filter(|name| *name != part);
        parts.entry(part.clone()).or_default().extend(imports);
    }
    parts
}

#[test]
fn the_parts_of_the_engine_import_each_other_in_no_circle() {
    let parts = parts_of_the_engine();
    let (mut left, mut gone): (BTreeSet<&String>, BTreeSet<&String>) = (parts.keys().collect(), BTreeSet::new());
    loop {
        // Removes the parts whose imports are all removed.
        let free: Vec<_> = left
            .iter()
            .copied()
            .filter(|part| parts[*part].iter().all(|import| !parts.contains_key(import) || gone.contains(import)))
            .collect();
        if free.is_empty() {
            break;
        }
        left.retain(|part| !free.contains(part));
        gone.extend(free);
    }
    let circle: Vec<String> = left
        .iter()
        .map(|part| {
            format!("{part} imports {:?}", parts[*part].iter().filter(|name| left.contains(name)).collect::<Vec<_>>())
        })
        .collect();
    assert!(parts.len() > 40 && circle.is_empty(), "in a circle, or above one:\n{}", circle.join("\n"));
}
