//! Checks programs with plain `cargo check`, whose errors are those that a user sees.
//!
//! `compiler/right` has ordinary programs, which must all compile without a warning. Each program of `compiler/wrong` must fail with one
//! error, which names the repair. A file has several programs, each after a line `// ==== name: repair`; the text
//! before the first belongs to all of them.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Program {
    name: String,
    text: String,
    /// The text that the error must contain; `None` for a program that is right.
    repair: Option<String>,
}

const HEAD: &str = "// ==== ";

fn programs(kind: &str) -> Vec<Program> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("compiler").join(kind);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the programs").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| programs_of(kind, path)).collect()
}

fn programs_of(kind: &str, path: &Path) -> Vec<Program> {
    let (stem, text) =
        (path.file_stem().expect("a name").to_string_lossy(), std::fs::read_to_string(path).expect("readable"));
    let mut parts = text.split(HEAD);
    let shared = parts.next().expect("a text has a first part");
    let programs = parts.map(|part| {
        let (head, body) = part.split_once('\n').expect("a program after its head");
        let (name, repair) = head.split_once(": ").map_or((head, None), |(name, repair)| (name, Some(repair)));
        assert_eq!(repair.is_some(), kind == "wrong", "{stem}: `{name}` says which repair is named if it is wrong");
        let main = if body.contains("fn main()") { "" } else { "fn main() {}\n" };
        // An ordinary program gets no warning, except that a part of it is not used.
        let lints = if kind == "right" { "#![deny(warnings, unused_lifetimes)]\n#![allow(dead_code)]\n" } else { "" };
        Program {
            name: format!("{kind}-{stem}-{}", name.replace(|c: char| !c.is_alphanumeric(), "-")),
            text: format!("{lints}{shared}{body}{main}"),
            repair: repair.map(str::to_owned),
        }
    });
    let programs: Vec<Program> = programs.collect();
    let names: BTreeSet<&str> = programs.iter().map(|program| program.name.as_str()).collect();
    assert_eq!(names.len(), programs.len(), "{stem}: two programs have one name");
    programs
}

/// Writes one package of all programs, outside of the workspace.
fn package(programs: &[Program]) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().expect("the workspace");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiler");
    let source = folder.join("programs");
    std::fs::create_dir_all(&source).expect("a folder");
    let mut manifest = format!(
        "[package]\nname = \"programs\"\nversion = \"0.0.0\"\nedition = \"2024\"\nautobins = false\n\n[workspace]\n\n\
         [dependencies]\nsteadfast = {{ path = '{}', features = [\"testing\"] }}\nserde = {{ version = \"1\", features = \
         [\"derive\"] }}\ntokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"time\"] }}\n",
        root.join("runtime").display()
    );
    for Program { name, text, .. } in programs {
        let path = source.join(format!("{name}.rs"));
        // An unchanged file keeps its time, so cargo does not check it again.
        if std::fs::read_to_string(&path).ok().as_ref() != Some(text) {
            std::fs::write(&path, text).expect("written");
        }
        write!(manifest, "\n[[bin]]\nname = {name:?}\npath = '{}'\n", path.display())
            .expect("a text takes what is written");
    }
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("written");
    std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the same versions");
    folder
}

/// Returns the errors of each program. Equal errors count once, as on a terminal.
fn errors(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiler-target");
    let checked = Command::new(cargo)
        .args(["check", "--bins", "--keep-going", "--offline", "--message-format=json", "--target-dir"])
        .arg(target)
        .current_dir(folder)
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    let mut errors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut was_built = false;
    for line in String::from_utf8_lossy(&checked.stdout).lines() {
        let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
        let target = line["target"]["name"].as_str().unwrap_or_default();
        was_built |= target == "steadfast" && line["reason"] == "compiler-artifact";
        let message = &line["message"];
        // The summary `aborting due to ..` has no span.
        let has_place = message["spans"].as_array().is_some_and(|spans| !spans.is_empty());
        if line["reason"] == "compiler-message" && message["level"] == "error" && has_place {
            let rendered = message["rendered"].as_str().unwrap_or_default().to_owned();
            let found = errors.entry(target.to_owned()).or_default();
            if !found.contains(&rendered) {
                found.push(rendered);
            }
        }
    }
    assert!(was_built, "nothing was judged:\n{}", String::from_utf8_lossy(&checked.stderr));
    errors
}

#[test]
fn wrong_programs_have_one_error_with_the_repair_and_ordinary_ones_have_none() {
    let (right, wrong) = (programs("right"), programs("wrong"));
    let (ordinary, all) = (right.len(), right.into_iter().chain(wrong).collect::<Vec<Program>>());
    let errors = errors(&package(&all));
    let (mut accepted, mut refused, mut once, mut repaired, mut faults) = (0, 0, 0, 0, String::new());
    for program in &all {
        let found = errors.get(&program.name).map_or(&[][..], Vec::as_slice);
        let shown = found.join("\n");
        let Some(repair) = &program.repair else {
            accepted += usize::from(found.is_empty());
            if !found.is_empty() {
                writeln!(faults, "{} is refused:\n{shown}", program.name).expect("a text");
            }
            continue;
        };
        refused += usize::from(!found.is_empty());
        once += usize::from(found.len() == 1);
        repaired += usize::from(shown.contains(repair.as_str()));
        if found.len() != 1 || !shown.contains(repair.as_str()) {
            writeln!(faults, "{} has {} errors, one with {repair:?} is wanted:\n{shown}", program.name, found.len())
                .expect("a text");
        }
    }
    println!("{accepted} of {ordinary} ordinary programs accepted");
    let wrong = all.len() - ordinary;
    println!("of {wrong} wrong programs {refused} refused, {once} with one error, {repaired} with the repair named");
    assert!(faults.is_empty(), "{faults}");
}
