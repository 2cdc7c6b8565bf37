// SPDX-License-Identifier: Apache-2.0
//! Who may read and write which topic (protocol.md, "Broker"): one table, which the embedded broker asks
//! and from which Mosquitto's file is written.

use cloudmessaging_wire::topic;

/// What a client is, by the CN of its certificate and by who issued it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The server's half: reads requests, keeps bundles, answers.
    Registrar,
    /// Any phone that sends: all show one build-wide certificate.
    Post,
    /// One phone that waits for its messages, with a certificate that the registrar issued to it.
    Phone,
}

/// Which authority issued a certificate. The registrar holds the key of the phones' authority, so what
/// that one signs is worth no more than a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// The authority of broker, registrars and post.
    Site,
    /// The phones' authority.
    Phones,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::Registrar, Role::Post, Role::Phone];

    /// The CN of its certificate, and Mosquitto's user name, where all of a role share one.
    pub fn common_name(self) -> Option<&'static str> {
        match self {
            Role::Registrar => Some("registrar"),
            Role::Post => Some("post"),
            Role::Phone => None,
        }
    }

    /// The role of a certificate, if it has one. One that has none may not connect.
    pub fn of(issuer: Issuer, common_name: &str) -> Option<Role> {
        match issuer {
            Issuer::Site => {
                Role::ALL.into_iter().find(|role| role.common_name() == Some(common_name))
            }
            Issuer::Phones => is_routing_id(common_name).then_some(Role::Phone),
        }
    }
}

/// Whether this is how a routing id is written: 64 lower-case hexadecimal digits. Two spellings of one
/// id would be two inboxes.
fn is_routing_id(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// Its role.
    pub role: Role,
    /// The CN of its certificate.
    pub common_name: &'a str,
    /// What it calls itself in MQTT.
    pub id: &'a str,
}

/// What a rule allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To subscribe to filters within the pattern.
    Read,
    /// To publish to topics within the pattern.
    Write,
}

/// One line of the table: this role may do this within this pattern.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Who.
    pub role: Role,
    /// What.
    pub access: Access,
    /// An MQTT topic filter; [`OWN_ID`] and [`OWN_NAME`] stand for the client's own.
    pub pattern: &'static str,
    /// Whether a subscription may itself hold wildcards. Where not, each topic has to be named, and so
    /// known. Mosquitto 2.0's file cannot say this.
    pub wildcards: bool,
}

/// Stands for the client's own id in a pattern, as in Mosquitto's files.
pub const OWN_ID: &str = "%c";

/// Stands for the CN of the client's own certificate in a pattern; Mosquitto's user name.
pub const OWN_NAME: &str = "%u";

/// The table. What is not in it is refused. That registrars write to inboxes is for one notice: that a
/// number moved to another phone.
pub const RULES: [Rule; 9] = [
    rule(Role::Registrar, Access::Read, "cm/1/keys/#", true),
    rule(Role::Registrar, Access::Write, "cm/1/keys/#", false),
    rule(Role::Registrar, Access::Read, "cm/1/registrar", false),
    rule(Role::Registrar, Access::Write, "cm/1/reply/#", false),
    rule(Role::Registrar, Access::Write, "cm/1/inbox/+", false),
    rule(Role::Post, Access::Write, "cm/1/registrar", false),
    rule(Role::Post, Access::Write, "cm/1/inbox/+", false),
    rule(Role::Post, Access::Read, "cm/1/reply/%c/+", true),
    rule(Role::Phone, Access::Read, "cm/1/inbox/%u", false),
];

const fn rule(role: Role, access: Access, pattern: &'static str, wildcards: bool) -> Rule {
    Rule { role, access, pattern, wildcards }
}

/// Client ids of registrars begin with this and no other's do: a phone can neither take over a
/// registrar's session nor end its connection by calling itself the same.
pub const REGISTRAR_ID_PREFIX: &str = "registrar";

/// Whether a client of this role may call itself this: nothing that could be more than one level of a
/// topic, and no other role's name.
pub fn may_be_called(role: Role, client_id: &str) -> bool {
    let registrar = client_id.starts_with(REGISTRAR_ID_PREFIX);
    topic::is_reply(&topic::reply(client_id, 0)) && registrar == (role == Role::Registrar)
}

impl Client<'_> {
    /// Whether this client may publish to this topic.
    pub fn may_write(&self, topic: &str) -> bool {
        !topic.contains(['+', '#'])
            && rules(self.role, Access::Write).any(|rule| self.covers(rule.pattern, topic))
    }

    /// Whether this client may subscribe to this filter. A shared subscription is the registrars' alone,
    /// and of its requests alone: anybody else's would take messages away from their reader.
    pub fn may_read(&self, filter: &str) -> bool {
        let (filter, shared) = match filter.strip_prefix("$share/") {
            Some(rest) => match rest.split_once('/') {
                Some((_, filter)) => (filter, true),
                None => return false,
            },
            None => (filter, false),
        };
        if shared && filter != topic::REGISTRAR {
            return false;
        }
        rules(self.role, Access::Read).any(|rule| {
            (rule.wildcards || !filter.contains(['+', '#'])) && self.covers(rule.pattern, filter)
        })
    }

    /// Whether every topic that `filter` matches is matched by `pattern`.
    fn covers(&self, pattern: &str, filter: &str) -> bool {
        let mut levels = filter.split('/');
        for wanted in pattern.split('/') {
            match (wanted, levels.next()) {
                ("#", Some(_)) => return true,
                (_, None | Some("#")) => return false,
                ("+", Some(_)) => {}
                (OWN_ID, Some(level)) if level == self.id => {}
                (OWN_NAME, Some(level)) if level == self.common_name => {}
                (literal, Some(level)) if literal == level => {}
                _ => return false,
            }
        }
        levels.next().is_none()
    }
}

fn rules(role: Role, access: Access) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(move |rule| rule.role == role && rule.access == access)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "5f21";
    const OWN: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const OTHER: &str = "10112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    const POST: Client = Client { role: Role::Post, common_name: "post", id: ID };
    const PHONE: Client = Client { role: Role::Phone, common_name: OWN, id: ID };
    const REGISTRAR: Client =
        Client { role: Role::Registrar, common_name: "registrar", id: "registrar1" };

    #[test]
    fn post_writes_requests_and_inboxes_and_nothing_else() {
        assert!(POST.may_write("cm/1/registrar"));
        assert!(POST.may_write("cm/1/inbox/aa"));
        for topic in [
            "cm/1/keys/aa",
            "cm/1/reply/5f21/0",
            "cm/1/inbox",
            "cm/1/inbox/aa/bb",
            "cm/1/inbox/+",
            "cm/1/registrar/x",
            "cm/2/inbox/aa",
            "$SYS/broker",
            "",
        ] {
            assert!(!POST.may_write(topic), "{topic}");
        }
    }

    #[test]
    fn post_reads_its_own_answers_and_no_inbox() {
        assert!(!POST.may_read("cm/1/inbox/aa"));
        assert!(!POST.may_read("cm/1/inbox/post"));
        assert!(POST.may_read("cm/1/reply/5f21/+"));
        assert!(POST.may_read("cm/1/reply/5f21/3"));
        for filter in NOT_POSTS {
            assert!(!POST.may_read(filter), "{filter}");
        }
    }

    const NOT_POSTS: [&str; 16] = [
        "#",
        "+/+/+/+",
        "cm/#",
        "cm/1/inbox/+",
        "cm/1/inbox/#",
        "cm/1/reply/5f22/+",
        "cm/1/reply/+/+",
        "cm/1/reply/5f21/#",
        "cm/1/reply/#",
        "cm/1/keys/aa",
        "cm/1/keys/#",
        "cm/1/registrar",
        "$share/g/cm/1/registrar",
        "$share/g/cm/1/inbox/aa",
        "$share/g",
        "$SYS/#",
    ];

    #[test]
    fn a_phone_reads_its_own_inbox_and_writes_nothing() {
        let own = format!("{}{OWN}", topic::INBOX_PREFIX);
        assert!(PHONE.may_read(&own));
        let shared = format!("$share/g/{own}");
        let other = format!("{}{OTHER}", topic::INBOX_PREFIX);
        for filter in NOT_POSTS.into_iter().chain([&*shared, &other, "cm/1/reply/5f21/+"]) {
            assert!(!PHONE.may_read(filter), "{filter}");
        }
        for topic in [&*own, &other, "cm/1/registrar", "cm/1/keys/aa", "cm/1/reply/5f21/0"] {
            assert!(!PHONE.may_write(topic), "{topic}");
        }
    }

    #[test]
    fn a_registrar_keeps_bundles_and_answers_and_cannot_read_inboxes() {
        for filter in
            ["cm/1/keys/#", "cm/1/keys/aa", "cm/1/registrar", "$share/registrars/cm/1/registrar"]
        {
            assert!(REGISTRAR.may_read(filter), "{filter}");
        }
        for filter in ["#", "cm/1/#", "cm/1/inbox/aa", "cm/1/reply/5f21/+", "$share/g/cm/1/keys/#"]
        {
            assert!(!REGISTRAR.may_read(filter), "{filter}");
        }
        for topic in ["cm/1/keys/aa", "cm/1/reply/5f21/0", "cm/1/inbox/aa"] {
            assert!(REGISTRAR.may_write(topic), "{topic}");
        }
        for topic in ["cm/1/registrar", "cm/1/inbox", "cm/1/inbox/aa/bb"] {
            assert!(!REGISTRAR.may_write(topic), "{topic}");
        }
    }

    #[test]
    fn a_client_id_is_one_plain_level_and_no_other_roles_name() {
        assert!(may_be_called(Role::Registrar, "registrar5f21"));
        assert!(!may_be_called(Role::Registrar, ID));
        for role in [Role::Post, Role::Phone] {
            assert!(may_be_called(role, ID));
            for id in ["", "+", "#", "a/b", "a b", "registrar5f21"] {
                assert!(!may_be_called(role, id), "{id}");
            }
        }
    }

    #[test]
    fn a_role_takes_the_right_name_of_the_right_authority() {
        assert_eq!(Role::of(Issuer::Site, "post"), Some(Role::Post));
        assert_eq!(Role::of(Issuer::Site, "registrar"), Some(Role::Registrar));
        assert_eq!(Role::of(Issuer::Phones, OWN), Some(Role::Phone));
        let upper = OWN.to_uppercase();
        for name in ["", "Post", "post ", "phone", "localhost", "root", OWN] {
            assert_eq!(Role::of(Issuer::Site, name), None, "{name}");
        }
        for name in ["", "post", "registrar", &OWN[1..], &upper, "+", "#"] {
            assert_eq!(Role::of(Issuer::Phones, name), None, "{name}");
        }
    }
}
