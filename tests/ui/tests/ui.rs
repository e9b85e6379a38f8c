//! Every rejection of the macros, at the user's token and with its remedy; and programs that must compile.
//!
//! Compilers word their own errors differently, so this is for one version of rustc. `TRYBUILD=overwrite` writes the
//! texts anew.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("fail/*.rs");
}
