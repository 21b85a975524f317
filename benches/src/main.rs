//! `measure`: nanoseconds of each operation; `measure PREFIX`: of those whose names begin so; `measure OPERATION COUNT`: one, so many times.

use std::process::ExitCode;

use benches::{OPERATIONS, best};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => {
            for operation in OPERATIONS {
                println!("{:<16} {:>10.1} ns", operation.name, best(operation.run));
            }
            ExitCode::SUCCESS
        }
        [prefix] => {
            for operation in OPERATIONS.iter().filter(|it| it.name.starts_with(prefix)) {
                println!("{:<20} {:>10.1} ns", operation.name, best(operation.run));
            }
            ExitCode::SUCCESS
        }
        [name, count] => match (find(name), count.parse::<usize>()) {
            (Some(run), Ok(count)) => {
                println!("{:?}", run(count));
                ExitCode::SUCCESS
            }
            _ => usage(),
        },
        _ => usage(),
    }
}

fn find(name: &str) -> Option<fn(usize) -> core::time::Duration> {
    OPERATIONS.iter().find(|operation| operation.name == name).map(|operation| operation.run)
}

fn usage() -> ExitCode {
    eprintln!("usage: measure [PREFIX | OPERATION COUNT]");
    for operation in OPERATIONS {
        eprintln!("  {}", operation.name);
    }
    ExitCode::FAILURE
}
