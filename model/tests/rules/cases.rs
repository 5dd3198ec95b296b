//! Cases as text: what is given, line by line, and what the rules say of it.

use std::fmt::Debug;

use model::chain::Link;

/// One case of a file. An empty line ends a case, `#` begins its name, and `>` what is said: a state, and
/// words of the sentence where they matter. `\n` is the end of a line in a message.
pub struct Case {
    pub name: &'static str,
    pub given: Vec<String>,
    pub state: &'static str,
    pub words: &'static str,
}

pub fn cases(text: &'static str) -> impl Iterator<Item = Case> {
    text.trim_end().split("\n\n").map(|block| {
        let mut lines = block.lines();
        let name = lines.next().and_then(|line| line.strip_prefix("# "));
        let said = lines.next_back().and_then(|line| line.strip_prefix("> "));
        let said = said.unwrap_or_else(|| panic!("what is said: {block}"));
        let (state, words) = said.split_once(": ").unwrap_or((said, ""));
        Case {
            name: name.unwrap_or_else(|| panic!("a name: {block}")),
            given: lines.map(|line| line.replace(r"\n", "\n")).collect(),
            state,
            words,
        }
    })
}

impl Case {
    /// Takes the line that begins so out of what is given, and returns the rest of it.
    pub fn take(&mut self, start: &str) -> Option<String> {
        let at = self.given.iter().position(|line| line.starts_with(start))?;
        Some(self.given.remove(at)[start.len()..].to_owned())
    }

    /// Asserts that this is said.
    pub fn is_said(&self, state: impl Debug, sentence: &str) {
        let (name, state) = (self.name, format!("{state:?}"));
        assert_eq!(state, self.state, "{name}: {sentence}");
        assert!(sentence.contains(self.words), "{name}: {sentence}");
    }

    /// Asserts that a link says this, by the kind of object behind `by`.
    pub fn is_said_by(&self, link: &Link) {
        let evidence = link.evidence.as_ref().expect("its evidence");
        let here = evidence.object.as_ref().expect("an object");
        let kind = here.object.kind.as_str();
        self.is_said(format_args!("{:?} by {kind}", link.state), &link.sentence);
    }
}
