// SPDX-License-Identifier: Apache-2.0
//! MQTT topics (protocol.md, "Broker"). Ids appear in lower-case hexadecimal.

/// Where phones post sealed requests, and what registrars share.
pub const REGISTRAR: &str = "cm/1/registrar";

/// Where bundles are retained: read and written by registrars alone.
pub const KEYS_PREFIX: &str = "cm/1/keys/";

/// Where the messages and receipts of one registered SIM arrive.
pub const INBOX_PREFIX: &str = "cm/1/inbox/";

/// Where the registrar's answers to one post connection arrive.
pub const REPLY_PREFIX: &str = "cm/1/reply/";

/// The topic of the bundle of a routing id.
pub fn keys(routing_id: &[u8]) -> String {
    format!("{KEYS_PREFIX}{}", lower_hex(routing_id))
}

/// The topic of the inbox of a routing id.
pub fn inbox(routing_id: &[u8]) -> String {
    format!("{INBOX_PREFIX}{}", lower_hex(routing_id))
}

/// The topic of the n-th answer to a post connection.
pub fn reply(client_id: &str, n: u32) -> String {
    format!("{REPLY_PREFIX}{client_id}/{n}")
}

/// The filter for every answer to a post connection.
pub fn replies(client_id: &str) -> String {
    format!("{REPLY_PREFIX}{client_id}/+")
}

/// Whether this can be a reply topic and nothing else: the registrar publishes to no other.
pub fn is_reply(topic: &str) -> bool {
    let Some(rest) = topic.strip_prefix(REPLY_PREFIX) else { return false };
    let Some((client, n)) = rest.split_once('/') else { return false };
    let plain = |s: &str, most: usize| {
        !s.is_empty() && s.len() <= most && s.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    plain(client, 64) && plain(n, 10) && n.bytes().all(|b| b.is_ascii_digit())
}

fn lower_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reply_topic_is_a_reply_topic() {
        assert!(is_reply(&reply("a9f0", 7)));
        for other in [
            REGISTRAR,
            "cm/1/keys/00",
            "cm/1/reply/",
            "cm/1/reply/a",
            "cm/1/reply/a/",
            "cm/1/reply/a/+",
            "cm/1/reply/+/1",
            "cm/1/reply/a/1/2",
            "cm/1/reply/a/#",
            "cm/1/reply/a b/1",
        ] {
            assert!(!is_reply(other), "{other}");
        }
    }

    #[test]
    fn ids_stand_in_lower_case_hexadecimal() {
        assert_eq!(inbox(&[0xab, 0x01]), "cm/1/inbox/ab01");
        assert_eq!(keys(&[0xab, 0x01]), "cm/1/keys/ab01");
        assert_eq!(replies("x"), "cm/1/reply/x/+");
    }
}
