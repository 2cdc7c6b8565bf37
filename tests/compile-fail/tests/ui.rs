// SPDX-License-Identifier: Apache-2.0
//! Runs the programs in `ui/`: `ok_*` compile, the others fail with exactly the error beside them.

#[test]
fn what_must_not_happen_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/ok_*.rs");
    cases.compile_fail("tests/ui/no_*.rs");
}
