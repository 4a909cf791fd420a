//! Whether the records are what they were when they were written.

use charter_deploy_model::{Standing, Verification, VerifiedEntry};

use crate::figures::{count, grouped};
use crate::layout::{field, folded, hanging};
use crate::style::{BAD, BOLD, CARE, DIM, Mark, paint};
use crate::visible;

const LABELS: usize = "anchors".len();
const LISTED: usize = 12;

/// Returns what a verification found, and how much that proves: without a published anchor, not everything.
#[must_use]
pub fn verification(verification: &Verification) -> String {
    let faults = verification.faults.len() as u64;
    let (mark, title) = match faults {
        0 => (Mark::Good, "the records are what the log says".to_owned()),
        1 => (Mark::Bad, "1 record does not stand as the log says".to_owned()),
        _ => (Mark::Bad, format!("{} do not stand as the log says", count(faults, "records"))),
    };
    let mut text = format!("{} {}\n\n", mark.painted(), paint(BOLD, &title));
    text += &field("log", LABELS, &count(verification.size, "lines"));
    text += &field("root", LABELS, &verification.root.to_string());
    text += &field("sound", LABELS, &count(verification.sound, "entries"));
    text += &anchors(verification);
    if faults > 0 {
        text.push('\n');
        let (shown, more) = folded(&verification.faults, LISTED);
        text.extend(shown.iter().map(fault));
        if more > 0 {
            text += &format!("  {}\n", paint(DIM, &format!("and {more} more")));
        }
    }
    text
}

fn anchors(verification: &Verification) -> String {
    let (anchors, published) = (verification.anchors, verification.anchors_published);
    let said = match (anchors, published) {
        (0, _) => "none".to_owned(),
        (_, 0) => format!("{}, none of them published", grouped(anchors)),
        _ if anchors == published => format!("{}, published", grouped(anchors)),
        _ => format!("{}, {published} of them published", grouped(anchors)),
    };
    let mut text = field("anchors", LABELS, &said);
    let caution = match (anchors, published) {
        (0, _) => "nothing outside the log vouches for it: whoever can write here could have rewritten it as a whole",
        (_, 0) => {
            "the anchors are on this machine only: whoever can write here could have rewritten log and anchors together; \
             push the production branches to a remote"
        }
        _ => return text,
    };
    text += &format!("\n{}", hanging(&format!("{} ", Mark::Care.painted()), &paint(CARE, caution)));
    text
}

fn fault(entry: &VerifiedEntry) -> String {
    let detail = entry.detail.as_deref().map(|detail| format!(" ({})", visible(detail))).unwrap_or_default();
    let lead = format!("  {} ", Mark::Bad.painted());
    hanging(&lead, &format!("{}: {}{detail}", paint(BAD, &visible(&entry.path)), standing(&entry.standing)))
}

fn standing(standing: &Standing) -> String {
    match standing {
        Standing::Ok => "as the log says".to_owned(),
        Standing::PrunedBy(path) => format!("removed by the pruning {}", visible(path)),
        Standing::Missing => "missing: the log names it, but the file is gone".to_owned(),
        Standing::Altered => "altered: the file is not what was logged".to_owned(),
        Standing::Unlogged => "unlogged: the file is not in the log".to_owned(),
        Standing::Truncated => "truncated: the log ends before an anchor's size: lines were cut off".to_owned(),
        Standing::Rewritten => "rewritten: the log's lines are not those an anchor was made over".to_owned(),
        Standing::Malformed => "malformed: the line cannot be read".to_owned(),
    }
}
