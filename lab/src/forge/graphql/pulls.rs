//! Pull requests, reviews and timelines.

use std::sync::Arc;

use serde_json::Value;

use super::object::{Answer, Args, Failure, Object, connection};
use super::{Context, commits, marks, people, repositories};
use crate::forge::accounts::{self, Account, Permission};
use crate::forge::git::FileDiff;
use crate::forge::present::{node_id, stamp};
use crate::forge::rules;
use crate::forge::state::{Comment, Happening, Pull, Repository, Review, ReviewState, What};

/// What a pull request's fields are worked out from.
#[derive(Clone)]
struct Here {
    context: Context,
    repository: Arc<Repository>,
    pull: Arc<Pull>,
}

impl Here {
    fn account(&self, account: &'static Account) -> Object {
        people::account(&self.context, account)
    }

    fn commit(&self, oid: &str) -> Result<Option<Object>, Failure> {
        commits::by_oid(&self.context, &self.repository, oid)
    }

    fn judge(&self) -> Result<rules::Judgement, Failure> {
        let state = self.repository.state.lock();
        Ok(rules::judge(&self.repository, &state, &self.pull)?)
    }

    fn url(&self) -> String {
        let web = self.context.engine.links().web;
        format!(
            "{web}/{}/pull/{}",
            self.repository.full_name(),
            self.pull.number
        )
    }
}

/// `PullRequest`.
pub(super) fn pull(context: &Context, repository: &Arc<Repository>, pull: &Pull) -> Object {
    let here = Here {
        context: context.clone(),
        repository: repository.clone(),
        pull: Arc::new(pull.clone()),
    };
    let object = plain(&here);
    let object = with_people(object, &here);
    let object = with_judgement(object, &here);
    let object = with_git(object, &here);
    with_reviews(object, &here)
}

fn plain(here: &Here) -> Object {
    let pull = &here.pull;
    let state = match (&pull.merged, pull.is_open()) {
        (Some(_), _) => "MERGED",
        (None, true) => "OPEN",
        (None, false) => "CLOSED",
    };
    Object::new("PullRequest")
        .leaf("id", node_id("PR", pull.id))
        .leaf("databaseId", pull.id)
        .leaf("fullDatabaseId", pull.id.to_string())
        .leaf("number", pull.number)
        .leaf("title", pull.title.as_str())
        .leaf("body", pull.body.as_str())
        .leaf("bodyText", pull.body.as_str())
        .leaf("url", here.url())
        .leaf("permalink", here.url())
        .leaf("state", state)
        .leaf("isDraft", pull.draft)
        .leaf("closed", !pull.is_open())
        .leaf("merged", pull.merged.is_some())
        .leaf("createdAt", stamp(pull.created_at))
        .leaf("updatedAt", stamp(pull.updated_at))
        .leaf("closedAt", pull.closed_at.map(stamp))
        .leaf(
            "mergedAt",
            pull.merged.as_ref().map(|merged| stamp(merged.at)),
        )
        .leaf("baseRefName", pull.base_ref.as_str())
        .leaf("baseRefOid", pull.base.as_str())
        .leaf("headRefName", pull.head_ref.as_str())
        .leaf("headRefOid", pull.head.as_str())
        .leaf("isCrossRepository", false)
        .leaf("isMergeQueueEnabled", false)
        .leaf("isInMergeQueue", false)
        .leaf("mergeQueueEntry", Value::Null)
        .leaf("autoMergeRequest", Value::Null)
        .leaf("totalCommentsCount", pull.comments.len())
}

fn with_people(object: Object, here: &Here) -> Object {
    let viewer = here.context.viewer;
    let (author, merger, home) = (here.clone(), here.clone(), here.clone());
    object
        .leaf("viewerDidAuthor", here.pull.author == viewer)
        .leaf("viewerCanMergeAsAdmin", false)
        .leaf("viewerCanUpdate", viewer.permission >= Permission::Write)
        .leaf("authorAssociation", here.pull.author.association())
        .object("author", move || Some(author.account(author.pull.author)))
        .object("mergedBy", move || {
            let merged = merger.pull.merged.as_ref()?;
            Some(merger.account(merged.by))
        })
        .object("repository", move || {
            Some(repositories::repository(&home.context, &home.repository))
        })
}

fn with_judgement(object: Object, here: &Here) -> Object {
    let (mergeable, state, decision) = (here.clone(), here.clone(), here.clone());
    let rollup = here.clone();
    object
        .field("mergeable", move |_| {
            let word = if !mergeable.pull.is_open() {
                "UNKNOWN"
            } else if mergeable.judge()?.mergeable {
                "MERGEABLE"
            } else {
                "CONFLICTING"
            };
            Ok(Answer::Leaf(word.into()))
        })
        .field("mergeStateStatus", move |_| {
            Ok(Answer::Leaf(state.judge()?.state.to_uppercase().into()))
        })
        .field("reviewDecision", move |_| {
            let decision = decision.judge()?.decision;
            Ok(Answer::Leaf(decision.map(rules::Decision::as_str).into()))
        })
        .object("statusCheckRollup", move || {
            marks::rollup(&rollup.context, &rollup.repository, &rollup.pull.head)
        })
}

fn with_git(object: Object, here: &Here) -> Object {
    let (base, head, merge) = (here.clone(), here.clone(), here.clone());
    let (files, list) = (here.clone(), here.clone());
    let object = object
        .object("baseRef", move || {
            let name = format!("refs/heads/{}", base.pull.base_ref);
            commits::reference(&base.context, &base.repository, &name)
        })
        .object("headRef", move || {
            let name = format!("refs/heads/{}", head.pull.head_ref);
            commits::reference(&head.context, &head.repository, &name)
        })
        .field("mergeCommit", move |_| match &merge.pull.merged {
            Some(merged) => Ok(merge.commit(&merged.commit)?.into()),
            None => Ok(None.into()),
        })
        .field("files", move |args| {
            let all = rules::files(&files.repository, &files.pull)?;
            let page = connection("PullRequestChangedFileConnection", &all, args, |file| {
                Ok(changed_file(file))
            });
            Ok(Answer::Object(page))
        })
        .field("commits", move |args| {
            let oids = rules::commits(&list.repository, &list.pull)?;
            let here = list.clone();
            let page = connection("PullRequestCommitConnection", &oids, args, move |oid| {
                Ok(pull_commit(&here, oid))
            });
            Ok(Answer::Object(page))
        });
    with_sums(object, here)
}

fn with_sums(object: Object, here: &Here) -> Object {
    let sum = |here: &Here, count: fn(&[FileDiff]) -> u64| {
        let here = here.clone();
        move |_: &Args| {
            let files = rules::files(&here.repository, &here.pull)?;
            Ok(Answer::Leaf(count(&files).into()))
        }
    };
    object
        .field(
            "additions",
            sum(here, |files| files.iter().map(|file| file.additions).sum()),
        )
        .field(
            "deletions",
            sum(here, |files| files.iter().map(|file| file.deletions).sum()),
        )
        .field("changedFiles", sum(here, |files| files.len() as u64))
}

fn with_reviews(object: Object, here: &Here) -> Object {
    let (latest, opinions, all) = (here.clone(), here.clone(), here.clone());
    let (wanted, timeline, talk) = (here.clone(), here.clone(), here.clone());
    object
        .object("viewerLatestReview", move || {
            let viewer = latest.context.viewer;
            let mut own = latest.pull.reviews.iter().rev();
            own.find(|review| review.author == viewer)
                .map(|found| review(&latest, found))
        })
        .field("latestOpinionatedReviews", move |args| {
            let found = rules::opinions(&opinions.pull, args.flag("writersOnly"));
            let found: Vec<Review> = found.into_iter().cloned().collect();
            Ok(Answer::Object(reviews(&opinions, &found, args)))
        })
        .field("reviews", move |args| {
            let states = args.words("states");
            let admits = |review: &&Review| {
                let word = review.state.as_str();
                states.as_ref().is_none_or(|states| states.contains(&word))
            };
            let found: Vec<Review> = all.pull.reviews.iter().filter(admits).cloned().collect();
            Ok(Answer::Object(reviews(&all, &found, args)))
        })
        .field("reviewRequests", move |args| {
            Ok(Answer::Object(requests(&wanted, args)))
        })
        .field("timelineItems", move |args| {
            Ok(Answer::Object(items(&timeline, args)))
        })
        .field("comments", move |args| {
            let here = talk.clone();
            let list = talk.pull.comments.clone();
            let page = connection("IssueCommentConnection", &list, args, move |item| {
                Ok(comment(&here, item))
            });
            Ok(Answer::Object(page))
        })
}

fn reviews(here: &Here, reviews: &[Review], args: &Args) -> Object {
    let here = here.clone();
    connection("PullRequestReviewConnection", reviews, args, move |item| {
        Ok(review(&here, item))
    })
}

/// `PullRequestReview`.
fn review(here: &Here, review: &Review) -> Object {
    let (author, on, oid) = (here.clone(), here.clone(), review.commit.clone());
    let by = review.author;
    Object::new("PullRequestReview")
        .leaf("id", node_id("PRR", review.id))
        .leaf("databaseId", review.id)
        .leaf("fullDatabaseId", review.id.to_string())
        .leaf("state", review.state.as_str())
        .leaf("body", review.body.as_str())
        .leaf("createdAt", stamp(review.submitted_at))
        .leaf("submittedAt", stamp(review.submitted_at))
        .leaf(
            "url",
            format!("{}#pullrequestreview-{}", here.url(), review.id),
        )
        .leaf("authorAssociation", by.association())
        .leaf(
            "authorCanPushToRepository",
            by.permission >= Permission::Write,
        )
        .leaf("viewerDidAuthor", by == here.context.viewer)
        .object("author", move || Some(author.account(by)))
        .field("commit", move |_| Ok(on.commit(&oid)?.into()))
}

fn requests(here: &Here, args: &Args) -> Object {
    let mut wanted: Vec<Option<&'static Account>> = here
        .pull
        .requested
        .iter()
        .filter_map(|login| accounts::account(login))
        .map(Some)
        .collect();
    if here.pull.requested_team {
        wanted.push(None);
    }
    let here = here.clone();
    connection("ReviewRequestConnection", &wanted, args, move |wanted| {
        let (here, wanted) = (here.clone(), *wanted);
        let name = wanted.map_or(accounts::APPROVERS, |account| account.login);
        let object = Object::new("ReviewRequest")
            .leaf("id", node_id("RRQ", format!("{}-{name}", here.pull.number)))
            .leaf("databaseId", Value::Null)
            .leaf("asCodeOwner", false)
            .object("requestedReviewer", move || {
                Some(match wanted {
                    Some(account) => here.account(account),
                    None => people::team(&here.context),
                })
            });
        Ok(object)
    })
}

/// `PullRequestChangedFile`.
fn changed_file(file: &FileDiff) -> Object {
    Object::new("PullRequestChangedFile")
        .leaf("path", file.path.as_str())
        .leaf("additions", file.additions)
        .leaf("deletions", file.deletions)
        .leaf("changeType", file.status.patch_status())
        .leaf("viewerViewedState", "UNVIEWED")
}

/// `PullRequestCommit`.
fn pull_commit(here: &Here, oid: &str) -> Object {
    let (of, oid) = (here.clone(), oid.to_owned());
    Object::new("PullRequestCommit")
        .leaf("id", node_id("PURC", &oid))
        .leaf("url", format!("{}/commits/{oid}", here.url()))
        .field("commit", move |_| Ok(of.commit(&oid)?.into()))
}

/// `IssueComment`.
fn comment(here: &Here, comment: &Comment) -> Object {
    let (of, by) = (here.clone(), comment.author);
    Object::new("IssueComment")
        .leaf("id", node_id("IC", comment.id))
        .leaf("databaseId", comment.id)
        .leaf("body", comment.body.as_str())
        .leaf("createdAt", stamp(comment.created_at))
        .leaf("url", format!("{}#issuecomment-{}", here.url(), comment.id))
        .object("author", move || Some(of.account(by)))
}

fn items(here: &Here, args: &Args) -> Object {
    let wanted = args.words("itemTypes");
    let list: Vec<Happening> = here
        .pull
        .timeline
        .iter()
        .filter(|item| {
            let word = match item.what {
                What::HeadForcePushed { .. } => "HEAD_REF_FORCE_PUSHED_EVENT",
                What::ReviewDismissed { .. } => "REVIEW_DISMISSED_EVENT",
            };
            wanted.as_ref().is_none_or(|wanted| wanted.contains(&word))
        })
        .cloned()
        .collect();
    let here = here.clone();
    connection(
        "PullRequestTimelineItemsConnection",
        &list,
        args,
        move |item| Ok(happening(&here, item)),
    )
}

fn happening(here: &Here, item: &Happening) -> Object {
    let (of, by) = (here.clone(), item.by);
    let with = |kind| {
        Object::new(kind)
            .leaf("id", node_id("EV", item.id))
            .leaf("databaseId", item.id)
            .leaf("createdAt", stamp(item.at))
            .object("actor", move || Some(of.account(by)))
    };
    match &item.what {
        What::HeadForcePushed { before, after } => {
            let (one, two) = (here.clone(), here.clone());
            let (before, after) = (before.clone(), after.clone());
            with("HeadRefForcePushedEvent")
                .field("beforeCommit", move |_| Ok(one.commit(&before)?.into()))
                .field("afterCommit", move |_| Ok(two.commit(&after)?.into()))
        }
        What::ReviewDismissed {
            review: id,
            previous,
            message,
        } => {
            let (of, id, previous) = (here.clone(), *id, *previous);
            with("ReviewDismissedEvent")
                .leaf("dismissalMessage", message.as_str())
                .leaf("previousReviewState", ReviewState::as_str(previous))
                .leaf("url", here.url())
                .object("review", move || {
                    let found = of.pull.reviews.iter().find(|review| review.id == id)?;
                    Some(review(&of, found))
                })
        }
    }
}
