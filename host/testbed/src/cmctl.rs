// SPDX-License-Identifier: Apache-2.0
//! `cmctl`, run against a phone: for its answer, as a person would see it, as another uid, through a pipe.
use crate::process::end_with_us;
use crate::{Error, Phone, Result};
use serde_json::Value;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// What `cmctl` answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Exit code; -1 if it was killed.
    pub code: i32,
    /// What it printed, parsed; null if that was no JSON.
    pub json: Value,
    /// What it printed on both outputs.
    pub output: String,
}

impl Phone {
    /// The command that does the same as [`Phone::ask`], for a person.
    pub fn command_line(&self, arguments: &[&str]) -> String {
        let quoted = arguments.iter().map(|argument| quote(argument));
        std::iter::once("cmctl".to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
    }

    /// Runs `cmctl` and gives back what a person would see.
    pub fn show(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.programs.cmctl);
        command.arg("--run").arg(self.run()).args(arguments);
        end_with_us(&mut command);
        let output = command.output().map_err(Error::io("start cmctl"))?;
        let printed = [output.stdout, output.stderr].concat();
        Ok(String::from_utf8_lossy(&printed).trim_end().to_owned())
    }

    /// Runs `cmctl --json` and takes its answer, whatever it is.
    pub fn ask(&self, arguments: &[&str]) -> Result<Answer> {
        self.ask_with(Command::new(&self.programs.cmctl), arguments)
    }

    /// The same under another uid; needs root. The program is copied to where that uid can reach it.
    pub fn ask_as(&self, uid: u32, arguments: &[&str]) -> Result<Answer> {
        let copy = self.logs.with_file_name("cmctl");
        if !copy.exists() {
            // Beside and renamed: suites run side by side.
            let fresh = copy.with_extension(format!("{:?}", std::thread::current().id()));
            // By a process of its own: what this one has open for writing, each child that another thread begins at
            // that moment has too, and while one has, the kernel executes the copy for nobody.
            let mut cp = Command::new("cp");
            end_with_us(&mut cp);
            let copied = cp.arg(&self.programs.cmctl).arg(&fresh).status();
            if !copied.map_err(Error::io("start cp"))?.success() {
                return Err(Error::file("copy to", &fresh)(std::io::Error::other("cp failed")));
            }
            fs::rename(&fresh, &copy).map_err(Error::file("rename to", &copy))?;
        }
        let mut command = Command::new(&copy);
        command.uid(uid).gid(uid).current_dir("/");
        self.ask_with(command, arguments)
    }

    /// The same with that text on standard input, through a pipe.
    pub fn ask_typing(&self, arguments: &[&str], text: &str) -> Result<Answer> {
        let file = self.directory.join("typed");
        fs::write(&file, text).map_err(Error::file("write", &file))?;
        let mut cat = Command::new("cat");
        end_with_us(&mut cat);
        let mut cat =
            cat.arg(&file).stdout(Stdio::piped()).spawn().map_err(Error::io("start cat"))?;
        let mut command = Command::new(&self.programs.cmctl);
        if let Some(pipe) = cat.stdout.take() {
            command.stdin(pipe);
        }
        let answer = self.ask_with(command, arguments);
        cat.wait().map_err(Error::io("wait for cat"))?;
        answer
    }

    /// Runs `cmctl --json` without a word of where a service is: for what is checked without one.
    pub fn ask_nobody(&self, arguments: &[&str]) -> Result<Answer> {
        let mut command = Command::new(&self.programs.cmctl);
        command.env_remove("CLOUDMESSAGING_RUN");
        answer(command, arguments)
    }

    fn ask_with(&self, mut command: Command, arguments: &[&str]) -> Result<Answer> {
        command.arg("--run").arg(self.run());
        answer(command, arguments)
    }

    /// Runs `cmctl --json`, which must succeed.
    pub fn cmctl(&self, arguments: &[&str]) -> Result<Value> {
        let answer = self.ask(arguments)?;
        if answer.code == 0 {
            return Ok(answer.json);
        }
        let verb = arguments.iter().take_while(|word| !word.starts_with('-'));
        Err(Error::Cmctl {
            verb: verb.copied().collect::<Vec<_>>().join(" "),
            code: answer.code,
            output: format!("{}\n{}", answer.output, self.log_tail()),
        })
    }
}

fn answer(mut command: Command, arguments: &[&str]) -> Result<Answer> {
    command.arg("--json").args(arguments);
    end_with_us(&mut command);
    let output = command.output().map_err(Error::io("start cmctl"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    Ok(Answer {
        code: output.status.code().unwrap_or(-1),
        json: serde_json::from_str(&printed).unwrap_or(Value::Null),
        output: format!("{printed}{complained}"),
    })
}

fn quote(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_+=/.,:@".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_can_be_pasted_into_a_shell() {
        assert_eq!(quote("--to"), "--to");
        assert_eq!(quote("+15550100"), "+15550100");
        assert_eq!(quote("hello there"), "'hello there'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }
}
