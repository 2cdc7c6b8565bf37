// SPDX-License-Identifier: Apache-2.0
//! What system server answers on a phone, as far as the gate asks it: who holds our signature permission. Here the
//! one package that has it is known by its app id.

use rsbinder::permission_controller::{BnPermissionController, IPermissionController};
use rsbinder::{hub, BinderResult, Interface, ProcessState, StatusCode};

const PERMISSION: &str = "android.permission.CONTROL_CLOUD_MESSAGING";

/// Uids per Android user.
const PER_USER: i32 = 100_000;

/// The settings app's, in every user.
const SETTINGS_APP_ID: i32 = 10_100;

struct Permissions;

impl Interface for Permissions {}

impl IPermissionController for Permissions {
    fn checkPermission(&self, permission: &str, _pid: i32, uid: i32) -> BinderResult<bool> {
        Ok(permission == PERMISSION && uid % PER_USER == SETTINGS_APP_ID)
    }

    fn noteOp(&self, _op: &str, _uid: i32, _package: &str) -> BinderResult<i32> {
        Err(StatusCode::UnknownTransaction.into())
    }

    fn getPackagesForUid(&self, _uid: i32) -> BinderResult<Vec<String>> {
        Err(StatusCode::UnknownTransaction.into())
    }

    fn isRuntimePermission(&self, _permission: &str) -> BinderResult<bool> {
        Err(StatusCode::UnknownTransaction.into())
    }

    fn getPackageUid(&self, _package: &str, _flags: i32) -> BinderResult<i32> {
        Err(StatusCode::UnknownTransaction.into())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    env_logger::init();
    ProcessState::init_default()?;
    ProcessState::start_thread_pool();
    hub::add_service("permission", BnPermissionController::new_binder(Permissions).as_binder())?;
    ProcessState::join_thread_pool()?;
    Ok(())
}
