//! Compares the public surface of `steadfast`, item by item, with `tests/surface.txt`, so that a review shows every
//! change of it.
//!
//! The sources are parsed from `lib.rs` on, along `pub mod` and `pub use`, with every feature. To accept a change, run
//! `STEADFAST_SURFACE=overwrite cargo test -p steadfast-tests --test it -- surface`, then read the difference.

mod listing;
mod sources;

use listing::Surface;
use sources::Crate;
use std::path::Path;

/// The most public names of the crate, without the prelude, the conformance suite and the names that only macros use.
const MOST_NAMES: usize = 218;

/// The modules for authors of stores (with the feature `conformance`), of types that are stored in columns
/// (`sql::types`), for macros, and for one `use`.
const APART: [&str; 5] = ["prelude", "conformance", "backend", "types", "__private"];

fn surface() -> Surface {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = Crate::read(&tests.join("../runtime/src/lib.rs"));
    Surface::of(&sources, &APART)
}

#[test]
fn what_is_public_is_as_recorded() {
    let recorded_at = Path::new(env!("CARGO_MANIFEST_DIR")).join("surface.txt");
    let now = surface().to_text();
    if std::env::var("STEADFAST_SURFACE").is_ok_and(|how| how == "overwrite") {
        std::fs::write(&recorded_at, &now).expect("writes tests/surface.txt");
        return;
    }
    let recorded = std::fs::read_to_string(&recorded_at).expect("tests/surface.txt");
    let only = |these: &str, those: &str, sign| {
        let known: std::collections::BTreeSet<&str> = those.lines().collect();
        these.lines().filter(|line| !known.contains(line)).flat_map(|line| [sign, line, "\n"]).collect::<String>()
    };
    let difference = only(&recorded, &now, "- ") + &only(&now, &recorded, "+ ");
    assert!(
        difference.is_empty() && recorded == now,
        "the public surface of steadfast is not the one in tests/surface.txt:\n{difference}\nIf this is meant, set \
         STEADFAST_SURFACE=overwrite, run this test again, and tell the change in CHANGELOG.md"
    );
}

#[test]
fn few_names_are_public() {
    let names = surface().names();
    assert!(
        names.len() < MOST_NAMES,
        "{} public names, fewer than {MOST_NAMES} expected: keep private what no program needs\n{}",
        names.len(),
        names.join("\n")
    );
}
