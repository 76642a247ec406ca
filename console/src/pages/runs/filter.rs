//! The conditions of a list of runs, as an address has them.

use crate::answer::Fault;
use crate::asked::Query;
use crate::links::Link;
use crate::times;
use crate::values::word;
use maud::{Markup, html};
use std::time::SystemTime;
use steadfast::Status;
use steadfast::inspect::{FieldCondition, RunsQuery};

/// The conditions of a list of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) statuses: Vec<Status>,
    pub(crate) workflow: Option<String>,
    pub(crate) labels: Vec<(String, String)>,
    /// As they were written, `total>=100`.
    pub(crate) fields: Vec<String>,
    pub(crate) since: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) parent: Option<String>,
    pub(crate) oldest_first: bool,
    /// The indexed fields that are columns; all if empty.
    pub(crate) columns: Vec<String>,
    pub(super) conditions: Conditions,
}

/// The conditions that were read from texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    fields: Vec<FieldCondition>,
    since: Option<SystemTime>,
    before: Option<SystemTime>,
}

impl PartialEq for Conditions {
    /// They follow from the texts, which are compared.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Conditions {}

impl Filter {
    /// Reads the conditions of an address.
    ///
    /// # Errors
    /// One makes no sense.
    pub(crate) fn of(query: &Query) -> Result<Self, Fault> {
        let bad = |what: &str, text: &str, why: &str| {
            Fault::bad(format!("{what} `{}` makes no sense: {why}", crate::values::cut(text, 80)))
        };
        let mut filter = Self {
            workflow: query.text("workflow").map(str::to_owned),
            since: query.text("since").map(str::to_owned),
            before: query.text("before").map(str::to_owned),
            text: query.text("text").map(str::to_owned),
            parent: query.text("parent").map(str::to_owned),
            oldest_first: query.text("order") == Some("oldest"),
            columns: query.all("column").map(str::to_owned).collect(),
            ..Self::default()
        };
        for text in query.all("status").flat_map(|text| text.split(',')) {
            filter.statuses.push(text.parse().map_err(|error| bad("the status", text, &format!("{error}")))?);
        }
        for text in query.all("label") {
            let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
            let (name, value) = pair.ok_or_else(|| bad("the label", text, "write `name=value`"))?;
            filter.labels.push((name.to_owned(), value.to_owned()));
        }
        for text in query.all("field") {
            let condition = FieldCondition::parse(text).map_err(|why| bad("the condition", text, &why))?;
            filter.conditions.fields.push(condition);
            filter.fields.push(text.to_owned());
        }
        let time = |text: &Option<String>| match text {
            Some(text) => times::read(text).map(Some).map_err(|why| bad("the time", text, &why)),
            None => Ok(None),
        };
        (filter.conditions.since, filter.conditions.before) = (time(&filter.since)?, time(&filter.before)?);
        Ok(filter)
    }

    /// Returns the query of these conditions.
    pub(crate) fn query(&self) -> RunsQuery {
        let mut query = RunsQuery::all();
        query = self.statuses.iter().fold(query, |query, status| query.status(*status));
        query = self.labels.iter().fold(query, |query, (name, value)| query.label(name, value));
        query = self.conditions.fields.iter().cloned().fold(query, RunsQuery::field);
        if let Some(workflow) = &self.workflow {
            query = query.workflow(workflow);
        }
        if let Some(since) = self.conditions.since {
            query = query.started_from(since);
        }
        if let Some(before) = self.conditions.before {
            query = query.started_before(before);
        }
        if let Some(text) = &self.text {
            query = query.id_contains(text);
        }
        if let Some(parent) = &self.parent {
            query = query.parent(parent);
        }
        if self.oldest_first { query.oldest_first() } else { query }
    }

    pub(crate) fn without_statuses(&self) -> Self {
        Self { statuses: Vec::new(), ..self.clone() }
    }

    /// Returns the filter without its form: order and columns.
    pub(crate) fn plain(&self) -> Self {
        Self { oldest_first: false, columns: Vec::new(), ..self.clone() }
    }

    pub(crate) fn is_all(&self) -> bool {
        self.plain() == Self::default()
    }

    /// Returns the filter with a status added, or taken away if it is there.
    pub(crate) fn toggled(&self, status: Status) -> Self {
        let mut statuses = self.statuses.clone();
        match statuses.iter().position(|known| *known == status) {
            Some(place) => drop(statuses.remove(place)),
            None => statuses.push(status),
        }
        Self { statuses, ..self.clone() }
    }

    /// Returns the address of the list.
    pub(crate) fn link(&self) -> Link {
        self.pairs().into_iter().fold(Link::to("runs"), |link, (name, value)| link.with(name, value))
    }

    /// Returns the query of that address.
    pub(crate) fn query_text(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.pairs()).finish()
    }

    /// Returns the parameters that an address has of it.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        pairs.extend(self.statuses.iter().map(|status| ("status", status.as_str().to_owned())));
        pairs.extend(self.workflow.iter().map(|name| ("workflow", name.clone())));
        pairs.extend(self.labels.iter().map(|(name, value)| ("label", format!("{name}={value}"))));
        pairs.extend(self.fields.iter().map(|text| ("field", text.clone())));
        pairs.extend(self.since.iter().map(|text| ("since", text.clone())));
        pairs.extend(self.before.iter().map(|text| ("before", text.clone())));
        pairs.extend(self.text.iter().map(|text| ("text", text.clone())));
        pairs.extend(self.parent.iter().map(|text| ("parent", text.clone())));
        pairs.extend(self.oldest_first.then(|| ("order", "oldest".to_owned())));
        pairs.extend(self.columns.iter().map(|name| ("column", name.clone())));
        pairs
    }

    /// The form of the conditions.
    pub(crate) fn form(&self) -> Markup {
        let is_open = !self.without_statuses().is_all();
        html! {
            details.filter open[is_open] {
                summary { "Filter" }
                form method="get" action="runs" {
                    @for status in &self.statuses { input type="hidden" name="status" value=(status.as_str()); }
                    (field("workflow", "Workflow", "order", self.workflow.as_deref().unwrap_or_default()))
                    (field("text", "Id contains", "2026", self.text.as_deref().unwrap_or_default()))
                    @for (name, value) in &self.labels { (field("label", "Label", "tenant=red", &format!("{name}={value}"))) }
                    (field("label", if self.labels.is_empty() { "Label" } else { "Another label" }, "tenant=red", ""))
                    @for text in &self.fields { (field("field", "Field", "total>=100", text)) }
                    (field("field", if self.fields.is_empty() { "Field" } else { "Another field" }, "total>=100", ""))
                    (field("since", "Started since", "2h or 2026-11-30", self.since.as_deref().unwrap_or_default()))
                    (field("before", "Started before", "2026-11-30T12:00Z", self.before.as_deref().unwrap_or_default()))
                    (field("parent", "Started by run", "id", self.parent.as_deref().unwrap_or_default()))
                    label.field {
                        span { "Order" }
                        select name="order" {
                            option value="" selected[!self.oldest_first] { "newest first" }
                            option value="oldest" selected[self.oldest_first] { "oldest first" }
                        }
                    }
                    div.buttons {
                        button type="submit" { "Apply" }
                        @if !self.is_all() { a.button.plain href="runs" { "Clear" } }
                    }
                }
            }
        }
    }

    /// Returns the options of the command line that select the same runs.
    pub(crate) fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        if !self.statuses.is_empty() {
            let words: Vec<_> = self.statuses.iter().map(|status| status.as_str()).collect();
            options.extend(["--status".to_owned(), words.join(",")]);
        }
        for (name, value) in self.pairs() {
            let option = match name {
                "workflow" => "--workflow",
                "label" => "--label",
                "field" => "--field",
                "since" => "--since",
                "before" => "--before",
                "text" => "--text",
                "parent" => "--parent",
                _ => continue,
            };
            options.extend([option.to_owned(), value]);
        }
        options
    }

    /// Says in words what is selected.
    pub(crate) fn words(&self) -> String {
        if self.is_all() {
            return "all runs".to_owned();
        }
        let statuses: Vec<_> = self.statuses.iter().map(|status| word(*status)).collect();
        let mut words = if statuses.is_empty() { "runs".to_owned() } else { format!("{} runs", statuses.join(" or ")) };
        for (name, value) in self.without_statuses().plain().pairs() {
            words.extend([", ", name, " ", &value]);
        }
        words
    }
}

fn field(name: &str, label: &str, example: &str, value: &str) -> Markup {
    html! {
        label.field { span { (label) } input type="text" name=(name) value=(value) placeholder=(example) autocomplete="off" spellcheck="false"; }
    }
}
