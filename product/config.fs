# SPDX-License-Identifier: Apache-2.0
#
# The user that gate and uplink run as. 7500 to 7999 are for system_ext. Its name for init is the part after AID_, in
# lower case.
[AID_SYSTEM_EXT_CLOUDMESSAGING]
value: 7500
