// SPDX-License-Identifier: Apache-2.0
//! What one user of a phone learns and changes of another: nothing.

mod matrix;
mod sims;
