// SPDX-License-Identifier: Apache-2.0
//! The packets that a session sends, from what the gate said.

use cloudmessaging_wire::proto::uplink::{Connect, Publish};
use mqtt_protocol_core::mqtt::packet::{
    v5_0, MaximumPacketSize, MessageExpiryInterval, Properties, Qos, ReceiveMaximum,
    RetainHandling, SessionExpiryInterval, SubEntry, SubOpts,
};
use mqtt_protocol_core::mqtt::result_code::{DisconnectReasonCode, MqttError};

use super::MAXIMUM_PACKET_SIZE;

/// CONNECT; `receive_maximum`: `None` announces none, which MQTT reads as 65535.
pub(crate) fn connect(
    connect: &Connect,
    keep_alive: u16,
    receive_maximum: Option<u16>,
) -> Result<v5_0::Connect, MqttError> {
    let mut properties: Properties = vec![
        SessionExpiryInterval::new(connect.session_expiry_s)?.into(),
        MaximumPacketSize::new(MAXIMUM_PACKET_SIZE)?.into(),
    ];
    if let Some(maximum) = receive_maximum {
        properties.push(ReceiveMaximum::new(maximum)?.into());
    }
    v5_0::Connect::builder()
        .client_id(connect.client_id.as_str())?
        .clean_start(connect.clean_start)
        .keep_alive(keep_alive)
        .props(properties)
        .build()
}

/// SUBSCRIBE at QoS 1. Retain Handling 2: what is retained is for registrars, who ask for it.
pub(crate) fn subscribe(packet_id: u16, filters: &[String]) -> Result<v5_0::Subscribe, MqttError> {
    let options =
        SubOpts::new().set_qos(Qos::AtLeastOnce).set_rh(RetainHandling::DoNotSendRetained);
    let entries = filters.iter().map(|filter| SubEntry::new(filter.as_str(), options));
    v5_0::Subscribe::builder()
        .packet_id(packet_id)
        .entries(entries.collect::<Result<Vec<_>, _>>()?)
        .build()
}

/// PUBLISH at QoS 1.
pub(crate) fn publish(packet_id: u16, publish: Publish) -> Result<v5_0::Publish, MqttError> {
    // The library takes an empty topic for a topic alias, which we never use.
    if publish.topic.is_empty() {
        return Err(MqttError::TopicNameInvalid);
    }
    v5_0::Publish::builder()
        .topic_name(publish.topic)?
        .qos(Qos::AtLeastOnce)
        .packet_id(packet_id)
        .payload(publish.payload)
        .props(vec![MessageExpiryInterval::new(publish.expiry_s)?.into()])
        .build()
}

/// PUBACK: success.
pub(crate) fn puback(packet_id: u16) -> Result<v5_0::Puback, MqttError> {
    v5_0::Puback::builder().packet_id(packet_id).build()
}

/// DISCONNECT.
pub(crate) fn disconnect(reason: DisconnectReasonCode) -> Result<v5_0::Disconnect, MqttError> {
    v5_0::Disconnect::builder().reason_code(reason).build()
}
