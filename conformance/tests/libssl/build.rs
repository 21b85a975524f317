//! The testee for libssl, compiled.

use std::path::Path;
use std::process::Command;

/// Its program. Each caller has a name of its own: tests run side by side.
pub fn build(name: &str) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("testees/libssl_dane.c");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let status = Command::new("cc")
        .args(["-O2", "-Wall", "-o"])
        .args([&program, &source])
        .args(["-lssl", "-lcrypto"])
        .status()
        .expect("a C compiler");
    assert!(status.success(), "the headers of OpenSSL 3 are needed");
    program.to_str().unwrap().into()
}
