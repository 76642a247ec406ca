//! The wall clock is set while a schedule waits: its times follow, and none of them is fired twice.

use crate::place::Place;
#[path = "../it/moved_clock.rs"]
mod moved_clock;

use std::process::Command;

#[test]
fn times_follow_the_clock_and_none_is_fired_twice() {
    let library = match moved_clock::library() {
        Ok(library) => library,
        Err(why) => return println!("skipped: the clock cannot be moved here: {why}"),
    };
    let place = Place::file();
    let [log, offset] = ["log", "offset"].map(|name| place.folder().join(name));
    std::fs::write(&offset, "0").expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ticker"));
    command.arg(place.name()).arg(&log).args(["600", "moved"]);
    let output = limits::output(command.env("LD_PRELOAD", library).env("CLOCK_FILE", &offset));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Set by how many seconds, and how many runs there are.
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        ["0 0", "3600 1", "0 1", "3600 1", "7200 2", "31536000 3", "7200 3", "10800 4"]
    );
}
