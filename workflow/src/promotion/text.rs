//! What a promotion's pull request says.

use model::{ChartVersion, EnvironmentName};
use serde_json::json;

use super::Wish;
use crate::Lane;

/// The most that is shown of what Flux said.
const EVIDENCE: usize = 300;

/// The title of a promotion.
#[must_use]
pub fn title(lane: &Lane, to: &EnvironmentName, version: &ChartVersion) -> String {
    format!(
        "Promote {}/{} in {} to {version}",
        lane.namespace,
        lane.name,
        to.as_str()
    )
}

/// The text of a promotion, with a marker for programs at its end; `page` is the repository's.
#[must_use]
pub fn body(page: &str, lane: &Lane, wish: &Wish, before: &ChartVersion) -> String {
    let Wish {
        from, to, version, ..
    } = wish;
    let name = &lane.name;
    let evidence = wish
        .evidence
        .as_deref()
        .map(|words| format!("\n\nFlux said in {}: `{}`", from.as_str(), plain(words)))
        .unwrap_or_default();
    let marker = json!({
        "namespace": lane.namespace, "name": name,
        "from": from.as_str(), "to": to.as_str(), "before": before, "version": version,
    });
    format!(
        "Chart **{before}** → **{version}** in **{to}**.\n\n\
         Chart {version} was deployed in {from} and its tests succeeded there. \
         Merging this deploys it in {to}.{evidence}\n\n\
         [Compare the two releases]({page}/compare/{name}-{before}...{name}-{version})\n\n\
         <!-- weft:promotion {marker} -->\n",
        from = from.as_str(),
        to = to.as_str(),
    )
}

/// A stranger's words as one line of code: nothing in them is Markdown, a mention or a link.
fn plain(words: &str) -> String {
    let letter = |letter: char| match letter {
        '`' => '\'',
        letter if letter.is_control() => ' ',
        letter => letter,
    };
    words.chars().take(EVIDENCE).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_others_stay_words() {
        let version = |text| ChartVersion::parse(text).unwrap();
        let wish = Wish {
            from: EnvironmentName("uat".into()),
            to: EnvironmentName("stg".into()),
            version: version("1.1.7"),
            evidence: Some("fine` @everyone\n<!-- weft:promotion {} -->".to_owned()),
            insists: false,
        };
        let text = body(
            "https://github.com/o/r",
            &crate::lane::tests::lane(),
            &wish,
            &version("1.1.6"),
        );
        assert!(text.contains("Flux said in uat: `fine' @everyone <!-- weft:promotion {} -->`"));
        assert!(text.ends_with(
            "<!-- weft:promotion {\"before\":\"1.1.6\",\"from\":\"uat\",\"name\":\"podinfo\",\
             \"namespace\":\"app-podinfo\",\"to\":\"stg\",\"version\":\"1.1.7\"} -->\n"
        ));
    }
}
