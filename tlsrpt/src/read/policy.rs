//! Policies, their summaries and failure details.

use alloc::borrow::Cow;
use core::fmt;
use core::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::context::Context;
use super::detail::DetailsSeed;
use super::object::object_seed;
use super::quirk::Quirk;
use super::value::{CountSeed, List, ListSeed, NameSeed, text};
use crate::members::{Seen, SkipSeed};
use crate::report::{Row, Summary};
use crate::result::PolicyType;

/// The policies; tells whether they are there.
pub(super) struct PoliciesSeed<'c, 'de> {
    pub(super) context: &'c mut Context<'de>,
    pub(super) report_domain: Option<&'c str>,
}

object_seed!(PoliciesSeed => bool, "an array of policies", {
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Self { context, report_domain } = self;
        while seq.next_element_seed(PolicySeed { context, report_domain })?.is_some() {}
        Ok(true)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(false)
    }
});

impl<'de> PoliciesSeed<'_, 'de> {
    fn object<A: MapAccess<'de>>(self, map: A) -> Result<bool, A::Error> {
        let Self { context, report_domain } = self;
        context.quirk(Quirk::PoliciesNotArray);
        PolicySeed { context, report_domain }.object(map)?;
        Ok(true)
    }
}

/// One element of the policies: policy, summary and failure details.
struct PolicySeed<'c, 'de> {
    context: &'c mut Context<'de>,
    report_domain: Option<&'c str>,
}

object_seed!(PolicySeed => (), "a policy object", {});

impl<'de> PolicySeed<'_, 'de> {
    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { context, report_domain } = self;
        context.another_policy()?;
        let (mut policy, mut summary) = (None, None);
        let first = context.details.len();
        let mut seen = Seen::default();
        while let Some(name) = map.next_key_seed(NameSeed(context))? {
            let again = match &*name {
                "policy" => seen.again(0),
                "summary" => seen.again(1),
                "failure-details" => seen.again(2),
                _ => seen.again_unknown(&name),
            };
            if again {
                context.quirk(Quirk::DuplicateMember);
            }
            match &*name {
                "policy" => policy = map.next_value_seed(NamedSeed { context, report_domain })?,
                "summary" => summary = map.next_value_seed(SummarySeed(context))?,
                "failure-details" => {
                    context.details.truncate(first);
                    map.next_value_seed(DetailsSeed(context))?;
                }
                _ => map.next_value_seed(SkipSeed { context, depth: 3 })?,
            }
        }
        if policy.is_none() {
            context.quirk(Quirk::PolicyMissing);
        }
        if summary.is_none() {
            context.quirk(Quirk::SummaryMissing);
        }
        let named = policy.unwrap_or_else(|| Named {
            policy_type: Cow::Borrowed(""),
            policy_domain: Cow::Owned(report_domain.unwrap_or_default().into()),
            strings: 0..0,
            mx_hosts: 0..0,
        });
        context.rows.push(Row {
            policy_type: PolicyType(named.policy_type),
            policy_domain: named.policy_domain,
            strings: named.strings,
            mx_hosts: named.mx_hosts,
            details: first..context.details.len(),
            summary: summary.unwrap_or_default(),
        });
        Ok(())
    }
}

/// What identifies a policy.
struct Named<'de> {
    policy_type: Cow<'de, str>,
    policy_domain: Cow<'de, str>,
    strings: Range<usize>,
    mx_hosts: Range<usize>,
}

/// The member `policy`, or nothing where it is null.
struct NamedSeed<'c, 'de> {
    context: &'c mut Context<'de>,
    report_domain: Option<&'c str>,
}

object_seed!(NamedSeed => Option<Named<'de>>, "a policy", {
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
});

impl<'de> NamedSeed<'_, 'de> {
    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Named<'de>>, A::Error> {
        let Self { context, report_domain } = self;
        let (mut policy_type, mut policy_domain) = (None, None);
        let (mut strings, mut mx_hosts, mut pattern) = (None, None, None);
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
                "policy-type" => policy_type = map.next_value_seed(text(context))?,
                "policy-domain" => policy_domain = map.next_value_seed(text(context))?,
                "policy-string" => strings = list(context, &mut map, Quirk::PolicyStringNotArray)?,
                "mx-host" => mx_hosts = list(context, &mut map, Quirk::MxHostNotArray)?,
                "mx-host-pattern" => {
                    context.quirk(Quirk::MxHostPatternKey);
                    pattern = list(context, &mut map, Quirk::MxHostNotArray)?;
                }
                _ => map.next_value_seed(SkipSeed { context, depth: 4 })?,
            }
        }
        let named = Named {
            policy_type: type_of(context, policy_type),
            policy_domain: domain_of(context, policy_domain, report_domain),
            strings: strings.clone().map_or(0..0, |(range, _)| range),
            mx_hosts: mx_hosts.clone().or(pattern.clone()).map_or(0..0, |(range, _)| range),
        };
        let whole =
            |list: Option<(Range<usize>, List)>| list.is_some_and(|(_, list)| list == List::There);
        let has_strings = matches!(&*named.policy_type, "tlsa" | "sts");
        if has_strings && !whole(strings) {
            context.quirk(Quirk::PolicyStringMissing);
        }
        if named.policy_type == "sts" && !whole(mx_hosts.or(pattern)) {
            context.quirk(Quirk::MxHostMissing);
        }
        Ok(Some(named))
    }
}

const MEMBERS: [&str; 5] =
    ["policy-type", "policy-domain", "policy-string", "mx-host", "mx-host-pattern"];

fn list<'de, A: MapAccess<'de>>(
    context: &mut Context<'de>,
    map: &mut A,
    not_array: Quirk,
) -> Result<Option<(Range<usize>, List)>, A::Error> {
    let start = context.strings.len();
    let policy_strings = not_array == Quirk::PolicyStringNotArray;
    let list = map.next_value_seed(ListSeed { context, not_array, policy_strings })?;
    Ok(Some((start..context.strings.len(), list)))
}

fn type_of<'de>(context: &mut Context<'de>, policy_type: Option<Cow<'de, str>>) -> Cow<'de, str> {
    let Some(name) = policy_type else {
        context.quirk(Quirk::PolicyTypeMissing);
        return Cow::Borrowed("");
    };
    if !PolicyType::from(&*name).is_registered() {
        context.quirk(Quirk::PolicyTypeUnknown);
    }
    name
}

fn domain_of<'de>(
    context: &mut Context<'de>,
    domain: Option<Cow<'de, str>>,
    report_domain: Option<&str>,
) -> Cow<'de, str> {
    let Some(domain) = domain.filter(|domain| !domain.is_empty()) else {
        context.quirk(Quirk::PolicyDomainMissing);
        return Cow::Owned(report_domain.unwrap_or_default().into());
    };
    if !domain.is_ascii() {
        context.quirk(Quirk::PolicyDomainNotAscii);
    }
    domain
}

/// The summary, or nothing where it is null.
struct SummarySeed<'c, 'de>(&'c mut Context<'de>);

object_seed!(SummarySeed => Option<Summary>, "a summary", {
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
});

impl<'de> SummarySeed<'_, 'de> {
    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Summary>, A::Error> {
        let (mut successful, mut failed) = (None, None);
        let mut seen = Seen::default();
        while let Some(name) = map.next_key_seed(NameSeed(self.0))? {
            let again = match &*name {
                "total-successful-session-count" => seen.again(0),
                "total-failure-session-count" => seen.again(1),
                _ => seen.again_unknown(&name),
            };
            if again {
                self.0.quirk(Quirk::DuplicateMember);
            }
            match &*name {
                "total-successful-session-count" => {
                    successful = map.next_value_seed(CountSeed(self.0))?;
                }
                "total-failure-session-count" => failed = map.next_value_seed(CountSeed(self.0))?,
                _ => map.next_value_seed(SkipSeed { context: self.0, depth: 4 })?,
            }
        }
        if successful.is_none() || failed.is_none() {
            self.0.quirk(Quirk::CountMissing);
        }
        let (successful, failed) = (successful.unwrap_or_default(), failed.unwrap_or_default());
        Ok(Some(Summary { successful, failed }))
    }
}
