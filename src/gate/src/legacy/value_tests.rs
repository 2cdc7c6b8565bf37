// SPDX-License-Identifier: Apache-2.0
use cloudmessaging_config::legacy::Format;

use super::value::{find, Value};

fn is(value: &str) -> Value {
    Value::Is(value.into())
}

#[test]
fn a_value_is_taken_out_of_shared_preferences() {
    let prefs = Format::Preferences("k".into());
    let map = |inside: &str| {
        let whole = format!(
            "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<map>{inside}</map>\n"
        );
        find(&prefs, whole.as_bytes())
    };
    assert_eq!(map("\n    <boolean name=\"k\" value=\"true\" />\n"), is("true"));
    assert_eq!(map("<int name=\"a\" value=\"1\" /><int name=\"k\" value=\"-2\"/>"), is("-2"));
    assert_eq!(
        map("<string name='k'>a &lt;b&gt; &#38; &quot;c&#x22;</string>"),
        is("a <b> & \"c\"")
    );
    assert_eq!(map("<string name=\"k\"></string>"), is(""));
    assert_eq!(map("<string name=\"k\" />"), is(""));
    assert_eq!(map("<set name=\"s\"><string>k</string></set>"), Value::Missing);
    assert_eq!(map("<!-- <boolean name=\"k\" value=\"true\" /> -->"), Value::Missing);
    assert_eq!(find(&prefs, b"<map />"), Value::Missing);
    for damaged in [
        "<set name=\"k\"><string>x</string></set>",
        "<null name=\"k\" />",
        "<boolean name=\"k\" />",
        "<boolean name=\"k\" value=\"true\" /><boolean name=\"k\" value=\"false\" />",
        "<boolean name=\"k\" value=\"true\">",
        "<boolean name=\"k\" value=\"true />",
        "<boolean name=\"k\" value=\"&x;\" />",
        "<boolean name=\"k\" name=\"j\" value=\"true\" />",
        "<string name=\"k\">&unknown;</string>",
        "<string name=\"k\">&#xd800;</string>",
        "<string name=\"k\"><b/></string>",
        "<![CDATA[x]]>",
        "stray",
        "<map></map>",
        "<a><b><c><d></d></c></b></a>",
    ] {
        assert_eq!(map(damaged), Value::Unclear, "{damaged}");
    }
    for damaged in [
        "",
        "<map>",
        "<map></map><map></map>",
        "<boolean name=\"k\" value=\"true\" />",
        "<!DOCTYPE map [<!ENTITY k \"true\">]><map></map>",
        "<map></map>trailing",
        "</map>",
        "ABX\0\0",
        "<",
    ] {
        assert_eq!(find(&prefs, damaged.as_bytes()), Value::Unclear, "{damaged}");
    }
}

#[test]
fn shared_preferences_cut_anywhere_never_say_what_they_do_not() {
    let whole = "<?xml version='1.0' ?>\n<map>\n<string name=\"a\">&amp;x</string>\
                 <boolean name=\"k\" value=\"true\" /></map>";
    let prefs = Format::Preferences("k".into());
    assert_eq!(find(&prefs, whole.as_bytes()), is("true"));
    for end in 0..whole.len() {
        assert_eq!(find(&prefs, &whole.as_bytes()[..end]), Value::Unclear, "cut at {end}");
    }
}

#[test]
fn a_value_is_taken_out_of_properties_json_and_text() {
    let properties = |text: &str| find(&Format::Properties("k".into()), text.as_bytes());
    assert_eq!(properties("# state\na=1\n k = yes \n"), is("yes"));
    assert_eq!(properties("a=k=2\n"), Value::Missing);
    assert_eq!(properties(""), Value::Missing);
    for damaged in ["k=1\nk=1", "k", "k=a\\\nb", "k=1\u{7}", "\0\0\0"] {
        assert_eq!(properties(damaged), Value::Unclear, "{damaged:?}");
    }
    let json = |text: &str| find(&Format::Json("a.k".into()), text.as_bytes());
    assert_eq!(json(r#"{"a": {"k": true}}"#), is("true"));
    assert_eq!(json(r#"{"a": {"k": 1}}"#), is("1"));
    assert_eq!(json(r#"{"a": {"k": "on"}}"#), is("on"));
    assert_eq!(json(r#"{"a": {"k": null}}"#), Value::Missing);
    assert_eq!(json(r#"{"a": {}}"#), Value::Missing);
    assert_eq!(json("{}"), Value::Missing);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for damaged in
        ["", "{", r#"{"a": 1}"#, r#"{"a": {"k": [true]}}"#, r#"{"a":{"k":true}}x"#, &deep]
    {
        assert_eq!(json(damaged), Value::Unclear);
    }
    assert_eq!(find(&Format::Text, b" on\n"), is("on"));
    assert_eq!(find(&Format::Text, b"\n"), Value::Missing);
}
