//! The policies of a datagram and their failures.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use serde::de::{Error, MapAccess};

use super::code::{PolicyCode, ResultCode};
use super::error::DatagramError;
use super::read::host_name;
use super::values::{Context, EachSeed, Object, TextSeed, TextsSeed};
use crate::limits;
use crate::members::{Judge, Seen, SkipSeed};
use crate::report::{Address, Failure, Policy};
use crate::result::{PolicyType, ResultType};
use crate::tally::{Outcome, PolicyOutcome};

impl<'de, T: Object<'de>> Object<'de> for &mut T {
    fn read<A: MapAccess<'de>>(&mut self, context: &mut Context, map: A) -> Result<(), A::Error> {
        (**self).read(context, map)
    }
}

pub(super) struct Policies<'de>(pub(super) Vec<PolicyOutcome<'de>>);

impl<'de> Object<'de> for Policies<'de> {
    fn read<A: MapAccess<'de>>(
        &mut self,
        context: &mut Context,
        mut map: A,
    ) -> Result<(), A::Error> {
        let mut draft = Draft {
            code: None,
            result: None,
            count: None,
            policy: Policy::new(PolicyType::NO_POLICY_FOUND, ""),
            failures: Failures(Vec::new()),
        };
        let mut seen = Seen::default();
        while let Some(name) = map.next_key_seed(TextSeed(context))? {
            draft.member(&name, &mut seen, context, &mut map)?;
        }
        self.0.push(draft.finish(context)?);
        Ok(())
    }
}

/// A policy whose members are still coming in.
struct Draft<'de> {
    code: Option<i32>,
    result: Option<u32>,
    count: Option<u32>,
    policy: Policy<'de>,
    failures: Failures<'de>,
}

impl<'de> Draft<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        seen: &mut Seen,
        context: &mut Context,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match name {
            "policy-type" => {
                context.once(seen.again(0))?;
                self.code = Some(map.next_value()?);
            }
            "policy-domain" => {
                context.once(seen.again(1))?;
                let domain = map.next_value_seed(TextSeed(context))?;
                self.policy.domain = host_name(domain).map_err(|error| context.fail(error))?;
            }
            "policy-string" => {
                context.once(seen.again(2))?;
                self.policy.strings = map.next_value_seed(TextsSeed(context))?;
            }
            "mx-host" => {
                context.once(seen.again(3))?;
                self.policy.mx_hosts = map.next_value_seed(TextsSeed(context))?;
            }
            "failure-details" => {
                context.once(seen.again(4))?;
                let max = limits::DATAGRAM_FAILURES;
                map.next_value_seed(EachSeed { context, max, each: &mut self.failures })?;
            }
            "t" => {
                context.once(seen.again(5))?;
                self.count = Some(map.next_value()?);
            }
            "f" => {
                context.once(seen.again(6))?;
                self.result = Some(map.next_value()?);
            }
            _ => {
                context.member(seen, name)?;
                map.next_value_seed(SkipSeed { context, depth: 3 })?;
            }
        }
        Ok(())
    }

    fn finish<E: Error>(self, context: &mut Context) -> Result<PolicyOutcome<'de>, E> {
        let (Some(code), Some(result)) = (self.code, self.result) else {
            return Err(context.fail(DatagramError::Missing));
        };
        let mut policy = self.policy;
        policy.policy_type = match PolicyCode(code).policy_type() {
            Some(policy_type) => policy_type,
            None => return Err(context.fail(DatagramError::PolicyType)),
        };
        let outcome = match result {
            0 => Outcome::Success,
            1 => Outcome::Failure,
            _ => return Err(context.fail(DatagramError::FinalResult)),
        };
        let mut outcome = PolicyOutcome::new(policy, outcome);
        outcome.failures = self.failures.0;
        let listed = outcome.failures.len();
        context.count_differs |= self.count.is_some_and(|count| count as usize != listed);
        Ok(outcome)
    }
}

struct Failures<'de>(Vec<Failure<'de>>);

impl<'de> Object<'de> for Failures<'de> {
    fn read<A: MapAccess<'de>>(
        &mut self,
        context: &mut Context,
        mut map: A,
    ) -> Result<(), A::Error> {
        let mut code = None;
        let mut failure = Failure::new(ResultType::VALIDATION_FAILURE);
        let mut seen = Seen::default();
        while let Some(name) = map.next_key_seed(TextSeed(context))? {
            if &*name == "c" {
                context.once(seen.again(0))?;
                code = Some(map.next_value::<i32>()?);
                continue;
            }
            let at = match &*name {
                "s" => 1,
                "n" => 2,
                "h" => 3,
                "r" => 4,
                "a" => 5,
                "f" => 6,
                _ => {
                    context.member(&mut seen, &name)?;
                    map.next_value_seed(SkipSeed { context, depth: 5 })?;
                    continue;
                }
            };
            context.once(seen.again(at))?;
            let text = map.next_value_seed(TextSeed(context))?;
            match at {
                1 => failure.sending_mta_ip = address(text),
                2 => failure.receiving_mx_hostname = Some(text),
                3 => failure.receiving_mx_helo = Some(text),
                4 => failure.receiving_ip = address(text),
                5 => failure.additional_information = Some(text),
                _ => failure.failure_reason_code = Some(text),
            }
        }
        let Some(code) = code else { return Err(context.fail(DatagramError::Missing)) };
        let (result_type, reason) = ResultCode(code).result_type();
        failure.result_type = result_type;
        failure.failure_reason_code = reason.or(failure.failure_reason_code);
        self.0.push(failure);
        Ok(())
    }
}

/// An empty text is no address.
fn address(text: Cow<'_, str>) -> Option<Address<'_>> {
    if text.is_empty() {
        return None;
    }
    let clear = Address::exact(&text).or_else(|| Address::clear(&text));
    Some(clear.unwrap_or(Address::Text(text)))
}
