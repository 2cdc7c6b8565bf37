// SPDX-License-Identifier: Apache-2.0
//! Who may read and write which topic (protocol.md, "Broker"): one table, which the embedded broker asks
//! and from which Mosquitto's file is written.

use cloudmessaging_wire::topic;

/// What a client is, by the CN of its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The server's half: reads requests, keeps bundles, answers.
    Registrar,
    /// Any phone: all show one build-wide certificate.
    Phone,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 2] = [Role::Registrar, Role::Phone];

    /// The CN of its certificate; Mosquitto's user name, too.
    pub fn common_name(self) -> &'static str {
        match self {
            Role::Registrar => "registrar",
            Role::Phone => "phone",
        }
    }

    /// The role of a CN, if it has one. One that has none may not connect.
    pub fn of(common_name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|r| r.common_name() == common_name)
    }
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
    /// An MQTT topic filter; [`OWN_ID`] stands for the client's own id.
    pub pattern: &'static str,
    /// Whether a subscription may itself hold wildcards. Where not, each topic has to be named, and so
    /// known. Mosquitto 2.0's file cannot say this.
    pub wildcards: bool,
}

/// Stands for the client's own id in a pattern, as in Mosquitto's files.
pub const OWN_ID: &str = "%c";

/// The table. What is not in it is refused.
pub const RULES: [Rule; 8] = [
    rule(Role::Registrar, Access::Read, "cm/1/keys/#", true),
    rule(Role::Registrar, Access::Write, "cm/1/keys/#", false),
    rule(Role::Registrar, Access::Read, "cm/1/registrar", false),
    rule(Role::Registrar, Access::Write, "cm/1/reply/#", false),
    rule(Role::Phone, Access::Write, "cm/1/registrar", false),
    rule(Role::Phone, Access::Write, "cm/1/inbox/+", false),
    rule(Role::Phone, Access::Read, "cm/1/inbox/+", false),
    rule(Role::Phone, Access::Read, "cm/1/reply/%c/+", true),
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

/// Whether this client may publish to this topic.
pub fn may_write(role: Role, client_id: &str, topic: &str) -> bool {
    !topic.contains(['+', '#'])
        && rules(role, Access::Write).any(|rule| covers(rule.pattern, client_id, topic))
}

/// Whether this client may subscribe to this filter. A shared subscription is the registrars' alone, and
/// of its requests alone: anybody else's would take messages away from their reader.
pub fn may_read(role: Role, client_id: &str, filter: &str) -> bool {
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
    rules(role, Access::Read).any(|rule| {
        (rule.wildcards || !filter.contains(['+', '#'])) && covers(rule.pattern, client_id, filter)
    })
}

fn rules(role: Role, access: Access) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(move |rule| rule.role == role && rule.access == access)
}

/// Whether every topic that `filter` matches is matched by `pattern`.
fn covers(pattern: &str, client_id: &str, filter: &str) -> bool {
    let mut levels = filter.split('/');
    for wanted in pattern.split('/') {
        match (wanted, levels.next()) {
            ("#", Some(_)) => return true,
            (_, None | Some("#")) => return false,
            ("+", Some(_)) => {}
            (OWN_ID, Some(level)) if level == client_id => {}
            (literal, Some(level)) if literal == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "5f21";

    #[test]
    fn a_phone_writes_requests_and_inboxes_and_nothing_else() {
        assert!(may_write(Role::Phone, ID, "cm/1/registrar"));
        assert!(may_write(Role::Phone, ID, "cm/1/inbox/aa"));
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
            assert!(!may_write(Role::Phone, ID, topic), "{topic}");
        }
    }

    #[test]
    fn a_phone_reads_its_own_answers_and_inboxes_that_it_can_name() {
        assert!(may_read(Role::Phone, ID, "cm/1/inbox/aa"));
        assert!(may_read(Role::Phone, ID, "cm/1/reply/5f21/+"));
        assert!(may_read(Role::Phone, ID, "cm/1/reply/5f21/3"));
        for filter in [
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
        ] {
            assert!(!may_read(Role::Phone, ID, filter), "{filter}");
        }
    }

    #[test]
    fn a_registrar_keeps_bundles_and_answers_and_cannot_read_inboxes() {
        for filter in
            ["cm/1/keys/#", "cm/1/keys/aa", "cm/1/registrar", "$share/registrars/cm/1/registrar"]
        {
            assert!(may_read(Role::Registrar, "registrar1", filter), "{filter}");
        }
        for filter in ["#", "cm/1/#", "cm/1/inbox/aa", "cm/1/reply/5f21/+", "$share/g/cm/1/keys/#"]
        {
            assert!(!may_read(Role::Registrar, "registrar1", filter), "{filter}");
        }
        assert!(may_write(Role::Registrar, "registrar1", "cm/1/keys/aa"));
        assert!(may_write(Role::Registrar, "registrar1", "cm/1/reply/5f21/0"));
        assert!(!may_write(Role::Registrar, "registrar1", "cm/1/inbox/aa"));
        assert!(!may_write(Role::Registrar, "registrar1", "cm/1/registrar"));
    }

    #[test]
    fn a_client_id_is_one_plain_level_and_no_other_roles_name() {
        assert!(may_be_called(Role::Phone, ID));
        assert!(may_be_called(Role::Registrar, "registrar5f21"));
        for id in ["", "+", "#", "a/b", "a b", "registrar5f21"] {
            assert!(!may_be_called(Role::Phone, id), "{id}");
        }
        assert!(!may_be_called(Role::Registrar, ID));
    }

    #[test]
    fn only_the_two_names_have_a_role() {
        assert_eq!(Role::of("phone"), Some(Role::Phone));
        assert_eq!(Role::of("registrar"), Some(Role::Registrar));
        for name in ["", "Phone", "phone ", "localhost", "root"] {
            assert_eq!(Role::of(name), None, "{name}");
        }
    }
}
