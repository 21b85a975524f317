use smtp_starttls::Channel;

struct Own;

impl Channel for Own {}

fn main() {}
