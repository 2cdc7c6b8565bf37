// SPDX-License-Identifier: Apache-2.0
//! What a device inherits, against Android.bp, the policy and the code.

use std::collections::{BTreeMap, BTreeSet};

use cloudmessaging_gate::service::name;
use soong::bp::{Module, Tree};
use soong::product::{lines, user, variable, Rc};
use soong::{files, root, text};

/// The settings app, as the policy and the permissions name it.
const SETTINGS: &str = "android.system.cloudmessaging.settings";

fn is_installed(module: &Module) -> bool {
    // The app brings its JNI library itself, and tests are installed when they are run.
    let kinds = ["rust_binary", "prebuilt_etc", "android_app"];
    kinds.contains(&module.kind.as_str())
}

/// Where a prebuilt file goes.
fn place(module: &Module) -> String {
    let source = module.string("src").unwrap();
    let name = match module.is("filename_from_src") {
        true => source.rsplit('/').next().unwrap().to_owned(),
        false => module.string("filename").unwrap_or_else(|| module.name.clone()),
    };
    let folder = module.string("relative_install_path").unwrap();
    format!("/system_ext/etc/{folder}/{name}")
}

fn prebuilt(tree: &Tree) -> BTreeMap<String, &Module> {
    tree.all().filter(|m| m.kind == "prebuilt_etc").map(|m| (place(m), m)).collect()
}

#[test]
fn a_device_inherits_what_is_installed_and_nothing_else() {
    let tree = Tree::read();
    let installed: BTreeSet<_> =
        tree.all().filter(|m| is_installed(m)).map(|m| m.name.clone()).collect();
    let inherited = variable("cloudmessaging.mk", "PRODUCT_PACKAGES");
    assert_eq!(inherited.iter().cloned().collect::<BTreeSet<_>>(), installed);
    assert_eq!(inherited.len(), installed.len(), "one of them is there twice");
}

#[test]
fn the_board_part_names_the_policy_and_the_user() {
    let makefile = "BoardConfigCloudMessaging.mk";
    let here = |path: &str| [root().join(path).to_str().unwrap().to_owned()];
    assert_eq!(variable(makefile, "SYSTEM_EXT_PRIVATE_SEPOLICY_DIRS"), here("sepolicy/private"));
    assert_eq!(variable(makefile, "TARGET_FS_CONFIG_GEN"), here("product/config.fs"));
    assert!(!files(&["sepolicy/private/*.te"]).is_empty());
}

#[test]
fn every_disclosure_is_installed_where_the_gate_looks() {
    let tree = Tree::read();
    let prebuilt = prebuilt(&tree);
    let folder = "/system_ext/etc/cloudmessaging/disclosures/";
    let installed =
        prebuilt.range(folder.to_owned()..).take_while(|(at, _)| at.starts_with(folder));
    let installed: BTreeMap<_, _> = installed.map(|(at, m)| (at.clone(), m.paths("src"))).collect();
    let shipped = files(&["product/disclosures/*"])
        .into_iter()
        .map(|file| (format!("{folder}{}", file.rsplit('/').next().unwrap()), vec![file]));
    assert_eq!(installed, shipped.collect());
}

#[test]
fn a_phone_has_only_a_configuration_that_was_checked() {
    let tree = Tree::read();
    let checked = tree.get("cloudmessaging_checked_config");
    let command = checked.string("cmd").unwrap();
    assert_eq!(
        command,
        "$(location cloudmessaging_config_check) --install $(genDir) \
         --default $(location product/legacy.json) $(in)"
    );
    assert_eq!(checked.strings("tool_files"), ["product/legacy.json"]);
    // Together with the disclosures, which a gate does not start without either.
    assert_eq!(
        checked.strings("srcs"),
        [":cloudmessaging_config_files", "product/disclosures/*.txt"]
    );
    let prebuilt = prebuilt(&tree);
    for file in checked.strings("out") {
        let module = prebuilt[&format!("/system_ext/etc/cloudmessaging/{file}")];
        let from = module.string("src").unwrap();
        assert_eq!(from, format!(":cloudmessaging_checked_config{{{file}}}"));
        // What the check lays out is what is installed.
        assert!(text("src/config/src/main.rs").contains(&format!("\"{file}\"")), "{file}");
    }
    let folder = "/system_ext/etc/cloudmessaging/";
    let others = prebuilt.keys().filter(|at| at.starts_with(folder) && !at.contains("disclosures"));
    assert_eq!(others.count(), checked.strings("out").len());
}

#[test]
fn init_and_the_policy_know_the_names_that_the_gate_serves() {
    let served =
        BTreeSet::from([name::CONSENT, name::PLATFORM, name::MESSAGING].map(str::to_owned));
    let rc = Rc::read();
    let lazy = rc.all("interface").into_iter().map(|words| {
        assert_eq!(words[0], "aidl");
        words[1].clone()
    });
    assert_eq!(lazy.collect::<BTreeSet<_>>(), served);
    let labelled = lines("sepolicy/private/service_contexts");
    assert_eq!(labelled.into_iter().map(|words| words[0].clone()).collect::<BTreeSet<_>>(), served);
}

/// P2: what the gate could reach a network with, it does not get.
#[test]
fn the_gate_gets_no_group_and_no_capability() {
    let (user, _) = user();
    let rc = Rc::read();
    assert_eq!(rc.one("user"), [user.as_str()]);
    assert_eq!(rc.one("group"), [user.as_str()]);
    // Without the line it would have all of init's.
    assert_eq!(rc.one("capabilities"), [""; 0]);
}

/// P7: no boot, no update and no crash starts it; who asks for one of its names does, and then it is off or on as the
/// owner left it.
#[test]
fn nothing_but_a_caller_starts_the_gate() {
    let rc = Rc::read();
    assert_eq!(rc.one("disabled"), [""; 0]);
    assert_eq!(rc.one("oneshot"), [""; 0]);
    assert_eq!(rc.all("on"), [["post-fs-data"]]);
    let service = &rc.one("service")[0];
    for command in ["start", "restart", "exec", "exec_background", "exec_start", "setprop"] {
        assert_eq!(rc.all(command), [[""; 0]; 0], "{command}");
    }
    // The one word that it can say to init: to start it again when it ended, and not to.
    let allowed =
        lines("sepolicy/private/property_contexts").into_iter().map(|words| words[0].clone());
    let oneshot = ["off", "on"].map(|word| format!("ctl.oneshot_{word}${service}"));
    assert_eq!(allowed.collect::<BTreeSet<_>>(), BTreeSet::from(oneshot));
}

#[test]
fn programs_data_and_user_are_the_same_everywhere() {
    let tree = Tree::read();
    let rc = Rc::read();
    let [service, program] = rc.one("service") else { panic!("it takes no arguments") };
    assert_eq!(*program, format!("/system_ext/bin/{service}"));
    let gate = tree.get(service);
    assert_eq!(gate.kind, "rust_binary");
    assert_eq!(gate.paths("init_rc"), ["product/cloudmessagingd.rc"]);

    let labels = lines("sepolicy/private/file_contexts");
    let labelled = |path: &str| labels.iter().any(|words| words[0] == path);
    for name in [service.as_str(), "cloudmessaging_uplink"] {
        assert!(labelled(&format!("/(system_ext|system/system_ext)/bin/{name}")), "{name}");
        assert!(tree.find(name).is_some(), "{name}");
    }
    let (user, number) = user();
    let [folder, mode, owner, group, encryption] = rc.one("mkdir") else { panic!("mkdir") };
    assert!(labelled(&format!("{folder}(/.*)?")), "{folder}");
    assert_eq!([mode.as_str(), encryption], ["0700", "encryption=Require"]);
    assert_eq!([owner, group], [&user; 2]);
    // What the gate opens on a phone, where nothing tells it.
    let code = text("src/gate/src/android.rs");
    let config = place(tree.get("cloudmessaging_config"));
    for (name, path) in [
        ("CONFIG", config.as_str()),
        ("DATA", folder),
        ("UPLINK", "/system_ext/bin/cloudmessaging_uplink"),
    ] {
        assert!(code.contains(&format!("const {name}: &str = \"{path}\";")), "{name}: {path}");
    }
    assert!(user.starts_with("system_ext_") && user.len() <= 31 - "AID_".len(), "{user}");
    assert!((7500..8000).contains(&number), "{number} is not of system_ext");
}

/// P2: the page that shows everything can send nothing.
#[test]
fn the_settings_app_is_allowed_no_network() {
    let file = format!("product/privapp-permissions-{SETTINGS}.xml");
    let permissions = text(&file);
    assert!(permissions.contains(&format!("<privapp-permissions package=\"{SETTINGS}\">")));
    let named =
        permissions.lines().filter_map(|line| line.trim().strip_prefix("<permission name=\""));
    let named: BTreeSet<_> = named.map(|rest| rest.split('"').next().unwrap()).collect();
    let expected = [
        "INTERACT_ACROSS_USERS",
        "MANAGE_USERS",
        "READ_PRIVILEGED_PHONE_STATE",
        "SET_PROCESS_LIMIT",
    ];
    let expected = expected.map(|name| format!("android.permission.{name}"));
    assert_eq!(named, expected.iter().map(String::as_str).collect());
    // That it may run in the background is all that is said of it otherwise.
    let allowed = text(&format!("product/sysconfig-{SETTINGS}.xml"));
    let allowed: Vec<_> =
        allowed.lines().map(str::trim).filter(|line| line.starts_with("<allow-")).collect();
    assert_eq!(allowed, [format!("<allow-in-power-save package=\"{SETTINGS}\" />")]);
    let domains = text("sepolicy/private/seapp_contexts");
    assert!(domains.contains(&format!(" name={SETTINGS} domain=cloudmessaging_settings_app ")));
}
