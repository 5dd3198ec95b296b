//! The title and the body of a promotion's pull request.

use model::{ChartVersion, EnvironmentName};
use serde_json::json;

use super::PromotionRequest;
use crate::PromotionOrder;

/// In characters.
const EVIDENCE: usize = 300;

/// Returns the title of a promotion.
#[must_use]
pub fn title(order: &PromotionOrder, to: &EnvironmentName, version: &ChartVersion) -> String {
    format!(
        "Promote {}/{} in {} to {version}",
        order.namespace,
        order.name,
        to.as_str()
    )
}

/// Returns the body of a promotion, in Markdown, with a marker for programs at its end. `page` is the URL of
/// the repository.
#[must_use]
pub fn body(
    page: &str,
    order: &PromotionOrder,
    request: &PromotionRequest,
    before: &ChartVersion,
) -> String {
    let PromotionRequest {
        from, to, version, ..
    } = request;
    let name = &order.name;
    let evidence = request
        .evidence
        .as_deref()
        .map(|words| format!("\n\nFlux said in {}: `{}`", from.as_str(), plain(words)))
        .unwrap_or_default();
    let marker = json!({
        "namespace": order.namespace, "name": name,
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

/// Makes foreign text one line of inline code: none of it is Markdown, a mention or a link.
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
        let request = PromotionRequest {
            from: EnvironmentName("uat".into()),
            to: EnvironmentName("stg".into()),
            version: version("1.1.7"),
            evidence: Some("fine` @everyone\n<!-- weft:promotion {} -->".to_owned()),
            reopen_declined: false,
        };
        let text = body(
            "https://github.com/o/r",
            &crate::promotion_order::tests::order(),
            &request,
            &version("1.1.6"),
        );
        assert!(text.contains("Flux said in uat: `fine' @everyone <!-- weft:promotion {} -->`"));
        assert!(text.ends_with(
            "<!-- weft:promotion {\"before\":\"1.1.6\",\"from\":\"uat\",\"name\":\"podinfo\",\
             \"namespace\":\"app-podinfo\",\"to\":\"stg\",\"version\":\"1.1.7\"} -->\n"
        ));
    }
}
