// SPDX-License-Identifier: Apache-2.0
//! `Android.bp`, with its defaults applied.

use std::collections::BTreeMap;

use android_bp::{BluePrint, Map, Module as Parsed, Value};

use crate::{files, root, text};

/// Defaults that AOSP has, and the libraries that each adds: of a version that is the tree's to choose.
const OF_AOSP: [(&str, &str); 2] = [
    ("keymint_use_latest_hal_aidl_rust", "android.hardware.security.keymint-V*-rust"),
    ("keystore2_use_latest_aidl_rust", "android.system.keystore2-V*-rust"),
];

/// The modules of all `Android.bp` of the tree, by name.
pub struct Tree {
    modules: BTreeMap<String, Module>,
}

/// One module.
pub struct Module {
    /// `rust_library` and so on.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The folder of its `Android.bp`, with a slash at the end, or empty.
    pub folder: String,
    properties: Map,
    inherited: Vec<Map>,
}

impl Tree {
    /// Reads them all.
    pub fn read() -> Self {
        let mut parsed: Vec<(String, Parsed)> = Vec::new();
        for file in files(&["Android.bp", "*/Android.bp"]) {
            let folder = file.strip_suffix("Android.bp").unwrap().to_owned();
            let print = BluePrint::parse(&text(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
            parsed.extend(print.modules.into_iter().map(|module| (folder.clone(), module)));
        }
        let map = |module: &Parsed| Map(module.entries.clone());
        let of_aosp = OF_AOSP.map(|(name, library)| {
            let libraries = Value::Array(vec![library.into()]);
            (name.to_owned(), Map([("rustlibs".to_owned(), libraries)].into()))
        });
        let defaults: BTreeMap<String, Map> = parsed
            .iter()
            .filter(|(_, module)| module.typ.ends_with("_defaults"))
            .map(|(_, module)| (module.get_string("name").unwrap().clone(), map(module)))
            .chain(of_aosp)
            .collect();
        let mut modules = BTreeMap::new();
        for (folder, module) in &parsed {
            let Some(name) = module.get_string("name") else { continue };
            let inherited = strings_of(module.get("defaults"))
                .iter()
                .map(|name| defaults.get(name).unwrap_or_else(|| panic!("no defaults {name}")))
                .cloned()
                .collect();
            let (kind, name, folder) = (module.typ.clone(), name.clone(), folder.clone());
            let module = Module { kind, name, folder, properties: map(module), inherited };
            let name = module.name.clone();
            assert!(modules.insert(name.clone(), module).is_none(), "{name} is there twice");
        }
        Self { modules }
    }

    /// The module of that name.
    pub fn get(&self, name: &str) -> &Module {
        self.find(name).unwrap_or_else(|| panic!("there is no module {name}"))
    }

    /// The same, if there is one.
    pub fn find(&self, name: &str) -> Option<&Module> {
        self.modules.get(name)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Module> {
        self.modules.values()
    }

    /// Those that are compiled from Rust.
    pub fn rust(&self) -> impl Iterator<Item = &Module> {
        self.all().filter(|m| m.kind.starts_with("rust_") && !m.kind.ends_with("_defaults"))
    }
}

impl Module {
    /// The strings of a list property, or of a single one: its own and those of its defaults. In parts of it too:
    /// `backend.rust.enabled`.
    pub fn strings(&self, property: &str) -> Vec<String> {
        self.values(property).iter().flat_map(|value| strings_of(Some(value))).collect()
    }

    /// A string property.
    pub fn string(&self, property: &str) -> Option<String> {
        self.strings(property).into_iter().next()
    }

    /// Whether a property is set to true.
    pub fn is(&self, property: &str) -> bool {
        matches!(self.values(property).first(), Some(Value::Boolean(true)))
    }

    /// The paths of a property, relative to the project's folder, with `*` filled in; `:module` as it is.
    pub fn paths(&self, property: &str) -> Vec<String> {
        let mut paths = Vec::new();
        for path in self.strings(property) {
            if path.starts_with(':') {
                paths.push(path);
                continue;
            }
            let path = format!("{}{path}", self.folder);
            if path.contains('*') {
                let found = files(&[&format!(":(glob){path}")]);
                assert!(!found.is_empty(), "{}: nothing matches {path}", self.name);
                paths.extend(found);
            } else {
                assert!(root().join(&path).exists(), "{}: there is no {path}", self.name);
                paths.push(path);
            }
        }
        paths
    }

    fn values(&self, property: &str) -> Vec<&Value> {
        let own = std::iter::once(&self.properties);
        own.chain(&self.inherited).filter_map(|map| get(map, property)).collect()
    }
}

fn get<'a>(map: &'a Map, property: &str) -> Option<&'a Value> {
    match property.split_once('.') {
        None => map.get(property),
        Some((outer, inner)) => match map.get(outer) {
            Some(Value::Map(map)) => get(map, inner),
            _ => None,
        },
    }
}

fn strings_of(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(string)) => vec![string.clone()],
        Some(Value::Array(values)) => {
            values.iter().flat_map(|value| strings_of(Some(value))).collect()
        }
        _ => Vec::new(),
    }
}
