// SPDX-License-Identifier: Apache-2.0
//! Asks the owner at a terminal before something is done that only the owner may want.
use crate::answer::Failure;
use std::io::{BufRead, Write};

/// Only a whole line that says yes is a yes.
pub fn by_words(
    question: &str,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let unread = |_| Failure::NotConfirmed("the terminal cannot be read");
    write!(output, "{question}").and_then(|()| output.flush()).map_err(unread)?;
    let mut line = String::new();
    input.read_line(&mut line).map_err(unread)?;
    // An end of file in the middle of the word is no answer.
    if !line.ends_with('\n') {
        return Err(Failure::NotConfirmed("the input ended"));
    }
    if line.trim().eq_ignore_ascii_case("yes") {
        Ok(())
    } else {
        Err(Failure::NotConfirmed("the answer was not yes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(input: &str) -> bool {
        let mut shown = Vec::new();
        let result = by_words("Q: ", &mut input.as_bytes(), &mut shown);
        assert_eq!(shown, b"Q: ");
        result.is_ok()
    }

    #[test]
    fn only_a_whole_line_that_says_yes_is_one() {
        assert!(answers("yes\n"));
        assert!(answers(" Yes \r\n"));
        for no in ["", "\n", "y\n", "no\n", "yes", "ye", "yess\n", "\nyes\n"] {
            assert!(!answers(no), "{no:?}");
        }
    }
}
