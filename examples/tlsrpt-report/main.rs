//! `tlsrpt-report`: makes the daily reports of [RFC 8460](https://www.rfc-editor.org/rfc/rfc8460) out of what
//! `tlsrpt-collector` has counted, as files or sent to the domains that ask for them.
//!
//! ```text
//! counts (SQLite, PostgreSQL) --> make --> files
//!                                  |
//!                                  '--> log: each report frozen once --> mail, DKIM-signed --> MX hosts or relay
//!                                                                    --> HTTPS POST
//! ```
//!
//! # With Postfix
//!
//! `tlsrpt-collector` tells how Postfix reports to it. Here its Postfix may carry the reports, too:
//!
//! ```text
//! # /etc/systemd/system/tlsrpt-report.service
//! [Unit]
//! Description=Sender of SMTP TLS reports
//! After=network-online.target tlsrpt-collector.service
//!
//! [Service]
//! User=tlsrpt
//! StateDirectory=tlsrpt
//! ExecStart=/usr/local/bin/tlsrpt-report --store sqlite:/var/lib/tlsrpt/counts.sqlite \
//!     --organization "Example Ltd" --contact tls-reports@example.org \
//!     send --follow --log /var/lib/tlsrpt/sent.sqlite --relay 127.0.0.1:25 \
//!     --dkim-key /etc/tlsrpt/dkim.pem --dkim-selector tlsrpt2026
//! Restart=always
//! NoNewPrivileges=yes
//! ProtectSystem=strict
//!
//! [Install]
//! WantedBy=multi-user.target
//! ```
//!
//! The public key is published at `SELECTOR._domainkey.` and the domain of the contact address, as
//! `v=DKIM1; k=rsa; s=tlsrpt; p=…` (RFC 8460 section 3). Without `--relay` mail goes to the domains' MX hosts
//! by itself. Postfix must not apply TLS policies to reports: the mail says `TLS-Required: No`, which
//! Postfix 3.10 and later obey.
//!
//! # What holds
//!
//! - There is one report for each domain, record and day, however often the program is started and killed:
//!   its bytes are frozen in the log when it is made, and each retry sends them again. If it is killed between a
//!   receiver's acceptance and the note of it, that receiver gets the same mail once more, with the same
//!   report id.
//! - A report is made and sent 1 to 14,400 seconds after its day is closed, again with back-off if that fails,
//!   and given up 24 hours after the first attempt. Until it is made it counts what nodes save late;
//!   domains are listed once more when the four hours are over. `tlsrpt-collector` tells of what it saves
//!   into a closed day.
//! - A slow receiver holds up nobody: an attempt ends after ten minutes, 4 go to one host at a time, and 64
//!   to all.
//! - Addresses are those of the record as it stands when the report is made. A domain that asks for no
//!   reports any more gets none.
//! - Counts of 32 domains at most are in memory at a time, and the reports of one: 8 at most, in as many copies
//!   as their record has addresses, 32 at most.

mod args;
#[path = "../common/day.rs"]
mod day;
mod files;
#[path = "../common/host_name.rs"]
mod host_name;
#[path = "../common/lock.rs"]
mod lock;
mod log;
mod mail;
mod make;
#[path = "../common/network.rs"]
mod network;
mod post;
#[path = "../common/random.rs"]
mod random;
#[path = "../common/roots.rs"]
mod roots;
#[path = "../common/say.rs"]
mod say;
mod send;
mod sign;
#[path = "../common/stopped.rs"]
mod stopped;
#[path = "../common/store.rs"]
mod store;
mod target;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, What};
use make::Maker;
use stopped::Stopped;
use store::Store;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS };
        }
    };
    match run(&args) {
        Ok(code) => code,
        Err(stopped) => {
            say::warn(format_args!("tlsrpt-report: {}", stopped.message));
            ExitCode::from(stopped.code)
        }
    }
}

fn run(args: &Args) -> Result<ExitCode, Stopped> {
    if let What::Log(log) = &args.what {
        return log::print(&log.log).map(|()| ExitCode::SUCCESS);
    }
    let store = Store::open_existing(&args.store()?)?;
    let reporter = args.reporter(&store)?;
    let maker = Maker::new(store, reporter);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Stopped::new(71, error))?;
    runtime.block_on(async {
        match &args.what {
            What::Files(files) => files::run(&maker, files).await.map(|()| ExitCode::SUCCESS),
            What::Send(send) => send::run(maker, send).await,
            What::Log(_) => Ok(ExitCode::SUCCESS),
        }
    })
}
