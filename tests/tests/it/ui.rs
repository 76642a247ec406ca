//! The mistakes that the compiler must find, with the messages that a person reads; and programs that must compile.
//!
//! The folders of `tests/ui` are kinds of mistakes. `TRYBUILD=overwrite cargo test ui` writes the messages anew: read
//! them.

#[test]
fn messages() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*/*.rs");
}
