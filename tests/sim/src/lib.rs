// SPDX-License-Identifier: Apache-2.0
//! Two phones, a registrar and a broker in one process and one thread, with clocks that tests set.
