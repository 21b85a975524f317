//! The report object and its date range.

use alloc::borrow::Cow;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::Reader;
use super::context::Context;
use super::error::ReadError;
use super::policy::PoliciesSeed;
use super::quirk::Quirk;
use super::value::{DateSeed, NameSeed, TextSeed, text};
use crate::members::{Seen, SkipSeed};
use crate::report::Head;
use crate::text::is_addr_spec;
use crate::time::Window;

pub(super) struct ReportSeed<'c, 'de, 'r> {
    pub(super) context: &'c mut Context<'de>,
    pub(super) reader: &'r Reader<'r>,
}

impl<'de> DeserializeSeed<'de> for ReportSeed<'_, 'de, '_> {
    type Value = Head<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! not_an_object {
    ($($name:ident($type:ty),)*) => {
        $(fn $name<E: Error>(self, _: $type) -> Result<Self::Value, E> {
            Err(self.context.fail(ReadError::NotAnObject))
        })*
    };
}

impl<'de> Visitor<'de> for ReportSeed<'_, 'de, '_> {
    type Value = Head<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a report object")
    }

    not_an_object! {
        visit_bool(bool),
        visit_u64(u64),
        visit_i64(i64),
        visit_f64(f64),
        visit_str(&str),
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Err(self.context.fail(ReadError::NotAnObject))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(self.context.fail(ReadError::NotAnObject))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Self { context, reader } = self;
        let (mut organization_name, mut contact_info, mut report_id) = (None, None, None);
        let (mut window, mut policies) = (None, false);
        let mut seen = Seen::default();
        while let Some(name) = map.next_key_seed(NameSeed(context))? {
            let again = match MEMBERS.iter().zip(0..).find(|(member, _)| **member == name) {
                Some((_, at)) => seen.again(at),
                None => seen.again_unknown(&name),
            };
            if again {
                context.quirk(Quirk::DuplicateMember);
            }
            match &*name {
                "organization-name" => organization_name = map.next_value_seed(text(context))?,
                "contact-info" => {
                    contact_info = map.next_value_seed(text(context))?;
                    if contact_info.as_deref().is_some_and(|contact| !is_addr_spec(contact)) {
                        context.quirk(Quirk::ContactInfoNotAddress);
                    }
                }
                "report-id" => {
                    let not_string = Some(Quirk::ReportIdNotString);
                    report_id = map.next_value_seed(TextSeed { context, not_string })?;
                }
                "date-range" => window = map.next_value_seed(DateRangeSeed(context))?,
                "policies" => {
                    // Of two members of one name the last counts.
                    context.rows.clear();
                    context.strings.clear();
                    context.details.clear();
                    let report_domain = reader.report_domain;
                    policies = map.next_value_seed(PoliciesSeed { context, report_domain })?;
                }
                _ => map.next_value_seed(SkipSeed { context, depth: 1 })?,
            }
        }
        if !policies {
            return Err(context.fail(ReadError::PoliciesMissing));
        }
        let Some(window) = window else { return Err(context.fail(ReadError::DateRangeMissing)) };
        Ok(head(context, reader, [organization_name, contact_info, report_id], window))
    }
}

/// What stands above the policies, with the quirks of what is missing.
fn head<'de>(
    context: &mut Context<'de>,
    reader: &Reader<'_>,
    [organization_name, contact_info, report_id]: [Option<Cow<'de, str>>; 3],
    window: Window,
) -> Head<'de> {
    let missing = [
        (organization_name.is_none(), Quirk::OrganizationNameMissing),
        (contact_info.is_none(), Quirk::ContactInfoMissing),
        (report_id.is_none(), Quirk::ReportIdMissing),
    ];
    for (_, quirk) in missing.into_iter().filter(|(missing, _)| *missing) {
        context.quirk(quirk);
    }
    let known = || reader.report_id.map(|id| Cow::Owned(id.into()));
    Head {
        organization_name: organization_name.unwrap_or_default(),
        contact_info: contact_info.unwrap_or_default(),
        report_id: report_id.or_else(known).unwrap_or_default(),
        window,
    }
}

const MEMBERS: [&str; 5] =
    ["organization-name", "contact-info", "report-id", "date-range", "policies"];

/// The date range, or nothing where it is null.
struct DateRangeSeed<'c, 'de>(&'c mut Context<'de>);

impl<'de> DeserializeSeed<'de> for DateRangeSeed<'_, 'de> {
    type Value = Option<Window>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DateRangeSeed<'_, 'de> {
    type Value = Option<Window>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date range object")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut start, mut end) = (None, None);
        let mut seen = Seen::default();
        while let Some(name) = map.next_key_seed(NameSeed(self.0))? {
            let again = match &*name {
                "start-datetime" => seen.again(0),
                "end-datetime" => seen.again(1),
                _ => seen.again_unknown(&name),
            };
            if again {
                self.0.quirk(Quirk::DuplicateMember);
            }
            match &*name {
                "start-datetime" => start = map.next_value_seed(DateSeed(self.0))?,
                "end-datetime" => end = map.next_value_seed(DateSeed(self.0))?,
                _ => map.next_value_seed(SkipSeed { context: self.0, depth: 2 })?,
            }
        }
        let (Some(start), Some(end)) = (start, end) else {
            return Err(self.0.fail(ReadError::DateRangeMissing));
        };
        // spec: RFC 8460 does not say whether the end belongs to the window. At midnight it does
        // not, else it does (vectors rfc8460/4.4/end-inclusive and end-exclusive).
        let end = if end % 86_400 == 0 { end } else { end.saturating_add(1) };
        if end < start {
            return Err(self.0.fail(ReadError::DateRangeInverted));
        }
        match Window::from_seconds(start, end) {
            Some(window) => Ok(Some(window)),
            None => Err(self.0.fail(ReadError::BadDate)),
        }
    }
}
