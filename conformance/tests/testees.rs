//! The testees for others, over all vectors: each diverges as its file of exceptions says, no more
//! and no less.
//!
//! Each needs the program that it asks, so each is run where it is asked for:
//! `cargo test --workspace --all-features --test testees -- --ignored`. A failure is mended in
//! `exceptions/`, where it is a fact about the other program, or in the vector.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

#[path = "libssl/build.rs"]
mod libssl;

use std::path::{Path, PathBuf};
use std::process::Command;

use conformance::run::exceptions::Exceptions;
use conformance::run::{External, Limits, Report, run};
use conformance::vector::{load, own_directory};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Puts every vector to the program. At least so many must pass: one that answers nothing, or lacks
/// every operation, has no divergence.
fn diverges_as_known(command: &str, name: &str, least: usize) {
    let files = load(&own_directory()).unwrap();
    let exceptions = Exceptions::load(&folder("exceptions").join(format!("{name}.json"))).unwrap();
    let mut testee = External::new(command, Limits::default());
    let report = Report::new(&run(&mut testee, &files, None), &exceptions, None);
    assert!(report.is_as_expected(), "\n{report}");
    let total = report.total();
    println!("{name}: {total:?}");
    assert!(total.passed >= least, "only {total:?}");
}

#[test]
#[ignore = "needs a C compiler and the headers of OpenSSL 3"]
fn libssl() {
    diverges_as_known(&libssl::build("libssl_dane"), "libssl_dane", 400);
}

#[test]
#[ignore = "needs the Debian package postfix-mta-sts-resolver"]
fn postfix_mta_sts_resolver() {
    let program = folder("testees/postfix-mta-sts-resolver.py");
    diverges_as_known(program.to_str().unwrap(), "postfix-mta-sts-resolver", 120);
}

#[test]
#[ignore = "needs the crate mail-auth, which is built apart from the workspace"]
fn mail_auth() {
    // Not in a folder of the workspace's own artifacts, whose lock is held while tests are built.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mail-auth");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(folder("testees/mail-auth/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .status()
        .unwrap();
    assert!(status.success(), "the testee for mail-auth is not built");
    let program = target.join("debug/mail-auth-testee");
    diverges_as_known(program.to_str().unwrap(), "mail-auth-testee", 200);
}
