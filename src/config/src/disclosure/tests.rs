// SPDX-License-Identifier: Apache-2.0
use super::*;

fn parties() -> Parties {
    Parties {
        controller: "Example Org".into(),
        broker: "broker.example".into(),
        registrar_key: [1; 32],
        signing_keys: vec![[2; 32]],
    }
}

fn shipped(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Disclosures, DisclosureError>) {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(directory.path().join(name), content).unwrap();
    }
    let loaded = Disclosures::load(directory.path(), parties());
    (directory, loaded)
}

fn load(files: &[(&str, &str)]) -> Disclosures {
    shipped(files).1.unwrap()
}

fn refused(files: &[(&str, &str)]) -> String {
    shipped(files).1.unwrap_err().to_string()
}

#[test]
fn the_hash_is_over_what_is_shown_byte_for_byte() {
    let disclosures = load(&[("en.txt", "version: 7\nAll of\nthis.\n")]);
    let text = disclosures.lookup("en");
    assert_eq!((text.version(), text.locale(), text.text()), (7, "en", "All of\nthis.\n"));
    assert_eq!(*text.sha256(), sha256("All of\nthis.\n"));
    assert_eq!(disclosures.by_hash(text.sha256()), Some(text));
    assert_eq!(disclosures.by_hash(&[0; 32]), None);
    assert_eq!(disclosures.by_hash(&[]), None);
}

#[test]
fn the_closest_text_is_found() {
    let names = ["en", "zh-CN", "pt-BR", "pt", "sr-Latn"];
    let files: Vec<_> =
        names.iter().map(|n| (format!("{n}.txt"), format!("version: 1\n{n}"))).collect();
    let files: Vec<_> = files.iter().map(|(n, c)| (n.as_str(), c.as_str())).collect();
    let disclosures = load(&files);
    for (wanted, found) in [
        ("en", "en"),
        ("en-GB", "en"),
        ("EN-gb", "en"),
        ("zh-CN", "zh-CN"),
        ("zh-cn-u-nu-hanidec", "zh-CN"),
        ("zh", "zh-CN"),
        ("zh-Hans-CN", "zh-CN"),
        ("zh_CN", "zh-CN"),
        ("pt-BR", "pt-BR"),
        ("pt-PT", "pt"),
        ("sr", "sr-Latn"),
        ("p", "en"),
        ("fr-FR", "en"),
        ("", "en"),
        ("-", "en"),
        ("../en", "en"),
    ] {
        assert_eq!(disclosures.lookup(wanted).locale(), found, "{wanted}");
    }
}

#[test]
fn a_translation_that_lags_behind_is_refused() {
    let error = refused(&[("en.txt", "version: 2\nMore."), ("hi.txt", "version: 1\nLess.")]);
    assert!(error.contains("hi.txt") && error.contains("version 1"), "{error}");
}

#[test]
fn what_is_no_disclosure_is_refused_and_named() {
    let english = ("en.txt", "version: 1\nText.");
    for (name, content, why) in [
        ("fr.txt", "", "version"),
        ("fr.txt", "Text.", "version"),
        ("fr.txt", "version: 0\nText.", "version"),
        ("fr.txt", "version: x\nText.", "version"),
        ("fr.txt", "version: 1\n \n", "no text"),
        ("fr.txt", "version: 1\nUp\u{1b}[2J.", "control"),
        ("fr.txt", "version: 1\r\nText.\r\n", "version"),
        ("f.txt", "version: 1\nText.", "BCP 47"),
        ("EN.txt", "version: 1\nText.", "same tag"),
        ("earlier.json", "{}", "earlier"),
        ("earlier.json", r#"{"earlier":[{"version":1,"locale":"en","sha256":"00"}]}"#, "sha256"),
    ] {
        let error = refused(&[english, (name, content)]);
        assert!(error.contains(why), "{name} {content:?}: {error}");
    }
    let long = format!("version: 1\n{}", "x".repeat(MAX_TEXT + 1));
    assert!(refused(&[english, ("fr.txt", &long)]).contains("at most"));
    assert!(refused(&[("fr.txt", "version: 1\nTexte.")]).contains("en.txt"));
    assert!(Disclosures::load(Path::new("/nonexistent"), parties()).is_err());
}

#[test]
fn a_disclosure_is_current_outdated_or_unknown() {
    let earlier = format!(
        r#"{{"earlier":[{{"version":1,"locale":"en","sha256":"{}"}}]}}"#,
        hex::encode([1; 32])
    );
    let disclosures =
        load(&[("en.txt", "version: 2\nnew in 2: More.\nText."), ("earlier.json", &earlier)]);
    let shown = *disclosures.lookup("en").sha256();
    for (version, hash, status) in [
        (2, shown, DisclosureStatus::Current),
        (1, shown, DisclosureStatus::Outdated),
        (3, shown, DisclosureStatus::Unknown),
        (1, [1; 32], DisclosureStatus::Outdated),
        (2, [1; 32], DisclosureStatus::Unknown),
        (1, [2; 32], DisclosureStatus::Unknown),
        (3, [1; 32], DisclosureStatus::Unknown),
    ] {
        assert_eq!(disclosures.status(version, &hash), status, "{version}");
    }
}

#[test]
fn a_text_that_was_reworded_or_says_less_is_still_the_one_agreed_to() {
    let text = "All of this and that.";
    let before = load(&[("en.txt", &format!("version: 1\n{text}"))]);
    let hash = *before.lookup("en").sha256();
    assert_eq!(before.status(1, &hash), DisclosureStatus::Current);
    let earlier = |version: u32| {
        let sha256 = hex::encode(hash);
        format!(r#"{{"earlier":[{{"version":{version},"locale":"en","sha256":"{sha256}"}}]}}"#)
    };
    let narrower = [("en.txt", "version: 1\nAll of this."), ("earlier.json", &*earlier(1))];
    assert_eq!(load(&narrower).status(1, &hash), DisclosureStatus::Current);
    let unlisted = &narrower[..1];
    assert_eq!(load(unlisted).status(1, &hash), DisclosureStatus::Unknown);
    let wider = [
        ("en.txt", "version: 2\nnew in 2: And more.\nAll of this and that and more."),
        ("earlier.json", &*earlier(1)),
    ];
    assert_eq!(load(&wider).status(1, &hash), DisclosureStatus::Outdated);
}

#[test]
fn what_is_new_is_said_in_each_language_and_is_not_part_of_the_text() {
    let earlier = format!(
        r#"{{"earlier":[{{"version":1,"locale":"en","sha256":"{}"}}]}}"#,
        hex::encode([1; 32])
    );
    let english = "version: 3\nnew in 2: IMSI.\nnew in 3: IMEI.\nnew in 3: And more.\nText.\n";
    let french = "version: 3\nnew in 2: L'IMSI.\nnew in 3: L'IMEI.\nTexte.\n";
    let all = [("en.txt", english), ("fr.txt", french), ("earlier.json", &*earlier)];
    let disclosures = load(&all);
    let text = disclosures.lookup("en");
    assert_eq!((text.text(), *text.sha256()), ("Text.\n", sha256("Text.\n")));
    let since = |version| text.news_since(version).collect::<Vec<_>>();
    assert_eq!(since(1), ["IMSI.", "IMEI.", "And more."]);
    assert_eq!(since(2), ["IMEI.", "And more."]);
    assert!(since(3).is_empty());
    assert_eq!(disclosures.lookup("fr").news_since(2).collect::<Vec<_>>(), ["L'IMEI."]);
    for (from, to, why) in [
        ("new in 3: L'IMEI.\n", "", "fr.txt: no line `new in 3"),
        ("new in 2: ", "new in 4: ", "ascending"),
        ("new in 3: ", "new in 1: ", "ascending"),
        ("new in 3: ", "new in three: ", "ascending"),
        ("new in 3: L'IMEI.", "new in 3:  ", "ascending"),
        ("L'IMEI.", "L'\u{1b}[2JIMEI.", "a line"),
    ] {
        let french = french.replace(from, to);
        let error = refused(&[all[0], ("fr.txt", &french), all[2]]);
        assert!(error.contains(why), "{to}: {error}");
    }
    let silent = "version: 3\nText.\n";
    assert!(refused(&[("en.txt", silent), all[2]]).contains("new in 2"));
    load(&[("en.txt", silent)]);
}

#[test]
fn tags_are_bcp_47() {
    for good in ["en", "zh-CN", "zh-Hans-CN", "es-419", "sl-rozaj-biske-1994"] {
        assert!(is_tag(good), "{good}");
    }
    for bad in ["", "e", "1n", "en-", "-en", "en_GB", "en-abcdefghi", "en GB", "../en", "ñn"] {
        assert!(!is_tag(bad), "{bad}");
    }
    assert!(!is_tag(&format!("en{}", "-abcdefgh".repeat(4))));
}
