//! From the records of a reply to an [`Answer`]: follows the aliases by their owner names.

use super::{
    Answer, ChainError, Hop, Judged, Kind, LookUpError, Name, Outcome, Question, Record, Security,
    limits,
};

/// A record of a reply's answer section.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// Whose record it is.
    pub owner: Name,
    /// Its type.
    pub kind: Kind,
    /// Its data.
    pub record: Record,
    /// Its own security, or the whole reply's.
    pub security: Security,
}

/// A reply in the words of this crate, in any order of records.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// The records of the answer section, those of other types left out.
    pub found: Vec<Found>,
    /// What the reply says if no record is at the end of the aliases.
    pub denial: Denial,
    /// Whether that denial is proven.
    pub denial_security: Security,
    /// Whether each record's security is its own.
    pub judged: Judged,
}

/// How a reply denies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Denial {
    /// The name exists.
    NoData,
    /// The name does not exist.
    NxDomain,
}

/// Follows the aliases from the question's name and collects the records at their end.
///
/// Records that do not belong to the chain are not looked at. The answer is secure if everything on
/// the way is; what comes after an insecure hop is insecure, whatever it proves by itself
/// ([RFC 7672 section 2.1.3](https://www.rfc-editor.org/rfc/rfc7672#section-2.1.3)).
///
/// # Errors
///
/// [`LookUpError::Chain`] for aliases that are ambiguous, go round, or are more than
/// [`limits::HOPS`]; [`LookUpError::TooManyRecords`] beyond [`limits::RECORDS`];
/// [`LookUpError::Malformed`] if there are records and not one can be read.
pub fn follow(question: &Question, response: Response) -> Result<Answer, LookUpError> {
    let Response { found, denial, denial_security, judged } = response;
    if found.len() > limits::RECORDS {
        return Err(LookUpError::TooManyRecords);
    }
    let chain = match question.kind {
        Kind::Cname => Vec::new(),
        Kind::A | Kind::Aaaa | Kind::Mx | Kind::Tlsa | Kind::Txt => aliases(question, &found)?,
    };
    let hops = chain.last().map_or(Security::Secure, |hop| hop.security);
    let name = chain.last().map_or(&question.name, |hop| &hop.target).clone();

    let mut security = hops;
    let mut records = Vec::new();
    for one in found {
        if one.owner == name && one.kind == question.kind {
            security = security.and(one.security);
            records.push(one.record);
        }
    }
    if !records.is_empty() && records.iter().all(|one| matches!(one, Record::Unreadable(_))) {
        return Err(LookUpError::Malformed);
    }
    let outcome = match (records.is_empty(), denial) {
        (false, _) => Outcome::Records(records),
        (true, Denial::NoData) => Outcome::NoData,
        (true, Denial::NxDomain) => Outcome::NxDomain,
    };
    if !matches!(outcome, Outcome::Records(_)) {
        security = security.and(denial_security);
    }
    Ok(Answer { outcome, security, chain, judged })
}

/// The hops from the question's name on, the security of each that of all up to it.
fn aliases(question: &Question, found: &[Found]) -> Result<Vec<Hop>, ChainError> {
    let mut chain: Vec<Hop> = Vec::new();
    let mut name = &question.name;
    let mut security = Security::Secure;
    while let Some((target, own)) = alias(name, found)? {
        if *target == question.name || chain.iter().any(|hop| hop.target == *target) {
            return Err(ChainError::Loop);
        }
        if chain.len() == limits::HOPS {
            return Err(ChainError::TooLong);
        }
        security = security.and(own);
        chain.push(Hop { name: name.clone(), target: target.clone(), security });
        name = target;
    }
    Ok(chain)
}

/// The one alias of a name. The same alias twice is one.
fn alias<'a>(name: &Name, found: &'a [Found]) -> Result<Option<(&'a Name, Security)>, ChainError> {
    let mut alias = None;
    for one in found.iter().filter(|one| one.owner == *name && one.kind == Kind::Cname) {
        let Record::Cname(target) = &one.record else { return Err(ChainError::Alias) };
        alias = match alias {
            None => Some((target, one.security)),
            Some((first, security)) if first == target => Some((first, security.and(one.security))),
            Some(_) => return Err(ChainError::Alias),
        };
    }
    Ok(alias)
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use Security::{Insecure, Secure};

    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn cname(owner: &str, target: &str, security: Security) -> Found {
        let record = Record::Cname(name(target));
        Found { owner: name(owner), kind: Kind::Cname, record, security }
    }

    fn a(owner: &str, security: Security) -> Found {
        let record = Record::A(Ipv4Addr::LOCALHOST);
        Found { owner: name(owner), kind: Kind::A, record, security }
    }

    fn ask(found: Vec<Found>) -> Result<Answer, LookUpError> {
        let response = Response {
            found,
            denial: Denial::NoData,
            denial_security: Secure,
            judged: Judged::HopByHop,
        };
        follow(&Question::new(name("h0.test"), Kind::A), response)
    }

    fn long_chain(hops: usize) -> Vec<Found> {
        let mut found: Vec<_> = (0..hops)
            .map(|n| cname(&format!("h{n}.test"), &format!("h{}.test", n + 1), Secure))
            .collect();
        found.push(a(&format!("h{hops}.test"), Secure));
        found
    }

    // checks: dane/D8
    #[test]
    fn an_eleventh_hop_is_refused() {
        let answer = ask(long_chain(10)).unwrap();
        assert_eq!(answer.chain.len(), 10);
        assert_eq!(answer.records().len(), 1);
        assert_eq!(ask(long_chain(11)), Err(ChainError::TooLong.into()));
    }

    // checks: dane/D8
    #[test]
    fn circles_are_refused() {
        let own = vec![cname("h0.test", "h0.test", Secure)];
        assert_eq!(ask(own), Err(ChainError::Loop.into()));
        let two = vec![
            cname("h0.test", "h1.test", Secure),
            cname("h1.test", "h2.test", Secure),
            cname("h2.test", "h1.test", Secure),
        ];
        assert_eq!(ask(two), Err(ChainError::Loop.into()));
    }

    #[test]
    fn two_aliases_of_one_name_are_refused_and_one_twice_is_not() {
        let two = vec![cname("h0.test", "h1.test", Secure), cname("h0.test", "h2.test", Secure)];
        assert_eq!(ask(two), Err(ChainError::Alias.into()));
        let twice = vec![
            cname("h0.test", "h1.test", Secure),
            cname("h0.test", "h1.test", Insecure),
            a("h1.test", Secure),
        ];
        assert_eq!(ask(twice).unwrap().security, Insecure);
    }

    #[test]
    fn an_alias_that_cannot_be_read_is_refused() {
        let record = Record::Unreadable(vec![1]);
        let found =
            vec![Found { owner: name("h0.test"), kind: Kind::Cname, record, security: Secure }];
        assert_eq!(ask(found), Err(ChainError::Alias.into()));
    }

    #[test]
    fn too_many_records_are_refused() {
        let records = |n| vec![a("h0.test", Secure); n];
        assert_eq!(ask(records(limits::RECORDS)).unwrap().records().len(), limits::RECORDS);
        assert_eq!(ask(records(limits::RECORDS + 1)), Err(LookUpError::TooManyRecords));
    }

    #[test]
    fn one_unreadable_record_does_not_hide_the_others() {
        let unreadable = Found { record: Record::Unreadable(vec![]), ..a("h0.test", Secure) };
        let both = ask(vec![unreadable.clone(), a("h0.test", Secure)]).unwrap();
        assert_eq!(both.records().len(), 2);
        assert_eq!(ask(vec![unreadable]), Err(LookUpError::Malformed));
    }

    // checks: dane/D5
    #[test]
    fn rfc7672_2_1_3_after_an_insecure_hop_all_is_insecure() {
        let answer = ask(vec![
            cname("h0.test", "h1.test", Secure),
            cname("h1.test", "h2.test", Insecure),
            cname("h2.test", "h3.test", Secure),
            a("h3.test", Secure),
        ])
        .unwrap();
        let hops: Vec<_> = answer.chain.iter().map(|hop| hop.security).collect();
        assert_eq!(hops, [Secure, Insecure, Insecure]);
        assert_eq!(answer.security, Insecure);
    }

    #[test]
    fn an_insecure_end_of_secure_aliases_is_insecure() {
        let answer = ask(vec![cname("h0.test", "h1.test", Secure), a("h1.test", Insecure)]);
        assert_eq!(answer.unwrap().security, Insecure);
    }

    #[test]
    fn order_of_records_does_not_matter() {
        let mut reversed = long_chain(4);
        reversed.reverse();
        assert_eq!(ask(reversed), ask(long_chain(4)));
    }

    #[test]
    fn records_beside_the_chain_do_not_count() {
        let answer = ask(vec![a("other.test", Insecure), cname("x.test", "h0.test", Insecure)]);
        let answer = answer.unwrap();
        assert_eq!(answer.outcome, Outcome::NoData);
        assert_eq!(answer.security, Secure);
    }

    #[test]
    fn a_denial_has_its_own_proof() {
        let question = Question::new(name("h0.test"), Kind::A);
        let response = Response {
            found: vec![cname("h0.test", "h1.test", Secure)],
            denial: Denial::NxDomain,
            denial_security: Insecure,
            judged: Judged::HopByHop,
        };
        let answer = follow(&question, response).unwrap();
        assert_eq!(answer.outcome, Outcome::NxDomain);
        assert_eq!(answer.security, Insecure);
        assert_eq!(answer.final_name(&question), &name("h1.test"));
        assert_eq!(answer.chain.first().unwrap().security, Secure);
    }

    #[test]
    fn a_question_for_the_alias_itself_is_not_followed() {
        let question = Question::new(name("h0.test"), Kind::Cname);
        let response = Response {
            found: vec![cname("h0.test", "h1.test", Secure), cname("h1.test", "h2.test", Secure)],
            denial: Denial::NoData,
            denial_security: Secure,
            judged: Judged::AsAWhole,
        };
        let answer = follow(&question, response).unwrap();
        assert_eq!(answer.outcome, Outcome::Records(vec![Record::Cname(name("h1.test"))]));
        assert!(answer.chain.is_empty());
    }
}
