// SPDX-License-Identifier: Apache-2.0
//! What a permit promises: of what was allowed, written down first, to one process (P3, P4, P5). Here and not beside
//! it, since `tests/loom` and `tests/compile-fail` compile `gate/` without what these need.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use cloudmessaging_seal::{generate, Reader};
use cloudmessaging_wire::frame;
use cloudmessaging_wire::proto::envelope::Message;
use cloudmessaging_wire::proto::ledger::{Purpose, Role};
use cloudmessaging_wire::proto::uplink::{to_uplink::Frame, Connect, ToUplink};
use zeroize::Zeroizing;

use crate::disclose::{
    Body, Classes, DataClass, Delivery, Imsi, Payload, PhoneNumber, RecipientRoutingId, RoutingId,
    Sealed,
};
use crate::gate::{
    ConnectEntry, Facts, Gate, HandOver, IntentEntry, Ledger, Network, Permit, Publication,
    Refusal, Terms, Topic, Uplink,
};
use crate::seal::{self, Address, IdentityKey};

const SIM: i32 = 1;
const OWN: [u8; 32] = [1; 32];
const THEIRS: [u8; 32] = [2; 32];
const MESSAGE: [u8; 16] = [3; 16];

/// What happened, in its order.
type Story = Arc<Mutex<Vec<&'static str>>>;

/// An uplink that keeps what it is given, unless it is told to refuse.
struct Wire {
    story: Story,
    frames: Mutex<Vec<Frame>>,
    refuses: Option<HandOver>,
}

impl Uplink for Wire {
    fn hand_over(&self, bytes: &[u8]) -> Result<(), HandOver> {
        self.story.lock().unwrap().push("uplink");
        if let Some(why) = self.refuses {
            return Err(why);
        }
        let frame: ToUplink = frame::decode(bytes, |f: &ToUplink| f.frame.is_some()).unwrap();
        self.frames.lock().unwrap().push(frame.frame.unwrap());
        Ok(())
    }

    fn kill(&self) {}
}

/// What an entry says.
#[derive(Debug, PartialEq)]
enum Line {
    Connect(Role, Vec<DataClass>),
    Intent(Purpose, Vec<DataClass>, Vec<u8>, Option<Vec<u8>>),
}

/// A ledger in memory, or one whose disk is full.
struct Paper {
    story: Story,
    lines: RefCell<Vec<Line>>,
    fails: bool,
}

impl Paper {
    fn write(&self, line: Line) -> Result<(), Refusal> {
        self.story.lock().unwrap().push("ledger");
        if self.fails {
            return Err(Refusal::Ledger);
        }
        self.lines.borrow_mut().push(line);
        Ok(())
    }
}

impl Ledger for Paper {
    fn connect(&self, entry: &ConnectEntry<'_>) -> Result<(), Refusal> {
        self.write(Line::Connect(entry.role, entry.revealed.iter().collect()))
    }

    fn intent(&self, entry: &IntentEntry<'_>) -> Result<(), Refusal> {
        let (revealed, reader) = (entry.revealed.iter().collect(), entry.reader.to_vec());
        let message = entry.message_id.map(<[u8]>::to_vec);
        self.write(Line::Intent(entry.purpose, revealed, reader, message))
    }
}

struct Stage {
    gate: Gate<Wire>,
    wire: Arc<Wire>,
    paper: Paper,
    story: Story,
}

impl Stage {
    fn new() -> Self {
        Self::with(&Classes::ALL, None, false)
    }

    fn with(allowed: &[DataClass], refuses: Option<HandOver>, ledger_fails: bool) -> Self {
        let story = Story::default();
        let gate = Gate::new();
        gate.open(Terms {
            record_id: [7; 16],
            classes: allowed.iter().copied().collect(),
            sims: vec![SIM],
            while_roaming: false,
            with_data_saver: false,
            with_battery_saver: false,
        });
        let network = Network { connected: true, ..Network::default() };
        gate.report(Facts {
            committed: true,
            exists: true,
            unlocked: true,
            policy: None,
            sims: vec![SIM],
            network: Some(network),
        });
        let wire = Wire { story: story.clone(), frames: Mutex::default(), refuses };
        let wire = gate.start::<Refusal>(|_| Ok(wire)).unwrap();
        let paper = Paper { story: story.clone(), lines: RefCell::default(), fails: ledger_fails };
        Self { gate, wire, paper, story }
    }

    fn connect(&self, inbox: Option<[u8; 32]>) -> Result<(), Refusal> {
        let connect = Connect { connection: 1, client_id: "c".repeat(32), ..Connect::default() };
        self.gate.permit(Purpose::Connect, Some(SIM), |permit| {
            permit.connect(connect, inbox.map(RoutingId), &self.paper)
        })
    }

    /// A message to somebody's inbox.
    fn transmit(&self) -> Result<(), Refusal> {
        self.gate.permit(Purpose::Message, Some(SIM), |mut permit| {
            let sealed = message(&mut permit)?;
            permit.transmit(sealed, to_inbox(&RecipientRoutingId(THEIRS)), &self.paper)
        })
    }

    fn frames(&self) -> usize {
        self.wire.frames.lock().unwrap().len()
    }

    fn lines(&self) -> Vec<Line> {
        self.paper.lines.take()
    }
}

fn message<'p>(permit: &mut Permit<'p, Wire>) -> Result<Sealed<'p>, Refusal> {
    let body = permit.disclose(Body(Zeroizing::new("hello".into())))?;
    let certificate = permit.disclose(PhoneNumber(Zeroizing::new(b"certificate".to_vec())))?;
    let (_, receipt_key) = generate().unwrap();
    let fixed = Message {
        id: MESSAGE.to_vec(),
        receipt_public_key: receipt_key.0.to_vec(),
        ..Message::default()
    };
    Ok(sealed(Payload::message(fixed, body, certificate), Reader::Inbox))
}

fn sealed(payload: Payload<'_>, reader: Reader) -> Sealed<'_> {
    let (_, key) = generate().unwrap();
    let to = Address { reader, routing_id: &THEIRS, key_id: &[0; 8], key: &key };
    seal::to_inbox(payload, &to, &IdentityKey::generate().unwrap()).unwrap()
}

fn to_inbox(reader: &RecipientRoutingId) -> Publication<'_> {
    Publication {
        connection: 1,
        token: 1,
        topic: Topic::Inbox(reader),
        expiry_s: 60,
        message_id: Some(&MESSAGE),
        checkpoint: None,
    }
}

#[test]
fn what_cannot_be_written_down_is_not_handed_over() {
    let stage = Stage::with(&Classes::ALL, None, true);
    assert_eq!(stage.connect(None), Err(Refusal::Ledger));
    assert_eq!(stage.connect(Some(OWN)), Err(Refusal::Ledger));
    assert_eq!(stage.transmit(), Err(Refusal::Ledger));
    assert_eq!(*stage.story.lock().unwrap(), ["ledger"; 3], "the uplink was never asked");
}

#[test]
fn the_entry_is_durable_before_the_frame() {
    let stage = Stage::new();
    stage.connect(None).unwrap();
    stage.connect(Some(OWN)).unwrap();
    stage.transmit().unwrap();
    let story = stage.story.lock().unwrap();
    assert_eq!(*story, ["ledger", "uplink", "ledger", "uplink", "ledger", "uplink"]);
}

#[test]
fn the_ledger_lists_what_was_put_in() {
    use DataClass::{MessageContent, NetworkAddress, PhoneNumber as Number, RecipientRoutingId};
    let stage = Stage::new();
    stage.connect(None).unwrap();
    stage.connect(Some(OWN)).unwrap();
    stage.transmit().unwrap();
    let (purpose, message) = (Purpose::Message, Some(MESSAGE.to_vec()));
    let revealed = vec![Number, MessageContent, RecipientRoutingId];
    let lines = [
        Line::Connect(Role::Post, vec![NetworkAddress]),
        Line::Connect(Role::Inbox, vec![NetworkAddress, DataClass::RoutingId]),
        Line::Intent(purpose, revealed, THEIRS.to_vec(), message),
    ];
    assert_eq!(stage.lines(), lines);
    let frames = stage.wire.frames.lock().unwrap();
    let Frame::Connect(post) = &frames[0] else { panic!("not a connect") };
    let replies = cloudmessaging_wire::topic::replies(&post.client_id);
    assert_eq!(post.subscribe, [replies], "a post connection reads answers to itself alone");
    let Frame::Connect(inbox) = &frames[1] else { panic!("not a connect") };
    assert_eq!(inbox.subscribe, [cloudmessaging_wire::topic::inbox(&OWN)]);
}

#[test]
fn the_ledger_does_not_list_what_was_refused() {
    let allowed = [DataClass::DeliveryReceipt, DataClass::RecipientRoutingId];
    let stage = Stage::with(&allowed, None, false);
    let receipt = |permit: &mut Permit<'_, Wire>| {
        let imsi = permit.disclose(Imsi(Zeroizing::new("001010000000001".into()))).err();
        assert_eq!(imsi, Some(Refusal::ClassNotAllowed(DataClass::Imsi)));
    };
    stage
        .gate
        .permit::<_, Refusal>(Purpose::Receipt, Some(SIM), |mut permit| {
            receipt(&mut permit);
            let delivery = permit.disclose(Delivery((MESSAGE.to_vec(), 1)))?;
            let sealed = sealed(Payload::receipt(delivery), Reader::Receipt);
            permit.transmit(sealed, to_inbox(&RecipientRoutingId(THEIRS)), &stage.paper)
        })
        .unwrap();
    let Line::Intent(_, revealed, ..) = &stage.lines()[0] else { panic!("not an intent") };
    assert_eq!(*revealed, [DataClass::RecipientRoutingId, DataClass::DeliveryReceipt]);
}

#[test]
fn a_class_that_is_not_allowed_is_not_disclosed() {
    let connecting = [DataClass::NetworkAddress, DataClass::RoutingId];
    let sending =
        [DataClass::PhoneNumber, DataClass::MessageContent, DataClass::RecipientRoutingId];
    for class in Classes::ALL {
        let others: Vec<_> = Classes::ALL.into_iter().filter(|c| *c != class).collect();
        let stage = Stage::with(&others, None, false);
        let expected = |needed: &[DataClass]| match needed.contains(&class) {
            true => Err(Refusal::ClassNotAllowed(class)),
            false => Ok(()),
        };
        assert_eq!(stage.connect(Some(OWN)), expected(&connecting), "connect without {class:?}");
        assert_eq!(stage.connect(None), expected(&connecting[..1]), "post without {class:?}");
        assert_eq!(stage.transmit(), expected(&sending), "message without {class:?}");
        assert_eq!(stage.lines().len(), stage.frames(), "what was refused left no trace");
    }
}

#[test]
fn a_full_socketpair_is_a_refusal() {
    let stage = Stage::with(&Classes::ALL, Some(HandOver::Full), false);
    assert_eq!(stage.connect(None), Err(Refusal::Busy));
    assert_eq!(stage.transmit(), Err(Refusal::Busy));
    let asked = stage.story.lock().unwrap().iter().filter(|who| **who == "uplink").count();
    assert_eq!(asked, 2, "each asked once, none waits");
}

#[test]
fn a_frame_to_a_dead_uplink_is_a_refusal() {
    let stage = Stage::with(&Classes::ALL, Some(HandOver::Gone), false);
    assert_eq!(stage.connect(Some(OWN)), Err(Refusal::Busy));
    assert_eq!(stage.transmit(), Err(Refusal::Busy));
    let acknowledge = |permit: Permit<'_, Wire>| permit.acknowledge(1, 1);
    let acknowledged = stage.gate.permit(Purpose::Connect, Some(SIM), acknowledge);
    assert_eq!(acknowledged, Err(Refusal::Busy));
}
