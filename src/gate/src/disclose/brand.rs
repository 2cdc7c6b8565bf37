// SPDX-License-Identifier: Apache-2.0
//! A lifetime that stands for one permit.

use std::marker::PhantomData;

/// Invariant in `'p`, so that the compiler can neither shorten nor lengthen it: two brands that come out of
/// two calls never unify.
#[derive(Clone, Copy)]
pub(crate) struct Brand<'p>(PhantomData<fn(&'p ()) -> &'p ()>);

impl Brand<'_> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}
