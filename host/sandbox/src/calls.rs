// SPDX-License-Identifier: Apache-2.0
//! System calls, by seccomp: what the table allows, what it answers without asking the kernel, and the end of
//! the process for everything else.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    apply_filter, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

use crate::table::{Argument, Call, Group, ALLOWED, NOT_THERE};
use crate::Error;

/// Confines this thread and what it starts. It can gain no privileges from then on.
pub fn restrict() -> Result<(), Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let program = |table, mismatch, matched| -> Result<BpfProgram, Error> {
        Ok(SeccompFilter::new(rules(table)?, mismatch, matched, arch)?.try_into()?)
    };
    let answer = SeccompAction::Errno(libc::ENOSYS as u32);
    let not_there = program(NOT_THERE, SeccompAction::Allow, answer)?;
    let allowed = program(ALLOWED, SeccompAction::KillProcess, SeccompAction::Allow)?;
    // Both are asked at each call, and the stricter answer counts. The second allows no third.
    apply_filter(&not_there)?;
    apply_filter(&allowed)?;
    Ok(())
}

fn rules(table: &[Group]) -> Result<BTreeMap<i64, Vec<SeccompRule>>, Error> {
    let calls = table.iter().flat_map(|group| group.calls);
    calls.map(|call| Ok((call.number, conditions(call)?))).collect()
}

/// No rule at all means always.
fn conditions(call: &Call) -> Result<Vec<SeccompRule>, Error> {
    let all_of = |arguments: &[Argument]| -> Result<SeccompRule, Error> {
        let each = arguments.iter().map(|argument| {
            let (index, compare, value) = match *argument {
                Argument::Is(index, value) => (index, SeccompCmpOp::Eq, value),
                Argument::Bits(index, mask, value) => {
                    (index, SeccompCmpOp::MaskedEq(u64::from(mask)), value)
                }
            };
            // The kernel takes all of these as 32 bits, so the upper half decides nothing.
            SeccompCondition::new(index, SeccompCmpArgLen::Dword, compare, u64::from(value))
        });
        Ok(SeccompRule::new(each.collect::<Result<_, _>>()?)?)
    };
    call.when.iter().map(|arguments| all_of(arguments)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_call_is_in_a_table_once() {
        for table in [ALLOWED, NOT_THERE] {
            let numbers: Vec<_> =
                table.iter().flat_map(|group| group.calls).map(|call| call.number).collect();
            assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len());
        }
    }

    /// Otherwise it would end the process before it is answered.
    #[test]
    fn what_is_answered_without_the_kernel_is_allowed_to_be_called() {
        for call in NOT_THERE.iter().flat_map(|group| group.calls) {
            let allowed = ALLOWED.iter().flat_map(|group| group.calls);
            let same = allowed.clone().find(|other| other.number == call.number).unwrap();
            let covered = |when: &&[Argument]| same.when.contains(when);
            assert!(same.when.is_empty() || call.when.iter().all(covered), "{}", call.number);
        }
    }
}
