// SPDX-License-Identifier: Apache-2.0
//! Rules that the compiler does not know.

/// The source of this folder without its tests.
fn sources() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/service");
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ext| ext == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned();
            sources.push((path.file_name().unwrap().to_string_lossy().into_owned(), code));
        }
    }
    assert!(sources.len() > 10, "found {}", sources.len());
    sources
}

#[test]
fn a_parcelable_is_never_formatted() {
    // `Debug` of a parcelable prints phone numbers, on a phone too (host/aidl). What is formatted by `Debug`
    // here is one enum of ours and an exception's name.
    let allowed = ["{interface:?}", "{:?}\", status.exception_code()"];
    for (file, code) in sources() {
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let formats = line.contains(":?}") || line.contains(":#?}") || line.contains("dbg!");
            assert!(
                !formats || allowed.iter().any(|a| line.contains(a)),
                "{file} formats something: {line}"
            );
        }
    }
}

#[test]
fn the_services_name_no_transport() {
    for (file, code) in sources() {
        for word in ["rsbinder", "binder::host", "std::net", "UnixStream"] {
            let names = |line: &&str| !line.trim_start().starts_with("//") && line.contains(word);
            assert_eq!(code.lines().find(names), None, "{file} names {word}");
        }
    }
}
