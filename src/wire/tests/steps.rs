// SPDX-License-Identifier: Apache-2.0
//! Steps end the process that was meant to end, once; and what ships has none.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use cloudmessaging_wire::step;

const ROUNDS: &str = "ROUNDS";

// This test's own program again, as the one that reaches steps.
#[test]
fn reaches_two_steps_a_round() {
    let rounds = std::env::var(ROUNDS).ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(0);
    for _ in 0..rounds {
        step!("test.first");
        step!("test.second");
    }
}

fn run(file: &Path, rounds: u32) -> ExitStatus {
    let own = std::env::current_exe().unwrap();
    Command::new(own)
        .args(["--exact", "reaches_two_steps_a_round"])
        .env("CLOUDMESSAGING_STEPS", file)
        .env(ROUNDS, rounds.to_string())
        .output()
        .unwrap()
        .status
}

fn steps(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let names = text.lines().filter(|line| !line.starts_with("crash "));
    names.map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
}

#[test]
fn each_step_is_noted_and_the_ordered_one_ends_the_process_once() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("steps");
    fs::write(&file, "").unwrap();
    assert!(run(&file, 1).success());
    assert_eq!(steps(&file), ["test.first", "test.second"]);

    fs::write(&file, "crash test.first 2\n").unwrap();
    assert_eq!(run(&file, 5).signal(), Some(6));
    assert_eq!(steps(&file), ["test.first", "test.second", "test.first"]);
    // The order was carried out: whoever is started again is not ended again.
    assert!(run(&file, 5).success());
}

#[test]
fn an_order_for_another_step_ends_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("steps");
    fs::write(&file, "crash test.third 1\ncrash nonsense\n").unwrap();
    assert!(run(&file, 3).success());
}

// The file alone, as rustc makes it of a build that ships and of one that does not.
#[test]
fn what_ships_knows_no_steps() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/step.rs");
    let directory = tempfile::tempdir().unwrap();
    let knows = |assertions: &str| {
        let object: PathBuf = directory.path().join(format!("step-{assertions}.o"));
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let done = Command::new(rustc)
            .args(["--crate-type", "lib", "--crate-name", "step", "--edition", "2021"])
            .args(["--emit", "obj", "-C", "opt-level=1"])
            .arg(format!("-Cdebug-assertions={assertions}"))
            .arg("-o")
            .arg(&object)
            .arg(&source)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let object = fs::read(&object).unwrap();
        object.windows(20).any(|window| window == b"CLOUDMESSAGING_STEPS")
    };
    assert!(knows("on"));
    assert!(!knows("off"));
}
