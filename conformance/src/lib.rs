//! How implementations of SMTP transport security are judged.
//!
//! A *vector* is a question with the answer that an RFC asks for. A *testee* answers questions, one
//! JSON object a line in, one a line out; ours is [`testee`], and anything that speaks the protocol
//! of this crate's README can be another. The *runner* ([`run`]) puts the vectors to a testee and
//! compares. Known divergences stand in exceptions files, each with its reason. [`coverage`] tells
//! which rule of the RFCs is checked by what, [`properties`] hold for any input, and [`lab`] has the
//! servers for tests with sockets.
//!
//! ```text
//! vectors/*.json -> Vectors -> run::run(testee) -> Report
//!                                   |     ^
//!                           request v     | answer
//!                                   testee (ours in process, or a program)
//! ```

pub mod answer;
pub mod coverage;
pub mod lab;
pub mod line;
pub mod operation;
pub mod properties;
pub mod request;
pub mod run;
pub mod testee;
pub mod torture;
pub mod vector;
