//! Serves the pages of made-up data: `cargo run -p charter-dashboard --example serve`, and the token is
//! `larkspur-larkspur`.

mod sample;

use charter_dashboard::{Options, serve};
use charter_host::Secret;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options {
        address: "127.0.0.1:8090".parse()?,
        beyond_loopback: false,
        hosts: Vec::new(),
        token: Secret::new("larkspur-larkspur".to_owned()),
    };
    let running = serve(sample::Sample::new(sample::view()), options).await?;
    #[expect(clippy::print_stdout, reason = "an example is a program")]
    {
        println!("{}", running.url());
    }
    tokio::signal::ctrl_c().await?;
    running.stop().await;
    Ok(())
}
