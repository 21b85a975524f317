//! Programs in C over OpenSSL.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles one; `source` is relative to this package.
pub fn build(source: &str, libraries: &[&str]) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    let name = source.file_stem().unwrap().to_str().unwrap();
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let status = Command::new("cc")
        .args(["-O2", "-Wall", "-o"])
        .args([&program, &source])
        .args(libraries)
        .status()
        .expect("a C compiler");
    assert!(status.success(), "the headers of OpenSSL 3 are needed");
    program
}
