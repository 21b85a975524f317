//! DNS in this crate's words: questions, answers with their DNSSEC security, and [`LookUp`].
//!
//! ```text
//! Question { name, kind }  --LookUp-->  Ok(Answer)      records, no data or no such name,
//!                                                       each proven secure or proven insecure
//!                                       Err(LookUpError) everything else: try again later
//! ```
//!
//! "Could not be validated" and "was never validated" are errors. They are never taken for
//! "proven insecure", which is an answer
//! ([RFC 7672 section 2.1.1](https://www.rfc-editor.org/rfc/rfc7672#section-2.1.1)).

mod chain;
mod error;
pub mod limits;
mod name;

use core::fmt;
use core::future::Future;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::pin::Pin;

pub use chain::{Denial, Found, Response, follow};
pub use error::{ChainError, ExtendedError, LookUpError};
pub use name::{Name, NameError};

/// What is asked of the DNS, always in class IN.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Question {
    /// The name asked for.
    pub name: Name,
    /// The kind of record asked for.
    pub kind: Kind,
}

impl Question {
    /// The question for records of this kind at this name.
    #[must_use]
    pub fn new(name: Name, kind: Kind) -> Self {
        Self { name, kind }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.kind)
    }
}

/// The kinds of record that this crate asks for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// The alias at this very name, not followed.
    Cname,
    /// Mail exchangers.
    Mx,
    /// TLSA records ([RFC 6698](https://www.rfc-editor.org/rfc/rfc6698)).
    Tlsa,
    /// Texts.
    Txt,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::A, Self::Aaaa, Self::Cname, Self::Mx, Self::Tlsa, Self::Txt];

    /// The number of the type on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Cname => 5,
            Self::Mx => 15,
            Self::Txt => 16,
            Self::Aaaa => 28,
            Self::Tlsa => 52,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Tlsa => "TLSA",
            Self::Txt => "TXT",
        })
    }
}

/// An answer whose security is known, be it a denial.
///
/// A secure answer is secure from the question's name to the last record: every alias on the way
/// included ([RFC 7672 section 2.1.3](https://www.rfc-editor.org/rfc/rfc7672#section-2.1.3)).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The records, or what there is instead.
    pub outcome: Outcome,
    /// Whether all of the answer is proven, all hops of `chain` included.
    pub security: Security,
    /// The aliases followed, in order; empty if the records stand at the question's name.
    pub chain: Vec<Hop>,
    /// Whether `chain` says which hop is insecure.
    pub judged: Judged,
}

impl Answer {
    /// The name that the outcome is about: the last alias's target, or the question's name.
    #[must_use]
    pub fn final_name<'a>(&'a self, question: &'a Question) -> &'a Name {
        self.chain.last().map_or(&question.name, |hop| &hop.target)
    }

    /// The records, none if the answer is a denial.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        match &self.outcome {
            Outcome::Records(records) => records,
            Outcome::NoData | Outcome::NxDomain => &[],
        }
    }
}

/// What an answer holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The records of the kind asked for; at least one.
    Records(Vec<Record>),
    /// The name exists and has no record of that kind.
    NoData,
    /// The name does not exist.
    NxDomain,
}

/// One record's data.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Record {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// The target of an alias.
    Cname(Name),
    /// A mail exchanger; the root as its host is a null MX.
    Mx {
        /// The preference: lower comes first.
        preference: u16,
        /// The host's name.
        host: Name,
    },
    /// The RDATA of a TLSA record as it came, however short.
    Tlsa(Vec<u8>),
    /// The character-strings of a text record, not joined.
    Txt(Vec<Vec<u8>>),
    /// RDATA of the kind asked for that cannot be read as such, or names what [`Name`] cannot hold.
    Unreadable(Vec<u8>),
}

/// One alias of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hop {
    /// The alias.
    pub name: Name,
    /// What it stands for.
    pub target: Name,
    /// Whether this alias is proven. Where the answer is [`Judged::AsAWhole`], the answer's.
    pub security: Security,
}

/// Whether DNSSEC proves a thing or proves that it is not signed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Security {
    /// Signed, with a chain of trust from an anchor.
    Secure,
    /// Proven to be unsigned, or below no trust anchor.
    Insecure,
}

impl Security {
    /// Secure only if both are.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Secure, Self::Secure) => Self::Secure,
            (Self::Secure | Self::Insecure, Self::Insecure) | (Self::Insecure, Self::Secure) => {
                Self::Insecure
            }
        }
    }
}

/// How finely the security of an answer with aliases is known.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Judged {
    /// Each hop by itself.
    HopByHop,
    /// One verdict for the whole answer. Of an insecure one, a question of kind [`Kind::Cname`] at
    /// the original name tells whether its first hop is secure
    /// ([RFC 7672 section 2.1.3](https://www.rfc-editor.org/rfc/rfc7672#section-2.1.3)).
    AsAWhole,
}

/// Looks things up in the DNS, with DNSSEC.
///
/// An implementation answers with the security that it, or a resolver that it has good reason to
/// trust, has *determined*. What knows nothing of DNSSEC cannot implement it.
///
/// Implementers write a plain `async fn look_up`.
pub trait LookUp {
    /// Asks one question and follows aliases, but for [`Kind::Cname`].
    ///
    /// The implementation bounds its own time; see [`limits::DEADLINE`].
    ///
    /// # Errors
    ///
    /// Every error is temporary: nothing may be concluded from it but that mail waits.
    fn look_up(
        &self,
        question: &Question,
    ) -> impl Future<Output = Result<Answer, LookUpError>> + Send;
}

impl<L: LookUp + ?Sized> LookUp for &L {
    fn look_up(
        &self,
        question: &Question,
    ) -> impl Future<Output = Result<Answer, LookUpError>> + Send {
        (**self).look_up(question)
    }
}

impl<L: LookUp + ?Sized> LookUp for std::sync::Arc<L> {
    fn look_up(
        &self,
        question: &Question,
    ) -> impl Future<Output = Result<Answer, LookUpError>> + Send {
        (**self).look_up(question)
    }
}

/// A [`LookUp`] chosen at run time.
pub struct BoxedLookUp(Box<dyn DynLookUp>);

impl BoxedLookUp {
    /// Hides which implementation this is.
    #[must_use]
    pub fn new(look_up: impl LookUp + Send + Sync + 'static) -> Self {
        Self(Box::new(look_up))
    }
}

impl fmt::Debug for BoxedLookUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxedLookUp").finish_non_exhaustive()
    }
}

impl LookUp for BoxedLookUp {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        self.0.look_up_boxed(question).await
    }
}

type BoxedAnswer<'a> = Pin<Box<dyn Future<Output = Result<Answer, LookUpError>> + Send + 'a>>;

/// The object-safe form of [`LookUp`], which every implementation has.
trait DynLookUp: Send + Sync {
    fn look_up_boxed<'a>(&'a self, question: &'a Question) -> BoxedAnswer<'a>;
}

impl<L: LookUp + Send + Sync> DynLookUp for L {
    fn look_up_boxed<'a>(&'a self, question: &'a Question) -> BoxedAnswer<'a> {
        Box::pin(self.look_up(question))
    }
}

#[cfg(test)]
mod tests {
    use core::task::{Context, Poll, Waker};

    use super::*;

    struct NothingThere;

    impl LookUp for NothingThere {
        async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
            match question.kind {
                Kind::Txt => Err(LookUpError::Timeout),
                _ => Ok(Answer {
                    outcome: Outcome::NxDomain,
                    security: Security::Secure,
                    chain: Vec::new(),
                    judged: Judged::HopByHop,
                }),
            }
        }
    }

    fn ready<T>(future: impl Future<Output = T>) -> T {
        let mut future = core::pin::pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("a future that never waits did wait"),
        }
    }

    #[test]
    fn a_boxed_one_answers_as_the_one_inside() {
        let boxed = BoxedLookUp::new(NothingThere);
        for kind in Kind::ALL {
            let question = Question::new("example.org".parse().unwrap(), kind);
            assert_eq!(ready(boxed.look_up(&question)), ready(NothingThere.look_up(&question)));
        }
    }

    #[test]
    fn secure_only_if_both_are() {
        use Security::{Insecure, Secure};
        assert_eq!(Secure.and(Secure), Secure);
        for (one, other) in [(Secure, Insecure), (Insecure, Secure), (Insecure, Insecure)] {
            assert_eq!(one.and(other), Insecure);
        }
    }

    #[test]
    fn questions_read_as_in_a_zone_file() {
        let question = Question::new("_25._tcp.mx.example".parse().unwrap(), Kind::Tlsa);
        assert_eq!(question.to_string(), "_25._tcp.mx.example TLSA");
    }
}
