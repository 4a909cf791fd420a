//! What was used, and what it costs.

use serde::Deserialize;

use crate::{GitHub, GitHubError};

/// Whose usage is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// A person; only that person's own token may ask.
    User(String),
    /// An organisation; the token needs to read its administration.
    Organization(String),
}

/// One line of a usage report.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageItem {
    /// The day or month it is of.
    pub date: String,
    /// Such as `Actions`.
    pub product: String,
    /// Such as `Actions Linux`.
    pub sku: String,
    /// How much, in `unit_type`.
    pub quantity: f64,
    /// Such as `minutes`.
    pub unit_type: String,
    /// The price before discounts, in US dollars.
    pub gross_amount: f64,
    /// What is taken off, such as for free minutes, in US dollars.
    pub discount_amount: f64,
    /// What is to be paid, in US dollars.
    pub net_amount: f64,
    /// The repository that used it, as `name` or `owner/name`; GitHub may leave it out.
    #[serde(default)]
    pub repository_name: Option<String>,
}

/// Minutes of Actions that one repository used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ActionsMinutes {
    /// All minutes, also those that cost nothing.
    pub gross_minutes: f64,
    /// Minutes of lines on which something is to be paid.
    pub billed_minutes: f64,
    /// The price before discounts, in US dollars.
    pub gross_amount: f64,
    /// What is to be paid, in US dollars.
    pub net_amount: f64,
    /// Minutes that the report gives to no repository, and so perhaps this one's.
    pub unattributed_minutes: f64,
}

impl GitHub {
    /// Returns what an account used in one month.
    ///
    /// # Errors
    /// When GitHub does not answer as documented. An account whose token may not see that is [`GitHubError::Forbidden`]
    /// or [`GitHubError::NotFound`].
    pub async fn usage(&self, account: &Account, year: i16, month: i8) -> Result<Vec<UsageItem>, GitHubError> {
        #[derive(Deserialize)]
        struct Report {
            #[serde(default, rename = "usageItems")]
            usage_items: Vec<UsageItem>,
        }
        let mut url = match account {
            Account::User(name) => self.endpoint(&["users", name, "settings", "billing", "usage"]),
            Account::Organization(name) => self.endpoint(&["organizations", name, "settings", "billing", "usage"]),
        };
        url.query_pairs_mut().append_pair("year", &year.to_string()).append_pair("month", &month.to_string());
        let report: Report = self.get("read the billing usage", url).await?;
        Ok(report.usage_items)
    }
}

/// Adds up the Actions minutes of the repository `owner/name`.
#[must_use]
pub fn actions_minutes(items: &[UsageItem], owner: &str, name: &str) -> ActionsMinutes {
    let slug = format!("{owner}/{name}");
    let mut sum = ActionsMinutes::default();
    let minutes = items
        .iter()
        .filter(|item| item.product.eq_ignore_ascii_case("actions") && item.unit_type.eq_ignore_ascii_case("minutes"));
    for item in minutes {
        match item.repository_name.as_deref().filter(|name| !name.is_empty()) {
            None => sum.unattributed_minutes += item.quantity,
            Some(of) if of.eq_ignore_ascii_case(&slug) || of.eq_ignore_ascii_case(name) => {
                sum.gross_minutes += item.quantity;
                sum.gross_amount += item.gross_amount;
                sum.net_amount += item.net_amount;
                if item.net_amount > 0.0 {
                    sum.billed_minutes += item.quantity;
                }
            }
            Some(_) => {}
        }
    }
    sum
}
