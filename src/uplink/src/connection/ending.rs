// SPDX-License-Identifier: Apache-2.0
//! How a connection ends. The detail is for a person and holds no datum: no topic, client id, address,
//! nor anything that a broker wrote in words.

use std::borrow::Cow;

use cloudmessaging_wire::proto::uplink::{from_uplink, CloseReason, Closed};
use nix::errno::Errno;

/// Why a connection is over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) reason: CloseReason,
    pub(crate) detail: Cow<'static, str>,
}

impl Ending {
    pub(crate) fn asked() -> Self {
        Self::new(CloseReason::Asked, "")
    }

    pub(crate) fn resolve(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(CloseReason::Resolve, detail)
    }

    pub(crate) fn tcp(errno: Errno) -> Self {
        Self::new(CloseReason::Tcp, errno.to_string())
    }

    pub(crate) fn tls(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(CloseReason::Tls, detail)
    }

    pub(crate) fn broker(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(CloseReason::Broker, detail)
    }

    pub(crate) fn protocol(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(CloseReason::Protocol, detail)
    }

    pub(crate) fn timeout(detail: &'static str) -> Self {
        Self::new(CloseReason::Timeout, detail)
    }

    /// As the gate is told.
    pub(crate) fn frame(self, connection: u32) -> from_uplink::Frame {
        from_uplink::Frame::Closed(Closed {
            connection,
            reason: self.reason.into(),
            detail: self.detail.into_owned(),
        })
    }

    fn new(reason: CloseReason, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, detail: detail.into() }
    }
}
