// SPDX-License-Identifier: Apache-2.0
//! Who a message is from and whose a number is: what is forged, stolen or stale is not believed (P4, P6, P8).
