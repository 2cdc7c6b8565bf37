# SPDX-License-Identifier: Apache-2.0
#
# The second of the two lines that a device adds, in its BoardConfig.mk:
#
#   include packages/modules/CloudMessaging/product/BoardConfigCloudMessaging.mk

cloudmessaging_product := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

# Domains and labels. Without them init starts nothing of ours.
SYSTEM_EXT_PRIVATE_SEPOLICY_DIRS += $(patsubst %/,%,$(dir $(cloudmessaging_product)))/sepolicy/private

# The user.
TARGET_FS_CONFIG_GEN += $(cloudmessaging_product)/config.fs
