//! Network, mount and process namespaces of the test's own, with Postfix's files laid over the system's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where `./test` unpacks Postfix's package and those that it needs.
const UNPACKED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/peers/postfix");
/// Tells the test that it runs inside, and where its folder is.
const INSIDE: &str = "SMTP_TLS_TEST_NAMESPACE";
/// A run takes some seconds; this ends one that hangs.
const SECONDS: &str = "240";

pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// The folder in memory that is gone with the namespace.
pub fn folder() -> PathBuf {
    std::env::var_os(INSIDE).unwrap().into()
}

/// Runs this test once more, inside. Every process that it starts ends with it.
pub fn run_inside(test: &str) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap();
    assert!(
        uid.split_whitespace().nth(1) == Some("0"),
        "this test needs root, for namespaces and mounts of its own"
    );
    let folder = std::env::temp_dir().join(format!("smtp-tls-postfix-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let output = Command::new("timeout")
        .args(["--kill-after=5", SECONDS, "unshare", "--net", "--mount", "--pid", "--fork"])
        .args(["--kill-child", "--mount-proc"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--include-ignored", "--nocapture", "--test-threads=1"])
        .env(INSIDE, &folder)
        .env("TMPDIR", &folder)
        .output()
        .unwrap();
    fs::remove_dir(&folder).unwrap();
    let said = |octets| String::from_utf8_lossy(octets).into_owned();
    let (out, err) = (said(&output.stdout), said(&output.stderr));
    assert!(output.status.success(), "inside the namespaces: {}\n{out}\n{err}", output.status);
    println!("{out}");
}

/// Brings loopback up, and lays Postfix's files and a configuration of the test's own over the system's.
pub fn prepare() {
    run("ip", &["link", "set", "lo", "up"]);
    let folder = folder();
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    run("mount", &["-t", "tmpfs", "-o", "mode=755", "none", folder.to_str().unwrap()]);
    if Path::new(UNPACKED).exists() {
        // Layers of one mount must not lie in one another, wherever this folder is.
        run("cp", &["-a", &format!("{UNPACKED}/usr"), &at("usr")]);
        let lower = format!("lowerdir={}:/usr", at("usr"));
        run("mount", &["-t", "overlay", "-o", &lower, "none", "/usr"]);
    }
    assert!(
        Path::new("/usr/sbin/postconf").exists(),
        "this test needs Debian's postfix package, installed or unpacked in {UNPACKED}"
    );
    fs::create_dir(at("etc")).unwrap();
    fs::create_dir(at("etc-work")).unwrap();
    let layers = format!("lowerdir=/etc,upperdir={},workdir={}", at("etc"), at("etc-work"));
    run("mount", &["-t", "overlay", "-o", &layers, "none", "/etc"]);
    let resolver = "nameserver 127.0.0.1\noptions trust-ad\n";
    let _ = fs::remove_file("/etc/resolv.conf");
    fs::write("/etc/resolv.conf", resolver).unwrap();
    fs::write("/etc/hosts", "127.0.0.1 localhost\n").unwrap();
    add_line("/etc/passwd", "postfix:x:64990:64990::/:/usr/sbin/nologin\n");
    add_line("/etc/group", "postfix:x:64990:\n");
    add_line("/etc/group", "postdrop:x:64991:\n");
    if !fs::read_to_string("/etc/services").unwrap_or_default().contains("25/tcp") {
        fs::write("/etc/services", "smtp 25/tcp\ndomain 53/udp\ndomain 53/tcp\n").unwrap();
    }
}

fn add_line(file: &str, line: &str) {
    let mut text = fs::read_to_string(file).unwrap();
    let name = line.split_once(':').unwrap().0;
    if !text.lines().any(|known| known.split(':').next() == Some(name)) {
        text.push_str(line);
        fs::write(file, text).unwrap();
    }
}

pub fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("this test needs {program}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}
