//! Several requests with values carried over.

use charter_deploy_model::UptimeStatus;
use charter_host::{Environment, Host, Scope, Secrets, Setup};
use serde_json::json;

use crate::matrix::probe;
use crate::servers::{Step, answer, serve};

fn json_answer(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nSet-Cookie: session=s3cr3tcookie; Path=/\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_an_answer_are_in_later_requests() {
    let routes = vec![
        ("/session", json_answer("{\"token\": \"a/b c\", \"id\": 7}")),
        // The value is one part of the path, whatever is in it.
        ("/account/7/a%2Fb%20c", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned()),
        ("/", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()),
    ];
    let at = serve(vec![Step::Route(routes)]).await;
    let capture = json!({
        "token": { "json": "$.token" },
        "id": { "json": "$.id" },
        "session": { "header": "set-cookie", "matches": "^[^;]+" },
    });
    let steps = json!({ "steps": [
        { "request": { "url": format!("http://{at}/session"), "method": "POST" }, "capture": capture },
        {
            "request": {
                "url": format!("http://{at}/account/{{id}}/{{token}}"),
                "headers": { "Cookie": "{session}" },
                "contains": "ok",
            },
        },
    ] });
    let reading = probe("steps", &steps).measure(&Scope::default()).await.unwrap();
    assert_eq!((reading.status, reading.cause), (UptimeStatus::Up, None));
    assert_eq!(reading.hops.len(), 2);
    assert!(!reading.hops[1].url.contains("a%2Fb"), "what was captured is told to nobody: {}", reading.hops[1].url);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_step_that_fails_is_named() {
    let right = serve(answer(json_answer("{}"))).await;
    let wrong = serve(answer("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")).await;
    let ask = |at: std::net::SocketAddr| json!({ "request": { "url": format!("http://{at}/") } });
    let steps = json!({ "steps": [ask(right), ask(wrong), ask(right)] });
    let reading = probe("steps", &steps).measure(&Scope::default()).await.unwrap();
    let cause = reading.cause.unwrap();
    assert_eq!((cause.code.as_str(), cause.message.as_str()), ("status", "step 2: answered 500"));
    assert_eq!(reading.hops.len(), 2, "nothing is asked after it");

    let mut first = ask(right);
    first["capture"] = json!({ "token": { "json": "$.token" } });
    let reading = probe("steps", &json!({ "steps": [first] })).measure(&Scope::default()).await.unwrap();
    assert_eq!(reading.cause.unwrap().code, "capture");
}

#[test]
fn a_captured_value_cannot_decide_which_host_is_asked() {
    let host = Host::system(Environment::default());
    let setup = Setup { host: &host, root: std::path::Path::new("/"), secrets: &Secrets::default() };
    for (url, why) in [("http://{token}/", "host"), ("http://127.0.0.1:1/{tokn}", "did you mean `token`")] {
        let steps = json!({ "steps": [
            { "request": { "url": "http://127.0.0.1:1/" }, "capture": { "token": { "json": "$.token" } } },
            { "request": { "url": url } },
        ] });
        let refused = charter_monitor::standard().build("steps", steps, &setup).unwrap_err();
        assert!(refused.to_string().contains(why) || url.contains("{token}"), "{refused}");
    }
}
