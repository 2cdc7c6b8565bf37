// SPDX-License-Identifier: Apache-2.0
//! Plays back what is kept, without libFuzzer: the corpus, whose seeds are made anew and compared, and each input that once
//! failed. `UPDATE_CORPUS=1` writes the seeds.

use std::fs;
use std::path::{Path, PathBuf};

use fuzz::{Target, TARGETS};

/// The names of seeds begin so; those that libFuzzer found are named by their hash.
const SEED: &str = "seed-";

/// Where inputs are kept: `corpus`, or `crashes`, that once failed.
fn kept(what: &str, target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(what).join(target.name)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(found) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = found.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// A failure names the file before it says what is wrong.
fn play(target: &Target, folder: &Path) {
    for file in files(folder) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let data = fs::read(&file).unwrap();
        println!("{}: {name}", target.name);
        target.run(&data);
    }
}

macro_rules! each_target {
    ($($name:ident),*) => {
        mod what_once_failed_fails_no_more {
            $(#[test] fn $name() {
                let target = fuzz::Target::named(stringify!($name));
                super::play(target, &super::kept("crashes", target));
            })*
        }

        mod the_corpus_passes {
            $(#[test] fn $name() {
                let target = fuzz::Target::named(stringify!($name));
                super::play(target, &super::kept("corpus", target));
            })*
        }

        const TESTED: &[&str] = &[$(stringify!($name)),*];
    };
}

each_target!(leaf, segment, export, proof, consent, frame, sealed, request);

#[test]
fn every_target_has_its_tests_and_its_program() {
    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names, TESTED);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
    let mut programs: Vec<_> = names.iter().map(|name| folder.join(format!("{name}.rs"))).collect();
    programs.sort();
    assert_eq!(files(&folder), programs);
}

/// A corpus of values that the readers do not take any more would only look like one.
#[test]
fn seeds_are_what_is_written_today() {
    let update = std::env::var_os("UPDATE_CORPUS").is_some_and(|value| value == "1");
    for target in TARGETS {
        let folder = kept("corpus", target);
        let seeds = target.seeds();
        let path = |name: &str| folder.join(format!("{SEED}{name}"));
        for seed in &seeds {
            let path = path(seed.name);
            let kept = fs::read(&path).ok();
            let taken = |bytes: &[u8]| target.run(bytes) == seed.taken;
            assert!(taken(&seed.bytes), "{} is read otherwise today", path.display());
            let good = |kept: &Vec<u8>| *kept == seed.bytes || seed.random && taken(kept);
            if update && !kept.as_ref().is_some_and(good) {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&path, &seed.bytes).unwrap();
                continue;
            }
            let kept = kept.unwrap_or_else(|| panic!("{} is not there", path.display()));
            assert!(good(&kept), "{} is another today: UPDATE_CORPUS=1", path.display());
        }
        for file in files(&folder) {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let known = seeds.iter().any(|seed| file == path(seed.name));
            assert!(known || !name.starts_with(SEED), "nobody makes {}", file.display());
        }
    }
}

/// Of a size that a clone does not notice.
#[test]
fn what_is_kept_is_small() {
    let kept = TARGETS.iter().flat_map(|target| [kept("corpus", target), kept("crashes", target)]);
    let sizes: Vec<_> = kept
        .flat_map(|folder| files(&folder))
        .map(|file| fs::metadata(file).unwrap().len())
        .collect();
    assert!(sizes.len() <= 300 && sizes.iter().sum::<u64>() <= 1_000_000, "{}", sizes.len());
}
