// SPDX-License-Identifier: Apache-2.0
//! How our settings app is known over the kernel driver: by its SELinux domain, which only our build's policy gives,
//! to a package with our platform's signature; and by our signature permission, held by the uid that calls. Either
//! alone is not enough: the domain is lost with the policy, the permission with the package manager.
//!
//! It trusts the kernel for the context and system server for the permission. If one of them does not answer,
//! nobody is our settings app (P7).

use super::{Identities, Identity};
use android_os_permissions_aidl::aidl::android::os::IPermissionController::IPermissionController;
use binder::ThreadState;
use std::ffi::CStr;

/// The domain of our settings app.
const SETTINGS_DOMAIN: &str = "cloudmessaging_settings_app";

/// The permission that our settings app declares, and only what is signed like it can hold.
const PERMISSION: &str = "android.permission.CONTROL_CLOUD_MESSAGING";

/// Where system server answers who holds a permission.
const PERMISSION_SERVICE: &str = "permission";

/// Tells callers apart by their security context, and asks system server for the permission.
#[derive(Clone, Copy, Debug)]
pub struct Contexts;

impl Identities for Contexts {
    fn identity(&self, uid: u32) -> Identity {
        ThreadState::with_calling_sid(|context| {
            of_context(context, || holds(PERMISSION, ThreadState::get_calling_pid(), uid))
        })
    }
}

fn of_context(context: Option<&CStr>, permitted: impl FnOnce() -> bool) -> Identity {
    match context {
        None => Identity::Unknown,
        Some(context) if is_settings_app(context) => match permitted() {
            true => Identity::Settings,
            false => Identity::Unknown,
        },
        Some(_) => Identity::Other,
    }
}

/// Whether that is `u:r:cloudmessaging_settings_app:s0`, with any categories: they name the app and its user.
fn is_settings_app(context: &CStr) -> bool {
    let Ok(context) = context.to_str() else { return false };
    let mut fields = context.splitn(4, ':');
    let fields = [fields.next(), fields.next(), fields.next(), fields.next()];
    let [Some("u"), Some("r"), Some(domain), Some(level)] = fields else { return false };
    domain == SETTINGS_DOMAIN && (level == "s0" || level.starts_with("s0:"))
}

/// Asked anew at each call: a package may be updated or removed at any time. Does not wait for a system server that
/// is not there.
fn holds(permission: &str, pid: i32, uid: u32) -> bool {
    let Ok(uid) = i32::try_from(uid) else { return false };
    let service = binder::check_interface::<dyn IPermissionController>(PERMISSION_SERVICE);
    let Ok(service) = service else {
        log::error!("uid {uid} is taken for nobody: there is no permission service");
        return false;
    };
    service.checkPermission(permission, pid, uid).unwrap_or_else(|status| {
        log::error!("uid {uid} is taken for nobody: the permission service said {status}");
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(context: &str, permitted: bool) -> Identity {
        let context = std::ffi::CString::new(context).unwrap();
        of_context(Some(&context), || permitted)
    }

    #[test]
    fn the_settings_app_has_its_domain_and_our_permission() {
        for context in [
            "u:r:cloudmessaging_settings_app:s0",
            "u:r:cloudmessaging_settings_app:s0:c512,c768",
            "u:r:cloudmessaging_settings_app:s0:c10,c256,c512,c768",
        ] {
            assert_eq!(identity(context, true), Identity::Settings, "{context}");
            assert_eq!(identity(context, false), Identity::Unknown, "{context}");
        }
    }

    #[test]
    fn no_other_domain_is_asked_for_the_permission() {
        for context in [
            "u:r:cloudmessaging_settings_app2:s0",
            "u:r:xcloudmessaging_settings_app:s0",
            "u:r:cloudmessaging_settings_app",
            "u:r:cloudmessaging_settings_app:s1",
            "u:r:cloudmessaging_settings_app:s00",
            "u:object_r:cloudmessaging_settings_app:s0",
            "x:r:cloudmessaging_settings_app:s0",
            "u:r:platform_app:s0:c512,cloudmessaging_settings_app",
            "u:r:shell:s0",
            "u:r:su:s0",
            "cloudmessaging_settings_app",
            "",
        ] {
            let context = std::ffi::CString::new(context).unwrap();
            let identity = of_context(Some(&context), || panic!("asked for {context:?}"));
            assert_eq!(identity, Identity::Other, "{context:?}");
        }
    }

    #[test]
    fn a_caller_without_a_context_is_nobody() {
        assert_eq!(of_context(None, || true), Identity::Unknown);
    }

    #[test]
    fn without_a_permission_service_nobody_holds_it() {
        assert!(!holds(PERMISSION, 1, 1000));
        assert!(!holds(PERMISSION, 1, u32::MAX));
    }
}
