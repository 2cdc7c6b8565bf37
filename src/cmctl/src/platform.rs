// SPDX-License-Identifier: Apache-2.0
//! `cmctl platform report`: does on a host what a phone's Java side does: tells the gate the facts that
//! only the platform knows. It can force off and cannot turn on.
use crate::answer::{Answer, Failure};
use crate::connect::{answered, Gate};
use crate::sim::{json, SimArgument};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    NetworkReport::NetworkReport, SimIdentity::SimIdentity, UserReport::UserReport,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The file. Each part is optional, and what is left out is not reported.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Report {
    users: Option<Vec<User>>,
    network: Option<Network>,
    #[serde(default)]
    storage_keys: BTreeMap<i32, String>,
    #[serde(default)]
    identities: BTreeMap<i32, Vec<SimArgument>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct User {
    user: i32,
    serial: i64,
    #[serde(default)]
    unlocked: bool,
    default_sms_uid: Option<i32>,
    #[serde(default)]
    sms_forbidden: bool,
    #[serde(default)]
    forbidden_by_organisation: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Network {
    #[serde(default)]
    handle: i64,
    connected: bool,
    #[serde(default)]
    metered: bool,
    #[serde(default)]
    roaming: bool,
    #[serde(default)]
    data_saver: bool,
    #[serde(default)]
    battery_saver: bool,
}

/// Reads the file and reports what stands in it.
pub fn report(gate: &Gate, file: &Path) -> Result<Answer, Failure> {
    let report: Report = json(file)?;
    let platform = gate.platform()?;
    let mut said = Vec::new();

    let users = report.users.map(|users| users.into_iter().map(user).collect::<Vec<_>>());
    if let Some(users) = &users {
        answered(platform.reportUsers(users))?;
        said.push(count(users.len(), "user"));
    }
    let reported_network = report.network.is_some();
    if let Some(seen) = report.network {
        answered(platform.reportNetwork(&network(&seen)))?;
        said.push("the network".into());
    }
    for (user, key) in &report.storage_keys {
        let key = hex::decode(key)
            .map_err(|_| Failure::Usage(format!("the storage key of user {user} is no hex")))?;
        answered(platform.provideStorageKey(*user, &key))?;
    }
    if !report.storage_keys.is_empty() {
        said.push(count(report.storage_keys.len(), "storage key"));
    }
    let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
    for (user, sims) in report.identities {
        // While off nobody has a use for them, so they are not even handed over.
        if answered(platform.wantsIdentities(user))? {
            let sims: Vec<SimIdentity> = sims.into_iter().map(SimIdentity::from).collect();
            answered(platform.reportIdentities(user, &sims))?;
            said.push(format!("the SIMs of user {user}"));
            wanted.push(user);
        } else {
            unwanted.push(user);
        }
    }
    let mut text = match said.is_empty() {
        true => "Nothing was reported.".to_owned(),
        false => format!("Reported: {}.", said.join(", ")),
    };
    for user in &unwanted {
        text.push_str(&format!("\nKept back: the SIMs of user {user}, for whom it is off."));
    }
    Ok(Answer::done(
        serde_json::json!({
            "users": users.map_or(0, |users| users.len()),
            "network": reported_network,
            "storageKeys": report.storage_keys.keys().collect::<Vec<_>>(),
            "identities": wanted,
            "identitiesKeptBack": unwanted,
        }),
        text,
    ))
}

fn count(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

fn user(user: User) -> UserReport {
    UserReport {
        user: user.user,
        serial: user.serial,
        unlocked: user.unlocked,
        defaultSmsUid: user.default_sms_uid.unwrap_or_else(own_uid),
        smsForbidden: user.sms_forbidden,
        forbiddenByOrganisation: user.forbidden_by_organisation,
    }
}

fn own_uid() -> i32 {
    // Uids above i32 are not Android's; -1 is "none".
    i32::try_from(nix::unistd::getuid().as_raw()).unwrap_or(-1)
}

fn network(network: &Network) -> NetworkReport {
    NetworkReport {
        handle: network.handle,
        connected: network.connected,
        metered: network.metered,
        roaming: network.roaming,
        dataSaver: network.data_saver,
        batterySaver: network.battery_saver,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_may_be_left_out_and_what_is_not_said_is_false() {
        let report: Report = serde_json::from_str("{}").unwrap();
        assert!(report.users.is_none() && report.network.is_none());
        let report: Report = serde_json::from_str(
            r#"{"users":[{"user":0,"serial":1}],"network":{"connected":true},
                "storageKeys":{"0":"00"},"identities":{"10":[{"subscriptionId":1,"number":"+15550100"}]}}"#,
        )
        .unwrap();
        let seen = user(report.users.unwrap().remove(0));
        assert!(!seen.unlocked && !seen.smsForbidden && !seen.forbiddenByOrganisation);
        assert_eq!(seen.defaultSmsUid, own_uid());
        let seen = network(&report.network.unwrap());
        assert!(seen.connected && !seen.roaming && !seen.dataSaver && !seen.batterySaver);
        assert_eq!(report.identities.keys().copied().collect::<Vec<_>>(), [10]);
    }

    #[test]
    fn a_misspelt_field_is_an_error_and_not_a_default() {
        assert!(serde_json::from_str::<Report>(r#"{"user":[]}"#).is_err());
        assert!(serde_json::from_str::<Report>(r#"{"network":{"connected":true,"roming":true}}"#)
            .is_err());
    }
}
