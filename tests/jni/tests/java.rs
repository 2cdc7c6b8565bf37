// SPDX-License-Identifier: Apache-2.0
//! Runs the Java programs, and counts what they checked: each line `check NAME ... ok` of one is a test here. Its last
//! line says how many there were, so that none is lost with a JVM that ends early.

use std::path::Path;
use std::process::{Command, ExitCode, Output};

use jni_tests::jvm::{library, Jvm};
use jni_tests::{ledgers, project, registrations, statements};

/// What a personal datum in an exception would be found by; the panic is told it.
const SECRET: &str = "+15550142";

/// How large the large export is, and how much more memory it may take than a small one, in MiB.
const LARGE: usize = 128;
const MEMORY: usize = 16;

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    fn test(&mut self, name: &str, result: Result<(), String>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(_) => self.failed += 1,
        }
        match result {
            Ok(()) => println!("test {name} ... ok"),
            Err(why) => println!("test {name} ... FAILED\n    {}", why.replace('\n', "\n    ")),
        }
    }

    /// Counts the checks of a program that has ended.
    fn program(&mut self, name: &str, ended: &Output) {
        let text = String::from_utf8_lossy(&ended.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        let (mut checks, mut said) = (0, None);
        for line in text.lines() {
            let check = line.strip_prefix("check ").and_then(|check| check.split_once(" ... "));
            match check {
                Some((check, "ok")) => self.test(&format!("{name}::{check}"), Ok(())),
                Some((check, why)) => self.test(&format!("{name}::{check}"), Err(why.to_owned())),
                None => said = line.strip_prefix("checks ").or(said),
            }
            checks += usize::from(check.is_some());
        }
        let whole = said == Some(&checks.to_string()) && checks > 0 && ended.status.success();
        let watched = ["WARNING in native method", "FATAL ERROR in native method", SECRET];
        let trouble = watched.iter().find(|word| text.contains(**word) || stderr.contains(**word));
        let what = format!("{}\n{text}\n{stderr}", ended.status);
        let result = match trouble {
            Some(word) => Err(format!("{word}: {what}")),
            None if !whole => Err(what),
            None => Ok(()),
        };
        self.test(&format!("{name}::the_virtual_machine_has_nothing_to_complain_of"), result);
    }
}

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut tally = Tally::default();

    let built = library(false);
    tally.test("it_exports_what_java_declares_and_nothing_else", exports(&built));
    tally.test("it_imports_nothing_that_reaches_a_network", imports(&built));
    tally.test("it_links_nothing_that_the_page_must_not_have", links());

    let jvm = Jvm::new(&sub(folder, "installed"), &built);
    let checked = ["-Xcheck:jni"];
    let (good, bad, unanswered) = (folder.join("good"), folder.join("bad"), folder.join("no"));
    ledgers::write_good(&good);
    let kinds = ledgers::write_bad(&bad);
    tally.test("every_kind_of_tampering_that_is_documented_is_tried", documented(&kinds));
    ledgers::write_unanswered(&unanswered);
    for cases in [&good, &bad, &unanswered] {
        tally.program("ledger", &jvm.run("LedgerChecks", &checked, &[cases]));
    }
    let parts = folder.join("parts");
    statements::write(&parts);
    tally.program("statement", &jvm.run("StatementChecks", &checked, &[&parts]));
    tally.program("descriptor", &jvm.run("DescriptorChecks", &checked, &[folder]));
    let (small, large) = (good.join("an_empty_ledger_passes/export"), folder.join("large"));
    let size = ledgers::write_large(&large, LARGE).to_string();
    let limit = MEMORY.to_string();
    let arguments = [small.as_path(), &large, Path::new(&size), Path::new(&limit)];
    tally.program("memory", &jvm.run("MemoryChecks", &[], &arguments));
    let previews = folder.join("previews");
    registrations::write(&previews);
    tally.program("registration", &jvm.run("RegistrationChecks", &checked, &[&previews]));
    let copy = folder.join("copy.so");
    std::fs::copy(&jvm.library, &copy).expect("a copy");
    tally.program("loading", &jvm.run("LoadingChecks", &checked, &[&copy]));

    let jvm = Jvm::new(&sub(folder, "panicking"), &library(true));
    let export = good.join("a_ledger_as_it_was_signed_passes/export");
    let arguments = [export.as_path(), Path::new(SECRET)];
    tally.program("panic", &jvm.run("PanicChecks", &checked, &arguments));

    let (passed, failed) = (tally.passed, tally.failed);
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {verdict}. {passed} passed; {failed} failed");
    ExitCode::from(if failed == 0 { 0 } else { 101 })
}

fn sub(folder: &Path, name: &str) -> std::path::PathBuf {
    let sub = folder.join(name);
    std::fs::create_dir(&sub).expect("a folder");
    sub
}

/// Every name of docs/ledger.md that is a verdict of tampering: those that begin a numbered rule, and those of flaws.
fn documented(kinds: &[String]) -> Result<(), String> {
    let text = std::fs::read_to_string(project().join("docs/ledger.md")).expect("docs/ledger.md");
    let verdicts = text.split("## Verifying an export").nth(1).expect("a chapter");
    let numbered = verdicts.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    let names = numbered.flat_map(|line| line.split(". ")).filter_map(|sentence| {
        let (name, rest) = sentence.strip_prefix('`')?.split_once('`')?;
        rest.starts_with([':', ',']).then_some(name)
    });
    let no_tampering = ["ok", "unreadable", "version"];
    let names: Vec<_> = names
        .filter(|name| !no_tampering.contains(name))
        .chain(["changed", "removed", "added"])
        .collect();
    let missing: Vec<_> =
        names.iter().filter(|name| !kinds.iter().any(|kind| kind == **name)).collect();
    match missing.is_empty() && names.len() >= 15 {
        true => Ok(()),
        false => Err(format!("of {names:?}: {missing:?}")),
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("a program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn symbols(library: &Path, which: &str) -> Vec<String> {
    let text = output(Command::new("nm").args(["--dynamic", which]).arg(library));
    let names = text.lines().filter_map(|line| line.split_whitespace().last());
    names.map(|name| name.split('@').next().unwrap_or(name).to_owned()).collect()
}

fn exports(library: &Path) -> Result<(), String> {
    let java = "java-shim/jni/java/android/system/cloudmessaging/settings/Native.java";
    let java = std::fs::read_to_string(project().join(java)).expect("Native.java");
    let declared = java.lines().filter_map(|line| line.trim().strip_prefix("static native "));
    let mut declared: Vec<_> = declared
        .filter_map(|line| line.split('(').next()?.split(' ').next_back())
        .map(|name| format!("Java_android_system_cloudmessaging_settings_Native_{name}"))
        .collect();
    declared.sort();
    let exported = symbols(library, "--defined-only");
    match exported == declared && !declared.is_empty() {
        true => Ok(()),
        false => Err(format!("{exported:?}, declared {declared:?}")),
    }
}

fn imports(library: &Path) -> Result<(), String> {
    const REACHING: [&str; 12] = [
        "socket",
        "connect",
        "bind",
        "listen",
        "accept",
        "send",
        "recv",
        "getaddrinfo",
        "exec",
        "fork",
        "posix_spawn",
        "dlopen",
    ];
    let imported = symbols(library, "--undefined-only");
    let reaching: Vec<_> =
        imported.iter().filter(|name| REACHING.iter().any(|r| name.starts_with(r))).collect();
    match reaching.is_empty() && imported.iter().any(|name| name.starts_with("pread")) {
        true => Ok(()),
        false => Err(format!("{reaching:?} of {imported:?}")),
    }
}

fn links() -> Result<(), String> {
    const OTHERS: [&str; 12] = [
        "cloudmessaging_gate",
        "cloudmessaging_seal",
        "cloudmessaging_uplink",
        "binder",
        "rsbinder",
        "rusqlite",
        "libsqlite3-sys",
        "rustls",
        "aws-lc",
        "mqtt",
        "tokio",
        "socket2",
    ];
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args([
        "tree",
        "--package",
        "cloudmessaging_jni",
        "--edges",
        "normal",
        "--prefix",
        "none",
    ]);
    let tree = output(command.current_dir(project()));
    let found: Vec<_> = tree.lines().filter(|l| OTHERS.iter().any(|o| l.starts_with(o))).collect();
    match found.is_empty() && tree.contains("cloudmessaging_ledger") {
        true => Ok(()),
        false => Err(found.join("\n")),
    }
}
