# SPDX-License-Identifier: Apache-2.0
#
# The first of the two lines that a device adds, in its product's makefile:
#
#   $(call inherit-product, packages/modules/CloudMessaging/product/cloudmessaging.mk)
#
# and the name of a filegroup that holds the build's configuration (docs/integration.md; without one the build stops):
#
#   $(call soong_config_set,cloudmessaging,config,acme_cloudmessaging_config)
#
# The second line is in BoardConfigCloudMessaging.mk.

PRODUCT_PACKAGES += \
    CloudMessagingSettings \
    cloudmessagingd \
    cloudmessaging_uplink \
    cmctl \
    cloudmessaging_config \
    cloudmessaging_config_ca \
    cloudmessaging_config_post \
    cloudmessaging_config_post_key \
    cloudmessaging_config_legacy \
    cloudmessaging_disclosure_en \
    cloudmessaging_disclosure_es \
    cloudmessaging_disclosure_hi \
    cloudmessaging_disclosure_id \
    cloudmessaging_disclosure_zh_cn \
    privapp-permissions-android.system.cloudmessaging.settings.xml \
    sysconfig-android.system.cloudmessaging.settings.xml
