// SPDX-License-Identifier: Apache-2.0
//! The MQTT 5 packets that the registrar sends.

use mqtt_protocol_core::mqtt::packet::{
    v5_0, MaximumPacketSize, MessageExpiryInterval, Property, Qos, RetainHandling, SubEntry,
    SubOpts, SubscriptionIdentifier,
};
use mqtt_protocol_core::mqtt::result_code::MqttError;

use super::Message;
use crate::request;

/// Seconds without a packet after which the broker, and we, call the connection dead.
const KEEP_ALIVE: u16 = 30;

/// Largest packet that we take: a request with its topic and properties. The broker drops what is larger.
const PACKET_MAX: u32 = request::PAYLOAD_MAX as u32 + 1024;

/// A session that ends with its connection: a clean start, no expiry.
///
/// No Receive Maximum: Mosquitto 2.0.11 exceeds it once it has queued something, which would end the
/// connection. The broker has a window of its own, and what it sends too much is dropped.
pub fn connect(client_id: &str) -> Result<v5_0::Connect, MqttError> {
    v5_0::Connect::builder()
        .client_id(client_id)?
        .clean_start(true)
        .keep_alive(KEEP_ALIVE)
        .props(vec![MaximumPacketSize::new(PACKET_MAX)?.into()])
        .build()
}

/// What is retained is sent at once, each time.
pub fn subscribe(
    packet_id: u16,
    filter: &str,
    qos: Qos,
    id: u32,
) -> Result<v5_0::Subscribe, MqttError> {
    let options = SubOpts::new().set_qos(qos).set_rh(RetainHandling::SendRetained);
    v5_0::Subscribe::builder()
        .packet_id(packet_id)
        .entries(vec![SubEntry::new(filter, options)?])
        .props(vec![SubscriptionIdentifier::new(id)?.into()])
        .build()
}

/// Ends a subscription.
pub fn unsubscribe(packet_id: u16, filter: &str) -> Result<v5_0::Unsubscribe, MqttError> {
    v5_0::Unsubscribe::builder().packet_id(packet_id).entries(vec![filter])?.build()
}

/// With QoS 1.
pub fn publish(packet_id: u16, message: &Message) -> Result<v5_0::Publish, MqttError> {
    let mut properties: Vec<Property> = Vec::new();
    if let Some(expiry) = message.expiry {
        let seconds = u32::try_from(expiry.as_secs()).unwrap_or(u32::MAX).max(1);
        properties.push(MessageExpiryInterval::new(seconds)?.into());
    }
    v5_0::Publish::builder()
        .topic_name(message.topic.as_str())?
        .qos(Qos::AtLeastOnce)
        .packet_id(packet_id)
        .retain(message.retain)
        .payload(message.payload.as_slice())
        .props(properties)
        .build()
}

/// With QoS 0.
pub fn publish_once(topic: &str, payload: &[u8]) -> Result<v5_0::Publish, MqttError> {
    v5_0::Publish::builder().topic_name(topic)?.qos(Qos::AtMostOnce).payload(payload).build()
}

/// Acknowledges a PUBLISH.
pub fn puback(packet_id: u16) -> Result<v5_0::Puback, MqttError> {
    v5_0::Puback::builder().packet_id(packet_id).build()
}
