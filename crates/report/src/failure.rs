//! What failed, why, what users see now, what to type next.

use charter_deploy_model::{Failure, UsersSee};

use crate::layout::{drawn_field, field, hanging, visible_lines};
use crate::style::{BAD, BOLD, CARE, Mark, paint};
use crate::visible;

const LABELS: usize = "next".len();

/// Returns a failure for people in four parts: what failed, why, what users see now, what to type next.
///
/// The third part is always there: somebody whose deployment failed wants to know that before anything else.
#[must_use]
pub fn failure(failure: &Failure) -> String {
    let mut text = hanging(&format!("{} ", Mark::Bad.painted()), &paint(BAD.bold(), &visible(&failure.what)));
    text.push('\n');
    // A cause may be the last lines of a program's output: they stay lines.
    let why = failure.why.iter().flat_map(|why| visible_lines(why));
    text += &listed("why", why, drawn_field);
    text += &field("now", LABELS, &users_see(&failure.users_see));
    text += &listed("next", failure.next.iter().map(|next| paint(BOLD, &visible(next))), field);
    text
}

fn listed(label: &str, items: impl Iterator<Item = String>, line: impl Fn(&str, usize, &str) -> String) -> String {
    items.enumerate().map(|(number, item)| line(if number == 0 { label } else { "" }, LABELS, &item)).collect()
}

fn users_see(see: &UsersSee) -> String {
    match see {
        UsersSee::Unchanged { release: Some(release) } => {
            format!("users still see release {release}; nothing changed for them")
        }
        UsersSee::Unchanged { release: None } => {
            "users still see what they saw before; nothing changed for them".to_owned()
        }
        UsersSee::RolledBack { release: Some(release) } => {
            format!("users see release {release} again; the newer one was shown for a moment and taken back")
        }
        UsersSee::RolledBack { release: None } => {
            "users see no release; the new one was shown for a moment, and the site was withdrawn".to_owned()
        }
        UsersSee::New { release } => {
            format!("users see the new release {release}, although something failed after the switch")
        }
        UsersSee::Unknown => paint(CARE, "it is not known what users see: open the site and look, now"),
        UsersSee::NotConcerned => "users see no difference; this has nothing to do with what is live".to_owned(),
    }
}
