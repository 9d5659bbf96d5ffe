//! What fuzzing has found worth keeping, in `fuzz/corpus`, played with the functions of its targets.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use groupcast_fuzz_targets::{TARGETS, Target};

use crate::layers::report;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Plays the corpus of a target; gives the inputs for which something does not hold.
fn play(name: &str, target: Target) -> Vec<String> {
    let folder = fuzz().join("corpus").join(name);
    let mut faults = Vec::new();
    for input in names(&folder) {
        let data = fs::read(folder.join(&input)).unwrap();
        if catch_unwind(AssertUnwindSafe(|| target(&data))).is_err() {
            faults.push(format!("fuzz/corpus/{name}/{input}: does not hold, as the panic above says"));
        }
    }
    faults
}

#[test]
fn the_corpora_hold() {
    let threads: Vec<_> =
        TARGETS.iter().map(|&(name, target)| std::thread::spawn(move || play(name, target))).collect();
    let faults: Vec<String> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    report(&faults);
}

#[test]
fn each_target_has_a_corpus_and_a_program() {
    let targets: BTreeSet<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    let corpora = names(&fuzz().join("corpus"));
    assert_eq!(corpora, targets.iter().copied().collect::<Vec<_>>());
    for corpus in &corpora {
        assert!(!names(&fuzz().join("corpus").join(corpus)).is_empty(), "fuzz/corpus/{corpus} is empty");
    }
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let programs: Vec<&str> = manifest.lines().filter_map(|line| line.strip_prefix("path = ")).collect();
    for name in &targets {
        let path = format!("fuzz_targets/{name}.rs");
        assert!(programs.contains(&format!("{path:?}").as_str()), "fuzz/Cargo.toml does not name {path}");
        let program = fs::read_to_string(fuzz().join(&path)).unwrap();
        assert!(program.contains(&format!("groupcast_fuzz_targets::{name}(data)")), "{path}");
    }
    assert_eq!(programs.len(), targets.len(), "fuzz/Cargo.toml names others than the targets");
}
