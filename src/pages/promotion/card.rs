//! The card of a promotion: the change, the evidence, the diffs, and the pull request.

use crate::data::PromotionCard;
use leptos::prelude::*;
use model::chain::VerdictState;
use model::promotion::{CheckState, PromotionState};
use model::time::in_words;
use stylers_macro::style_sheet;

use crate::components::{Diff, ReleaseCard, RolloutSteps};
use crate::format::ago;
use crate::state::Clock;
use crate::view_ext::CollectErased;

/// An icon, and the CSS class that colours it.
type Icon = (&'static str, &'static str);

const GOOD: Icon = ("✓", "ok");
const BAD: Icon = ("✕", "bad");
const OPEN: Icon = ("○", "soft");

/// Renders the card.
///
/// A function that borrows the card, not a component that owns it: a clone would add to the first load.
pub fn render_card(card: &PromotionCard) -> AnyView {
    let class = style_sheet!("style/card.css");
    let clock = expect_context::<Clock>();
    let merged = card.state == PromotionState::Merged;
    let (from, to) = if merged {
        ("serves", "was promoted")
    } else {
        ("serves", "would serve")
    };
    let targets = match card.targets {
        0 | 1 => String::new(),
        more => format!("{more} targets · "),
    };
    let warning = if card.user_facing {
        format!("{targets}users see this")
    } else {
        targets.trim_end_matches(" · ").to_owned()
    };
    let row = |(icon, icon_class): Icon, text: String, aside: String| {
        view! { class=class,
            <li class="row">
                <span class=icon_class aria-hidden="true">
                    {icon}
                </span>
                <span class="text">{text}</span>
                <span class="aside">{aside}</span>
            </li>
        }
    };
    let evidence = card.evidence.iter().map(|line| {
        let icon = if line.ok { GOOD } else { BAD };
        let age = ago(line.at, clock.now_untracked());
        row(icon, line.sentence.clone(), age)
    });
    let evidence = evidence.collect_erased();
    let checks = card.checks.iter().map(|check| {
        let icon = match check.state {
            CheckState::Passed => GOOD,
            CheckState::Failed => BAD,
            CheckState::Pending => OPEN,
        };
        let required = if check.required { "required" } else { "" };
        row(icon, check.name.clone(), required.to_owned())
    });
    let checks = checks.collect_erased();
    let reviews = card.reviews.iter().map(|review| {
        let (icon, word) = if review.approves {
            (GOOD, "approved")
        } else {
            (BAD, "asks for changes")
        };
        let counts = if review.counts {
            ""
        } else {
            " (does not count)"
        };
        let comment = review.comment.as_ref();
        let comment = comment.map_or_else(String::new, |comment| format!(": {comment}"));
        row(
            icon,
            format!("@{} {word}{counts}{comment}", review.login),
            ago(Some(review.at), clock.now_untracked()),
        )
    });
    let reviews = reviews.collect_erased();
    let files = card
        .files
        .iter()
        .map(|file| view! { <Diff path=file.path.clone() patch=file.patch.clone() /> })
        .collect_erased();
    let commits = (!card.commits.is_empty()).then(|| {
        let items = card
            .commits
            .iter()
            .take(20)
            .map(|commit| {
                view! { class=class,
                    <li class="row">
                        <a class="mono" href=commit.url.clone() target="_blank" rel="noopener">
                            {commit.id.short().to_owned()}
                        </a>
                        <span class="text">{commit.headline.clone()}</span>
                        <span class="aside">{commit.author.clone()}</span>
                    </li>
                }
            })
            .collect_erased();
        view! { class=class,
            <details class="commits">
                <summary class="summary">
                    {format!("{} commits between the releases", card.commits.len())}
                </summary>
                <ul class="rows">{items}</ul>
            </details>
        }
    });
    let head = format!(
        "head {}{}",
        card.head.short(),
        card.head_by
            .as_ref()
            .map(|by| format!(", pushed by {by}"))
            .unwrap_or_default()
    );
    let broken = matches!(
        card.verdict.state,
        VerdictState::Failed | VerdictState::Drifted | VerdictState::Stale
    );
    let now = card.verdict.sentence.clone();
    view! { class=class,
        <div class=if card.user_facing { "env user-facing" } else { "env" } data-testid="banner">
            <h1 class="name">
                <span class="hidden">{card.title.clone()}". "</span>
                {card.environment.to_string()}
            </h1>
            <span>{warning}</span>
        </div>
        <div class="change">
            <ReleaseCard label=format!("{} {from}", card.environment) release=card.from.clone() />
            <span class="arrow" aria-hidden="true">
                "→"
            </span>
            <ReleaseCard label=to.to_owned() release=card.to.clone() />
        </div>
        {(merged || broken)
            .then(|| {
                view! { class=class,
                    <section class="part" data-testid="rollout">
                        <h2 class="heading">{format!("{} now", card.environment)}</h2>
                        <p class=if broken { "text bad" } else { "text" }>{now}</p>
                        {(!card.steps.is_empty())
                            .then(|| view! { <RolloutSteps steps=card.steps.clone() /> })}
                    </section>
                }
            })}
        <section class="part" data-testid="evidence">
            <h2 class="heading">{format!("Evidence from {}", card.evidence_from)}</h2>
            <ul class="rows">{evidence}</ul>
        </section>
        <section class="part">
            <h2 class="heading">"What changes"</h2>
            {card
                .compare_url
                .clone()
                .map(|url| {
                    view! { class=class,
                        <p class="text">
                            <a href=url target="_blank" rel="noopener">
                                "Compare the releases on GitHub"
                            </a>
                        </p>
                    }
                })}
            {files}
            {commits}
        </section>
        <section class="part">
            <h2 class="heading">
                <a href=card.url.clone() target="_blank" rel="noopener">
                    {format!("Pull request #{}", card.number)}
                </a>
            </h2>
            <ul class="rows">
                {checks}{reviews} {row(OPEN, card.missing.clone(), String::new())}
                {row(
                    ("⌁", "soft"),
                    head,
                    card
                        .head_at
                        .map(|at| format!("{} ago", in_words(clock.now_untracked().since(at))))
                        .unwrap_or_default(),
                )}
            </ul>
        </section>
    }
    .into_any()
}
