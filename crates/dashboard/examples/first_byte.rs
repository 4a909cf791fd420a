//! Measures the overview of a thousand endpoints with 30 days behind them: bytes, and time to the first byte.
//! `cargo run --release -p charter-dashboard --example first_byte`

mod sample;

use std::time::{Duration, Instant};

use charter_dashboard::{Options, serve};
use charter_deploy_model::UptimeStatus;
use charter_host::Secret;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut view = sample::view();
    let mut dice = sample::Dice(3);
    view.endpoints = (0..1000)
        .map(|place| {
            let days = sample::days(view.at, 30, &mut dice, 0.05);
            let status = if place % 97 == 0 { UptimeStatus::Degraded } else { UptimeStatus::Up };
            let url = format!("https://endpoint-{place}.example.org/health");
            sample::endpoint(&format!("endpoint {place}"), Some(&url), status, 40.0 + dice.roll() * 200.0, days)
        })
        .collect();
    let options = Options {
        address: "127.0.0.1:0".parse()?,
        beyond_loopback: false,
        hosts: Vec::new(),
        token: Secret::new("larkspur-larkspur".to_owned()),
    };
    let running = serve(sample::Sample::new(view), options).await?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    for path in ["", "metrics", "api/v1/view.json"] {
        let mut first_bytes: Vec<Duration> = Vec::new();
        let mut bytes = 0;
        for _ in 0..60 {
            let start = Instant::now();
            let mut answer = client.get(format!("{}{path}", running.url())).send().await?;
            bytes = answer.chunk().await?.map_or(0, |chunk| chunk.len());
            first_bytes.push(start.elapsed());
            while let Some(chunk) = answer.chunk().await? {
                bytes += chunk.len();
            }
        }
        first_bytes.sort();
        #[expect(clippy::print_stdout, reason = "an example is a program")]
        {
            let (median, worst) = (first_bytes[30], first_bytes[59]);
            println!("/{path}: {bytes} bytes, first byte after {median:.1?} (median of 60), {worst:.1?} at worst");
        }
    }
    running.stop().await;
    Ok(())
}
