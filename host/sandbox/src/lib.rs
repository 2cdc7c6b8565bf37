// SPDX-License-Identifier: Apache-2.0
//! What the uplink may do on a Linux host: Landlock and seccomp, in the place of its SELinux domain.
