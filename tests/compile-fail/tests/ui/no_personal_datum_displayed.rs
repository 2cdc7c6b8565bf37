// SPDX-License-Identifier: Apache-2.0
#![allow(unused, unreachable_code)]

fn main() {
    println!("{}", compile_fail::body());
}
