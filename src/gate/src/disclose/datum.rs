// SPDX-License-Identifier: Apache-2.0
//! Personal data as types: each knows its class, is erased from memory when dropped, and prints as its
//! name alone.

use zeroize::Zeroizing;

use super::DataClass;

pub use cloudmessaging_preview::Published;

/// A personal datum.
pub trait Datum {
    /// What has to be allowed for it to leave.
    const CLASS: DataClass;
}

macro_rules! datum {
    ($(#[$doc:meta])* $name:ident($inner:ty): $class:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(pub(crate) $inner);

        impl Datum for $name {
            const CLASS: DataClass = DataClass::$class;
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

datum!(
    /// The owner's number in E.164, in clear or inside a sender certificate.
    PhoneNumber(Zeroizing<Vec<u8>>): PhoneNumber);
datum!(
    /// The number of somebody the owner writes to, E.164.
    RecipientNumber(Zeroizing<String>): RecipientNumber);
datum!(
    /// What the owner wrote.
    Body(Zeroizing<String>): MessageContent);
datum!(
    /// That the phone is on the network at this address: revealed by connecting.
    NetworkAddress(()): NetworkAddress);
datum!(
    /// The owner's own routing id.
    RoutingId([u8; 32]): RoutingId);
datum!(
    /// The routing id of whom the owner writes to.
    RecipientRoutingId([u8; 32]): RecipientRoutingId);
datum!(
    /// That a message arrived (or that the inbox is full): id and status.
    Delivery((Vec<u8>, i32)): DeliveryReceipt);
datum!(
    /// The public keys of a SIM.
    PublicKeys(Published): PublicKeys);
datum!(
    /// International mobile subscriber identity.
    Imsi(Zeroizing<String>): Imsi);
datum!(
    /// International mobile equipment identity.
    Imei(Zeroizing<String>): Imei);
