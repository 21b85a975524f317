//! Failure details.

use alloc::borrow::Cow;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::context::Context;
use super::object::object_seed;
use super::quirk::Quirk;
use super::value::{CountSeed, NameSeed, TextSeed, address, text};
use crate::members::{Seen, SkipSeed};
use crate::report::{Detail, Failure};
use crate::result::ResultType;
use crate::text::is_uri;

/// The failure details.
pub(super) struct DetailsSeed<'c, 'de>(pub(super) &'c mut Context<'de>);

object_seed!(DetailsSeed => (), "an array of failure details", {
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element_seed(DetailSeed(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        self.0.quirk(Quirk::FailureDetailsNull);
        Ok(())
    }
});

impl<'de> DetailsSeed<'_, 'de> {
    fn object<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.0.quirk(Quirk::FailureDetailsNotArray);
        DetailSeed(self.0).object(map)
    }
}

/// One failure, or null, which is skipped.
struct DetailSeed<'c, 'de>(&'c mut Context<'de>);

object_seed!(DetailSeed => (), "a failure", {
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        self.0.quirk(Quirk::FailureDetailsNullElement);
        Ok(())
    }
});

impl<'de> DetailSeed<'_, 'de> {
    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let context = self.0;
        context.another_detail()?;
        let mut draft = Draft::new();
        let mut seen = Seen::default();
        while let Some(name) = map.next_key_seed(NameSeed(context))? {
            let member = Member::of(&name);
            let again = match member {
                Some(member) => seen.again(member as u32),
                None => seen.again_unknown(&name),
            };
            if again {
                context.quirk(Quirk::DuplicateMember);
            }
            match member {
                Some(member) => draft.read(member, context, &mut map)?,
                None => map.next_value_seed(SkipSeed { context, depth: 5 })?,
            }
        }
        draft.finish(context);
        Ok(())
    }
}

/// The members of a failure, and names that some use instead.
#[derive(Clone, Copy)]
enum Member {
    ResultType,
    Count,
    SendingIp,
    ReceivingIp,
    Hostname,
    Helo,
    Information,
    InformationUri,
    Reason,
    ErrorCode,
}

impl Member {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "result-type" => Self::ResultType,
            "failed-session-count" => Self::Count,
            "sending-mta-ip" => Self::SendingIp,
            "receiving-ip" => Self::ReceivingIp,
            "receiving-mx-hostname" => Self::Hostname,
            "receiving-mx-helo" => Self::Helo,
            "additional-information" => Self::Information,
            "additional-info-uri" => Self::InformationUri,
            "failure-reason-code" => Self::Reason,
            "failure-error-code" => Self::ErrorCode,
            _ => return None,
        })
    }
}

/// A failure whose members are still coming in.
struct Draft<'de> {
    failure: Failure<'de>,
    result_type: Option<Cow<'de, str>>,
    count: Option<u64>,
    information: Option<Cow<'de, str>>,
    reason: Option<Cow<'de, str>>,
}

impl<'de> Draft<'de> {
    fn new() -> Self {
        let failure = Failure::new(ResultType(Cow::Borrowed("")));
        Self { failure, result_type: None, count: None, information: None, reason: None }
    }

    fn read<A: MapAccess<'de>>(
        &mut self,
        member: Member,
        context: &mut Context<'de>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let failure = &mut self.failure;
        match member {
            Member::ResultType => self.result_type = map.next_value_seed(text(context))?,
            Member::Count => self.count = map.next_value_seed(CountSeed(context))?,
            Member::SendingIp => {
                let ip = map.next_value_seed(text(context))?;
                failure.sending_mta_ip = address(context, ip);
            }
            Member::ReceivingIp => {
                let ip = map.next_value_seed(text(context))?;
                failure.receiving_ip = address(context, ip);
            }
            Member::Hostname => {
                failure.receiving_mx_hostname = map.next_value_seed(text(context))?
            }
            Member::Helo => {
                failure.receiving_mx_helo = map.next_value_seed(text(context))?;
                let helo = failure.receiving_mx_helo.as_deref().unwrap_or_default();
                if helo.bytes().any(|byte| matches!(byte, b'\r' | b'\n')) {
                    context.quirk(Quirk::HeloMultiLine);
                }
            }
            Member::Information => {
                failure.additional_information = map.next_value_seed(text(context))?;
            }
            Member::InformationUri => {
                context.quirk(Quirk::AdditionalInfoUriKey);
                self.information = map.next_value_seed(text(context))?;
            }
            Member::Reason => failure.failure_reason_code = map.next_value_seed(code(context))?,
            Member::ErrorCode => {
                context.quirk(Quirk::FailureErrorCodeKey);
                self.reason = map.next_value_seed(code(context))?;
            }
        }
        Ok(())
    }

    /// Puts the failure at the end of the context's.
    fn finish(self, context: &mut Context<'de>) {
        let mut failure = self.failure;
        if failure.additional_information.is_none() {
            failure.additional_information = self.information;
        }
        if failure.failure_reason_code.is_none() {
            failure.failure_reason_code = self.reason;
        }
        if failure.additional_information.as_deref().is_some_and(|text| !is_uri(text)) {
            context.quirk(Quirk::AdditionalInformationNotUri);
        }
        match self.result_type {
            Some(name) => failure.result_type = ResultType(name),
            None => context.quirk(Quirk::ResultTypeMissing),
        }
        if self.count.is_none() {
            context.quirk(Quirk::CountMissing);
        }
        let failed_session_count = self.count.unwrap_or_default();
        context.details.push(Detail { failure, failed_session_count });
    }
}

fn code<'c, 'de>(context: &'c mut Context<'de>) -> TextSeed<'c, 'de> {
    TextSeed { context, not_string: Some(Quirk::FailureReasonCodeNotString) }
}
