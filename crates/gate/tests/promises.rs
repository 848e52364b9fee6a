//! The promises that must not compile: each case is a way around the flow, and its message is kept.

#[test]
fn there_is_no_way_around_the_flow() {
    trybuild::TestCases::new().compile_fail("tests/promises/*.rs");
}
