// SPDX-License-Identifier: Apache-2.0
//! The denials that there must be, because somebody tried it, and that alone: a source, a permission, targets, a class.

use crate::denials::Denial;

/// One line of the list.
type Row = (&'static str, &'static str, &'static [&'static str], &'static str);

/// The labels of our three names.
const OURS: &[&str] = &[
    "cloudmessaging_service",
    "cloudmessaging_consent_service",
    "cloudmessaging_platform_service",
];

/// The labels that a name can have which somebody else would add.
const ADDED: &[&str] = &[
    "cloudmessaging_service",
    "cloudmessaging_consent_service",
    "cloudmessaging_platform_service",
    "default_android_service",
];

/// Itself: what a process makes bears its label.
const GATE: &[&str] = &["cloudmessagingd"];
const UPLINK: &[&str] = &["cloudmessaging_uplink"];

const ROWS: &[Row] = &[
    // names_are_found_by_whom_the_policy_lets
    ("another_daemon", "find", OURS, "service_manager"),
    ("untrusted_app", "find", OURS, "service_manager"),
    ("priv_app", "find", &["cloudmessaging_consent_service"], "service_manager"),
    ("priv_app", "find", &["cloudmessaging_platform_service"], "service_manager"),
    ("another_daemon", "list", &["servicemanager"], "service_manager"),
    // names_are_added_by_the_gate_alone (an app is refused for its uid)
    ("another_daemon", "add", ADDED, "service_manager"),
    ("shell", "add", ADDED, "service_manager"),
    ("system_server", "add", ADDED, "service_manager"),
    // the_gate_s_domain_makes_no_network_socket
    ("cloudmessagingd", "create", GATE, "tcp_socket"),
    ("cloudmessagingd", "create", GATE, "udp_socket"),
    ("cloudmessagingd", "create", GATE, "rawip_socket"),
    ("cloudmessagingd", "create", GATE, "packet_socket"),
    ("cloudmessagingd", "create", GATE, "vsock_socket"),
    ("cloudmessagingd", "create", GATE, "netlink_route_socket"),
    // the_uplink_s_domain_reads_nothing_of_the_gate_s
    ("cloudmessaging_uplink", "search", &["cloudmessaging_data_file"], "dir"),
    ("cloudmessaging_uplink", "call", &["servicemanager"], "binder"),
    ("cloudmessaging_uplink", "bind", UPLINK, "udp_socket"),
    ("cloudmessaging_uplink", "create", UPLINK, "rawip_socket"),
    ("cloudmessaging_uplink", "create", UPLINK, "packet_socket"),
    ("cloudmessaging_uplink", "create", UPLINK, "vsock_socket"),
    ("cloudmessaging_uplink", "create", UPLINK, "netlink_route_socket"),
    // a_domain_without_business_is_denied_by_the_kernel
    ("another_daemon", "call", GATE, "binder"),
    ("untrusted_app", "call", GATE, "binder"),
    // nobody_else_sets_whether_the_gate_comes_back
    ("servicemanager", "set", &["ctl_cloudmessagingd_prop"], "property_service"),
    ("shell", "write", &["property_socket"], "sock_file"),
    ("cloudmessaging_settings_app", "write", &["property_socket"], "sock_file"),
];

/// All of them.
pub fn denials() -> Vec<Denial> {
    let of_row = |(source, permission, targets, class): &Row| {
        let denial = |target: &&str| Denial {
            permission: (*permission).to_owned(),
            source: (*source).to_owned(),
            target: (*target).to_owned(),
            class: (*class).to_owned(),
        };
        targets.iter().map(denial).collect::<Vec<_>>()
    };
    ROWS.iter().flat_map(of_row).collect()
}
