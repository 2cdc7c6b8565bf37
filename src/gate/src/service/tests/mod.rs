// SPDX-License-Identifier: Apache-2.0
//! The three services over real Unix sockets, before a small facade that writes down what it is asked.

mod bounds;
mod callbacks;
mod crowd;
mod fake;
mod matrix;
mod rules;
mod stage;
