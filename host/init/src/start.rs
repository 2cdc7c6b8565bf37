// SPDX-License-Identifier: Apache-2.0
//! Making directories and starting services, with the names and labels that belong to them.

use crate::accounts::Accounts;
use crate::{rc, tree};
use cloudmessaging_selinux::kernel;
use cloudmessaging_selinux::launch::{Domain, Identity};
use cloudmessaging_selinux::FileContexts;
use nix::unistd::{chown, Gid, Uid};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Files of users.
const PASSWD: [&str; 2] = ["/etc/passwd", "/system_ext/etc/passwd"];

/// Arguments that a program has here and not on a phone: lines `SERVICE ARGUMENT...`.
const ARGUMENTS: &str = "/system/etc/init/arguments";

/// What is needed to start a service.
pub struct Starter {
    /// The label of each file.
    pub files: FileContexts,
    accounts: Accounts,
    arguments: BTreeMap<String, Vec<String>>,
}

impl Starter {
    /// Reads it from the partitions.
    pub fn read() -> Result<Self> {
        let mut accounts = Accounts::default();
        for file in PASSWD {
            let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
            accounts.read(&text);
        }
        let text =
            fs::read_to_string(ARGUMENTS).map_err(|error| format!("{ARGUMENTS}: {error}"))?;
        let mut arguments = BTreeMap::new();
        for line in text.lines() {
            let mut words = line.split_whitespace().map(str::to_owned);
            if let Some(name) = words.next() {
                arguments.insert(name, words.collect());
            }
        }
        Ok(Self { files: tree::file_contexts()?, accounts, arguments })
    }

    /// Carries out a `mkdir`: whatever was there before, it has this owner, mode and label afterwards.
    pub fn mkdir(&self, command: &rc::Command) -> Result<()> {
        let rc::Command::Mkdir { path, mode, owner, group } = command else { return Ok(()) };
        let path = Path::new(path);
        match fs::DirBuilder::new().mode(*mode).create(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(format!("{}: {error}", path.display()).into());
            }
            _ => {}
        }
        let (owner, group) = (Uid::from_raw(self.id(owner)?), Gid::from_raw(self.id(group)?));
        chown(path, Some(owner), Some(group))?;
        fs::set_permissions(path, fs::Permissions::from_mode(*mode))?;
        tree::label_one(path, &self.files)
    }

    fn id(&self, name: &str) -> Result<u32> {
        Ok(self.accounts.id(name).ok_or_else(|| format!("nobody is called {name}"))?)
    }

    /// Starts a service as its file says; its process id.
    pub fn start(&self, service: &rc::Service) -> Result<u32> {
        let (program, arguments) = service.command.split_first().ok_or("no program")?;
        let uid = self.id(&service.user)?;
        let groups = match &service.groups[..] {
            [] => vec![uid],
            names => names.iter().map(|name| self.id(name)).collect::<Result<_>>()?,
        };
        let identity = Identity {
            uid,
            gid: groups[0],
            groups: groups[1..].to_vec(),
            no_capabilities: service.no_capabilities,
            domain: Some(Domain::AtExec(self.domain(service, program)?)),
        };
        let log = log(service)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .args(self.arguments.get(&service.name).into_iter().flatten())
            .env_clear()
            .env("PATH", "/system/bin:/system_ext/bin")
            .env("RUST_LOG", "info")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        identity.give_to(&mut command)?;
        Ok(command.spawn()?.id())
    }

    /// Where executing its program leads, by the policy. A service without a domain of its own is not started.
    fn domain(&self, service: &rc::Service, program: &str) -> Result<String> {
        if let Some(label) = &service.seclabel {
            return Ok(label.clone());
        }
        let own = kernel::current()?;
        let file = self.files.label(program, '-').ok_or_else(|| format!("no label: {program}"))?;
        let domain = kernel::made_of(&own, file, "process")?;
        if domain == own {
            return Err(format!("{program}, labelled {file}, leads to no domain").into());
        }
        Ok(domain)
    }
}

/// Where a service's output goes.
fn log(service: &rc::Service) -> Result<File> {
    let path = match service.console {
        true => "/dev/console".to_owned(),
        false => format!("/log/{}", service.name),
    };
    let file = File::options().append(true).create(!service.console).open(&path);
    Ok(file.map_err(|error| format!("{path}: {error}"))?)
}
