//! The library that moves the wall clock of a process: `src/bin/clock.c`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Returns the path of the library, built once, or why it cannot be built here. `$CLOCK_FILE` holds the number of
/// seconds by which it moves the clock.
pub(crate) fn library() -> Result<&'static Path, &'static str> {
    static LIBRARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    LIBRARY.get_or_init(make).as_deref().map_err(String::as_str)
}

fn make() -> Result<PathBuf, String> {
    if !cfg!(target_os = "linux") {
        return Err("it is made for Linux".to_owned());
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // Other test processes may be building it too.
    let (library, new) = (folder.join("clock.so"), folder.join(format!("clock-{}.so", std::process::id())));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin/clock.c");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(&new).args([source, "-ldl"]).status();
    match made {
        Ok(status) if status.success() => {
            std::fs::rename(&new, &library).map(|()| library).map_err(|error| error.to_string())
        }
        other => Err(format!("`cc`: {other:?}")),
    }
}
