// SPDX-License-Identifier: Apache-2.0
//! SIMs and their identities as arguments and files. Personal data: handed to the gate, shown to nobody;
//! no message about a wrong one repeats it.
use crate::answer::Failure;
use crate::cli::Sims;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::SimIdentity::SimIdentity;
use serde::Deserialize;
use std::fmt;
use std::io::Read;
use std::path::Path;

/// A SIM in a JSON file.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SimArgument {
    subscription_id: i32,
    number: String,
    #[serde(default)]
    imsi: String,
    #[serde(default)]
    imei: String,
}

impl fmt::Debug for SimArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimArgument")
            .field("subscription_id", &self.subscription_id)
            .finish_non_exhaustive()
    }
}

/// A SIM as it was typed. Not taken apart until after the command line: clap repeats a wrong value.
#[derive(Clone)]
pub struct SimText(String);

impl fmt::Debug for SimText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimText")
    }
}

impl From<&str> for SimText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl SimText {
    fn parse(&self) -> Result<SimArgument, &'static str> {
        let mut parts = self.0.split(',').map(str::trim);
        let subscription_id = parts
            .next()
            .and_then(|id| id.parse().ok())
            .ok_or("it begins with the subscription id, a number")?;
        let number = parts.next().ok_or("the number is missing: ID,NUMBER[,IMSI[,IMEI]]")?;
        let imsi = parts.next().unwrap_or_default();
        let imei = parts.next().unwrap_or_default();
        if parts.next().is_some() {
            return Err("too many commas: ID,NUMBER[,IMSI[,IMEI]]");
        }
        if !number.starts_with('+') {
            return Err("the number begins with a plus and the country code");
        }
        Ok(SimArgument {
            subscription_id,
            number: number.into(),
            imsi: imsi.into(),
            imei: imei.into(),
        })
    }
}

impl From<SimArgument> for SimIdentity {
    fn from(sim: SimArgument) -> Self {
        Self {
            subscriptionId: sim.subscription_id,
            number: sim.number,
            imsi: sim.imsi,
            imei: sim.imei,
        }
    }
}

/// The SIMs of the arguments: those of the file, then those given one by one.
pub fn identities(sims: &Sims) -> Result<Vec<SimIdentity>, Failure> {
    let mut all: Vec<SimArgument> = match &sims.sims {
        Some(path) => json(path)?,
        None => Vec::new(),
    };
    for text in &sims.sim {
        all.push(text.parse().map_err(|why| Failure::Usage(format!("--sim: {why}")))?);
    }
    Ok(all.into_iter().map(SimIdentity::from).collect())
}

/// Reads a JSON file; `-` is standard input. What it says of a mistake is where it is, never what stands
/// there.
pub fn json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, Failure> {
    let failed = |why: String| Failure::File { path: path.display().to_string(), why };
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
    } else {
        text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    }
    serde_json::from_str(&text).map_err(|error| failed(mistake(&error)))
}

// serde quotes the value it did not expect ("invalid type: string \"+15550100\"").
fn mistake(error: &serde_json::Error) -> String {
    let whole = error.to_string();
    if !whole.starts_with("invalid value") && !whole.starts_with("invalid type") {
        return whole;
    }
    let expected = whole.rfind("expected").map_or("of another type", |at| &whole[at..]);
    format!("not as it should be, {expected}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sim_is_id_number_imsi_imei() {
        let sim = SimText::from("1,+15550100,001010123456789,490154203237518").parse().unwrap();
        let identity = SimIdentity::from(sim);
        assert_eq!(identity.subscriptionId, 1);
        assert_eq!(identity.number, "+15550100");
        assert_eq!(identity.imsi, "001010123456789");
        assert_eq!(identity.imei, "490154203237518");
        let short = SimIdentity::from(SimText::from("2, +15550100").parse().unwrap());
        assert_eq!((short.number.as_str(), short.imsi.as_str()), ("+15550100", ""));
    }

    #[test]
    fn a_malformed_sim_is_refused_without_repeating_it() {
        for wrong in ["", "1", "+15550100", "x,+15550100", "1,15550100", "1,+1,2,3,4"] {
            let error = SimText::from(wrong).parse().unwrap_err();
            assert!(!error.contains("1555"), "{error}");
        }
    }

    #[test]
    fn no_dump_and_no_complaint_shows_the_identity() {
        let sim = SimText::from("1,+15550100,001010123456789").parse().unwrap();
        assert_eq!(format!("{sim:?}"), "SimArgument { subscription_id: 1, .. }");
        for wrong in [
            r#"[{"subscriptionId":"+15550100","number":"+15550100"}]"#,
            r#"[{"subscriptionId":1,"number":15550100}]"#,
            r#"[{"subscriptionId":155501000000,"number":"x"}]"#,
        ] {
            let Err(error) = serde_json::from_str::<Vec<SimArgument>>(wrong) else { panic!() };
            let said = mistake(&error);
            assert!(!said.contains("1555"), "{said}");
            assert!(said.contains("line 1"), "{said}");
        }
    }
}
