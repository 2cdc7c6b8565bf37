// SPDX-License-Identifier: Apache-2.0
//! `--keep`: the phones stay, for whoever wants to try it.
use cloudmessaging_testbed::{Bed, Phone, Programs, Result};
use std::time::Duration;

/// Says how to use them and plays the platform until interrupted: what a phone's Java side reports when
/// something changed, the demo reports every second.
pub fn keep(bed: &Bed, programs: &Programs, anna: &Phone, ben: &Phone) -> Result<()> {
    let programs = programs.cmctl.parent().unwrap_or(&programs.cmctl).display();
    println!("\nStill running, both off. In another terminal:\n");
    println!("  export PATH={programs}:$PATH");
    println!("  export CLOUDMESSAGING_RUN={}", anna.run().display());
    println!("  cmctl status");
    println!("  cmctl consent grant --sims {}", anna.sims_file()?.display());
    println!("\n{} is at", ben.name());
    println!("  export CLOUDMESSAGING_RUN={}", ben.run().display());
    println!("  cmctl consent grant --sims {}", ben.sims_file()?.display());
    println!("\nLogs are in {}. Ctrl-C ends it all.", bed.logs().display());
    loop {
        for phone in [anna, ben] {
            // A gate that was killed from outside is not the demo's to judge any more.
            let _ = phone.report();
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}
