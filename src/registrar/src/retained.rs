// SPDX-License-Identifier: Apache-2.0
//! Bundles as retained messages, which is all the state there is.
//!
//! MQTT has no "read": one subscribes, and what is retained comes; nothing says that nothing will. So after
//! the SUBACK we publish a fence to ourselves, with the same QoS. When it is back, everything that the broker
//! had for us has come before it, on a broker that keeps a client's messages in order; a broker of several
//! nodes need not, so it gets some grace as well. If the fence does not come back, nothing is known, and
//! nobody is told that a number is not registered only because a broker was slow.

use std::time::Duration;

use cloudmessaging_seal::RoutingId;
use cloudmessaging_wire::topic;
use tokio::time::timeout;

use crate::answer::{Bundles, Unavailable};
use crate::link::{Link, LinkError, Message, Subscription};

/// How long the broker may take for one reading or writing.
const TIME: Duration = Duration::from_secs(5);

/// How long we listen on after the fence is back.
const GRACE: Duration = Duration::from_millis(50);

/// The retained messages of one broker.
pub struct RetainedBundles {
    link: Link,
}

impl RetainedBundles {
    /// Reads and writes over this connection.
    pub fn new(link: Link) -> RetainedBundles {
        RetainedBundles { link }
    }

    async fn listen(&self, subscription: &mut Subscription) -> Result<Option<Vec<u8>>, LinkError> {
        let mut fence = std::pin::pin!(self.link.fence());
        let mut passed = false;
        loop {
            let grace = async {
                match passed {
                    true => tokio::time::sleep(GRACE).await,
                    false => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                arrival = subscription.next() => {
                    // What another instance publishes meanwhile comes without the flag. It is newer than
                    // what was retained when we subscribed, which comes as well.
                    if arrival.retain && !arrival.payload.is_empty() {
                        return Ok(Some(arrival.payload));
                    }
                }
                back = &mut fence, if !passed => {
                    back?;
                    passed = true;
                }
                () = grace => return Ok(None),
            }
        }
    }

    async fn publish(&self, message: Message) -> Result<(), Unavailable> {
        match timeout(TIME, self.link.publish(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => {
                log::warn!("cannot publish: {why}");
                Err(Unavailable)
            }
            Err(_) => Err(slow()),
        }
    }
}

fn slow() -> Unavailable {
    log::warn!("the broker took more than {TIME:?}");
    Unavailable
}

impl Bundles for RetainedBundles {
    async fn read(&self, routing_id: &RoutingId) -> Result<Option<Vec<u8>>, Unavailable> {
        let filter = topic::keys(routing_id);
        let subscribe = timeout(TIME, self.link.subscribe(filter));
        let mut subscription = match subscribe.await {
            Ok(subscribed) => subscribed.map_err(|why| {
                log::warn!("cannot read a bundle: {why}");
                Unavailable
            })?,
            Err(_) => return Err(slow()),
        };
        let found = timeout(TIME, self.listen(&mut subscription)).await;
        // The next reader of this routing id must not meet our subscription.
        let ended = timeout(TIME, self.link.unsubscribe(subscription)).await;
        match (found, ended) {
            (Ok(Ok(found)), Ok(Ok(()))) => Ok(found),
            (Ok(Err(why)), _) | (_, Ok(Err(why))) => {
                log::warn!("cannot read a bundle: {why}");
                Err(Unavailable)
            }
            _ => Err(slow()),
        }
    }

    async fn keep(
        &self,
        routing_id: &RoutingId,
        bundle: Vec<u8>,
        time: Duration,
    ) -> Result<(), Unavailable> {
        let topic = topic::keys(routing_id);
        self.publish(Message { topic, payload: bundle, retain: true, expiry: Some(time) }).await
    }

    async fn erase(&self, routing_id: &RoutingId) -> Result<(), Unavailable> {
        let topic = topic::keys(routing_id);
        self.publish(Message { topic, payload: Vec::new(), retain: true, expiry: None }).await
    }

    async fn deliver(
        &self,
        routing_id: &RoutingId,
        envelope: Vec<u8>,
        time: Duration,
    ) -> Result<(), Unavailable> {
        let topic = topic::inbox(routing_id);
        self.publish(Message { topic, payload: envelope, retain: false, expiry: Some(time) }).await
    }
}
