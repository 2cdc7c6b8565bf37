// SPDX-License-Identifier: Apache-2.0
//! The checked-in Rust is what `proto/` says. After a change there:
//! `UPDATE_GENERATED=1 cargo test -p cloudmessaging_wire --test generated`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn generated_code_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let protos = root.join("../../proto");
    let checked_in = root.join("src/generated");
    let sources: Vec<_> = fs::read_dir(&protos)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".proto"))
        .collect();
    let descriptors = protox::compile(&sources, [&protos]).unwrap();
    let out = tempfile::tempdir().unwrap();
    prost_build::Config::new()
        .skip_debug(["."])
        .disable_comments(["."])
        .out_dir(out.path())
        .compile_fds(descriptors)
        .unwrap();

    let names = |dir: &Path| -> BTreeSet<String> {
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    };
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        for name in names(out.path()) {
            fs::copy(out.path().join(&name), checked_in.join(&name)).unwrap();
        }
    }
    assert_eq!(names(out.path()), names(&checked_in));
    for name in names(out.path()) {
        let fresh = fs::read_to_string(out.path().join(&name)).unwrap();
        let kept = fs::read_to_string(checked_in.join(&name)).unwrap();
        assert!(
            fresh == kept,
            "src/generated/{name} is not what proto/ says: see this file's head"
        );
    }
}
