//! The machine, driven in memory.

mod addresses;
mod causes;
mod order;
mod ourselves;
mod preference;
mod random;
mod reports;
mod requiretls;
mod script;
mod server;
mod table;
