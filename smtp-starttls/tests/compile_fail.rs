//! What the types forbid does not compile.

// checks: smtp-starttls/SMTP-T1, smtp-starttls/SMTP-U3, smtp-starttls/Q4, smtp-starttls/SMTP-R1
// checks: smtp-starttls/SMTP-U4
#[test]
fn what_would_let_clear_text_into_tls_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
