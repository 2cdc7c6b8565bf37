// SPDX-License-Identifier: Apache-2.0
use super::*;

use serde_json::{json, Value};

const ON: Meaning = Meaning { on: true, registered: false };
const BOTH: Meaning = Meaning { on: true, registered: true };

fn list() -> Value {
    json!({
        "items": [
            {"file": "/data/misc/acme/{user}/prefs.xml", "format": "preferences", "key": "on",
             "values": {"true": ["on"], "false": []}, "missing": ["on"]},
            {"there": "/data/misc/acme/keys", "means": ["on", "registered"]},
            {"property": "persist.acme.messaging", "values": {"1": ["on"]}},
            {"setting": "secure/acme_messaging", "values": {"1": ["on"], "0": []}},
        ],
        "texts": {
            "en": {"name": "Acme Chat", "erasure": "Write to us.\nWe answer."},
            "pt-BR": {"name": "Acme Papo", "erasure": "Escreva."},
        },
        "address": "https://acme.example/erase?from=phone",
    })
}

fn load(list: &Value) -> Result<Legacy, ConfigError> {
    load_text(&list.to_string())
}

fn load_text(list: &str) -> Result<Legacy, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE), list).unwrap();
    Legacy::load_beside(&folder.path().join("config.json"))
}

/// The error of a list in which one thing was changed.
fn refused(pointer: &str, value: Value) -> String {
    let mut list = list();
    let (folder, name) = pointer.rsplit_once('/').unwrap();
    let members = list.pointer_mut(folder).unwrap();
    match members.as_object_mut() {
        Some(members) => drop(members.insert(name.to_owned(), value)),
        None => members[name.parse::<usize>().unwrap()] = value,
    }
    let error = load(&list).unwrap_err().to_string();
    assert!(error.contains("legacy.json: "), "names no file: {error}");
    error
}

#[test]
fn a_list_says_where_to_look_and_what_is_meant() {
    let legacy = load(&list()).unwrap();
    let [file, there, property, setting] = &legacy.items[..] else { panic!("not four") };
    let Source::Value(path, Format::Preferences(key)) = &file.source else { panic!("no value") };
    assert_eq!(key, "on");
    assert!(path.is_of_a_user());
    assert_eq!(path.of(10), Path::new("/data/misc/acme/10/prefs.xml"));
    assert_eq!(file.means("true"), Some(ON));
    assert_eq!(file.means("false"), Some(Meaning::default()));
    assert_eq!(file.means("TRUE"), None);
    assert_eq!(file.means_without_value(), Some(ON));
    assert!(matches!(&there.source, Source::There(path) if !path.is_of_a_user()));
    assert_eq!(there.means_without_value(), Some(BOTH));
    assert_eq!(property.source, Source::Property("persist.acme.messaging".into()));
    assert_eq!(property.means_without_value(), None);
    let name = SettingName { table: Table::Secure, key: "acme_messaging".into() };
    assert_eq!(setting.setting(), Some(&name));
    assert_eq!(legacy.settings(), BTreeSet::from([&name]));
    assert_eq!(legacy.words("pt-PT").name, "Acme Papo");
    assert_eq!(legacy.words("xx").erasure, "Write to us.\nWe answer.");
    assert_eq!(legacy.address, "https://acme.example/erase?from=phone");
}

#[test]
fn no_list_is_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Legacy::load_beside(&folder.path().join("x")).unwrap(), Legacy::default());
    let legacy = load(&json!({"items": []})).unwrap();
    assert_eq!(legacy, Legacy::default());
    assert_eq!(legacy.words("en"), Words::default());
}

#[test]
fn what_is_wrong_is_named_by_its_field() {
    let file = |field: &str, value: Value| refused(&format!("/items/0/{field}"), value);
    for path in ["data/x", "/", "", "/data/../x", "/data//x", "/data/x/", "/data/./x", "/d/{id}"] {
        assert!(file("file", json!(path)).contains("items[0].file: "), "{path}");
    }
    assert!(file("file", json!("/{user}/{user}")).contains("items[0].file: "));
    assert!(file("format", json!("xml")).contains("items[0].format: "));
    assert!(file("format", json!("text")).contains("items[0].key: has no place"));
    assert!(file("key", json!("")).contains("items[0].key: "));
    assert!(file("key", json!("k".repeat(KEY_MAX + 1))).contains("items[0].key: "));
    assert!(file("values", json!({})).contains("items[0].values: "));
    assert!(file("values", json!({"1": "on"})).contains("items[0].values.1: "));
    assert!(file("values", json!({"1": ["off"]})).contains("items[0].values.1: "));
    assert!(file("values", json!({"1": ["on", "on"]})).contains("items[0].values.1: "));
    assert!(file("means", json!(["on"])).contains("items[0].means: has no place beside file"));
    assert!(file("setting", json!("secure/x")).contains("items[0]: has to have one of"));
    assert!(file("turnsOn", json!(true)).contains("turnsOn"));
    assert!(refused("/items/1/values", json!({"1": []})).contains("items[1].values: has no place"));
    assert!(refused("/items/2/key", json!("x")).contains("items[2].key: has no place"));
    assert!(refused("/items/2/property", json!(1)).contains("items[2].property: "));
    for name in ["acme", "secret/x", "secure/", "Secure/x"] {
        assert!(refused("/items/3/setting", json!(name)).contains("items[3].setting: "), "{name}");
    }
    assert!(refused("/items/3/missing", json!([])).contains("items[3].missing: has no place"));
    for address in ["http://acme.example", "https://", "tel:1", "mailto:a b", ""] {
        assert!(refused("/address", json!(address)).contains("address: "), "{address}");
    }
    assert!(refused("/texts/e", json!({})).contains("texts.e: "));
    assert!(refused("/texts/PT-br", json!({})).contains("twice"));
    assert!(refused("/texts/en", json!({"nome": "x"})).contains("texts.en.nome: "));
    assert!(refused("/texts/en", json!({"name": "a\nb"})).contains("texts.en.name: "));
    assert!(refused("/on", json!(true)).contains("on"));
}

#[test]
fn whoever_is_told_of_a_registration_is_told_how_to_have_it_erased() {
    assert!(refused("/texts", json!({})).contains("texts.en.erasure: is missing"));
    assert!(refused("/texts/en", json!({"name": "Acme"})).contains("texts.en.erasure: "));
    let mut only_on = list();
    only_on["items"][1]["means"] = json!(["on"]);
    only_on["texts"] = json!({});
    load(&only_on).unwrap();
    only_on["texts"] = json!({"de": {"name": "Acme"}});
    assert!(load(&only_on).unwrap_err().to_string().contains("texts.en: is missing"));
}

#[test]
fn a_list_has_an_end() {
    let item = json!({"there": "/data/x", "means": []});
    load(&json!({"items": vec![item.clone(); 64]})).unwrap();
    assert!(refused("/items", json!(vec![item; 65])).contains("items: has to be at most 64"));
    let setting = |n: usize| json!({"setting": format!("global/{n}"), "values": {"1": []}});
    load(&json!({"items": (0..32).map(setting).collect::<Vec<_>>()})).unwrap();
    let many: Vec<_> = (0..33).map(setting).collect();
    assert!(refused("/items", json!(many)).contains("32 settings"));
    assert!(load_text(&" ".repeat(300_000)).unwrap_err().to_string().contains("at most"));
    assert!(load_text("{").unwrap_err().to_string().contains("legacy.json: "));
}
