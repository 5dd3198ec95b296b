//! Where the lab differs from what was recorded, on purpose, and why.

/// A difference between the lab and a recording, and why it is left.
pub struct Difference {
    pub kind: &'static str,
    pub change: Change,
    pub because: &'static str,
}

pub enum Change {
    /// Where recorded updates read the first, the lab's read the second.
    Reads(&'static str, &'static str),
    /// Recorded updates that contain all of these have no match in the lab.
    Absent(&'static [&'static str]),
    /// The first such update has no match in the lab; the others do.
    FirstAbsent(&'static [&'static str]),
    /// Updates of the lab that contain all of these were not recorded.
    Added(&'static [&'static str]),
}

pub const DIFFERENCES: &[Difference] = &[
    Difference {
        kind: "HelmRelease",
        change: Change::Reads(
            "6.0.2:deployed:rollback:None 6.0.1:superseded:-:None 6.0.4",
            "6.0.2:deployed:rollback:None 6.0.4",
        ),
        because: OLDER_ENTRY,
    },
    Difference {
        kind: "HelmRelease",
        change: Change::Reads(
            "6.0.2:superseded:rollback:Some([\"Succeeded\"]) 6.0.1:superseded:-:None",
            "6.0.2:superseded:rollback:Some([\"Succeeded\"])",
        ),
        because: OLDER_ENTRY,
    },
    Difference {
        kind: "HelmRelease",
        change: Change::Reads(
            "6.0.6:deployed:rollback:None 6.0.2:superseded:-:None 6.0.5",
            "6.0.6:deployed:rollback:None 6.0.5",
        ),
        because: OLDER_ENTRY,
    },
    Difference {
        kind: "HelmRelease",
        change: Change::Reads(
            "6.0.5:superseded:rollback:Some([\"Failed\"]) 6.0.6:superseded:-:Some([\"Succeeded\"]) 6.0.2:superseded:-:None",
            "6.0.5:superseded:rollback:Some([\"Failed\"]) 6.0.6:superseded:-:Some([\"Succeeded\"])",
        ),
        because: OLDER_ENTRY,
    },
    Difference {
        kind: "HelmRelease",
        change: Change::Absent(&[
            "generation 6 ",
            "attempted \"6.0.6\"",
            "Ready=Unknown/Progressing",
        ]),
        because: "without the out-of-order entry, no update sorts the history before the upgrade",
    },
    Difference {
        kind: "HelmRelease",
        change: Change::Added(&["generation 10 observed 10 "]),
        because: "that the release is suspended is observed in an update of its own, as recorded of the whole world",
    },
    Difference {
        kind: "HelmRelease",
        change: Change::FirstAbsent(&[
            "generation 9 observed 9 ",
            "| Ready=True/TestSucceeded-0 Released",
        ]),
        because: "without the older entry, no update forgets it again",
    },
    Difference {
        kind: "HelmRelease",
        change: Change::Reads(
            "observed 12 suspended false attempted \"6.0.1\" failures null history 6.0.1:deployed:upgrade:Some([\"Succeeded\"]) 6.0.6:superseded:-:Some([\"Succeeded\"]) | Ready=True/TestSucceeded-1 Released",
            "observed 11 suspended false attempted \"6.0.1\" failures null history 6.0.1:deployed:upgrade:Some([\"Succeeded\"]) 6.0.6:superseded:-:Some([\"Succeeded\"]) | Ready=True/TestSucceeded-1 Released",
        ),
        because: "generation 12 is observed when the release is next looked at, not with the next spec",
    },
    Difference {
        kind: "HelmChart",
        change: Change::Reads("generation 9 observed 8 ", "generation 9 observed 7 "),
        because: "what stalls is observed when it is well again; real Flux wrote it with the next spec",
    },
];

const OLDER_ENTRY: &str = "after a rollback real Flux lists one older release, out of order, that it had \
     forgotten before; it says nothing that anyone asks for";

/// The recorded updates as the table of differences lets one expect them of the lab.
pub fn expected(differences: &[Difference], kind: &str, mut updates: Vec<String>) -> Vec<String> {
    for difference in differences
        .iter()
        .filter(|difference| difference.kind == kind)
    {
        let before = updates.clone();
        match difference.change {
            Change::Reads(recorded, lab) => {
                for update in &mut updates {
                    *update = update.replace(recorded, lab);
                }
            }
            Change::Absent(parts) => {
                updates.retain(|update| !parts.iter().all(|part| update.contains(part)));
            }
            Change::FirstAbsent(parts) => {
                updates.remove(first(&updates, parts).expect(difference.because));
            }
            Change::Added(_) => continue,
        }
        assert_ne!(
            before, updates,
            "this difference is none: {}",
            difference.because
        );
    }
    updates
}

/// The lab's updates without those that are known to be more than were recorded.
pub fn found(differences: &[Difference], kind: &str, mut updates: Vec<String>) -> Vec<String> {
    for difference in differences {
        if let Change::Added(parts) = difference.change
            && difference.kind == kind
        {
            updates.remove(first(&updates, parts).expect(difference.because));
        }
    }
    updates
}

fn first(updates: &[String], parts: &[&str]) -> Option<usize> {
    let has_all = |update: &String| parts.iter().all(|part| update.contains(part));
    updates.iter().position(has_all)
}
