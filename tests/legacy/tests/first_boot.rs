// SPDX-License-Identifier: Apache-2.0
//! The first start of the gate on a phone that had an earlier service, and those after it; of every layout.

use android_system_cloudmessaging::aidl::android::system::cloudmessaging::UserReport::UserReport;
use cloudmessaging_testbed::{fixtures, programs, Bed, Phone, Profile, Programs, Setup, Value};
use legacy::{content, heard_of, layouts, of_layout, Legacy, Result, SettingsApp, Watch};
use std::fs;
use std::sync::OnceLock;

fn bed() -> Result<Bed> {
    static BUILT: OnceLock<Programs> = OnceLock::new();
    let programs = BUILT.get_or_init(|| programs(Profile::own()).expect("the programs are built"));
    Ok(Bed::start(programs, Setup::default())?)
}

/// A phone after the update; its gate was not started since.
fn phone(bed: &Bed, at: usize, layout: &str) -> Result<Phone> {
    let mut phone = bed.phone(layout, &format!("+1555020{at:04}"))?;
    phone.kill_gate();
    phone.come_from(layout)?;
    Ok(phone)
}

/// Init starts the gate, and our settings app reports. How many settings were asked for.
fn boot(phone: &mut Phone, settings: &Value) -> Result<(SettingsApp, usize)> {
    phone.restart()?;
    let app = SettingsApp::of(phone)?;
    let asked = app.report_settings(settings)?;
    Ok((app, asked))
}

fn meaning(legacy: &Legacy) -> (bool, bool, bool) {
    (legacy.found, legacy.wasOn, legacy.wasRegistered)
}

fn expected(layout: &str) -> Result<(bool, bool, bool)> {
    let expect = of_layout(layout, "expect.json")?;
    let is = |name: &str| expect[name].as_bool().unwrap_or_else(|| panic!("{layout}: no {name}"));
    Ok((is("found"), is("on"), is("registered")))
}

/// Every value says the opposite of what it said.
fn turn_over(phone: &Phone) -> Result<()> {
    for (path, bytes) in content(&phone.old())? {
        let text = String::from_utf8_lossy(&bytes).replace("true", "FALSE").replace("yes", "no");
        let text = text.replace("false", "true").replace("done", "none");
        fs::write(&path, text.replace("FALSE", "false"))?;
    }
    fs::create_dir_all(phone.old().join("0/shared_prefs"))?;
    let on = "<map><boolean name=\"enabled\" value=\"true\" /><string name=\"registration\">done</string></map>";
    for name in ["0/shared_prefs/chat.xml", "marker"] {
        if !phone.old().join(name).exists() {
            fs::write(phone.old().join(name), on)?;
        }
    }
    Ok(())
}

#[test]
fn an_earlier_service_ends_off_is_told_of_once_and_is_never_read_again() -> Result<()> {
    let bed = bed()?;
    let layouts = layouts()?;
    assert!(layouts.len() > 10, "the layouts are not where they should be");
    for (at, layout) in layouts.iter().enumerate() {
        let mut phone = phone(&bed, at, layout)?;
        let before = content(&phone.old())?;
        let settings = of_layout(layout, "settings.json")?;
        // That a file is there is asked without opening it.
        let read = fs::read_to_string(fixtures().join(layout).join("legacy.json"))?;
        let watch = match before.is_empty() || !read.contains("\"file\"") {
            true => None,
            false => Some(Watch::begin(&phone.old())?),
        };

        // The first boot after the update.
        let (app, asked) = boot(&mut phone, &settings)?;
        assert_eq!(asked > 0, settings.is_object(), "{layout}: settings");
        if let Some(watch) = &watch {
            assert!(!watch.seen()?.is_empty(), "{layout}: nobody looked");
        }
        let first = app.legacy()?;
        assert_eq!(meaning(&first), expected(layout)?, "{layout}");
        let is_news = first.wasOn || first.wasRegistered;
        assert_eq!(first.toTell, is_news, "{layout}");
        assert!(!first.wasRegistered || first.erasure.contains("privacy@acme.example"), "{layout}");
        let state = phone.status()?;
        assert_eq!(state["on"], false, "{layout}");
        let reason = of_layout(layout, "expect.json")?["offReason"].clone();
        let reason = if reason.is_null() { Value::from("NO_RECORD") } else { reason };
        assert_eq!(state["offReason"], reason, "{layout}");
        assert_eq!(heard_of(&phone)?, "", "{layout}: the first boot");
        assert_eq!(content(&phone.old())?, before, "{layout}: it is only looked at");

        // Until our settings app has said that it told, there is something to tell.
        drop(app);
        let (app, asked) = boot(&mut phone, &settings)?;
        assert_eq!(asked, 0, "{layout}: settings are asked for once");
        assert_eq!(app.legacy()?.toTell, is_news, "{layout}");
        app.page.legacyTold()?;
        assert!(!app.legacy()?.toTell, "{layout}");

        // Whoever changes, or brings, files of the earlier service is not heard.
        drop((app, watch));
        turn_over(&phone)?;
        let watch = Watch::begin(&phone.old())?;
        for _ in 0..2 {
            let (app, asked) = boot(&mut phone, &settings)?;
            assert_eq!(asked, 0, "{layout}: settings");
            let later = app.legacy()?;
            assert_eq!(meaning(&later), meaning(&first), "{layout}: was read again");
            assert!(!later.toTell, "{layout}: told twice");
            assert_eq!(phone.status()?["on"], false, "{layout}");
            assert_eq!(heard_of(&phone)?, "", "{layout}: a later boot");
        }
        assert!(watch.seen()?.is_empty(), "{layout}: somebody looked");
    }
    Ok(())
}

#[test]
fn a_gate_that_died_before_it_knew_finds_the_same() -> Result<()> {
    let bed = bed()?;
    let mut phone = phone(&bed, 0, "shared-preferences")?;
    let (app, _) = boot(&mut phone, &Value::Null)?;
    let first = app.legacy()?;
    drop(app);
    phone.kill_gate();
    // As it is when it died between what was found and that it was looked for.
    fs::remove_file(phone.data().join("legacy"))?;
    assert!(phone.data().join("0/legacy").exists());
    phone.start()?;
    let app = SettingsApp::of(&phone)?;
    assert_eq!(meaning(&app.legacy()?), (false, false, false), "nobody was reported yet");
    drop(app);
    let (app, _) = boot(&mut phone, &Value::Null)?;
    assert_eq!(meaning(&app.legacy()?), meaning(&first));
    assert!(app.legacy()?.toTell);
    Ok(())
}

#[test]
fn an_owner_who_turns_on_after_that_is_on_and_is_told_nothing_more() -> Result<()> {
    let bed = bed()?;
    let mut phone = phone(&bed, 0, "in-our-own-folder")?;
    let (app, _) = boot(&mut phone, &Value::Null)?;
    assert!(app.legacy()?.toTell);
    phone.grant(&[])?;
    let legacy = app.legacy()?;
    assert!(!legacy.toTell, "who is on was asked");
    assert!(legacy.wasRegistered, "the page goes on saying how to have it erased");
    assert_eq!(phone.status()?["on"], true);
    Ok(())
}

#[test]
fn a_user_who_comes_later_never_had_the_earlier_service() -> Result<()> {
    let bed = bed()?;
    let mut phone = phone(&bed, 0, "shared-preferences")?;
    let (app, _) = boot(&mut phone, &Value::Null)?;
    let mut users =
        [0, 10].map(|user| UserReport { user, serial: i64::from(user) + 1, ..Default::default() });
    app.reports.reportUsers(&users)?;
    assert!(!phone.data().join("10/legacy").exists());
    assert!(app.reports.wantsLegacy(10)?.is_empty());
    // And the first one under another serial number is another person.
    users[0].serial = 77;
    app.reports.reportUsers(&users)?;
    assert_eq!(meaning(&app.legacy()?), (false, false, false));
    Ok(())
}

#[test]
fn a_list_that_is_wrong_lets_no_gate_run() -> Result<()> {
    let bed = bed()?;
    let mut phone = phone(&bed, 0, "json")?;
    let list = phone.run().with_file_name("legacy.json");
    let text = fs::read_to_string(&list)?.replace("\"missing\"", "\"turnsOn\"");
    fs::write(&list, text)?;
    let error = phone.start().unwrap_err().to_string();
    assert!(error.contains("legacy.json: ") && error.contains("turnsOn"), "{error}");
    Ok(())
}
