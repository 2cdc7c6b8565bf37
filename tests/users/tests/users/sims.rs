// SPDX-License-Identifier: Apache-2.0
//! A SIM belongs to the user who granted it first.

use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use cloudmessaging_testbed::Result;
use users::{is_root, phone, report_both, sim, Apps, FIRST, SECOND};

#[test]
fn a_sim_that_takes_part_under_another_user_is_in_use_until_that_one_turns_off() -> Result<()> {
    if !is_root() {
        return Ok(());
    }
    let (_bed, phone) = phone()?;
    let (first, second) = (Apps::of(FIRST, &phone), Apps::of(SECOND, &phone));
    report_both(&first);
    let both = || second.grant_of(vec![sim(SECOND), sim(FIRST)]);
    first.consent().grant(&first.grant_of(vec![sim(FIRST)])).unwrap();
    let refused = second.consent().grant(&both()).unwrap_err();
    assert_eq!(refused.service_specific_error(), aidl::ErrorCode::ErrorCode::SIM_IN_USE.0);
    let text = refused.to_string();
    for digits in [sim(FIRST).number, sim(FIRST).imsi, sim(FIRST).imei] {
        assert!(!text.contains(&digits), "{text}");
    }
    assert!(!second.consent().state().unwrap().on);
    first.consent().withdraw(false).unwrap();
    second.consent().grant(&both()).unwrap();
    assert!(second.consent().state().unwrap().on && !first.consent().state().unwrap().on);
    Ok(())
}
