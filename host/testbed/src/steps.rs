// SPDX-License-Identifier: Apache-2.0
//! Named steps (`cloudmessaging_wire::step`): which there are, which were reached, and a crash at one of them.
//!
//! Every program that is not the phone's own has a file of its own; gate and uplink of a phone share one. Only a
//! debug build of the programs knows steps: with another, no file is ever written to.
use crate::programs::workspace;
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The steps of one phone, of the broker or of the registrar.
#[derive(Clone, Debug)]
pub struct Steps {
    file: PathBuf,
}

/// A place in the sequence of steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mark(usize);

impl Steps {
    /// Makes the file; it is kept if it is there.
    pub(crate) fn make(folder: &Path, name: &str) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
        let file = folder.join(name);
        let opened = OpenOptions::new().create(true).append(true).open(&file);
        opened.map_err(Error::file("make", &file))?;
        Ok(Self { file })
    }

    pub(crate) fn give_to(&self, command: &mut Command) {
        command.env("CLOUDMESSAGING_STEPS", &self.file);
    }

    /// From here on, whoever is the `nth` to reach this step crashes; nobody at another step any more.
    pub fn crash_at(&self, step: &str, nth: u32) -> Result<Mark> {
        let mark = self.mark()?;
        OpenOptions::new()
            .append(true)
            .open(&self.file)
            .and_then(|mut file| file.write_all(format!("crash {step} {nth}\n").as_bytes()))
            .map_err(Error::file("write", &self.file))?;
        Ok(mark)
    }

    /// Takes an order back that was not carried out.
    pub fn crash_nowhere(&self) -> Result<()> {
        self.crash_at("", 1).map(|_| ())
    }

    /// Now.
    pub fn mark(&self) -> Result<Mark> {
        Ok(Mark(self.text()?.len()))
    }

    /// How often each step was reached since then.
    pub fn reached(&self, since: Mark) -> Result<BTreeMap<String, u32>> {
        let text = self.text()?;
        let mut reached = BTreeMap::new();
        for line in text.get(since.0..).unwrap_or_default().lines() {
            match line.split_once(' ') {
                Some(("crash", _)) | None => {}
                Some((_, step)) => *reached.entry(step.to_owned()).or_default() += 1,
            }
        }
        Ok(reached)
    }

    /// Whether a process reached this step as the `nth` since then, and did nothing any more.
    pub fn crashed(&self, since: Mark, step: &str, nth: u32) -> Result<bool> {
        let text = self.text()?;
        let lines = || text.get(since.0..).unwrap_or_default().lines().enumerate();
        let at_step = |line: &str| {
            let (process, name) = line.split_once(' ')?;
            (name == step && process != "crash").then(|| process.to_owned())
        };
        let mut reached = lines().filter_map(|(n, line)| Some((n, at_step(line)?)));
        let Some((at, process)) = reached.nth(nth.saturating_sub(1) as usize) else {
            return Ok(false);
        };
        let by_it = |line: &str| line.split_once(' ').is_some_and(|(who, _)| who == process);
        Ok(!lines().skip(at + 1).any(|(_, line)| by_it(line)))
    }

    fn text(&self) -> Result<String> {
        fs::read_to_string(&self.file).map_err(Error::file("read", &self.file))
    }
}

/// Every step that the source of the programs marks.
pub fn steps_in_source() -> Result<BTreeSet<String>> {
    let mut steps = BTreeSet::new();
    for folder in ["src/gate/src", "src/uplink/src", "src/registrar/src", "host/broker/src"] {
        search(&workspace().join(folder), &mut steps)?;
    }
    Ok(steps)
}

fn search(folder: &Path, steps: &mut BTreeSet<String>) -> Result<()> {
    let failed = || Error::file("search", folder);
    for entry in fs::read_dir(folder).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.is_dir() {
            search(&path, steps)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
            let marked = text.split("step!(\"").skip(1).filter_map(|rest| rest.split('"').next());
            steps.extend(marked.map(str::to_owned));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_from_a_mark_and_orders_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let steps = Steps::make(folder.path(), "anna").unwrap();
        let write = |text: &str| {
            let mut file = OpenOptions::new().append(true).open(&steps.file).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        write("7 gate.one\n7 gate.two\n");
        let mark = steps.crash_at("gate.two", 2).unwrap();
        write("7 gate.two\n8 gate.two\n");
        assert_eq!(steps.reached(Mark::default()).unwrap()["gate.two"], 3);
        assert_eq!(steps.reached(mark).unwrap(), BTreeMap::from([("gate.two".to_owned(), 2)]));
        assert!(steps.crashed(mark, "gate.two", 2).unwrap());
        assert!(!steps.crashed(mark, "gate.two", 3).unwrap(), "not reached so often");
        write("8 gate.one\n");
        assert!(!steps.crashed(mark, "gate.two", 2).unwrap(), "it went on");
    }

    #[test]
    fn the_source_names_the_steps_of_each_program() {
        let steps = steps_in_source().unwrap();
        assert!(steps.contains("uplink.started"), "{steps:?}");
    }
}
