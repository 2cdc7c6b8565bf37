// SPDX-License-Identifier: Apache-2.0
//! Android.bp against the source that it builds.

use std::collections::{BTreeMap, BTreeSet};

use soong::bp::{Module, Tree};
use soong::cargo::{packages, soong_module, Package};
use soong::rust::{self, Which};
use soong::{files, text};

/// The package whose source a module is, by the place of its root.
fn package_of<'a>(packages: &'a [Package], crate_root: &str) -> &'a Package {
    let found = packages.iter().find(|p| crate_root.starts_with(&format!("{}/", p.folder)));
    found.unwrap_or_else(|| panic!("{crate_root} is of no package"))
}

fn root_of(module: &Module) -> String {
    let roots = module.paths("srcs");
    assert_eq!(roots.len(), 1, "{}: {roots:?}", module.name);
    roots.into_iter().next().unwrap()
}

fn is_test(module: &Module) -> bool {
    module.kind.starts_with("rust_test")
}

fn which(module: &Module) -> Which {
    match is_test(module) {
        true => Which::Tested,
        false => Which::Phone,
    }
}

#[test]
fn every_source_is_there() {
    let tree = Tree::read();
    for module in tree.all() {
        for property in [
            "srcs",
            "src",
            "init_rc",
            "local_include_dir",
            "license_text",
            "data",
            "corpus",
            "manifest",
        ] {
            for path in module.paths(property) {
                let Some(reference) = path.strip_prefix(':') else { continue };
                let (name, output) = match reference.strip_suffix('}') {
                    Some(tagged) => tagged.split_once('{').unwrap(),
                    None => (reference, ""),
                };
                let outputs = tree.get(name).strings("out");
                assert!(
                    output.is_empty() || outputs.iter().any(|out| out == output),
                    "{}: {name} makes no {output}",
                    module.name
                );
            }
        }
        for tool in module.strings("tools") {
            assert_eq!(tree.get(&tool).kind, "rust_binary_host", "{}", module.name);
        }
    }
}

#[test]
fn every_rust_file_of_a_device_belongs_to_a_module() {
    let tree = Tree::read();
    let mut built = BTreeSet::new();
    for module in tree.rust() {
        built.extend(rust::files_of(&root_of(module), Which::All));
    }
    for package in packages().into_iter().filter(|p| p.is_for_phones) {
        let source = files(&[&format!(":(glob){}/src/**/*.rs", package.folder)]);
        assert!(!source.is_empty(), "{}", package.name);
        for file in source {
            assert!(built.contains(&file), "{file} belongs to no module of Android.bp");
        }
    }
}

/// What a module's files name is what it is given, and that is what Cargo.toml gives them.
#[test]
fn soong_and_cargo_give_each_crate_the_same_others() {
    let tree = Tree::read();
    let packages = packages();
    let mut given: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for module in tree.rust() {
        let root = root_of(module);
        let package = package_of(&packages, &root);
        let files = rust::files_of(&root, which(module));
        let mut known = package.crates.clone();
        if is_test(module) {
            known.extend(package.test_crates.iter().cloned());
        }
        // A program besides a library has that too.
        if !root.ends_with("/lib.rs") {
            known.insert(package.name.replace('-', "_"));
        }
        let named: BTreeSet<_> = known.iter().filter(|krate| rust::name(&files, krate)).collect();
        let wanted: BTreeSet<_> = named.iter().map(|krate| soong_module(krate)).collect();
        let has: BTreeSet<_> = module.strings("rustlibs").into_iter().collect();
        assert_eq!(has, wanted, "{}: rustlibs, and what its files name", module.name);
        given.entry(&package.name).or_default().extend(named.into_iter().cloned());
    }
    for package in packages.iter().filter(|p| p.is_for_phones) {
        let given = &given[package.name.as_str()];
        let unused: Vec<_> = package.crates.difference(given).collect();
        assert!(unused.is_empty(), "{}: no module of Android.bp has {unused:?}", package.name);
    }
}

#[test]
fn each_module_is_built_as_cargo_builds_it() {
    let tree = Tree::read();
    let packages = packages();
    for module in tree.rust() {
        let root = root_of(module);
        let package = package_of(&packages, &root);
        let name = &module.name;
        assert_eq!(module.string("edition"), Some(package.edition.clone()), "{name}");
        for lints in ["lints", "clippy_lints"] {
            assert_eq!(module.string(lints).as_deref(), Some("android"), "{name}: {lints}");
        }
        assert_eq!(
            module.strings("features"),
            [""; 0],
            "{name}: no build for a phone has features"
        );
        if root.ends_with("/lib.rs") {
            assert_eq!(module.string("crate_name"), Some(package.name.replace('-', "_")), "{name}");
        }
        let sources = rust::files_of(&root, which(module));
        let named = sources.iter().any(|file| text(file).contains("env!(\"CARGO_PKG_VERSION"));
        assert_eq!(module.is("cargo_env_compat"), named, "{name}: cargo_env_compat");
        let variables = ["CARGO_PKG_VERSION", "CARGO_MANIFEST_DIR", "CARGO_BIN_EXE"];
        for variable in variables {
            if !sources.iter().any(|file| text(file).contains(&format!("env!(\"{variable}"))) {
                continue;
            }
            assert_eq!(variable, "CARGO_PKG_VERSION", "{name}: Soong has no such variable");
            let version = module.string("cargo_pkg_version");
            assert_eq!(version.as_deref(), Some(&*package.version), "{name}");
        }
    }
}

#[test]
fn all_of_it_goes_to_system_ext() {
    for module in Tree::read().all() {
        let kind = module.kind.as_str();
        if ["rust_", "prebuilt_", "aidl_", "android_", "java_"].iter().any(|k| kind.starts_with(k))
        {
            let is_default = kind.ends_with("_defaults") && !module.is("system_ext_specific");
            assert!(is_default || module.is("system_ext_specific"), "{}", module.name);
        }
    }
}

#[test]
fn every_interface_is_in_the_interface_library() {
    let tree = Tree::read();
    let interface = tree.get("android.system.cloudmessaging");
    assert_eq!(interface.paths("srcs"), files(&["aidl/*.aidl"]));
    assert!(interface.is("backend.rust.enabled") && interface.is("backend.java.platform_apis"));
    assert!(
        interface.is("unstable"),
        "a version is frozen: list it, and say so in docs/integration.md"
    );
}

/// Packages whose tests no phone runs, and what they need that Soong does not give.
const NOT_ON_A_PHONE: [(&str, &str); 3] = [
    ("cloudmessaging_gate", "CARGO_MANIFEST_DIR, for the disclosures and its own source"),
    ("cloudmessaging_uplink", "rcgen, to make certificates"),
    ("cmctl", "the test package `ledger`, for exports"),
];

#[test]
fn every_package_is_tested_on_a_phone_or_it_is_said_why_not() {
    let tree = Tree::read();
    let tested: BTreeSet<_> =
        tree.rust().filter(|m| is_test(m)).filter_map(|m| m.string("crate_name")).collect();
    for package in packages().into_iter().filter(|p| p.is_for_phones) {
        let source = files(&[&format!("{}/src/*.rs", package.folder)]);
        if source.iter().any(|file| text(file).contains("#[test]")) {
            let excused = NOT_ON_A_PHONE.iter().any(|(name, _)| *name == package.name);
            assert_ne!(tested.contains(&package.name), excused, "{}", package.name);
        }
    }
}

#[test]
fn presubmit_runs_every_test() {
    let mapping: serde_json::Value = serde_json::from_str(&text("TEST_MAPPING")).unwrap();
    let mapped = mapping["presubmit"].as_array().unwrap().iter();
    let mapped: BTreeSet<_> =
        mapped.map(|test| test["name"].as_str().unwrap().to_owned()).collect();
    let tree = Tree::read();
    let tests: BTreeSet<_> = tree.rust().filter(|m| is_test(m)).map(|m| m.name.clone()).collect();
    assert_eq!(mapped, tests);
    for name in tests {
        let test = tree.get(&name);
        assert_eq!(test.strings("test_suites"), ["general-tests"], "{name}");
        assert!(test.is("auto_gen_config"), "{name}");
    }
}

#[test]
fn every_fuzz_target_is_built_with_its_corpus() {
    let tree = Tree::read();
    let built: BTreeMap<_, _> = tree
        .all()
        .filter(|module| module.kind == "rust_fuzz")
        .map(|module| (root_of(module), module.paths("corpus")))
        .collect();
    for target in files(&["fuzz/fuzz_targets/*.rs"]) {
        let name = target.rsplit('/').next().unwrap().strip_suffix(".rs").unwrap();
        // The registrar is not for phones.
        if name != "request" {
            assert_eq!(built[&target], files(&[&format!("fuzz/corpus/{name}/*")]), "{name}");
        }
    }
}
