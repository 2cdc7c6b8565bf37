// SPDX-License-Identifier: Apache-2.0
//! The ledger as its owner reads it, takes it away and erases it.

use cloudmessaging_ledger::checkpoint::LedgerKey;
use cloudmessaging_ledger::filter::Filter;
use cloudmessaging_ledger::prove::prove;
use cloudmessaging_ledger::verify::verify;
use cloudmessaging_wire::proto::ledger as proto;
use prost::Message as _;

use super::*;
use crate::ledger::Event;
use crate::service::facade::Days;

fn intent(class: DataClass, bytes: u32) -> Event {
    let revealed = vec![class as i32];
    Event::Intent(proto::Intent { revealed, ciphertext_size: bytes, ..Default::default() })
}

fn export(phone: &Phone) -> Vec<u8> {
    let mut file = Vec::new();
    phone.users.export_ledger(0, &mut file).unwrap();
    file
}

#[test]
fn what_is_taken_away_continues_every_checkpoint_that_the_page_saw_also_after_an_erasure() {
    let phone = Phone::ready();
    phone.events();
    let older = phone.users.ledger_checkpoint(0).unwrap();
    let key = LedgerKey::parse(&older.key).unwrap();
    phone.grant(0).unwrap();
    let file = export(&phone);
    assert!(verify(&file[..], Some(&key), Some(&older.note), |_, _| {}).unwrap().erased == 0);
    phone.users.erase_ledger(0).unwrap();
    let again = phone.after_power_cut();
    again.all_reported();
    assert_eq!(again.users.ledger_checkpoint(0).unwrap().key, older.key);
    let verified = verify(&export(&again)[..], Some(&key), Some(&older.note), |_, _| {}).unwrap();
    assert!(verified.erased >= 2, "what was there is erased");
    assert!(again.is_on(0), "erasing touches no consent");
}

#[test]
fn a_filter_gives_the_newest_of_its_kind() {
    let phone = Phone::ready();
    let book = &phone.user(0).book;
    for n in 0..5 {
        book.append(intent(DataClass::RoutingId, n)).unwrap();
        book.append(intent(DataClass::PhoneNumber, n)).unwrap();
    }
    let filter = Filter::default().event("intent").unwrap().class(DataClass::PhoneNumber as i32);
    let page = phone.users.ledger(0, None, 3, &filter).unwrap();
    assert_eq!(page.iter().map(|e| e.bytes).collect::<Vec<_>>(), [4, 3, 2]);
    let before = Some(page[2].position as u64);
    let rest = phone.users.ledger(0, before, 100, &filter).unwrap();
    assert_eq!(rest.iter().map(|e| e.bytes).collect::<Vec<_>>(), [1, 0]);
    let boots = Filter::default().event("boot").unwrap();
    assert_eq!(phone.users.ledger(0, None, 100, &boots).unwrap().len(), 1);
}

#[test]
fn each_day_has_its_total_and_that_of_each_class() {
    use aidl::DataClass::DataClass as Word;
    let phone = Phone::ready();
    let book = &phone.user(0).book;
    book.append(intent(DataClass::RoutingId, 100)).unwrap();
    book.append(intent(DataClass::RoutingId, 28)).unwrap();
    let revealed = vec![DataClass::NetworkAddress as i32];
    book.append(Event::Connect(proto::Connect { revealed, ..Default::default() })).unwrap();
    let today = (SystemClock.wall_ms() / 86_400_000) as i32;
    // Midnight may have passed.
    let days = |range| Days { range, offset_ms: 0 };
    let totals = phone.users.ledger_totals(0, &days(today - 1..=today + 1)).unwrap();
    let of = |word| {
        let rows = totals.iter().filter(|t| t.dataClass == word);
        rows.fold((0, 0, 0), |sum, t| (sum.0 + t.count, sum.1 + t.connections, sum.2 + t.bytes))
    };
    assert_eq!(of(Word::UNSPECIFIED), (3, 1, 128));
    assert_eq!(of(Word::ROUTING_ID), (2, 0, 128));
    assert_eq!(of(Word::NETWORK_ADDRESS), (1, 1, 0));
    assert!(phone.users.ledger_totals(0, &days(0..=1)).unwrap().is_empty());
}

#[test]
fn what_cannot_be_read_or_written_is_said() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(nix::errno::Errno::ENOSPC.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let phone = Phone::ready();
    assert_eq!(phone.users.export_ledger(0, &mut Full), Err(ServiceError::Unwritable));
    assert_eq!(phone.users.export_ledger(9, &mut Vec::new()), Err(ServiceError::NotReady));
    assert_eq!(phone.users.erase_ledger(9), Err(ServiceError::NotReady));
    fs::write(phone.file("ledger_key"), b"no key").unwrap();
    let phone = phone.after_power_cut();
    phone.all_reported();
    assert_eq!(phone.users.ledger_checkpoint(0).err(), Some(ServiceError::Storage));
    assert_eq!(phone.users.export_ledger(0, &mut Vec::new()), Err(ServiceError::Storage));
}

#[test]
fn the_receipt_names_the_entry_that_a_proof_confirms() {
    let phone = Phone::ready();
    phone.grant(0).unwrap();
    phone.users.set_class_allowed(0, DataClass::Imsi, false).unwrap();
    let receipt = phone.users.receipt(0).unwrap();
    let receipt: serde_json::Value = serde_json::from_str(&receipt).unwrap();
    let position = receipt["ledger_position"].as_u64().expect("no position");
    let proof = prove(&export(&phone)[..], None, position).unwrap();
    let entry = proto::Entry::decode(&proof.entry[..]).unwrap();
    let Some(Event::Grant(grant)) = entry.event else { panic!("it is no grant") };
    assert_eq!(receipt["record_id"], hex::encode(grant.record_id));
    assert_eq!(entry.position, position);
    // The same after a restart, which reads the record.
    phone.events();
    let again = phone.after_power_cut();
    again.all_reported();
    let receipt: serde_json::Value =
        serde_json::from_str(&again.users.receipt(0).unwrap()).unwrap();
    assert_eq!(receipt["ledger_position"], position);
}
