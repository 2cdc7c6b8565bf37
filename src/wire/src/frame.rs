// SPDX-License-Identifier: Apache-2.0
//! Frames between gate and uplink: one protobuf message a packet of a `SOCK_SEQPACKET` socketpair, so that
//! a frame is handed over whole or not at all.

use prost::Message;

use crate::limits::FRAME_MAX;

/// A frame that must not be sent, or that ends the one who sent it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Larger than [`FRAME_MAX`].
    #[error("frame of {0} bytes, {FRAME_MAX} at most")]
    TooLarge(usize),
    /// Not a message of `proto/uplink.proto`, or one without a kind.
    #[error("frame of {0} bytes does not parse")]
    Malformed(usize),
}

/// Encodes a frame.
pub fn encode(frame: &impl Message) -> Result<Vec<u8>, FrameError> {
    let size = frame.encoded_len();
    if size > FRAME_MAX {
        return Err(FrameError::TooLarge(size));
    }
    Ok(frame.encode_to_vec())
}

/// Decodes a frame; `kind` says whether it holds one that the reader knows.
pub fn decode<M: Message + Default>(
    bytes: &[u8],
    kind: impl FnOnce(&M) -> bool,
) -> Result<M, FrameError> {
    if bytes.len() > FRAME_MAX {
        return Err(FrameError::TooLarge(bytes.len()));
    }
    match M::decode(bytes) {
        Ok(frame) if kind(&frame) => Ok(frame),
        _ => Err(FrameError::Malformed(bytes.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::uplink::{to_uplink::Frame, Disconnect, Publish, ToUplink};

    #[test]
    fn a_frame_survives() {
        let frame = ToUplink { frame: Some(Frame::Disconnect(Disconnect { connection: 3 })) };
        let bytes = encode(&frame).unwrap();
        assert_eq!(decode(&bytes, |f: &ToUplink| f.frame.is_some()), Ok(frame));
    }

    #[test]
    fn too_large_empty_and_garbled_are_refused() {
        let publish = Publish { payload: vec![0; FRAME_MAX], ..Publish::default() };
        let frame = ToUplink { frame: Some(Frame::Publish(publish)) };
        assert!(matches!(encode(&frame), Err(FrameError::TooLarge(_))));
        let known = |f: &ToUplink| f.frame.is_some();
        assert_eq!(
            decode(&vec![0; FRAME_MAX + 1], known),
            Err(FrameError::TooLarge(FRAME_MAX + 1))
        );
        assert_eq!(decode(&[], known), Err(FrameError::Malformed(0)));
        assert_eq!(decode(&[0xff; 9], known), Err(FrameError::Malformed(9)));
    }
}
