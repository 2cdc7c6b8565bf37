// SPDX-License-Identifier: Apache-2.0
//! The language of .rc files, as far as it is used here. What is not understood is an error: Android's init would
//! log it and go on, and the option would be missing on every phone.

/// A file, or several in one.
#[derive(Debug, Default)]
pub struct Rc {
    /// In the order of the files.
    pub services: Vec<Service>,
    /// What is done at boot, in that order: the trigger, and its command.
    pub commands: Vec<(String, Command)>,
}

/// `service NAME PATH ARGUMENT...` and its options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// `user`; root if absent.
    pub user: String,
    /// `group`: the first is the primary one; as the user's if absent.
    pub groups: Vec<String>,
    /// `capabilities`: whether it was there, which takes all of them away.
    pub no_capabilities: bool,
    /// `interface aidl NAME`: starts when somebody asks for one of these.
    pub interfaces: Vec<String>,
    /// Not started at boot.
    pub disabled: bool,
    /// Not started again when it ends.
    pub oneshot: bool,
    /// `seclabel`: this domain, and not the one that its program leads to.
    pub seclabel: Option<String>,
    /// `console`: its output goes there, and not to a log.
    pub console: bool,
}

/// A command of a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `mkdir PATH [MODE OWNER GROUP] [encryption=...]`.
    Mkdir {
        /// Where.
        path: String,
        /// Permissions.
        mode: u32,
        /// User's name.
        owner: String,
        /// Group's name.
        group: String,
    },
    /// `start SERVICE`.
    Start(String),
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{file}, line {line}: {why}")]
pub struct Wrong {
    file: String,
    line: usize,
    why: String,
}

/// Triggers, in the order in which they come at boot.
pub const TRIGGERS: [&str; 5] = ["early-init", "init", "fs", "post-fs-data", "boot"];

enum Section {
    None,
    Service,
    On(String),
}

impl Rc {
    /// Takes in one more file.
    pub fn read(&mut self, file: &str, text: &str) -> Result<(), Wrong> {
        let mut section = Section::None;
        for (index, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.first().is_none_or(|word| word.starts_with('#')) {
                continue;
            }
            let understood = match words[0] {
                "service" => self.service(&words).map(|()| section = Section::Service),
                "on" => trigger(&words).map(|on| section = Section::On(on)),
                _ => match &section {
                    Section::None => Err("outside a section".to_owned()),
                    Section::Service => self.option(&words),
                    Section::On(on) => {
                        command(&words).map(|command| self.commands.push((on.clone(), command)))
                    }
                },
            };
            understood.map_err(|why| Wrong { file: file.to_owned(), line: index + 1, why })?;
        }
        Ok(())
    }

    fn service(&mut self, words: &[&str]) -> Result<(), String> {
        let [_, name, command @ ..] = words else { return Err("no name".into()) };
        if command.is_empty() {
            return Err("no program".into());
        }
        if self.services.iter().any(|known| known.name == *name) {
            return Err(format!("there is a service {name} already"));
        }
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        self.services.push(Service {
            name: (*name).to_owned(),
            command,
            user: "root".into(),
            ..Service::default()
        });
        Ok(())
    }

    fn option(&mut self, words: &[&str]) -> Result<(), String> {
        let Some(service) = self.services.last_mut() else { return Err("no service".into()) };
        match words {
            ["user", user] => service.user = (*user).to_owned(),
            ["group", groups @ ..] if !groups.is_empty() => {
                service.groups = groups.iter().map(|group| (*group).to_owned()).collect();
            }
            ["capabilities"] => service.no_capabilities = true,
            ["interface", "aidl", name] => service.interfaces.push((*name).to_owned()),
            ["disabled"] => service.disabled = true,
            ["oneshot"] => service.oneshot = true,
            ["console"] => service.console = true,
            ["seclabel", label] => service.seclabel = Some((*label).to_owned()),
            // Of no effect without cgroups and without shutting down in order.
            ["class", ..] | ["task_profiles", ..] | ["shutdown", ..] => {}
            _ => return Err(format!("the option {:?} is not understood", words.join(" "))),
        }
        Ok(())
    }
}

fn trigger(words: &[&str]) -> Result<String, String> {
    match words {
        ["on", trigger] if TRIGGERS.contains(trigger) => Ok((*trigger).to_owned()),
        _ => Err(format!("the trigger {:?} is not understood", words[1..].join(" "))),
    }
}

fn command(words: &[&str]) -> Result<Command, String> {
    let made = |path: &str, mode: &str, owner: &str, group: &str| {
        let mode = u32::from_str_radix(mode, 8).map_err(|_| format!("{mode} is no mode"))?;
        let (owner, group) = (owner.to_owned(), group.to_owned());
        Ok(Command::Mkdir { path: path.to_owned(), mode, owner, group })
    };
    match words {
        ["mkdir", path] => made(path, "755", "root", "root"),
        ["mkdir", path, mode, owner, group] => made(path, mode, owner, group),
        // There is no encryption here to be required.
        ["mkdir", path, mode, owner, group, how] if how.starts_with("encryption=") => {
            made(path, mode, owner, group)
        }
        ["start", service] => Ok(Command::Start((*service).to_owned())),
        _ => Err(format!("the command {:?} is not understood", words.join(" "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RC: &str = "\
# a lazy service
on post-fs-data
    mkdir /data/misc/x 0700 x x encryption=Require

service x /bin/x --all
    class hal
    user x
    group x inet
    capabilities
    interface aidl a.b.IX
    interface aidl a.b.IY
    disabled
    oneshot
";

    #[test]
    fn a_lazy_service_is_understood() {
        let mut rc = Rc::default();
        rc.read("x.rc", RC).unwrap();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let expected = Service {
            name: "x".into(),
            command: words(&["/bin/x", "--all"]),
            user: "x".into(),
            groups: words(&["x", "inet"]),
            no_capabilities: true,
            interfaces: words(&["a.b.IX", "a.b.IY"]),
            disabled: true,
            oneshot: true,
            seclabel: None,
            console: false,
        };
        assert_eq!(rc.services, [expected]);
        let (path, owner) = ("/data/misc/x".to_owned(), "x".to_owned());
        let mkdir = Command::Mkdir { path, mode: 0o700, group: owner.clone(), owner };
        assert_eq!(rc.commands, [("post-fs-data".to_owned(), mkdir)]);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for text in [
            "user root",
            "service",
            "service x",
            "service x /x\n  onrestart reboot",
            "service x /x\n  interface hidl a.b 1",
            "service x /x\nservice x /y",
            "on charger",
            "on boot\n  mkdir /x 0999 a a",
            "on boot\n  mkdir /x 0700 a a acl",
            "on boot\n  exec - /x",
        ] {
            assert!(Rc::default().read("x.rc", text).is_err(), "{text:?}");
        }
    }
}
