//! What the server writes is what the page reads: a field that has another name on one side fails here.

use model::api::object::{Events, ObjectEvent, ReconcileState};
use model::api::{
    self, Journeys, Promoted, ReleaseEdit, ReleasePlan, ReleaseStarted, ReleaseValues,
};
use model::chain::{Evidence, LinkState};
use model::flux::{ClusterObject, ObjectRef};
use model::release_history::{DoraMetrics, EnvironmentVisit, Figure, NamedVisit, ReleaseHistory};
use model::rollout::StepState;
use model::{AppVersion, Colour, chain, gate, journal, promotion};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;
use crate::json;

/// Reads `body` as the page's type, and compares all that it read with what was sent.
fn assert_reads<T: DeserializeOwned + Serialize>(body: &impl Serialize) {
    let sent = serde_json::to_value(body).unwrap();
    let read = json::from_str::<T>(&sent.to_string()).unwrap();
    assert_part(&serde_json::to_value(read).unwrap(), &sent, "body");
}

/// Whether all of `read` is in `sent`. A field that is empty proves nothing, and fails too.
fn assert_part(read: &Value, sent: &Value, path: &str) {
    match (read, sent) {
        (Value::Object(read), Value::Object(_)) => {
            for (name, value) in read {
                let path = format!("{path}.{name}");
                assert_part(value, sent.get(name).unwrap_or(&Value::Null), &path);
            }
        }
        (Value::Array(items), Value::Array(sent)) => {
            assert_eq!(items.len(), sent.len(), "{path}");
            assert!(!items.is_empty(), "{path} is empty");
            for (read, sent) in items.iter().zip(sent) {
                assert_part(read, sent, path);
            }
        }
        _ => {
            assert!(
                !read.is_null(),
                "{path} was not read, or the test leaves it empty"
            );
            assert_eq!(read, sent, "{path}");
        }
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.into())
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1_000)
}

fn pipeline() -> PipelineName {
    PipelineName {
        namespace: "app-podinfo".into(),
        name: "podinfo".into(),
    }
}

fn repository() -> RepositoryName {
    RepositoryName {
        owner: "demo".into(),
        name: "podinfo".into(),
    }
}

fn chart() -> ChartVersion {
    ChartVersion::parse("1.1.7").unwrap()
}

fn colour() -> Colour {
    Colour::parse("#b8791f").unwrap()
}

fn release() -> Release {
    Release {
        chart: Some(chart()),
        app: Some(AppVersion("5.1.8".into())),
        image_tag: text("fix-ui-a1b9c3e-1790000000"),
        colour: Some(colour()),
    }
}

fn verdict() -> chain::Verdict {
    chain::Verdict {
        state: VerdictState::Failed,
        sentence: "Helm failed.".into(),
        breaks_at: Some(LinkName::Deployed),
        since: at(1),
    }
}

fn step() -> RolloutStep {
    RolloutStep {
        name: "merged".into(),
        state: StepState::Done,
        at: Some(at(2)),
    }
}

fn environment() -> api::EnvironmentView {
    api::EnvironmentView {
        name: "uat".into(),
        user_facing: true,
        link: text("https://uat.example.org"),
        release: release(),
        desired: text("1.1.7"),
        desired_chart: Some(chart()),
        verdict: verdict(),
        links: vec![Link {
            name: LinkName::Deployed,
            label: "helm".into(),
            state: LinkState::Failed,
            sentence: "Helm failed.".into(),
            evidence: Some(Evidence {
                source: "flux uat".into(),
                object: ObjectRef::parse("HelmRelease/app-podinfo/podinfo").map(|object| {
                    ClusterObject {
                        cluster: "uat".into(),
                        object,
                    }
                }),
                location: None,
                revision: text("1.1.7"),
                condition: text("Ready=False (UpgradeFailed)"),
                message: text("Helm upgrade failed"),
                confirmed_at: Some(at(3)),
            }),
        }],
        note: "one release behind".into(),
        status_is_misleading: true,
        commit_status: text("The green tick is about the Kustomization."),
        seen_at: Some(at(4)),
        targets: Vec::new(),
    }
}

fn gate() -> gate::Gate {
    gate::Gate {
        from: "uat".into(),
        to: "prod".into(),
        kind: GateKind::Approval,
        state: GateState::WaitsForApproval,
        sentence: "1.1.7 waits for an approval.".into(),
        release: Some(chart()),
        since: Some(at(5)),
        promotion: Some(gate::PromotionSummary {
            repository: repository(),
            number: 7,
            url: "https://github.com/demo/podinfo/pull/7".into(),
            author: "promotion-bot".into(),
            release: Some(chart()),
            head: CommitId::new("a1b9c3e"),
            opened_at: at(6),
            checks: CheckSummary {
                passed: 2,
                failed: 1,
                pending: 1,
            },
            approved_by: vec!["sam".into()],
            requested: vec!["alex".into()],
            missing_approvals: Some(1),
        }),
        steps: vec![step()],
        run: text("https://github.com/demo/podinfo/actions/runs/1"),
    }
}

fn card() -> api::PromotionCard {
    let permission = |allowed| Permission {
        allowed,
        why: text("Sign in first."),
    };
    api::PromotionCard {
        pipeline: pipeline(),
        environment: "prod".into(),
        user_facing: true,
        targets: 2,
        repository: repository(),
        number: 7,
        title: "Promote podinfo 1.1.7 to prod".into(),
        url: "https://github.com/demo/podinfo/pull/7".into(),
        state: PromotionState::Open,
        from: release(),
        to: release(),
        evidence_from: "uat".into(),
        evidence_holds: true,
        evidence: vec![EvidenceLine {
            ok: true,
            sentence: "uat serves 1.1.7.".into(),
            at: Some(at(7)),
        }],
        files: vec![FileDiff {
            path: "apps/prod.yaml".into(),
            patch: "-1.1.6\n+1.1.7".into(),
        }],
        commits: vec![api::CommitView {
            id: CommitId::new("a1b9c3e"),
            headline: "Amber".into(),
            author: "sam".into(),
            at: at(8),
            url: "https://github.com/demo/podinfo/commit/a1b9c3e".into(),
        }],
        compare_url: text("https://github.com/demo/podinfo/compare/1.1.6...1.1.7"),
        checks: vec![promotion::Check {
            name: "validate".into(),
            state: CheckState::Passed,
            required: true,
            url: None,
            description: None,
        }],
        reviews: vec![promotion::Review {
            login: "sam".into(),
            approves: true,
            counts: true,
            commit: None,
            at: at(9),
            comment: text("Good."),
        }],
        missing: "One approval is missing.".into(),
        head: CommitId::new("a1b9c3e"),
        head_by: text("promotion-bot"),
        head_at: Some(at(10)),
        base_ref: "main".into(),
        author: "promotion-bot".into(),
        opened_at: at(11),
        approve: permission(true),
        approve_and_merge: permission(false),
        merge: permission(true),
        refuse: permission(false),
        intent: text("signed"),
        intent_expires_at: Some(at(12)),
        steps: vec![step()],
        verdict: verdict(),
        as_of: at(13),
    }
}

fn row() -> api::Row {
    api::Row {
        pipeline: pipeline(),
        repository: repository(),
        version: 7,
        sentence: "prod waits for an approval.".into(),
        tone: Tone::Waiting,
        cells: vec![Cell {
            environment: "prod".into(),
            label: "1.1.6".into(),
            colour: Some(colour()),
            verdict: VerdictState::Proven,
            words: "1.1.7 waits".into(),
            waits: true,
        }],
        waits_for: vec!["alex".into()],
    }
}

#[test]
fn the_page_reads_a_board_as_it_was_sent() {
    assert_reads::<Board>(&api::Board {
        pipeline: pipeline(),
        repository: repository(),
        version: 7,
        as_of: at(14),
        subtitle: "1.1.7 is in uat.".into(),
        headline: api::Headline {
            sentence: "prod waits for an approval.".into(),
            tone: Tone::Waiting,
            environment: Some("prod".into()),
        },
        environments: vec![environment()],
        gates: vec![gate()],
        sources: Vec::new(),
    });
}

#[test]
fn the_page_reads_rows_as_they_were_sent() {
    assert_reads::<Row>(&row());
    assert_reads::<Rows>(&api::Rows {
        rows: vec![row()],
        total: 2,
        next_cursor: text("next"),
    });
}

#[test]
fn the_page_reads_a_session_as_it_was_sent() {
    assert_reads::<Session>(&api::Session {
        viewer: Some(api::Viewer {
            login: "sam".into(),
            id: 1,
            avatar_url: text("https://github.com/sam.png"),
        }),
        csrf_token: text("token"),
        dashboard_user: None,
        dashboard: false,
        demo: true,
        version: "0.1.0".into(),
    });
}

#[test]
fn the_page_reads_a_card_alone_in_an_answer_and_in_a_problem() {
    assert_reads::<PromotionCard>(&card());
    assert_reads::<ActionResult>(&api::ActionResult {
        sentence: "Approved.".into(),
        reviewed: true,
        merged: false,
        merge_commit: None,
        card: Some(Box::new(card())),
    });
    assert_reads::<Problem>(&api::Problem {
        kind: "about:blank".into(),
        title: "Conflict".into(),
        status: 409,
        detail: "It moved.".into(),
        code: "head_moved".into(),
        request_id: "1".into(),
        fields: vec!["colour".into()],
        card: Some(Box::new(card())),
    });
}

#[test]
fn the_page_reads_a_reconciliation_as_it_was_sent() {
    assert_reads::<Reconcile>(&api::object::Reconcile {
        permission: Permission::unless(text("Sign in first.")),
        command: "flux reconcile".into(),
        dashboard: None,
        order: Some(ReconcileRequest {
            at: at(15),
            who: "sam".into(),
            state: ReconcileState::Running,
            sentence: "Flux has been asked.".into(),
        }),
    });
}

#[test]
fn the_page_reads_the_journal_as_it_was_sent() {
    let entry = journal::Entry::new(&pipeline(), journal::Event::Deployed, at(16));
    assert_reads::<Record>(&api::Record {
        entries: vec![journal::Entry {
            who: text("sam"),
            sentence: "1.1.7 was deployed.".into(),
            ..entry
        }],
        next_cursor: text("next"),
    });
}

#[test]
fn the_page_reads_the_journeys_as_they_were_sent() {
    let figure = Some(Figure {
        value: "47 min".into(),
        name: "Lead time".into(),
        explains: "Median.".into(),
    });
    assert_reads::<Journeys>(&Journeys {
        since: at(17),
        until: at(18),
        environments: vec!["uat".into()],
        journeys: vec![ReleaseHistory {
            release: chart(),
            colour: Some(colour()),
            released_at: Some(at(19)),
            stops: vec![NamedVisit {
                environment: "uat".into(),
                stop: EnvironmentVisit {
                    number: Some(7),
                    opened_at: Some(at(20)),
                    approved_at: Some(at(21)),
                    approved_by: text("sam"),
                    merged_at: Some(at(22)),
                    arrived_at: Some(at(23)),
                    left_at: Some(at(24)),
                    failed_at: Some(at(25)),
                    rolled_back: true,
                },
            }],
        }],
        figures: DoraMetrics {
            lead_time: figure.clone(),
            steps: figure.iter().cloned().collect(),
            frequency: figure.clone(),
            failure_rate: figure.clone(),
            time_to_restore: figure,
        },
    });
}

#[test]
fn the_page_reads_events_as_they_were_sent() {
    assert_reads::<Events>(&Events {
        events: vec![ObjectEvent {
            at: Some(at(26)),
            warning: true,
            reason: "UpgradeFailed".into(),
            message: "Helm upgrade failed".into(),
            count: 3,
        }],
        why: text("Weft may not read events."),
        dashboard: text("/helm_release/details"),
    });
}

#[test]
fn the_page_reads_a_release_plan_and_the_answers_to_actions_as_they_were_sent() {
    let values = || ReleaseValues {
        colour: colour(),
        version: "5.1.8".into(),
        chart_version: chart(),
    };
    assert_reads::<ReleasePlan>(&ReleasePlan {
        pipeline: pipeline(),
        base_ref: "trunk".into(),
        base: CommitId::new("a1b9c3e"),
        was: values(),
        values: values(),
        branch: "release-1.1.7".into(),
        edits: vec![ReleaseEdit {
            path: "ui/colour".into(),
            why: "the colour".into(),
            patch: "+#b8791f".into(),
        }],
        start: Permission::unless(text("Sign in first.")),
    });
    assert_reads::<ReleaseStarted>(&ReleaseStarted {
        number: 8,
        url: "https://github.com/demo/podinfo/pull/8".into(),
        sentence: "The pull request is open.".into(),
    });
    assert_reads::<Promoted>(&Promoted {
        number: 9,
        url: "https://github.com/demo/podinfo/pull/9".into(),
        sentence: "The promotion is open.".into(),
    });
}
