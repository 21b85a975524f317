//! Programs in C over OpenSSL, compiled.
#![allow(dead_code)]

use std::path::Path;
use std::process::Command;

/// The testee for libssl. Each caller has a name of its own for it: tests run side by side.
pub fn build(name: &str) -> String {
    compile("testees/libssl_dane.c", name, &["-lssl", "-lcrypto"])
}

/// A program; its source is relative to this package.
pub fn compile(source: &str, name: &str, libraries: &[&str]) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let status = Command::new("cc")
        .args(["-O2", "-Wall", "-o"])
        .args([&program, &source])
        .args(libraries)
        .status()
        .expect("a C compiler");
    assert!(status.success(), "the headers of OpenSSL 3 are needed");
    program.to_str().unwrap().into()
}
